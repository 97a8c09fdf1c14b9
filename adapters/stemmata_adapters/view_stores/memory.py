"""The view store in memory: the reference that every other store is compared with.

It says what tables, changes and queries mean, with as little cleverness as its speed allows: rows are
found by the key and the indexes of their table, the rest is looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from operator import ge, gt, le, lt
from threading import RLock
from typing import Any, NamedTuple, TypeVar, assert_never, cast

import orjson

from stemmata_domain.errors import StoreUnavailable
from stemmata_projections.changes import Amend, Change, Close, Open
from stemmata_projections.projection import Projection
from stemmata_projections.queries import (
    VALID_FROM,
    VALID_TO,
    Compare,
    Field,
    Operand,
    Query,
    Step,
)
from stemmata_projections.tables import OPEN_END, Row, Table, Value
from stemmata_projections.view_store import Params

Found = TypeVar("Found", bound=Row)

_Chain = tuple["_Held | None", ...]
_Reader = Callable[[_Chain, Params], Value]
_Undo = Callable[[], None]

_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "<": cast("Callable[[object, object], bool]", lt),
    "<=": cast("Callable[[object, object], bool]", le),
    ">": cast("Callable[[object, object], bool]", gt),
    ">=": cast("Callable[[object, object], bool]", ge),
}


class _Held:
    """A row, with JSON as text, and the range of positions over which it holds."""

    __slots__ = ("row", "valid_from", "valid_to")

    def __init__(self, row: Row, valid_from: int) -> None:
        self.row = row
        self.valid_from = valid_from
        self.valid_to = OPEN_END


class _Moment(NamedTuple):
    """When rows have to have held: now, at a position, or ever up to it."""

    at: int
    ever: bool

    @property
    def is_now(self) -> bool:
        return self.at == OPEN_END and not self.ever


_NOW = _Moment(OPEN_END, ever=False)


class _LookUp(NamedTuple):
    """How rows are found by values of some columns: by an index, and by looking at the rest.

    Attributes:
        by: Columns of the index.
        keyed: For each column of the index the place of its value.
        checked: For each further column its place in a row, and the place of its value.
    """

    by: tuple[str, ...]
    keyed: tuple[int, ...]
    checked: tuple[tuple[int, int], ...]


@cache
def _indexes(table: Table) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Return the indexes of a table, each with the places of its columns; the empty one has all rows."""
    every = (*(table.key[:n] for n in range(len(table.key) + 1)), *table.indexes)
    firsts = (index[:1] for index in table.indexes)
    return {index: tuple(map(table.place, index)) for index in (*every, *firsts)}


@cache
def _look_up(table: Table, columns: tuple[str, ...]) -> _LookUp:
    index = max((i for i in _indexes(table) if set(i) <= set(columns)), key=len)
    rest = (column for column in columns if column not in index)
    return _LookUp(
        index,
        tuple(columns.index(column) for column in index),
        tuple((table.place(column), columns.index(column)) for column in rest),
    )


class _Rows:
    """All rows of a table, and the open ones, by the values of each index."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._json = tuple(i for i, column in enumerate(table.columns) if column.kind == "json")
        self._every: dict[tuple[str, ...], dict[Row, list[_Held]]] = {}
        self._open: dict[tuple[str, ...], dict[Row, dict[int, _Held]]] = {}
        for index in _indexes(table):
            self._every[index] = {}
            self._open[index] = {}

    def open(self, row: Row, position: int, undo: list[_Undo]) -> None:
        # As text, so that nobody who gave or was given a value can change it here.
        held = _Held(tuple(map(self._kept, range(len(row)), row)), position)
        key = self._table.key
        if self._open[key].get(self._group(held, _indexes(self._table)[key])):
            why = f"{self._table.name} has an open row with the key of {row}"
            raise StoreUnavailable(store="view store in memory", why=why)
        for index, places in _indexes(self._table).items():
            self._every[index].setdefault(self._group(held, places), []).append(held)
        self._resume(held)
        undo.append(lambda: self._forget(held))

    def close(
        self, where: Mapping[str, Value], position: int, undo: list[_Undo]
    ) -> list[dict[str, Value]]:
        """End the rows that have the values, and return them by the names of their columns."""
        look_up = _look_up(self._table, tuple(where))
        ended = list(self.find(look_up, tuple(where.values()), _NOW))
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

    def _resume(self, held: _Held) -> None:
        held.valid_to = OPEN_END
        for index, places in _indexes(self._table).items():
            self._open[index].setdefault(self._group(held, places), {})[id(held)] = held

    def _end(self, held: _Held, position: int) -> None:
        held.valid_to = position
        for index, places in _indexes(self._table).items():
            del self._open[index][self._group(held, places)][id(held)]

    def _forget(self, held: _Held) -> None:
        self._end(held, held.valid_from)
        for index, places in _indexes(self._table).items():
            self._every[index][self._group(held, places)].remove(held)

    def _group(self, held: _Held, places: tuple[int, ...]) -> Row:
        return tuple([held.row[place] for place in places])

    def _kept(self, place: int, value: Value) -> Value:
        if place not in self._json or value is None:
            return value
        return orjson.dumps(value).decode()

    def _read(self, place: int, value: Value) -> Value:
        if place not in self._json or value is None:
            return value
        return cast("Value", orjson.loads(cast("str", value)))

    def find(self, look_up: _LookUp, values: Row, moment: _Moment) -> Iterator[_Held]:
        """Yield the rows that have the values and hold at the moment."""
        # As in SQL, nothing equals a null.
        if None in values:
            return
        key = tuple([values[place] for place in look_up.keyed])
        group: Iterable[_Held] = (
            self._open[look_up.by].get(key, {}).values()
            if moment.is_now
            else [
                held
                for held in self._every[look_up.by].get(key, ())
                if held.valid_from <= moment.at and (moment.ever or moment.at < held.valid_to)
            ]
        )
        for held in group:
            if all(held.row[place] == values[given] for place, given in look_up.checked):
                yield held


class MemoryViewStore:
    """Views in memory; gone with the process."""

    def __init__(self) -> None:
        self._mutex = RLock()
        self._rows: dict[Table, _Rows] = {}
        self._schemas: dict[str, int] = {}
        self._positions: dict[str, int] = {}
        self._plans: dict[Query[Any], _Plan] = {}

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
        with self._mutex:
            if any(self._positions.get(name) != after for name in projections):
                return False
            undo: list[_Undo] = []
            try:
                for position, change in changes:
                    self._apply(position, change, undo)
            except BaseException:
                for step in reversed(undo):
                    step()
                raise
            self._positions.update(dict.fromkeys(projections, upto))
            return True

    def _apply(self, position: int, change: Change, undo: list[_Undo]) -> None:
        rows = self._rows[change.table]
        match change:
            case Open(row=row):
                rows.open(row, position, undo)
            case Close(where=where):
                rows.close(where, position, undo)
            case Amend(where=where, values=values):
                for ended in rows.close(where, position, undo):
                    rows.open(tuple({**ended, **values}.values()), position, undo)
            case _:
                assert_never(change)

    def query(
        self, query: Query[Found], params: Params, *, at: int | None = None, ever: bool = False
    ) -> Sequence[Found]:
        """Return what a query finds; see the port."""
        plan = self._plans.get(query)
        if plan is None:
            plan = self._plans[query] = _Plan(query)
        moment = _Moment(OPEN_END if at is None else at, ever)
        with self._mutex:
            return cast("Sequence[Found]", plan.answer(self._rows, params, moment))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold one state; see the port."""
        with self._mutex:
            yield

    def close(self) -> None:
        """Do nothing; memory is let go of with the store."""


class _Plan:
    """A query whose names are replaced by places.

    What was found so far is a chain: for each step a row, or None where nothing stands for it.
    """

    def __init__(self, query: Query[Any]) -> None:
        self._query = query
        self._steps = [_PlannedStep(query, step) for step in query.steps]
        self._fields = [_answer(query, each) for each in query.fields if isinstance(each, Field)]
        self._order = [(_reader(query, each), down) for each, down in query.order]
        self._grouping = _Grouping(query) if query.aggregates else None

    def answer(self, rows: dict[Table, _Rows], params: Params, moment: _Moment) -> list[Row]:
        found: list[_Chain] = [()]
        for step in self._steps:
            found = [more for one in found for more in step.follow(rows, one, params, moment)]
        if self._grouping is None:
            return [
                tuple([field(one) for field in self._fields]) for one in self._cut(found, params)
            ]
        # The first of each group stands for it in the order: they are alike in what is sorted by.
        groups = {id(group[0]): group for group in self._grouping.groups(found)}
        firsts = self._cut([group[0] for group in groups.values()], params)
        rows_found = [self._grouping.figures(groups[id(first)]) for first in firsts]
        return rows_found if found or self._fields else [self._grouping.figures([])]

    def _cut(self, found: list[_Chain], params: Params) -> list[_Chain]:
        """Return what was found in its order, and no more of it than is wanted."""
        for value, descends in reversed(self._order):
            found.sort(key=lambda one: _sortable(value(one, params)), reverse=descends)
        if self._query.limit is None:
            return found
        return found[: cast("int", params[self._query.limit.name])]


def _answer(query: Query[Any], field: Field) -> Callable[[_Chain], Value]:
    """Return what reads the field as it is given out."""
    read = _reader(query, field)
    if query.kind(field) != "json":
        return lambda one: read(one, {})

    def parsed(one: _Chain) -> Value:
        value = read(one, {})
        return None if value is None else cast("Value", orjson.loads(cast("str", value)))

    return parsed


class _PlannedStep:
    def __init__(self, query: Query[Any], step: Step) -> None:
        self._step = step
        # Being one of a list is looked up by each of the list, where there is an index for it.
        among = next((each for each in step.compare if _is_indexed(step.table, each)), None)
        self._among = None if among is None else _operand(query, among.operand)
        columns = (*step.where, *(() if among is None else (among.column,)))
        self._look_up = _look_up(step.table, columns)
        self._values = [_operand(query, operand) for operand in step.where.values()]
        self._compare = [
            (step.table.place(each.column), each, _operand(query, each.operand))
            for each in step.compare
            if each is not among
        ]

    def follow(
        self, rows: dict[Table, _Rows], one: _Chain, params: Params, moment: _Moment
    ) -> list[_Chain]:
        values = tuple([value(one, params) for value in self._values])
        found: list[_Chain] = [
            (*one, held)
            for wanted in self._wanted(values, one, params)
            for held in rows[self._step.table].find(self._look_up, wanted, moment)
            if all(
                _holds(each, held.row[place], operand(one, params))
                for place, each, operand in self._compare
            )
        ]
        if self._step.absent:
            return [] if found else [(*one, None)]
        return [(*one, None)] if self._step.optional and not found else found

    def _wanted(self, values: Row, one: _Chain, params: Params) -> Iterable[Row]:
        """Return the values to look up: once, or for each of a list."""
        if self._among is None:
            return (values,)
        listed = cast("Sequence[str | int]", self._among(one, params))
        return [(*values, each) for each in dict.fromkeys(listed)]


def _is_indexed(table: Table, condition: Compare) -> bool:
    return condition.operator == "in" and (condition.column,) in _indexes(table)


class _Grouping:
    """What makes groups of chains, and figures of groups."""

    def __init__(self, query: Query[Any]) -> None:
        self._plain = [_reader(query, each) for each in query.fields if isinstance(each, Field)]
        self._figures = [
            partial(_plain_of_first, _answer(query, each))
            if isinstance(each, Field)
            else partial(_FIGURES[each.function], _reader(query, each.of))
            for each in query.fields
        ]

    def groups(self, found: list[_Chain]) -> list[list[_Chain]]:
        groups: dict[Row, list[_Chain]] = {}
        for one in found:
            groups.setdefault(tuple([read(one, {}) for read in self._plain]), []).append(one)
        return list(groups.values())

    def figures(self, group: list[_Chain]) -> Row:
        return tuple([figure(group) for figure in self._figures])


def _plain_of_first(read: Callable[[_Chain], Value], group: list[_Chain]) -> Value:
    return read(group[0])


def _known(read: _Reader, group: list[_Chain]) -> list[Value]:
    return [value for one in group if (value := read(one, {})) is not None]


def _count(read: _Reader, group: list[_Chain]) -> Value:
    return len(_known(read, group))


def _distinct(read: _Reader, group: list[_Chain]) -> Value:
    return len(set(cast("list[str]", _known(read, group))))


def _least(read: _Reader, group: list[_Chain]) -> Value:
    return min(_known(read, group), key=_sortable, default=None)


def _greatest(read: _Reader, group: list[_Chain]) -> Value:
    return max(_known(read, group), key=_sortable, default=None)


_FIGURES = {"count": _count, "distinct": _distinct, "min": _least, "max": _greatest}


def _reader(query: Query[Any], field: Field) -> _Reader:
    step = next(i for i, each in enumerate(query.steps) if each.name == field.step)
    if field.column in (VALID_FROM, VALID_TO):
        return partial(_range_end, step, field.column)
    place = query.steps[step].table.place(field.column)

    def value(one: _Chain, _: Params) -> Value:
        held = one[step]
        return None if held is None else held.row[place]

    return value


def _range_end(step: int, column: str, one: _Chain, _: Params) -> Value:
    held = one[step]
    if held is None:
        return None
    return held.valid_from if column == VALID_FROM else held.valid_to


def _operand(query: Query[Any], operand: Operand) -> _Reader:
    if isinstance(operand, Field):
        return _reader(query, operand)
    name = operand.name
    return lambda _, params: params[name]


def _holds(condition: Compare, value: Value, operand: Value) -> bool:
    if value is None or operand is None:
        return False
    if condition.operator == "in":
        return value in cast("Sequence[Value]", operand)
    return _COMPARISONS[condition.operator](value, operand)


def _sortable(value: Value) -> tuple[bool, Value]:
    # Nulls come first, as in SQLite.
    return (value is not None, value)
