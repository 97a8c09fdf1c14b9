"""What the view store in a SQLite file says to the database: of each table, and of each query.

Views that are built beside those in use have tables of their own; what stands here turns a table into
the one that is meant.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import orjson

from stemmata_adapters.view_stores import readers, sql
from stemmata_adapters.view_stores.pages import TablePage
from stemmata_projections.changes import Amend, Close
from stemmata_projections.queries import Listed, Param, Query
from stemmata_projections.tables import Row, Table, Value
from stemmata_projections.view_store import Params


def marked(table: Table, mark: str) -> Table:
    """Return the table that stands in for *table* in views with a mark."""
    return replace(table, name=table.name + mark) if mark else table


class Statements(dict[Table, "TableStatements"]):
    """The statements of each table of views with a mark, made when they are first needed."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def __missing__(self, table: Table) -> TableStatements:
        made = self[table] = TableStatements(marked(table, self._mark))
        return made


class _Closing(dict[tuple[str, ...], str]):
    """The statements that close rows of a table by some columns, made when they are first needed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __missing__(self, columns: tuple[str, ...]) -> str:
        made = self[columns] = sql.close_rows(self._table, columns)
        return made


class TableStatements:
    """The statements that change a table, with what turns values into stored ones."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._json = tuple(i for i, column in enumerate(table.columns) if column.kind == "json")
        self._opening = sql.open_row(table)
        self._finishing = sql.add_row(table)
        self._closing = _Closing(table)
        self.scanning = sql.scan(table)

    def write(self, writer: sqlite3.Connection, page: TablePage) -> None:
        """Write what a page changes in this table."""
        for key in page.new:
            self._check_new(writer, key)
        for columns, ended in page.ended.items():
            closed = [(position, *values) for values, position in ended.items()]
            writer.executemany(self._closing[columns], closed)
        if page.finished:
            finished = [
                (*row[:-2], _span(row[-2:]), *row[-2:]) for row in self._stored(page.finished)
            ]
            writer.executemany(self._finishing, finished)
        if page.opened:
            writer.executemany(self._opening, self._stored(page.opened))

    def _check_new(self, writer: sqlite3.Connection, key: Row) -> None:
        """See to it that no row was open that the page has opened once more, and ended."""
        if writer.execute(sql.open_rows(self._table, self._table.key), key).fetchone():
            raise sqlite3.IntegrityError(f"opened twice: {key} of {sql.table_name(self._table)}")

    def _stored(self, rows: Collection[Row]) -> Collection[Row]:
        for place in self._json:
            rows = [(*row[:place], _json_text(row[place]), *row[place + 1 :]) for row in rows]
        return rows

    def close(self, writer: sqlite3.Connection, position: int, change: Close) -> None:
        """End rows."""
        columns, values = tuple(change.where), tuple(change.where.values())
        writer.execute(self._closing[columns], (position, *values))

    def amend(self, writer: sqlite3.Connection, position: int, change: Amend) -> None:
        """End rows, and let them go on with other values."""
        columns, values = tuple(change.where), tuple(change.where.values())
        rows = writer.execute(sql.open_rows(self._table, columns), values).fetchall()
        writer.execute(self._closing[columns], (position, *values))
        for row in rows:
            amended = list(row)
            for name, value in change.values.items():
                place = self._table.place(name)
                amended[place] = _json_text(value) if place in self._json else value
            writer.execute(self._opening, (*amended, position))

    def read(self, stored: Row) -> Row:
        """Return a row as it was given."""
        values = list(stored)
        for place, column in enumerate(self._table.columns):
            if column.kind in _READERS:
                values[place] = _READERS[column.kind](values[place])
        return tuple(values)


def _span(held: Row) -> int:
    begin, end = cast("tuple[int, int]", held)
    return sql.span_of(begin, end)


def _json_text(value: Value) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


class Compiled:
    """A query as SQL, with what turns values to and fro."""

    def __init__(self, query: Query[Any], when: sql.When, mark: str) -> None:
        if mark:
            query = _marked_query(query, mark)
        # By their places, which the client finds sooner than their names.
        self._names: list[str] = []
        self.statement = _PARAM.sub(self._placed, sql.select(query, when=when))
        self._readers = [
            (place, _READERS[kind])
            for place, kind in enumerate(map(query.kind, query.fields))
            if kind in _READERS
        ]
        self._lists = [
            each.operand.name
            for step in query.steps
            for each in step.compare
            if each.operator == "in" and isinstance(each.operand, Param)
        ]

    def _placed(self, found: re.Match[str]) -> str:
        self._names.append(found[1])
        return "?"

    def bind(self, params: Params, at: int | None) -> Sequence[object]:
        """Return the parameters in the order in which they stand in the statement."""
        if self._lists:
            params = {**params, **{name: _json_text(params[name]) for name in self._lists}}
        given: Mapping[str, object] = params if at is None else {**params, **sql.moment(at)}
        return [given[name] for name in self._names]

    def read(self, rows: Sequence[Row]) -> Sequence[Row]:
        return readers.given_out(rows, self._readers)


def _marked_query(query: Query[Any], mark: str) -> Query[Any]:
    steps = (replace(step, table=marked(step.table, mark)) for step in query.steps)
    fields = (
        replace(each, table=marked(each.table, mark)) if isinstance(each, Listed) else each
        for each in query.fields
    )
    return replace(query, steps=tuple(steps), fields=tuple(fields))


_PARAM = re.compile(r":([A-Za-z_]\w*)")


def _sorted_list(stored: Value) -> Value:
    return cast("Value", sorted(orjson.loads(cast("str", stored))))


_READERS = {**readers.READERS, "list": _sorted_list}
