"""Tables, changes and queries as SQL, in the dialect of a database.

What is public here may be used by view stores of other packages; what databases write differently is
in :mod:`stemmata_adapters.view_stores.dialect`.

How a row that held at a position is found among all that have ended:

- Every row has a `span`. It is 0 while the row is open. When the row ends it becomes the smallest
  block of positions that the row's range fits into, of blocks 64, 64², 64³ … wide. A position lies in
  one block of each width, so all rows that held at it have one of seven spans, and a block has few
  rows of one key that did not. The cost depends on how many rows held, not on how many have ended.
- The tree of a table is ordered by the first column of its key, the span, and the rest of the key; so
  is each index. What is open is found without a look at what has ended.
- A key of one column needs no span: its rows follow each other in the order of their ends, and the one
  that held at a position is the first that ends after it, if it had begun.
- Nor does a permanent table, whose rows are all open: of these are asked for those that had begun.
- Rows with JSON, which may be long, stand in a heap beside their key; all others in the key's own
  tree, so that a change touches one tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from stemmata_adapters.view_stores.dialect import SQLITE, Dialect
from stemmata_projections.queries import (
    VALID_FROM,
    VALID_TO,
    Compare,
    Field,
    Listed,
    Operand,
    Param,
    Query,
    Selected,
    Step,
)
from stemmata_projections.tables import OPEN_END, Column, Row, Table

When = Literal["now", "as of", "ever"]

LAYOUT = 1
"""Changes with what :func:`create` makes; views of another layout are made anew."""

_OPEN = 0
_BITS = 6
_WIDTHS = 5
_ALL_WIDTHS = range(1, _WIDTHS + 1)
_WIDER = _WIDTHS + 1  # beyond 64⁵ positions all rows share one span: slower, but as right


def _block(position: str, width: int) -> str:
    return f"{position} >> {_BITS * width}"


def _span(ended: str) -> str:
    last = f"({ended} - 1)"
    blocks = " ".join(
        f"WHEN {_block('valid_from', w)} = {_block(last, w)} THEN ({_block(last, w)}) * 8 + {w}"
        for w in _ALL_WIDTHS
    )
    return f"CASE {blocks} ELSE {_WIDER} END"


def span_of(begin: int, end: int) -> int:
    """Return the span of a row with this range."""
    if end == OPEN_END:
        return _OPEN
    for w in _ALL_WIDTHS:
        if begin >> _BITS * w == (block := (end - 1) >> _BITS * w):
            return block * 8 + w
    return _WIDER


def ended(position: str) -> str:
    """Return what an UPDATE sets where a row ends at a position, which is an expression."""
    return f"span = {_span(position)}, valid_to = {position}"


@lru_cache(maxsize=1024)
def moment(at: int) -> Mapping[str, int]:
    """Return the parameters of a query that is asked as of a position."""
    spans = {f"_span{w}": (at >> _BITS * w) * 8 + w for w in _ALL_WIDTHS}
    return {"_at": at, **spans}


def table_name(table: Table, dialect: Dialect = SQLITE) -> str:
    """Return the name of a table in the database."""
    return f"{dialect.prefix}{table.name}"


def create(table: Table, dialect: Dialect = SQLITE) -> list[str]:
    """Return the statements that make a table."""
    name, number = table_name(table, dialect), dialect.types["integer"]
    columns = ", ".join(_column(column, table, dialect) for column in table.columns)
    heap = any(column.kind == "json" for column in table.columns)
    table_statement = (
        f"CREATE TABLE {name} ({columns},"
        f" span {number} NOT NULL, valid_from {number} NOT NULL, valid_to {number} NOT NULL,"
        f" PRIMARY KEY ({_by_span(table.key)}, valid_to))"
        f"{dialect.heap_end if heap else dialect.table_end}"
    )
    index_statements = (
        f"CREATE INDEX {f'{_index_name(name, index)} ' if dialect.names_indexes else ''}ON {name}"
        f" ({_by_span(index, table.key)}, valid_from)"
        for index in table.indexes
    )
    return [table_statement, *index_statements]


def _index_name(name: str, columns: tuple[str, ...]) -> str:
    return "_".join((name, *columns))


def _column(column: Column, table: Table, dialect: Dialect) -> str:
    null = " NOT NULL" if column.name in table.key else ""
    return f"{column.name} {dialect.types[column.kind]}{null}"


def _by_span(columns: tuple[str, ...], more: tuple[str, ...] = ()) -> str:
    first, *rest = dict.fromkeys((*columns, *more))
    return ", ".join((first, "span", *rest) if rest else (first,))


def drop(table: str) -> str:
    """Return the statement that drops a table by its name in the database."""
    return f"DROP TABLE IF EXISTS {table}"


def open_row(table: Table, dialect: Dialect = SQLITE) -> str:
    """Return the statement that opens a row; it takes the columns, and the position."""
    *places, position = map(dialect.numbered.format, range(1, len(table.columns) + 2))
    values = ", ".join((*places, f"{_OPEN}", position, f"{OPEN_END}"))
    return f"INSERT INTO {table_name(table, dialect)} VALUES ({values})"


def add_row(table: Table, dialect: Dialect = SQLITE) -> str:
    """Return the statement that adds a row as it stands: the columns, its span, and its range."""
    places = ", ".join(map(dialect.numbered.format, range(1, len(table.columns) + 4)))
    return f"INSERT INTO {table_name(table, dialect)} VALUES ({places})"


def close_rows(table: Table, columns: Iterable[str], dialect: Dialect = SQLITE) -> str:
    """Return the statement that closes rows; it takes the position, and the columns' values."""
    position = dialect.numbered.format(1)
    change = ended(position)
    if not dialect.repeats:
        given = f"(SELECT {position} AS ended) AS given"
        change = f"(span, valid_to) = (SELECT {_span('ended')}, ended FROM {given})"
    where = _open_with(columns, dialect, first=2)
    return f"UPDATE {table_name(table, dialect)} SET {change} WHERE {where}"


def open_rows(table: Table, columns: Iterable[str], dialect: Dialect = SQLITE) -> str:
    """Return the statement that selects rows that are open; it takes the columns' values."""
    chosen = ", ".join(column.name for column in table.columns)
    where = _open_with(columns, dialect, first=1)
    return f"SELECT {chosen} FROM {table_name(table, dialect)} WHERE {where}"


def scan(table: Table, dialect: Dialect = SQLITE) -> str:
    """Return the statement that gives all rows with their ranges, by key and beginning."""
    chosen = ", ".join(column.name for column in table.columns)
    order = ", ".join((*table.key, VALID_FROM))
    return (
        f"SELECT {chosen}, {VALID_FROM}, {VALID_TO} FROM {table_name(table, dialect)}"
        f" ORDER BY {order}"
    )


def misplaced(table: Table, dialect: Dialect = SQLITE) -> str:
    """Return the statement that counts rows whose span is not that of their range."""
    right = f"CASE WHEN {VALID_TO} = {OPEN_END} THEN {_OPEN} ELSE {_span(VALID_TO)} END"
    return f"SELECT count(*) FROM {table_name(table, dialect)} WHERE span <> {right}"


def _open_with(columns: Iterable[str], dialect: Dialect, *, first: int) -> str:
    equal = [
        f"{column} = {dialect.numbered.format(place)}"
        for place, column in enumerate(columns, first)
    ]
    return " AND ".join((*equal, f"span = {_OPEN}", f"valid_to = {OPEN_END}"))


def select(query: Query[Row], *, when: When, dialect: Dialect = SQLITE) -> str:
    """Return the statement of a query, with named parameters.

    Where it is asked as of a position it takes those of :func:`moment` too.
    """
    return _Selecting(query, when, dialect).statement()


class _Selecting:
    """A query that is being written in a dialect."""

    def __init__(self, query: Query[Row], when: When, dialect: Dialect) -> None:
        self._query = query
        self._dialect = dialect
        self._held = {"now": self._open, "as of": self._held_at, "ever": self._begun}[when]

    def statement(self) -> str:
        query, dialect = self._query, self._dialect
        first, *rest = query.steps
        conditions = self._conditions(first)
        joins = []
        for step in rest:
            on = " AND ".join(self._conditions(step))
            if step.absent:
                conditions.append(f"NOT EXISTS (SELECT 1 FROM {self._called(step)} WHERE {on})")
            else:
                join = "LEFT JOIN" if step.optional else dialect.join
                joins.append(f" {join} {self._called(step)} ON {on}")
        where = " AND ".join(conditions)
        plain = ", ".join(_field(field) for field in query.fields if isinstance(field, Field))
        order = ", ".join(self._sorted(field, down=down) for field, down in query.order)
        return (
            f"SELECT {', '.join(map(self._selected, query.fields))}"
            f" FROM {self._called(first)}{''.join(joins)}"
            f"{f' WHERE {where}' if where else ''}"
            f"{f' GROUP BY {plain}' if query.aggregates and plain else ''}"
            f"{f' ORDER BY {order}' if order else ''}"
            f"{f' LIMIT {self._named(query.limit.name)}' if query.limit else ''}"
        )

    def _named(self, name: str) -> str:
        return self._dialect.named.format(name)

    def _called(self, step: Step) -> str:
        return f"{table_name(step.table, self._dialect)} AS {step.name}"

    def _conditions(self, step: Step) -> list[str]:
        equal = [
            f"{step.name}.{column} = {self._operand(operand)}"
            for column, operand in step.where.items()
        ]
        compared = [self._compared(step, each) for each in step.compare]
        return [*equal, *compared, *self._held(step)]

    def _open(self, step: Step) -> list[str]:
        return [f"{step.name}.span = {_OPEN}", f"{step.name}.valid_to = {OPEN_END}"]

    def _held_at(self, step: Step) -> list[str]:
        at = self._named("_at")
        begun = f"{step.name}.valid_from <= {at}"
        if step.table.permanent:
            return [*self._open(step), begun]
        if len(step.table.key) > 1 or step.table.key[0] not in step.where:
            spans = ", ".join(
                (f"{_OPEN}", *(self._named(f"_span{w}") for w in _ALL_WIDTHS), f"{_WIDER}")
            )
            return [f"{step.name}.span IN ({spans})", begun, f"{step.name}.valid_to > {at}"]
        key = f"h.{step.table.key[0]} = {self._operand(step.where[step.table.key[0]])}"
        table = table_name(step.table, self._dialect)
        first = f"SELECT min(h.valid_to) FROM {table} AS h WHERE {key}"
        return [f"{step.name}.valid_to = ({first} AND h.valid_to > {at})", begun]

    def _begun(self, step: Step) -> list[str]:
        return [f"{step.name}.valid_from <= {self._named('_at')}"]

    def _compared(self, step: Step, condition: Compare) -> str:
        column = f"{step.name}.{condition.column}"
        operand = self._operand(condition.operand)
        if condition.operator == "in":
            return self._dialect.among.format(column=column, list=operand)
        return f"{column} {condition.operator} {operand}"

    def _operand(self, operand: Operand) -> str:
        return self._named(operand.name) if isinstance(operand, Param) else _field(operand)

    def _selected(self, field: Selected) -> str:
        if isinstance(field, Field):
            return _field(field)
        if isinstance(field, Listed):
            return self._listed(field)
        if field.function == "distinct":
            return f"count(DISTINCT {_field(field.of)})"
        return f"{field.function}({_field(field.of)})"

    def _listed(self, field: Listed) -> str:
        """Return what makes a list, in no order: who reads it sorts it."""
        step = Step("listed", field.table, field.where)
        column = f"{step.name}.{field.column}"
        conditions = self._conditions(step)
        if field.column not in step.table.key:
            conditions.append(f"{column} IS NOT NULL")
        rows = f"{self._called(step)} WHERE {' AND '.join(conditions)}"
        return self._dialect.listed.format(column=column, rows=rows)

    def _sorted(self, field: Field, *, down: bool) -> str:
        upwards, downwards = self._dialect.nulls if self._may_be_null(field) else ("", "")
        return f"{_field(field)} DESC{downwards}" if down else f"{_field(field)}{upwards}"

    def _may_be_null(self, field: Field) -> bool:
        # Said only where it matters: an index gives rows in their order if it is not.
        step = next(each for each in self._query.steps if each.name == field.step)
        return step.optional or field.column not in (*step.table.key, VALID_FROM, VALID_TO)


def _field(field: Field) -> str:
    return f"{field.step}.{field.column}"
