"""Our recorders pass the `eventsourcing` library's own test cases for recorders."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import TestCase

from eventsourcing.persistence import ApplicationRecorder

from stemmata_adapters.contracts import recorder
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryRecorder
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds


class OnMemory:
    def make_recorder(self) -> ApplicationRecorder:
        return MemoryRecorder()


class OnSqlite(TestCase):
    def make_recorder(self) -> ApplicationRecorder:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        database = SqliteDatabase(Path(folder.name) / "log.db")
        self.addCleanup(database.close)
        return SqliteEventStore(database, ids=TimeOrderedIds()).recorder


class TestMemory(OnMemory, recorder.SubscribingRecorderContract):
    pass


class TestMemoryAsAggregateRecorder(OnMemory, recorder.AggregateRecorderContract):
    pass


class TestMemoryDoesNotInterleave(OnMemory, recorder.NonInterleavingContract):
    pass


class TestSqlite(OnSqlite, recorder.SubscribingRecorderContract):
    pass


class TestSqliteAsAggregateRecorder(OnSqlite, recorder.AggregateRecorderContract):
    pass


class TestSqliteDoesNotInterleave(OnSqlite, recorder.NonInterleavingContract):
    pass
