"""Tables, changes and queries as SQL, for databases that number their parameters by name or by `?`.

- The index of a table's key ends with `valid_to`. So the open row of a key is one look-up, and so is the
  row that held at a position: the first that ends after it, if it had begun.
- Rows that are long (JSON) stand in a heap beside their key; all others in the key's own tree, so that
  a change touches one tree.
"""

from __future__ import annotations

from collections.abc import Iterable

from stemmata_projections.queries import Compare, Field, Operand, Param, Query, Step
from stemmata_projections.tables import OPEN_END, Column, Table

_TYPES = {"text": "TEXT", "integer": "INTEGER", "flag": "INTEGER", "json": "TEXT"}


def table_name(table: Table) -> str:
    """Return the name of a table in the database."""
    return f"view_{table.name}"


def create(table: Table) -> list[str]:
    """Return the statements that make a table."""
    name = table_name(table)
    columns = ", ".join(_column(column, table) for column in table.columns)
    key = ", ".join(table.key)
    heap = any(column.kind == "json" for column in table.columns)
    return [
        f"CREATE TABLE {name} ({columns}, valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL,"
        f" PRIMARY KEY ({key}, valid_to)){'' if heap else ' WITHOUT ROWID'}",
        *(
            f"CREATE INDEX {name}_{'_'.join(index)} ON {name} ({', '.join(index)}, valid_to)"
            for index in table.indexes
        ),
    ]


def _column(column: Column, table: Table) -> str:
    null = " NOT NULL" if column.name in table.key else ""
    return f"{column.name} {_TYPES[column.kind]}{null}"


def drop(table: Table) -> str:
    """Return the statement that drops a table."""
    return f"DROP TABLE IF EXISTS {table_name(table)}"


def open_row(table: Table) -> str:
    """Return the statement that opens a row; it takes the columns, and the position."""
    places = ", ".join("?" * (len(table.columns) + 1))
    return f"INSERT INTO {table_name(table)} VALUES ({places}, {OPEN_END})"


def close_rows(table: Table, columns: Iterable[str]) -> str:
    """Return the statement that closes rows; it takes the position, and the columns' values."""
    where = "".join(f" AND {column} = ?" for column in columns)
    return f"UPDATE {table_name(table)} SET valid_to = ? WHERE valid_to = {OPEN_END}{where}"


def reopen_rows(table: Table, columns: Iterable[str], changed: Iterable[str]) -> str:
    """Return the statement that opens copies of the rows that ended at a position.

    It takes the changed values, the position, the columns' values, and the position again.
    """
    new = set(changed)
    chosen = ", ".join("?" if c.name in new else c.name for c in table.columns)
    where = "".join(f" AND {column} = ?" for column in columns)
    return (
        f"INSERT INTO {table_name(table)} SELECT {chosen}, ?, {OPEN_END}"
        f" FROM {table_name(table)} WHERE 1{where} AND valid_to = ?"
    )


def select(query: Query, *, as_of: bool) -> str:
    """Return the statement of a query, with named parameters, and `at` where it is asked *as_of*."""
    first, *rest = query.steps
    conditions = _conditions(first, as_of)
    joins = []
    for step in rest:
        join = "LEFT JOIN" if step.optional else "JOIN"
        on = " AND ".join(_conditions(step, as_of))
        joins.append(f" {join} {table_name(step.table)} AS {step.name} ON {on}")
    order = ", ".join(_field(field) + (" DESC" if down else "") for field, down in query.order)
    return (
        f"SELECT {', '.join(_field(field) for field in query.fields)}"
        f" FROM {table_name(first.table)} AS {first.name}{''.join(joins)}"
        f" WHERE {' AND '.join(conditions)}"
        f"{f' ORDER BY {order}' if order else ''}"
        f"{f' LIMIT :{query.limit.name}' if query.limit else ''}"
    )


def _conditions(step: Step, as_of: bool) -> list[str]:
    equal = [f"{step.name}.{column} = {_operand(o)}" for column, o in step.where.items()]
    compared = [_compared(step, each) for each in step.compare]
    return [*equal, *compared, *(_held(step) if as_of else [f"{step.name}.valid_to = {OPEN_END}"])]


def _held(step: Step) -> list[str]:
    if not all(column in step.where for column in step.table.key):
        return [f"{step.name}.valid_from <= :at", f"{step.name}.valid_to > :at"]
    # With the whole key given, only the first row that ends after the position can hold at it; a
    # plain range would walk over all that came later.
    key = " AND ".join(f"h.{column} = {_operand(step.where[column])}" for column in step.table.key)
    first = f"SELECT min(h.valid_to) FROM {table_name(step.table)} AS h WHERE {key}"
    return [f"{step.name}.valid_to = ({first} AND h.valid_to > :at)", f"{step.name}.valid_from <= :at"]


def _compared(step: Step, condition: Compare) -> str:
    column = f"{step.name}.{condition.column}"
    operand = _operand(condition.operand)
    if condition.operator == "in":
        return f"{column} IN (SELECT value FROM json_each({operand}))"
    return f"{column} {condition.operator} {operand}"


def _operand(operand: Operand) -> str:
    return f":{operand.name}" if isinstance(operand, Param) else _field(operand)


def _field(field: Field) -> str:
    return f"{field.step}.{field.column}"
