"""The rows of a table in memory, found by the key and the indexes, or looked at one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import NamedTuple, cast

import orjson

from stemmata_domain.errors import ChangeImpossible
from stemmata_projections.changes import refuse_ending_rows_of
from stemmata_projections.tables import OPEN_END, Row, Table, Value
from stemmata_projections.view_store import HeldRow

Undo = Callable[[], None]


class Held:
    """A row, with JSON as text, and the range of positions over which it holds."""

    __slots__ = ("row", "valid_from", "valid_to")

    def __init__(self, row: Row, valid_from: int) -> None:
        self.row = row
        self.valid_from = valid_from
        self.valid_to = OPEN_END


class Moment(NamedTuple):
    """When rows have to have held: now, at a position, or ever up to it."""

    at: int
    ever: bool

    @property
    def is_now(self) -> bool:
        return self.at == OPEN_END and not self.ever


NOW = Moment(OPEN_END, ever=False)


class LookUp(NamedTuple):
    """How rows are found by values of some columns: by an index, and by looking at the rest.

    Attributes:
        columns: Columns of the index.
        keyed: For each column of the index the place of its value.
        checked: For each further column its place in a row, and the place of its value.
    """

    columns: tuple[str, ...]
    keyed: tuple[int, ...]
    checked: tuple[tuple[int, int], ...]


@cache
def indexes(table: Table) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Return the indexes of a table, each with the places of its columns; the empty one has all rows."""
    every = (*(table.key[:n] for n in range(len(table.key) + 1)), *table.indexes)
    firsts = (index[:1] for index in table.indexes)
    return {index: tuple(map(table.place, index)) for index in (*every, *firsts)}


@cache
def look_up(table: Table, columns: tuple[str, ...]) -> LookUp:
    """Return how rows are found by values of *columns*: by the longest index that they make."""
    index = max((i for i in indexes(table) if set(i) <= set(columns)), key=len)
    rest = (column for column in columns if column not in index)
    return LookUp(
        index,
        tuple(columns.index(column) for column in index),
        tuple((table.place(column), columns.index(column)) for column in rest),
    )


class Rows:
    """All rows of a table, and the open ones, by the values of each index."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._json = tuple(i for i, column in enumerate(table.columns) if column.kind == "json")
        self._every: dict[tuple[str, ...], dict[Row, list[Held]]] = {}
        self._open: dict[tuple[str, ...], dict[Row, dict[int, Held]]] = {}
        for index in indexes(table):
            self._every[index] = {}
            self._open[index] = {}

    def open(self, row: Row, position: int, undo: list[Undo]) -> None:
        # As text, so that nobody who gave or was given a value can change it here.
        held = Held(tuple(map(self._kept, range(len(row)), row)), position)
        key = self._table.key
        if self._open[key].get(self._group(held, indexes(self._table)[key])):
            why = f"{self._table.name} has an open row with the key of {row}"
            raise ChangeImpossible(store="view store in memory", why=why)
        for index, places in indexes(self._table).items():
            self._every[index].setdefault(self._group(held, places), []).append(held)
        self._resume(held)
        undo.append(lambda: self._forget(held))

    def close(
        self, where: Mapping[str, Value], position: int, undo: list[Undo]
    ) -> list[dict[str, Value]]:
        """End the rows that have the values, and return them by the names of their columns."""
        refuse_ending_rows_of(self._table, store="view store in memory")
        by_values = look_up(self._table, tuple(where))
        ended = list(self.find(by_values, tuple(where.values()), NOW))
        for held in ended:
            self._end(held, position)
            undo.append(partial(self._resume, held))
        return [
            {
                column.name: self._read(place, held.row[place])
                for place, column in enumerate(self._table.columns)
            }
            for held in ended
        ]

    def _resume(self, held: Held) -> None:
        held.valid_to = OPEN_END
        for index, places in indexes(self._table).items():
            self._open[index].setdefault(self._group(held, places), {})[id(held)] = held

    def _end(self, held: Held, position: int) -> None:
        held.valid_to = position
        for index, places in indexes(self._table).items():
            del self._open[index][self._group(held, places)][id(held)]

    def _forget(self, held: Held) -> None:
        self._end(held, held.valid_from)
        for index, places in indexes(self._table).items():
            self._every[index][self._group(held, places)].remove(held)

    def _group(self, held: Held, places: tuple[int, ...]) -> Row:
        return tuple([held.row[place] for place in places])

    def _kept(self, place: int, value: Value) -> Value:
        if place not in self._json or value is None:
            return value
        return orjson.dumps(value).decode()

    def _read(self, place: int, value: Value) -> Value:
        if place not in self._json or value is None:
            return value
        return cast("Value", orjson.loads(cast("str", value)))

    def every(self) -> list[HeldRow]:
        """Return all rows that ever held."""
        return [
            HeldRow(
                tuple(map(self._read, range(len(held.row)), held.row)),
                held.valid_from,
                held.valid_to,
            )
            for held in self._every[()].get((), ())
        ]

    def find(self, by: LookUp, values: Row, moment: Moment) -> Iterator[Held]:
        """Yield the rows that have the values and hold at the moment."""
        # As in SQL, nothing equals a null.
        if None in values:
            return
        key = tuple([values[place] for place in by.keyed])
        group: Iterable[Held] = (
            self._open[by.columns].get(key, {}).values()
            if moment.is_now
            else [
                held
                for held in self._every[by.columns].get(key, ())
                if held.valid_from <= moment.at and (moment.ever or moment.at < held.valid_to)
            ]
        )
        for held in group:
            if all(held.row[place] == values[given] for place, given in by.checked):
                yield held
