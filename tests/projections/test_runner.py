"""Views are kept up with the log, inline or by catching up, and come to the same."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.errors import StoreUnavailable
from stemmata_domain.events import Event, TeamCreated
from stemmata_domain.ports import NO_STREAM, Append
from stemmata_domain.recorded import Context, RecordedEvent
from stemmata_projections.audit.fold import AUDIT
from stemmata_projections.changes import Change, Open
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.tables import RUN
from stemmata_projections.projection import Projection, on
from stemmata_projections.queries import Field, Query, Step
from stemmata_projections.runner import Runner
from stemmata_projections.tables import Column, Table
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.version_index.tables import ALIAS
from stemmata_projections.view_store import Parked
from tests.projections.answers import answers
from tests.projections.busy import (
    SteadyClock,
    handler,
    log,
    organize,
    sqlite_events,
    sqlite_views,
    stored,
    work,
)

PROJECTIONS = (VERSION_INDEX, LINEAGE, AUDIT)
TABLES = (*VERSION_INDEX.tables, *LINEAGE.tables)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def events(path: Path) -> Iterator[SqliteEventStore]:
    events = sqlite_events(path)
    yield events
    events.close()


def checkpoints(views: SqliteViewStore | MemoryViewStore) -> list[int]:
    return [views.checkpoint(projection.name) for projection in PROJECTIONS]


def rebuilt(events: SqliteEventStore, path: Path) -> list[object]:
    """Follow the whole log into views of their own, and return their rows."""
    path.touch()
    views = SqliteViewStore(SqliteDatabase(path))
    assert Runner(events, views, PROJECTIONS).catch_up() == events.head()
    assert checkpoints(views) == [events.head()] * len(PROJECTIONS)
    views.close()
    return [stored(path, table) for table in TABLES]


# --- inline and catching up --------------------------------------------------------------------


def test_views_kept_inline_equal_views_rebuilt_from_the_log_row_by_row(
    events: SqliteEventStore, path: Path, tmp_path: Path
) -> None:
    views = sqlite_views(events)
    runner = Runner(events, views, PROJECTIONS)
    assert runner.is_inline
    work(handler(events, runner))
    assert checkpoints(views) == [events.head()] * len(PROJECTIONS)
    live = [stored(path, table) for table in TABLES]
    assert all(live)
    assert rebuilt(events, tmp_path / "rebuilt.db") == live
    assert runner.catch_up() == events.head()
    assert [stored(path, table) for table in TABLES] == live


def test_views_in_memory_answer_as_those_in_a_file(events: SqliteEventStore) -> None:
    views = sqlite_views(events)
    work(handler(events, Runner(events, views, PROJECTIONS)))
    memory = MemoryViewStore()
    runner = Runner(events, memory, PROJECTIONS)
    assert not runner.is_inline
    runner.catch_up()
    for at in (None, *range(0, events.head() + 1, 7)):
        assert answers(memory, at=at) == answers(views, at=at), at


def test_what_a_command_wrote_is_seen_when_it_returns(events: SqliteEventStore) -> None:
    views = sqlite_views(events)
    commands = handler(events, Runner(events, views, PROJECTIONS))
    organize(commands)
    for n in range(5):
        logged = commands.handle(log(f"{n}"), actor="ada")
        assert VersionIndex(views).resolve("vision/mnist/digits").id == logged.version


def test_views_elsewhere_do_not_go_inline(events: SqliteEventStore, tmp_path: Path) -> None:
    (tmp_path / "views.db").touch()
    beside = SqliteViewStore(SqliteDatabase(tmp_path / "views.db"))
    again = SqliteViewStore(SqliteDatabase(events.recorder.database.path))
    for views in (beside, again, MemoryViewStore()):
        assert not Runner(events, views, PROJECTIONS).is_inline
    in_memory = MemoryEventStore(ids=TimeOrderedIds())
    assert not Runner(in_memory, sqlite_views(events), PROJECTIONS).is_inline
    beside.close()
    again.close()


def test_a_runner_without_projections_has_nothing_to_follow(events: SqliteEventStore) -> None:
    organize(handler(events))
    assert Runner(events, sqlite_views(events), ()).catch_up() == events.head()


# --- what goes wrong ---------------------------------------------------------------------------


def test_a_crash_between_append_and_projection_heals(
    events: SqliteEventStore, path: Path, tmp_path: Path
) -> None:
    """Nothing was projected of the last appends; the next catch-up follows them."""
    views = sqlite_views(events)
    runner = Runner(events, views, PROJECTIONS)
    organize(handler(events, runner))
    before = events.head()
    handler(events).handle(log("A"), actor="ada")
    assert checkpoints(views) == [before] * len(PROJECTIONS)
    # What is appended now cannot go inline, since the views lack what came before.
    handler(events, runner).handle(log("B"), actor="ada")
    assert checkpoints(views) == [before] * len(PROJECTIONS)
    runner.catch_up()
    assert VersionIndex(views).resolve("vision/mnist/digits").index == 1
    handler(events, runner).handle(log("C"), actor="ada")
    assert VersionIndex(views).resolve("vision/mnist/digits").index == 2
    live = [stored(path, table) for table in TABLES]
    assert live == rebuilt(events, tmp_path / "rebuilt.db")


def test_keeping_up_heals_what_could_not_go_inline(events: SqliteEventStore) -> None:
    views = sqlite_views(events)
    runner = Runner(events, views, PROJECTIONS)
    organize(handler(events))
    handler(events, runner).handle(log("A"), actor="ada")
    assert checkpoints(views) == [0] * len(PROJECTIONS)
    runner.keep_up()
    assert checkpoints(views) == [events.head()] * len(PROJECTIONS)
    handler(events, runner).handle(log("B"), actor="ada")
    runner.keep_up()
    assert VersionIndex(views).resolve("vision/mnist/digits").index == 1


def test_keeping_up_looks_at_the_log_only_if_views_lag(events: SqliteEventStore) -> None:
    """What others append is theirs to project; it shows when somebody catches up."""
    views = sqlite_views(events)
    runner = Runner(events, views, PROJECTIONS)
    organize(handler(events))
    runner.keep_up()
    assert checkpoints(views) == [0] * len(PROJECTIONS)


def test_keeping_up_catches_up_views_that_cannot_go_inline(events: SqliteEventStore) -> None:
    views = MemoryViewStore()
    runner = Runner(events, views, PROJECTIONS)
    organize(handler(events, runner))
    runner.keep_up()
    assert checkpoints(views) == [events.head()] * len(PROJECTIONS)


# --- several followers -------------------------------------------------------------------------


def test_runners_in_many_threads_follow_each_event_once(
    events: SqliteEventStore, path: Path, tmp_path: Path
) -> None:
    work(handler(events), rounds=6)
    views = sqlite_views(events)
    runners = [Runner(events, views, PROJECTIONS) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Runner.catch_up, runners))
    assert [stored(path, table) for table in TABLES] == rebuilt(events, tmp_path / "rebuilt.db")


def catch_up_in_a_process(path: Path, views_path: Path) -> None:
    events = sqlite_events(path)
    views = SqliteViewStore(SqliteDatabase(views_path))
    Runner(events, views, PROJECTIONS).catch_up()


def test_runners_in_many_processes_follow_each_event_once(
    events: SqliteEventStore, path: Path, tmp_path: Path
) -> None:
    work(handler(events), rounds=6)
    beside = tmp_path / "views.db"
    beside.touch()
    context = multiprocessing.get_context("spawn")
    for views_path in (path, beside):
        crew = [
            context.Process(target=catch_up_in_a_process, args=(path, views_path)) for _ in range(3)
        ]
        for each in crew:
            each.start()
        for each in crew:
            each.join(120)
        assert [each.exitcode for each in crew] == [0, 0, 0]
    expected = rebuilt(events, tmp_path / "rebuilt.db")
    assert [stored(path, table) for table in TABLES] == expected
    assert [stored(beside, table) for table in TABLES] == expected


def test_a_page_that_somebody_else_has_followed_is_passed_over() -> None:
    events = many_events(4_500)

    class Overtaken(MemoryViewStore):
        """Views in which somebody else is always faster, by one page."""

        def apply(
            self,
            projections: Sequence[str],
            changes: Iterable[tuple[int, Change]],
            *,
            after: int,
            upto: int,
            parked: Sequence[Parked] = (),
        ) -> bool:
            changes = list(changes)
            assert super().apply(projections, changes, after=after, upto=upto, parked=parked)
            return super().apply(projections, changes, after=after, upto=upto)

    views = Overtaken()
    assert Runner(events, views, (TEAMS,)).catch_up() == 4_500
    assert len(views.query(EVERY_TEAM, {})) == 4_500


def test_a_view_that_another_release_keeps_is_not_followed_for_ever(
    events: SqliteEventStore,
) -> None:
    organize(handler(events))
    ours, theirs = sqlite_views(events), sqlite_views(events)
    runner = Runner(events, ours, PROJECTIONS)
    Runner(events, theirs, (replace(VERSION_INDEX, schema=99),)).catch_up()
    with pytest.raises(StoreUnavailable, match="another shape"):
        runner.catch_up()
    assert theirs.checkpoint(VERSION_INDEX.name) == events.head()
    # What is appended meanwhile is not lost to anybody: the views of others are left alone.
    handler(events, runner).handle(log("A"), actor="ada")
    assert ours.checkpoint(LINEAGE.name) == 0


# --- views of a new shape, and views apart -----------------------------------------------------


def test_a_view_of_another_schema_is_rebuilt(
    events: SqliteEventStore, path: Path, tmp_path: Path
) -> None:
    views = sqlite_views(events)
    work(handler(events, Runner(events, views, PROJECTIONS)))
    live, expected = [stored(path, table) for table in TABLES], answers(views)
    newer = (replace(VERSION_INDEX, schema=99), LINEAGE)
    runner = Runner(events, views, newer)
    assert checkpoints(views) == [0, events.head(), events.head()]
    assert stored(path, ALIAS) == []
    assert stored(path, RUN)
    assert runner.catch_up() == events.head()
    assert answers(views) == expected
    assert [stored(path, table) for table in TABLES] == live


def test_a_view_that_is_behind_does_not_hold_the_others_back(events: SqliteEventStore) -> None:
    views = sqlite_views(events)
    organize(handler(events, Runner(events, views, (VERSION_INDEX,))))
    runner = Runner(events, views, PROJECTIONS)
    assert checkpoints(views) == [events.head(), 0, 0]
    handler(events, runner).handle(log("A"), actor="ada")
    assert checkpoints(views) == [events.head(), 0, 0]
    assert VersionIndex(views).resolve("vision/mnist/digits").index == 0
    runner.catch_up()
    assert checkpoints(views) == [events.head()] * len(PROJECTIONS)


def test_views_that_stand_apart_meet_and_read_the_log_once() -> None:
    events = many_events(4_500)
    views = MemoryViewStore()
    others = replace(
        TEAMS, name="others", tables=(OTHER_TEAM,), folds=dict([on(TeamCreated, other)])
    )
    Runner(events, views, (TEAMS,))
    changes = [(e.position, c) for e in events.read_all(limit=3_000) for c in TEAMS.project(e)]
    assert views.apply([TEAMS.name], changes, after=0, upto=3_000)
    seen: list[tuple[int, int]] = []
    Runner(events, views, (TEAMS, others)).catch_up(
        progress=lambda at, head: seen.append((at, head))
    )
    assert seen == [(2_000, 4_500), (3_000, 4_500), (4_500, 4_500)]
    for query in (EVERY_TEAM, EVERY_OTHER_TEAM):
        assert len(views.query(query, {})) == 4_500


def test_progress_tells_the_position_reached_and_the_head() -> None:
    events = many_events(4_001)
    seen: list[tuple[int, int]] = []
    runner = Runner(events, MemoryViewStore(), (TEAMS,))
    runner.catch_up(progress=lambda at, head: seen.append((at, head)))
    assert seen == [(2_000, 4_001), (4_000, 4_001), (4_001, 4_001)]
    runner.catch_up(progress=lambda at, head: seen.append((at, head)))
    assert len(seen) == 3


def test_a_view_follows_events_that_do_not_concern_it() -> None:
    """Its checkpoint says how far it has looked, not where it last found something."""
    events = many_events(10)
    views = MemoryViewStore()
    Runner(events, views, PROJECTIONS).catch_up()
    assert checkpoints(views) == [10] * len(PROJECTIONS)


# --- what the tests are made with --------------------------------------------------------------

TEAM = Table("test_team", (Column("team"),), key=("team",))
OTHER_TEAM = Table("test_other_team", (Column("team"),), key=("team",))


def team(recorded: RecordedEvent, event: TeamCreated) -> Iterable[Change]:
    return (Open(TEAM, (event.team,)),)


def other(recorded: RecordedEvent, event: TeamCreated) -> Iterable[Change]:
    return (Open(OTHER_TEAM, (event.team,)),)


TEAMS = Projection("test_teams", 1, (TEAM,), dict([on(TeamCreated, team)]))
EVERY_TEAM: Query[tuple[str]] = Query((Step("team", TEAM, {}),), (Field("team", "team"),))
EVERY_OTHER_TEAM: Query[tuple[str]] = Query(
    (Step("team", OTHER_TEAM, {}),), (Field("team", "team"),)
)


def many_events(count: int) -> MemoryEventStore:
    events = MemoryEventStore(ids=TimeOrderedIds())
    made: tuple[Event, ...] = tuple(TeamCreated(team=f"t{n}") for n in range(count))
    context = Context("ada", SteadyClock().now(), "c" * 32, None)
    events.append([Append("organization-o", NO_STREAM, made)], context)
    return events
