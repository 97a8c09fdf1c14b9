"""Organizations, registries and collections: the places that things are put.

- Entity names are unique in the store; an organization may be named by its display name or its entity
  name, and both are unique among organizations.
- Every organization starts with the core registries `model` and `dataset`.
- A registry's name is unique in its organization.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, cast

from stemmata_domain.aggregates.claim import CLAIM, ClaimName, ReleaseName
from stemmata_domain.aggregates.collection import COLLECTION, CreateCollection, DeleteCollection
from stemmata_domain.aggregates.organization import ORGANIZATION, CreateTeam, FoundOrganization
from stemmata_domain.aggregates.person import PERSON, JoinOrganization, JoinTeam
from stemmata_domain.aggregates.registry import REGISTRY, AcceptType, CreateRegistry
from stemmata_domain.commands.addressing import (
    ENTITIES,
    ORGANIZATIONS,
    claim,
    facts_of,
    find_registry,
    holder_of,
    names_in,
    ordinary_project,
    organization_named,
    permit,
    permit_organization,
    registries_of,
)
from stemmata_domain.commands.link import create_collection
from stemmata_domain.errors import (
    InvalidSetting,
    NameTaken,
    NotAMember,
    OrganizationNeeded,
    UnknownCollection,
    UnknownRegistry,
)
from stemmata_domain.events import Visibility
from stemmata_domain.names import (
    accepted_type,
    artifact_type,
    collection_name,
    entity_name,
    organization_name,
    registry_name,
    tags,
    text_or_none,
)
from stemmata_domain.paths import ArtifactPath, link_target, resolve_organization
from stemmata_domain.work import Work

CORE_REGISTRIES = ("model", "dataset")


@dataclass(frozen=True, slots=True)
class Organized:
    """An organization, and whether it is new."""

    organization: str
    entity: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Organize:
    """Found an organization with teams and people, or add teams and people to one that is there.

    The first person of a new organization is its admin; every person named joins every team named.
    Without `entity`, the entity name is made from the name: lower case, dashes for spaces.
    """

    returns: ClassVar[type[Organized]] = Organized

    name: str
    entity: str | None = None
    teams: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    def carry_out(self, work: Work) -> Organized:
        """Decide; see :class:`Organize`."""
        name = organization_name(self.name)
        teams = [entity_name(team) for team in self.teams]
        people = [entity_name(person) for person in self.people]
        known = holder_of(work, ORGANIZATIONS, name).holder
        organization = known or self._found(work, name)
        if known:
            self._check_known(work, known)
        for team in teams:
            _claim_entity(work, team, "team", organization)
            work.decide(ORGANIZATION, organization, CreateTeam(team=team))
        for n, person in enumerate(people):
            _claim_entity(work, person, "person", person)
            admin = n == 0 and not known
            join = JoinOrganization(person=person, organization=organization, admin=admin)
            work.decide(PERSON, person, join)
            for team in teams:
                member = JoinTeam(person=person, organization=organization, team=team)
                work.decide(PERSON, person, member)
        entity = work.state(ORGANIZATION, organization).entity
        return Organized(organization, entity, not known)

    def _check_known(self, work: Work, organization: str) -> None:
        entity = work.state(ORGANIZATION, organization).entity
        if self.entity is not None and self.entity != entity:
            raise NameTaken(
                thing="organization", name=self.name, scope=f"this store, as {entity!r}"
            )
        actor = work.state(PERSON, work.actor)
        if actor.handle and (organization, True) not in actor.organizations:
            raise NotAMember(
                actor=actor.handle, entity=entity, entities=tuple(t for t, _ in actor.teams)
            )

    def _found(self, work: Work, name: str) -> str:
        entity = entity_name(self.entity if self.entity is not None else entity_from(name))
        organization = work.new_id()
        found = FoundOrganization(id=organization, name=name, entity=entity)
        _claim_entity(work, entity, "organization", organization)
        for spelling in dict.fromkeys((name, entity)):
            claim(
                work,
                ClaimName(
                    scope=ORGANIZATIONS,
                    name=spelling,
                    kind="organization",
                    holder=organization,
                    scope_name="this store",
                ),
            )
        work.decide(ORGANIZATION, organization, found)
        for registry in CORE_REGISTRIES:
            _create_registry(
                work,
                CreateRegistry(
                    id=work.new_id(),
                    organization=organization,
                    name=registry,
                    accepted_types=(registry,),
                    core=True,
                ),
            )
        return organization


def entity_from(name: str) -> str:
    """Return the entity name that a display name suggests."""
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")


def _claim_entity(work: Work, name: str, kind: str, holder: str) -> None:
    claim(
        work,
        ClaimName(scope=ENTITIES, name=name, kind=kind, holder=holder, scope_name="this store"),
    )


@dataclass(frozen=True, slots=True)
class RegistryMade:
    """A registry, by its id and name."""

    registry: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeRegistry:
    """Create a registry, in `organization` or else in the one that `entity` belongs to.

    No accepted types means that it accepts all.
    """

    returns: ClassVar[type[RegistryMade]] = RegistryMade

    name: str
    visibility: str = "organization"
    organization: str | None = None
    accepted_types: tuple[str, ...] = ()
    description: str | None = None
    entity: str | None = None

    def carry_out(self, work: Work) -> RegistryMade:
        """Decide; see :class:`MakeRegistry`."""
        name = registry_name(self.name)
        types = tuple(dict.fromkeys(accepted_type(type_) for type_ in self.accepted_types))
        organization = organization_of(work, self.organization, self.entity)
        if holder_of(work, registries_of(organization), name).holder:
            shown = work.state(ORGANIZATION, organization).name
            raise NameTaken(thing="registry", name=name, scope=f"organization {shown!r}")
        if self.visibility not in ("organization", "restricted"):
            raise InvalidSetting(
                setting="visibility",
                value=self.visibility,
                rule="Expected one of: 'organization', 'restricted'",
            )
        permit_organization(work, organization)
        registry = work.new_id()
        _create_registry(
            work,
            CreateRegistry(
                id=registry,
                organization=organization,
                name=name,
                visibility=cast("Visibility", self.visibility),
                accepted_types=types or None,
                description=text_or_none(self.description, what="description"),
            ),
        )
        return RegistryMade(registry, name)


def organization_of(work: Work, name: str | None, entity: str | None) -> str:
    """Return the id of the organization of this name, or else of the entity's.

    Raises:
        UnknownOrganization: None has the name.
        OrganizationNeeded: No name is given, and it does not follow from the entity.
    """
    if name is not None:
        return organization_named(work, name)
    if entity is None:
        raise OrganizationNeeded(entity="", organizations=())
    return resolve_organization(entity=entity, given=None, facts=facts_of(work, entity)).id


def _create_registry(work: Work, command: CreateRegistry) -> None:
    claim(
        work,
        ClaimName(
            scope=registries_of(command.organization),
            name=command.name,
            kind="registry",
            holder=command.id,
            scope_name="the organization",
        ),
    )
    work.decide(REGISTRY, command.id, command)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptTypeIn:
    """Let a registry accept one more type of artifact."""

    returns: ClassVar[type[RegistryMade]] = RegistryMade

    registry: str
    type: str
    organization: str | None = None
    entity: str | None = None

    def carry_out(self, work: Work) -> RegistryMade:
        """Decide; see :class:`AcceptTypeIn`."""
        organization = organization_of(work, self.organization, self.entity)
        permit_organization(work, organization)
        registry = holder_of(work, registries_of(organization), self.registry).holder
        if not registry:
            raise UnknownRegistry(
                registry=self.registry, organization=work.state(ORGANIZATION, organization).name
            )
        work.decide(REGISTRY, registry, AcceptType(type=accepted_type(self.type)))
        return RegistryMade(registry, self.registry)


@dataclass(frozen=True, slots=True)
class CollectionMade:
    """A collection, by its id."""

    collection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeCollection:
    """Create an empty collection at a link target, `[ORG/]wandb-registry-NAME/COLLECTION`."""

    returns: ClassVar[type[CollectionMade]] = CollectionMade

    target: str
    type: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    entity: str
    project: str | None = None

    def carry_out(self, work: Work) -> CollectionMade:
        """Decide; see :class:`MakeCollection`."""
        target = link_target(self.target)
        name = collection_name(target.name)
        artifact_type(self.type, name=name)
        scope, registry = _scope(work, target, self.entity, self.project)
        if registry is not None:
            work.state(REGISTRY, registry).check_type(self.type)
        collection = work.new_id()
        create_collection(
            work,
            CreateCollection(
                id=collection,
                scope=scope,
                registry=registry,
                name=name,
                type=self.type,
                description=text_or_none(self.description, what="description"),
                tags=tags(self.tags),
            ),
        )
        return CollectionMade(collection)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCollection:
    """Delete a collection, with its links and aliases; the source versions stay."""

    returns: ClassVar[type[CollectionMade]] = CollectionMade

    target: str
    entity: str
    project: str | None = None

    def carry_out(self, work: Work) -> CollectionMade:
        """Decide; see :class:`RemoveCollection`."""
        target = link_target(self.target)
        scope, _ = _scope(work, target, self.entity, self.project)
        holder = holder_of(work, names_in(scope), target.name)
        if holder.kind != "collection":
            raise UnknownCollection(name=self.target)
        work.decide(COLLECTION, holder.holder, DeleteCollection())
        release = ReleaseName(scope=names_in(scope), name=target.name)
        work.decide(CLAIM, f"{release.scope}:{release.name}", release)
        return CollectionMade(holder.holder)


def _scope(
    work: Work, target: ArtifactPath, entity: str, project: str | None
) -> tuple[str, str | None]:
    if target.is_registry:
        registry = find_registry(work, target, entity)
        permit_organization(work, work.state(REGISTRY, registry).organization)
        return registry, registry
    place = target.prefix or entity
    permit(work, place)
    return f"{place}/{ordinary_project(target.project or project or 'uncategorized')}", None
