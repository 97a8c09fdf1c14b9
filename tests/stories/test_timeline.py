"""The timeline of an alias, and what is different between two moments: beside what the trail says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stemmata
from stemmata.reading.reader import Reader
from stemmata.stemma import PROJECTIONS, Stemma
from stemmata_domain.errors import (
    InvalidMoment,
    InvalidPath,
    UnknownArtifact,
    UnknownCollection,
    UnknownRegistry,
    UnknownRun,
    UnknownVersion,
)
from stemmata_projections.audit.difference import Differences
from stemmata_projections.audit.queries import rows_with
from stemmata_projections.audit.views import AliasPeriod, Change, Difference
from stemmata_projections.version_index.views import Collection
from tests.stories.busy_registry import BEGIN, DIGITS, KEPT, SOURCE, Clock, log, work
from tests.stories.test_audit import everything


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Stemma]:
    """A registry that nobody changes any more."""
    place = tmp_path_factory.mktemp("registry") / "registry.db"
    url = "memory://" if request.param == "memory" else f"sqlite:///{place}"
    with stemmata.open(
        url, content="memory://", actor="ci", entity="vision", clock=Clock()
    ) as stemma:
        work(stemma)
        yield stemma


class SetClock:
    """A clock that the test sets."""

    time = BEGIN

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=["memory", "sqlite"])
def march(request: pytest.FixtureRequest, tmp_path: Path, clock: SetClock) -> Iterator[Stemma]:
    """Production was v0 from 2 March, v1 from 4 March by ada, and nothing from 6 March by bob."""
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'registry.db'}"
    with stemmata.open(
        url, content="memory://", actor="ci", entity="vision", clock=clock
    ) as stemma:
        stemma.organize("Acme", teams=["vision"])
        for day, actor in ((2, "ci"), (4, "ada")):
            clock.time = datetime(2026, 3, day, 12, tzinfo=UTC)
            version = log(stemma, str(day))
            stemma.within(actor=actor).link(version, DIGITS, aliases=["production"])
        clock.time = datetime(2026, 3, 6, 12, tzinfo=UTC)
        stemma.within(actor="bob").edit_aliases(f"{DIGITS}:v1", remove=["production"])
        yield stemma


# --- the timeline of an alias --------------------------------------------------------------------


def told(periods: list[AliasPeriod]) -> list[tuple[Any, ...]]:
    return [
        (p.full_name, p.since.day, p.since_by, p.until and p.until.day, p.until_by) for p in periods
    ]


def test_an_alias_named_this_from_then_to_then_and_was_moved_by_them(march: Stemma) -> None:
    periods = march.timeline(f"{DIGITS}:production")
    assert told(periods) == [
        (f"{DIGITS}:v0", 2, "ci", 4, "ada"),
        (f"{DIGITS}:v1", 4, "ada", 6, "bob"),
        (None, 6, "bob", None, None),
    ]
    assert [each.source for each in periods] == [f"{SOURCE}:v0", f"{SOURCE}:v1", None]
    assert [each.version for each in periods[:2]] == [
        march.resolve(f"{DIGITS}:v0").id,
        march.resolve(f"{DIGITS}:v1").id,
    ]


def test_a_timeline_ends_at_the_moment(march: Stemma) -> None:
    past = march.as_of("2026-03-05T00:00Z")
    assert told(past.timeline(f"{DIGITS}:production")) == [
        (f"{DIGITS}:v0", 2, "ci", 4, "ada"),
        (f"{DIGITS}:v1", 4, "ada", None, None),
    ]


def test_a_number_names_its_version_until_that_leaves(march: Stemma, clock: SetClock) -> None:
    [period] = march.timeline(f"{DIGITS}:v0")
    assert told([period]) == [(f"{DIGITS}:v0", 2, "ci", None, None)]
    clock.time = datetime(2026, 3, 8, 12, tzinfo=UTC)
    march.unlink(f"{DIGITS}:v0")
    assert told(march.timeline(f"{DIGITS}:v0"))[0] == (f"{DIGITS}:v0", 2, "ci", 8, "ci")


def test_a_name_that_was_deleted_and_taken_again_is_one_timeline(
    march: Stemma, clock: SetClock
) -> None:
    clock.time = datetime(2026, 3, 7, 12, tzinfo=UTC)
    march.delete_collection(DIGITS)
    clock.time = datetime(2026, 3, 9, 12, tzinfo=UTC)
    march.link(f"{SOURCE}:v1", DIGITS, aliases=["production"])
    assert told(march.timeline(f"{DIGITS}:production"))[-3:] == [
        (f"{DIGITS}:v1", 4, "ada", 6, "bob"),
        (None, 6, "bob", 9, "ci"),
        (f"{DIGITS}:v0", 9, "ci", None, None),
    ]
    latest = march.timeline(f"{DIGITS}:latest")
    assert told(latest)[-3:] == [
        (f"{DIGITS}:v1", 4, "ada", 7, "ci"),
        (None, 7, "ci", 9, "ci"),
        (f"{DIGITS}:v0", 9, "ci", None, None),
    ]
    assert len({each.line for each in latest}) == 2


def test_without_an_alias_there_are_the_timelines_of_all(march: Stemma) -> None:
    every = march.timeline(DIGITS)
    assert every == march.timeline(f"{DIGITS}:latest") + march.timeline(f"{DIGITS}:production")
    march.create_collection("wandb-registry-model/Empty", type="model")
    assert march.timeline("wandb-registry-model/Empty") == []


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        (f"{DIGITS}:never", UnknownVersion),
        (f"{DIGITS}:v9", UnknownVersion),
        ("wandb-registry-model/Nothing:x", UnknownCollection),
        ("wandb-registry-nothing/Digits:x", UnknownRegistry),
        ("vision/mnist/nothing:x", UnknownArtifact),
        ("a/b/c/d:x", InvalidPath),
    ],
)
def test_what_never_was_has_no_timeline(march: Stemma, name: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        march.timeline(name)


def _from_the_trail(reader: Reader, name: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return what each alias of a name was and became, when, and by whom, as the trail tells it."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for entry in everything(reader, name=name):
        kinds = {"AliasAdded", "AliasRemoved", "CollectionDeleted"}
        for change in entry.changes if entry.kind in kinds else ():
            if change.what.startswith("alias "):
                moved = (change.before, change.after, entry.position, entry.at, entry.actor)
                found.setdefault(change.what.removeprefix("alias "), []).append(moved)
    return found


@pytest.mark.parametrize("name", [DIGITS, KEPT, SOURCE, "other/wandb-registry-model/Words"])
@pytest.mark.parametrize("at", [None, 120, 140])
def test_the_timeline_is_what_the_trail_tells(registry: Stemma, name: str, at: int | None) -> None:
    reader = registry if at is None else registry.as_of(at)
    trail = _from_the_trail(reader, name)
    every = reader.timeline(name)
    assert {each.alias for each in every} == set(trail)
    for alias, moves in trail.items():
        periods = reader.timeline(f"{name}:{alias}")
        assert periods == [each for each in every if each.alias == alias]
        held = [period.full_name and period.full_name.rpartition(":")[2] for period in periods]
        began = [(p.since_position, p.since, p.since_by) for p in periods]
        assert held == [after for _, after, *_ in moves]
        assert began == [(position, at, by) for *_, position, at, by in moves]
        ended = [(p.until_position, p.until, p.until_by) for p in periods]
        assert ended == [*began[1:], (None, None, None)]
        assert [before for before, *_ in moves] == [None, *held[:-1]]


# --- what is different ---------------------------------------------------------------------------


State = dict[str, dict[str, Any]]


def _lines(reader: Reader) -> Iterator[Collection]:
    index = reader.index_without_defaults
    for organization in reader.organizations():
        for registry in index.registries(organization.id):
            yield from index.collections(registry.id)
    for project in {f"{each.entity}/{each.project}" for each in reader.artifacts()}:
        yield from index.collections(project)


def _state(reader: Reader) -> State:
    """Return what a difference tells of, in full, as questions of names answer it."""
    groups = ("registries", "collections", "versions", "links", "aliases", "tags", "runs")
    state: State = {group: {} for group in groups}
    index = reader.index_without_defaults
    for organization in reader.organizations():
        for registry in index.registries(organization.id):
            state["registries"][registry.id] = (registry.description, registry.accepted_types)
    for line in _lines(reader):
        state["collections"][line.id] = line.tags
        for version in index.versions(line.id):
            if version.is_link:
                link = f"{line.id}#{version.index}"
                state["links"][link] = version.source_qualified_name
            else:
                about = (version.description, dict(version.metadata))
                state["versions"][version.id] = about
                state["tags"][version.id] = version.tags
            for alias in version.aliases:
                state["aliases"][f"{line.id}:{alias}"] = version.version
    for run in ("vision/mnist/r0", "vision/mnist/r1"):
        with suppress(UnknownRun):
            state["runs"][run] = reader.run(run).state
    return state


def _different(was: State, now: State) -> dict[str, dict[str, str]]:
    """Return for each group which things are different, and how."""
    return {
        group: {
            id: "added" if id not in was[group] else "changed" if id in now[group] else "removed"
            for id in {**was[group], **now[group]}
            if was[group].get(id) != now[group].get(id) or (id in was[group]) != (id in now[group])
        }
        for group in was
    }


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_difference_is_that_of_two_states_in_full(registry: Stemma, data: st.DataObject) -> None:
    moments = st.integers(min_value=0, max_value=registry.position())
    start, end = data.draw(moments), data.draw(moments)
    was, now = _state(registry.as_of(start)), _state(registry.as_of(end))
    found = registry.diff(start, end)
    groups = {
        name: {each.thing.id: each.how for each in group}
        for name, group in found.groups().items()
        if name in was
    }
    wanted = _different(was, now)
    # Tags come and go, the version that has them stays or is told of itself.
    wanted["tags"] = {
        id: "changed"
        for id in {**was["tags"], **now["tags"]}
        if set(was["tags"].get(id, ())) != set(now["tags"].get(id, ()))
    }
    assert groups == wanted
    for alias in found.aliases:
        [change] = alias.changes
        assert change.before == was["aliases"].get(alias.thing.id)
        assert change.after == now["aliases"].get(alias.thing.id)
    for link in found.links:
        assert link.changes == (
            Change("source", was["links"].get(link.thing.id), now["links"].get(link.thing.id)),
        )
    for run in found.runs:
        wanted_change = (was["runs"].get(run.thing.id), now["runs"].get(run.thing.id))
        assert [(each.before, each.after) for each in run.changes] == [wanted_change]
    for tagged in found.tags:
        assert {each.before for each in tagged.changes} - {None} == (
            set(was["tags"].get(tagged.thing.id, ())) - set(now["tags"].get(tagged.thing.id, ()))
        )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_there_and_back_is_the_same_difference_turned_round(
    registry: Stemma, data: st.DataObject
) -> None:
    moments = st.integers(min_value=0, max_value=registry.position())
    start, end = data.draw(moments), data.draw(moments)
    there, back = registry.diff(start, end), registry.diff(end, start)
    turned = {"added": "removed", "removed": "added", "changed": "changed"}

    def facts(found: Difference, *, turn: bool) -> dict[str, list[Any]]:
        return {
            name: [
                (
                    each.thing,
                    turned[each.how] if turn else each.how,
                    sorted(
                        repr((c.what, c.after, c.before) if turn else (c.what, c.before, c.after))
                        for c in each.changes
                    ),
                )
                for each in group
            ]
            for name, group in found.groups().items()
        }

    assert facts(there, turn=False) == facts(back, turn=True)
    assert not registry.diff(start, start)
    json.dumps(there.to_json())


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_difference_limited_to_a_name_is_that_part_of_the_whole(
    registry: Stemma, data: st.DataObject
) -> None:
    moments = st.integers(min_value=95, max_value=registry.position())
    start, end = data.draw(moments), data.draw(moments)
    name = data.draw(
        st.sampled_from([DIGITS, KEPT, SOURCE, "wandb-registry-Own", "wandb-registry-model"])
    )
    whole, part = registry.diff(start, end), registry.diff(start, end, name)
    places = {
        KEPT: ("wandb-registry-Own/Kept",),
        "wandb-registry-model": (DIGITS, "wandb-registry-model:"),
    }.get(name, (name,))
    for group in ("aliases", "links", "versions", "tags", "collections"):
        wanted = {
            each.thing.id for each in whole.groups()[group] if each.thing.name.startswith(places)
        }
        assert {each.thing.id for each in part.groups()[group]} == wanted


def test_what_changed_there_and_back_is_not_different(march: Stemma) -> None:
    before = march.position()
    march.edit_aliases(f"{DIGITS}:v0", add=["canary"])
    march.edit_aliases(f"{DIGITS}:v0", remove=["canary"])
    march.edit(f"{SOURCE}:v0", description="for a moment")
    march.edit(f"{SOURCE}:v0", clear_description=True)
    found = march.diff(before, "now")
    assert not found
    assert (found.start, found.end) == (before, march.position())


def test_a_difference_tells_from_what_to_what(march: Stemma) -> None:
    found = march.diff("2026-03-03T00:00Z", "2026-03-05T00:00Z")
    assert {each.thing.name: each.changes for each in found.aliases} == {
        f"{DIGITS}:latest": (Change("alias latest", "v0", "v1"),),
        f"{DIGITS}:production": (Change("alias production", "v0", "v1"),),
        f"{SOURCE}:latest": (Change("alias latest", "v0", "v1"),),
    }
    back = march.diff("2026-03-07T00:00Z", "2026-03-05T00:00Z")
    [restored] = back.aliases
    assert (restored.how, restored.changes) == (
        "added",
        (Change("alias production", None, "v1"),),
    )


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (("2026-03-03", "now"), InvalidMoment),
        ((0, 10**6), InvalidMoment),
        ((0, "now", f"{DIGITS}:v0"), InvalidPath),
        ((0, "now", "wandb-registry-model/Nothing"), UnknownCollection),
    ],
)
def test_what_cannot_be_compared_is_refused(
    march: Stemma, asked: tuple[Any, ...], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        march.diff(*asked)


TABLES = tuple(table for projection in PROJECTIONS[:2] for table in projection.tables)


def _rows(stemma: Stemma, at: int) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables as of a position."""
    return {
        table.name: sorted(stemma._views.query(rows_with(table, ()), {}, at=at), key=repr)
        for table in TABLES
    }


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_the_different_rows_are_those_of_a_comparison_of_everything(
    registry: Stemma, data: st.DataObject
) -> None:
    head = registry.position()
    after = data.draw(st.integers(min_value=0, max_value=head))
    upto = data.draw(st.integers(min_value=after, max_value=head))
    was, now = _rows(registry, after), _rows(registry, upto)
    differences = Differences(registry._views, after=after)
    differences.follow(registry.replay(after=after, until=upto))
    for table in TABLES:
        pairs = list(differences.of(table))
        gone = sorted((before for before, _ in pairs if before is not None), key=repr)
        came = sorted((later for _, later in pairs if later is not None), key=repr)
        assert gone == [row for row in was[table.name] if row not in now[table.name]]
        assert came == [row for row in now[table.name] if row not in was[table.name]]
