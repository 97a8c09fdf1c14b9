"""Keeping views up with the log: inline, in the transaction of an append, or by catching up.

One fold serves both. A page of events and the checkpoint are written together, so that a crash at any
moment leaves views that are merely behind; the next catch-up heals them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from stemmata_domain.errors import StoreUnavailable
from stemmata_domain.events import Event
from stemmata_domain.ports import EventStore
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Change
from stemmata_projections.projection import Fold, Projection
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
        self._folds = _folds(projections)
        self.is_inline = isinstance(views, SharesTransactions) and views.joins(events)
        self._lags = False
        views.prepare(projections)

    def inline(self, recorded: Sequence[RecordedEvent]) -> None:
        """Follow events within the transaction that appends them.

        Views that were behind stay behind, until :meth:`keep_up`.
        """
        after, upto = recorded[0].position - 1, recorded[-1].position
        changes = _changes(self._folds, recorded)
        if not self._views.apply(self._names, changes, after=after, upto=upto):
            self._lags = True
            for each in self._projections:
                changes = _changes(_folds((each,)), recorded)
                self._views.apply((each.name,), changes, after=after, upto=upto)

    def keep_up(self) -> None:
        """See to it that the views show what was just appended, which inline they mostly do already.

        Raises:
            StoreUnavailable: Another release keeps these views in another shape.
        """
        if self._lags or not self.is_inline:
            self._lags = False
            self.catch_up()

    def catch_up(self, *, progress: Progress | None = None) -> int:
        """Follow the log up to its head, and return the position of the head.

        Args:
            progress: Called with the position that all views have reached, and that of the head.

        Raises:
            StoreUnavailable: Another release keeps these views in another shape.
        """
        head = self._events.head()
        standing = {name: self._views.checkpoint(name) for name in self._names}
        while standing and (after := min(standing.values())) < head:
            behind = [each for each in self._projections if standing[each.name] == after]
            # Views that stand apart meet where the next one stands, and read the log once from there.
            stop = min((each for each in standing.values() if each > after), default=None)
            reached = self._follow(behind, after=after, stop=stop)
            if all(position == after for position in reached.values()):
                why = "another release keeps it in another shape; end one of the two"
                raise StoreUnavailable(store=f"view {behind[0].name!r}", why=why)
            standing.update(reached)
            if progress is not None:
                progress(min(standing.values()), head)
        return head

    def _follow(
        self, projections: Sequence[Projection], *, after: int, stop: int | None
    ) -> dict[str, int]:
        """Follow a page of the log, and return where the views of *projections* stand then."""
        page = self._events.read_all(after=after, limit=_PAGE)
        if stop is not None:
            page = [each for each in page if each.position <= stop]
        upto = page[-1].position
        names = [each.name for each in projections]
        changes = _changes(_folds(projections), page)
        if self._views.apply(names, changes, after=after, upto=upto):
            return dict.fromkeys(names, upto)
        # Somebody else follows the same log into the same views, and was faster.
        return {name: self._views.checkpoint(name) for name in names}


_Folds = dict[type[Event], tuple[Fold, ...]]


def _folds(projections: Iterable[Projection]) -> _Folds:
    """Return what is to be done for each kind of event: most projections care for few kinds."""
    folds: _Folds = {}
    for projection in projections:
        for kind, fold in projection.folds.items():
            folds[kind] = (*folds.get(kind, ()), fold)
    return folds


def _changes(folds: _Folds, recorded: Iterable[RecordedEvent]) -> list[tuple[int, Change]]:
    return [
        (each.position, change)
        for each in recorded
        for fold in folds.get(type(each.event), ())
        for change in fold(each, each.event)
    ]
