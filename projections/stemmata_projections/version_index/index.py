"""Asking the version index: what a name stands for, and what there is.

Each answer holds now, or at the position for which the index was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from stemmata_domain.aggregates.memberships import LATEST
from stemmata_domain.codec import time_from
from stemmata_domain.errors import (
    UnknownArtifact,
    UnknownCollection,
    UnknownRegistry,
    UnknownVersion,
)
from stemmata_domain.names import version_index
from stemmata_domain.paths import ArtifactPath, parse_strict
from stemmata_projections.frozen import maker
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.version_index import queries as q
from stemmata_projections.version_index.organizations import OrganizationIndex
from stemmata_projections.version_index.views import Collection, Link, Registry, Version
from stemmata_projections.view_store import Params, ViewStore

K = TypeVar("K")
Found = TypeVar("Found", bound=Row)

_new_version = maker(Version)


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

    # --- versions ------------------------------------------------------------------------------

    def resolve(self, name: str) -> Version:
        """Return the version that *name* stands for; without an alias, the latest.

        Raises:
            InvalidPath: The name does not fit the grammar.
            LookupError, ValueError: A refusal that says which part of the name finds nothing.
        """
        path = parse_strict(name)
        with self._views.reading():
            row = self._line(path)
            if row is None:
                raise UnknownArtifact(name=str(path))
            return self._version(row, path.alias or LATEST)

    def resolve_in(self, line: str, alias: str = LATEST) -> Version:
        """Return a version of the artifact or collection with the id *line*.

        Raises:
            UnknownCollection: There is none.
            UnknownVersion: It has no such version.
        """
        with self._views.reading():
            return self._version(self._line_by_id(line), alias)

    def _version(self, line: q.LineRow, alias: str) -> Version:
        id, *_ = line
        number = version_index(alias)
        rows = (
            self._ask(q.VERSION_BY_ALIAS, {"line": id, "alias": alias})
            if number is None
            else self._ask(q.VERSION_BY_NUMBER, {"line": id, "number": number})
        )
        if not rows:
            raise UnknownVersion(name=_collection(line).full_name, version=alias)
        index, _, _, version, *_ = rows[0]
        aliases = self._ask(q.ALIASES_OF_MEMBER, {"line": id, "number": index})
        tags = self._ask(q.TAGS_OF_VERSION, {"version": version})
        return _versions(line, rows, {index: _texts(aliases)}, {index: _texts(tags)})[0]

    def versions(self, line: str) -> list[Version]:
        """Return the versions of the artifact or collection with this id, by number."""
        params = {"line": line}
        with self._views.reading():
            found = self._ask(q.LINE_BY_ID, params)
            if not found:
                return []
            return _versions(
                found[0],
                self._ask(q.VERSIONS_OF, params),
                _grouped(self._ask(q.ALIASES_OF_LINE, params)),
                _grouped(self._ask(q.TAGS_OF_LINE, params)),
            )

    def links_of(self, version: str) -> list[Link]:
        """Return where the version with this id is linked, in the order in which it was."""
        rows = self._ask(q.LINKS_OF_VERSION, {"version": version, "kind": "collection"})
        return [_link(row) for row in rows]

    # --- artifacts and collections -------------------------------------------------------------

    def collection(self, path: ArtifactPath) -> Collection:
        """Return the artifact or collection that *path* names.

        Raises:
            UnknownCollection: Nothing has the name.
            UnknownRegistry: The registry in the path does not exist.
            LookupError, ValueError: The organization does not follow.
        """
        with self._views.reading():
            row = self._line(path)
            if row is None:
                raise UnknownCollection(name=str(path))
            return self._with_tags(row)

    def collection_by_id(self, line: str) -> Collection:
        """Return the artifact or collection with this id.

        Raises:
            UnknownCollection: There is none.
        """
        with self._views.reading():
            return self._with_tags(self._line_by_id(line))

    def collections(self, scope: str) -> list[Collection]:
        """Return what stands in a registry (by its id) or a project (`entity/project`), by name."""
        with self._views.reading():
            tags = _grouped(self._ask(q.TAGS_IN_SCOPE, {"scope": scope}))
            rows = self._ask(q.LINES_IN_SCOPE, {"scope": scope})
        return [_collection(row, tags.get(row[0], ())) for row in rows]

    def artifacts(self) -> list[Collection]:
        """Return all artifacts of all projects, by project and name."""
        return [_collection(row) for row in self._ask(q.ARTIFACTS, {"kind": "artifact"})]

    def _line(self, path: ArtifactPath) -> q.LineRow | None:
        """Return what *path* names; the refusals are those of :meth:`registry_at`."""
        if not path.is_registry:
            filled = path.with_defaults(entity=self._entity, project=self._project)
            scope = f"{filled.prefix}/{filled.project}"
            return _first(self._ask(q.LINE_IN_SCOPE, {"scope": scope, "name": path.name}))
        if path.prefix is None and self._entity is not None:
            params = {"entity": self._entity, "registry": path.registry, "name": path.name}
            rows = self._ask(q.LINE_SEEN_FROM_ENTITY, params)
            if rows:
                return rows[0]
        # What is missing, or the entity is a person, whose organizations have to be looked at.
        registry = self.registry_at(path)
        return _first(self._ask(q.LINE_IN_SCOPE, {"scope": registry.id, "name": path.name}))

    def _line_by_id(self, line: str) -> q.LineRow:
        row = _first(self._ask(q.LINE_BY_ID, {"line": line}))
        if row is None:
            raise UnknownCollection(name=line)
        return row

    def _with_tags(self, row: q.LineRow) -> Collection:
        return _collection(row, _texts(self._ask(q.TAGS_OF_COLLECTION, {"line": row[0]})))

    # --- registries ----------------------------------------------------------------------------

    def registry_at(self, path: ArtifactPath) -> Registry:
        """Return the registry of a registry path.

        Raises:
            UnknownRegistry: The organization has none of this name.
            LookupError, ValueError: The organization does not follow.
        """
        with self._views.reading():
            organization = self.organizations.seen_from(self._entity, given=path.prefix)
            return self.registry(path.registry or "", organization.id)

    def registry(self, name: str, organization: str) -> Registry:
        """Return the registry of this name in an organization (by its id).

        Raises:
            UnknownRegistry: With the names that there are.
            UnknownOrganization: There is no such organization.
        """
        params = {"organization": organization, "registry": name}
        with self._views.reading():
            row = _first(self._ask(q.REGISTRY_NAMED, params))
            if row is None:
                known = tuple(each.name for each in self.registries(organization))
                shown = self.organizations.by_id(organization).name
                raise UnknownRegistry(registry=name, organization=shown, known=known)
            return self._registry(row)

    def registries(self, organization: str) -> list[Registry]:
        """Return the registries of an organization (by its id), by name."""
        with self._views.reading():
            rows = self._ask(q.REGISTRIES_OF, {"organization": organization})
            return [self._registry(row) for row in rows]

    def _registry(self, row: q.RegistryRow) -> Registry:
        id, name, visibility, accepts_all, description, core, created_at, created_by, *owner = row
        types = _texts(self._ask(q.ACCEPTED_TYPES, {"registry": id}))
        return Registry(
            id=id,
            organization=owner[0],
            organization_entity=owner[1],
            name=name,
            visibility=visibility,
            accepted_types=None if accepts_all else types,
            description=description,
            core=core,
            created_at=time_from(created_at),
            created_by=created_by,
        )

    def _ask(self, query: Query[Found], params: Params) -> Sequence[Found]:
        return self._views.query(query, params, at=self._at)


# --- rows as values ----------------------------------------------------------------------------


def _collection(row: q.LineRow, tags: tuple[str, ...] = ()) -> Collection:
    id, kind, scope, name, type, description, created_at, created_by, registry, organization = row
    entity, project = _place(scope, registry, organization)
    return Collection(
        id=id,
        is_link=kind == "collection",
        entity=entity,
        project=project,
        name=name,
        type=type,
        description=description,
        tags=tags,
        created_at=time_from(created_at),
        created_by=created_by,
    )


def _place(scope: str, registry: str | None, organization: str | None) -> tuple[str, str]:
    """Return entity and project of a line: for a registry, those under which paths know it."""
    if registry is not None:
        return organization or "", f"wandb-registry-{registry}"
    entity, _, project = scope.partition("/")
    return entity, project


def _versions(
    line: q.LineRow,
    rows: Iterable[q.VersionRow],
    aliases: Mapping[int, tuple[str, ...]],
    tags: Mapping[int, tuple[str, ...]],
) -> list[Version]:
    line_id, kind, line_scope, name, type, _, _, _, registry, organization = line
    entity, project = _place(line_scope, registry, organization)
    is_link = kind == "collection"
    found = []
    for (
        index,
        linked_at,
        linked_by,
        version,
        artifact,
        source_index,
        digest,
        algorithm,
        manifest,
        size,
        file_count,
        description,
        created_at,
        created_by,
        run,
        scope,
        source,
        metadata,
    ) in rows:
        source_entity, _, source_project = scope.partition("/")
        found.append(
            # By place, in the order of the class: names would cost as much as the rest of the row.
            _new_version(
                version,
                line_id,
                is_link,
                entity,
                project,
                name,
                type,
                index,
                aliases.get(index, ()),
                tags.get(index, ()),
                digest,
                algorithm,
                manifest,
                size,
                file_count,
                description,
                metadata,
                time_from(created_at),
                created_by,
                run,
                time_from(linked_at),
                linked_by,
                artifact,
                source_entity,
                source_project,
                source,
                source_index,
            )
        )
    return found


def _link(row: q.LinkRow) -> Link:
    line, scope, collection, registry, organization, index, linked_at, linked_by = row
    entity, project = _place(scope, registry, organization)
    return Link(
        line=line,
        entity=entity,
        project=project,
        collection=collection,
        index=index,
        linked_at=time_from(linked_at),
        linked_by=linked_by,
    )


def _first(rows: Sequence[Found]) -> Found | None:
    return rows[0] if rows else None


def _texts(rows: Iterable[q.Text]) -> tuple[str, ...]:
    return tuple(text for (text,) in rows)


def _grouped(rows: Iterable[tuple[K, str]]) -> dict[K, tuple[str, ...]]:
    groups: dict[K, list[str]] = {}
    for key, value in rows:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
