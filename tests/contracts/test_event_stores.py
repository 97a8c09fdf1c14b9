"""The event stores keep the contract, and so do recorders of the `eventsourcing` library."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.compressor import ZlibCompressor
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    IntegrityError,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.popo import POPOApplicationRecorder

from stemmata_adapters.contracts.event_store import (
    CONTEXT,
    PATIENCE,
    DurableEventStoreContract,
    EventStoreContract,
    Opener,
    SnapshotContract,
    TurnTakingContract,
    append,
    events,
    tail,
    versions,
    write_beside_others,
)
from stemmata_adapters.contracts.handing_over import (
    DurableTakingOverContract,
    HandingOverContract,
    TakingOverContract,
)
from stemmata_adapters.contracts.watching import (
    CursorContract,
    DurableCursorContract,
    DurableWatchContract,
    WatchContract,
)
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.mapper import EnvelopedEvent, EventMapper
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.event_stores.recorder import RecorderEventStore
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_domain.codec import Envelope, encode
from stemmata_domain.errors import EventUnreadable, StoreUnavailable, WrongExpectedVersion
from stemmata_domain.events import TeamCreated
from stemmata_domain.ports import (
    NO_STREAM,
    Append,
    EventStore,
    KeptEvent,
    Snapshot,
    TakesOverEvents,
)


def open_sqlite(path: Path) -> SqliteEventStore:
    return SqliteEventStore(SqliteDatabase(path), ids=TimeOrderedIds())


class TestMemoryEventStore(
    EventStoreContract,
    TurnTakingContract,
    SnapshotContract,
    TakingOverContract,
    WatchContract,
    CursorContract,
):
    @pytest.fixture
    def store(self) -> MemoryEventStore:
        return MemoryEventStore(ids=TimeOrderedIds())

    def stored_rows(self, store: EventStore) -> list[KeptEvent]:
        assert isinstance(store, MemoryEventStore)
        return [
            KeptEvent(n, str(s.originator_id), s.originator_version, s.topic, s.state)
            for n, s in enumerate(store.recorder._stored_events, 1)
        ]

    def stored_cursors(self, store: EventStore) -> dict[str, int]:
        assert isinstance(store, MemoryEventStore)
        return store._cursors


class TestSqliteEventStore(
    EventStoreContract,
    TurnTakingContract,
    SnapshotContract,
    DurableEventStoreContract,
    TakingOverContract,
    DurableTakingOverContract,
    WatchContract,
    DurableWatchContract,
    CursorContract,
    DurableCursorContract,
):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "a folder" / "log?#%41.db"

    @pytest.fixture
    def opener(self, path: Path) -> Opener:
        return partial(open_sqlite, path)

    @pytest.fixture
    def store(self, opener: Opener) -> Iterator[EventStore]:
        store = opener()
        yield store
        store.close()

    def stored_rows(self, store: EventStore) -> list[KeptEvent]:
        assert isinstance(store, SqliteEventStore)
        with closing(sqlite3.connect(store.recorder.database.path)) as raw:
            columns = "position, stream, version, topic, state"
            rows = raw.execute(f"SELECT {columns} FROM event ORDER BY position").fetchall()
        return [KeptEvent(*row) for row in rows]

    def stored_cursors(self, store: EventStore) -> dict[str, int]:
        assert isinstance(store, SqliteEventStore)
        with closing(sqlite3.connect(store.recorder.database.path)) as raw:
            return dict(raw.execute("SELECT name, position FROM cursor").fetchall())

    def test_an_event_of_a_newer_release_is_told_with_its_position(
        self, store: SqliteEventStore
    ) -> None:
        append(store, "s", NO_STREAM, "a", "b", "c")
        with closing(sqlite3.connect(store.recorder.database.path)) as raw:
            raw.execute("UPDATE event SET topic = 'TeamDissolved' WHERE position = 2")
            raw.execute("UPDATE event SET state = x'00' WHERE position = 3")
            raw.commit()
        with pytest.raises(EventUnreadable) as raised:
            store.read_all()
        assert (raised.value.topic, raised.value.position) == ("TeamDissolved", 2)
        with pytest.raises(EventUnreadable) as raised:
            store.read_stream("s", after=1)
        assert (raised.value.topic, raised.value.position) == ("TeamCreated", 3)
        assert len(store.read_stream("s", limit=1)) == 1

    def test_snapshots_survive_closing_and_opening(
        self, store: SqliteEventStore, opener: Opener
    ) -> None:
        store.save_snapshot(Snapshot("s", 3, 1, b"s"))
        store.close()
        with closing(opener()) as opened:
            assert isinstance(opened, SqliteEventStore)
            assert opened.load_snapshot("s") == Snapshot("s", 3, 1, b"s")

    def test_others_read_while_somebody_writes_and_do_not_wait(
        self, store: SqliteEventStore, opener: Opener
    ) -> None:
        append(store, "s", NO_STREAM, "a")
        with closing(opener()) as other:
            seen: list[list[int]] = []

            def look() -> None:
                seen.extend([versions(store, "s"), versions(other, "s")])

            with store.writing():
                append(store, "s", 0, "b")
                for _ in range(2):
                    thread = threading.Thread(target=look)
                    thread.start()
                    thread.join(PATIENCE)
                    assert not thread.is_alive()
            assert seen == [[0]] * 4

    def test_a_log_that_is_damaged_is_told(self, store: SqliteEventStore) -> None:
        with closing(sqlite3.connect(store.recorder.database.path)) as raw:
            raw.executescript("DROP TABLE event; DROP TABLE snapshot; DROP TABLE cursor")
        uses: list[Callable[[], object]] = [
            store.head,
            store.read_all,
            lambda: store.read_stream("s"),
            lambda: store.load_snapshot("s"),
            lambda: append(store, "s", NO_STREAM, "a"),
            lambda: store.save_snapshot(Snapshot("s", 0, 1, b"")),
            lambda: store.save_cursor("billing", 1),
            lambda: store.load_cursor("billing"),
            lambda: store.drop_cursor("billing"),
            store.cursors,
        ]
        for use in uses:
            with pytest.raises(StoreUnavailable, match="no such table") as raised:
                use()
            assert isinstance(raised.value.__cause__, sqlite3.Error)

    @pytest.mark.parametrize(
        "use",
        ["append", "read_all", "read_stream", "head", "writing", "load", "watch", "cursors"],
    )
    def test_a_closed_store_says_so(self, store: SqliteEventStore, use: str) -> None:
        append(store, "s", NO_STREAM, "a")
        store.close()
        uses: dict[str, Any] = {
            "append": lambda: append(store, "s", 0, "b"),
            "read_all": store.read_all,
            "read_stream": lambda: store.read_stream("s"),
            "head": store.head,
            "writing": lambda: store.writing().__enter__(),
            "load": lambda: store.load_snapshot("s"),
            "watch": store.watch,
            "cursors": store.cursors,
        }
        with pytest.raises(StoreUnavailable, match="closed"):
            uses[use]()


# --- any recorder of the library ------------------------------------------------------------


class FasterOther(POPOApplicationRecorder):
    """A recorder on which somebody else may append after our look and before our insert."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Sequence[StoredEvent] = ()
        self.failure: Exception | None = None

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        if self.failure is not None:
            raise self.failure
        meanwhile, self.meanwhile = self.meanwhile, ()
        if meanwhile:
            super().insert_events(meanwhile)
        return super().insert_events(stored_events, **kwargs)


def stored(stream: str, version: int) -> StoredEvent:
    event = TeamCreated(team="theirs")
    return EventMapper().stored(stream, version, event, id="0" * 32, context=CONTEXT)


class TestHandingOverFromAPlainRecorder(HandingOverContract):
    @pytest.fixture
    def store(self) -> RecorderEventStore:
        return RecorderEventStore(POPOApplicationRecorder(), ids=TimeOrderedIds())

    def stored_rows(self, store: EventStore) -> list[KeptEvent]:
        assert isinstance(store, RecorderEventStore)
        found = store.recorder.select_notifications(1, 1_000)
        return [KeptEvent(n.id, *map_stored(n)) for n in found]

    def test_a_recorder_that_chooses_positions_does_not_claim_to_take_over(
        self, store: RecorderEventStore
    ) -> None:
        assert not isinstance(store, TakesOverEvents)

    def test_what_is_compressed_or_encrypted_is_handed_over_as_the_codec_wrote_it(
        self, mapper: EventMapper
    ) -> None:
        store = RecorderEventStore(POPOApplicationRecorder(), ids=TimeOrderedIds(), mapper=mapper)
        [recorded] = append(store, "s", NO_STREAM, "a")
        [found] = store.read_kept()
        assert found.state == encode(recorded.event, id=recorded.id, context=CONTEXT)


def map_stored(stored: StoredEvent) -> tuple[str, int, str, bytes]:
    return str(stored.originator_id), stored.originator_version, stored.topic, stored.state


class TestEventStoreOnAPlainRecorder:
    @pytest.fixture
    def recorder(self) -> FasterOther:
        return FasterOther()

    @pytest.fixture
    def store(self, recorder: FasterOther) -> RecorderEventStore:
        return RecorderEventStore(recorder, ids=TimeOrderedIds())

    def test_events_are_kept_and_read(self, store: RecorderEventStore) -> None:
        recorded = append(store, "s", NO_STREAM, "a", "b")
        assert list(store.read_all()) == list(recorded)
        # The library's recorders do not tell the position of an event that is read by its stream.
        assert list(store.read_stream("s")) == [r._replace(position=0) for r in recorded]
        assert store.head() == recorded[-1].position
        store.close()

    @pytest.mark.parametrize("expected", [NO_STREAM, 0, 2])
    def test_a_wrong_expectation_writes_nothing(
        self, store: RecorderEventStore, expected: int
    ) -> None:
        append(store, "s", NO_STREAM, "a", "b")
        with pytest.raises(WrongExpectedVersion) as raised:
            store.append(
                [Append("t", NO_STREAM, events("c")), Append("s", expected, events("d"))], CONTEXT
            )
        assert (raised.value.stream, raised.value.actual) == ("s", 1)
        assert store.head() == 2

    def test_an_append_without_events_only_states_an_expectation(
        self, store: RecorderEventStore
    ) -> None:
        assert list(store.append([Append("s", NO_STREAM, ())], CONTEXT)) == []

    def test_who_was_faster_in_between_wins(
        self, store: RecorderEventStore, recorder: FasterOther
    ) -> None:
        append(store, "s", NO_STREAM, "a")
        recorder.meanwhile = [stored("s", 1)]
        with pytest.raises(WrongExpectedVersion) as raised:
            store.append(
                [Append("t", NO_STREAM, events("b")), Append("s", 0, events("c"))], CONTEXT
            )
        assert (raised.value.stream, raised.value.actual) == ("s", 1)
        assert versions(store, "s") == [0, 1]
        assert versions(store, "t") == []

    def test_a_conflict_that_is_not_to_be_seen_is_one_all_the_same(
        self, store: RecorderEventStore, recorder: FasterOther
    ) -> None:
        recorder.failure = IntegrityError("no")
        with pytest.raises(WrongExpectedVersion) as raised:
            append(store, "s", NO_STREAM, "a")
        assert (raised.value.stream, raised.value.actual) == ("s", None)

    def test_what_the_recorder_cannot_do_is_told(
        self, store: RecorderEventStore, recorder: FasterOther
    ) -> None:
        recorder.failure = PersistenceError("disk full")
        with pytest.raises(StoreUnavailable, match="disk full") as raised:
            append(store, "s", NO_STREAM, "a")
        assert raised.value.__cause__ is recorder.failure


# --- the mapper -----------------------------------------------------------------------------


class Reversed:
    """A cipher that everybody can read."""

    def encrypt(self, plaintext: bytes) -> bytes:
        return plaintext[::-1]

    def decrypt(self, ciphertext: bytes) -> bytes:
        return ciphertext[::-1]


@pytest.fixture(params=["plain", "compressed", "encrypted", "both"])
def mapper(request: pytest.FixtureRequest) -> EventMapper:
    mapper = EventMapper()
    if request.param in ("compressed", "both"):
        mapper.compressor = ZlibCompressor()
    if request.param in ("encrypted", "both"):
        cipher: Any = Reversed()
        mapper.cipher = cipher
    return mapper


def test_a_mapper_maps_to_and_fro(mapper: EventMapper) -> None:
    envelope = Envelope("0" * 32, CONTEXT.time, "ada", "c" * 32, "k")
    one: Any = EnvelopedEvent("s", 4, envelope, TeamCreated(team="vision" * 100))
    stored_event = mapper.to_stored_event(one)
    assert (stored_event.originator_id, stored_event.originator_version) == ("s", 4)
    assert stored_event.topic == "TeamCreated"
    assert mapper.to_domain_event(stored_event) == one
    recorded = mapper.recorded(stored_event, 7)
    assert (recorded.position, recorded.stream, recorded.version) == (7, "s", 4)
    assert (recorded.event, recorded.key) == (one.event, "k")


def test_what_a_compressor_writes_is_smaller() -> None:
    envelope = Envelope("0" * 32, CONTEXT.time, "ada", "c" * 32, None)
    one: Any = EnvelopedEvent("s", 0, envelope, TeamCreated(team="vision" * 100))
    plain, small = EventMapper(), EventMapper()
    small.compressor = ZlibCompressor()
    assert len(small.to_stored_event(one).state) < len(plain.to_stored_event(one).state) / 2


def test_a_mapper_refuses_events_that_are_not_ours() -> None:
    other: Any = object()
    not_ours: DomainEventProtocol[str] = other
    with pytest.raises(TypeError, match="EnvelopedEvent is needed, not object"):
        EventMapper().to_stored_event(not_ours)


# --- subscriptions --------------------------------------------------------------------------


def test_a_subscription_hands_out_what_other_processes_write(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with closing(open_sqlite(path)) as store:
        opener = partial(open_sqlite, path)
        spawn = multiprocessing.get_context("spawn")
        process = spawn.Process(target=write_beside_others, args=(opener, 0, 20))
        process.start()
        with store.recorder.subscribe(gt=0) as subscription:
            found = [notification for _, notification in zip(range(60), subscription, strict=False)]
        process.join(PATIENCE)
        assert [n.id for n in found] == [r.position for r in tail(store, 60)]


def test_a_subscription_that_waits_is_stopped_by_another_thread(tmp_path: Path) -> None:
    with closing(open_sqlite(tmp_path / "log.db")) as store:
        subscription = store.recorder.subscribe()
        threading.Timer(0.3, subscription.stop).start()
        before = time.thread_time()
        assert list(subscription) == []
        assert time.thread_time() - before < 0.15  # it slept
