"""The audit trail: every event is an entry, and each way of narrowing it finds the ones that fit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stemmata
from stemmata.reading.reader import Reader
from stemmata.stemma import Stemma
from stemmata_domain.errors import (
    InvalidCursor,
    InvalidMoment,
    InvalidPath,
    InvalidSetting,
    UnknownArtifact,
    UnknownCollection,
    UnknownOrganization,
    UnknownRegistry,
    UnknownRun,
    UnknownVersion,
)
from stemmata_domain.events import EVENTS, TOPICS, ArtifactLogged, CollectionDeleted
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.fold import things_of
from stemmata_projections.audit.views import AuditEntry, Change
from stemmata_projections.paging import Page
from tests.stories.busy_registry import BEGIN, DIGITS, KEPT, SOURCE, Clock, log, work


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def registry(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Stemma]:
    """A registry that nobody changes any more; one of its clocks was wrong once."""
    place = tmp_path_factory.mktemp("registry") / "registry.db"
    url = "memory://" if request.param == "memory" else f"sqlite:///{place}"
    clock = Clock(wrong_at=30)
    with stemmata.open(
        url, content="memory://", actor="ci", entity="vision", clock=clock
    ) as stemma:
        work(stemma)
        yield stemma


@pytest.fixture(params=["memory", "sqlite"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stemma]:
    """A registry of the test's own, with an organization and a team."""
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'registry.db'}"
    with stemmata.open(
        url, content="memory://", actor="ci", entity="vision", clock=Clock()
    ) as stemma:
        stemma.organize("Acme Inc", entity="acme", teams=["vision"])
        yield stemma


def everything(reader: Reader, **asked: Any) -> list[AuditEntry]:
    """Return all entries, page by page."""
    found: list[AuditEntry] = []
    page: Page[AuditEntry] = reader.audit(**asked)
    found += page
    while page.cursor is not None:
        page = reader.audit(**asked, cursor=page.cursor)
        found += page
    return found


def positions(entries: Iterable[AuditEntry | RecordedEvent]) -> list[int]:
    return [each.position for each in entries]


# --- entries -------------------------------------------------------------------------------------


def test_the_registry_has_seen_every_kind_of_event(registry: Stemma) -> None:
    assert {type(each.event) for each in registry.replay()} == set(EVENTS)


def test_every_event_is_an_entry_and_every_entry_an_event(registry: Stemma) -> None:
    entries = everything(registry, limit=7)
    events = list(registry.replay())
    assert [
        (e.position, e.id, e.at, e.actor, e.key, e.correlation, e.kind, e.event) for e in entries
    ] == [
        (r.position, r.id, r.time, r.actor, r.key, r.correlation, r.event.topic, r.event)
        for r in events
    ]


def test_every_entry_is_a_sentence_about_a_thing_with_a_name(registry: Stemma) -> None:
    for entry in everything(registry):
        assert entry.what != entry.kind
        assert entry.what.split()[0].islower()
        assert entry.thing.kind
        assert entry.thing.name
        assert entry.thing.id
        json.dumps(entry.to_json())


def test_an_entry_says_what_changed_unless_nothing_did(registry: Stemma) -> None:
    silent = [entry for entry in everything(registry) if not entry.changes]
    assert {entry.what for entry in silent} == {
        "changed the description of v2",
        "changed the description of v5",
    }
    for entry in everything(registry):
        assert all(change.before != change.after for change in entry.changes)


def _changes(registry: Stemma, kind: str) -> list[tuple[Change, ...]]:
    return [entry.changes for entry in everything(registry, kinds=[kind])]


def test_changes_are_told_from_what_to_what(registry: Stemma) -> None:
    assert (Change("alias staging", "v0", "v1"),) in _changes(registry, "AliasAdded")
    assert (Change("alias there", None, "v0"),) in _changes(registry, "AliasAdded")
    assert (Change("alias there", "v0", None),) in _changes(registry, "AliasRemoved")
    assert (Change("tag", "t", None),) in _changes(registry, "VersionUntagged")
    assert (Change("state", "running", "finished"),) in _changes(registry, "RunFinished")
    edited = (
        Change("metadata.m", 2, None),
        Change("metadata.edited", None, [0]),
    )
    assert set(map(repr, edited)) == set(map(repr, _changes(registry, "MetadataChanged")[0]))
    assert _changes(registry, "DescriptionChanged")[0] == (Change("description", None, "edit 0"),)
    deleted = _changes(registry, "CollectionDeleted")[0]
    assert set(deleted) == {
        Change("collection", "wandb-registry-Own/Kept", None),
        Change("alias kept", "v0", None),
        Change("alias latest", "v1", None),
        Change("alias production", "v1", None),
        Change("version", "v0", None),
        Change("version", "v1", None),
    }


def test_values_that_json_tells_apart_are_different(own: Stemma) -> None:
    log(own, "0", metadata={"m": 1, "same": 1})
    logged = own.position()
    own.edit(SOURCE, metadata={"m": True, "same": 1, "nothing": None})
    [changes] = _changes(own, "MetadataChanged")
    expected = ["metadata.m 1 True", "metadata.nothing None None"]
    assert [f"{each.what} {each.before} {each.after}" for each in changes] == expected
    [version] = own.diff(logged, own.position()).versions
    assert version.changes == changes


def test_an_entry_says_through_which_run_or_key_it_came(registry: Stemma) -> None:
    run = "vision/mnist/r0"
    of_run = everything(registry, run=run)
    assert {entry.run for entry in of_run} == {run}
    logged = [e for e in registry.replay() if isinstance(e.event, ArtifactLogged) and e.event.run]
    [first, *_] = logged
    command = [e for e in everything(registry) if e.correlation == first.correlation]
    # The aliases that came with the version, and the name that it took, came through the run too.
    assert {entry.kind for entry in command} >= {"NameClaimed", "ArtifactCreated", "AliasAdded"}
    assert {entry.run for entry in command} == {run}
    keyed = everything(registry, kinds=["CommandKeyed"])
    assert all(entry.key == entry.thing.name for entry in keyed)
    assert len(keyed) == 6


def test_only_what_the_same_command_did_came_through_its_run(own: Stemma) -> None:
    run = own.start_run(project="mnist").path
    version = log(own, "zero")
    own.edit_aliases(version, add=["before"])
    own.use(version, run=run)
    [named] = own.audit(SOURCE, kinds=["AliasAdded"], newest_first=True, limit=1)
    assert (named.what, named.run) == ("gave v0 the alias before", None)
    own.edit_aliases(version, add=["last"])
    [last] = own.audit(newest_first=True, limit=1)
    assert (last.what, last.run) == ("gave v0 the alias last", None)


def test_what_is_gone_keeps_its_name(registry: Stemma) -> None:
    [deleted, _] = everything(registry, kinds=["CollectionDeleted"])
    assert deleted.thing.name == "wandb-registry-Own/Kept"
    assert isinstance(deleted.event, CollectionDeleted)
    assert deleted.thing.id == deleted.event.collection
    gone = everything(registry, kinds=["VersionDeleted"])
    assert [entry.thing.name for entry in gone] == [f"{SOURCE}:v2", f"{SOURCE}:v5"]


# --- what it is narrowed by, beside a plain look at every event ----------------------------------


def _logged(events: list[RecordedEvent], kind: str) -> list[Any]:
    return [each.event for each in events if each.event.topic == kind]


def plainly(events: list[RecordedEvent]) -> dict[str, set[str]]:
    """Return what each name concerns, found in the events alone."""
    lines: dict[str, set[str]] = {}
    registries = {e.registry: e for e in _logged(events, "RegistryCreated")}
    organizations = {e.organization: e.entity for e in _logged(events, "OrganizationFounded")}
    things: dict[str, set[str]] = {entity: {id} for id, entity in organizations.items()}
    for id, made in registries.items():
        things.setdefault(f"{organizations[made.organization]}/{made.name}", set()).add(id)
        things[organizations[made.organization]].add(id)
    owners: dict[str, set[str]] = {}
    for e in _logged(events, "NameClaimed"):
        if e.scope == "entity" and e.kind in ("team", "organization"):
            owners.setdefault(e.name, set()).add(organizations[e.holder])
    for e in _logged(events, "PersonJoined"):
        owners.setdefault(e.person, set()).add(organizations[e.organization])
    for entity, found in owners.items():
        for organization in found:
            things[organization].add(f"entity:{entity}")
    for e in _logged(events, "ArtifactCreated"):
        lines.setdefault(f"{e.entity}/{e.project}/{e.name}", set()).add(e.artifact)
        for organization in owners[e.entity]:
            things[organization].add(e.artifact)
    for e in _logged(events, "CollectionCreated"):
        if e.registry is None:
            lines.setdefault(f"{e.scope}/{e.name}", set()).add(e.collection)
            for organization in owners[e.scope.split("/")[0]]:
                things[organization].add(e.collection)
            continue
        made = registries[e.registry]
        organization = organizations[made.organization]
        things[f"{organization}/{made.name}"].add(e.collection)
        things[organization].add(e.collection)
        name = f"{organization}/wandb-registry-{made.name}/{e.name}"
        lines.setdefault(name, set()).add(e.collection)
    for name, ids in lines.items():
        place, _, own = name.rpartition("/")
        scope = place
        if "wandb-registry-" in place:
            organization, _, registry = place.partition("/wandb-registry-")
            [scope] = [
                id
                for id, made in registries.items()
                if (organizations[made.organization], made.name) == (organization, registry)
            ]
        things[name] = ids | {f"name-in@{scope}:{own}"}
    return things


def fits(
    recorded: RecordedEvent,
    things: dict[str, set[str]],
    *,
    name: str | None,
    organization: str | None,
    run: str | None,
    actor: str | None,
    kinds: list[str],
    since: datetime | None,
    until: datetime | None,
    after: int | None,
    before: int | None,
) -> bool:
    concerned = things_of(recorded)
    return (
        (name is None or bool(concerned & things[name]))
        and (organization is None or bool(concerned & things[organization]))
        and (run is None or f"run:{run}" in concerned)
        and (actor is None or recorded.actor == actor)
        and (not kinds or recorded.event.topic in kinds)
        and (since is None or recorded.time >= since)
        and (until is None or recorded.time < until)
        and (after is None or recorded.position > after)
        and (before is None or recorded.position < before)
    )


NAMES = {
    "wandb-registry-model": "acme/model",
    "wandb-registry-Own": "acme/Own",
    DIGITS: f"acme/{DIGITS}",
    KEPT: KEPT,
    "other/wandb-registry-model/Words": "other/wandb-registry-model/Words",
    SOURCE: SOURCE,
    "vision/mnist/mine0": "vision/mnist/mine0",
    "bob/home/toy": "bob/home/toy",
}
_TIMES = st.one_of(
    st.none(),
    st.integers(min_value=-24 * 366, max_value=24 * 10).map(lambda h: BEGIN + timedelta(hours=h)),
    st.integers(min_value=0, max_value=80).map(lambda h: BEGIN + timedelta(hours=h)),
)
_POSITIONS = st.one_of(st.none(), st.integers(min_value=0, max_value=180))
_QUESTIONS = st.fixed_dictionaries(
    {
        "name": st.one_of(st.none(), st.sampled_from(sorted(NAMES))),
        "organization": st.sampled_from([None, None, "acme", "other", "Acme Inc"]),
        "run": st.sampled_from([None, None, "vision/mnist/r0", "vision/mnist/r1"]),
        "actor": st.sampled_from([None, "ada", "bob", "ci", "nobody"]),
        "kinds": st.lists(st.sampled_from(sorted(TOPICS)), max_size=6),
        "since": _TIMES,
        "until": _TIMES,
        "after": _POSITIONS,
        "before": _POSITIONS,
    }
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    asked=_QUESTIONS,
    newest_first=st.booleans(),
    limit=st.sampled_from([1, 7, 40, 40]),
    at=st.one_of(st.none(), st.integers(min_value=110, max_value=165)),
)
def test_the_trail_finds_what_a_look_at_every_event_finds(
    registry: Stemma, asked: dict[str, Any], newest_first: bool, limit: int, at: int | None
) -> None:
    events = list(registry.replay())
    events = events if at is None else events[:at]
    reader = registry if at is None else registry.as_of(at)
    things = plainly(events)
    name = NAMES.get(asked["name"] or "")
    organization = {"Acme Inc": "acme"}.get(asked["organization"], asked["organization"])
    plain = {**asked, "name": name, "organization": organization}
    wanted = [each.position for each in events if fits(each, things, **plain)]
    found = everything(reader, **asked, newest_first=newest_first, limit=limit)
    assert positions(found) == (wanted[::-1] if newest_first else wanted)


@pytest.mark.parametrize(
    ("few", "stretch"),
    [(0, 1), (0, 10_000), (3, 2)],
    ids=["nothing is few", "one stretch", "short stretches"],
)
def test_how_places_are_found_makes_no_difference(
    registry: Stemma, monkeypatch: pytest.MonkeyPatch, few: int, stretch: int
) -> None:
    monkeypatch.setattr("stemmata_projections.audit.trail._FEW", few)
    monkeypatch.setattr("stemmata_projections.audit.trail._STRETCH", stretch)
    events = list(registry.replay())
    things = plainly(events)
    nothing: dict[str, Any] = dict.fromkeys(
        ("name", "organization", "run", "actor", "since", "until", "after", "before")
    )
    day = BEGIN + timedelta(hours=20)
    questions: tuple[dict[str, Any], ...] = (
        {"name": "wandb-registry-model", "actor": "ada"},
        {"name": DIGITS, "kinds": ["AliasAdded", "VersionLinked"]},
        {"name": DIGITS, "since": day, "until": day + timedelta(hours=30)},
        {"name": SOURCE, "run": "vision/mnist/r0", "organization": "acme"},
        {"since": day, "actor": "ada"},
        {"until": day, "kinds": ["AliasAdded"]},
        {"until": day, "after": 40},
        {"name": SOURCE, "until": day},
    )
    for asked in questions:
        plain = {**nothing, "kinds": [], **asked}
        plain["name"] = NAMES.get(asked.get("name", ""))
        wanted = [each.position for each in events if fits(each, things, **plain)]
        assert wanted
        for newest_first in (False, True):
            found = everything(registry, **asked, newest_first=newest_first, limit=3)
            assert positions(found) == (wanted[::-1] if newest_first else wanted)


def test_a_version_is_found_through_all_its_links(registry: Stemma) -> None:
    through_link = positions(everything(registry, name=f"{DIGITS}:v0"))
    assert through_link == positions(everything(registry, name=f"{SOURCE}:v0"))
    told = {(e.what, e.thing.name) for e in everything(registry, name=f"{SOURCE}:v0")}
    assert ("gave v0 the alias there", f"{DIGITS}:v0") in told
    assert ("linked source v0 as v1", "wandb-registry-Own/Kept:v1") in told
    assert ("produced v0", f"{SOURCE}:v0") in told
    assert ("used it as v0", f"{DIGITS}:v0") in told


def test_an_alias_stands_for_the_version_that_it_names_then(registry: Stemma) -> None:
    now = registry.resolve(f"{DIGITS}:production")
    assert everything(registry, name=f"{DIGITS}:production") == everything(
        registry, name=f"{DIGITS}:{now.version}"
    )


def test_an_alias_of_a_collection_that_is_gone_by_now_stood_for_a_version_then(
    registry: Stemma,
) -> None:
    [gone, _] = everything(registry, kinds=["CollectionDeleted"])
    past = registry.as_of(gone.position - 1)
    by_alias, by_number = (
        everything(past, name=f"{KEPT}:{alias}") for alias in ("production", "v1")
    )
    assert by_alias == by_number != []
    with pytest.raises(UnknownVersion):
        registry.as_of(gone.position).audit(f"{KEPT}:production")


def test_a_number_means_each_version_that_ever_had_it_under_the_name(registry: Stemma) -> None:
    linked = everything(registry, name=f"{KEPT}:v0", kinds=["VersionLinked"])
    made = {e.thing.id for e in linked if e.thing.name == "wandb-registry-Own/Kept:v0"}
    assert len(made) == 2


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"name": "wandb-registry-nowhere"}, UnknownRegistry),
        ({"name": "wandb-registry-model/Nothing"}, UnknownCollection),
        ({"name": "vision/mnist/nothing"}, UnknownArtifact),
        ({"name": f"{DIGITS}:v99"}, UnknownVersion),
        ({"name": f"{DIGITS}:there"}, UnknownVersion),
        ({"name": f"{KEPT}:production"}, UnknownVersion),
        ({"name": "a/b/c/d"}, InvalidPath),
        ({"name": 5}, InvalidPath),
        ({"run": "vision/mnist/none"}, UnknownRun),
        ({"run": 5}, InvalidSetting),
        ({"organization": "nobody"}, UnknownOrganization),
        ({"actor": "\0"}, InvalidSetting),
        ({"kinds": ["AliasMoved"]}, InvalidSetting),
        ({"kinds": [1]}, InvalidSetting),
        ({"kinds": 1}, InvalidSetting),
        ({"since": datetime(2026, 3, 3)}, InvalidMoment),  # noqa: DTZ001 -- what is refused
        ({"until": "2026-03-03"}, InvalidMoment),
        ({"since": 5}, InvalidMoment),
        ({"after": -1}, InvalidSetting),
        ({"before": True}, InvalidSetting),
        ({"before": 2**64}, InvalidSetting),
        ({"limit": 0}, InvalidSetting),
        ({"limit": 10**6}, InvalidSetting),
        ({"cursor": ""}, InvalidCursor),
        ({"cursor": "x"}, InvalidCursor),
        ({"cursor": 7}, InvalidCursor),
    ],
)
def test_what_cannot_be_asked_is_refused(
    registry: Stemma, asked: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        registry.audit(**asked)


def test_an_unknown_kind_is_refused_by_naming_those_that_there_are(registry: Stemma) -> None:
    with pytest.raises(InvalidSetting, match="AliasAdded, AliasRemoved"):
        registry.audit(kinds="AliasMoved")
    assert everything(registry, kinds="AliasAdded") == everything(registry, kinds=["AliasAdded"])


def test_a_cursor_belongs_to_its_question(registry: Stemma) -> None:
    page = registry.audit(DIGITS, limit=2)
    assert page.cursor is not None
    others: tuple[dict[str, Any], ...] = (
        {"name": SOURCE},
        {"name": DIGITS, "newest_first": True},
        {},
    )
    for other in others:
        with pytest.raises(InvalidCursor):
            registry.audit(**other, cursor=page.cursor)
    with pytest.raises(InvalidCursor):
        registry.as_of(50).audit(DIGITS, cursor=page.cursor)
    wider = registry.audit(DIGITS, limit=4).items
    assert registry.audit(DIGITS, limit=2, cursor=page.cursor).items == wider[2:]


def test_a_cursor_of_a_longer_log_is_refused(registry: Stemma, own: Stemma) -> None:
    cursor = registry.audit(limit=120).cursor
    with pytest.raises(InvalidCursor):
        own.audit(cursor=cursor)


# --- pages while others append -------------------------------------------------------------------


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("asked", [{}, {"name": DIGITS}, {"name": f"{DIGITS}:production"}])
def test_pages_are_whole_while_others_append(
    own: Stemma, asked: dict[str, Any], newest_first: bool
) -> None:
    for n in range(3):
        own.link(log(own, str(n)), DIGITS, aliases=["production"])
    before = everything(own, **asked, newest_first=newest_first)
    page = own.audit(**asked, newest_first=newest_first, limit=2)
    found = list(page)
    n = 3
    while page.cursor is not None:
        own.link(log(own, str(n)), DIGITS, aliases=["production"])
        n += 1
        page = own.audit(**asked, newest_first=newest_first, limit=2, cursor=page.cursor)
        found += page
    assert found == before
    newer = everything(own, after=max(positions(before)))
    assert len(newer) > 0


# --- as of a moment --------------------------------------------------------------------------------


def test_the_trail_ends_at_the_moment(registry: Stemma) -> None:
    whole = everything(registry)
    for at in (0, 1, 60, 150, len(whole)):
        past = registry.as_of(at)
        assert everything(past) == whole[:at]
        assert everything(past, newest_first=True) == whole[:at][::-1]


def test_a_name_that_came_later_is_unknown_then(registry: Stemma) -> None:
    [made, *_] = everything(registry, name=DIGITS)
    with pytest.raises(UnknownCollection):
        registry.as_of(made.position).audit(DIGITS)
    assert everything(registry.as_of(made.position + 1), name=DIGITS)[0] == made


def test_times_are_compared_as_moments_in_any_zone(registry: Stemma) -> None:
    noon = BEGIN + timedelta(hours=3)
    wanted = everything(registry, since=noon)
    assert everything(registry, since="2026-03-02T00:00+09:00") == wanted
    assert everything(registry, since=noon.astimezone(UTC).isoformat()) == wanted


def test_the_wrong_clock_hides_no_entry(registry: Stemma) -> None:
    old = everything(registry, until=BEGIN - timedelta(days=1))
    assert old
    assert len(old) + len(everything(registry, since=BEGIN)) == registry.position()
