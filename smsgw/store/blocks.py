"""Where a page of a long list begins: known from counts of blocks of rows, not found by walking over what precedes it.

The database keeps how many rows each block has and how often it has changed (schema 0014). How many of them a search
finds is counted once and remembered until the block changes, which few do: what is new is in the last ones. Knows no
table but those of the blocks.
"""

import json
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from aiosqlite import Connection

_BITS = 14  # as in the schema
_REMEMBERED = 16
_SOME = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Rows of a list: the SQL of their numbers from `{first}` to `{last}`, in order, and what it has as `:wanted`.

    `also` is the SQL of some that belong to it besides, in any order. One that `leaps` looks through its index for the
    next that it finds, however far that is and where it had to end.
    """

    sql: str
    wanted: str = ""
    also: str = ""
    leaps: bool = False

    def all_between(self, first: str, last: str) -> str:
        """Return the SQL of all of them within these ends."""
        either = f"{self.also} UNION {self.sql}" if self.also else self.sql
        return either.format(first=first, last=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page is: `rows` rows behind `skip` of those from number `last` down to `first`, of `total` in all."""

    total: int
    rows: int = 0
    first: int = 0
    last: int = 0
    skip: int = 0

    def query(self, selection: Selection) -> tuple[str, dict[str, Any]]:
        """Return the SQL of the numbers of the page's rows, and its parameters."""
        return (
            f"{selection.all_between(':first', ':last')} ORDER BY 1 DESC LIMIT :rows OFFSET :skip",
            {
                "wanted": selection.wanted,
                "first": self.first,
                "last": self.last,
                # Behind the last row that there is, an index would be searched in vain, to its end.
                "rows": self.rows,
                "skip": self.skip,
            },
        )


Counts = dict[int, int]  # how many rows are in which block, newest first


async def all_of(connection: Connection, index: str) -> Counts:
    """Count all rows of a list."""
    return {number: rows for number, rows, _ in await _blocks(connection, index)}


def place(counts: Counts, limit: int, skip: int) -> Place:
    """Find the page of up to `limit` rows behind the first `skip`."""
    numbers, ends = list(counts), list(accumulate(counts.values(), initial=0))
    total = ends[-1]
    if skip >= total:
        return Place(total=total)
    rows = min(limit, total - skip)
    begin, end = bisect_right(ends, skip) - 1, bisect_left(ends, skip + rows) - 1
    return Place(
        total=total,
        rows=rows,
        first=numbers[end] << _BITS,
        last=((numbers[begin] + 1) << _BITS) - 1,
        skip=skip - ends[begin],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tally:
    """What was counted, and after how many changes of each block."""

    counts: Counts
    changes: dict[int, int]


class Tallies:
    """What was counted for the last searches of a list, block by block."""

    def __init__(self, index: str) -> None:
        self._index = index
        self._searches: OrderedDict[Selection, _Tally] = OrderedDict()

    async def of(self, connection: Connection, selection: Selection) -> Counts:
        """Count the rows that are found; `connection` must be in a transaction."""
        changes = {number: changes for number, _, changes in await _blocks(connection, self._index)}
        known = self._searches.get(selection, _Tally(counts={}, changes={}))
        if known.changes != changes:
            known = _Tally(counts=await _recount(connection, selection, known, changes), changes=changes)
        self._remember(selection, known)
        return known.counts

    def _remember(self, selection: Selection, tally: _Tally) -> None:
        self._searches[selection] = tally
        self._searches.move_to_end(selection)
        if len(self._searches) > _REMEMBERED:
            self._searches.popitem(last=False)


async def _blocks(connection: Connection, index: str) -> Iterable[Any]:
    sql = f"SELECT block, messages, changes FROM {index}_blocks WHERE messages > 0 ORDER BY block DESC"
    return await connection.execute_fetchall(sql)


async def _recount(connection: Connection, selection: Selection, known: _Tally, changes: dict[int, int]) -> Counts:
    """Count anew where something has changed."""
    stale = [number for number in changes if known.changes.get(number) != changes[number]]
    counted = await _count(connection, selection, stale) if stale else {}
    return {number: counted[number] if number in counted else known.counts[number] for number in changes}


async def _count(connection: Connection, selection: Selection, blocks: list[int]) -> Counts:
    """Count what is found in each of these blocks."""
    everything = selection.all_between(_FIRST, _LAST)
    if len(blocks) <= _SOME or not selection.leaps:
        return await _count_each(connection, everything, selection.wanted, blocks)
    counts = dict.fromkeys(blocks, 0) | await _count_from(connection, selection, min(blocks), max(blocks))
    if selection.also:
        mixed, others = [block for block in blocks if counts[block]], [block for block in blocks if not counts[block]]
        counts |= await _count_each(connection, everything, selection.wanted, mixed)
        counts |= await _count_each(connection, selection.also.format(first=_FIRST, last=_LAST), "", others)
    return {block: counts[block] for block in blocks}


_FIRST, _LAST = f"(value << {_BITS})", f"(value << {_BITS}) + {(1 << _BITS) - 1}"


async def _count_each(connection: Connection, sql: str, wanted: str, blocks: list[int]) -> Counts:
    rows = await connection.execute_fetchall(
        f"SELECT value, (SELECT count(*) FROM ({sql})) FROM json_each(:blocks)",
        {"wanted": wanted, "blocks": json.dumps(blocks)},
    )
    return {row[0]: row[1] for row in rows}


async def _count_from(connection: Connection, selection: Selection, lowest: int, highest: int) -> Counts:
    """Count what is found, but for what belongs to it besides, in one walk: each block would leap anew."""
    rows = await connection.execute_fetchall(
        f"SELECT rowid >> {_BITS}, count(*) FROM ({selection.sql.format(first=':first', last=':last')}) GROUP BY 1",
        {"wanted": selection.wanted, "first": lowest << _BITS, "last": ((highest + 1) << _BITS) - 1},
    )
    return {row[0]: row[1] for row in rows}
