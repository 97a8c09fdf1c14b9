"""Where is looked: in which registries or projects, and in which of their collections."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias, TypeVar

from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.version_index.views import Registry
from stemmata_projections.view_store import Params, ViewStore

Found = TypeVar("Found", bound=Row)

Given: TypeAlias = Mapping[str, object] | str | None
"""A filter as it is given: a mapping, the JSON text of one, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is looked through; without anything, every registry.

    Attributes:
        organization: Only registries of the organization with this id.
        registry: Only the registry with this id.
        entity: The projects of this team or person, and no registry.
        project: This project, `entity/project`, and no registry.
        line: Only the artifact or collection with this id, wherever it stands.
        logged: Only artifacts, in which versions are logged; if no place is named, those of all projects.
        registries: Only registries that pass this filter.
        collections: Only artifacts and collections that pass this filter.
    """

    organization: str | None = None
    registry: str | None = None
    entity: str | None = None
    project: str | None = None
    line: str | None = None
    logged: bool = False
    registries: Given = None
    collections: Given = None

    @property
    def is_outside(self) -> bool:
        """Whether lines are looked for without any regard to registries."""
        named = (self.organization, self.registry)
        return bool(self.line or self.project or self.entity) or (self.logged and not any(named))

    def canonical(self) -> list[str]:
        """Return what tells the scope from others."""
        places = (self.organization, self.registry, self.entity, self.project, self.line)
        return [
            *map(repr, (*places, self.logged)),
            canonical(self.registries),
            canonical(self.collections),
        ]


EVERYWHERE = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A registry or a project, as lines stand in it.

    Attributes:
        scope: What lines have as their scope: the registry's id, or `entity/project`.
        registry: None for a project.
        organization: Id of the registry's organization.
    """

    scope: str
    registry: Registry | None = None
    organization: str | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """The views, as they are asked for one page."""

    views: ViewStore
    at: int | None
    index: VersionIndex = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", VersionIndex(self.views, at=self.at))

    def rows(self, query: Query[Found], params: Params) -> Sequence[Found]:
        """Return what a query finds."""
        return self.views.query(query, params, at=self.at)

    def registries(self) -> Iterator[Shelf]:
        """Yield all registries, by organization and name."""
        for organization in self.index.organizations.all():
            for registry in self.index.registries(organization.id):
                yield Shelf(scope=registry.id, registry=registry, organization=organization.id)


def canonical(given: object) -> str:
    """Return a text that is the same for two filters only if they mean the same."""
    if isinstance(given, str):
        with suppress(ValueError):
            given = json.loads(given)
    return json.dumps(given, sort_keys=True, default=_plain)


def _plain(value: object) -> object:
    match value:
        case set() | frozenset():
            return sorted(map(repr, value))
        case date():
            return value.isoformat()
    # Nothing else is left in what was read as a filter.
    assert isinstance(value, Mapping)
    return dict(value)
