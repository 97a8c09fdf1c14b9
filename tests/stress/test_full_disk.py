"""A disk that is full: the command fails as a whole, and the next one finds everything in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_domain.errors import StoreUnavailable
from tests.stress.agreement import check
from tests.stress.places import SOURCE, TARGET, assembled, with_versions


def test_a_command_that_finds_the_disk_full_leaves_nothing(tmp_path: Path) -> None:
    path = with_versions(tmp_path / "registry.db", 300)
    database = SqliteDatabase(path)
    with assembled(SqliteEventStore(database, ids=TimeOrderedIds()), database) as stemma:

        def link(number: int) -> int:
            return stemma.link(f"{SOURCE}:v{number}", TARGET, aliases=["staging"]).index

        def allow(pages: int) -> None:
            # SQLite then fails as it does when the file cannot grow.
            with database.writing() as writer:
                there = writer.execute("PRAGMA page_count").fetchone()[0]
                writer.execute(f"PRAGMA max_page_count={there + pages}")

        def link_from(number: int) -> None:
            for each in range(number, 300):
                link(each)

        assert link(0) == 0
        allow(pages=4)
        with pytest.raises(StoreUnavailable, match="full"):
            link_from(1)
        linked = len(stemma.versions(TARGET))
        assert linked > 1
        position = stemma.position()
        with pytest.raises(StoreUnavailable, match="full"):
            link(linked)
        assert [version.index for version in stemma.versions(TARGET)] == list(range(linked))
        assert stemma.position() == position
        allow(pages=1_000)
        assert link(linked) == linked
    check(path)
