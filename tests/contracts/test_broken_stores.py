"""The contracts are worth something: stores that break a promise fail the test that states it."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.contracts.content_store import ContentStoreContract
from stemmata_adapters.contracts.event_store import (
    DurableEventStoreContract,
    EventStoreContract,
    Opener,
    TurnTakingContract,
)
from stemmata_adapters.contracts.view_store import ViewStoreContract
from stemmata_adapters.event_stores.memory import MemoryEventStore, MemoryRecorder
from stemmata_adapters.event_stores.recorder import RecorderEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_domain.errors import WrongExpectedVersion
from stemmata_domain.ports import NO_STREAM, Append, EventStore, KeptEvent
from stemmata_domain.recorded import Context, RecordedEvent
from stemmata_projections.changes import Change
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row, Table
from stemmata_projections.view_store import HeldRow, Params, Parked, ViewStore


class Events(EventStoreContract, TurnTakingContract, DurableEventStoreContract):
    __test__ = False

    def stored_rows(self, store: EventStore) -> list[KeptEvent]:
        return [
            KeptEvent(r.position, r.stream, r.version, r.event.topic, b"")
            for r in store.read_all(limit=10_000)
        ]


class Views(ViewStoreContract):
    __test__ = False

    def stored_rows(self, store: ViewStore, table: Table) -> list[HeldRow]:
        return list(store.scan(table))


class Content(ContentStoreContract):
    __test__ = False

    def corrupt(self, store: Any, sha256: str, data: bytes) -> None:
        store._blobs[sha256] = data


def fails(promise: Callable[..., None], *arguments: Any) -> None:
    """See a test of a contract fail, and the same test pass for a store that keeps it."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        promise(*arguments)


# --- positions that are handed out before the events are to be seen -------------------------


class EarlyPositions(MemoryRecorder):
    """Hands out a position first, and shows the event some time later, as a sequence in a database does."""

    def __init__(self) -> None:
        super().__init__()
        self._hidden: set[int] = set()

    def insert_expecting(
        self, stored_events: Sequence[StoredEvent], expected: Sequence[tuple[str, int]]
    ) -> Sequence[int]:
        with self._database_lock:
            positions = super().insert_expecting(stored_events, expected)
            self._hidden.update(positions)
        time.sleep(random.random() / 200)
        with self._database_lock:
            self._hidden.difference_update(positions)
        return positions

    def select_notifications(self, *args: Any, **kwargs: Any) -> Sequence[Notification]:
        with self._database_lock:
            found = super().select_notifications(*args, **kwargs)
            return [each for each in found if each.id not in self._hidden]


def test_positions_that_are_handed_out_before_the_commit_are_noticed_among_threads() -> None:
    promise = Events().test_a_tailing_reader_misses_nothing_while_threads_write
    promise(RecorderEventStore(MemoryRecorder(), ids=TimeOrderedIds()))
    fails(promise, RecorderEventStore(EarlyPositions(), ids=TimeOrderedIds()))


class EarlySqliteRecorder(POPOApplicationRecorder):
    """Events in a SQLite file, with positions of a counter that is read before the transaction."""

    def __init__(self, path: Path, *, early: bool) -> None:
        super().__init__()
        self._path = path
        self._early = early
        with closing(self._connect()) as raw:
            raw.executescript(
                "CREATE TABLE IF NOT EXISTS counter (last INTEGER);"
                "CREATE TABLE IF NOT EXISTS event (position INTEGER PRIMARY KEY, stream TEXT,"
                " version INTEGER, topic TEXT, state BLOB, UNIQUE (stream, version));"
            )

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=60, isolation_level=None)

    def insert_expecting(
        self, stored_events: Sequence[StoredEvent], expected: Sequence[tuple[str, int]]
    ) -> Sequence[int]:
        with closing(self._connect()) as raw:
            raw.execute("BEGIN IMMEDIATE")
            (last,) = raw.execute("SELECT coalesce(max(last), 0) FROM counter").fetchone()
            raw.execute("INSERT INTO counter VALUES (?)", (last + len(stored_events),))
            if self._early:
                raw.execute("COMMIT")
                time.sleep(random.random() / 100)
                raw.execute("BEGIN IMMEDIATE")
            positions = list(range(last + 1, last + len(stored_events) + 1))
            for stream, at in expected:
                found = "SELECT coalesce(max(version), -1) FROM event WHERE stream = ?"
                (actual,) = raw.execute(found, (stream,)).fetchone()
                if actual != at:
                    raw.execute("COMMIT")
                    raise WrongExpectedVersion(stream=stream, expected=at, actual=actual)
            for position, each in zip(positions, stored_events, strict=True):
                row = (position, each.originator_id, each.originator_version, each.topic)
                raw.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", (*row, each.state))
            raw.execute("COMMIT")
        return positions

    def select_events(
        self, originator_id: Any, *, gt: int | None = None, **_: Any
    ) -> Sequence[Notification]:
        after = NO_STREAM if gt is None else gt
        return self._select("stream = ? AND version > ?", originator_id, after, -1)

    def select_notifications(self, start: Any, limit: int, *_: Any, **__: Any) -> Any:
        return self._select("position > ?", start, limit)

    def _select(self, where: str, *values: Any) -> Sequence[Notification]:
        columns = "stream, version, topic, state, position"
        statement = f"SELECT {columns} FROM event WHERE {where} ORDER BY position LIMIT ?"
        with closing(self._connect()) as raw:
            return [Notification(*row) for row in raw.execute(statement, values)]

    def max_notification_id(self) -> int | None:
        with closing(self._connect()) as raw:
            found: int | None = raw.execute("SELECT max(position) FROM event").fetchone()[0]
            return found


def open_sqlite(path: Path, *, early: bool) -> EventStore:
    return RecorderEventStore(EarlySqliteRecorder(path, early=early), ids=TimeOrderedIds())


@pytest.mark.parametrize("early", [False, True])
def test_positions_that_are_handed_out_before_the_commit_are_noticed_among_processes(
    tmp_path: Path, early: bool
) -> None:
    opener: Opener = partial(open_sqlite, tmp_path / "log.db", early=early)
    promise = Events().test_a_tailing_reader_misses_nothing_while_processes_write
    if early:
        fails(promise, opener(), opener)
    else:
        promise(opener(), opener)


# --- an append that is not all or nothing ---------------------------------------------------


class OneStreamAfterTheOther(MemoryEventStore):
    """Takes an append over several streams apart."""

    def append(self, appends: Sequence[Append], context: Context) -> Sequence[RecordedEvent]:
        seen = {each.stream for each in appends}
        if len(seen) < len(appends):
            return super().append(appends, context)
        return [r for each in appends for r in super(type(self), self).append([each], context)]


def test_an_append_that_is_taken_apart_is_noticed() -> None:
    promise = Events().test_a_wrong_expectation_writes_nothing_in_any_stream
    promise(MemoryEventStore(ids=TimeOrderedIds()), 0, 2)
    fails(promise, OneStreamAfterTheOther(ids=TimeOrderedIds()), 0, 2)


class LooksBeforeItAppends(POPOApplicationRecorder):
    """Takes its time between the look at the streams and the insert."""

    def insert_events(self, *args: Any, **kwargs: Any) -> Sequence[int] | None:
        time.sleep(0.001)
        return super().insert_events(*args, **kwargs)


def test_expectations_that_are_looked_at_before_the_append_are_noticed() -> None:
    promise = Events().test_of_two_appends_that_each_rest_on_what_the_other_changes_one_wins
    fails(promise, RecorderEventStore(LooksBeforeItAppends(), ids=TimeOrderedIds()))


class UndoesNothing(MemoryEventStore):
    """Keeps what was appended in a block that failed."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self.recorder._database_lock:
            yield


def test_a_failed_block_whose_events_stay_is_noticed() -> None:
    promise = Events().test_an_exception_undoes_all_that_was_appended_inside
    promise(MemoryEventStore(ids=TimeOrderedIds()), ValueError("no"))
    fails(promise, UndoesNothing(ids=TimeOrderedIds()), ValueError("no"))


# --- views ----------------------------------------------------------------------------------


class AppliesAnyPage(MemoryViewStore):
    """Does not look where its views stand."""

    def apply(
        self,
        projections: Sequence[str],
        changes: Iterable[tuple[int, Change]],
        *,
        after: int,
        upto: int,
        parked: Sequence[Parked] = (),
    ) -> bool:
        standing = self.checkpoint(projections[0])
        return super().apply(projections, changes, after=standing, upto=upto, parked=parked)


class KeepsHalfAPage(MemoryViewStore):
    """Keeps the changes that it had made when one failed."""

    def apply(
        self,
        projections: Sequence[str],
        changes: Iterable[tuple[int, Change]],
        *,
        after: int,
        upto: int,
        parked: Sequence[Parked] = (),
    ) -> bool:
        if any(self.checkpoint(each) != after for each in projections):
            return False
        for position, change in changes:
            self._apply(position, change, [])
        return super().apply(projections, [], after=after, upto=upto, parked=parked)


class SortsAsPeopleDo(MemoryViewStore):
    """Sorts text without regard to case."""

    def query(
        self, query: Query[Any], params: Params, *, at: int | None = None, ever: bool = False
    ) -> Sequence[Any]:
        found: Sequence[Row] = super().query(query, params, at=at, ever=ever)
        for field, down in query.order[:1]:
            if field in query.fields and query.kind(field) == "text":
                place = query.fields.index(field)
                return sorted(found, key=lambda row: str(row[place]).casefold(), reverse=down)
        return found


class SeesTwoStates(MemoryViewStore):
    """Does not hold one state for what is read together."""

    @contextmanager
    def reading(self) -> Iterator[None]:
        yield


class ForgetsWhatItParked(MemoryViewStore):
    """Applies the page, and loses which events it leaves out."""

    def parked(self) -> Sequence[Parked]:
        return []


VIEWS = Views()


@pytest.mark.parametrize(
    ("broken", "promise", "arguments"),
    [
        (
            AppliesAnyPage,
            VIEWS.test_a_page_that_does_not_follow_the_checkpoint_is_not_applied,
            (0,),
        ),
        (KeepsHalfAPage, VIEWS.test_what_fails_while_changes_are_made_leaves_nothing, ()),
        (SortsAsPeopleDo, VIEWS.test_text_is_sorted_by_code_points, (None, False)),
        (SeesTwoStates, VIEWS.test_queries_that_are_read_together_see_one_state, ()),
        (ForgetsWhatItParked, VIEWS.test_events_are_parked_with_the_page_that_leaves_them_out, ()),
    ],
)
def test_a_view_store_that_breaks_a_promise_is_noticed(
    broken: type[MemoryViewStore], promise: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    promise(MemoryViewStore(), *arguments)
    fails(promise, broken(), *arguments)


# --- content --------------------------------------------------------------------------------


class Trusting(MemoryContentStore):
    """Gives what it has without looking whether it is what it was."""

    def read_bytes(self, sha256: str) -> bytes:
        return self._blobs[sha256]


def test_content_that_is_not_hashed_when_it_is_read_is_noticed() -> None:
    promise = Content().test_a_flipped_bit_is_noticed
    for kind in MemoryContentStore, Trusting:
        store = kind()
        reading = store.read_bytes
        if kind is Trusting:
            fails(promise, store, reading, b"some bytes")
        else:
            promise(store, reading, b"some bytes")
