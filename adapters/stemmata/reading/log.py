"""What happened: the log itself, and what it says of one thing."""

from __future__ import annotations

from collections.abc import Iterator

from stemmata.history import History
from stemmata.reading.base import Asking
from stemmata_domain.recorded import RecordedEvent

_PAGE = 1_000


class LogQueries(Asking):
    """The events, all of them or those of one thing."""

    def history(self, name: str) -> list[RecordedEvent]:
        """Return how the artifact, collection or version *name* came to be as it is, in order."""
        found = History(self._events, self.index, self.graph).of(name)
        return found if self.at is None else [each for each in found if each.position <= self.at]

    def replay(self, *, after: int = 0, until: int | None = None) -> Iterator[RecordedEvent]:
        """Yield the events after a position, up to another one and with it.

        Without *until* that is the head as it is when the end is reached, or the position asked about.
        """
        ends = [each for each in (until, self.at) if each is not None]
        last = min(ends, default=None)
        while page := self._events.read_all(after=after, limit=_PAGE):
            for recorded in page:
                if last is not None and recorded.position > last:
                    return
                yield recorded
            after = page[-1].position
