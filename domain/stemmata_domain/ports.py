"""What the domain needs of the world, as interfaces that adapters implement.

The contract suites in `stemmata_adapters.contracts` are the full statement of what each port promises.
An ability that not every store has is a protocol of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from stemmata_domain.events import Event
from stemmata_domain.recorded import Context, RecordedEvent

NO_STREAM = -1
"""The version of a stream that has no events."""


class Append(NamedTuple):
    """Events for one stream, and the version at which the stream is expected to be.

    Without events it only states the expectation: the append holds if the stream is still there.
    """

    stream: str
    expected: int
    events: tuple[Event, ...]


class Snapshot(NamedTuple):
    """A state written down, as it was after the event at `version` of its stream."""

    stream: str
    version: int
    schema: int
    body: bytes


class EventStore(Protocol):
    """An append-only log of streams.

    - An append is all or nothing, over any number of streams.
    - Positions grow in the order in which appends become visible: who has read up to a position
      will never find a new event at or before it.
    - What was read once is read the same for ever.
    """

    def append(self, appends: Sequence[Append], context: Context) -> Sequence[RecordedEvent]:
        """Append the events and return them as recorded; they are durable then.

        Raises:
            WrongExpectedVersion: A stream is elsewhere; nothing was written.
        """
        ...

    def read_stream(
        self, stream: str, *, after: int = NO_STREAM, limit: int | None = None
    ) -> Sequence[RecordedEvent]:
        """Return the events of *stream* after a version, in order."""
        ...

    def read_all(self, *, after: int = 0, limit: int = 1000) -> Sequence[RecordedEvent]:
        """Return the events of all streams after a position, in order."""
        ...

    def head(self) -> int:
        """Return the position of the last event, 0 if there is none."""
        ...

    def close(self) -> None:
        """Let go of what the store holds open."""
        ...


@runtime_checkable
class SerialisesWriters(Protocol):
    """A store that can let one writer at a time decide and append, so that nobody conflicts."""

    def writing(self) -> AbstractContextManager[object]:
        """Hold the right to append.

        Inside, reads on this thread see the newest events, and no other writer appends. What was
        appended inside becomes durable and visible when the block ends, all of it; if it ends by an
        exception, none of it.
        """
        ...


@runtime_checkable
class KeepsSnapshots(Protocol):
    """A store that can keep the newest snapshot of a stream. Snapshots may vanish at any time."""

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep *snapshot*, in place of an older one of the same stream."""
        ...

    def load_snapshot(self, stream: str) -> Snapshot | None:
        """Return the newest snapshot of *stream*."""
        ...


class KeptEvent(NamedTuple):
    """An event as a store keeps it: its place in the log, and bytes that are final.

    Attributes:
        topic: Says what kind of event the bytes are.
        state: The event and its envelope, as `stemmata_domain.codec` wrote them.
    """

    position: int
    stream: str
    version: int
    topic: str
    state: bytes


@runtime_checkable
class HandsOverEvents(Protocol):
    """A store whose events can move to another one, byte for byte."""

    def read_kept(self, *, after: int = 0, limit: int = 1000) -> Sequence[KeptEvent]:
        """Return the events of all streams after a position, in order, unread."""
        ...


@runtime_checkable
class TakesOverEvents(HandsOverEvents, Protocol):
    """A store to which events can move from another one, to the positions that they had there."""

    def take_over(self, events: Sequence[KeptEvent], *, after: int) -> None:
        """Append events that another store kept, at their own positions; they are durable then.

        Positions may leave some out, as those of the other store did.

        Raises:
            WrongExpectedVersion: An event does not follow its stream; nothing was written.
            StoreUnavailable: The head is not at *after*, or positions would not be the same; nothing
                was written.
        """
        ...


class Watch(Protocol):
    """Notices appends; for one thread."""

    def wait(self, timeout: float) -> None:
        """Return as soon as anything was appended since the last call, or since the watch began.

        It may return early, and does so after *timeout* seconds; who waits looks what there is.
        """
        ...

    def close(self) -> None:
        """End the watch; from another thread it ends a wait too. Closing again does nothing."""
        ...


@runtime_checkable
class TellsOfAppends(Protocol):
    """A store that tells when somebody appends, in this process at once, elsewhere within 50 ms."""

    def watch(self) -> Watch:
        """Begin to notice appends."""
        ...


@runtime_checkable
class KeepsCursors(Protocol):
    """A store that remembers how far named readers of its log have come."""

    def save_cursor(self, name: str, position: int) -> None:
        """Remember a position, in place of the last one; it is durable then."""
        ...

    def load_cursor(self, name: str) -> int | None:
        """Return the position that was saved last under *name*."""
        ...

    def cursors(self) -> Mapping[str, int]:
        """Return all cursors by their names."""
        ...

    def drop_cursor(self, name: str) -> None:
        """Forget a cursor; there may be none."""
        ...


@runtime_checkable
class DescribesItself(Protocol):
    """A store that can say what it is and where."""

    def description(self) -> Mapping[str, str | int]:
        """Return facts for people, under short names: nothing secret, such as a password in a URL."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the moment, with the UTC time zone."""
        ...


class IdSource(Protocol):
    """Gives ids that nobody else has."""

    def new(self) -> str:
        """Return a new id: a UUIDv7 as 32 hex digits."""
        ...
