"""The event store in PostgreSQL keeps the contract, and its recorder that of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any
from unittest import TestCase

import psycopg
import pytest
from eventsourcing.persistence import ApplicationRecorder

from stemmata_adapters.contracts import recorder
from stemmata_adapters.contracts.event_store import (
    DurableEventStoreContract,
    EventStoreContract,
    Opener,
    SnapshotContract,
    TurnTakingContract,
    append,
    versions,
)
from stemmata_adapters.contracts.handing_over import (
    DurableTakingOverContract,
    TakingOverContract,
    ToldTakingOverContract,
)
from stemmata_adapters.contracts.watching import (
    CursorContract,
    DurableCursorContract,
    DurableWatchContract,
    WatchContract,
)
from stemmata_adapters.event_stores.postgresql import PostgresEventStore, open_url
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_domain.errors import StoreUnavailable, WrongExpectedVersion
from stemmata_domain.ports import NO_STREAM, EventStore, KeptEvent, Snapshot
from tests.postgres import Server


def open_postgres(url: str) -> PostgresEventStore:
    return open_url(url, ids=TimeOrderedIds())


class TestPostgresEventStore(
    EventStoreContract,
    TurnTakingContract,
    SnapshotContract,
    DurableEventStoreContract,
    TakingOverContract,
    ToldTakingOverContract,
    DurableTakingOverContract,
    WatchContract,
    DurableWatchContract,
    CursorContract,
    DurableCursorContract,
):
    @pytest.fixture
    def opener(self, postgres_url: str) -> Opener:
        return partial(open_postgres, postgres_url)

    @pytest.fixture
    def store(self, opener: Opener) -> Iterator[EventStore]:
        store = opener()
        yield store
        store.close()

    @pytest.fixture(autouse=True)
    def _server(self, postgres: Server) -> None:
        self.postgres = postgres

    def stored_rows(self, store: EventStore) -> list[KeptEvent]:
        assert isinstance(store, PostgresEventStore)
        prefix = store.recorder.database.prefix
        with self.postgres.connect() as raw:
            columns = "position, stream, version, topic, state"
            rows: list[Any] = raw.execute(
                f"SELECT {columns} FROM {prefix}event ORDER BY position"
            ).fetchall()
        return [KeptEvent(*row) for row in rows]

    def stored_cursors(self, store: EventStore) -> dict[str, int]:
        assert isinstance(store, PostgresEventStore)
        with self.postgres.connect() as raw:
            rows: list[Any] = raw.execute(
                f"SELECT name, position FROM {store.recorder.database.prefix}cursor"
            ).fetchall()
        return dict(rows)

    def test_positions_have_no_gaps_whatever_fails(self, store: PostgresEventStore) -> None:
        append(store, "s", NO_STREAM, "a")
        with pytest.raises(WrongExpectedVersion):
            append(store, "s", NO_STREAM, "b")

        def fail() -> None:
            with store.writing():
                append(store, "s", 0, "b")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        append(store, "s", 0, "b")
        with store.writing():
            append(store, "t", NO_STREAM, "c")
            append(store, "s", 1, "d")
        assert [row.position for row in self.stored_rows(store)] == [1, 2, 3, 4]

    def test_what_a_failed_turn_has_appended_is_forgotten(self, store: PostgresEventStore) -> None:
        append(store, "s", NO_STREAM, "a")

        def fail() -> None:
            with store.writing():
                append(store, "s", 0, "b", "c")
                append(store, "t", NO_STREAM, "d")
                raise ZeroDivisionError

        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                fail()
        with store.writing():
            assert store.head() == 1
            append(store, "s", 0, "b")
            append(store, "t", NO_STREAM, "c")
            assert versions(store, "s") == [0, 1]
        assert [row.position for row in self.stored_rows(store)] == [1, 2, 3]

    def test_in_a_turn_a_wrong_expectation_leaves_the_rest_of_the_turn_alone(
        self, store: PostgresEventStore, opener: Opener
    ) -> None:
        with closing(opener()) as other:
            append(other, "s", NO_STREAM, "a", "b")
            with store.writing():
                append(store, "t", NO_STREAM, "c")
                for expected in (NO_STREAM, 0, 2):
                    with pytest.raises(WrongExpectedVersion) as raised:
                        append(store, "s", expected, "d")
                    assert raised.value.actual == 1
                append(store, "s", 1, "d")
            append(other, "s", 2, "e")
            with store.writing():
                with pytest.raises(WrongExpectedVersion):
                    append(store, "s", 2, "f")
                append(store, "s", 3, "f")
        assert versions(store, "s") == [0, 1, 2, 3, 4]

    def test_snapshots_survive_closing_and_opening(
        self, store: PostgresEventStore, opener: Opener
    ) -> None:
        store.save_snapshot(Snapshot("s", 3, 1, b"s\0"))
        store.close()
        with closing(opener()) as opened:
            assert isinstance(opened, PostgresEventStore)
            assert opened.load_snapshot("s") == Snapshot("s", 3, 1, b"s\0")

    def test_a_log_that_is_damaged_is_told(self, store: PostgresEventStore) -> None:
        prefix = store.recorder.database.prefix
        with self.postgres.connect() as raw:
            raw.execute(f"DROP TABLE {prefix}event, {prefix}snapshot")
        uses: list[Callable[[], object]] = [
            store.head,
            store.read_all,
            lambda: store.read_stream("s"),
            lambda: store.load_snapshot("s"),
            lambda: append(store, "s", NO_STREAM, "a"),
            lambda: store.save_snapshot(Snapshot("s", 0, 1, b"")),
            lambda: store.writing().__enter__(),
        ]
        for use in uses:
            with pytest.raises(StoreUnavailable, match="does not exist") as raised:
                use()
            assert isinstance(raised.value.__cause__, psycopg.Error)

    @pytest.mark.parametrize(
        "use", ["append", "read_all", "read_stream", "head", "writing", "load", "watch"]
    )
    def test_a_closed_store_says_so(self, store: PostgresEventStore, use: str) -> None:
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
        }
        with pytest.raises(StoreUnavailable, match="closed"):
            uses[use]()


class OnPostgres(TestCase):
    @pytest.fixture(autouse=True)
    def _url(self, postgres_url: str) -> None:
        self.url = postgres_url

    def make_recorder(self) -> ApplicationRecorder:
        store = open_postgres(self.url)
        self.addCleanup(store.close)
        return store.recorder


class TestPostgres(OnPostgres, recorder.SubscribingRecorderContract):
    pass


class TestPostgresAsAggregateRecorder(OnPostgres, recorder.AggregateRecorderContract):
    pass


class TestPostgresDoesNotInterleave(OnPostgres, recorder.NonInterleavingContract):
    pass
