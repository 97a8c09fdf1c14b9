"""The artifact: a name in a project, of one type, under which versions are logged.

- Content that equals that of a live version makes no new version; the aliases asked for, with
  `latest`, go to the version that has it.
- Metadata, description and tags belong to a version and do not tell content apart.
- A deleted version's number is not given again, and its content no longer counts as logged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from pydantic import JsonValue

from stemmata_domain.aggregates.collection import EditAliases
from stemmata_domain.aggregates.memberships import LATEST, Memberships, adding, leaving, removing
from stemmata_domain.aggregates.snapshots import (
    line_facts,
    line_from,
    line_parts,
    only,
    snapshots,
)
from stemmata_domain.aggregates.versions import version_id
from stemmata_domain.decider import Decider
from stemmata_domain.errors import (
    StillAliased,
    TypeMismatch,
    UnknownVersion,
)
from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    DescriptionChanged,
    Event,
    MetadataChanged,
    VersionDeleted,
    VersionTagged,
    VersionUntagged,
)
from stemmata_domain.packed import Packed, Part, column, index
from stemmata_domain.persistent import PersistentMap

CATEGORY = "artifact"


class Artifact(NamedTuple):
    """An artifact as its events left it; before the first one its id is empty."""

    id: str = ""
    entity: str = ""
    project: str = ""
    name: str = ""
    type: str = ""
    line: Memberships = Memberships()
    digests: PersistentMap[int, str] = PersistentMap()
    logged: PersistentMap[str, int] = PersistentMap()
    tags: PersistentMap[int, tuple[str, ...]] = PersistentMap()

    @property
    def path(self) -> str:
        """The qualified name without a version, `entity/project/name`."""
        return f"{self.entity}/{self.project}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogVersion:
    """Log content under a name; `artifact` is the id to take if it has to be created."""

    artifact: str
    entity: str
    project: str
    name: str
    type: str
    digest: str
    algorithm: str
    manifest: str
    size: int
    file_count: int
    description: str | None = None
    metadata: dict[str, JsonValue] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditVersion:
    """Change what may change of a logged version; None leaves a thing as it is.

    A tag that is both added and removed is added.
    `description` and `metadata` replace; they are given only if they differ from what is there.
    """

    index: int
    description: str | None = None
    clear_description: bool = False
    metadata: dict[str, JsonValue] | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteVersion:
    """End a version's life. Its aliases, `latest` apart, have to be given up by name of the act."""

    index: int
    delete_aliases: bool = False


Command = LogVersion | EditAliases | EditVersion | DeleteVersion


def decide(state: Artifact, command: Command) -> Sequence[Event]:
    """Answer a command.

    Raises:
        TypeMismatch: The name is in use for another type.
        UnknownVersion: No version has the number.
        StillAliased: The version to delete has aliases.
    """
    match command:
        case LogVersion():
            return tuple(_log(state, command))
        case EditAliases():
            version_at(state, command.index)
            return (
                *adding(state.line, command.index, command.add),
                *removing(state.line, command.index, command.remove, but=command.add),
            )
        case EditVersion():
            return tuple(_edit(state, command))
        case DeleteVersion():
            return tuple(_delete(state, command))
        case _:
            assert_never(command)


def _log(state: Artifact, command: LogVersion) -> Iterator[Event]:
    if not state.id:
        yield ArtifactCreated(
            artifact=command.artifact,
            entity=command.entity,
            project=command.project,
            name=command.name,
            type=command.type,
        )
    elif state.type != command.type:
        raise TypeMismatch(thing="artifact", name=state.path, type=state.type, asked=command.type)
    aliases = (LATEST, *command.aliases)
    same = state.logged.get(command.digest)
    if same is not None:
        yield from adding(state.line, same, aliases)
        yield from _tagging(state, same, command.tags)
        return
    index = state.line.next_index
    yield ArtifactLogged(
        version=version_id(state.id or command.artifact, index),
        index=index,
        digest=command.digest,
        algorithm=command.algorithm,
        manifest=command.manifest,
        size=command.size,
        file_count=command.file_count,
        description=command.description,
        metadata=command.metadata,
        tags=command.tags,
        run=command.run,
    )
    yield from adding(state.line, index, aliases)


def _tagging(state: Artifact, index: int, tags: Sequence[str]) -> Iterator[Event]:
    version = version_at(state, index)
    has = state.tags.get(index) or ()
    for tag in dict.fromkeys(tags):
        if tag not in has:
            yield VersionTagged(version=version, index=index, tag=tag)


def _edit(state: Artifact, command: EditVersion) -> Iterator[Event]:
    index = command.index
    version = version_at(state, index)
    if command.description is not None or command.clear_description:
        yield DescriptionChanged(version=version, index=index, description=command.description)
    if command.metadata is not None:
        yield MetadataChanged(version=version, index=index, metadata=command.metadata)
    yield from _tagging(state, index, command.add_tags)
    has = state.tags.get(index) or ()
    for tag in dict.fromkeys(command.remove_tags):
        if tag in has and tag not in command.add_tags:
            yield VersionUntagged(version=version, index=index, tag=tag)


def _delete(state: Artifact, command: DeleteVersion) -> Iterator[Event]:
    version = version_at(state, command.index)
    named = tuple(alias for alias in state.line.aliases_of(command.index) if alias != LATEST)
    if named and not command.delete_aliases:
        raise StillAliased(name=f"{state.path}:v{command.index}", aliases=named)
    yield from leaving(state.line, command.index)
    yield VersionDeleted(version=version, index=command.index)


def version_at(state: Artifact, index: int) -> str:
    """Return the id of the version with this number.

    Raises:
        UnknownVersion: There is none, or it was deleted.
    """
    version = state.line.versions.get(index)
    if version is None:
        raise UnknownVersion(name=state.path, version=f"v{index}")
    return version


def evolve(state: Artifact, event: Event) -> Artifact:
    """Return the state after *event*."""
    match event:
        case AliasAdded():
            return _with_line(state, state.line.with_alias(event.alias, event.index))
        case AliasRemoved():
            return _with_line(state, state.line.without_alias(event.alias))
        case ArtifactLogged():
            return _with(
                state,
                state.line.with_version(event.index, event.version),
                state.digests.insert(event.index, event.digest),
                state.logged.insert(event.digest, event.index),
                state.tags.insert(event.index, event.tags) if event.tags else state.tags,
            )
        case ArtifactCreated():
            return Artifact(
                id=event.artifact,
                entity=event.entity,
                project=event.project,
                name=event.name,
                type=event.type,
            )
        case VersionTagged():
            tags = (*(state.tags.get(event.index) or ()), event.tag)
            return state._replace(tags=state.tags.insert(event.index, tags))
        case VersionUntagged():
            tags = tuple(t for t in state.tags.get(event.index) or () if t != event.tag)
            return state._replace(
                tags=state.tags.insert(event.index, tags)
                if tags
                else state.tags.discard(event.index),
            )
        case VersionDeleted():
            digest = state.digests.get(event.index) or ""
            return state._replace(
                line=state.line.without_version(event.index),
                digests=state.digests.discard(event.index),
                logged=state.logged.discard(digest),
                tags=state.tags.discard(event.index),
            )
        case _:
            return state


def _with_line(state: Artifact, line: Memberships) -> Artifact:
    return _with(state, line, state.digests, state.logged, state.tags)


def _with(
    state: Artifact,
    line: Memberships,
    digests: PersistentMap[int, str],
    logged: PersistentMap[str, int],
    tags: PersistentMap[int, tuple[str, ...]],
) -> Artifact:
    # By hand for the same reason as in Memberships.
    return Artifact(
        state.id,
        state.entity,
        state.project,
        state.name,
        state.type,
        line,
        digests,
        logged,
        tags,
    )


def _facts(state: Artifact) -> dict[str, object]:
    return {
        "id": state.id,
        "entity": state.entity,
        "project": state.project,
        "name": state.name,
        "type": state.type,
        "line": line_facts(state.line),
    }


def _parts(state: Artifact) -> dict[str, Part]:
    return {
        **line_parts(state.line),
        "digests": column(state.digests),
        "logged": index(state.logged),
        "tags": column(state.tags),
    }


def _read(packed: Packed) -> Artifact:
    digests = packed.column("digests", str)
    return Artifact(
        **{**packed.facts, "line": line_from(packed, packed.facts["line"])},
        digests=digests,
        logged=packed.index("logged", only(digests)),
        tags=packed.column("tags", tuple),
    )


ARTIFACT: Decider[Artifact, Command] = Decider(
    category=CATEGORY,
    initial=Artifact(),
    decide=decide,
    evolve=evolve,
    snapshots=snapshots(2, _facts, _parts, _read),
)
