"""The view store in PostgreSQL keeps the contract."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from stemmata_adapters.contracts.rebuilding_view_store import RebuildingViewStoreContract
from stemmata_adapters.contracts.view_samples import (
    PART,
    THING,
    THINGS,
    apply,
    part,
    prepared,
    rows_of,
    thing,
)
from stemmata_adapters.contracts.view_store import (
    DurableViewStoreContract,
    InlineViewStoreContract,
    Opener,
    Operator,
    ViewStoreContract,
)
from stemmata_adapters.databases.postgresql_url import database_of
from stemmata_adapters.event_stores.postgresql import PostgresEventStore, open_url
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.postgresql import PostgresViewStore
from stemmata_domain.errors import ChangeImpossible
from stemmata_projections.changes import Close
from stemmata_projections.queries import Compare, Field, Param, Query, Step, by, fields
from stemmata_projections.tables import Row, Table, Value
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

    @pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
    @pytest.mark.parametrize("operand", ["a\0", "a\0b", "a\ud800", "\udfffz", "\0", "é\ud9ab\0"])
    def test_what_no_text_here_can_be_is_compared_as_elsewhere(
        self, store: PostgresViewStore, operator: Operator, operand: str
    ) -> None:
        texts = (
            "",
            "\x01",
            "a",
            "a\x01",
            "a\x01b",
            "aa",
            "b",
            "é",
            "\ud7ff",
            "\ue000",
            "\ue000z",
            "🙂",
        )
        query: Query[Row] = Query(
            (Step("row", THING, {}, compare=(Compare("id", operator, Param("operand")),)),),
            fields("row", "id"),
            order=by(Field("row", "id")),
        )
        found = []
        for each in (store, MemoryViewStore()):
            apply(prepared(each), *((1, thing(text)) for text in texts))
            found.append(each.query(query, {"operand": operand}))
        assert found[0] == found[1]

    def test_what_no_text_here_can_be_equals_nothing(self, store: PostgresViewStore) -> None:
        apply(prepared(store), (1, thing("a")), (1, thing("b")))
        among = Step("row", THING, {}, compare=(Compare("id", "in", Param("list")),))
        for text in ("a\0", "\ud800"):
            assert store.query(rows_of(THING, "id"), {"id": text}) == []
            wanted: list[Value] = [text, "b"]
            query: Query[Row] = Query((among,), fields("row", "id"))
            assert store.query(query, {"list": wanted}) == [("b",)]

    @pytest.mark.parametrize("text", ["a\0", "a\ud800", "x" * 9_000])
    def test_a_row_that_cannot_be_kept_is_told_as_such(
        self, store: PostgresViewStore, text: str
    ) -> None:
        apply(prepared(store), (1, thing("a")))
        # What repeats itself would be packed, however long it is.
        key = (
            text
            if len(text) < 9
            else "".join(map(chr, random.Random(1).sample(range(256, 9_000), 6_000)))
        )
        with pytest.raises(ChangeImpossible):
            store.apply([THINGS.name], [(2, thing(key))], after=1, upto=2)
        assert store.query(rows_of(THING, columns=("id",)), {}) == [("a",)]
        assert store.checkpoint(THINGS.name) == 1

    def test_who_is_done_with_rebuilding_lets_the_next_one_in_at_once(
        self, store: PostgresViewStore
    ) -> None:
        prepared(store)
        for _ in range(40):
            with store.beside([]):
                pass


def kinds(table: Table) -> list[str]:
    return [column.kind for column in table.columns]


def as_given(kind: str, value: Value) -> Value:
    if value is not None and kind == "json":
        parsed: Value = orjson.loads(str(value))
        return parsed
    return bool(value) if value is not None and kind == "flag" else value
