"""What the view store in PostgreSQL says to the database: of each table, and of each query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import orjson

from stemmata_adapters.databases.postgresql_connections import listed
from stemmata_adapters.databases.postgresql_turns import Turn
from stemmata_adapters.view_stores import readers, sql
from stemmata_adapters.view_stores.dialect import Dialect
from stemmata_adapters.view_stores.pages import TablePage
from stemmata_domain.names import unstorable
from stemmata_projections.changes import Amend, Close
from stemmata_projections.queries import Param, Query
from stemmata_projections.tables import OPEN_END, ColumnKind, Row, Table, Value
from stemmata_projections.view_store import Params

_CASTS: dict[ColumnKind, str] = {
    "text": "text",
    "integer": "bigint",
    "flag": "smallint",
    "json": "text",
}

POSTGRESQL = Dialect(
    # JSON stays text: it comes back as it was given, and may hold a NUL, which `jsonb` refuses.
    types={**_CASTS, "text": 'text COLLATE "C"', "json": 'text COLLATE "C"'},
    numbered="${}",
    # Turned into numbers before the server sees it.
    named="${}",
    among="{column} = ANY({list})",
    listed="ARRAY(SELECT {column} FROM {rows})",
    # Made beside others, and called otherwise later; so indexes find names of their own.
    names_indexes=False,
)
"""PostgreSQL; the prefix has to name the schema as well."""


def dialect(prefix: str) -> Dialect:
    """Return the dialect for tables whose names begin so, the schema included."""
    return replace(POSTGRESQL, prefix=prefix)


class Statements(dict[Table, "TableStatements"]):
    """The statements of each table, made when they are first needed."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def __missing__(self, table: Table) -> TableStatements:
        made = self[table] = TableStatements(table, self._dialect)
        return made


class Writing:
    """One statement that changes several tables, and its parameters.

    Its parts are carried out in any order, except where one reads what another returns.
    """

    def __init__(self) -> None:
        self.params: list[object] = []
        self._parts: list[str] = []

    def value(self, value: object) -> str:
        """Add a parameter and return its place."""
        self.params.append(value)
        return f"${len(self.params)}"

    def lists(self, columns: Sequence[tuple[str, Sequence[object]]]) -> str:
        """Add lists as parameters, each with the type of what it holds, and return their places."""
        return ", ".join(f"{self.value(listed(values))}::{kind}[]" for kind, values in columns)

    def add(self, part: str) -> str:
        """Add a part and return its name."""
        name = f"p{len(self._parts)}"
        self._parts.append(f"{name} AS ({part})")
        return name

    def statement(self, last: str = "SELECT 1") -> str:
        """Return the statement, with what stands at its end."""
        return f"WITH {', '.join(self._parts)} {last}" if self._parts else last


class TableStatements:
    """The statements that change a table, with what turns values into stored ones."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self._table = table
        self._dialect = dialect
        self._name = sql.table_name(table, dialect)
        self._columns = ", ".join(column.name for column in table.columns)
        self._json = tuple(i for i, column in enumerate(table.columns) if column.kind == "json")
        self._closing: dict[tuple[str, ...], str] = {}
        self._amending: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
        self.scanning = sql.scan(table, dialect)

    def written(self, page: TablePage, writing: Writing) -> None:
        """Add what a page changes in this table to a statement."""
        before = [
            writing.add(self._ending(columns, writing.lists(self._ended(columns, each))))
            for columns, each in page.ended.items()
        ]
        rows = [*page.finished, *((*row, OPEN_END) for row in page.opened)]
        if rows:
            *columns, begins, ends = zip(*rows, strict=True)
            for place in self._json:
                columns[place] = tuple([_json_text(value) for value in columns[place]])
            kinds = [_CASTS[column.kind] for column in self._table.columns]
            spans = list(map(sql.span_of, begins, ends))
            ranges = [("bigint", each) for each in (spans, begins, ends)]
            given = writing.lists([*zip(kinds, columns, strict=True), *ranges])
            writing.add(self._opening(given, before))

    def check(self, page: TablePage) -> tuple[str, Sequence[object]]:
        """Return what fails if a row was open that the page has opened once more."""
        writing = Writing()
        keys: list[Sequence[object]] = list(zip(*page.new, strict=True))
        kinds = [_CASTS[self._table.kind(column)] for column in self._table.key]
        given = writing.lists(list(zip(kinds, keys, strict=True)))
        equal = " AND ".join(f"t.{column} = n.{column}" for column in self._table.key)
        statement = (
            f"SELECT ('opened twice: ' || t.{self._table.key[0]})::bigint FROM {self._name} AS t"
            f" JOIN unnest({given}) AS n ({', '.join(self._table.key)}) ON {equal}"
            f" WHERE t.span = 0 AND t.valid_to = {OPEN_END}"
        )
        return statement, writing.params

    def _ended(
        self, columns: tuple[str, ...], each: Mapping[Row, int]
    ) -> list[tuple[str, Sequence[object]]]:
        kinds = [_CASTS[self._table.kind(column)] for column in columns]
        values: list[Sequence[object]] = list(zip(*each, strict=True))
        return [*zip(kinds, values, strict=True), ("bigint", list(each.values()))]

    def _ending(self, columns: tuple[str, ...], given: str) -> str:
        equal = " AND ".join(f"t.{column} = c.{column}" for column in columns)
        return (
            f"UPDATE {self._name} AS t SET {sql.ended('c.ended')}"
            f" FROM unnest({given}) AS c ({', '.join(columns)}, ended)"
            f" WHERE {equal} AND t.span = 0 AND t.valid_to = {OPEN_END} RETURNING 1"
        )

    def _opening(self, given: str, before: Sequence[str]) -> str:
        # Rows of the same key may have to end first: no row comes out before those are counted.
        after = "".join(f", (SELECT count(*) FROM {each}) AS after_{each}" for each in before)
        return (
            f"INSERT INTO {self._name} SELECT {self._columns}, span, valid_from, valid_to"
            f" FROM unnest({given}) AS opened ({self._columns}, span, valid_from, valid_to){after}"
        )

    def read(self, stored: Row) -> Row:
        """Return a row as it was given."""
        values = list(stored)
        for place, column in enumerate(self._table.columns):
            if column.kind in _READERS:
                values[place] = _READERS[column.kind](values[place])
        return tuple(values)

    def close(self, turn: Turn, position: int, change: Close) -> None:
        """End rows."""
        columns = tuple(change.where)
        statement = self._closing.get(columns)
        if statement is None:
            statement = sql.close_rows(self._table, columns, self._dialect)
            self._closing[columns] = statement
        turn.send(statement, (position, *change.where.values()))

    def amend(self, turn: Turn, position: int, change: Amend) -> None:
        """End rows, and let them go on with other values."""
        columns, names = tuple(change.where), tuple(change.values)
        statement = self._amending.get((columns, names))
        if statement is None:
            statement = self._amending[columns, names] = self._amend(columns, names)
        values = [
            _json_text(value) if self._table.kind(name) == "json" else value
            for name, value in change.values.items()
        ]
        turn.send(statement, (position, *change.where.values(), *values))

    def _amend(self, columns: tuple[str, ...], names: tuple[str, ...]) -> str:
        """Return a statement that reads nothing to and fro: rows end and go on in one."""
        places = {name: place for place, name in enumerate(names, 2 + len(columns))}
        selected = ", ".join(
            f"${places[column.name]}::{_CASTS[column.kind]}"
            if column.name in places
            else column.name
            for column in self._table.columns
        )
        # All have to end before one takes the key of another.
        order = " ORDER BY 1" if set(names) & set(self._table.key) else ""
        return (
            f"WITH ended AS ({sql.close_rows(self._table, columns, self._dialect)}"
            f" RETURNING {self._columns})"
            f" INSERT INTO {self._name} SELECT {selected}, 0, $1, {OPEN_END} FROM ended{order}"
        )


class Compiled:
    """A query as SQL, with what turns values to and fro."""

    def __init__(self, query: Query[Any], when: sql.When, dialect: Dialect) -> None:
        self._names: list[str] = []
        self.statement = _PARAM.sub(self._numbered, sql.select(query, when=when, dialect=dialect))
        self._readers = [
            (place, _READERS[kind])
            for place, kind in enumerate(map(query.kind, query.fields))
            if kind in _READERS
        ]
        self._operators = {
            each.operand.name: each.operator
            for step in query.steps
            for each in step.compare
            if each.operator != "in" and isinstance(each.operand, Param)
        }

    def _numbered(self, found: re.Match[str]) -> str:
        name = found[1]
        if name not in self._names:
            self._names.append(name)
        return f"${self._names.index(name) + 1}"

    def bind(self, params: Params, at: int | None) -> Sequence[object]:
        """Return the parameters in the order in which the statement numbers them."""
        given: Mapping[str, object] = params if at is None else {**params, **sql.moment(at)}
        return [self._askable(name, given[name]) for name in self._names]

    def _askable(self, name: str, value: object) -> object:
        """Return a value that can be sent: no text in the database has NUL or a lone surrogate."""
        if isinstance(value, str):
            if unstorable(value) is None:
                return value
            operator = self._operators.get(name)
            return None if operator is None else _as_near(value, operator)
        if isinstance(value, list):
            return [each for each in value if not isinstance(each, str) or unstorable(each) is None]
        return value

    def read(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return rows as they are asked for."""
        return readers.given_out(rows, self._readers)


_PARAM = re.compile(r"\$([A-Za-z_]\w*)")
_UNSTORABLE = re.compile("[\0\ud800-\udfff].*", re.DOTALL)
_MORE_THAN_ANYBODY_WRITES = 64


def _as_near(text: str, operator: str) -> str:
    """Return a text that can be stored, and that all that can be stored compare to in the same way."""

    def near(found: re.Match[str]) -> str:
        above = operator in ("<", ">=")
        if found[0][0] == "\0":
            return "\x01" if above else ""
        # Nothing is the last before a surrogate; but nobody has written so much of the largest.
        return "\ue000" if above else "\ud7ff" + "\U0010ffff" * _MORE_THAN_ANYBODY_WRITES

    return _UNSTORABLE.sub(near, text)


def _json_text(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _sorted_list(stored: Value) -> Value:
    return cast("Value", sorted(cast("list[str]", stored)))


_READERS = {**readers.READERS, "list": _sorted_list}
