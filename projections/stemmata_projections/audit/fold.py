"""The fold of the log into the audit trail: every event is an entry, and concerns some things."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from stemmata_domain.codec import time_text
from stemmata_domain.events import (
    EVENTS,
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    ArtifactProduced,
    ArtifactUsed,
    CollectionCreated,
    DescriptionChanged,
    Event,
    MemberJoined,
    MetadataChanged,
    NameClaimed,
    NameReleased,
    PersonJoined,
    RegistryCreated,
    RunFinished,
    RunStarted,
    TeamCreated,
    VersionDeleted,
    VersionLinked,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.tables import (
    CONCERN,
    ENTRY,
    TABLES,
    entity_thing,
    member_thing,
    run_thing,
)
from stemmata_projections.changes import Change, Open
from stemmata_projections.projection import Fold, Projection

E = TypeVar("E", bound=Event)

Concerns = Callable[[str, Event], Iterable[str]]
"""Gives, for the key of an event's stream and the event, what it concerns beyond the stream."""


def _entry(concerns: Concerns | None) -> Fold:
    def fold(recorded: RecordedEvent, event: Event) -> Iterable[Change]:
        position = recorded.position
        entry = (position, time_text(recorded.time), recorded.actor, event.topic)
        things = _things(concerns, recorded, event)
        return (Open(ENTRY, entry), *[Open(CONCERN, (thing, position)) for thing in things])

    return fold


def things_of(recorded: RecordedEvent) -> set[str]:
    """Return the things that an event concerns."""
    return set(_things(_CONCERNS.get(type(recorded.event)), recorded, recorded.event))


def _things(concerns: Concerns | None, recorded: RecordedEvent, event: Event) -> Iterable[str]:
    category, _, key = recorded.stream.partition("-")
    own = own_thing(category, key)
    # No set: the order of its texts is another in each process, and with it the layout of the rows.
    return (own,) if concerns is None else dict.fromkeys((own, *concerns(key, event)))


def own_thing(category: str, key: str) -> str:
    """Return the thing whose stream it is; a claim's stream is a thing too, of its own name."""
    if category in _CALLED_BY_ID:
        return key
    named = _CALLED_BY_NAME.get(category)
    return f"{category}-{key}" if named is None else named(key)


_CALLED_BY_ID = frozenset(("artifact", "collection", "registry", "organization"))
_CALLED_BY_NAME = {"run": run_thing, "person": entity_thing}


# --- what an event concerns beyond the aggregate in whose stream it stands ------------------------


def _alias_added(line: str, event: AliasAdded) -> Iterable[str]:
    now, before = event.index, event.moved_from
    if before is None:
        return (member_thing(line, now),)
    return member_thing(line, now), member_thing(line, before)


def _alias_removed(line: str, event: AliasRemoved) -> Iterable[str]:
    yield member_thing(line, event.index)


def _of_version(
    line: str,
    event: ArtifactLogged
    | VersionDeleted
    | VersionTagged
    | VersionUntagged
    | VersionUnlinked
    | DescriptionChanged
    | MetadataChanged,
) -> Iterable[str]:
    yield event.version
    yield member_thing(line, event.index)
    if isinstance(event, ArtifactLogged) and event.run is not None:
        yield run_thing(event.run)


def _linked(line: str, event: VersionLinked) -> Iterable[str]:
    return event.version, event.artifact, member_thing(line, event.index)


def _used(run: str, event: ArtifactUsed) -> Iterable[str]:
    yield from (event.version, event.artifact, event.through, _owner(run))
    yield member_thing(event.through, event.through_index)


def _produced(run: str, event: ArtifactProduced) -> Iterable[str]:
    yield from (event.version, event.artifact, _owner(run))


def _artifact_created(_: str, event: ArtifactCreated) -> Iterable[str]:
    yield entity_thing(event.entity)


def _collection_created(_: str, event: CollectionCreated) -> Iterable[str]:
    if event.registry is None:
        yield _owner(event.scope)
    else:
        yield event.registry


def _registry_created(_: str, event: RegistryCreated) -> Iterable[str]:
    yield event.organization


def _of_run(run: str, _: RunStarted | RunFinished) -> Iterable[str]:
    yield _owner(run)


def _owner(path: str) -> str:
    """Return what owns a run, or a project, by its path."""
    return entity_thing(path.partition("/")[0])


def _team_created(_: str, event: TeamCreated) -> Iterable[str]:
    yield entity_thing(event.team)


def _person_joined(_: str, event: PersonJoined) -> Iterable[str]:
    yield event.organization


def _member_joined(_: str, event: MemberJoined) -> Iterable[str]:
    yield from (event.organization, entity_thing(event.team))


def _claimed(_: str, event: NameClaimed) -> Iterable[str]:
    if event.kind in ("team", "person"):
        yield entity_thing(event.name)
    if event.kind != "person":
        yield event.holder


def _released(_: str, event: NameReleased) -> Iterable[str]:
    kind, _, scope = event.scope.partition("@")
    if kind == "in":
        yield _owner(scope) if "/" in scope else scope


def _on(kind: type[E], concerns: Callable[[str, E], Iterable[str]]) -> tuple[type[Event], Concerns]:
    return kind, cast("Concerns", concerns)


_CONCERNS = dict(
    (
        _on(AliasAdded, _alias_added),
        _on(AliasRemoved, _alias_removed),
        _on(ArtifactLogged, _of_version),
        _on(VersionDeleted, _of_version),
        _on(VersionTagged, _of_version),
        _on(VersionUntagged, _of_version),
        _on(VersionUnlinked, _of_version),
        _on(DescriptionChanged, _of_version),
        _on(MetadataChanged, _of_version),
        _on(VersionLinked, _linked),
        _on(ArtifactUsed, _used),
        _on(ArtifactProduced, _produced),
        _on(ArtifactCreated, _artifact_created),
        _on(CollectionCreated, _collection_created),
        _on(RegistryCreated, _registry_created),
        _on(RunStarted, _of_run),
        _on(RunFinished, _of_run),
        _on(TeamCreated, _team_created),
        _on(PersonJoined, _person_joined),
        _on(MemberJoined, _member_joined),
        _on(NameClaimed, _claimed),
        _on(NameReleased, _released),
    )
)

AUDIT = Projection(
    "audit",
    schema=2,
    tables=TABLES,
    folds={kind: _entry(_CONCERNS.get(kind)) for kind in EVENTS},
)
