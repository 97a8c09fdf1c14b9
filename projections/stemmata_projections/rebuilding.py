"""Folding views anew beside those in use, while others read and write.

- Until the new views take the place of the old ones, in one step, nothing that anybody sees changes.
- They take place when they have followed the whole log, while nobody may append where the event store
  has turns; so they are never behind the old ones, and who has written sees what they wrote.
- Pages are short, so that those who write wait no longer than for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from stemmata_domain.errors import AbilityMissing, StoreUnavailable
from stemmata_domain.handling import ViewsCannotTake
from stemmata_domain.ports import EventStore, SerialisesWriters
from stemmata_projections.projection import Projection
from stemmata_projections.runner import Progress, Runner
from stemmata_projections.view_store import Parked, RebuildsBeside, ViewsBeside, ViewStore

PAGE = 1_000
"""How many events are followed while others wait to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What came of folding views anew.

    Attributes:
        position: How far they had followed the log when they took their place.
        parked: Events that they could not take either.
    """

    views: tuple[str, ...]
    position: int
    parked: tuple[Parked, ...]


def rebuild(
    events: EventStore,
    views: ViewStore,
    projections: Sequence[Projection],
    *,
    progress: Progress | None = None,
    page: int = PAGE,
) -> Rebuilt:
    """Fold the views of *projections* anew, and let them take the place of those in use.

    Args:
        progress: Called with the position that the new views have reached, and that of the head.
        page: How many events are followed in one transaction.

    Raises:
        AbilityMissing: The store cannot build views beside those in use.
        StoreUnavailable: Somebody else is rebuilding, or keeps these views in another shape.
    """
    if not isinstance(views, RebuildsBeside):
        raise AbilityMissing(
            store=f"view store {type(views).__name__}",
            ability="build views beside those in use",
            way="Close every handle, remove the views, and open the registry: they are made anew",
        )
    with views.beside(projections) as beside:
        runner = Runner(events, beside, projections, page=page)
        runner.catch_up(progress=progress)
        while (reached := _take_place(events, beside, runner)) is None:
            runner.catch_up()
            _check_followed(events, views, projections)
    names = tuple(each.name for each in projections)
    parked = tuple(each for each in views.parked() if each.projection in names)
    return Rebuilt(views=names, position=reached, parked=parked)


def _take_place(events: EventStore, beside: ViewsBeside, runner: Runner) -> int | None:
    """Follow the last events and take place; None if it has to be tried again."""
    try:
        with _writing(events):
            reached = runner.catch_up_within()
            return reached if beside.take_place() else None
    except ViewsCannotTake:
        return None


def _check_followed(
    events: EventStore, views: ViewStore, projections: Sequence[Projection]
) -> None:
    for each in projections:
        if views.checkpoint(each.name) > events.head():
            why = "it has followed a log that goes further than this one; remove the views"
            raise StoreUnavailable(store=f"view {each.name!r}", why=why)


def _writing(events: EventStore) -> AbstractContextManager[object]:
    return events.writing() if isinstance(events, SerialisesWriters) else nullcontext()
