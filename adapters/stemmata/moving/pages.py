"""Reading a log in pages that fit into memory, whatever the size of its events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from stemmata_domain.ports import HandsOverEvents, KeptEvent

MOST_EVENTS = 1_000
MOST_BYTES = 4 * 1024 * 1024


def kept_pages(
    store: HandsOverEvents, *, after: int = 0, upto: int
) -> Iterator[Sequence[KeptEvent]]:
    """Give the events of a store after a position up to another, in pages.

    A store is asked for a number of events and not of bytes, so the number follows what the last page
    weighed.
    """
    limit = MOST_EVENTS // 8
    while after < upto:
        page = store.read_kept(after=after, limit=limit)
        weight = sum(len(each.state) for each in page)
        if page and page[-1].position > upto:
            page = [each for each in page if each.position <= upto]
        if not page:
            return
        after = page[-1].position
        yield page
        limit = max(1, limit // 2) if weight > MOST_BYTES else min(MOST_EVENTS, limit * 2)


def kept_events(store: HandsOverEvents, *, upto: int) -> Iterator[KeptEvent]:
    """Give the events of a store up to a position, one by one."""
    return chain.from_iterable(kept_pages(store, upto=upto))


def in_pages(events: Iterable[KeptEvent]) -> Iterator[Sequence[KeptEvent]]:
    """Put events together into pages."""
    page: list[KeptEvent] = []
    weight = 0
    for event in events:
        page.append(event)
        weight += len(event.state)
        if len(page) == MOST_EVENTS or weight > MOST_BYTES:
            yield page
            page, weight = [], 0
    if page:
        yield page
