"""What can be asked of a view store: rows of some tables, joined by equal values.

- A query names no position. It is asked of now, of any position, or of all time, and then holds for all
  its tables.
- Rows can be counted, and their least and greatest found: see `Aggregate`.
- What belongs to a row can come with it as a list: see `Listed`.
- View stores translate a query once and keep the translation, so queries are constants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from stemmata_projections.tables import ColumnKind, Row, Table

VALID_FROM = "valid_from"
"""The column that every table has: the position from which a row holds."""
VALID_TO = "valid_to"
"""The column that every table has: the position at which a row ended, or `OPEN_END`."""

Found = TypeVar("Found", bound=Row)


@dataclass(frozen=True, slots=True)
class Param:
    """A value that is given when the query is asked."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """A column of an earlier step."""

    step: str
    column: str


Operand = Param | Field


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A figure over all rows of a group: those that have equal values in the plain fields of the query.

    Nulls are passed over: `count` and `distinct` of nothing are 0, `min` and `max` null. Without plain
    fields everything is one group, which is there even if nothing was found.
    """

    function: Literal["count", "distinct", "min", "max"]
    of: Field


@dataclass(frozen=True, slots=True)
class Compare:
    """A condition on a column of a step: an order, or being one of a list that is given."""

    column: str
    operator: Literal["<", "<=", ">", ">=", "in"]
    operand: Operand


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Rows of a table for which columns equal operands, for each row found so far.

    Attributes:
        name: What fields call the step.
        optional: Whether a row found so far stays, with nulls, if nothing is found for it.
        absent: Whether a row found so far stays only if nothing is found for it; no field calls it.
    """

    name: str
    table: Table
    where: Mapping[str, Operand]
    compare: tuple[Compare, ...] = ()
    optional: bool = False
    absent: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A list in each row that is found: a column, of text or integers, of all rows that belong to it.

    The values are sorted upwards, text by code points; nulls are left out. Queries with aggregates have
    no lists.

    Attributes:
        where: What columns of the rows that belong to it equal; any step of the query has fields here.
    """

    table: Table
    column: str
    where: Mapping[str, Operand]


Selected = Field | Aggregate | Listed


@dataclass(frozen=True, slots=True, eq=False)
class Query(Generic[Found]):
    """A chain of steps, and the fields of what it finds: rows of the shape `Found`.

    Attributes:
        order: Fields to sort by, each with whether it descends. Nulls come before everything else. Where
            there are aggregates they are among the plain fields.
        limit: Parameter that bounds the number of rows.
    """

    steps: tuple[Step, ...]
    fields: tuple[Selected, ...]
    order: tuple[tuple[Field, bool], ...] = ()
    limit: Param | None = None

    def table(self, step: str) -> Table:
        """Return the table of a step."""
        return next(each.table for each in self.steps if each.name == step)

    def kind(self, field: Selected) -> ColumnKind | Literal["list"]:
        """Return what a field holds."""
        if isinstance(field, Listed):
            return "list"
        if isinstance(field, Aggregate):
            return "integer" if field.function in ("count", "distinct") else self.kind(field.of)
        if field.column in (VALID_FROM, VALID_TO):
            return "integer"
        return self.table(field.step).kind(field.column)

    @property
    def aggregates(self) -> bool:
        """Whether rows are grouped."""
        return any(isinstance(field, Aggregate) for field in self.fields)


def fields(step: str, *columns: str) -> tuple[Field, ...]:
    """Return the fields of some columns of a step."""
    return tuple(Field(step, column) for column in columns)


def by(*order: Field) -> tuple[tuple[Field, bool], ...]:
    """Return an order that ascends."""
    return tuple((each, False) for each in order)
