"""Finds what a place, as people write it, means: a registry, a project, or what stands in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from stemmata.reading.base import Asking
from stemmata_domain.errors import (
    InvalidPath,
    UnknownArtifact,
    UnknownCollection,
    UnknownOrganization,
)
from stemmata_domain.paths import ArtifactPath, EntityKind, parse_strict
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.version_index.views import Collection, Organization, Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A team or a person, as a place that has projects."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project of an entity."""

    entity: str
    name: str

    @property
    def full_name(self) -> str:
        """`entity/project`."""
        return f"{self.entity}/{self.name}"


Place: TypeAlias = Organization | Entity | Registry | Project | Collection


def find(stemma: Asking, place: str) -> Place:
    """Return what *place* means.

    Of several readings the first that finds something holds:

    ===========================  ===================================================================
    `[ORG/]wandb-registry-R`     a registry
    `[ORG/]wandb-registry-R/C`   a collection in it
    `A`                          an organization, a team or person, a project of the default entity,
                                 an artifact without a project
    `A/B`                        a project `B` of `A`, an artifact `B` in the project `A`
    `A/B/C`                      an artifact or collection
    ===========================  ===================================================================

    Raises:
        InvalidPath: It does not fit the grammar, or names a version.
        LookupError, ValueError: It finds nothing.
    """
    path = parse_strict(place)
    if path.alias is not None:
        rule = f"versions are in a place; 'stemmata show' shows one. Leave out ':{path.alias}'"
        raise InvalidPath(path=place, rule=rule)
    as_project = ArtifactPath(prefix=path.project, project=path.name, name="_")
    if path.prefix is None and as_project.is_registry:
        return _index(stemma, as_project).registry_at(as_project)
    if path.is_registry:
        return _index(stemma, path).collection(path)
    return _ordinary(stemma, path)


def _index(stemma: Asking, path: ArtifactPath) -> VersionIndex:
    """Return the index in which the registry of *path* is looked for.

    Whoever names an organization means that one, also where their default entity is of another one.
    """
    return stemma.index if path.prefix is None else stemma.index_without_defaults


def _ordinary(stemma: Asking, path: ArtifactPath) -> Place:
    if path.prefix is None and path.project is None and (entity := _entity(stemma, path.name)):
        return entity
    if path.prefix is None and (project := _project(stemma, path.project, path.name)):
        return project
    try:
        return stemma.index.collection(path)
    except UnknownCollection:
        raise UnknownArtifact(name=str(path)) from None


def _entity(stemma: Asking, name: str) -> Organization | Entity | None:
    organizations = stemma.index_without_defaults.organizations
    try:
        return organizations.named(name)
    except UnknownOrganization:
        pass
    if organizations.facts(name).kind in (EntityKind.TEAM, EntityKind.PERSON):
        return Entity(name=name)
    return None


def _project(stemma: Asking, entity: str | None, name: str) -> Project | None:
    entity = entity or stemma.entity
    if entity is None:
        return None
    project = Project(entity=entity, name=name)
    return project if stemma.index_without_defaults.collections(project.full_name) else None
