"""Our recorders pass the `eventsourcing` library's own test cases for recorders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eventsourcing.persistence import AggregateRecorder, ApplicationRecorder, StoredEvent
from eventsourcing.tests import persistence as library

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryRecorder
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds


class OurStreams:
    """Streams have names here, and their versions count from 0."""

    INITIAL_VERSION = 0
    names = iter(range(1 << 62))

    def new_originator_id(self) -> str:
        return f"stream-{next(self.names)}"


class OnMemory(OurStreams):
    def create_recorder(self) -> Any:
        return MemoryRecorder()


class OnSqlite(OurStreams):
    def create_recorder(self) -> Any:
        folder = TemporaryDirectory()
        test: Any = self
        test.addCleanup(folder.cleanup)
        database = SqliteDatabase(Path(folder.name) / "log.db")
        test.addCleanup(database.close)
        return SqliteEventStore(database, ids=TimeOrderedIds()).recorder


class Subscribing:
    def test_insert_subscribe(self) -> None:
        test: Any = self
        test.optional_test_insert_subscribe()


class Quiet(AggregateRecorder):
    """Our recorder as one of aggregates only, which tells no positions."""

    def __init__(self, recorder: ApplicationRecorder) -> None:
        self._recorder = recorder

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        self._recorder.insert_events(stored_events, **kwargs)

    def select_events(self, originator_id: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        found = self._recorder.select_events(originator_id, **kwargs)
        return [StoredEvent(s.originator_id, s.originator_version, s.topic, s.state) for s in found]


class TestMemoryAsApplicationRecorder(OnMemory, Subscribing, library.ApplicationRecorderTestCase):
    pass


class TestSqliteAsApplicationRecorder(OnSqlite, Subscribing, library.ApplicationRecorderTestCase):
    pass


class TestMemoryAsAggregateRecorder(OnMemory, library.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return Quiet(super().create_recorder())


class TestSqliteAsAggregateRecorder(OnSqlite, library.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return Quiet(super().create_recorder())


class TestMemoryDoesNotInterleave(OnMemory, library.NonInterleavingNotificationIDsBaseCase):
    pass


class TestSqliteDoesNotInterleave(OnSqlite, library.NonInterleavingNotificationIDsBaseCase):
    pass
