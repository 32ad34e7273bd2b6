"""Where a page of a long list begins: known from counts of blocks of rows, not found by walking over what precedes it.

The database keeps how many rows each block has and how often it has changed (schema 0014). How many of them a search
finds is counted once and remembered until the block changes, which few do: what is new is in the last ones. Knows no
table but those of the blocks.
"""

import json
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from aiosqlite import Connection

_BITS = 12  # as in the schema
_REMEMBERED = 16
_SOME = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Rows of a list: the SQL of their numbers from `{first}` to `{last}`, in order, and what it has as `:wanted`.

    `also` is the SQL of some that belong to it besides, in any order.
    """

    sql: str
    wanted: str = ""
    also: str = ""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """How many rows of a list are in a block of row numbers."""

    number: int
    rows: int


async def all_of(connection: Connection, index: str) -> list[Block]:
    """Count all rows of a list, newest blocks first."""
    return [Block(number=number, rows=rows) for number, rows, _ in await _blocks(connection, index)]


def place(blocks: Sequence[Block], limit: int, skip: int) -> Place:
    """Find the page of up to `limit` rows behind the first `skip`."""
    total = sum(block.rows for block in blocks)
    if skip >= total:
        return Place(total=total)
    rows = min(limit, total - skip)
    ends = list(accumulate(block.rows for block in blocks))
    begin, end = bisect_right(ends, skip), bisect_left(ends, skip + rows)
    return Place(
        total=total,
        rows=rows,
        first=blocks[end].number << _BITS,
        last=((blocks[begin].number + 1) << _BITS) - 1,
        skip=skip - (ends[begin] - blocks[begin].rows),
    )


class Tallies:
    """What was counted for the last searches of a list, block by block."""

    def __init__(self, index: str) -> None:
        self._index = index
        # For each block: how many rows were found, and after how many changes.
        self._searches: OrderedDict[Selection, dict[int, tuple[int, int]]] = OrderedDict()

    async def of(self, connection: Connection, selection: Selection) -> list[Block]:
        """Count the rows that are found, newest blocks first; `connection` must be in a transaction."""
        now = {number: changes for number, _, changes in await _blocks(connection, self._index)}
        known = self._searches.get(selection, {})
        rows = {number: known[number][0] for number in now if number in known and known[number][1] == now[number]}
        if stale := [number for number in now if number not in rows]:
            rows |= await _count(connection, selection, stale)
        self._remember(selection, {number: (rows[number], now[number]) for number in now})
        return [Block(number=number, rows=rows[number]) for number in now]

    def _remember(self, selection: Selection, found: dict[int, tuple[int, int]]) -> None:
        self._searches[selection] = found
        self._searches.move_to_end(selection)
        if len(self._searches) > _REMEMBERED:
            self._searches.popitem(last=False)


async def _blocks(connection: Connection, index: str) -> list[tuple[int, int, int]]:
    sql = f"SELECT block, messages, changes FROM {index}_blocks WHERE messages > 0 ORDER BY block DESC"
    return [tuple(row) for row in await connection.execute_fetchall(sql)]


async def _count(connection: Connection, selection: Selection, blocks: list[int]) -> dict[int, int]:
    """Count what is found in each of these blocks."""
    everything = selection.all_between(_FIRST, _LAST)
    if len(blocks) <= _SOME:
        return await _count_each(connection, everything, selection.wanted, blocks)
    counts = dict.fromkeys(blocks, 0) | await _count_from(connection, selection, min(blocks), max(blocks))
    if selection.also:
        mixed, others = [block for block in blocks if counts[block]], [block for block in blocks if not counts[block]]
        counts |= await _count_each(connection, everything, selection.wanted, mixed)
        counts |= await _count_each(connection, selection.also.format(first=_FIRST, last=_LAST), "", others)
    return {block: counts[block] for block in blocks}


_FIRST, _LAST = f"(value << {_BITS})", f"(value << {_BITS}) + {(1 << _BITS) - 1}"


async def _count_each(connection: Connection, sql: str, wanted: str, blocks: list[int]) -> dict[int, int]:
    rows = await connection.execute_fetchall(
        f"SELECT value, (SELECT count(*) FROM ({sql})) FROM json_each(:blocks)",
        {"wanted": wanted, "blocks": json.dumps(blocks)},
    )
    return {row[0]: row[1] for row in rows}


async def _count_from(connection: Connection, selection: Selection, lowest: int, highest: int) -> dict[int, int]:
    """Count what is found, but for what belongs to it besides, in one walk.

    Behind the last that it finds in a block the index goes on to the next that there is, however far that is: so it
    must not be asked for each block.
    """
    rows = await connection.execute_fetchall(
        f"SELECT rowid >> {_BITS}, count(*) FROM ({selection.sql.format(first=':first', last=':last')}) GROUP BY 1",
        {"wanted": selection.wanted, "first": lowest << _BITS, "last": ((highest + 1) << _BITS) - 1},
    )
    return {row[0]: row[1] for row in rows}
