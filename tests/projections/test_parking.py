"""Events that a view cannot take: they are parked for it, and hold up neither it nor the others."""

from __future__ import annotations

import logging
import multiprocessing
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemmata_adapters.databases.postgresql_url import database_of
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.event_stores.postgresql import PostgresEventStore
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.postgresql import PostgresViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.commands.log import Logged
from stemmata_domain.errors import EventUnreadable, StoreUnavailable
from stemmata_domain.events import AliasAdded, Event, TeamCreated
from stemmata_domain.handling import Command
from stemmata_domain.ports import Append, EventStore
from stemmata_domain.recorded import Context, RecordedEvent
from stemmata_domain.work import Work
from stemmata_projections.changes import Change, Open
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.projection import Projection, on
from stemmata_projections.runner import Runner
from stemmata_projections.tables import Column, Table
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.version_index.tables import ALIAS
from stemmata_projections.view_store import Parked, ViewStore
from tests.projections.busy import (
    SteadyClock,
    handler,
    log,
    organize,
    sqlite_events,
    sqlite_views,
    stored,
)

Poison = Literal["fold raises", "row is open", "number is too large"]


# --- views that cannot take everything ---------------------------------------------------------


class Fault(Exception):
    """What a faulty fold raises."""


def faulty(alias: str, poison: Poison = "fold raises") -> Projection:
    """Return the version index, as it is made by folds that go wrong when this alias is added."""
    whole = VERSION_INDEX.folds[AliasAdded]

    def fold(recorded: RecordedEvent, event: AliasAdded) -> Iterable[Change]:
        yield from whole(recorded, event)
        if event.alias == alias:
            if poison == "fold raises":
                raise Fault("no \0 such \ud800 alias")
            number = 2**63 if poison == "number is too large" else event.index
            yield Open(ALIAS, (recorded.stream, event.alias, number))
            yield Open(ALIAS, (recorded.stream, event.alias, event.index))

    return replace(VERSION_INDEX, folds=dict([*VERSION_INDEX.folds.items(), on(AliasAdded, fold)]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def events(path: Path) -> Iterator[SqliteEventStore]:
    events = sqlite_events(path)
    yield events
    events.close()


def checkpoints(views: ViewStore, *projections: Projection) -> list[int]:
    return [views.checkpoint(projection.name) for projection in projections]


POISONS: tuple[Poison, ...] = ("fold raises", "row is open", "number is too large")


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest) -> Iterator[tuple[EventStore, ViewStore]]:
    """A log, and views that are written with it."""
    if request.param == "sqlite":
        events: SqliteEventStore = request.getfixturevalue("events")
        yield events, sqlite_views(events)
        return
    database = database_of(request.getfixturevalue("postgres_url"))
    with closing(PostgresEventStore(database, ids=TimeOrderedIds())) as log:
        yield log, PostgresViewStore(database)


@pytest.mark.parametrize("poison", POISONS)
def test_a_command_whose_event_a_view_cannot_take_is_carried_out(
    stores: tuple[EventStore, ViewStore], poison: Poison
) -> None:
    events, views = stores
    projections = (LINEAGE, faulty("bad", poison))
    runner = Runner(events, views, projections)
    commands = handler(events, runner)
    organize(commands)
    commands.handle(log("A"), actor="ada")
    head = events.head()
    logged = commands.handle(log("B", aliases=("good", "bad")), actor="ada")
    assert [e.event.topic for e in events.read_all(after=head)].count("ArtifactLogged") == 1
    assert checkpoints(views, *projections) == [head, head]  # nobody has followed it yet
    runner.keep_up()
    assert checkpoints(views, *projections) == [events.head()] * 2
    (parked,) = views.parked()
    bad = next(
        e for e in events.read_all(after=head) if e.event == AliasAdded(alias="bad", index=1)
    )
    assert parked[:2] == (VERSION_INDEX.name, bad.position)
    assert parked.cause
    index = VersionIndex(views)
    assert index.resolve("vision/mnist/digits:good").id == logged.version
    assert "bad" not in index.resolve("vision/mnist/digits:v1").aliases
    # From here on, the views are inline again.
    commands.handle(log("C"), actor="ada")
    assert checkpoints(views, *projections) == [events.head()] * 2
    assert len(views.parked()) == 1


@pytest.mark.parametrize("poison", POISONS)
def test_a_command_within_a_block_of_others_is_undone_alone_and_carried_out_once(
    events: SqliteEventStore, poison: Poison
) -> None:
    views = sqlite_views(events)
    projections = (LINEAGE, faulty("bad", poison))
    runner = Runner(events, views, projections)
    commands = handler(events, runner)
    organize(commands)
    with events.writing():
        commands.handle(log("A"), actor="ada")
        head = events.head()
        commands.handle(log("B", aliases=("good", "bad")), actor="ada")
        assert checkpoints(views, *projections) == [head, head]
    assert [e.event.topic for e in events.read_all(after=head)].count("ArtifactLogged") == 1
    runner.keep_up()
    assert checkpoints(views, *projections) == [events.head()] * 2
    (parked,) = views.parked()
    bad = AliasAdded(alias="bad", index=1)
    (position,) = (e.position for e in events.read_all(after=head) if e.event == bad)
    assert parked[:2] == (VERSION_INDEX.name, position)
    assert set(VersionIndex(views).resolve("vision/mnist/digits:v1").aliases) == {"latest", "good"}


def test_a_cause_is_kept_in_words_that_every_store_can_keep(events: SqliteEventStore) -> None:
    views = sqlite_views(events)
    runner = Runner(events, views, (faulty("bad"),))
    commands = handler(events, runner)
    organize(commands)
    commands.handle(log("A", aliases=("bad",)), actor="ada")
    runner.keep_up()
    assert [each.cause for each in views.parked()] == ["Fault: no \\0 such \\ud800 alias"]


def test_a_view_that_cannot_be_written_parks_nothing(events: SqliteEventStore) -> None:
    """A full disk may have room again; the event is taken then."""

    class Full(SqliteViewStore):
        is_full = True

        def apply(
            self,
            projections: Sequence[str],
            changes: Iterable[tuple[int, Change]],
            *,
            after: int,
            upto: int,
            parked: Sequence[Parked] = (),
        ) -> bool:
            if self.is_full:
                raise StoreUnavailable(store="views", why="database or disk is full")
            return super().apply(projections, changes, after=after, upto=upto, parked=parked)

    views = Full(events.recorder.database)
    runner = Runner(events, views, (VERSION_INDEX, LINEAGE))
    with pytest.raises(StoreUnavailable, match="full"):
        organize(handler(events, runner))
    assert events.head() == 0
    organize(handler(events))
    with pytest.raises(StoreUnavailable, match="full"):
        runner.catch_up()
    assert checkpoints(views, VERSION_INDEX, LINEAGE) == [0, 0]
    views.is_full = False
    runner.catch_up()
    assert checkpoints(views, VERSION_INDEX, LINEAGE) == [events.head()] * 2
    assert views.parked() == []


def test_memory_that_runs_out_parks_nothing(events: SqliteEventStore) -> None:
    def fold(recorded: RecordedEvent, event: TeamCreated) -> Iterable[Change]:
        raise MemoryError

    organize(handler(events))
    views = MemoryViewStore()
    with pytest.raises(MemoryError):
        Runner(events, views, (Projection("p", 1, (), dict([on(TeamCreated, fold)])),)).catch_up()
    assert views.checkpoint("p") == 0


def test_a_thread_sees_what_it_wrote_although_others_catch_up_meanwhile(
    events: SqliteEventStore,
) -> None:
    """Between the first try, which is undone, and the second one another thread has kept up."""
    views = sqlite_views(events)
    runner = Runner(events, views, (faulty("bad"),))
    commands = handler(events, runner)
    organize(commands)

    def inline(recorded: Sequence[RecordedEvent]) -> None:
        try:
            runner.inline(recorded)
        finally:
            other = Thread(target=runner.keep_up)
            other.start()
            other.join()

    commands._inline = inline
    logged = commands.handle(log("A", aliases=("bad",)), actor="ada")
    runner.keep_up()
    assert VersionIndex(views).resolve("vision/mnist/digits").id == logged.version


def test_a_lagging_view_is_caught_up_before_what_needs_it_is_decided(
    events: SqliteEventStore,
) -> None:
    """Within the right to append nothing can be parked; it is let go of for that."""
    views = sqlite_views(events)
    projection = faulty("bad", "row is open")
    runner = Runner(events, views, (projection,))
    organize(handler(events))
    handler(events).handle(log("A", aliases=("bad",)), actor="ada")

    def inform(command: Command[Logged], _: Work) -> Command[Logged]:
        runner.catch_up_within()
        assert views.checkpoint(projection.name) == events.head()
        return command

    handler(events, runner).handle(log("B"), actor="ada", inform=inform)
    assert views.checkpoint(projection.name) == events.head()
    assert len(views.parked()) == 1


def test_what_is_parked_is_told_once(
    events: SqliteEventStore, caplog: pytest.LogCaptureFixture
) -> None:
    organize(handler(events))
    handler(events).handle(log("A", aliases=("bad",)), actor="ada")
    views = sqlite_views(events)
    with caplog.at_level(logging.WARNING, logger="stemmata_projections"):
        Runner(events, views, (faulty("bad"), LINEAGE)).catch_up()
        Runner(events, views, (faulty("bad"), LINEAGE)).catch_up()
    (told,) = (record.getMessage() for record in caplog.records)
    assert "'version_index' cannot take the event at position" in told
    assert "Fault: no" in told


def catch_up_in_a_process(path: Path) -> None:
    events = sqlite_events(path)
    Runner(events, sqlite_views(events), (faulty("bad", "row is open"), LINEAGE)).catch_up()


def test_processes_that_park_the_same_event_park_it_once(
    events: SqliteEventStore, path: Path
) -> None:
    commands = handler(events)
    organize(commands)
    for n in range(60):
        commands.handle(log(f"{n}", aliases=("bad",)), actor="ada")
    context = multiprocessing.get_context("spawn")
    crew = [context.Process(target=catch_up_in_a_process, args=(path,)) for _ in range(3)]
    for each in crew:
        each.start()
    for each in crew:
        each.join(120)
    assert [each.exitcode for each in crew] == [0, 0, 0]
    views = sqlite_views(events)
    projections = (faulty("bad", "row is open"), LINEAGE)
    Runner(events, views, projections).catch_up()
    assert checkpoints(views, *projections) == [events.head()] * 2
    parked = [each.position for each in views.parked()]
    bad = [
        e.position
        for e in events.read_all(limit=10_000)
        if isinstance(e.event, AliasAdded) and e.event.alias == "bad"
    ]
    assert parked == bad


# --- events that cannot be read -----------------------------------------------------------------


def damage(path: Path, *positions: int) -> None:
    """Damage events, past the store."""
    with closing(sqlite3.connect(path)) as raw, raw:
        for position in positions:
            raw.execute("UPDATE event SET topic = 'FromLater' WHERE position = ?", (position,))


@pytest.mark.parametrize("page", [1, 2, 5, 2_000])
def test_events_that_cannot_be_read_are_parked_for_every_view(
    events: SqliteEventStore, path: Path, page: int
) -> None:
    organize(handler(events))
    head = events.head()
    damaged = [1, 4, 5, head]
    damage(path, *damaged)
    for views in (sqlite_views(events), MemoryViewStore()):
        projections = (VERSION_INDEX, LINEAGE)
        Runner(events, views, projections, page=page).catch_up()
        assert checkpoints(views, *projections) == [head, head]
        assert [each[:2] for each in views.parked()] == [
            (projection.name, position)
            for projection in sorted(projections, key=lambda each: each.name)
            for position in damaged
        ]
        assert all("'FromLater'" in each.cause for each in views.parked())


class Gappy(MemoryEventStore):
    """A store whose positions have gaps, and some of whose events cannot be read."""

    def __init__(self, teams: Mapping[int, bool], *, tells: bool = True) -> None:
        super().__init__(ids=TimeOrderedIds())
        self._teams = teams
        self._tells = tells

    def read_all(self, *, after: int = 0, limit: int = 1000) -> list[RecordedEvent]:
        found = []
        for position in [each for each in self._teams if each > after][:limit]:
            if not self._teams[position]:
                where = position if self._tells else None
                raise EventUnreadable(topic="FromLater", position=where, why="unknown")
            envelope = (TimeOrderedIds().new(), SteadyClock().now(), "ada", "c", None)
            event = TeamCreated(team=f"t{position}")
            found.append(RecordedEvent(position, "organization-o", 0, *envelope, event))
        return found

    def head(self) -> int:
        return max(self._teams, default=0)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(1, 200), st.booleans(), min_size=1, max_size=40),
    st.integers(1, 50),
)
def test_unreadable_events_are_found_although_positions_have_gaps(
    teams: dict[int, bool], page: int
) -> None:
    events = Gappy(dict(sorted(teams.items())))
    views = MemoryViewStore()
    Runner(events, views, (TEAMS,), page=page).catch_up()
    readable = [[f"t{position}"] for position in sorted(teams) if teams[position]]
    assert sorted([*held.row] for held in views.scan(TEAM)) == sorted(readable)
    assert [each.position for each in views.parked()] == sorted(p for p in teams if not teams[p])
    assert views.checkpoint(TEAMS.name) == events.head()


def test_an_event_that_cannot_be_read_or_found_stops_the_views() -> None:
    events = Gappy({1: True, 5: False, 9: True}, tells=False)
    views = MemoryViewStore()
    with pytest.raises(EventUnreadable):
        Runner(events, views, (TEAMS,)).catch_up()
    assert views.checkpoint(TEAMS.name) == 0


def test_views_that_stand_apart_get_past_an_unreadable_event(
    events: SqliteEventStore, path: Path
) -> None:
    organize(handler(events))
    views = sqlite_views(events)
    Runner(events, views, (LINEAGE,)).catch_up()
    head = events.head()
    handler(events).handle(log("A"), actor="ada")
    damage(path, head, head + 1)
    Runner(events, views, (VERSION_INDEX, LINEAGE)).catch_up()
    assert checkpoints(views, VERSION_INDEX, LINEAGE) == [events.head()] * 2
    assert [each[:2] for each in views.parked()] == [
        (LINEAGE.name, head + 1),
        (VERSION_INDEX.name, head),
        (VERSION_INDEX.name, head + 1),
    ]


# --- random histories ---------------------------------------------------------------------------

TEAM = Table("test_team", (Column("team"),), key=("team",))
SEEN = Table("test_seen", (Column("team"), Column("version", "integer")), key=("team",))


def _team(recorded: RecordedEvent, event: TeamCreated) -> Iterable[Change]:
    return (Open(TEAM, (event.team,)),)


def _seen(recorded: RecordedEvent, event: TeamCreated) -> Iterable[Change]:
    if event.team.startswith("poison"):
        raise Fault(event.team)
    return (Open(SEEN, (event.team, recorded.version)),)


TEAMS = Projection("test_teams", 1, (TEAM,), dict([on(TeamCreated, _team)]))
"""It cannot take a team twice."""
SEENS = Projection("test_seen", 1, (SEEN,), dict([on(TeamCreated, _seen)]))
"""It cannot take poison either."""


def history(names: Sequence[str]) -> MemoryEventStore:
    events = MemoryEventStore(ids=TimeOrderedIds())
    context = Context("ada", SteadyClock().now(), "c" * 32, None)
    for n, name in enumerate(names):
        made: tuple[Event, ...] = (TeamCreated(team=name),)
        events.append([Append("organization-o", n - 1, made)], context)
    return events


def expected(names: Sequence[str]) -> tuple[list[tuple[str, int]], dict[str, list[int]]]:
    """Return what is in both views, taken event by event, and what is parked."""
    teams: dict[str, int] = {}
    seen: dict[str, int] = {}
    parked: dict[str, list[int]] = {TEAMS.name: [], SEENS.name: []}
    for position, name in enumerate(names, 1):
        if teams.setdefault(name, position) != position:
            parked[TEAMS.name].append(position)
        if name.startswith("poison") or seen.setdefault(name, position) != position:
            parked[SEENS.name].append(position)
    return [*sorted(teams.items()), *sorted(seen.items())], parked


def outcome(views: ViewStore) -> tuple[list[tuple[str, int]], dict[str, list[int]]]:
    rows = [(str(h.row[0]), h.valid_from) for table in (TEAM, SEEN) for h in views.scan(table)]
    parked: dict[str, list[int]] = {TEAMS.name: [], SEENS.name: []}
    for each in views.parked():
        parked[each.projection].append(each.position)
    return rows, parked


names = st.lists(st.sampled_from([*"abcdefgh", "poison1", "poison2"]), max_size=40)


@settings(max_examples=40, deadline=None)
@given(names, st.integers(1, 12), st.integers(0, 40))
def test_random_poison_is_parked_and_all_else_is_as_without_it(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], page: int, before: int
) -> None:
    """However the log is cut into pages, and wherever the views stand when they begin."""
    events = history(names)
    path = tmp_path_factory.mktemp("views") / "views.db"
    path.touch()
    sqlite_store = SqliteViewStore(SqliteDatabase(path))
    stores: list[MemoryViewStore | SqliteViewStore] = [MemoryViewStore(), sqlite_store]
    for views in stores:
        Runner(history(names[:before]), views, (SEENS,), page=page).catch_up()
        Runner(events, views, (TEAMS, SEENS), page=page).catch_up()
        assert outcome(views) == expected(names)
        assert checkpoints(views, TEAMS, SEENS) == [len(names)] * 2
    sqlite_store.close()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["good", "bad", "worse", "fine"]), min_size=1, max_size=6))
def test_poison_in_one_view_leaves_the_others_as_they_would_be(
    tmp_path_factory: pytest.TempPathFactory, aliases: list[str]
) -> None:
    """Commands, inline: the lineage and the log are those of a run without poison."""

    def run(*projections: Projection) -> tuple[list[object], list[str]]:
        path = tmp_path_factory.mktemp("registry") / "registry.db"
        with closing(sqlite_events(path)) as events:
            runner = Runner(events, sqlite_views(events), projections)
            commands = handler(events, runner)
            organize(commands)
            runner.keep_up()
            for n, alias in enumerate(aliases):
                commands.handle(log(f"{n}", aliases=(alias,)), actor="ada")
                runner.keep_up()
            topics = [each.event.topic for each in events.read_all()]
            assert checkpoints(sqlite_prepared(events, projections), *projections) == [
                events.head()
            ] * len(projections)
            rows: list[object] = [
                [held[1:] for held in stored(path, table)] for table in LINEAGE.tables
            ]
            return rows, topics

    assert run(LINEAGE, faulty("bad", "row is open")) == run(LINEAGE)


def sqlite_prepared(events: SqliteEventStore, projections: Sequence[Projection]) -> ViewStore:
    views = sqlite_views(events)
    views.prepare(projections)
    return views
