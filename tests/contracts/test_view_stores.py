"""The view stores keep the contract."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from stemmata_adapters.contracts.rebuilding_view_store import RebuildingViewStoreContract
from stemmata_adapters.contracts.view_samples import (
    EVERY_THING,
    OTHERS,
    PART,
    THINGS,
    part,
    thing,
)
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
from stemmata_domain.errors import StoreUnavailable
from stemmata_projections.changes import Change, Close
from stemmata_projections.tables import Table, Value
from stemmata_projections.view_store import HeldRow, ViewStore


class TestMemoryViewStore(ViewStoreContract, RebuildingViewStoreContract):
    @pytest.fixture
    def store(self) -> MemoryViewStore:
        return MemoryViewStore()

    @pytest.fixture
    def opener(self, store: MemoryViewStore) -> Opener:
        return lambda: store

    def stored_rows(self, store: ViewStore, table: Table) -> list[HeldRow]:
        assert isinstance(store, MemoryViewStore)
        return [
            HeldRow(tuple(map(as_given, kinds(table), held.row)), held.valid_from, held.valid_to)
            for group in store._rows[table]._every[()].values()
            for held in group
        ]


class TestSqliteViewStore(
    ViewStoreContract,
    InlineViewStoreContract,
    DurableViewStoreContract,
    RebuildingViewStoreContract,
):
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

    def stored_rows(self, store: ViewStore, table: Table) -> list[HeldRow]:
        assert isinstance(store, SqliteViewStore)
        columns = ", ".join(column.name for column in table.columns)
        with closing(sqlite3.connect(store._database.path)) as raw:
            statement = f"SELECT valid_from, valid_to, {columns} FROM view_{table.name}"
            return [
                HeldRow(tuple(map(as_given, kinds(table), row)), begin, end)
                for begin, end, *row in raw.execute(statement)
            ]


class TestSqliteFiles:
    """What stands in the file, and what happens when it is not as it should be."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "views.db"

    @pytest.fixture
    def store(self, path: Path) -> Iterator[SqliteViewStore]:
        path.touch()
        store = SqliteViewStore(SqliteDatabase(path))
        store.prepare([THINGS, OTHERS])
        yield store
        store.close()

    def tables(self, path: Path) -> set[str]:
        with closing(sqlite3.connect(path)) as raw:
            names = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            return {name for (name,) in names}

    def test_a_view_of_a_newer_schema_leaves_no_table_of_the_older_behind(
        self, store: SqliteViewStore, path: Path
    ) -> None:
        parts = {"view_contract_thing", "view_contract_part"}
        others = {f"view_{each.name}" for each in OTHERS.tables}
        rest = {"view", "parked", *others}
        assert self.tables(path) == {*rest, *parts}
        store.prepare([replace(THINGS, schema=2, tables=(PART,))])
        assert self.tables(path) == {*rest, "view_contract_part"}
        store.prepare([replace(THINGS, schema=3, tables=())])
        assert self.tables(path) == rest

    def test_views_of_another_layout_are_made_anew(
        self, store: SqliteViewStore, path: Path
    ) -> None:
        assert store.apply([THINGS.name], [(1, thing("a"))], after=0, upto=1)
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute("UPDATE view SET schema = '0.1'")
        store.prepare([THINGS, OTHERS])
        assert store.checkpoint(THINGS.name) == 0
        assert store.query(EVERY_THING, {}) == []

    def test_views_that_are_there_can_be_asked_by_one_who_may_not_write(
        self, store: SqliteViewStore, path: Path
    ) -> None:
        assert store.apply([THINGS.name], [(1, thing("a"))], after=0, upto=1)
        reader = SqliteViewStore(SqliteDatabase(path, read_only=True))
        reader.prepare([THINGS, OTHERS])
        assert reader.checkpoint(THINGS.name) == 1
        with reader.reading():
            assert [row[0] for row in reader.query(EVERY_THING, {})] == ["a"]
        with pytest.raises(StoreUnavailable):
            reader.apply([THINGS.name], [], after=1, upto=2)
        with pytest.raises(StoreUnavailable):
            reader.prepare([replace(THINGS, schema=2)])
        assert store.checkpoint(THINGS.name) == 1
        reader.close()

    def test_a_view_that_stands_in_no_file_can_be_asked_for_nothing(
        self, store: SqliteViewStore, path: Path
    ) -> None:
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute("DROP TABLE view_contract_thing")
        with pytest.raises(StoreUnavailable, match="no such table: view_contract_thing"):
            store.query(EVERY_THING, {})
        with pytest.raises(StoreUnavailable, match="no such table: view_contract_thing"):
            store.apply([THINGS.name], [(1, thing("a"))], after=0, upto=1)
        assert store.checkpoint(THINGS.name) == 0

    def test_a_file_without_views_has_followed_nothing(
        self, store: SqliteViewStore, path: Path
    ) -> None:
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute("DELETE FROM view")
        assert store.checkpoint(THINGS.name) == 0
        assert not store.apply([THINGS.name], [], after=0, upto=1)
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute("DROP TABLE view")
        with pytest.raises(StoreUnavailable, match="no such table: view"):
            store.checkpoint(THINGS.name)

    def test_a_store_that_was_closed_says_so(self, store: SqliteViewStore) -> None:
        def close_while_reading() -> None:
            with store.reading():
                store.query(EVERY_THING, {})
                store.close()

        with pytest.raises(StoreUnavailable):
            close_while_reading()
        for ask in (
            lambda: store.query(EVERY_THING, {}),
            lambda: store.apply([THINGS.name], [], after=0, upto=1),
            lambda: store.checkpoint(THINGS.name),
            lambda: store.reading().__enter__(),
        ):
            with pytest.raises(StoreUnavailable, match="it was closed"):
                ask()

    def test_spans_have_few_rows_that_did_not_hold(
        self, store: SqliteViewStore, path: Path
    ) -> None:
        """Rows that end are spread over blocks: of one key, no block holds more than it is wide."""
        page: list[tuple[int, Change]] = []
        for position in range(1, 6_001):
            page += (position, Close(PART, {"whole": "a"})), (position, part("a", 0))
        assert store.apply([THINGS.name], page, after=0, upto=6_000)
        with closing(sqlite3.connect(path)) as raw:
            statement = "SELECT span, count(*) FROM view_contract_part GROUP BY span"
            spans = dict(raw.execute(statement).fetchall())
        assert sum(spans.values()) == 6_000
        assert max(spans.values()) <= 64
        assert spans[0] == 1


def kinds(table: Table) -> list[str]:
    return [column.kind for column in table.columns]


def as_given(kind: str, value: Value) -> Value:
    if value is not None and kind == "json":
        parsed: Value = json.loads(str(value))
        return parsed
    return bool(value) if value is not None and kind == "flag" else value
