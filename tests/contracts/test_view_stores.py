"""The view stores keep the contract."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stemmata_adapters.contracts.view_samples import StoredRow
from stemmata_adapters.contracts.view_store import (
    DurableViewStoreContract,
    InlineViewStoreContract,
    Opener,
    ViewStoreContract,
)
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_projections.tables import Table, Value
from stemmata_projections.view_store import ViewStore


class TestMemoryViewStore(ViewStoreContract):
    @pytest.fixture
    def store(self) -> MemoryViewStore:
        return MemoryViewStore()

    def stored_rows(self, store: ViewStore, table: Table) -> list[StoredRow]:
        assert isinstance(store, MemoryViewStore)
        return [
            StoredRow(tuple(map(as_given, kinds(table), held.row)), held.valid_from, held.valid_to)
            for group in store._rows[table]._every[()].values()
            for held in group
        ]


class TestSqliteViewStore(ViewStoreContract, InlineViewStoreContract, DurableViewStoreContract):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "views.db"

    @pytest.fixture
    def events(self, path: Path) -> Iterator[SqliteEventStore]:
        events = SqliteEventStore(SqliteDatabase(path), ids=TimeOrderedIds())
        yield events
        events.close()

    @pytest.fixture
    def store(self, events: SqliteEventStore) -> SqliteViewStore:
        return SqliteViewStore(events.recorder.database)

    @pytest.fixture
    def opener(self, path: Path) -> Opener:
        return lambda: SqliteViewStore(SqliteDatabase(path))

    def stored_rows(self, store: ViewStore, table: Table) -> list[StoredRow]:
        assert isinstance(store, SqliteViewStore)
        columns = ", ".join(column.name for column in table.columns)
        with closing(sqlite3.connect(store._database.path)) as raw:
            statement = f"SELECT valid_from, valid_to, {columns} FROM view_{table.name}"
            return [
                StoredRow(tuple(map(as_given, kinds(table), row)), begin, end)
                for begin, end, *row in raw.execute(statement)
            ]


def kinds(table: Table) -> list[str]:
    return [column.kind for column in table.columns]


def as_given(kind: str, value: Value) -> Value:
    if value is not None and kind == "json":
        parsed: Value = json.loads(str(value))
        return parsed
    return bool(value) if value is not None and kind == "flag" else value
