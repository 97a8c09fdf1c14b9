"""A projection: pure functions from events to the changes of its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from stemmata_domain.events import Event
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Change
from stemmata_projections.tables import Table

E = TypeVar("E", bound=Event)

Fold = Callable[[RecordedEvent, Event], Iterable[Change]]
"""Gives the changes of one event, which it gets with and without its envelope; it reads nothing else."""


def on(
    kind: type[E], fold: Callable[[RecordedEvent, E], Iterable[Change]]
) -> tuple[type[Event], Fold]:
    """Return what a projection does with one kind of event."""
    return kind, cast("Fold", fold)


def key_of(recorded: RecordedEvent) -> str:
    """Return the key of the aggregate in whose stream an event stands."""
    return recorded.stream.partition("-")[2]


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A fold of the log into a view.

    Attributes:
        schema: Changes with the tables or with the folds; a view of another schema is rebuilt.
        folds: For each kind of event that changes anything, what it changes.
    """

    name: str
    schema: int
    tables: tuple[Table, ...]
    folds: Mapping[type[Event], Fold]

    def project(self, recorded: RecordedEvent) -> Iterable[Change]:
        """Return the changes of one event."""
        fold = self.folds.get(type(recorded.event))
        return () if fold is None else fold(recorded, recorded.event)
