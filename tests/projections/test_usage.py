"""Usage as the views count it is what one would count by hand, reading all events."""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.events import (
    ArtifactUsed,
    CollectionDeleted,
    VersionDeleted,
    VersionUnlinked,
)
from stemmata_projections.usage.index import UsageIndex
from stemmata_projections.usage.values import Figures, Part, User
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.view_store import ViewStore
from tests.projections.history import (
    PROJECTIONS,
    History,
    added,
    artifact,
    collection,
    founded,
    linked,
    logged,
    moment,
    started,
)

SCOPES = {"acme-model": "wandb-registry-model", "acme-dataset": "wandb-registry-dataset"}
PLACES = {
    "A": ("acme-model", "A"),
    "B": ("acme-model", "B"),
    "C": ("acme-dataset", "A"),
    "links": ("vision/mnist", "links"),
}


@dataclass(frozen=True)
class Use:
    run: str
    version: str
    line: str
    number: int
    who: str
    at: datetime


@dataclass
class Story:
    """What happened, as events and as plain lists of what is where and who used what."""

    history: History
    uses: list[Use] = field(default_factory=list)
    members: dict[str, dict[int, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
    next_number: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def here(self) -> list[tuple[str, int, str]]:
        return [(line, n, v) for line, held in self.members.items() for n, v in held.items()]

    def lines_in(self, scope: str) -> list[str]:
        return [line for line, where in self.scopes.items() if where == scope]


def told(choices: random.Random, steps: int) -> Story:
    """Artifacts are logged, linked, unlinked, deleted and, most of all, used."""
    story = Story(founded())
    for id in ("art", "other"):
        artifact(story.history, id, name=f"n-{id}")
        story.members[id] = {}
        story.names[id] = f"vision/mnist/n-{id}"
        story.scopes[id] = "vision/mnist"
    actions: list[Callable[[Story, random.Random], None]] = [
        *(_log, _link, _link, _unlink, _delete_version, _delete_collection, _start),
        *(_use, _use, _use, _use, _use),
    ]
    for action in choices.choices(actions, k=steps):
        action(story, choices)
    return story


def _log(story: Story, choices: random.Random) -> None:
    id = choices.choice(["art", "other"])
    number = story.next_number[id]
    story.next_number[id] += 1
    story.history.happened(f"artifact-{id}", logged(number, artifact=id))
    story.members[id][number] = f"{id}:{number}"
    if choices.random() < 0.5:
        story.history.happened(f"artifact-{id}", added(f"a{number}", number))


def _link(story: Story, choices: random.Random) -> None:
    sources = [each for each in story.here() if each[0] in ("art", "other")]
    if not sources:
        return
    source, source_number, version = choices.choice(sources)
    key = choices.choice(list(PLACES))
    scope, name = PLACES[key]
    line = next((id for id in story.members if id.startswith(f"{key}-")), None)
    if line is None:
        line = f"{key}-{story.history.head}"
        registry = scope if scope in SCOPES else None
        made = collection(line, name=name, scope=scope, registry=registry)
        story.history.happened(f"collection-{line}", made)
        story.members[line] = {}
        story.names[line] = f"{SCOPES.get(scope, scope)}/{name}"
        story.scopes[line] = scope
    if version in story.members[line].values():
        return
    number = story.next_number[line]
    story.next_number[line] += 1
    event = linked(number, source_number, artifact=source)
    story.history.happened(f"collection-{line}", event)
    story.members[line][number] = version


def _unlink(story: Story, choices: random.Random) -> None:
    links = [each for each in story.here() if each[0] not in ("art", "other")]
    if links:
        line, number, version = choices.choice(links)
        gone = VersionUnlinked(version=version, index=number)
        story.history.happened(f"collection-{line}", gone)
        del story.members[line][number]


def _delete_version(story: Story, choices: random.Random) -> None:
    free = [
        each
        for each in story.here()
        if each[0] in ("art", "other") and sum(v == each[2] for _, _, v in story.here()) == 1
    ]
    if free and choices.random() < 0.5:
        id, number, version = choices.choice(free)
        story.history.happened(f"artifact-{id}", VersionDeleted(version=version, index=number))
        del story.members[id][number]


def _delete_collection(story: Story, choices: random.Random) -> None:
    lines = [line for line in story.members if line not in ("art", "other")]
    if lines and choices.random() < 0.3:
        line = choices.choice(lines)
        story.history.happened(f"collection-{line}", CollectionDeleted(collection=line))
        del story.members[line]


def _start(story: Story, choices: random.Random) -> None:
    run = f"r{story.history.head}"
    story.history.happened(f"run-vision/mnist/{run}", started(run))


def _use(story: Story, choices: random.Random) -> None:
    runs = {e.stream for e in story.history.recorded if e.stream.startswith("run-")}
    if not story.here() or not runs:
        return
    run = choices.choice(sorted(runs)[:4])
    line, number, version = choices.choice(story.here())
    if any((use.run, use.version, use.line) == (run, version, line) for use in story.uses):
        return
    id, _, source_number = version.partition(":")
    who = choices.choice(["ada", "bob"])
    event = ArtifactUsed(
        version=version,
        artifact=id,
        source_index=int(source_number),
        through=line,
        through_index=number,
    )
    story.history.happened(run, event, actor=who)
    at = moment(story.history.head)
    story.uses.append(Use(run, version, line, number, who, at))


# --- counting by hand ---------------------------------------------------------------------------


def figures(uses: Iterable[Use]) -> Figures:
    found = list(uses)
    if not found:
        return Figures()
    return Figures(
        uses=len(found),
        runs=len({use.run for use in found}),
        people=len({use.who for use in found}),
        first=min(use.at for use in found),
        last=max(use.at for use in found),
    )


def users(story: Story, uses: Iterable[Use], *, numbered: bool) -> list[User]:
    groups: dict[tuple[str, str, int], list[Use]] = defaultdict(list)
    for use in uses:
        groups[use.who, use.line, use.number if numbered else -1].append(use)
    return [
        User(
            who=who,
            through=story.names[line] + (f":v{number}" if numbered else ""),
            is_gone=line not in story.members,
            figures=figures(some),
        )
        for (who, line, number), some in groups.items()
    ]


def alike(found: Iterable[User], expected: Iterable[User]) -> bool:
    return sorted(map(repr, found)) == sorted(map(repr, expected))


def check(story: Story, views: ViewStore, *, at: int | None = None) -> None:
    index, usage = VersionIndex(views, at=at), UsageIndex(views, at=at)
    used = {use.version for use in story.uses}
    for line, held in story.members.items():
        check_line(story, index, usage, line)
        for number, version in held.items():
            found = usage.of_version(index.resolve_in(line, f"v{number}"))
            of_it = [use for use in story.uses if use.version == version]
            assert found.total == figures(of_it)
            assert found.through == figures(use for use in of_it if use.line == line)
            assert alike(found.users, users(story, of_it, numbered=True))
            assert found.parts == ()
        unused = usage.unused_in_line(line)
        assert {each.id for each in unused} == set(held.values()) - used
        assert [each.full_name for each in unused] == [
            f"{story.names[line]}:v{n}" for n, v in sorted(held.items()) if v not in used
        ]
        aliases = {v.full_name: v.aliases for v in index.versions(line)}
        assert all(each.aliases == aliases[each.full_name] for each in unused)
    for scope in (*SCOPES, "vision/mnist"):
        check_scope(story, usage, scope)
        held_there = {v for line, _, v in story.here() if story.scopes[line] == scope}
        assert {each.id for each in usage.unused_in_scope(scope)} == held_there - used
    everything = [v for line, _, v in story.here() if line in ("art", "other")]
    assert sorted(each.id for each in usage.unused()) == sorted(set(everything) - used)


def check_line(story: Story, index: VersionIndex, usage: UsageIndex, line: str) -> None:
    found = usage.of_line(index.collection_by_id(line))
    held = story.members[line]
    of_it = [use for use in story.uses if use.version in held.values()]
    by_it = [use for use in story.uses if use.line == line]
    assert (found.through, found.total) == (figures(by_it), figures(of_it))
    others = [use for use in of_it if use.line != line]
    assert alike(found.users, users(story, [*others, *by_it], numbered=False))
    assert list(found.parts) == [
        Part(
            name=f"{story.names[line]}:v{number}",
            is_gone=number not in held,
            through=figures(use for use in by_it if use.number == number),
            total=figures(use for use in of_it if use.version == held.get(number)),
        )
        for number in sorted({*held, *(use.number for use in by_it)})
    ]


def check_scope(story: Story, usage: UsageIndex, scope: str) -> None:
    found = usage.of_scope(scope, kind="registry", name="it")
    lines = story.lines_in(scope)
    by_it = [use for use in story.uses if use.line in lines]
    held = {v for line in lines for v in story.members.get(line, {}).values()}
    assert found.through == figures(by_it)
    assert found.total == figures(use for use in story.uses if use.version in held)
    assert alike(found.users, users(story, by_it, numbered=False))
    expected = [
        Part(
            name=story.names[line],
            is_gone=line not in story.members,
            through=figures(use for use in by_it if use.line == line),
            total=figures(
                use for use in story.uses if use.version in story.members.get(line, {}).values()
            ),
        )
        for line in lines
    ]
    assert sorted(map(repr, found.parts)) == sorted(map(repr, expected))
    assert [part.name for part in found.parts] == sorted(part.name for part in found.parts)


# --- the views ----------------------------------------------------------------------------------


def in_sqlite(folder: Path, history: History) -> tuple[SqliteDatabase, ViewStore]:
    database = SqliteDatabase(folder / "views.db")
    SqliteEventStore(database, ids=TimeOrderedIds())
    views = SqliteViewStore(database)
    views.prepare(PROJECTIONS)
    changes = [
        (each.position, change)
        for each in history.recorded
        for projection in PROJECTIONS
        for change in projection.project(each)
    ]
    names = [projection.name for projection in PROJECTIONS]
    assert views.apply(names, changes, after=0, upto=history.head)
    return database, views


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 120), st.floats(0, 1))
def test_what_is_counted_is_what_happened(seed: int, steps: int, part: float) -> None:
    then = told(random.Random(seed), int(steps * part))
    story = told(random.Random(seed), int(steps * part))
    at = then.history.head
    later = random.Random(seed + 1)
    for _ in range(steps - int(steps * part)):
        later.choice([_log, _link, _unlink, _delete_version, _delete_collection, _use])(
            story, later
        )
    with tempfile.TemporaryDirectory() as folder:
        memory = story.history.views()
        database, sqlite = in_sqlite(Path(folder), story.history)
        for views in (memory, sqlite):
            check(story, views)
            check(then, views, at=at)
        database.close()


@pytest.fixture
def story() -> Story:
    return told(random.Random(7), 400)


def test_a_long_story_has_all_that_can_be_told(story: Story) -> None:
    """What the random ones are made of does occur."""
    gone = set(story.names) - set(story.members)
    assert any(use.line in gone for use in story.uses)
    assert any(use.number not in story.members.get(use.line, {}) for use in story.uses)
    assert len({use.who for use in story.uses}) == 2
    check(story, story.history.views())


def test_a_name_that_was_deleted_and_made_anew_is_told_apart() -> None:
    history = artifact(founded()).happened("artifact-art", logged(0))
    history.happened("collection-old", collection("old"), linked(0, 0))
    history.happened("run-vision/mnist/r", started("r"), _used_through("old"))
    history.happened("collection-old", CollectionDeleted(collection="old"))
    history.happened("collection-new", collection("new"), linked(0, 0))
    history.happened("run-vision/mnist/s", started("s"), _used_through("new"))
    usage = UsageIndex(history.views()).of_scope("acme-model", kind="registry", name="m")
    assert [(part.name, part.is_gone, part.through.uses) for part in usage.parts] == [
        ("wandb-registry-model/Digits", False, 1),
        ("wandb-registry-model/Digits", True, 1),
    ]
    assert [(user.through, user.is_gone) for user in usage.users] == [
        ("wandb-registry-model/Digits", False),
        ("wandb-registry-model/Digits", True),
    ]
    assert usage.unused == ()


def _used_through(line: str) -> ArtifactUsed:
    return ArtifactUsed(
        version="art:0", artifact="art", source_index=0, through=line, through_index=0
    )
