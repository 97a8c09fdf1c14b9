"""Keeping views up with the log: inline, in the transaction of an append, or by catching up.

- One fold serves both, and rebuilding. A page of events and the checkpoint are written together, so
  that a crash at any moment leaves views that are merely behind; the next catch-up heals them.
- An event that a view cannot take is parked for that view, with its cause, in the transaction of its
  page. The view goes on with the next event, and the other views are not concerned.
- A store that cannot be read or written parks nothing: what failed may be tried again.
- Inline nothing is parked. The append is undone and done again without the views, which then catch up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from stemmata_domain.errors import ChangeImpossible, StoreUnavailable
from stemmata_domain.handling import ViewsCannotTake
from stemmata_domain.ports import EventStore
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Change
from stemmata_projections.pages import Page, cause_of, changes_of, folds_of, read_page
from stemmata_projections.projection import Projection
from stemmata_projections.view_store import Parked, SharesTransactions, ViewStore

Progress = Callable[[int, int], None]

PAGE = 2_000
"""How many events are followed in one transaction."""

_logger = logging.getLogger(__name__)


class Runner:
    """Runs projections over the log of one event store into one view store."""

    def __init__(
        self,
        events: EventStore,
        views: ViewStore,
        projections: Sequence[Projection],
        *,
        page: int = PAGE,
    ) -> None:
        """Make the tables where they are missing; nothing is followed yet.

        Args:
            page: How many events are followed in one transaction; while it lasts nobody else writes
                to the store of the views.
        """
        self._events = events
        self._views = views
        self._projections = tuple(projections)
        self._names = tuple(projection.name for projection in projections)
        self._folds = folds_of(projections)
        self._page = page
        self.is_inline = isinstance(views, SharesTransactions) and views.joins(events)
        self._own = _Own()
        views.prepare(projections)

    @property
    def views(self) -> ViewStore:
        """The views themselves, with whatever their store can do besides."""
        return self._views

    @property
    def projections(self) -> Sequence[Projection]:
        """What is run here."""
        return self._projections

    def inline(self, recorded: Sequence[RecordedEvent]) -> None:
        """Follow events within the transaction that appends them.

        Views that were behind stay behind, until :meth:`keep_up`.

        Raises:
            ViewsCannotTake: A view cannot take an event, which :meth:`keep_up` will park.
        """
        after, upto = recorded[0].position - 1, recorded[-1].position
        try:
            changes = changes_of(self._folds, recorded)
            if not self._views.apply(self._names, changes, after=after, upto=upto):
                self._own.lags = True
                for each in self._projections:
                    changes = changes_of(folds_of((each,)), recorded)
                    self._views.apply((each.name,), changes, after=after, upto=upto)
        except ChangeImpossible as error:
            self._own.lags = True
            raise ViewsCannotTake from error

    def keep_up(self) -> None:
        """See to it that the views show what was just appended, which inline they mostly do already.

        Raises:
            StoreUnavailable: Another release keeps these views in another shape.
        """
        if self._own.lags or not self.is_inline:
            self.catch_up()
            self._own.lags = False

    def catch_up(self, *, progress: Progress | None = None) -> int:
        """Follow the log up to its head, and return the position of the head.

        Nobody may hold the right to append on this thread: :meth:`catch_up_within` is for that.

        Args:
            progress: Called with the position that all views have reached, and that of the head.

        Raises:
            StoreUnavailable: Another release keeps these views in another shape.
            EventUnreadable: An event cannot be read, and the event store does not say which.
        """
        return self._catch_up(progress, parks=True)

    def catch_up_within(self) -> int:
        """Follow the log up to its head while the right to append is held, and return its position.

        Raises:
            ViewsCannotTake: A view cannot take an event. The block that holds the right has to end by
                it, and what it says is to be done parks the event.
            StoreUnavailable: Another release keeps these views in another shape.
        """
        return self._catch_up(None, parks=False)

    def _catch_up(self, progress: Progress | None, *, parks: bool) -> int:
        head = self._events.head()
        standing = {name: self._views.checkpoint(name) for name in self._names}
        while standing and (after := min(standing.values())) < head:
            behind = [each for each in self._projections if standing[each.name] == after]
            # Views that stand apart meet where the next one stands, and read the log once from there.
            stop = min((each for each in standing.values() if each > after), default=None)
            page = read_page(self._events, after=after, limit=self._page, stop=stop)
            reached = self._follow(behind, page, after=after, parks=parks)
            if all(position == after for position in reached.values()):
                why = "another release keeps it in another shape; end one of the two"
                raise StoreUnavailable(store=f"view {behind[0].name!r}", why=why)
            standing.update(reached)
            if progress is not None:
                progress(min(standing.values()), head)
        return head

    def _follow(
        self, projections: Sequence[Projection], page: Page, *, after: int, parks: bool
    ) -> dict[str, int]:
        """Follow a page of the log, and return where the views of *projections* stand then."""
        names = [each.name for each in projections]
        try:
            if page.unreadable is not None:
                raise ChangeImpossible(store="log", why=str(page.unreadable)) from page.unreadable
            changes = changes_of(folds_of(projections), page.events)
            if self._views.apply(names, changes, after=after, upto=page.upto):
                return dict.fromkeys(names, page.upto)
        except ChangeImpossible as error:
            if not parks:
                raise ViewsCannotTake(meanwhile=self.catch_up) from error
            for each in projections:
                self._apply(each.name, _taken_apart(each, page), after=after, upto=page.upto)
        # Perhaps somebody else follows the same log into the same views, and was faster.
        return {name: self._views.checkpoint(name) for name in names}

    def _apply(self, name: str, pieces: Sequence[_Piece], *, after: int, upto: int) -> bool:
        """Apply what can be applied of a page, and park the rest; False if somebody was faster."""
        changes = [(each.position, change) for each in pieces for change in each.changes]
        parked = [Parked(name, each.position, each.cause) for each in pieces if each.cause]
        try:
            if not self._views.apply([name], changes, after=after, upto=upto, parked=parked):
                return False
        except ChangeImpossible as error:
            if len(pieces) == 1:
                if not changes:
                    raise
                lone = _Piece(pieces[0].position, (), cause_of(error))
                return self._apply(name, [lone], after=after, upto=upto)
            first, second = pieces[: len(pieces) // 2], pieces[len(pieces) // 2 :]
            middle = first[-1].position
            return self._apply(name, first, after=after, upto=middle) and self._apply(
                name, second, after=middle, upto=upto
            )
        for each in parked:
            _logger.warning(
                "The view %r cannot take the event at position %d, which is parked: %s",
                each.projection,
                each.position,
                each.cause,
            )
        return True


class _Own(threading.local):
    """What concerns one thread: another one may catch up before the append of this one is there."""

    lags = False


class _Piece(NamedTuple):
    """What one event changes in one view, or why the view cannot take it."""

    position: int
    changes: Sequence[Change]
    cause: str = ""


def _taken_apart(projection: Projection, page: Page) -> list[_Piece]:
    """Return what each event of a page changes in a view."""
    if page.unreadable is not None:
        return [_Piece(page.upto, (), cause_of(page.unreadable))]
    pieces = []
    for each in page.events:
        try:
            changes = [change for _, change in changes_of(folds_of((projection,)), (each,))]
            pieces.append(_Piece(each.position, changes))
        except ChangeImpossible as error:
            pieces.append(_Piece(each.position, (), cause_of(error)))
    return pieces
