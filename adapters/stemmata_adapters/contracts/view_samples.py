"""The views that the contract of view stores is tried on, and plain rows to compare them with."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from stemmata_projections.changes import Amend, Change, Close, Open
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Param, Query, Step, by, fields
from stemmata_projections.tables import OPEN_END, Column, Row, Table, Value
from stemmata_projections.view_store import HeldRow, Params, ViewStore

THING = Table(
    "contract_thing",
    (
        Column("id"),
        Column("kind"),
        Column("size", "integer"),
        Column("live", "flag"),
        Column("note", "json"),
    ),
    key=("id",),
    indexes=(("kind", "size"),),
)
PART = Table(
    "contract_part",
    (Column("whole"), Column("place", "integer"), Column("label"), Column("maker")),
    key=("whole", "place"),
    indexes=(("label",),),
)
OTHER = Table("contract_other", (Column("name"), Column("size", "integer")), key=("name",))

LASTING = Table(
    "contract_lasting",
    (Column("whole"), Column("place", "integer"), Column("label")),
    key=("whole", "place"),
    indexes=(("label",),),
    permanent=True,
)
MARK = Table("contract_mark", (Column("id"), Column("label")), key=("id",), permanent=True)

THINGS = Projection("contract_things", schema=1, tables=(THING, PART), folds={})
OTHERS = Projection("contract_others", schema=1, tables=(OTHER, LASTING, MARK), folds={})


def thing(
    id: str,
    kind: str | None = None,
    size: int | None = None,
    *,
    live: bool | None = None,
    note: Value = None,
) -> Open:
    """Return the change that opens a thing."""
    return Open(THING, (id, kind, size, live, note))


def part(whole: str, place: int, label: str | None = None, maker: str | None = None) -> Open:
    """Return the change that opens a part."""
    return Open(PART, (whole, place, label, maker))


def rows_of(table: Table, *where: str, columns: tuple[str, ...] = ()) -> Query[Row]:
    """Return a query of one table, where columns equal the parameters of the same names."""
    names = columns or tuple(column.name for column in table.columns)
    step = Step("row", table, {column: Param(column) for column in where})
    return Query((step,), fields("row", *names), order=by(*fields("row", *table.key)))


EVERY_THING = rows_of(THING)
EVERY_PART = rows_of(PART)
THING_BY_ID = rows_of(THING, "id")


def prepared(store: ViewStore) -> ViewStore:
    """Return the store with the contract's views in it."""
    store.prepare([THINGS, OTHERS])
    return store


def apply(store: ViewStore, *changes: tuple[int, Change], upto: int | None = None) -> None:
    """Apply changes of the things' view, from where it stands."""
    after = store.checkpoint(THINGS.name)
    reached = max((position for position, _ in changes), default=after) if upto is None else upto
    assert store.apply([THINGS.name], changes, after=after, upto=reached)


def ids(rows: Sequence[Row]) -> list[Value]:
    """Return the first column of rows."""
    return [row[0] for row in rows]


class PlainRows:
    """Parts as a list of rows with their ranges, and a random life of theirs."""

    def __init__(self) -> None:
        self.rows: list[HeldRow] = []

    def happen(self, chance: random.Random, position: int, *, by_key: bool = False) -> list[Change]:
        """Change some rows at a position, looked for in any way or by their key, and return the changes."""
        whole, place = chance.choice("abc"), chance.randint(0, 2)
        key: dict[str, Value] = {"whole": whole, "place": place}
        label = chance.choice([None, "x", "y"])
        what = chance.uniform(0.2, 1) if by_key else chance.random()
        if what < 0.1:
            return [self._close({"whole": whole}, position)]
        if what < 0.2:
            return [self._close({"label": "x"}, position)]
        if what < 0.45:
            where = key if by_key or chance.random() < 0.5 else {"whole": whole}
            return [self._amend(where, {"label": label}, position)]
        return [self._close(key, position), self._open((whole, place, label, None), position)]

    def _open(self, row: Row, position: int) -> Change:
        self.rows.append(HeldRow(row, position, OPEN_END))
        return Open(PART, row)

    def _close(self, where: Mapping[str, Value], position: int) -> Change:
        for place, (row, begin, end) in enumerate(self.rows):
            if end == OPEN_END and _has(row, where):
                self.rows[place] = HeldRow(row, begin, position)
        return Close(PART, where)

    def _amend(
        self, where: Mapping[str, Value], values: Mapping[str, Value], position: int
    ) -> Change:
        ended = [row for row, _, end in self.rows if end == OPEN_END and _has(row, where)]
        self._close(where, position)
        for row in ended:
            amended = {**dict(zip(_PART_COLUMNS, row, strict=True)), **values}
            self.rows.append(HeldRow(tuple(amended.values()), position, OPEN_END))
        return Amend(PART, where, values)

    def answer(self, where: Params, at: int | None) -> list[Row]:
        """Return what a question finds."""
        found = [
            row
            for row, begin, end in self.rows
            if (end == OPEN_END if at is None else begin <= at < end) and _has(row, where)
        ]
        return sorted(found, key=lambda row: (f"{row[0]}", f"{row[1]}"))


_PART_COLUMNS = tuple(column.name for column in PART.columns)


def _has(row: Row, where: Mapping[str, Value]) -> bool:
    return all(
        value is not None and row[_PART_COLUMNS.index(column)] == value
        for column, value in where.items()
    )
