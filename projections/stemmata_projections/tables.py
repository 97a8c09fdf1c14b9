"""What a view is made of: tables whose rows are valid over ranges of log positions.

A row holds from the position of the event that opened it up to, and without, the position of the event
that closed it. So a view remembers every state that it was in: "now" are the rows that are still open,
"as of position p" those whose range holds p.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

OPEN_END = 2**63 - 1
"""The end of the range of a row that is still open."""

ColumnKind = Literal["text", "integer", "flag", "json"]
Value = JsonValue
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A named value of a row; any column outside of the key may be null."""

    name: str
    kind: ColumnKind = "text"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows of one kind.

    What is looked for by all columns of the key or of an index, or by the first of them, is found at
    the same cost however many rows have ended. JSON is kept, not looked for.

    Attributes:
        key: Columns that tell the open rows apart: at any position at most one row has each key.
        indexes: Further columns by which rows are looked for.
        permanent: Whether rows never end, whatever happens: what held once holds now.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    permanent: bool = False

    def place(self, column: str) -> int:
        """Return the place of a column in a row."""
        return next(i for i, each in enumerate(self.columns) if each.name == column)

    def kind(self, column: str) -> ColumnKind:
        """Return what a column holds."""
        return self.columns[self.place(column)].kind
