"""Both stores, as tests of searches ask them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_projections.view_store import ViewStore
from tests.projections.history import PROJECTIONS, History

Follow = Callable[[History], ViewStore]


@pytest.fixture(params=["memory", "sqlite"])
def follow(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Follow]:
    """Return what lets views follow a history; called again, it lets them follow what came since."""
    database = SqliteDatabase(tmp_path / "views.db")
    SqliteEventStore(database, ids=TimeOrderedIds())
    sqlite = SqliteViewStore(database)
    views: ViewStore = MemoryViewStore() if request.param == "memory" else sqlite
    views.prepare(PROJECTIONS)

    def followed(history: History) -> ViewStore:
        after = views.checkpoint("search")
        changes = [
            (each.position, change)
            for each in history.recorded[after:]
            for projection in PROJECTIONS
            for change in projection.project(each)
        ]
        names = [projection.name for projection in PROJECTIONS]
        assert views.apply(names, changes, after=after, upto=history.head)
        return views

    yield followed
    database.close()
