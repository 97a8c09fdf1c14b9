"""Asking the version index: what a name stands for, and what there is.

Each answer holds now, or at the position for which the index was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from stemmata_domain.aggregates.memberships import LATEST
from stemmata_domain.errors import (
    UnknownArtifact,
    UnknownCollection,
    UnknownRegistry,
    UnknownVersion,
)
from stemmata_domain.names import version_index
from stemmata_domain.paths import ArtifactPath, parse_strict
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.version_index import queries as q
from stemmata_projections.version_index.organizations import OrganizationIndex
from stemmata_projections.version_index.views import Collection, Link, Registry, Version
from stemmata_projections.view_store import Params, ViewStore


class VersionIndex:
    """Names to versions, versions to names, and the lists between.

    `entity` and `project` complete short names, as they do for whoever asks.
    """

    def __init__(
        self,
        views: ViewStore,
        *,
        entity: str | None = None,
        project: str | None = None,
        at: int | None = None,
    ) -> None:
        self.organizations = OrganizationIndex(views, at=at)
        self._views = views
        self._entity = entity
        self._project = project
        self._at = at

    def resolve(self, name: str) -> Version:
        """Return the version that *name* stands for; without an alias, the latest.

        Raises:
            InvalidPath: The name does not fit the grammar.
            LookupError, ValueError: A refusal that says which part of the name finds nothing.
        """
        path = parse_strict(name)
        found, params = self._place(path)
        return self._version(found, params, path)

    def resolve_in(self, line: str, alias: str = LATEST) -> Version:
        """Return a version of the artifact or collection with the id *line*."""
        path = ArtifactPath(name=line, alias=alias)
        return self._version(q.BY_LINE, {"line": line}, path)

    def _place(self, path: ArtifactPath) -> tuple[q.VersionQueries, Params]:
        if not path.is_registry:
            return q.IN_PROJECT, {"scope": self._scope(path), "name": path.name}
        name = {"registry": path.registry, "name": path.name}
        if path.prefix is None and self._entity is not None:
            return q.IN_REGISTRY_OF_ENTITY, {"entity": self._entity, **name}
        organization = self.organizations.seen_from(self._entity, given=path.prefix)
        return q.IN_REGISTRY_OF_ORGANIZATION, {"organization": organization.id, **name}

    def _scope(self, path: ArtifactPath) -> str:
        filled = path.with_defaults(entity=self._entity, project=self._project)
        return f"{filled.prefix}/{filled.project}"

    def _version(self, found: q.VersionQueries, params: Params, path: ArtifactPath) -> Version:
        alias = path.alias or LATEST
        number = version_index(alias)
        rows = (
            self._ask(found.by_alias, {**params, "alias": alias})
            if number is None
            else self._ask(found.by_number, {**params, "number": number})
        )
        if not rows and found is q.IN_REGISTRY_OF_ENTITY:
            # The short way knows teams and organizations; a person's organization takes a look more.
            organization = self.organizations.seen_from(self._entity, given=None)
            in_organization = {**params, "organization": organization.id}
            return self._version(q.IN_REGISTRY_OF_ORGANIZATION, in_organization, path)
        if not rows:
            raise self._missing(found, path, alias)
        row = rows[0]
        aliases = self._ask(q.ALIASES_OF_MEMBER, {"line": row[0], "number": row[8]})
        tags = self._ask(q.TAGS_OF_VERSION, {"version": row[11]})
        return _version(row, _first(aliases), _first(tags))

    def _missing(self, found: q.VersionQueries, path: ArtifactPath, alias: str) -> Exception:
        if found is q.BY_LINE:
            return UnknownVersion(name=self.collection_by_id(path.name).full_name, version=alias)
        try:
            line = self.collection(path)
        except UnknownCollection:
            return UnknownArtifact(name=str(path))
        return UnknownVersion(name=line.full_name, version=alias)

    def collection(self, path: ArtifactPath) -> Collection:
        """Return the artifact or collection that *path* names.

        Raises:
            UnknownCollection: Nothing has the name.
            UnknownRegistry: The registry in the path does not exist.
            LookupError, ValueError: The organization does not follow.
        """
        scope = self.registry_at(path).id if path.is_registry else self._scope(path)
        rows = self._ask(q.COLLECTION_IN_SCOPE, {"scope": scope, "name": path.name})
        if not rows:
            raise UnknownCollection(name=str(path))
        return self._collection(rows[0])

    def collection_by_id(self, line: str) -> Collection:
        """Return the artifact or collection with this id.

        Raises:
            UnknownCollection: There is none.
        """
        rows = self._ask(q.COLLECTION_BY_ID, {"line": line})
        if not rows:
            raise UnknownCollection(name=line)
        return self._collection(rows[0])

    def collections(self, scope: str) -> list[Collection]:
        """Return what stands in a registry (by its id) or a project (`entity/project`), by name."""
        return [self._collection(row) for row in self._ask(q.COLLECTIONS_IN_SCOPE, {"scope": scope})]

    def artifacts(self) -> list[Collection]:
        """Return all artifacts of all projects, by project and name."""
        return [self._collection(row) for row in self._ask(q.ARTIFACTS, {"kind": "artifact"})]

    def _collection(self, row: Row) -> Collection:
        return _collection(row, _first(self._ask(q.TAGS_OF_COLLECTION, {"line": row[0]})))

    def versions(self, line: str) -> list[Version]:
        """Return the versions of the artifact or collection with this id, by number."""
        aliases = _grouped(self._ask(q.ALIASES_OF_LINE, {"line": line}))
        tags = _grouped(self._ask(q.TAGS_OF_LINE, {"line": line}))
        return [
            _version(row, aliases.get(row[8], ()), tags.get(row[11], ()))
            for row in self._ask(q.VERSIONS_OF, {"line": line})
        ]

    def links_of(self, version: str) -> list[Link]:
        """Return where the version with this id is linked, in the order in which it was."""
        rows = self._ask(q.LINKS_OF_VERSION, {"version": version, "kind": "collection"})
        return [_link(row) for row in rows]

    def registry_at(self, path: ArtifactPath) -> Registry:
        """Return the registry of a registry path.

        Raises:
            UnknownRegistry: The organization has none of this name.
            LookupError, ValueError: The organization does not follow.
        """
        organization = self.organizations.seen_from(self._entity, given=path.prefix)
        return self.registry(path.registry or "", organization.id)

    def registry(self, name: str, organization: str) -> Registry:
        """Return the registry of this name in an organization (by its id).

        Raises:
            UnknownRegistry: With the names that there are.
        """
        rows = self._ask(q.REGISTRY_NAMED, {"organization": organization, "registry": name})
        if not rows:
            known = tuple(each.name for each in self.registries(organization))
            shown = self.organizations.by_id(organization).name
            raise UnknownRegistry(registry=name, organization=shown, known=known)
        return self._registry(rows[0])

    def registries(self, organization: str) -> list[Registry]:
        """Return the registries of an organization (by its id), by name."""
        rows = self._ask(q.REGISTRIES_OF, {"organization": organization})
        return [self._registry(row) for row in rows]

    def _registry(self, row: Row) -> Registry:
        types = _first(self._ask(q.ACCEPTED_TYPES, {"registry": row[0]}))
        return _registry(row, types)

    def _ask(self, query: Query, params: Params) -> Sequence[Any]:
        return self._views.query(query, params, at=self._at)


def _version(row: Any, aliases: tuple[str, ...], tags: tuple[str, ...]) -> Version:
    entity, project = _place_of(row)
    source_entity, _, source_project = row[24].partition("/")
    return Version(
        id=row[11],
        line=row[0],
        is_link=row[1] == "collection",
        entity=entity,
        project=project,
        collection=row[3],
        type=row[4],
        index=row[8],
        aliases=aliases,
        tags=tags,
        digest=row[14],
        algorithm=row[15],
        manifest=row[16],
        size=row[17],
        file_count=row[18],
        description=row[19],
        metadata=row[20],
        created_at=datetime.fromisoformat(row[21]),
        created_by=row[22],
        run=row[23],
        linked_at=datetime.fromisoformat(row[9]),
        linked_by=row[10],
        artifact=row[12],
        source_entity=source_entity,
        source_project=source_project,
        source_collection=row[25],
        source_index=row[13],
    )


def _place_of(row: Any) -> tuple[str, str]:
    """Return entity and project of a line: for a registry, those under which paths know it."""
    if row[5] is not None:
        return row[6], f"wandb-registry-{row[5]}"
    entity, _, project = row[2].partition("/")
    return entity, project


def _collection(row: Any, tags: tuple[str, ...]) -> Collection:
    entity, project = _place_of(row)
    return Collection(
        id=row[0],
        is_link=row[1] == "collection",
        entity=entity,
        project=project,
        name=row[3],
        type=row[4],
        description=row[8],
        tags=tags,
        created_at=datetime.fromisoformat(row[9]),
        created_by=row[10],
    )


def _link(row: Any) -> Link:
    entity, project = _place_of(row)
    return Link(
        line=row[0],
        entity=entity,
        project=project,
        collection=row[3],
        index=row[8],
        linked_at=datetime.fromisoformat(row[9]),
        linked_by=row[10],
    )


def _registry(row: Any, types: tuple[str, ...]) -> Registry:
    return Registry(
        id=row[0],
        name=row[1],
        visibility=row[2],
        accepted_types=None if row[3] else types,
        description=row[4],
        core=row[5],
        created_at=datetime.fromisoformat(row[6]),
        created_by=row[7],
        organization=row[8],
        organization_entity=row[9],
    )


def _first(rows: Sequence[Any]) -> tuple[str, ...]:
    return tuple(row[0] for row in rows)


def _grouped(rows: Sequence[Any]) -> dict[Any, tuple[str, ...]]:
    groups: dict[Any, list[str]] = {}
    for key, value in rows:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
