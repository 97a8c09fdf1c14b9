"""The collection: one type, versions linked under numbers of its own, aliases.

- It has exactly one type, fixed when it is created.
- A version that is linked again keeps its number; the aliases asked for are added.
- A link always asks for `latest`, except when the version was there before: then `latest` stays with
  the highest number unless it is asked for by name.
- A deleted collection stays in the log; a new one of the same name is another collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from stemmata_domain.aggregates.memberships import LATEST, Memberships, adding, leaving, removing
from stemmata_domain.aggregates.snapshots import line_facts, line_from, line_parts, snapshots
from stemmata_domain.decider import Decider
from stemmata_domain.errors import TypeMismatch, UnknownCollection, UnknownVersion
from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    CollectionCreated,
    CollectionDeleted,
    Event,
    VersionLinked,
    VersionUnlinked,
)
from stemmata_domain.packed import Packed

CATEGORY = "collection"


class Collection(NamedTuple):
    """A collection as its events left it; before the first one its id is empty."""

    id: str = ""
    scope: str = ""
    registry: str | None = None
    name: str = ""
    type: str = ""
    deleted: bool = False
    line: Memberships = Memberships()

    @property
    def is_live(self) -> bool:
        """Whether the collection was created and not deleted."""
        return bool(self.id) and not self.deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCollection:
    """Create an empty collection in a scope: a registry's id, or `entity/project`."""

    id: str
    scope: str
    registry: str | None
    name: str
    type: str
    description: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkVersion:
    """Give a version a number here, and aliases."""

    version: str
    artifact: str
    source_index: int
    type: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkVersion:
    """Take the version with this number out."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditAliases:
    """Add aliases to the version with this number, and remove others; one in both is added."""

    index: int
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCollection:
    """End the collection and its links; the sources stay."""


Command = CreateCollection | LinkVersion | UnlinkVersion | EditAliases | DeleteCollection


def decide(state: Collection, command: Command) -> Sequence[Event]:
    """Answer a command.

    Raises:
        TypeMismatch: The version's type is not the collection's.
        UnknownVersion: No version has the number.
        UnknownCollection: The collection does not exist, or no more.
    """
    match command:
        case CreateCollection():
            return _create(command)
        case LinkVersion():
            return tuple(_link(_live(state), command))
        case UnlinkVersion(index=index):
            return tuple(_unlink(_live(state), index))
        case EditAliases():
            return tuple(_edit(_live(state), command))
        case DeleteCollection():
            return (CollectionDeleted(collection=_live(state).id),)
        case _:
            assert_never(command)


def _live(state: Collection) -> Collection:
    if not state.is_live:
        raise UnknownCollection(name=state.name)
    return state


def _create(command: CreateCollection) -> Sequence[Event]:
    return (
        CollectionCreated(
            collection=command.id,
            scope=command.scope,
            registry=command.registry,
            name=command.name,
            type=command.type,
            description=command.description,
            tags=command.tags,
        ),
    )


def _link(state: Collection, command: LinkVersion) -> Iterator[Event]:
    if command.type != state.type:
        raise TypeMismatch(thing="collection", name=state.name, type=state.type, asked=command.type)
    index = state.line.indexes.get(command.version)
    if index is not None:
        yield from adding(state.line, index, command.aliases)
        return
    index = state.line.next_index
    yield VersionLinked(
        version=command.version,
        artifact=command.artifact,
        source_index=command.source_index,
        index=index,
    )
    yield from adding(state.line, index, (LATEST, *command.aliases))


def _unlink(state: Collection, index: int) -> Iterator[Event]:
    version = _version(state, index)
    yield from leaving(state.line, index)
    yield VersionUnlinked(version=version, index=index)


def _edit(state: Collection, command: EditAliases) -> Iterator[Event]:
    _version(state, command.index)
    yield from adding(state.line, command.index, command.add)
    yield from removing(state.line, command.index, command.remove, but=command.add)


def _version(state: Collection, index: int) -> str:
    version = state.line.versions.get(index)
    if version is None:
        raise UnknownVersion(name=state.name, version=f"v{index}")
    return version


def evolve(state: Collection, event: Event) -> Collection:
    """Return the state after *event*."""
    match event:
        case AliasAdded():
            return _with_line(state, state.line.with_alias(event.alias, event.index))
        case VersionLinked():
            return _with_line(state, state.line.with_version(event.index, event.version))
        case AliasRemoved():
            return _with_line(state, state.line.without_alias(event.alias))
        case VersionUnlinked():
            return _with_line(state, state.line.without_version(event.index))
        case CollectionCreated():
            return Collection(
                id=event.collection,
                scope=event.scope,
                registry=event.registry,
                name=event.name,
                type=event.type,
            )
        case CollectionDeleted():
            return state._replace(deleted=True, line=Memberships(state.line.next_index))
        case _:
            return state


def _with_line(state: Collection, line: Memberships) -> Collection:
    # By hand for the same reason as in Memberships.
    return Collection(
        state.id, state.scope, state.registry, state.name, state.type, state.deleted, line
    )


def _facts(state: Collection) -> dict[str, object]:
    return {
        "id": state.id,
        "scope": state.scope,
        "registry": state.registry,
        "name": state.name,
        "type": state.type,
        "deleted": state.deleted,
        "line": line_facts(state.line),
    }


def _read(packed: Packed) -> Collection:
    return Collection(**{**packed.facts, "line": line_from(packed, packed.facts["line"])})


COLLECTION: Decider[Collection, Command] = Decider(
    category=CATEGORY,
    initial=Collection(),
    decide=decide,
    evolve=evolve,
    snapshots=snapshots(2, _facts, lambda state: line_parts(state.line), _read),
)
