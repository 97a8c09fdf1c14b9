"""Views that are brought up to the log before they are asked, where appends do not write them.

What this and other processes have appended is seen by the next question then, at the cost of asking
the log for its head.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from stemmata_projections.changes import Change
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row, Table
from stemmata_projections.view_store import HeldRow, Params, Parked, ViewStore

Found = TypeVar("Found", bound=Row)


class ViewsKeptUp:
    """A view store that catches up with a log before each question; it has no ability beyond the port."""

    def __init__(self, views: ViewStore, *, catch_up: Callable[[], object]) -> None:
        """Ask *views*.

        Args:
            catch_up: Brings the views up to the log; what it raises is raised by the question.
        """
        self._views = views
        self._catch_up = catch_up
        self._within = threading.local()

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables; see the port."""
        self._views.prepare(projections)

    def checkpoint(self, projection: str) -> int:
        """Return how far a view has come; see the port."""
        return self._views.checkpoint(projection)

    def apply(
        self,
        projections: Sequence[str],
        changes: Iterable[tuple[int, Change]],
        *,
        after: int,
        upto: int,
        parked: Sequence[Parked] = (),
    ) -> bool:
        """Apply a page of changes; see the port."""
        return self._views.apply(projections, changes, after=after, upto=upto, parked=parked)

    def parked(self) -> Sequence[Parked]:
        """Return what views could not take; see the port."""
        return self._views.parked()

    def query(
        self, query: Query[Found], params: Params, *, at: int | None = None, ever: bool = False
    ) -> Sequence[Found]:
        """Return what a query finds, by now; see the port."""
        if not self._is_within:
            self._catch_up()
        return self._views.query(query, params, at=at, ever=ever)

    def scan(self, table: Table) -> Iterator[HeldRow]:
        """Give every row of a table; see the port."""
        return self._views.scan(table)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold one state, that of now; see the port."""
        if self._is_within:
            yield
            return
        self._catch_up()
        with self._views.reading():
            self._within.reading = True
            try:
                yield
            finally:
                self._within.reading = False

    @property
    def _is_within(self) -> bool:
        return getattr(self._within, "reading", False)

    def close(self) -> None:
        """Close the views."""
        self._views.close()
