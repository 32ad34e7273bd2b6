"""Where a page of a long list begins: known from counts of blocks of rows, not found by walking over what precedes it.

The database keeps how many rows each block has and how often it has changed (schema 0014). How many of them a search
finds is counted once and remembered until the block changes, which few do: what is new is in the last ones. Knows no
table but those of the blocks.
"""

import json
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiosqlite import Connection

_BITS = 12  # as in the schema
_REMEMBERED = 16
# What finds no more than that is counted in one go.
_FEW = 1_000
_SOME_BLOCKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Rows of a list: the SQL of their numbers from `{first}` to `{last}`, and what it looks for as `:wanted`.

    `is_ordered` tells that it finds them in order, and need not have found all to name the first.
    """

    sql: str
    wanted: str = ""
    is_ordered: bool = True

    @property
    def within(self) -> str:
        """Return the SQL with the ends as parameters."""
        return self.sql.format(first=":first", last=":last")

    def parameters(self, first: int, last: int, **others: Any) -> dict[str, Any]:
        """Return what `within` is to be run with."""
        return {"wanted": self.wanted, "first": first, "last": last, **others}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page is: behind `skip` rows of those from row number `last` down to `first`, of `total` in all."""

    total: int
    first: int
    last: int
    skip: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """How many rows of a list are in a block of row numbers."""

    number: int
    rows: int


async def all_of(connection: Connection, index: str) -> list[Block]:
    """Count all rows of a list, newest blocks first."""
    return [Block(number=number, rows=rows) for number, rows, _ in await _blocks(connection, index)]


def place(blocks: Sequence[Block], limit: int, skip: int) -> Place:
    """Find where the page of `limit` rows behind the first `skip` is."""
    total, passed = sum(block.rows for block in blocks), 0
    top, bottom, before = -1, 0, 0
    for block in blocks:
        if top < 0 and passed + block.rows > skip:
            top, before = block.number, passed
        passed += block.rows
        if top >= 0 and passed >= skip + limit:
            bottom = block.number
            break
    return Place(total=total, first=bottom << _BITS, last=((top + 1) << _BITS) - 1, skip=skip - before)


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
    if selection.is_ordered and len(blocks) > _SOME_BLOCKS:
        few = await _count_few(connection, selection, blocks)
        if few is not None:
            return few
    counting = selection.sql.format(first=f"(value << {_BITS})", last=f"(value << {_BITS}) + {(1 << _BITS) - 1}")
    rows = await connection.execute_fetchall(
        f"SELECT value, (SELECT count(*) FROM ({counting})) FROM json_each(:blocks)",
        {"wanted": selection.wanted, "blocks": json.dumps(blocks)},
    )
    return {row[0]: row[1] for row in rows}


async def _count_few(connection: Connection, selection: Selection, blocks: list[int]) -> dict[int, int] | None:
    first, last = min(blocks) << _BITS, ((max(blocks) + 1) << _BITS) - 1
    rows = list(
        await connection.execute_fetchall(
            f"SELECT * FROM ({selection.within}) LIMIT :limit", selection.parameters(first, last, limit=_FEW + 1)
        )
    )
    if len(rows) > _FEW:
        return None
    found = Counter(row[0] >> _BITS for row in rows)
    return {block: found[block] for block in blocks}
