"""What a projection wants changed in its tables because of one event.

A row that an event opens is not closed or amended by that same event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stemmata_domain.errors import ChangeImpossible
from stemmata_projections.tables import Row, Table, Value


class Open(NamedTuple):
    """A new row, from this event on. No open row has its key."""

    table: Table
    row: Row


class Close(NamedTuple):
    """The open rows that have these values end with this event; there may be none."""

    table: Table
    where: Mapping[str, Value]


class Amend(NamedTuple):
    """The open rows that have these values end, and go on with other values in some columns."""

    table: Table
    where: Mapping[str, Value]
    values: Mapping[str, Value]


Change = Open | Close | Amend


def refuse_ending_rows_of(table: Table, *, store: str) -> None:
    """Refuse to end rows of a table whose rows never end; stores do so before they close or amend.

    Raises:
        ChangeImpossible: The table is permanent.
    """
    if table.permanent:
        why = f"rows of {table.name} never end, so none is closed or amended"
        raise ChangeImpossible(store=store, why=why)
