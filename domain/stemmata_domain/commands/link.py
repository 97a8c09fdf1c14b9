"""Linking: a version gets a number and aliases in a collection; unlinking takes them away.

- The registry has to exist; a collection that does not is created, with the version's type.
- The registry has to accept the type, and to belong to the organization of the version's team.
- Versions logged under a personal entity cannot be linked into a registry.
- A link to a link is a link to its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stemmata_domain.aggregates.artifact import ARTIFACT, version_at
from stemmata_domain.aggregates.claim import LINKING, ClaimName, NoteLink
from stemmata_domain.aggregates.collection import (
    COLLECTION,
    CreateCollection,
    EditAliases,
    LinkVersion,
    UnlinkVersion,
)
from stemmata_domain.aggregates.person import PERSON
from stemmata_domain.aggregates.registry import REGISTRY
from stemmata_domain.aggregates.versions import source_of
from stemmata_domain.commands.addressing import (
    ENTITIES,
    FoundVersion,
    claim,
    find_registry,
    find_version,
    holder_of,
    names_in,
    ordinary_project,
    permit,
    permit_organization,
)
from stemmata_domain.errors import (
    InvalidPath,
    NameTaken,
    NotALink,
    PersonalEntity,
    WrongOrganization,
)
from stemmata_domain.events import VersionLinked
from stemmata_domain.names import REGISTRY_PREFIX, aliases, collection_name
from stemmata_domain.paths import ArtifactPath, link_target
from stemmata_domain.work import Work


@dataclass(frozen=True, slots=True)
class Linked:
    """A version as a collection has it.

    Attributes:
        name: Full name, `wandb-registry-REGISTRY/COLLECTION:vN` or `entity/project/COLLECTION:vN`.
    """

    collection: str
    index: int
    version: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Link the version *source* into the collection *target*, under *aliases* and `latest`.

    Short names are completed by `entity` and `project`.
    """

    returns: ClassVar[type[Linked]] = Linked

    source: str
    target: str
    aliases: tuple[str, ...] = ()
    entity: str
    project: str | None = None

    def carry_out(self, work: Work) -> Linked:
        """Decide; see :class:`Link`."""
        target = link_target(self.target)
        wanted = aliases(self.aliases)
        found = find_version(work, self.source, entity=self.entity, project=self.project)
        source, source_index = source_of(found.version)
        artifact = work.state(ARTIFACT, source)
        # A link may outlive its source if the deletion did not know of it; it shall not spread.
        version_at(artifact, source_index)
        scope, registry, prefix = (
            self._in_registry(work, target, artifact.entity, artifact.type)
            if target.is_registry
            else self._in_project(work, target, artifact.entity, artifact.project)
        )
        collection = _collection(work, scope, registry, target.name, artifact.type)
        decided = work.decide(
            COLLECTION,
            collection,
            LinkVersion(
                version=found.version,
                artifact=source,
                source_index=source_index,
                type=artifact.type,
                aliases=wanted,
            ),
        )
        if not work.alone and any(isinstance(event, VersionLinked) for event in decided):
            note = NoteLink(version=found.version, collection=collection)
            work.decide(LINKING, found.version, note)
        index = work.state(COLLECTION, collection).line.indexes.get(found.version)
        assert index is not None
        return Linked(collection, index, found.version, f"{prefix}/{target.name}:v{index}")

    def _in_registry(
        self, work: Work, target: ArtifactPath, entity: str, type: str
    ) -> tuple[str, str | None, str]:
        if holder_of(work, ENTITIES, entity).kind == "person":
            raise PersonalEntity(
                entity=entity, teams=tuple(team for team, _ in work.state(PERSON, entity).teams)
            )
        registry = work.state(REGISTRY, find_registry(work, target, entity))
        permit_organization(work, registry.organization)
        registry.check_type(type)
        return registry.id, registry.id, f"{target.project}"

    def _in_project(
        self, work: Work, target: ArtifactPath, entity: str, project: str
    ) -> tuple[str, str | None, str]:
        place = target.prefix or self.entity
        if place.startswith(REGISTRY_PREFIX):
            rule = "a collection's name has no slash; write [ORG/]wandb-registry-NAME/COLLECTION"
            raise InvalidPath(path=self.target, rule=rule)
        if place != entity:
            raise WrongOrganization(given=place, expected=(entity,), entity=entity)
        permit(work, place)
        scope = f"{place}/{ordinary_project(target.project or self.project or project)}"
        return scope, None, scope


def _collection(work: Work, scope: str, registry: str | None, name: str, type: str) -> str:
    holder = holder_of(work, names_in(scope), name)
    if holder.kind == "collection":
        return holder.holder
    if holder.holder:
        raise NameTaken(thing=holder.kind, name=name, scope=scope)
    collection = work.new_id()
    create_collection(
        work,
        CreateCollection(
            id=collection, scope=scope, registry=registry, name=collection_name(name), type=type
        ),
    )
    return collection


def create_collection(work: Work, command: CreateCollection) -> None:
    """Create a collection and take its name.

    Raises:
        NameTaken: An artifact or collection has the name.
    """
    claim(
        work,
        ClaimName(
            scope=names_in(command.scope),
            name=command.name,
            kind="collection",
            holder=command.id,
            scope_name="the registry" if command.registry else command.scope,
        ),
    )
    work.decide(COLLECTION, command.id, command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlink:
    """Take the linked version *name* out of its collection; the source and other links stay."""

    returns: ClassVar[type[Linked]] = Linked

    name: str
    entity: str
    project: str | None = None

    def carry_out(self, work: Work) -> Linked:
        """Decide; see :class:`Unlink`."""
        found = find_version(work, self.name, entity=self.entity, project=self.project)
        if found.line.kind != "collection":
            raise NotALink(name=f"{found.line.name}:v{found.index}")
        permit_line(work, found)
        work.decide(COLLECTION, found.line.id, UnlinkVersion(index=found.index))
        return Linked(
            found.line.id, found.index, found.version, f"{found.line.name}:v{found.index}"
        )


@dataclass(frozen=True, slots=True)
class AliasesEdited:
    """A version whose aliases were edited, as the artifact or collection `line` has it."""

    line: str
    index: int
    version: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EditAliasesOf:
    """Add aliases to the version *name* and remove others, where the name finds it and only there."""

    returns: ClassVar[type[AliasesEdited]] = AliasesEdited

    name: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    entity: str
    project: str | None = None

    def carry_out(self, work: Work) -> AliasesEdited:
        """Decide; see :class:`EditAliasesOf`."""
        add = aliases(self.add)
        found = find_version(work, self.name, entity=self.entity, project=self.project)
        permit_line(work, found)
        command = EditAliases(index=found.index, add=add, remove=tuple(self.remove))
        if found.line.kind == "collection":
            work.decide(COLLECTION, found.line.id, command)
            line = work.state(COLLECTION, found.line.id).line
        else:
            work.decide(ARTIFACT, found.line.id, command)
            line = work.state(ARTIFACT, found.line.id).line
        return AliasesEdited(
            found.line.id, found.index, found.version, line.aliases_of(found.index)
        )


def permit_line(work: Work, found: FoundVersion) -> None:
    """Let the actor change the artifact or collection through which a version was found.

    Raises:
        NotAMember: The actor belongs neither to its team nor to its organization.
    """
    if found.line.kind == "artifact":
        permit(work, work.state(ARTIFACT, found.line.id).entity)
        return
    collection = work.state(COLLECTION, found.line.id)
    if collection.registry is None:
        permit(work, collection.scope.partition("/")[0])
    else:
        permit_organization(work, work.state(REGISTRY, collection.registry).organization)
