"""Tables, changes and queries as DuckDB's SQL.

A table has the columns of the view's and the two ends of the range over which a row holds. DuckDB reads
columns, fast and whole; there is no index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from stemmata_projections.queries import (
    Compare,
    Field,
    Listed,
    Operand,
    Param,
    Query,
    Selected,
    Step,
)
from stemmata_projections.tables import OPEN_END, Table

When = Literal["now", "as of", "ever"]

TYPES = {"text": "VARCHAR", "integer": "BIGINT", "flag": "BOOLEAN", "json": "VARCHAR"}


def table_name(table: Table) -> str:
    """Return the name of a table in the file."""
    return f'"view_{table.name}"'


def create(table: Table) -> str:
    """Return the statement that makes a table."""
    columns = "".join(f'"{column.name}" {TYPES[column.kind]}, ' for column in table.columns)
    return f"CREATE TABLE {table_name(table)} ({columns}valid_from BIGINT, valid_to BIGINT)"


def insert(table: Table) -> str:
    """Return the statement that inserts rows; it takes a list for each column, and the two ends."""
    kinds = [TYPES[column.kind] for column in table.columns]
    lists = ", ".join(f"unnest(?::{kind}[])" for kind in (*kinds, "BIGINT", "BIGINT"))
    return f"INSERT INTO {table_name(table)} SELECT {lists}"


def _keys(table: Table) -> tuple[str, str]:
    lists = ", ".join(f"unnest(?::{TYPES[table.kind(c)]}[]) AS {_quoted(c)}" for c in table.key)
    equal = " AND ".join(f"row.{_quoted(c)} = given.{_quoted(c)}" for c in table.key)
    return lists, f"{equal} AND row.valid_to = {OPEN_END}"


def count_open(table: Table) -> str:
    """Return the statement that counts the open rows with some keys; it takes a list for each column."""
    lists, equal = _keys(table)
    return (
        f"SELECT count(*) FROM {table_name(table)} AS row, (SELECT {lists}) AS given WHERE {equal}"
    )


def close_keys(table: Table) -> str:
    """Return the statement that ends rows by their keys; it takes a list for each column, and positions."""
    lists, equal = _keys(table)
    given = f"(SELECT {lists}, unnest(?::BIGINT[]) AS position) AS given"
    return f"UPDATE {table_name(table)} AS row SET valid_to = given.position FROM {given} WHERE {equal}"


def close_rows(table: Table, columns: Iterable[str]) -> str:
    """Return the statement that ends rows; it takes the position and the columns' values."""
    return f"UPDATE {table_name(table)} SET valid_to = ? WHERE {open_with(columns)}"


def open_rows(table: Table, columns: Iterable[str]) -> str:
    """Return the statement that selects rows that are open; it takes the columns' values."""
    return f"SELECT {_columns(table)} FROM {table_name(table)} WHERE {open_with(columns)}"


def open_with(columns: Iterable[str]) -> str:
    """Return the condition that a row is open and has some values."""
    return " AND ".join((*(f'"{column}" = ?' for column in columns), f"valid_to = {OPEN_END}"))


def scan(table: Table) -> str:
    """Return the statement that gives all rows with their ranges."""
    order = ", ".join((*(f'"{column}"' for column in table.key), "valid_from"))
    return (
        f"SELECT {_columns(table)}, valid_from, valid_to FROM {table_name(table)} ORDER BY {order}"
    )


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


class Select:
    """The statement of a query, with the names of the parameters that it takes."""

    def __init__(self, query: Query[Any], when: When) -> None:
        self._params: set[str] = set()
        first, *rest = query.steps
        where = self._conditions(first, when)
        joins = []
        for step in rest:
            on = " AND ".join(self._conditions(step, when))
            if step.absent:
                where.append(f"NOT EXISTS (SELECT 1 FROM {_called(step)} WHERE {on})")
            else:
                joins.append(f" {'LEFT ' if step.optional else ''}JOIN {_called(step)} ON {on}")
        plain = ", ".join(_field(field) for field in query.fields if isinstance(field, Field))
        order = ", ".join(
            f"{_field(field)} {'DESC NULLS LAST' if down else 'ASC NULLS FIRST'}"
            for field, down in query.order
        )
        limit = "" if query.limit is None else f" LIMIT {self._operand(query.limit)}"
        self.statement = (
            f"SELECT {', '.join(self._selected(field, when) for field in query.fields)}"
            f" FROM {_called(first)}{''.join(joins)}"
            f" WHERE {' AND '.join(where)}"
            f"{f' GROUP BY {plain}' if query.aggregates and plain else ''}"
            f"{f' ORDER BY {order}' if order else ''}{limit}"
        )

    def bind(self, params: Mapping[str, object], at: int) -> dict[str, object]:
        """Return the parameters that the statement takes, and no others."""
        given = {**params, "at": at} if "at" in self._params else params
        return {name: given[name] for name in self._params}

    def _selected(self, field: Selected, when: When) -> str:
        if isinstance(field, Field):
            return _field(field)
        if isinstance(field, Listed):
            step = Step("listed", field.table, field.where)
            column = f"listed.{_quoted(field.column)}"
            where = " AND ".join((*self._conditions(step, when), f"{column} IS NOT NULL"))
            return f"ARRAY(SELECT {column} FROM {_called(step)} WHERE {where} ORDER BY {column})"
        if field.function == "distinct":
            return f"count(DISTINCT {_field(field.of)})"
        return f"{field.function}({_field(field.of)})"

    def _conditions(self, step: Step, when: When) -> list[str]:
        equal = [f"{step.name}.{_quoted(c)} = {self._operand(o)}" for c, o in step.where.items()]
        compared = [self._compared(step, each) for each in step.compare]
        return [*equal, *compared, *self._held(step, when)]

    def _held(self, step: Step, when: When) -> list[str]:
        if when == "now":
            return [f"{step.name}.valid_to = {OPEN_END}"]
        self._params.add("at")
        begun = f"{step.name}.valid_from <= $at"
        return [begun] if when == "ever" else [begun, f"{step.name}.valid_to > $at"]

    def _compared(self, step: Step, condition: Compare) -> str:
        column = f"{step.name}.{_quoted(condition.column)}"
        operand = self._operand(condition.operand)
        if condition.operator == "in":
            kind = TYPES[step.table.kind(condition.column)]
            return f"list_contains({operand}::{kind}[], {column})"
        return f"{column} {condition.operator} {operand}"

    def _operand(self, operand: Operand) -> str:
        if isinstance(operand, Param):
            self._params.add(operand.name)
            return f"${operand.name}"
        return _field(operand)


def _called(step: Step) -> str:
    return f"{table_name(step.table)} AS {step.name}"


def _field(field: Field) -> str:
    return f"{field.step}.{_quoted(field.column)}"


def _quoted(name: str) -> str:
    return f'"{name}"'
