"""Tables, changes and queries as SQL, for databases that number their parameters by name or by `?`.

How a row that held at a position is found among all that have ended:

- Every row has a `span`. It is 0 while the row is open. When the row ends it becomes the smallest
  block of positions that the row's range fits into, of blocks 64, 64², 64³ … wide. A position lies in
  one block of each width, so all rows that held at it have one of seven spans, and a block has few
  rows of one key that did not. The cost depends on how many rows held, not on how many have ended.
- The tree of a table is ordered by the first column of its key, the span, and the rest of the key; so
  is each index. What is open is found without a look at what has ended.
- A key of one column needs no span: its rows follow each other in the order of their ends, and the one
  that held at a position is the first that ends after it, if it had begun.
- Rows with JSON, which may be long, stand in a heap beside their key; all others in the key's own
  tree, so that a change touches one tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Literal

from stemmata_projections.queries import Aggregate, Compare, Field, Operand, Param, Query, Step
from stemmata_projections.tables import OPEN_END, Column, Row, Table

When = Literal["now", "as of", "ever"]

LAYOUT = 1
"""Changes with what :func:`create` makes; views of another layout are made anew."""

_TYPES = {"text": "TEXT", "integer": "INTEGER", "flag": "INTEGER", "json": "TEXT"}

_OPEN = 0
_BITS = 6
_WIDTHS = 5
_WIDER = _WIDTHS + 1  # beyond 64⁵ positions all rows share one span: slower, but as right


def _block(position: str, width: int) -> str:
    return f"{position} >> {_BITS * width}"


_SPAN = (
    "CASE "
    + " ".join(
        f"WHEN {_block('valid_from', w)} = {_block('(?1 - 1)', w)}"
        f" THEN ({_block('(?1 - 1)', w)}) * 8 + {w}"
        for w in range(1, _WIDTHS + 1)
    )
    + f" ELSE {_WIDER} END"
)
_SPANS_AT = ", ".join((f"{_OPEN}", *(f":_span{w}" for w in range(1, _WIDTHS + 1)), f"{_WIDER}"))


@lru_cache(maxsize=1024)
def moment(at: int) -> Mapping[str, int]:
    """Return the parameters of a query that is asked as of a position."""
    spans = {f"_span{w}": (at >> _BITS * w) * 8 + w for w in range(1, _WIDTHS + 1)}
    return {"_at": at, **spans}


def table_name(table: Table) -> str:
    """Return the name of a table in the database."""
    return f"view_{table.name}"


def create(table: Table) -> list[str]:
    """Return the statements that make a table."""
    name = table_name(table)
    columns = ", ".join(_column(column, table) for column in table.columns)
    heap = any(column.kind == "json" for column in table.columns)
    table_statement = (
        f"CREATE TABLE {name} ({columns},"
        " span INTEGER NOT NULL, valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL,"
        f" PRIMARY KEY ({_by_span(table.key)}, valid_to)){'' if heap else ' WITHOUT ROWID'}"
    )
    index_statements = (
        f"CREATE INDEX {name}_{'_'.join(index)} ON {name}"
        f" ({_by_span(index, table.key)}, valid_from)"
        for index in table.indexes
    )
    return [table_statement, *index_statements]


def _column(column: Column, table: Table) -> str:
    null = " NOT NULL" if column.name in table.key else ""
    return f"{column.name} {_TYPES[column.kind]}{null}"


def _by_span(columns: tuple[str, ...], more: tuple[str, ...] = ()) -> str:
    first, *rest = dict.fromkeys((*columns, *more))
    return ", ".join((first, "span", *rest) if rest else (first,))


def drop(table: str) -> str:
    """Return the statement that drops a table by its name in the database."""
    return f"DROP TABLE IF EXISTS {table}"


def open_row(table: Table) -> str:
    """Return the statement that opens a row; it takes the columns, and the position."""
    places = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table_name(table)} VALUES ({places}, {_OPEN}, ?, {OPEN_END})"


def close_rows(table: Table, columns: Iterable[str]) -> str:
    """Return the statement that closes rows; it takes the position, and the columns' values."""
    where = _open_with(columns, first=2)
    return f"UPDATE {table_name(table)} SET span = {_SPAN}, valid_to = ?1 WHERE {where}"


def open_rows(table: Table, columns: Iterable[str]) -> str:
    """Return the statement that selects rows that are open; it takes the columns' values."""
    chosen = ", ".join(column.name for column in table.columns)
    return f"SELECT {chosen} FROM {table_name(table)} WHERE {_open_with(columns, first=1)}"


def scan(table: Table) -> str:
    """Return the statement that gives all rows with their ranges, by key and beginning."""
    chosen = ", ".join(column.name for column in table.columns)
    order = ", ".join((*table.key, "valid_from"))
    return f"SELECT {chosen}, valid_from, valid_to FROM {table_name(table)} ORDER BY {order}"


def _open_with(columns: Iterable[str], *, first: int) -> str:
    equal = [f"{column} = ?{place}" for place, column in enumerate(columns, first)]
    return " AND ".join((*equal, f"span = {_OPEN}", f"valid_to = {OPEN_END}"))


def select(query: Query[Row], *, when: When, join: str = "JOIN") -> str:
    """Return the statement of a query, with named parameters.

    Where it is asked as of a position it takes those of :func:`moment` too.

    Args:
        join: How the database is told to join tables in the order of the steps, which is a good one.
    """
    first, *rest = query.steps
    conditions = _conditions(first, when)
    joins = []
    for step in rest:
        on = " AND ".join(_conditions(step, when))
        if step.absent:
            conditions.append(f"NOT EXISTS (SELECT 1 FROM {_called(step)} WHERE {on})")
        else:
            joins.append(f" {'LEFT JOIN' if step.optional else join} {_called(step)} ON {on}")
    where = " AND ".join(conditions)
    plain = ", ".join(_field(field) for field in query.fields if isinstance(field, Field))
    order = ", ".join(_field(field) + (" DESC" if down else "") for field, down in query.order)
    return (
        f"SELECT {', '.join(map(_selected, query.fields))}"
        f" FROM {_called(first)}{''.join(joins)}"
        f"{f' WHERE {where}' if where else ''}"
        f"{f' GROUP BY {plain}' if query.aggregates and plain else ''}"
        f"{f' ORDER BY {order}' if order else ''}"
        f"{f' LIMIT :{query.limit.name}' if query.limit else ''}"
    )


def _called(step: Step) -> str:
    return f"{table_name(step.table)} AS {step.name}"


def _conditions(step: Step, when: When) -> list[str]:
    equal = [f"{step.name}.{column} = {_operand(o)}" for column, o in step.where.items()]
    compared = [_compared(step, each) for each in step.compare]
    return [*equal, *compared, *_HELD[when](step)]


def _open(step: Step) -> list[str]:
    return [f"{step.name}.span = {_OPEN}", f"{step.name}.valid_to = {OPEN_END}"]


def _held_at(step: Step) -> list[str]:
    begun = f"{step.name}.valid_from <= :_at"
    if len(step.table.key) > 1 or step.table.key[0] not in step.where:
        return [f"{step.name}.span IN ({_SPANS_AT})", begun, f"{step.name}.valid_to > :_at"]
    key = f"h.{step.table.key[0]} = {_operand(step.where[step.table.key[0]])}"
    first = f"SELECT min(h.valid_to) FROM {table_name(step.table)} AS h WHERE {key}"
    return [f"{step.name}.valid_to = ({first} AND h.valid_to > :_at)", begun]


def _begun(step: Step) -> list[str]:
    return [f"{step.name}.valid_from <= :_at"]


_HELD: Mapping[When, Callable[[Step], list[str]]] = {
    "now": _open,
    "as of": _held_at,
    "ever": _begun,
}


def _compared(step: Step, condition: Compare) -> str:
    column = f"{step.name}.{condition.column}"
    operand = _operand(condition.operand)
    if condition.operator == "in":
        return f"{column} IN (SELECT value FROM json_each({operand}))"
    return f"{column} {condition.operator} {operand}"


def _operand(operand: Operand) -> str:
    return f":{operand.name}" if isinstance(operand, Param) else _field(operand)


def _selected(field: Field | Aggregate) -> str:
    if isinstance(field, Field):
        return _field(field)
    if field.function == "distinct":
        return f"count(DISTINCT {_field(field.of)})"
    return f"{field.function}({_field(field.of)})"


def _field(field: Field) -> str:
    return f"{field.step}.{field.column}"
