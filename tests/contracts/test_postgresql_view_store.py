"""The view store in PostgreSQL keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from stemmata_adapters.contracts.rebuilding_view_store import RebuildingViewStoreContract
from stemmata_adapters.contracts.view_samples import PART, THING, apply, part, prepared, thing
from stemmata_adapters.contracts.view_store import (
    DurableViewStoreContract,
    InlineViewStoreContract,
    Opener,
    ViewStoreContract,
)
from stemmata_adapters.databases.postgresql_url import database_of
from stemmata_adapters.event_stores.postgresql import PostgresEventStore, open_url
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.postgresql import PostgresViewStore
from stemmata_projections.changes import Close
from stemmata_projections.tables import Table, Value
from stemmata_projections.view_store import HeldRow, ViewStore
from tests.postgres import Server


class TestPostgresViewStore(
    ViewStoreContract,
    InlineViewStoreContract,
    DurableViewStoreContract,
    RebuildingViewStoreContract,
):
    @pytest.fixture(autouse=True)
    def _server(self, postgres: Server) -> None:
        self.postgres = postgres

    @pytest.fixture
    def events(self, postgres_url: str) -> Iterator[PostgresEventStore]:
        events = open_url(postgres_url, ids=TimeOrderedIds())
        yield events
        events.close()

    @pytest.fixture
    def store(self, events: PostgresEventStore) -> PostgresViewStore:
        return PostgresViewStore(events.recorder.database)

    @pytest.fixture
    def opener(self, postgres_url: str) -> Opener:
        return lambda: PostgresViewStore(database_of(postgres_url))

    def stored_rows(self, store: ViewStore, table: Table) -> list[HeldRow]:
        assert isinstance(store, PostgresViewStore)
        columns = ", ".join(column.name for column in table.columns)
        name = f"{store._database.prefix}view_{table.name}"
        with self.postgres.connect() as raw:
            rows: list[Any] = raw.execute(
                f"SELECT valid_from, valid_to, {columns} FROM {name}"
            ).fetchall()
        return [
            HeldRow(tuple(map(as_given, kinds(table), row)), begin, end)
            for begin, end, *row in rows
        ]

    def test_a_row_in_a_wrong_place_is_told(self, store: PostgresViewStore) -> None:
        apply(prepared(store), (1, thing("a")), (1, part("a", 0)), (70, part("b", 1)))
        apply(store, (200, Close(PART, {"whole": "a"})))
        assert store.faults([THING, PART]) == []
        with self.postgres.connect() as raw:
            raw.execute(f"UPDATE {store._database.prefix}view_contract_part SET span = span + 8")
        (fault,) = store.faults([THING, PART])
        assert fault.startswith("2 rows of ")


def kinds(table: Table) -> list[str]:
    return [column.kind for column in table.columns]


def as_given(kind: str, value: Value) -> Value:
    if value is not None and kind == "json":
        parsed: Value = orjson.loads(str(value))
        return parsed
    return bool(value) if value is not None and kind == "flag" else value
