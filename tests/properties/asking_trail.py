"""Questions of the audit trail, of timelines, and of what is different."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from stemmata_domain import events as e
from tests.properties import folded_diff, folded_entries, folded_trail
from tests.properties.asking import Args, Asked, Kind, shown
from tests.properties.folded import Folded
from tests.properties.folded_trail import Step, Wanted


def _names(model: Folded) -> list[str]:
    """Return names of registries and lines that there are or were, and of nothing."""
    lines = sorted({model.full_name(line) for line in folded_trail.every_line(model)})
    registries = [
        f"wandb-registry-{each.created.name}"
        for each in model.registries.values()
        if model.organizations[each.created.organization].entity == "acme"
    ]
    return [*lines, *registries, "vision/p/none", "wandb-registry-none"]


def _wanted(model: Folded) -> Iterator[Args]:
    """Yield what entries may have to fit, and how many a page has."""
    trail, names = model.trail, _names(model)
    middle = trail[len(trail) // 2]
    kinds = ("AliasAdded", "ArtifactUsed", "NameClaimed")
    yield Wanted(), 50
    yield Wanted(newest_first=True), 7
    yield Wanted(kinds=kinds), 5
    yield Wanted(since=middle.time), 100
    yield Wanted(since=middle.time - timedelta(seconds=5), until=middle.time), 3
    yield Wanted(after=middle.position, kinds=kinds, newest_first=True), 4
    yield Wanted(before=middle.position, after=3), 100
    for organization in ("acme", "Acme", "beta", "none"):
        yield Wanted(organization=organization), 100
        yield Wanted(organization=organization, actor="ada", newest_first=True), 2
    for actor in ("host", "ada", "bob", "nobody"):
        yield Wanted(actor=actor), 20
        yield Wanted(actor=actor, kinds=("RunStarted", "AliasAdded"), after=9), 3
    for run in (*model.runs, "none/p/r"):
        yield Wanted(run=run), 4
        yield Wanted(run=run, name="vision/p/a", newest_first=True), 2
    for n, name in enumerate(names):
        yield Wanted(name=name), 6
        yield Wanted(name=name, organization=("acme", "beta")[n % 2], until=middle.time), 6
        yield Wanted(name=name, actor="host", kinds=kinds[n % 3 :], newest_first=True), 2
        if "/" in name:
            yield Wanted(name=f"{name}:v{n % 4}"), 3
            yield Wanted(name=f"{name}:{('x', 'latest', 'y')[n % 3]}", actor="host"), 3


def _audit(asked: Asked, wanted: Wanted, limit: int) -> object:
    given = {"limit": limit, **dataclasses.asdict(wanted)}
    reader = asked.of("vision")
    page = reader.audit(**given)
    found = list(page.items)
    while page.cursor is not None:
        assert len(page.items) == limit
        page = reader.audit(**given, cursor=page.cursor)
        found += page.items
    assert all(entry.what for entry in found)
    return [_entry(entry) for entry in found]


def _entry(entry: Any) -> dict[str, Any]:
    changes = [(each.what, each.before, each.after) for each in entry.changes]
    return {
        **{name: getattr(entry, name) for name in ("position", "id", "at", "actor", "kind")},
        **{name: getattr(entry, name) for name in ("run", "key", "correlation")},
        "thing": shown(entry.thing),
        "changes": folded_entries.in_order(changes),
        "event": entry.event.model_dump(mode="json"),
    }


def _replays(model: Folded) -> Iterator[Args]:
    middle = model.position // 2
    yield from ((0, None, ()), (middle, None, ()), (3, middle, ()), (0, None, ("AliasAdded",)))
    yield middle, model.position + 9, ("ArtifactLogged", "RunStarted")


def _replayed(model: Folded, after: int, until: int | None, kinds: tuple[str, ...]) -> object:
    wanted = Wanted(after=after, before=until and until + 1, kinds=kinds)
    return [each.position for each in folded_trail.fitting(model, wanted)]


def _replay(asked: Asked, after: int, until: int | None, kinds: tuple[str, ...]) -> object:
    found = asked.reader.replay(after=after, until=until, kinds=kinds)
    return [each.position for each in found]


def _histories(model: Folded) -> Iterator[Args]:
    for name in _names(model):
        if "/" in name:
            yield (name,)
            yield from ((f"{name}:{alias}",) for alias in ("latest", "x", "v0", "v1", "v9"))


def _history(asked: Asked, name: str) -> object:
    return [each.position for each in asked.of("vision").history(name)]


# --- timelines ---------------------------------------------------------------------------------


def _aliases(model: Folded) -> Iterator[Args]:
    for name in _names(model):
        if "/" in name:
            yield (name,)
            yield from ((f"{name}:{each}",) for each in ("latest", "x", "y", "v0", "v1", "v9"))


_SPAN = (
    *("line", "alias", "index", "version", "since", "since_position", "since_by"),
    *("until", "until_position", "until_by"),
)


def _timeline(asked: Asked, name: str) -> object:
    """Return a timeline, which the trail of its line tells too."""
    reader = asked.of("vision")
    found = reader.timeline(name)
    path, _, alias = name.partition(":")
    entries: list[Any] = []
    cursor: str | None = None
    while entries == [] or cursor is not None:
        page = reader.audit(path, limit=100, cursor=cursor)
        entries, cursor = [*entries, *page.items], page.cursor
    again = folded_trail.periods(_steps(entries, path), alias or None)
    assert [{each: getattr(one, each) for each in _SPAN} for one in found] == again
    return found


def _steps(entries: list[Any], path: str) -> Iterator[Step]:
    """Yield what entries say of the line that has a name, whichever it is at the time."""
    line = ""
    for entry in entries:
        match entry.event:
            case e.ArtifactCreated(artifact=id) | e.CollectionCreated(collection=id):
                line = id
        if entry.thing.name.partition(":")[0] == path:
            yield entry.position, entry.at, entry.actor, line, entry.event


# --- what is different -------------------------------------------------------------------------


def _stretches(model: Folded) -> Iterator[Args]:
    names: list[str | None] = [None, *_names(model)]
    for n, name in enumerate([*names, *names]):
        start = (n * 7 + model.position // 3) % (model.position + 1)
        end = (n * 5 + 1 + model.position // 2) % (model.position + 1)
        yield start, end, name
    yield 0, model.position, None
    yield model.position - 1, model.position, None
    yield model.position, max(0, model.position - 9), None
    yield 0, model.position, "vision/p/a:v0"


def _diff(asked: Asked, start: int, end: int, name: str | None) -> object:
    found = asked.of("vision").diff(start, end, name)
    assert (found.start, found.end) == (start, end)
    groups = {}
    for group, things in found.groups().items():
        assert [each.thing.name for each in things] == sorted(each.thing.name for each in things)
        told = [
            {
                **shown(each.thing),
                "how": each.how,
                "changes": folded_entries.in_order(
                    (c.what, c.before, c.after) for c in each.changes
                ),
            }
            for each in things
        ]
        groups[group] = sorted(told, key=str)
    return groups


TRAIL = (
    Kind("audit", _wanted, _audit, lambda model, of, _: folded_entries.audit(model, of), cost=2),
    Kind("replay", _replays, _replay, _replayed),
    Kind("history", _histories, _history, folded_trail.history),
    Kind("timeline", _aliases, _timeline, folded_trail.timeline),
    Kind("diff", _stretches, _diff, folded_diff.diff),
)
