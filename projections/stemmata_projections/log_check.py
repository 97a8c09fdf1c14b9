"""Whether a log is whole: looked at while something else follows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stemmata_domain.errors import EventUnreadable
from stemmata_domain.ports import NO_STREAM, Append, EventStore
from stemmata_domain.recorded import Context, RecordedEvent

MOST_FAULTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """What was found in a log.

    Attributes:
        position: Of the last event that was looked at.
        events: How many there are up to it.
        faults: How many of them are unreadable or out of order.
        first: What is wrong with the first ones, in words.
    """

    position: int
    events: int
    streams: int
    faults: int
    first: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.faults == 0


class LogCheck:
    """A log that is read through here, and looked at meanwhile, once from its beginning to its end.

    - Positions grow.
    - The versions of each stream follow each other from 0; what cannot be read may be of any stream,
      so that after it a gap tells nothing more.
    - Every event can be read.

    Memory grows with the number of streams, by some hundred bytes each.
    """

    def __init__(self, events: EventStore) -> None:
        self._events = events
        self._head = events.head()
        self._at = 0
        self._count = 0
        self._versions: dict[str, int] = {}
        self._unreadable: set[int] = set()
        self._faults = 0
        self._first: list[str] = []

    def report(self) -> LogReport:
        """Return what was found so far."""
        return LogReport(
            position=max(self._at, *self._unreadable, 0),
            events=self._count,
            streams=len(self._versions),
            faults=self._faults,
            first=tuple(self._first),
        )

    def head(self) -> int:
        """Return the position of what was the last event when the check began."""
        return self._head

    def read_all(self, *, after: int = 0, limit: int = 1000) -> Sequence[RecordedEvent]:
        """Return events after a position, and look at them."""
        try:
            page = self._events.read_all(after=after, limit=limit)
        except EventUnreadable as error:
            if error.position is not None:
                self._note_unreadable(error, error.position)
            raise
        before = after
        for each in page:
            if each.position <= before:
                self._note(f"position {each.position} comes after position {before}")
            before = each.position
            if each.position > self._at:
                self._look_at(each)
        return page

    def _look_at(self, recorded: RecordedEvent) -> None:
        self._at = recorded.position
        self._count += 1
        last = self._versions.get(recorded.stream, NO_STREAM)
        self._versions[recorded.stream] = recorded.version
        missing = recorded.version - last - 1
        if missing and not 0 < missing <= len(self._unreadable):
            self._note(
                f"position {recorded.position}: version {recorded.version} of stream "
                f"{recorded.stream!r} comes after version {last}"
            )

    def _note_unreadable(self, error: EventUnreadable, position: int) -> None:
        if position not in self._unreadable:
            self._unreadable.add(position)
            self._count += 1
            self._note(str(error))

    def _note(self, fault: str) -> None:
        self._faults += 1
        if len(self._first) < MOST_FAULTS:
            self._first.append(fault)

    def read_stream(
        self, stream: str, *, after: int = NO_STREAM, limit: int | None = None
    ) -> Sequence[RecordedEvent]:
        """Return the events of a stream; nothing is looked at."""
        return self._events.read_stream(stream, after=after, limit=limit)

    def append(self, appends: Sequence[Append], context: Context) -> Sequence[RecordedEvent]:
        """Append to the log itself."""
        return self._events.append(appends, context)

    def close(self) -> None:
        """Do nothing; the log stays open."""
