"""Each event as an entry of the audit trail, told from the folded log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from stemmata_domain import events as e
from stemmata_domain.recorded import RecordedEvent
from tests.properties.folded import Folded
from tests.properties.folded_names import exact
from tests.properties.folded_trail import Wanted, fitting

Told = Any
Change = tuple[str, object, object]


def audit(model: Folded, wanted: Wanted) -> Told:
    """Return the entries that fit."""
    every = entries(model)
    return [every[each.position] for each in fitting(model, wanted)]


def entries(model: Folded) -> dict[int, Told]:
    """Return all entries by position; what was told once is not told again."""
    told: dict[int, Told] = model.notes.setdefault("entries", {})
    before: Folded = model.notes.setdefault("before", Folded())
    for recorded in model.trail[len(told) :]:
        after = _changes(before, recorded)
        before.follow(recorded)
        told[recorded.position] = {
            "position": recorded.position,
            "id": recorded.id,
            "at": recorded.time,
            "actor": recorded.actor,
            "kind": recorded.event.topic,
            "thing": thing(before, recorded),
            "changes": in_order(after),
            "key": recorded.key,
            "correlation": recorded.correlation,
            "event": recorded.event.model_dump(mode="json"),
        }
        # What ends a command tells of the run of all of it.
        for each in reversed(model.trail[: len(told)]):
            if each.correlation != recorded.correlation:
                break
            told[each.position]["run"] = _run(model, each)
    return told


def in_order(changes: Iterable[Change]) -> list[list[str]]:
    """Return changes in an order of their own, to the letter."""
    return sorted([what, exact(before), exact(after)] for what, before, after in changes)


def _run(model: Folded, recorded: RecordedEvent) -> str | None:
    """Return the run of which an event, or another one of the same command, tells."""
    category, _, key = recorded.stream.partition("-")
    if category == "run":
        return key
    if isinstance(recorded.event, e.ArtifactLogged) and recorded.event.run is not None:
        return recorded.event.run
    if category not in ("artifact", "name"):
        return None
    for each in (model.whole or model.trail)[recorded.position - 1 :]:
        if each.correlation != recorded.correlation:
            break
        if each.stream.startswith("run-"):
            return each.stream.partition("-")[2]
    return None


# --- to what -----------------------------------------------------------------------------------


def thing(model: Folded, recorded: RecordedEvent) -> Told:
    """Return what an event is about, by its name."""
    category, _, key = recorded.stream.partition("-")
    match event := recorded.event:
        case e.AliasAdded(index=index) | e.AliasRemoved(index=index):
            member = model.lines[key].members[index]
            return _version(model, key, index, member.version)
        case e.ArtifactUsed():
            return _version(model, event.through, event.through_index, event.version)
        case e.ArtifactProduced():
            return _version(model, event.artifact, event.source_index, event.version)
        case e.NameClaimed() | e.NameReleased():
            return _thing("name", key, event.name)
        case e.CommandKeyed():
            return _thing("key", key, event.key)
        case e.TeamCreated():
            return _thing("team", event.team, event.team)
        case e.PersonJoined() | e.MemberJoined():
            return _thing("person", event.person, event.person)
        case e.OrganizationFounded():
            return _thing("organization", event.organization, event.name)
    if isinstance(version := getattr(event, "version", None), str):
        return _version(model, key, getattr(event, "index"), version)  # noqa: B009 -- of any event
    if category == "run":
        return _thing("run", key, key)
    if category == "registry":
        return _thing("registry", key, f"wandb-registry-{model.registries[key].created.name}")
    return _thing(category, key, model.full_name(model.any_line(key)))


def _thing(kind: str, id: str, name: str) -> Told:
    return {"kind": kind, "id": id, "name": name}


def _version(model: Folded, line: str, index: int, version: str) -> Told:
    return _thing("version", version, f"{model.full_name(model.any_line(line))}:v{index}")


# --- from what to what -------------------------------------------------------------------------


def _changes(before: Folded, recorded: RecordedEvent) -> list[Change]:
    """Return what an event made another, given what was so before it."""
    key = recorded.stream.partition("-")[2]
    match event := recorded.event:
        case e.AliasAdded(alias=alias, index=index):
            was = before.lines[key].aliases.get(alias)
            return [(f"alias {alias}", None if was is None else f"v{was}", f"v{index}")]
        case e.AliasRemoved(alias=alias):
            return [(f"alias {alias}", f"v{before.lines[key].aliases[alias]}", None)]
        case e.VersionLinked(index=index):
            return [("version", None, f"v{index}")]
        case e.VersionUnlinked(index=index) | e.VersionDeleted(index=index):
            return [("version", f"v{index}", None)]
        case e.VersionTagged(tag=tag):
            return [("tag", None, tag)]
        case e.VersionUntagged(tag=tag):
            return [("tag", tag, None)]
        case e.DescriptionChanged(version=version, description=after):
            was_so = before.versions[version].description
            return [("description", was_so, after)] if was_so != after else []
        case e.MetadataChanged(version=version, metadata=metadata):
            return list(of_metadata(before.versions[version].metadata, metadata))
        case e.ArtifactLogged():
            about = [*_described(event.description, event.tags), *of_metadata({}, event.metadata)]
            return [("version", None, f"v{event.index}"), *about]
        case e.ArtifactUsed():
            used = _version(before, event.through, event.through_index, event.version)
            return [("input", None, used["name"])]
        case e.ArtifactProduced():
            made = _version(before, event.artifact, event.source_index, event.version)
            return [("output", None, made["name"])]
        case e.RunStarted():
            return [("state", None, "running")]
        case e.RunFinished(state=state):
            ended = before.runs[key].state
            return [("state", ended, state)] if ended != state else []
        case _:
            return list(_larger_changes(before, key, event))


def _larger_changes(before: Folded, key: str, event: e.Event) -> Iterator[Change]:
    match event:
        case e.ArtifactCreated(name=name):
            yield "artifact", None, name
        case e.CollectionCreated(name=name):
            yield "collection", None, name
            yield from _described(event.description, event.tags)
        case e.CollectionDeleted():
            line = before.lines[key]
            yield "collection", before.full_name(line), None
            yield from ((f"alias {each}", f"v{n}", None) for each, n in line.aliases.items())
            yield from (("version", f"v{n}", None) for n in line.members)
        case e.RegistryCreated(name=name):
            yield "registry", None, name
            yield from _described(event.description, ())
            yield from (("accepted type", None, each) for each in event.accepted_types or ())
        case e.TypeAccepted(type=type):
            yield "accepted type", None, type
        case e.OrganizationFounded(name=name):
            yield "organization", None, name
        case e.TeamCreated(team=team) | e.MemberJoined(team=team):
            yield "team", None, team
        case e.PersonJoined(person=person, admin=admin):
            yield "admin" if admin else "person", None, person
        case e.NameClaimed(name=name):
            yield "name", None, name
        case e.NameReleased(name=name):
            yield "name", name, None
        case e.CommandKeyed():
            yield "key", None, event.key


def of_metadata(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    """Return what is other in metadata, key by key; one that holds null is one that is there."""
    for key in {*before, *after}:
        is_kept = key in before and key in after
        if not is_kept or exact(before[key]) != exact(after[key]):
            yield f"metadata.{key}", before.get(key), after.get(key)


def _described(description: str | None, tags: Iterable[str]) -> Iterator[Change]:
    if description is not None:
        yield "description", None, description
    yield from (("tag", None, tag) for tag in tags)
