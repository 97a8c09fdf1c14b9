"""Asking the version index: what a name stands for, and what there is.

Each answer holds now, or at the position for which the index was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

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
from stemmata_projections.version_index.rows import (
    collection_of,
    first,
    grouped,
    link_of,
    named_version,
    registry_of,
    texts,
    versions_of,
)
from stemmata_projections.version_index.views import Collection, Link, Registry, Version
from stemmata_projections.view_store import Params, ViewStore

Found = TypeVar("Found", bound=Row)


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
        alias = path.alias or LATEST
        # One query sees one moment. Where it finds nothing, what is missing is looked for step by step.
        known = self._place_of(path)
        if known is not None and (rows := self._ask_version(*known, alias)):
            return named_version(rows[0])
        with self._views.reading():
            line = self._line(path)
            if line is None:
                raise UnknownArtifact(name=str(path))
            return self._version(line, alias)

    def resolve_in(self, line: str, alias: str = LATEST) -> Version:
        """Return a version of the artifact or collection with the id *line*.

        Raises:
            UnknownCollection: There is none.
            UnknownVersion: It has no such version.
        """
        if rows := self._ask_version(q.BY_ID, {"line": line}, alias):
            return named_version(rows[0])
        with self._views.reading():
            return self._version(self._line_by_id(line), alias)

    def _version(self, line: q.LineRow, alias: str) -> Version:
        rows = self._ask_version(q.BY_ID, {"line": line[0]}, alias)
        if not rows:
            raise UnknownVersion(name=collection_of(line).full_name, version=alias)
        return named_version(rows[0])

    def _ask_version(self, place: q.Place, params: Params, alias: str) -> Sequence[q.NamedRow]:
        number = version_index(alias)
        if number is None:
            return self._ask(place.alias, {**params, "alias": alias})
        return self._ask(place.number, {**params, "number": number})

    def versions(self, line: str) -> list[Version]:
        """Return the versions of the artifact or collection with this id, by number."""
        with self._views.reading():
            row = first(self._ask(q.LINE_BY_ID, {"line": line}))
            return [] if row is None else self._versions(row)

    def versions_at(self, path: ArtifactPath) -> list[Version]:
        """Return the versions of the artifact or collection that *path* names, by number.

        Raises:
            LookupError, ValueError: As :meth:`collection` does.
        """
        with self._views.reading():
            return self._versions(self._line_at(path))

    def _versions(self, line: q.LineRow) -> list[Version]:
        params = {"line": line[0]}
        return versions_of(
            line,
            self._ask(q.VERSIONS_OF, params),
            grouped(self._ask(q.ALIASES_OF_LINE, params)),
            grouped(self._ask(q.TAGS_OF_LINE, params)),
        )

    def links_of(self, version: str) -> list[Link]:
        """Return where the version with this id is linked, in the order in which it was."""
        rows = self._ask(q.LINKS_OF_VERSION, {"version": version, "kind": "collection"})
        return [link_of(row) for row in rows]

    # --- artifacts and collections -------------------------------------------------------------

    def collection(self, path: ArtifactPath) -> Collection:
        """Return the artifact or collection that *path* names.

        Raises:
            UnknownCollection: Nothing has the name.
            UnknownRegistry: The registry in the path does not exist.
            LookupError, ValueError: The organization does not follow.
        """
        with self._views.reading():
            return self._with_tags(self._line_at(path))

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
            tags = grouped(self._ask(q.TAGS_IN_SCOPE, {"scope": scope}))
            rows = self._ask(q.LINES_IN_SCOPE, {"scope": scope})
        return [collection_of(row, tags.get(row[0], ())) for row in rows]

    def artifacts(self) -> list[Collection]:
        """Return all artifacts of all projects, by project and name."""
        return [collection_of(row) for row in self._ask(q.ARTIFACTS, {"kind": "artifact"})]

    def _line_at(self, path: ArtifactPath) -> q.LineRow:
        row = self._line(path)
        if row is None:
            raise UnknownCollection(name=str(path))
        return row

    def _line(self, path: ArtifactPath) -> q.LineRow | None:
        """Return what *path* names; the refusals are those of :meth:`registry_at`."""
        known = self._place_of(path)
        if known is not None:
            place, params = known
            rows = self._ask(place.line, params)
            if rows or not path.is_registry:
                return first(rows)
        # What is missing, or the entity is a person, whose organizations have to be looked at.
        registry = self.registry_at(path)
        return first(self._ask(q.LINE_IN_SCOPE, {"scope": registry.id, "name": path.name}))

    def _place_of(self, path: ArtifactPath) -> tuple[q.Place, Params] | None:
        """Return where *path* is looked for, if that is known without asking."""
        if not path.is_registry:
            filled = path.with_defaults(entity=self._entity, project=self._project)
            scope = f"{filled.prefix}/{filled.project}"
            return q.IN_SCOPE, {"scope": scope, "name": path.name}
        if path.prefix is None and self._entity is not None:
            params = {"entity": self._entity, "registry": path.registry, "name": path.name}
            return q.SEEN_FROM_ENTITY, params
        return None

    def _line_by_id(self, line: str) -> q.LineRow:
        row = first(self._ask(q.LINE_BY_ID, {"line": line}))
        if row is None:
            raise UnknownCollection(name=line)
        return row

    def _with_tags(self, row: q.LineRow) -> Collection:
        return collection_of(row, texts(self._ask(q.TAGS_OF_COLLECTION, {"line": row[0]})))

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
            row = first(self._ask(q.REGISTRY_NAMED, params))
            if row is None:
                known = tuple(each.name for each in self.registries(organization))
                shown = self.organizations.by_id(organization).name
                raise UnknownRegistry(registry=name, organization=shown, known=known)
            return registry_of(row)

    def registries(self, organization: str) -> list[Registry]:
        """Return the registries of an organization (by its id), by name."""
        rows = self._ask(q.REGISTRIES_OF, {"organization": organization})
        return [registry_of(row) for row in rows]

    def _ask(self, query: Query[Found], params: Params) -> Sequence[Found]:
        return self._views.query(query, params, at=self._at)
