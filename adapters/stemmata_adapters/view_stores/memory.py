"""The view store in memory: the reference that every other store is compared with.

It says what tables, changes and queries mean, with as little cleverness as its speed allows: rows are
found by the key and the indexes of their table, the rest is looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from threading import RLock
from typing import cast

from stemmata_projections.changes import Amend, Change, Close, Open
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Compare, Field, Operand, Param, Query, Step
from stemmata_projections.tables import OPEN_END, Row, Table, Value
from stemmata_projections.view_store import Params

_Key = tuple[Value, ...]
_Found = dict[str, Row | None]

_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "<": cast("Callable[[object, object], bool]", lt),
    "<=": cast("Callable[[object, object], bool]", le),
    ">": cast("Callable[[object, object], bool]", gt),
    ">=": cast("Callable[[object, object], bool]", ge),
}


@dataclass(slots=True, eq=False)
class _Held:
    """A row and the range of positions over which it holds."""

    row: Row
    valid_from: int
    valid_to: int = OPEN_END

    def at(self, position: int | None) -> bool:
        if position is None:
            return self.valid_to == OPEN_END
        return self.valid_from <= position < self.valid_to


@dataclass(slots=True)
class _Rows:
    """All rows of a table, and the open ones, by the values of each index."""

    table: Table
    every: dict[tuple[str, ...], dict[_Key, list[_Held]]] = field(default_factory=dict)
    still: dict[tuple[str, ...], dict[_Key, dict[int, _Held]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        prefixes = (self.table.key[:n] for n in range(len(self.table.key) + 1))
        for columns in (*prefixes, *self.table.indexes):
            self.every[columns] = {}
            self.still[columns] = {}

    def open(self, row: Row, position: int) -> None:
        held = _Held(row, position)
        for columns in self.every:
            key = self._key(columns, row)
            self.every[columns].setdefault(key, []).append(held)
            self.still[columns].setdefault(key, {})[id(held)] = held

    def close(self, where: Mapping[str, Value], position: int) -> list[Row]:
        ended = list(self.find(where, None))
        for held in ended:
            held.valid_to = position
            for columns, groups in self.still.items():
                del groups[self._key(columns, held.row)][id(held)]
        return [held.row for held in ended]

    def find(self, where: Mapping[str, Value], at: int | None) -> Iterator[_Held]:
        """Yield the rows that have the values and hold at the position."""
        columns = max((c for c in self.every if where.keys() >= set(c)), key=len)
        key = tuple(where[column] for column in columns)
        places = [(self.table.place(c), v) for c, v in where.items() if c not in columns]
        group: Iterable[_Held] = (
            self.still[columns].get(key, {}).values() if at is None else self.every[columns].get(key, ())
        )
        for held in group:
            if held.at(at) and all(held.row[place] == value for place, value in places):
                yield held

    def _key(self, columns: tuple[str, ...], row: Row) -> _Key:
        return tuple(row[self.table.place(column)] for column in columns)


class MemoryViewStore:
    """Views in memory; gone with the process."""

    def __init__(self) -> None:
        self._mutex = RLock()
        self._rows: dict[Table, _Rows] = {}
        self._schemas: dict[str, int] = {}
        self._positions: dict[str, int] = {}

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables; see the port."""
        with self._mutex:
            for projection in projections:
                if self._schemas.get(projection.name) != projection.schema:
                    self._schemas[projection.name] = projection.schema
                    self._positions[projection.name] = 0
                    self._rows.update((table, _Rows(table)) for table in projection.tables)

    def checkpoint(self, projection: str) -> int:
        """Return how far a view has come; see the port."""
        return self._positions.get(projection, 0)

    def apply(
        self,
        projections: Sequence[str],
        changes: Iterable[tuple[int, Change]],
        *,
        after: int,
        upto: int,
    ) -> bool:
        """Apply a page of changes; see the port."""
        # What fails while changes are made fails before anything is written.
        with self._mutex:
            if any(self._positions.get(name) != after for name in projections):
                return False
            for position, change in list(changes):
                self._apply(position, change)
            self._positions.update(dict.fromkeys(projections, upto))
            return True

    def _apply(self, position: int, change: Change) -> None:
        rows = self._rows[change.table]
        match change:
            case Open(row=row):
                rows.open(row, position)
            case Close(where=where):
                rows.close(where, position)
            case Amend(table=table, where=where, values=values):
                for ended in rows.close(where, position):
                    new = [values.get(c.name, v) for c, v in zip(table.columns, ended, strict=True)]
                    rows.open(tuple(new), position)

    def query(self, query: Query, params: Params, *, at: int | None = None) -> Sequence[Row]:
        """Return what a query finds; see the port."""
        with self._mutex:
            found: list[_Found] = [{}]
            for step in query.steps:
                found = [more for one in found for more in self._step(query, step, one, params, at)]
        for wanted, descends in reversed(query.order):
            found.sort(key=lambda one: _sortable(_value(query, wanted, one)), reverse=descends)
        if query.limit is not None:
            found = found[: cast("int", params[query.limit.name])]
        return [tuple(_value(query, each, one) for each in query.fields) for one in found]

    def _step(
        self, query: Query, step: Step, one: _Found, params: Params, at: int | None
    ) -> Iterator[_Found]:
        def value(operand: Operand) -> Value:
            if isinstance(operand, Param):
                return params[operand.name]
            return _value(query, operand, one)

        where = {column: value(operand) for column, operand in step.where.items()}
        matched = False
        # As in SQL, nothing equals a null.
        if None not in where.values():
            for held in self._rows[step.table].find(where, at):
                if all(_holds(step, each, held.row, value(each.operand)) for each in step.compare):
                    matched = True
                    yield {**one, step.name: held.row}
        if step.optional and not matched:
            yield {**one, step.name: None}

    def close(self) -> None:
        """Do nothing; memory is let go of with the store."""


def _value(query: Query, wanted: Field, one: _Found) -> Value:
    row = one[wanted.step]
    if row is None:
        return None
    step = next(step for step in query.steps if step.name == wanted.step)
    return row[step.table.place(wanted.column)]


def _holds(step: Step, condition: Compare, row: Row, operand: Value) -> bool:
    value = row[step.table.place(condition.column)]
    if condition.operator == "in":
        return isinstance(operand, Sequence) and value in operand
    if value is None or operand is None:
        return False
    return _COMPARISONS[condition.operator](value, operand)


def _sortable(value: Value) -> tuple[bool, Value]:
    # Nulls come first, as in SQLite.
    return (value is not None, value)
