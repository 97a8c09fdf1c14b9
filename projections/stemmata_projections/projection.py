"""A projection: a pure function from an event to the changes of its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Change
from stemmata_projections.tables import Table


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A fold of the log into a view.

    Attributes:
        schema: Changes with the tables or with the fold; a view of another schema is rebuilt.
        project: Gives the changes of one event. It reads nothing but the event.
    """

    name: str
    schema: int
    tables: tuple[Table, ...]
    project: Callable[[RecordedEvent], Iterable[Change]]
