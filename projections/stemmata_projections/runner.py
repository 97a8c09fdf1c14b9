"""Keeping views up with the log: inline, in the transaction of an append, or by catching up.

One fold serves both. A page of events and the checkpoint are written together, so that a crash at any
moment leaves views that are merely behind; the next catch-up heals them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from stemmata_domain.ports import EventStore
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Change
from stemmata_projections.projection import Projection
from stemmata_projections.view_store import SharesTransactions, ViewStore

Progress = Callable[[int, int], None]

_PAGE = 2_000


class Runner:
    """Runs projections over the log of one event store into one view store."""

    def __init__(
        self, events: EventStore, views: ViewStore, projections: Sequence[Projection]
    ) -> None:
        """Make the tables where they are missing; nothing is followed yet."""
        self._events = events
        self._views = views
        self._projections = tuple(projections)
        self._names = tuple(projection.name for projection in projections)
        self.is_inline = isinstance(views, SharesTransactions) and views.joins(events)
        views.prepare(projections)

    def inline(self, recorded: Sequence[RecordedEvent]) -> None:
        """Follow events within the transaction that appends them.

        Views that were behind stay behind, to be caught up.
        """
        first, last = recorded[0].position, recorded[-1].position
        self._views.apply(self._names, self._changes(recorded), after=first - 1, upto=last)

    def catch_up(self, *, progress: Progress | None = None) -> int:
        """Follow the log up to its head, and return the position reached.

        Args:
            progress: Called with the position reached and the position of the head.
        """
        head = self._events.head()
        for projection in self._projections:
            self._follow(projection, head, progress)
        return head

    def _follow(self, projection: Projection, head: int, progress: Progress | None) -> None:
        names = (projection.name,)
        at = self._views.checkpoint(projection.name)
        while at < head:
            page = self._events.read_all(after=at, limit=_PAGE)
            if not page:
                return
            upto = page[-1].position
            changes = (
                (event.position, change) for event in page for change in projection.project(event)
            )
            if self._views.apply(names, changes, after=at, upto=upto):
                at = upto
            else:
                # Somebody else follows the same log into the same view, and was faster.
                at = self._views.checkpoint(projection.name)
            if progress is not None:
                progress(at, head)

    def _changes(self, recorded: Sequence[RecordedEvent]) -> Iterator[tuple[int, Change]]:
        for event in recorded:
            for projection in self._projections:
                for change in projection.project(event):
                    yield event.position, change
