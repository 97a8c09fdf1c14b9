"""Queries of the view store in memory, their names replaced by places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import ge, gt, le, lt
from typing import Any, cast

import orjson

from stemmata_adapters.view_stores.memory_rows import Held, Moment, Rows, indexes, look_up
from stemmata_projections.queries import (
    VALID_FROM,
    VALID_TO,
    Aggregate,
    Compare,
    Field,
    Listed,
    Operand,
    Query,
    Step,
)
from stemmata_projections.tables import Row, Table, Value
from stemmata_projections.view_store import Params

_Chain = tuple[Held | None, ...]
_Reader = Callable[[_Chain, Params], Value]

_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "<": cast("Callable[[object, object], bool]", lt),
    "<=": cast("Callable[[object, object], bool]", le),
    ">": cast("Callable[[object, object], bool]", gt),
    ">=": cast("Callable[[object, object], bool]", ge),
}


class Plan:
    """A query whose names are replaced by places.

    What was found so far is a chain: for each step a row, or None where nothing stands for it.
    """

    def __init__(self, query: Query[Any]) -> None:
        self._query = query
        self._steps = [_PlannedStep(query, step) for step in query.steps]
        self._fields = [
            _Listing(query, each) if isinstance(each, Listed) else _Single(query, each)
            for each in query.fields
            if not isinstance(each, Aggregate)
        ]
        self._order = [(_reader(query, each), down) for each, down in query.order]
        self._grouping = _Grouping(query) if query.aggregates else None

    def answer(self, rows: dict[Table, Rows], params: Params, moment: Moment) -> list[Row]:
        found: list[_Chain] = [()]
        for step in self._steps:
            found = [more for one in found for more in step.follow(rows, one, params, moment)]
        if self._grouping is None:
            return [
                tuple([field.of(one, rows, params, moment) for field in self._fields])
                for one in self._cut(found, params)
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


class _Single:
    """A field of a row that is given out."""

    def __init__(self, query: Query[Any], field: Field) -> None:
        self._read = _answer(query, field)

    def of(self, one: _Chain, _rows: dict[Table, Rows], _params: Params, _moment: Moment) -> Value:
        return self._read(one)


class _Listing:
    """A list in a row that is given out."""

    def __init__(self, query: Query[Any], listed: Listed) -> None:
        self._step = _PlannedStep(query, Step("listed", listed.table, listed.where))
        self._place = listed.table.place(listed.column)

    def of(
        self, one: _Chain, rows: dict[Table, Rows], params: Params, moment: Moment
    ) -> list[Value]:
        found = (more[-1] for more in self._step.follow(rows, one, params, moment))
        values = [held.row[self._place] for held in found if held is not None]
        return sorted((value for value in values if value is not None), key=_sortable)


class _PlannedStep:
    def __init__(self, query: Query[Any], step: Step) -> None:
        self._step = step
        # Being one of a list is looked up by each of the list, where there is an index for it.
        among = next((each for each in step.compare if _is_indexed(step.table, each)), None)
        self._among = None if among is None else _operand(query, among.operand)
        columns = (*step.where, *(() if among is None else (among.column,)))
        self._look_up = look_up(step.table, columns)
        self._values = [_operand(query, operand) for operand in step.where.values()]
        self._compare = [
            (step.table.place(each.column), each, _operand(query, each.operand))
            for each in step.compare
            if each is not among
        ]

    def follow(
        self, rows: dict[Table, Rows], one: _Chain, params: Params, moment: Moment
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
    return condition.operator == "in" and (condition.column,) in indexes(table)


class _Grouping:
    """What makes groups of chains, and figures of groups."""

    def __init__(self, query: Query[Any]) -> None:
        self._plain = [_reader(query, each) for each in query.fields if isinstance(each, Field)]
        self._figures = [
            partial(_plain_of_first, _answer(query, each))
            if isinstance(each, Field)
            else partial(_FIGURES[each.function], _reader(query, each.of))
            for each in query.fields
            if not isinstance(each, Listed)
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
