"""Views are folded anew beside those in use, while others read and write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.errors import AbilityMissing, StoreUnavailable
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.tables import RUN
from stemmata_projections.rebuilding import rebuild
from stemmata_projections.runner import Runner
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.version_index.tables import ALIAS
from tests.projections.busy import (
    handler,
    log,
    organize,
    sqlite_events,
    sqlite_views,
    stored,
    work,
)
from tests.projections.test_parking import checkpoints, faulty

PROJECTIONS = (VERSION_INDEX, LINEAGE)
TABLES = (*VERSION_INDEX.tables, *LINEAGE.tables)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def events(path: Path) -> Iterator[SqliteEventStore]:
    events = sqlite_events(path)
    yield events
    events.close()


def test_views_that_were_folded_anew_equal_those_before_row_by_row(
    events: SqliteEventStore, path: Path
) -> None:
    views = sqlite_views(events)
    work(handler(events, Runner(events, views, PROJECTIONS)))
    before = [stored(path, table) for table in TABLES]
    seen: list[tuple[int, int]] = []
    rebuilt = rebuild(
        events, views, PROJECTIONS, page=10, progress=lambda at, head: seen.append((at, head))
    )
    assert [stored(path, table) for table in TABLES] == before
    assert (rebuilt.views, rebuilt.position) == (("version_index", "lineage"), events.head())
    assert rebuilt.parked == ()
    assert len(seen) == -(-events.head() // 10)
    assert seen[-1] == (events.head(), events.head())


def test_a_view_that_somebody_has_damaged_is_whole_again(
    events: SqliteEventStore, path: Path
) -> None:
    views = sqlite_views(events)
    runner = Runner(events, views, PROJECTIONS)
    work(handler(events, runner))
    before = [stored(path, table) for table in TABLES]
    with events.recorder.database.writing() as writer:
        writer.execute("DELETE FROM view_alias")
        writer.execute("DELETE FROM view_run")
    rebuild(events, views, (VERSION_INDEX,))
    assert stored(path, ALIAS) == before[TABLES.index(ALIAS)]
    assert stored(path, RUN) == []
    rebuild(events, views, (LINEAGE,))
    assert [stored(path, table) for table in TABLES] == before
    # And they are inline as before.
    handler(events, runner).handle(log("new"), actor="ada")
    assert checkpoints(views, *PROJECTIONS) == [events.head()] * 2


def test_what_was_parked_is_tried_again(events: SqliteEventStore) -> None:
    """A better release takes what another one could not; what it cannot take either stays parked."""
    views = sqlite_views(events)
    worse = (faulty("bad", "row is open"), LINEAGE)
    runner = Runner(events, views, worse)
    commands = handler(events, runner)
    organize(commands)
    commands.handle(log("A", aliases=("bad", "good")), actor="ada")
    runner.keep_up()
    (parked,) = views.parked()
    assert rebuild(events, views, (worse[0],)).parked == (parked,)
    assert views.parked() == [parked]
    assert rebuild(events, views, (VERSION_INDEX,)).parked == ()
    assert views.parked() == []
    assert VersionIndex(views).resolve("vision/mnist/digits:bad").index == 0


def test_what_arrives_last_is_parked_too(events: SqliteEventStore) -> None:
    """It is found while the right to append is held, which has to be let go of for that."""
    views = sqlite_views(events)
    projections = (faulty("bad", "row is open"), LINEAGE)
    organize(handler(events))
    Runner(events, views, projections).catch_up()
    appended = [0]

    def progress(at: int, head: int) -> None:
        if at == head and not appended[0]:
            appended[0] = 1
            handler(events).handle(log("A", aliases=("bad",)), actor="ada")

    rebuilt = rebuild(events, views, projections, progress=progress)
    assert rebuilt.position == events.head()
    assert [each.projection for each in rebuilt.parked] == [VERSION_INDEX.name]
    assert checkpoints(views, *projections) == [events.head()] * 2


def test_a_store_that_cannot_build_beside_refuses_and_says_what_to_do(
    events: SqliteEventStore,
) -> None:
    class Plain(MemoryViewStore):
        """A view store without further abilities."""

        beside = None  # type: ignore[assignment] # what is None is no method of a protocol

    plain = Plain()
    with pytest.raises(AbilityMissing, match="Plain cannot build views beside those in use"):
        rebuild(events, plain, PROJECTIONS)


def test_a_rebuild_that_fails_changes_nothing(events: SqliteEventStore, path: Path) -> None:
    views = sqlite_views(events)
    work(handler(events, Runner(events, views, PROJECTIONS)))
    before = [stored(path, table) for table in TABLES]

    def stop(at: int, head: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(events, views, PROJECTIONS, page=10, progress=stop)
    assert [stored(path, table) for table in TABLES] == before
    assert views.unfinished() == []
    with views.beside(PROJECTIONS), pytest.raises(StoreUnavailable, match="rebuilding"):
        rebuild(events, views, PROJECTIONS)


def test_views_elsewhere_are_rebuilt_beside_writers_too(
    events: SqliteEventStore, tmp_path: Path
) -> None:
    """Neither turns of writers nor a shared transaction are needed: nobody sees views go back."""
    (tmp_path / "views.db").touch()
    elsewhere = SqliteViewStore(SqliteDatabase(tmp_path / "views.db"))
    in_memory = MemoryEventStore(ids=TimeOrderedIds())
    with closing(elsewhere):
        for log_store, views in ((events, elsewhere), (in_memory, MemoryViewStore())):
            runner = Runner(log_store, views, PROJECTIONS)
            work(handler(log_store))
            runner.catch_up()
            before = [list(views.scan(table)) for table in TABLES]
            assert rebuild(log_store, views, PROJECTIONS, page=7).position == log_store.head()
            assert [list(views.scan(table)) for table in TABLES] == before


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_readers_and_writers_go_on_while_views_are_folded_anew(
    events: SqliteEventStore, kind: str
) -> None:
    """No reader ever sees a wrong answer, and who has written sees it at once."""
    views: SqliteViewStore | MemoryViewStore
    views = sqlite_views(events) if kind == "sqlite" else MemoryViewStore()
    runner = Runner(events, views, PROJECTIONS)
    commands = handler(events, runner)
    organize(commands)
    commands.handle(log("0"), actor="ada")
    runner.keep_up()
    wrong: list[object] = []
    done = threading.Event()
    written = [0]

    def write() -> None:
        index = VersionIndex(views)
        while not done.is_set():
            logged = commands.handle(log(f"{written[0] + 1}", aliases=("moved",)), actor="ada")
            runner.keep_up()
            found = index.resolve("vision/mnist/digits:moved")
            if (found.id, found.index) != (logged.version, logged.index):
                wrong.append(("written", logged, found))
            written[0] = logged.index

    def read() -> None:
        """The newest version has all aliases, and there are as many versions as it says."""
        newest = 0
        while not done.is_set():
            with views.reading():
                index = VersionIndex(views)
                latest = index.resolve("vision/mnist/digits:latest")
                versions = index.versions(latest.line)
            if len(versions) != latest.index + 1 or latest.index < newest:
                wrong.append(("read", newest, latest.index, len(versions)))
            newest = latest.index

    threads = [threading.Thread(target=each) for each in (write, read, read)]
    for each in threads:
        each.start()
    try:
        for _ in range(6):
            rebuilt = rebuild(events, views, PROJECTIONS, page=20)
            assert rebuilt.parked == ()
    finally:
        done.set()
        for each in threads:
            each.join(60)
    assert wrong == []
    assert not any(each.is_alive() for each in threads)
    fresh = MemoryViewStore()
    Runner(events, fresh, PROJECTIONS).catch_up()
    runner.catch_up()
    for table in TABLES:
        assert list(views.scan(table)) == list(fresh.scan(table)), table.name
