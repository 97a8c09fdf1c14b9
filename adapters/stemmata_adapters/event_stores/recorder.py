"""An event store on any `eventsourcing` application recorder.

- The recorder's unique key of stream and version decides who was first.
- An expectation without events, and a gap in a stream, are looked for before the append. A recorder
  that can do so within its transaction says so (:class:`ChecksVersions`); with any other a race in
  between is possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    PersistenceError,
    StoredEvent,
)

from stemmata_adapters.event_stores.mapper import EventMapper
from stemmata_domain.errors import StoreUnavailable, WrongExpectedVersion
from stemmata_domain.ports import NO_STREAM, Append, IdSource, KeptEvent
from stemmata_domain.recorded import Context, RecordedEvent


@runtime_checkable
class ChecksVersions(Protocol):
    """A recorder that compares streams with expected versions in the transaction of its append."""

    def insert_expecting(
        self, stored_events: Sequence[StoredEvent], expected: Sequence[tuple[str, int]]
    ) -> Sequence[int]:
        """Insert the events if each stream is at its expected version; return the positions.

        Raises:
            WrongExpectedVersion: One is not; nothing was inserted.
        """
        ...


class RecorderEventStore:
    """The event store port on a recorder of the `eventsourcing` library."""

    def __init__(
        self, recorder: ApplicationRecorder, *, ids: IdSource, mapper: EventMapper | None = None
    ) -> None:
        self.recorder = recorder
        self._ids = ids
        self._mapper = mapper or EventMapper()
        # Asking a runtime protocol costs more than an append's look-ups; so it is asked once.
        self._checking = recorder if isinstance(recorder, ChecksVersions) else None

    def append(self, appends: Sequence[Append], context: Context) -> Sequence[RecordedEvent]:
        """Append the events and return them as recorded; see the port."""
        _check_distinct(appends)
        placed = [
            (stream, version, self._ids.new(), event)
            for stream, expected, events in appends
            for version, event in enumerate(events, expected + 1)
        ]
        stored = [
            self._mapper.stored(stream, version, event, id=id_, context=context)
            for stream, version, id_, event in placed
        ]
        positions = self._insert(stored, [(stream, at) for stream, at, _ in appends])
        actor, time, correlation, key = context
        return [
            RecordedEvent(position, stream, version, id_, time, actor, correlation, key, event)
            for position, (stream, version, id_, event) in zip(positions, placed, strict=True)
        ]

    def _insert(
        self, stored: Sequence[StoredEvent], expected: Sequence[tuple[str, int]]
    ) -> Sequence[int]:
        if self._checking is not None:
            return self._checking.insert_expecting(stored, expected)
        for stream, at in expected:
            self._check(stream, at)
        try:
            return self.recorder.insert_events(stored) or ()
        except IntegrityError as error:
            for stream, at in expected:
                self._check(stream, at)
            stream, at = expected[0]
            raise WrongExpectedVersion(stream=stream, expected=at) from error
        except PersistenceError as error:
            raise StoreUnavailable(store="event store", why=str(error)) from error

    def _check(self, stream: str, expected: int) -> None:
        last = self.recorder.select_events(stream, desc=True, limit=1)
        actual = last[0].originator_version if last else NO_STREAM
        if actual != expected:
            raise WrongExpectedVersion(stream=stream, expected=expected, actual=actual)

    def read_stream(
        self, stream: str, *, after: int = NO_STREAM, limit: int | None = None
    ) -> Sequence[RecordedEvent]:
        """Return the events of *stream* after a version; see the port.

        The position is 0 where the recorder does not tell it.
        """
        found = self.recorder.select_events(stream, gt=after, limit=limit)
        return [self._mapper.recorded(s, s.id if isinstance(s, Notification) else 0) for s in found]

    def read_all(self, *, after: int = 0, limit: int = 1000) -> Sequence[RecordedEvent]:
        """Return the events after a position; see the port."""
        found = self.recorder.select_notifications(after, limit, inclusive_of_start=False)
        return [self._mapper.recorded(notification, notification.id) for notification in found]

    def read_kept(self, *, after: int = 0, limit: int = 1000) -> Sequence[KeptEvent]:
        """Return the events after a position, unread; see the port."""
        found = self.recorder.select_notifications(after, limit, inclusive_of_start=False)
        return [self._mapper.kept(notification) for notification in found]

    def head(self) -> int:
        """Return the position of the last event; see the port."""
        return self.recorder.max_notification_id() or 0

    def close(self) -> None:
        """Let go of what the store holds open; a recorder alone holds nothing."""


def _check_distinct(appends: Sequence[Append]) -> None:
    seen = set()
    for stream, expected, _ in appends:
        if stream in seen:
            raise WrongExpectedVersion(stream=stream, expected=expected)
        seen.add(stream)
