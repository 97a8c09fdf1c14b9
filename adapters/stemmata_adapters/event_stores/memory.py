"""The event store in memory: the reference that every other store is compared with.

It is the library's own in-memory recorder, with the checks and the turn-taking that the port asks for.
What it holds is gone with the process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from stemmata_adapters.event_stores.following import check_following
from stemmata_adapters.event_stores.recorder import RecorderEventStore
from stemmata_adapters.sleepers import Sleepers
from stemmata_domain.errors import StoreUnavailable, WrongExpectedVersion
from stemmata_domain.ports import IdSource, KeptEvent, Snapshot

_NAME = "the event store in memory"


class MemoryRecorder(POPOApplicationRecorder):
    """The library's recorder in memory; it tells positions, and checks expected versions."""

    def __init__(self) -> None:
        super().__init__()
        self.sleepers = Sleepers()

    def _notify_listeners(self) -> None:
        super()._notify_listeners()
        # Within a block that may still be undone, they wait for its end in order to read.
        self.sleepers.wake()

    def insert_expecting(
        self, stored_events: Sequence[StoredEvent], expected: Sequence[tuple[str, int]]
    ) -> Sequence[int]:
        """Insert the events if each stream is where it is expected."""
        with self._database_lock:
            for stream, at in expected:
                actual = self._last_version(stream)
                if actual != at:
                    raise WrongExpectedVersion(stream=stream, expected=at, actual=actual)
            return self.insert_events(stored_events) or ()

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """Return stored events with their positions."""
        with self._database_lock:
            index = self._stored_events_index.get(str(originator_id), {})
            first = 0 if gt is None else gt + 1
            end = len(index) if lte is None else min(len(index), lte + 1)
            versions = range(end - 1, first - 1, -1) if desc else range(first, end)
            chosen = versions if limit is None else versions[:limit]
            return [self._notification(index[version]) for version in chosen]

    def insert_kept(self, events: Sequence[KeptEvent], *, after: int) -> None:
        """Insert events at their own positions, which are those that come next, or none of them."""
        with self._database_lock:
            head = len(self._stored_events)
            check_following(
                events, after=after, head=head, last_version=self._last_version, store=_NAME
            )
            for next_, event in enumerate(events, head + 1):
                if event.position != next_:
                    why = f"it can keep no position free, and position {next_} is missing"
                    raise StoreUnavailable(store=_NAME, why=why)
            self.insert_events([StoredEvent(*event[1:]) for event in events])

    def _last_version(self, stream: str) -> int:
        return len(self._stored_events_index.get(stream, ())) - 1

    def _notification(self, place: int) -> Notification:
        s = self._stored_events[place]
        return Notification(s.originator_id, s.originator_version, s.topic, s.state, place + 1)

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Hold the recorder; take back what was inserted inside if the block fails."""
        with self._database_lock:
            before = len(self._stored_events)
            try:
                yield
            except BaseException:
                for stored in self._stored_events[before:]:
                    stream = str(stored.originator_id)
                    del self._stored_events_index[stream][stored.originator_version]
                del self._stored_events[before:]
                raise


class MemoryWatch:
    """Notices appends; for one thread."""

    def __init__(self, recorder: MemoryRecorder) -> None:
        self._sleepers = recorder.sleepers
        self._woken = threading.Event()
        self._ended = False
        self._sleepers.add(self)

    def wait(self, timeout: float) -> None:
        """Return as soon as anything was appended; see the port."""
        if not self._ended:
            self._woken.wait(timeout)
            self._woken.clear()

    def wake(self) -> None:
        """End a wait, or the next one."""
        self._woken.set()

    def close(self) -> None:
        """End the watch; see the port."""
        self.end()
        self._sleepers.discard(self)

    def end(self) -> None:
        """End all waits for good."""
        self._ended = True
        self._woken.set()


class MemoryEventStore(RecorderEventStore):
    """An event store in memory. One writer at a time; it keeps snapshots and cursors."""

    recorder: MemoryRecorder

    def __init__(self, *, ids: IdSource) -> None:
        super().__init__(MemoryRecorder(), ids=ids)
        self._snapshots: dict[str, Snapshot] = {}
        self._keeping = threading.Lock()
        self._cursors: dict[str, int] = {}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the right to append; see the port."""
        with self.recorder.undone_on_error():
            yield

    def take_over(self, events: Sequence[KeptEvent], *, after: int) -> None:
        """Append events that another store kept; see the port. No position may be left out."""
        self.recorder.insert_kept(events, after=after)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; see the port."""
        with self._keeping:
            before = self._snapshots.get(snapshot.stream)
            if before is None or before.version <= snapshot.version:
                self._snapshots[snapshot.stream] = snapshot

    def load_snapshot(self, stream: str) -> Snapshot | None:
        """Return the newest snapshot; see the port."""
        return self._snapshots.get(stream)

    def watch(self) -> MemoryWatch:
        """Begin to notice appends; see the port."""
        return MemoryWatch(self.recorder)

    def save_cursor(self, name: str, position: int) -> None:
        """Remember a position; see the port."""
        with self._keeping:
            self._cursors[name] = position

    def load_cursor(self, name: str) -> int | None:
        """Return a position that was saved; see the port."""
        return self._cursors.get(name)

    def cursors(self) -> Mapping[str, int]:
        """Return all cursors; see the port."""
        with self._keeping:
            return dict(sorted(self._cursors.items()))

    def drop_cursor(self, name: str) -> None:
        """Forget a cursor; see the port."""
        with self._keeping:
            self._cursors.pop(name, None)

    def close(self) -> None:
        """End all waits; what was kept can still be read."""
        self.recorder.sleepers.end()


def open_url(url: str, *, ids: IdSource) -> MemoryEventStore:  # noqa: ARG001 (every scheme is called alike)
    """Return a new, empty store, whatever follows `memory://`."""
    return MemoryEventStore(ids=ids)
