"""What a log means, in dicts and lists: folded from events, with nothing of the projections in it.

It is a second reading of the events, for views to be compared with. Everything that has ended leaves
these dicts, and stays in `ended`, where what happened to it can still be told by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stemmata_domain import events as e
from stemmata_domain.recorded import RecordedEvent


class Refusal(Exception):
    """The name of a refusal, which is an answer too."""


@dataclass
class FoldedLine:
    """An artifact or a collection; what it holds goes by number."""

    id: str
    is_link: bool
    scope: str
    registry: str | None
    name: str
    type: str
    description: str | None
    tags: set[str]
    created_at: datetime
    created_by: str
    created_position: int
    members: dict[int, FoldedMember] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)

    def aliases_of(self, index: int) -> list[str]:
        return sorted(alias for alias, named in self.aliases.items() if named == index)


@dataclass
class FoldedMember:
    """A version in a line."""

    version: str
    at: datetime
    by: str
    position: int


@dataclass
class FoldedVersion:
    """A version where it was logged."""

    id: str
    artifact: str
    index: int
    logged: e.ArtifactLogged
    description: str | None
    metadata: dict[str, Any]
    tags: set[str]
    created_at: datetime
    created_by: str
    created_position: int


@dataclass
class FoldedRegistry:
    """A registry; types of None mean that it accepts all."""

    id: str
    created: e.RegistryCreated
    types: set[str] | None
    created_at: datetime
    created_by: str


@dataclass
class FoldedRun:
    """A run."""

    path: str
    started: e.RunStarted
    state: str
    started_at: datetime
    started_by: str
    finished_at: datetime | None = None


@dataclass(frozen=True)
class FoldedEdge:
    """That a run used or produced a version, through an artifact or a collection."""

    run: str
    kind: str
    version: str
    through: str
    index: int
    at: datetime
    by: str
    position: int


@dataclass(frozen=True)
class Tombstone:
    """What is left of a deleted version."""

    version: str
    artifact: str
    index: int
    at: datetime
    by: str


@dataclass
class Ended:
    """Lines and versions as they were when they ended."""

    lines: dict[str, FoldedLine] = field(default_factory=dict)
    versions: dict[str, FoldedVersion] = field(default_factory=dict)
    tombstones: dict[str, Tombstone] = field(default_factory=dict)


@dataclass
class Folded:
    """Everything there is after the events up to `position`.

    Attributes:
        whole: The trail with what came later, if somebody knows it.
        notes: What is worked out once.
    """

    position: int = 0
    trail: list[RecordedEvent] = field(default_factory=list)
    organizations: dict[str, e.OrganizationFounded] = field(default_factory=dict)
    entities: dict[str, tuple[str, str]] = field(default_factory=dict)
    affiliations: dict[tuple[str, str], bool] = field(default_factory=dict)
    memberships: dict[tuple[str, str], str] = field(default_factory=dict)
    registries: dict[str, FoldedRegistry] = field(default_factory=dict)
    lines: dict[str, FoldedLine] = field(default_factory=dict)
    versions: dict[str, FoldedVersion] = field(default_factory=dict)
    runs: dict[str, FoldedRun] = field(default_factory=dict)
    edges: list[FoldedEdge] = field(default_factory=list)
    ended: Ended = field(default_factory=Ended)
    whole: list[RecordedEvent] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def follow(self, recorded: RecordedEvent) -> None:
        """Take in the next event."""
        assert recorded.position > self.position
        self.position = recorded.position
        self.trail.append(recorded)
        _follow(self, recorded, recorded.stream.split("-", 1)[1], recorded.event)

    # --- what several answers need ----------------------------------------------------------

    def any_line(self, line: str) -> FoldedLine:
        """Return a line, be it there or ended."""
        return self.lines.get(line) or self.ended.lines[line]

    def any_version(self, version: str) -> FoldedVersion:
        """Return a version, be it there or deleted."""
        return self.versions.get(version) or self.ended.versions[version]

    def place_of(self, line: FoldedLine) -> tuple[str, str]:
        """Return entity and project of a line, as paths name them."""
        if line.registry is None:
            entity, project = line.scope.split("/", 1)
            return entity, project
        registry = self.registries[line.registry].created
        return self.organizations[registry.organization].entity, f"wandb-registry-{registry.name}"

    def full_name(self, line: FoldedLine) -> str:
        """Return the name of a line that finds it from within its organization."""
        entity, project = self.place_of(line)
        return f"{project}/{line.name}" if line.registry else f"{entity}/{project}/{line.name}"

    def links_of(self, version: str) -> Iterator[tuple[FoldedLine, int, FoldedMember]]:
        """Yield where a version is linked."""
        for line in self.lines.values():
            for index, member in line.members.items():
                if line.is_link and member.version == version:
                    yield line, index, member


def folded(trail: Iterable[RecordedEvent]) -> Folded:
    """Return what these events come to."""
    model = Folded()
    for recorded in trail:
        model.follow(recorded)
    return model


def _follow(model: Folded, recorded: RecordedEvent, key: str, event: e.Event) -> None:
    match event:
        case e.AliasAdded(alias=alias, index=index):
            model.lines[key].aliases[alias] = index
        case e.AliasRemoved(alias=alias):
            del model.lines[key].aliases[alias]
        case e.VersionLinked(version=version, index=index):
            member = FoldedMember(version, recorded.time, recorded.actor, recorded.position)
            model.lines[key].members[index] = member
        case e.VersionUnlinked(index=index):
            del model.lines[key].members[index]
        case e.RunStarted():
            run = FoldedRun(key, event, "running", recorded.time, recorded.actor)
            model.runs[key] = run
        case e.RunFinished(state=state):
            model.runs[key].state = state
            model.runs[key].finished_at = recorded.time
        case e.ArtifactUsed():
            through = (event.through, event.through_index)
            model.edges.append(_edge(recorded, key, "used", event.version, through))
        case e.ArtifactProduced():
            through = (event.artifact, event.source_index)
            model.edges.append(_edge(recorded, key, "produced", event.version, through))
        case _:
            _follow_version(model, recorded, key, event)


def _edge(
    recorded: RecordedEvent, run: str, kind: str, version: str, through: tuple[str, int]
) -> FoldedEdge:
    return FoldedEdge(
        run, kind, version, *through, recorded.time, recorded.actor, recorded.position
    )


def _follow_version(model: Folded, recorded: RecordedEvent, key: str, event: e.Event) -> None:
    match event:
        case e.ArtifactLogged(version=version, index=index):
            model.versions[version] = FoldedVersion(
                version,
                key,
                index,
                event,
                event.description,
                event.metadata,
                set(event.tags),
                recorded.time,
                recorded.actor,
                recorded.position,
            )
            member = FoldedMember(version, recorded.time, recorded.actor, recorded.position)
            model.lines[key].members[index] = member
        case e.VersionTagged(version=version, tag=tag):
            model.versions[version].tags.add(tag)
        case e.VersionUntagged(version=version, tag=tag):
            model.versions[version].tags.remove(tag)
        case e.DescriptionChanged(version=version, description=description):
            model.versions[version].description = description
        case e.MetadataChanged(version=version, metadata=metadata):
            model.versions[version].metadata = metadata
        case e.VersionDeleted(version=version, index=index):
            del model.lines[key].members[index]
            model.ended.versions[version] = model.versions.pop(version)
            model.ended.tombstones[version] = Tombstone(
                version, key, index, recorded.time, recorded.actor
            )
        case _:
            _follow_place(model, recorded, key, event)


def _follow_place(model: Folded, recorded: RecordedEvent, key: str, event: e.Event) -> None:
    match event:
        case e.ArtifactCreated():
            model.lines[key] = FoldedLine(
                key,
                False,
                f"{event.entity}/{event.project}",
                None,
                event.name,
                event.type,
                None,
                set(),
                recorded.time,
                recorded.actor,
                recorded.position,
            )
        case e.CollectionCreated():
            model.lines[key] = FoldedLine(
                key,
                True,
                event.scope,
                event.registry,
                event.name,
                event.type,
                event.description,
                set(event.tags),
                recorded.time,
                recorded.actor,
                recorded.position,
            )
        case e.CollectionDeleted():
            model.ended.lines[key] = model.lines.pop(key)
        case e.RegistryCreated(accepted_types=types):
            model.registries[key] = FoldedRegistry(
                key,
                event,
                None if types is None else set(types),
                recorded.time,
                recorded.actor,
            )
        case e.TypeAccepted(type=type):
            accepted = model.registries[key].types
            assert accepted is not None
            accepted.add(type)
        case _:
            _follow_people(model, event)


def _follow_people(model: Folded, event: e.Event) -> None:
    match event:
        case e.OrganizationFounded(organization=organization):
            model.organizations[organization] = event
        case e.PersonJoined(person=person, organization=organization, admin=admin):
            model.affiliations[person, organization] = admin
        case e.MemberJoined(person=person, organization=organization, team=team):
            model.memberships[team, person] = organization
        case e.NameClaimed(scope="entity", name=name, kind=kind, holder=holder):
            model.entities[name] = (kind, holder)
        case e.NameReleased(scope="entity", name=name):
            del model.entities[name]
        case e.NameClaimed() | e.NameReleased() | e.TeamCreated() | e.CommandKeyed():
            pass
        case _:
            raise AssertionError(f"the model does not know {event!r}")
