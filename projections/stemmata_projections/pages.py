"""Pages of the log, as far as they can be read and folded.

- An event that cannot be read is a page of its own, so that who follows the log gets past it.
- What a fold raises makes its event one that the view cannot take; nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from stemmata_domain.errors import ChangeImpossible, EventUnreadable
from stemmata_domain.events import Event
from stemmata_domain.ports import EventStore
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Change
from stemmata_projections.projection import Fold, Projection

_LONGEST_CAUSE = 1_000


class Page(NamedTuple):
    """Events that follow each other in the log, or one that cannot be read.

    Attributes:
        upto: Position of the last of them.
        unreadable: Why the one at `upto` cannot be read; then there are no events.
    """

    events: Sequence[RecordedEvent]
    upto: int
    unreadable: EventUnreadable | None = None


def read_page(events: EventStore, *, after: int, limit: int, stop: int | None = None) -> Page:
    """Read what follows a position in the log; there is something.

    Args:
        stop: Position up to which the page goes at most; it is that of an event.

    Raises:
        EventUnreadable: An event cannot be read, and the store does not tell its position.
    """
    while True:
        try:
            found = events.read_all(after=after, limit=limit)
        except EventUnreadable as error:
            # Positions may have gaps, so that this only says how many stand before it at most.
            before = -1 if error.position is None else error.position - after - 1
            if error.position is None or before < 0:
                raise
            if before == 0 or limit == 1:
                return Page((), error.position, error)
            limit = before if before < limit else limit // 2
        else:
            found = [each for each in found if stop is None or each.position <= stop]
            return Page(found, found[-1].position)


Folds = dict[type[Event], tuple[Fold, ...]]


def folds_of(projections: Iterable[Projection]) -> Folds:
    """Return what is to be done for each kind of event: most projections care for few kinds."""
    folds: Folds = {}
    for projection in projections:
        for kind, fold in projection.folds.items():
            folds[kind] = (*folds.get(kind, ()), fold)
    return folds


def changes_of(folds: Folds, recorded: Iterable[RecordedEvent]) -> Iterator[tuple[int, Change]]:
    """Yield what events change, each change with the position of its event.

    Raises:
        ChangeImpossible: A fold cannot take one of them.
    """
    try:
        for each in recorded:
            position, event = each.position, each.event
            for fold in folds.get(type(event), ()):
                for change in fold(each, event):
                    yield position, change
    except MemoryError:
        raise
    except Exception as error:
        raise ChangeImpossible(store="fold", why=cause_of(error)) from error


def cause_of(error: Exception) -> str:
    """Return what went wrong, in words that every store can keep."""
    match error:
        case ChangeImpossible(why=why):
            cause = why
        case EventUnreadable():
            cause = str(error)
        case _:
            cause = f"{type(error).__name__}: {error}"
    cause = cause.encode(errors="backslashreplace").decode().replace("\0", "\\0")
    return cause if len(cause) <= _LONGEST_CAUSE else f"{cause[: _LONGEST_CAUSE - 1]}…"
