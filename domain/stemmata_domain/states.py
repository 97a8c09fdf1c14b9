"""The states of aggregates, kept while they are current.

- A state that is at hand is brought up to date by the tail of its stream; one that is not is folded
  from the newest snapshot, or from the start.
- As long as nobody else has written to the store, nothing is read at all.
- In a hurry, because others wait, nothing long is read: :class:`LongToRead` says what to read first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from stemmata_domain.decider import Decider
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.names import unstorable
from stemmata_domain.ports import NO_STREAM, EventStore, KeepsSnapshots, Snapshot
from stemmata_domain.recorded import RecordedEvent

State = TypeVar("State")
Command = TypeVar("Command")

_PAGE = 500
_SHORT = 256
_SNAPSHOT_GROWTH = 0.02
SNAPSHOT_AFTER = 2_000
"""By how many events a stream grows at least until its next snapshot, if nothing else is said."""


class LongToRead(Exception):
    """A state cannot be had in a hurry; `States.read_ahead` gets most of it."""

    def __init__(self, decider: Decider[Any, Any], stream: str) -> None:
        super().__init__(stream)
        self.decider = decider
        self.stream = stream


@dataclass(slots=True)
class Loaded(Generic[State]):
    """A state, the version of its stream that it stands for, and when that was last checked."""

    decider: Decider[State, object]
    state: State
    version: int
    checked_at: int
    snapshot_version: int = NO_STREAM


class States:
    """The states of one event store's aggregates. One command at a time uses it."""

    def __init__(
        self,
        store: EventStore,
        *,
        keep: int = 4_096,
        snapshot_after: int | None = None,
        told: Callable[[int], object] | None = None,
    ) -> None:
        """Keep no state yet.

        Args:
            keep: How many states are kept.
            snapshot_after: By how many events a stream grows at least until its next snapshot.
            told: Called while a long stream is folded, with how many of its events were.
        """
        self._store = store
        self._told = told
        self._snapshot_after = snapshot_after
        self._snapshots = store if isinstance(store, KeepsSnapshots) else None
        self._keep = keep
        self._loaded: OrderedDict[str, Loaded[Any]] = OrderedDict()
        self._head = 0
        self._others_wrote_at = 0
        self._hurries = False
        self._long_since_snapshot: set[str] = set()

    def begin(self, *, hurries: bool = False) -> None:
        """Find out whether somebody else has written since the last command.

        Args:
            hurries: Whether to raise `LongToRead` rather than read much.
        """
        self._hurries = hurries
        head = self._store.head()
        if head != self._head:
            self._head = self._others_wrote_at = head
        while len(self._loaded) > self._keep:
            self._loaded.popitem(last=False)

    def forget(self) -> None:
        """Drop what may be out of date, after a conflict or a failed append."""
        self._loaded.clear()

    def load(self, decider: Decider[State, Command], stream: str) -> Loaded[State]:
        """Return the current state of the aggregate in *stream*.

        Raises:
            InvalidSetting: No stream can be called that.
            LongToRead: It takes long, and there is a hurry.
        """
        known: Loaded[State] | None = self._loaded.get(stream)
        if known is None:
            if unstorable(stream) is not None:
                rule = "must be valid Unicode without NUL"
                raise InvalidSetting(setting="name", value=stream, rule=rule)
            known = self._from_snapshot(cast("Decider[State, object]", decider), stream)
            self._read_tail(known, stream)
            self._loaded[stream] = known
            return known
        if known.checked_at >= self._others_wrote_at:
            self._loaded.move_to_end(stream)
        else:
            self._read_tail(known, stream)
        return known

    def read_ahead(self, long: LongToRead) -> None:
        """Read what took too long in a hurry; what is appended meanwhile is a short tail then."""
        self._hurries = False
        # Taken away until it is read: one that was read in part is not to be decided on.
        known = self._loaded.pop(long.stream, None)
        if known is None:
            known = self._from_snapshot(long.decider, long.stream)
        self._read_tail(known, long.stream)
        self._loaded[long.stream] = known

    def _from_snapshot(self, decider: Decider[State, object], stream: str) -> Loaded[State]:
        if decider.snapshots is not None and self._snapshots is not None:
            # Not even a snapshot is read in a hurry: a stream that is worth one is long.
            if self._hurries and self._store.read_stream(stream, after=_SHORT, limit=1):
                raise LongToRead(decider, stream)
            snapshot = None if self._hurries else self._snapshots.load_snapshot(stream)
            if snapshot is not None and snapshot.schema == decider.snapshots.schema:
                # One that is damaged is as good as none: the events are there.
                with suppress(ValueError, LookupError, TypeError):
                    state = decider.snapshots.read(snapshot.body)
                    return Loaded(decider, state, snapshot.version, 0, snapshot.version)
        return Loaded(decider, decider.initial, NO_STREAM, 0)

    def _read_tail(self, known: Loaded[State], stream: str) -> None:
        limit = _SHORT if self._hurries else _PAGE
        page = self._store.read_stream(stream, after=known.version, limit=limit)
        if len(page) == limit:
            if self._hurries:
                raise LongToRead(known.decider, stream)
            self._read_long(known, stream, page)
        else:
            known.state = known.decider.fold((r.event for r in page), known.state)
            known.version += len(page)
        known.checked_at = self._head
        self._note_growth(known, stream)

    def _read_long(self, known: Loaded[State], stream: str, page: Sequence[RecordedEvent]) -> None:
        state, version = known.state, known.version
        while page:
            state = known.decider.fold((r.event for r in page), state)
            version += len(page)
            if self._told is not None:
                self._told(version + 1)
            page = self._store.read_stream(stream, after=version, limit=_PAGE)
        known.state, known.version = state, version

    def _note_growth(self, known: Loaded[State], stream: str) -> None:
        if self._has_grown(known):
            self._long_since_snapshot.add(stream)

    def _has_grown(self, known: Loaded[Any]) -> bool:
        grown = known.version - known.snapshot_version
        least = self._snapshot_after or SNAPSHOT_AFTER
        return grown >= max(least, _SNAPSHOT_GROWTH * known.version)

    def recorded(self, events: list[RecordedEvent], states: dict[str, object]) -> None:
        """Take over what this process has just appended: the events, and the states after them."""
        if events[0].position == self._head + 1:
            self._head = events[-1].position
        for event in events:
            self._loaded[event.stream].version = event.version
        for stream, state in states.items():
            known = self._loaded[stream]
            known.state = state
            known.checked_at = self._head
            self._note_growth(known, stream)

    def snapshots_due(self) -> list[Snapshot]:
        """Return snapshots of the states that have grown enough since their last one.

        States that were only read count too: what took long to fold once need not again.

        Raises:
            StorageFailed: It cannot be told which snapshots there are.
        """
        long_since, self._long_since_snapshot = self._long_since_snapshot, set()
        due = []
        for stream in long_since:
            known = self._loaded.get(stream)
            if known is None or known.decider.snapshots is None or self._snapshots is None:
                continue
            writer = known.decider.snapshots
            # Of all the processes that saw the stream grow, one is enough.
            kept = self._snapshots.load_snapshot(stream)
            if kept is not None and kept.schema == writer.schema:
                known.snapshot_version = max(known.snapshot_version, kept.version)
            if self._has_grown(known):
                known.snapshot_version = known.version
                # A log that others wrote may hold numbers that a snapshot has no room for.
                with suppress(OverflowError):
                    body = writer.write(known.state)
                    due.append(Snapshot(stream, known.version, writer.schema, body))
                    # What changes from now on is little beside it, when the next one is written.
                    known.state = writer.read(body)
        return due
