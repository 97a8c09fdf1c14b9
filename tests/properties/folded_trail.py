"""The log itself, told from the folded log: moments, entries, what they concern, and timelines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stemmata_domain import events as e
from stemmata_domain.recorded import RecordedEvent
from tests.properties.folded import Folded, FoldedLine, Refusal
from tests.properties.folded_names import (
    line_named,
    organization_named,
    registry_named,
    seen_from,
    version_in,
)

Told = Any


def as_of(model: Folded, moment: datetime | str | int) -> Told:
    """Return the position that a moment is."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, int):
        if moment > model.position:
            raise Refusal("InvalidMoment")
        return moment
    if moment.tzinfo is None:
        raise Refusal("InvalidMoment")
    happened = [(each.time, each.position) for each in model.trail if each.time <= moment]
    return max(happened)[1] if happened else 0


# --- what an event concerns --------------------------------------------------------------------


def concerns(recorded: RecordedEvent) -> set[tuple[str, object]]:
    """Return everything that an event is about."""
    category, _, key = recorded.stream.partition("-")
    event = recorded.event
    found: set[tuple[str, object]] = {(category, key)}
    if category in ("artifact", "collection"):
        found.add(("line", key))
        for number in (getattr(event, "index", None), getattr(event, "moved_from", None)):
            if number is not None:
                found.add(("member", (key, number)))
    if category == "run":
        found.add(("owner", key.split("/")[0]))
    if category == "person":
        found.add(("owner", key))
    for attribute, kind in (
        ("version", "version"),
        ("artifact", "line"),
        ("collection", "line"),
        ("through", "line"),
        ("registry", "registry"),
        ("organization", "organization"),
        ("team", "owner"),
    ):
        if isinstance(value := getattr(event, attribute, None), str):
            found.add((kind, value))
    return found | set(_more(event))


def _concerns(model: Folded, recorded: RecordedEvent) -> set[tuple[str, object]]:
    known: dict[int, set[tuple[str, object]]] = model.notes.setdefault("concerns", {})
    if recorded.position not in known:
        known[recorded.position] = concerns(recorded)
    return known[recorded.position]


def _more(event: e.Event) -> Iterator[tuple[str, object]]:
    match event:
        case e.ArtifactUsed():
            yield "member", (event.through, event.through_index)
        case e.ArtifactLogged(run=str(run)):
            yield "run", run
        case e.ArtifactCreated(entity=entity):
            yield "owner", entity
        case e.CollectionCreated(registry=None, scope=scope):
            yield "owner", scope.split("/")[0]
        case e.NameClaimed(kind=kind, name=name, holder=holder):
            if kind in ("team", "person"):
                yield "owner", name
            is_line = kind in ("artifact", "collection")
            yield "line" if is_line else "organization" if kind == "team" else kind, holder
        case e.NameReleased(scope=scope) if scope.startswith("in@"):
            inside = scope.removeprefix("in@")
            yield ("owner", inside.split("/")[0]) if "/" in inside else ("registry", inside)


# --- what people ask about ---------------------------------------------------------------------


def every_line(model: Folded) -> list[FoldedLine]:
    """Return all lines that there ever were."""
    return [*model.ended.lines.values(), *model.lines.values()]


def lines_named(model: Folded, name: str) -> list[FoldedLine]:
    """Return all lines that ever had a name, as `vision` means it, oldest first."""
    scope, last = scope_of(model, name)
    found = [line for line in every_line(model) if (line.scope, line.name) == (scope, last)]
    if not found:
        is_registry = name.rpartition("/")[0].rpartition("/")[2].startswith("wandb-registry-")
        raise Refusal("UnknownCollection" if is_registry else "UnknownArtifact")
    return sorted(found, key=lambda line: line.created_position)


def scope_of(model: Folded, name: str) -> tuple[str, str]:
    *before, last = name.split("/")
    project = before.pop() if before else "uncategorized"
    prefix = before.pop() if before else None
    if project.startswith("wandb-registry-"):
        organization = seen_from(model, "vision" if prefix is None else None, prefix)
        return registry_named(model, project.removeprefix("wandb-registry-"), organization).id, last
    return f"{prefix or 'vision'}/{project}", last


def things_named(model: Folded, name: str) -> set[tuple[str, object]]:
    """Return what a name means: a registry, all that ever had the name, or a version of these."""
    path, _, alias = name.partition(":")
    if not alias and path.split("/")[-1].startswith("wandb-registry-"):
        scope, _ = scope_of(model, f"{path}/_")
        inside = {("line", line.id) for line in every_line(model) if line.scope == scope}
        return {("registry", scope), *inside}
    lines = lines_named(model, path)
    if not alias:
        scope, last = scope_of(model, path)
        return {*(("line", line.id) for line in lines), ("name", f"in@{scope}:{last}")}
    versions = {version for line in lines for version in _versions_of(model, line, alias)}
    if not versions:
        raise Refusal("UnknownVersion")
    members = {
        ("member", (line, number)) for line, number, version in _ever(model) if version in versions
    }
    return {*(("version", version) for version in versions), *members}


def _ever(model: Folded) -> Iterator[tuple[str, int, str]]:
    """Yield each line and number that a version ever had."""
    for recorded in model.trail:
        if isinstance(event := recorded.event, e.ArtifactLogged | e.VersionLinked):
            yield recorded.stream.partition("-")[2], event.index, event.version


def _versions_of(model: Folded, line: FoldedLine, alias: str) -> Iterator[str]:
    if number := re.fullmatch(r"v(\d+)", alias):
        for id, index, version in _ever(model):
            if (id, index) == (line.id, int(number[1])):
                yield version
    elif line.id in model.lines and alias in line.aliases:
        yield line.members[line.aliases[alias]].version


def things_of_organization(model: Folded, name: str) -> set[tuple[str, object]]:
    """Return an organization, its registries, its teams and people, and what stands there."""
    id = organization_named(model, name)["id"]
    registries = {each.id for each in model.registries.values() if each.created.organization == id}
    owners = {entity for entity, (_, holder) in model.entities.items() if holder == id}
    owners |= {person for person, of in model.affiliations if of == id}
    lines = {
        line.id
        for line in every_line(model)
        if line.scope in registries or line.scope.split("/")[0] in owners
    }
    return {
        ("organization", id),
        *(("registry", each) for each in registries),
        *(("owner", each) for each in owners),
        *(("line", each) for each in lines),
    }


@dataclass(frozen=True)
class Wanted:
    """What entries of the trail have to fit."""

    name: str | None = None
    run: str | None = None
    organization: str | None = None
    actor: str | None = None
    kinds: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None
    before: int | None = None
    newest_first: bool = False


def fitting(model: Folded, wanted: Wanted) -> list[RecordedEvent]:
    """Return the events that fit, in the order asked for."""
    things = []
    if wanted.name is not None:
        things.append(things_named(model, wanted.name))
    if wanted.run is not None:
        if wanted.run not in model.runs:
            raise Refusal("UnknownRun")
        things.append({("run", wanted.run)})
    if wanted.organization is not None:
        things.append(things_of_organization(model, wanted.organization))
    found = [
        each
        for each in model.trail
        if not things or all(_concerns(model, each) & asked for asked in things)
        if wanted.actor in (None, each.actor)
        if not wanted.kinds or each.event.topic in wanted.kinds
        if wanted.since is None or wanted.since <= each.time
        if wanted.until is None or each.time < wanted.until
        if wanted.after is None or wanted.after < each.position
        if wanted.before is None or each.position < wanted.before
    ]
    return found[::-1] if wanted.newest_first else found


def history(model: Folded, name: str) -> Told:
    """Return the positions of what happened to a line, or to a version of it there and at its source."""
    path, _, alias = name.partition(":")
    line = line_named(model, path, "vision", missing="UnknownCollection")
    if not alias:
        return [each.position for each in model.trail if each.stream.partition("-")[2] == line.id]
    version = version_in(model, line, alias)
    asked = {("version", version["id"]), ("member", (line.id, version["index"]))}
    return [
        each.position
        for each in model.trail
        if _concerns(model, each) & asked
        if not each.stream.startswith("collection-") or each.stream == f"collection-{line.id}"
    ]


# --- timelines ---------------------------------------------------------------------------------

Step = tuple[int, datetime, str, str, e.Event]
"""Position, time, actor, id of the line, and what happened to it."""


def timeline(model: Folded, name: str) -> Told:
    """Return the periods of an alias, or of all aliases under a name."""
    path, _, alias = name.partition(":")
    ids = {line.id for line in lines_named(model, path)}
    steps = [
        (each.position, each.time, each.actor, line, each.event)
        for each in model.trail
        if (line := each.stream.partition("-")[2]) in ids
    ]
    found = periods(steps, alias or None)
    if alias and not found:
        raise Refusal("UnknownVersion")
    return [_period_told(model, each) for each in found]


def periods(steps: Iterable[Step], alias: str | None) -> list[dict[str, Any]]:
    """Return what aliases named, as steps of one name after the other made it so; gaps with it."""
    found: dict[str, list[dict[str, Any]]] = {}
    versions: dict[int, str] = {}

    def now(called: str, step: Step, index: int | None) -> None:
        position, at, actor, line, _ = step
        begun = found.setdefault(called, [])
        if begun:
            begun[-1].update(until=at, until_position=position, until_by=actor)
            if begun[-1]["since_position"] == position:
                begun.pop()
        begun.append(
            {
                "line": begun[-1]["line"] if index is None and begun else line,
                "alias": called,
                "index": index,
                "version": None if index is None else versions[index],
                "since": at,
                "since_position": position,
                "since_by": actor,
                "until": None,
                "until_position": None,
                "until_by": None,
            }
        )

    for step in steps:
        match event := step[-1]:
            case e.ArtifactLogged() | e.VersionLinked():
                versions[event.index] = event.version
                now(f"v{event.index}", step, event.index)
            case e.VersionDeleted() | e.VersionUnlinked():
                now(f"v{event.index}", step, None)
            case e.AliasAdded():
                now(event.alias, step, event.index)
            case e.AliasRemoved():
                now(event.alias, step, None)
            case e.CollectionDeleted():
                for called, begun in found.items():
                    if begun[-1]["index"] is not None:
                        now(called, step, None)
    chosen = [each for each in found if each == alias or (not alias and not _is_number(each))]
    return [each for called in sorted(chosen) for each in found[called]]


def _is_number(alias: str) -> bool:
    return re.fullmatch(r"v\d+", alias) is not None


def _period_told(model: Folded, period: dict[str, Any]) -> Told:
    version = None if period["version"] is None else model.any_version(period["version"])
    name = model.full_name(model.any_line(period["line"]))
    source = version and f"{model.full_name(model.lines[version.artifact])}:v{version.index}"
    full_name = None if period["index"] is None else f"{name}:v{period['index']}"
    return {**period, "name": name, "source": source, "full_name": full_name}
