"""The view store on DuckDB keeps the contract, in a real file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from stemmata_adapters.contracts.view_store import (
    DurableViewStoreContract,
    Opener,
    ViewStoreContract,
)
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_domain.errors import InvalidSetting
from stemmata_duckdb import DuckViewStore, open_url
from stemmata_projections.tables import Table
from stemmata_projections.view_store import (
    HeldRow,
    RebuildsBeside,
    SharesTransactions,
    ViewStore,
)


class TestDuckViewStore(ViewStoreContract, DurableViewStoreContract):
    asks_every = 13  # DuckDB takes most of a millisecond for the smallest question

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "a folder" / "views.duckdb"

    @pytest.fixture
    def opener(self, path: Path) -> Opener:
        return lambda: DuckViewStore(path)

    @pytest.fixture
    def store(self, opener: Opener, path: Path) -> Iterator[ViewStore]:
        self.path_of_store = path
        store = opener()
        yield store
        store.close()

    def stored_rows(self, store: ViewStore, table: Table) -> list[HeldRow]:
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        with duckdb.connect(str(self.path_of_store)) as raw:
            statement = f'SELECT {columns}, valid_from, valid_to FROM "view_{table.name}"'
            rows = raw.execute(statement).fetchall()
        notes = [place for place, column in enumerate(table.columns) if column.kind == "json"]
        return [
            HeldRow(
                tuple(
                    json.loads(value) if place in notes and value is not None else value
                    for place, value in enumerate(row[:-2])
                ),
                row[-2],
                row[-1],
            )
            for row in rows
        ]


def test_it_claims_no_ability_that_it_lacks(tmp_path: Path) -> None:
    store: object = DuckViewStore(tmp_path / "views.duckdb")
    assert not isinstance(store, SharesTransactions | RebuildsBeside)


@pytest.mark.parametrize(
    "url", ["duckdb://", "duckdb:///", "duckdb://views.db", "duck:///views.db"]
)
def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match="write duckdb:///relative"):
        open_url(url, beside=MemoryEventStore(ids=TimeOrderedIds()))


def test_another_process_is_told_that_the_file_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "views.duckdb"
    store = DuckViewStore(path)
    program = (
        "import sys; from pathlib import Path; from stemmata_duckdb import DuckViewStore\n"
        "DuckViewStore(Path(sys.argv[1]))"
    )
    asking = [sys.executable, "-c", program, str(path)]
    ran = subprocess.run(asking, capture_output=True, text=True, check=False, timeout=60)
    assert "StoreUnavailable" in ran.stderr
    assert "Could not set lock on file" in ran.stderr
    store.close()
    ran = subprocess.run(asking, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
