"""Views are compared with what the log makes of them, and damage is found wherever it is."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stemmata_adapters.databases.sqlite import Kind, SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_projections.audit.fold import AUDIT
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.projection import Projection
from stemmata_projections.rebuilding import rebuild
from stemmata_projections.runner import Runner
from stemmata_projections.search.fold import SEARCH
from stemmata_projections.tables import OPEN_END
from stemmata_projections.verifying import RowDifference, Verified, verify
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.view_store import ViewStore
from tests.projections.busy import handler, log, organize, sqlite_events, sqlite_views, work
from tests.projections.test_parking import damage, faulty

PROJECTIONS = (VERSION_INDEX, LINEAGE, AUDIT, SEARCH)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def events(path: Path) -> Iterator[SqliteEventStore]:
    events = sqlite_events(path)
    yield events
    events.close()


@pytest.fixture
def views(events: SqliteEventStore) -> SqliteViewStore:
    """Views inline, of a registry that was at work."""
    views = sqlite_views(events)
    work(handler(events, Runner(events, views, PROJECTIONS)))
    return views


def verified(
    events: SqliteEventStore, views: ViewStore, *projections: Projection, folder: Path | None = None
) -> Verified:
    """Compare with a fold in memory, or in a file in a folder."""
    if folder is None:
        return verify(events, views, projections or PROJECTIONS, scratch=MemoryViewStore())
    database = SqliteDatabase(folder / "scratch.db")
    database.create((), kind=Kind.VIEWS)
    with closing(SqliteViewStore(database)) as scratch:
        return verify(events, views, projections or PROJECTIONS, scratch=scratch)


def raw(path: Path, *statements: str) -> None:
    """Change the file past the store; each statement has to find something."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement


def found(report: Verified, table: str) -> list[RowDifference]:
    """Return the differences in a table; there are none in the others."""
    assert not report.is_sound
    assert {each.table for each in report.tables if not each.agrees} == {table}
    (only,) = (each for each in report.tables if each.table == table)
    assert only.differences == len(only.first)
    return list(only.first)


def test_views_and_log_that_are_whole_agree(
    events: SqliteEventStore, views: SqliteViewStore, path: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        tables = [f"view_{table.name}" for each in PROJECTIONS for table in each.tables]
        rows = sum(connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables)
        streams = connection.execute("SELECT count(DISTINCT stream) FROM event").fetchone()[0]
    for report in (verified(events, views), verified(events, views, folder=tmp_path)):
        assert report.is_sound
        assert [each.table for each in report.tables] == [t.removeprefix("view_") for t in tables]
        assert report.rows == rows
        assert {each.position for each in report.tables} == {events.head()}
        assert (report.log.events, report.log.streams) == (events.head(), streams)
        assert (report.log.position, report.log.first) == (events.head(), ())
    memory = MemoryViewStore()
    Runner(events, memory, PROJECTIONS).catch_up()
    assert verified(events, memory, folder=tmp_path).is_sound


def test_a_row_that_was_changed_is_found(
    events: SqliteEventStore, views: SqliteViewStore, path: Path
) -> None:
    raw(path, "UPDATE view_version SET size = size + 1 WHERE number = 1 AND span = 0")
    difference, *_ = found(verified(events, views, VERSION_INDEX), "version")
    assert difference.kind == "different"
    assert difference.expected is not None
    assert difference.found is not None
    (version,) = (table for table in VERSION_INDEX.tables if table.name == "version")
    place = version.place("size")
    assert difference.found.row[place] == int(str(difference.expected.row[place])) + 1
    assert difference.key == (difference.expected.row[0],)


def test_a_range_that_was_changed_is_found(
    events: SqliteEventStore, views: SqliteViewStore, path: Path
) -> None:
    raw(path, "UPDATE view_alias SET valid_to = valid_to - 1 WHERE alias = 'production'")
    differences = found(verified(events, views, VERSION_INDEX), "alias")
    assert {each.kind for each in differences} == {"different"}
    raw(path, "UPDATE view_alias SET valid_to = valid_to + 1 WHERE alias = 'production'")
    raw(path, "UPDATE view_alias SET valid_from = valid_from - 1 WHERE alias = 'production'")
    kinds = [each.kind for each in found(verified(events, views, VERSION_INDEX), "alias")]
    assert kinds.count("missing") == kinds.count("surplus") == len(kinds) / 2 > 0


def test_rows_that_are_missing_or_surplus_are_found(
    events: SqliteEventStore, views: SqliteViewStore, path: Path
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        number = connection.execute("SELECT count(*) FROM view_run").fetchone()[0]
    raw(path, "DELETE FROM view_run")
    differences = found(verified(events, views), "run")
    assert [each.kind for each in differences] == ["missing"] * number
    assert all(each.found is None for each in differences)
    rebuild(events, views, (LINEAGE,))
    assert verified(events, views).is_sound
    (tombstone,) = (table for table in LINEAGE.tables if table.name == "tombstone")
    rest = ", ".join(column.name for column in tombstone.columns[1:])
    raw(
        path,
        f"INSERT INTO view_tombstone SELECT 'ghost', {rest}, 0, 1, {OPEN_END}"
        " FROM view_tombstone LIMIT 1",
    )
    (ghost,) = found(verified(events, views), "tombstone")
    assert (ghost.kind, ghost.key, ghost.valid_from) == ("surplus", ("ghost",), 1)
    assert ghost.expected is None


def test_a_value_of_another_kind_is_found(
    events: SqliteEventStore, views: SqliteViewStore, path: Path
) -> None:
    raw(path, "UPDATE view_member SET number = x'00' WHERE number = 0")
    kinds = {each.kind for each in found(verified(events, views, VERSION_INDEX), "member")}
    assert kinds == {"missing", "surplus"}


@pytest.mark.parametrize("damaged", ['{"edited": true}', '{"edited": 1.5}', "{}"])
def test_json_that_was_changed_is_found(
    events: SqliteEventStore, views: SqliteViewStore, path: Path, damaged: str
) -> None:
    raw(path, f"UPDATE view_version SET metadata = '{damaged}' WHERE metadata = '{{\"edited\":1}}'")
    assert {each.kind for each in found(verified(events, views), "version")} == {"different"}


def test_json_that_is_none_is_told(
    events: SqliteEventStore, views: SqliteViewStore, path: Path
) -> None:
    raw(path, "UPDATE view_version SET metadata = '{' WHERE number = 0")
    report = verified(events, views)
    assert not report.is_sound
    (fault,) = (each.fault for each in report.tables if each.table == "version")
    assert fault is not None
    assert "no JSON" in fault


def test_a_row_that_no_query_finds_is_told(
    events: SqliteEventStore, views: SqliteViewStore, path: Path
) -> None:
    """Its values and its range are right, but it stands in the wrong place."""
    assert verified(events, views).faults == ()
    raw(path, "UPDATE view_alias SET span = span + 8 WHERE alias = 'production'")
    report = verified(events, views)
    assert all(each.agrees for each in report.tables)
    assert not report.is_sound
    (fault,) = report.faults
    assert "rows of view_alias are not found by their range" in fault


def test_an_index_that_lacks_rows_is_told(
    events: SqliteEventStore, views: SqliteViewStore, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        index = "SELECT sql FROM sqlite_schema WHERE name = 'view_alias_alias'"
        (made,) = connection.execute(index).fetchone()
        hidden = "UPDATE sqlite_schema SET sql = sql || ? WHERE name = 'view_alias_alias'"
        connection.execute(hidden, (" WHERE alias <> 'production'",))
    raw(path, "UPDATE view_alias SET alias = 'production' WHERE alias = 'best'")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        plain = "UPDATE sqlite_schema SET sql = ? WHERE name = 'view_alias_alias'"
        connection.execute(plain, (made,))
    raw(path, "UPDATE view_alias SET alias = alias WHERE alias = 'latest'")
    report = verified(events, sqlite_views(events))
    assert any("view_alias_alias" in fault for fault in report.faults), report.faults


def test_what_others_write_meanwhile_confuses_nothing(
    events: SqliteEventStore, views: SqliteViewStore, tmp_path: Path
) -> None:
    runner = Runner(events, views, PROJECTIONS)
    commands = handler(events, runner)
    done = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not done.is_set():
            content = f"more {len(written)}"
            written.append(commands.handle(log(content, aliases=("moved",)), actor="ada").index)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while len(written) < 40 and thread.is_alive():
            before = len(written)
            scratch = tmp_path / f"{before}"
            scratch.mkdir(exist_ok=True)
            report = verified(events, views, folder=scratch)
            assert report.is_sound, report
    finally:
        done.set()
        thread.join(60)


def test_a_view_that_lags_is_compared_as_far_as_it_has_come(
    events: SqliteEventStore, views: SqliteViewStore
) -> None:
    reached = events.head()
    commands = handler(events)
    commands.handle(log("later", aliases=("best", "newer")), actor="ada")
    report = verified(events, views)
    assert report.is_sound
    assert {each.position for each in report.tables} == {reached}
    assert report.log.position == events.head()


# --- parked events and the log ------------------------------------------------------------------


def test_events_that_are_parked_in_both_folds_are_told_and_no_difference(
    events: SqliteEventStore, path: Path
) -> None:
    views = sqlite_views(events)
    worse = (faulty("bad", "row is open"), LINEAGE)
    organize(handler(events))
    handler(events).handle(log("A", aliases=("bad",)), actor="ada")
    Runner(events, views, worse).catch_up()
    report = verified(events, views, *worse)
    assert report.is_sound
    assert [*report.parked] == [*views.parked()]
    better = verified(events, views, VERSION_INDEX, LINEAGE)
    assert not better.is_sound
    assert [*better.parked_in_use] == [*views.parked()]
    assert better.parked == better.parked_anew == ()
    assert [each.table for each in better.tables if not each.agrees] == ["alias"]
    rebuild(events, views, (VERSION_INDEX,))
    assert verified(events, views, VERSION_INDEX, LINEAGE).is_sound
    assert [*verified(events, views, *worse).parked_anew] == [
        each._replace(cause=other.cause)
        for each, other in zip(
            report.parked, verified(events, views, *worse).parked_anew, strict=True
        )
    ]


def test_an_event_that_cannot_be_read_any_more_is_told(
    events: SqliteEventStore, views: SqliteViewStore, path: Path
) -> None:
    damage(path, 3, events.head())
    report = verified(events, views)
    assert not report.is_sound
    assert (report.log.events, report.log.faults) == (events.head(), 2)
    assert report.log.position == events.head()
    assert "position 3" in report.log.first[0]
    assert {each[:2] for each in report.parked_anew} == {
        (each.name, position) for each in PROJECTIONS for position in (3, events.head())
    }


def test_an_event_that_is_missing_is_told(
    events: SqliteEventStore, views: SqliteViewStore, path: Path
) -> None:
    stream = next(e.stream for e in events.read_all() if e.stream.startswith("artifact-"))
    raw(path, f"DELETE FROM event WHERE stream = '{stream}' AND version = 2")
    report = verified(events, views)
    assert not report.log.is_whole
    (fault,) = report.log.first
    assert f"version 3 of stream '{stream}' comes after version 1" in fault
    raw(path, f"UPDATE event SET version = 90 WHERE stream = '{stream}' AND version = 0")
    assert verified(events, views).log.faults == 3
