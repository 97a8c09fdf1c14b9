"""Reading the events at some positions of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stemmata_domain.ports import EventStore
from stemmata_domain.recorded import RecordedEvent

_GAP = 4
"""Up to how many events are read needlessly, instead of going to the store once more."""
_BLOCK = 8


class Log:
    """The events of a store by their positions, each read once."""

    def __init__(self, events: EventStore) -> None:
        self._events = events
        self._known: dict[int, RecordedEvent] = {}

    def at(self, positions: Iterable[int]) -> list[RecordedEvent]:
        """Return the events at some positions, in that order."""
        wanted = list(positions)
        for first, last in _stretches(sorted({*wanted} - self._known.keys())):
            self._read(first, last)
        return [self._known[position] for position in wanted]

    def following(self, position: int) -> Iterator[RecordedEvent]:
        """Yield the events after a position, in order."""
        while (found := self._known.get(position + 1) or self._next(position)) is not None:
            yield found
            position = found.position

    def _next(self, position: int) -> RecordedEvent | None:
        page = self._events.read_all(after=position, limit=_BLOCK)
        self._known.update((each.position, each) for each in page)
        return page[0] if page else None

    def _read(self, first: int, last: int) -> None:
        page = self._events.read_all(after=first - 1, limit=last - first + 1)
        self._known.update((each.position, each) for each in page)


def _stretches(positions: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of positions that stand so near that one read finds them all."""
    if not positions:
        return
    first = last = positions[0]
    for position in positions[1:]:
        if position - last > _GAP:
            yield first, last
            first = position
        last = position
    yield first, last
