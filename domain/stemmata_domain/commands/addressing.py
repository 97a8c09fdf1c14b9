"""Finding what a path names, by the claims in the log.

- A name in a project or registry belongs to one artifact or collection.
- An entity is a team, a person or an organization; the organization of a registry path follows from
  the entity, or is named before the path by its display name or its entity name.
- A path without an alias means `latest`.
"""

from __future__ import annotations

from dataclasses import dataclass

from stemmata_domain.aggregates.artifact import ARTIFACT
from stemmata_domain.aggregates.claim import CLAIM, Claim, ClaimName
from stemmata_domain.aggregates.collection import COLLECTION
from stemmata_domain.aggregates.memberships import LATEST, Memberships
from stemmata_domain.aggregates.organization import ORGANIZATION
from stemmata_domain.aggregates.person import PERSON
from stemmata_domain.aggregates.versions import source_of
from stemmata_domain.errors import (
    InvalidName,
    NotAMember,
    UnknownArtifact,
    UnknownEntity,
    UnknownOrganization,
    UnknownRegistry,
    UnknownVersion,
)
from stemmata_domain.names import REGISTRY_PREFIX, project_name, version_index
from stemmata_domain.paths import (
    ArtifactPath,
    EntityFacts,
    EntityKind,
    OrganizationFacts,
    parse_strict,
    resolve_organization,
)
from stemmata_domain.work import Work

ENTITIES = "entity"
ORGANIZATIONS = "organization"
UNCATEGORIZED = "uncategorized"


def registries_of(organization: str) -> str:
    """Return the scope of the names of an organization's registries."""
    return f"registries@{organization}"


def names_in(scope: str) -> str:
    """Return the scope of the names of artifacts and collections in a project or registry."""
    return f"in@{scope}"


def holder_of(work: Work, scope: str, name: str) -> Claim:
    """Return who holds *name* in *scope*."""
    return work.state(CLAIM, f"{scope}:{name}")


def claim(work: Work, command: ClaimName) -> None:
    """Take a name.

    Raises:
        NameTaken: Somebody else holds it.
    """
    work.decide(CLAIM, f"{command.scope}:{command.name}", command)


@dataclass(frozen=True, slots=True)
class Line:
    """An artifact or a collection, found by its name."""

    kind: str
    id: str
    name: str
    scope: str
    type: str
    memberships: Memberships


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """A version, found through an artifact or a collection."""

    line: Line
    index: int
    version: str

    @property
    def artifact(self) -> str:
        """Id of the artifact in which the version was logged."""
        return source_of(self.version)[0]

    @property
    def source_index(self) -> int:
        """Number of the version in that artifact."""
        return source_of(self.version)[1]


def facts_of(work: Work, entity: str) -> EntityFacts:
    """Return what *entity* is, and the organizations that it belongs to."""
    holder = holder_of(work, ENTITIES, entity)
    kind = EntityKind(holder.kind or "unknown")
    ids: tuple[str, ...] = ()
    if kind is EntityKind.PERSON:
        ids = tuple(own for own, _ in work.state(PERSON, entity).organizations)
    elif kind is not EntityKind.UNKNOWN:
        ids = (holder.holder,)
    return EntityFacts(
        kind=kind, organizations=tuple(_organization(work, organization) for organization in ids)
    )


def _organization(work: Work, organization: str) -> OrganizationFacts:
    state = work.state(ORGANIZATION, organization)
    return OrganizationFacts(id=state.id, name=state.name, entity=state.entity)


def permit(work: Work, entity: str) -> Claim:
    """Return the claim of a team or person in which the actor may act.

    A person whom the store knows acts as themselves and in their teams; an admin of an organization in
    all its teams. An actor whom the store does not know acts for the host, which answers for it.

    Raises:
        UnknownEntity: There is no such team or person.
        NotAMember: The actor does not belong to it.
    """
    holder = holder_of(work, ENTITIES, entity)
    if holder.kind not in ("team", "person"):
        raise UnknownEntity(entity=entity)
    actor = work.state(PERSON, work.actor)
    if actor.handle and not actor.may_act_in(entity, holder.holder):
        teams = tuple(team for team, _ in actor.teams)
        raise NotAMember(actor=actor.handle, entity=entity, entities=(*teams, actor.handle))
    return holder


def permit_reading(work: Work, entity: str) -> None:
    """Let the actor take what belongs to *entity*, a team or person, as an input.

    Raises:
        NotAMember: The actor is a person whom the store knows, and shares no organization with it.
    """
    actor = work.state(PERSON, work.actor)
    if actor.handle and actor.handle != entity:
        theirs = {organization.id for organization in facts_of(work, entity).organizations}
        if theirs.isdisjoint(organization for organization, _ in actor.organizations):
            teams = tuple(team for team, _ in actor.teams)
            raise NotAMember(actor=actor.handle, entity=entity, entities=(*teams, actor.handle))


def permit_organization(work: Work, organization: str) -> None:
    """Let the actor act in the registries of *organization*.

    Raises:
        NotAMember: The actor is a person whom the store knows, and not of this organization.
    """
    actor = work.state(PERSON, work.actor)
    if actor.handle and all(own != organization for own, _ in actor.organizations):
        raise NotAMember(
            actor=actor.handle,
            entity=work.state(ORGANIZATION, organization).entity,
            entities=(*(team for team, _ in actor.teams), actor.handle),
        )


def ordinary_project(name: str) -> str:
    """Return the name of a project that is no registry.

    Raises:
        InvalidName: It breaks the rule for such names, or is a registry.
    """
    if project_name(name).startswith(REGISTRY_PREFIX):
        rule = "it is a registry; log into a project, and link the version into the registry"
        raise InvalidName(thing="project", name=name, rule=rule)
    return name


def find_registry(work: Work, path: ArtifactPath, entity: str) -> str:
    """Return the id of the registry in *path*, as seen from *entity*, which may be empty.

    Raises:
        UnknownEntity, OrganizationNeeded, WrongOrganization: The organization does not follow.
        UnknownRegistry: The organization has no such registry.
    """
    if path.prefix is not None and not entity:
        organization = _organization(work, organization_named(work, path.prefix))
    else:
        organization = resolve_organization(
            entity=entity, given=path.prefix, facts=facts_of(work, entity)
        )
    name = path.registry or ""
    registry = holder_of(work, registries_of(organization.id), name)
    if not registry.holder:
        raise UnknownRegistry(registry=name, organization=organization.name)
    return registry.holder


def organization_named(work: Work, name: str) -> str:
    """Return the id of the organization of this display name or entity name.

    Raises:
        UnknownOrganization: There is none.
    """
    holder = holder_of(work, ORGANIZATIONS, name).holder
    if not holder:
        raise UnknownOrganization(name=name)
    return holder


def find_line(work: Work, path: ArtifactPath, *, entity: str, project: str | None) -> Line:
    """Return the artifact or collection that *path* names, as seen from *entity* and *project*.

    Raises:
        UnknownArtifact: Nothing has the name.
        LookupError, ValueError: As :func:`find_registry`.
    """
    if path.is_registry:
        scope = find_registry(work, path, entity)
    else:
        scope = f"{path.prefix or entity}/{path.project or project or UNCATEGORIZED}"
    holder = holder_of(work, names_in(scope), path.name)
    match holder.kind:
        case "artifact":
            artifact = work.state(ARTIFACT, holder.holder)
            return Line("artifact", artifact.id, artifact.path, scope, artifact.type, artifact.line)
        case "collection":
            collection = work.state(COLLECTION, holder.holder)
            name = f"{path.project}/{path.name}" if path.is_registry else f"{scope}/{path.name}"
            return Line("collection", collection.id, name, scope, collection.type, collection.line)
        case _:
            raise UnknownArtifact(name=str(path))


def find_version(work: Work, name: str, *, entity: str, project: str | None) -> FoundVersion:
    """Return the version that *name* stands for.

    Raises:
        InvalidPath: The name does not fit the grammar.
        UnknownVersion: The artifact or collection has no such version or alias.
        LookupError, ValueError: As :func:`find_line`.
    """
    path = parse_strict(name)
    line = find_line(work, path, entity=entity, project=project)
    alias = path.alias or LATEST
    index = version_index(alias)
    if index is None:
        index = line.memberships.aliases.get(alias)
    version = None if index is None else line.memberships.versions.get(index)
    if index is None or version is None:
        raise UnknownVersion(name=line.name, version=alias)
    return FoundVersion(line, index, version)
