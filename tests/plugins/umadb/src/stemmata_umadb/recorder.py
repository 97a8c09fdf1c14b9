"""A recorder of the `eventsourcing` library on the client of UmaDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from uuid import UUID

import umadb
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)

from stemmata_domain.errors import StoreUnavailable, WrongExpectedVersion
from stemmata_domain.ports import NO_STREAM

_FAILURES = (umadb.TransportError, umadb.CorruptionError, umadb.AuthenticationError, OSError)


class UmaRecorder(ApplicationRecorder):
    """Stored events on a UmaDB server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._is_closed = False
        with self._failing_well():
            self._client = umadb.Client(url)
            self._client.head()

    @contextmanager
    def _failing_well(self) -> Iterator[None]:
        if self._is_closed:
            raise StoreUnavailable(store=self._url, why="it was closed")
        try:
            yield
        except _FAILURES as error:
            raise StoreUnavailable(store=self._url, why=str(error)) from error

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: object) -> Sequence[int]:
        """Insert the events if all their places are free."""
        places = [_place(each.originator_id, each.originator_version) for each in stored_events]
        if len(set(places)) < len(places):
            raise IntegrityError("two events have one place in a stream")
        try:
            return self._append(stored_events, places)
        except umadb.IntegrityError as error:
            raise IntegrityError(str(error)) from error

    def insert_expecting(
        self, stored_events: Sequence[StoredEvent], expected: Sequence[tuple[str, int]]
    ) -> Sequence[int]:
        """Insert the events if each stream is where it is expected, which the server sees to."""
        for stream, at in expected:
            if at != NO_STREAM and not self._read(_place(stream, at), limit=1):
                raise self._elsewhere(stream, at)
        next_places = [_place(stream, at + 1) for stream, at in expected]
        if not stored_events:
            self._check(expected)
            return ()
        try:
            return self._append(stored_events, next_places)
        except umadb.IntegrityError as error:
            self._check(expected)
            stream, at = expected[0]
            raise WrongExpectedVersion(stream=stream, expected=at) from error

    def _check(self, expected: Sequence[tuple[str, int]]) -> None:
        for stream, at in expected:
            if self._read(_place(stream, at + 1), limit=1):
                raise self._elsewhere(stream, at)

    def _elsewhere(self, stream: str, expected: int) -> WrongExpectedVersion:
        last = self._read(_of(stream), limit=1, backwards=True)
        actual = last[0].originator_version if last else NO_STREAM
        return WrongExpectedVersion(stream=stream, expected=expected, actual=actual)

    def _append(self, stored_events: Sequence[StoredEvent], free: Iterable[str]) -> Sequence[int]:
        if not stored_events:
            return ()
        events = [
            umadb.Event(
                event_type=each.topic,
                data=each.state,
                tags=[
                    _of(each.originator_id),
                    _place(each.originator_id, each.originator_version),
                ],
            )
            for each in stored_events
        ]
        condition = umadb.AppendCondition(_tagged(*free))
        with self._failing_well():
            last = self._client.append(events, condition=condition)
        return list(range(last - len(events) + 1, last + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """Return stored events of a stream, with their positions."""
        stream = str(originator_id)
        last = None if lte is None else self._position(stream, lte)
        first = None if gt is None or gt < 0 else self._position(stream, gt)
        if gt is not None and gt >= 0 and first is None:
            return []
        begin = None if first is None else first + 1
        # Backwards the server begins at the end, and goes on to the beginning.
        start = last if desc else begin
        with self._failing_well():
            found = self._client.read(_tagged(_of(stream)), start=start, backwards=desc)
            within = self._within(map(_notification, found), begin, last, desc=desc)
            return list(islice(within, limit))

    @staticmethod
    def _within(
        found: Iterator[Notification], begin: int | None, last: int | None, *, desc: bool
    ) -> Iterator[Notification]:
        for each in found:
            if (
                (begin is not None and each.id < begin)
                if desc
                else (last is not None and each.id > last)
            ):
                return
            yield each

    def _position(self, stream: str, version: int) -> int | None:
        found = self._read(_place(stream, version), limit=1)
        return int(found[0].id) if found else None

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return stored events of all streams, in the order of their positions."""
        first = max((start or 0) + (0 if inclusive_of_start else 1), 1)
        with self._failing_well():
            found = self._client.read(_typed(topics), start=first, limit=limit)
            return [_notification(e) for e in found if stop is None or e.position <= stop]

    def max_notification_id(self) -> int | None:
        """Return the position of the last event."""
        with self._failing_well():
            return self._client.head()

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Return what hands out the events after a position, and those to come."""
        return UmaSubscription(self, gt, topics)

    def follow(self, after: int | None, topics: Sequence[str]) -> umadb.Subscription:
        """Return the server's own subscription."""
        with self._failing_well():
            return self._client.subscribe(_typed(topics), after=after)

    def _read(self, tag: str, *, limit: int, backwards: bool = False) -> list[Notification]:
        with self._failing_well():
            found = self._client.read(_tagged(tag), limit=limit, backwards=backwards)
            return [_notification(each) for each in found]

    def close(self) -> None:
        """End what is being read."""
        if not self._is_closed:
            self._client.close()
            self._is_closed = True


class UmaSubscription(Subscription[UmaRecorder]):
    """The events after a position, those to come included."""

    def __init__(
        self, recorder: UmaRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._following = recorder.follow(gt, topics)

    def stop(self) -> None:
        """Stop the subscription; whoever waits for an event stops waiting."""
        super().stop()
        self._following.cancel()

    def __next__(self) -> Notification:
        try:
            return _notification(next(self._following))
        except umadb.CancelledByUserError:
            raise StopIteration from None


def _of(stream: UUID | str) -> str:
    return f"stream:{stream}"


def _place(stream: UUID | str, version: int) -> str:
    return f"place:{version}:{stream}"


def _tagged(*tags: str) -> umadb.Query:
    return umadb.Query([umadb.QueryItem(tags=[tag]) for tag in tags])


def _typed(types: Sequence[str]) -> umadb.Query | None:
    return umadb.Query([umadb.QueryItem(types=types)]) if types else None


def _notification(sequenced: umadb.SequencedEvent) -> Notification:
    event = sequenced.event
    (place,) = (tag for tag in event.tags if tag.startswith("place:"))
    _, version, stream = place.split(":", 2)
    return Notification(
        stream, int(version), event.event_type, bytes(event.data), sequenced.position
    )
