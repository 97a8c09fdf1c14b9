"""What people ask the trail about, as the things that it knows.

- A name means everything that ever had it: a collection that was deleted and made anew is one name.
- A registry is itself and all that ever was in it; an organization is itself, its registries, its teams
  and people, and what belongs to these.
- A version is found under each number that it ever had, so that what happened to any link is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from stemmata_domain.errors import UnknownArtifact, UnknownCollection, UnknownVersion
from stemmata_domain.names import version_index
from stemmata_domain.paths import ArtifactPath, parse_strict
from stemmata_projections.audit import queries as q
from stemmata_projections.audit.tables import entity_thing, member_thing, run_thing
from stemmata_projections.lineage.graph import LineageGraph
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.view_store import Params, ViewStore

Found = TypeVar("Found", bound=Row)
Things = frozenset[str]


class Catalogue:
    """Finds things by their names, up to a position; `entity` and `project` complete short names."""

    def __init__(
        self,
        views: ViewStore,
        *,
        at: int,
        entity: str | None = None,
        project: str | None = None,
    ) -> None:
        self._views = views
        self._at = at
        self._entity = entity
        self._project = project

    def named(self, name: str) -> Things:
        """Return the things of a registry, a collection, an artifact, or a version of one.

        Raises:
            InvalidPath: The name does not fit the grammar.
            LookupError, ValueError: Nothing ever had the name; the refusal says which part it is.
        """
        path = parse_strict(name)
        registry = self.registry(path)
        if registry is not None:
            inside = self._ever(q.LINES_OF_REGISTRY, {"registry": registry})
            return frozenset((registry, *(id for (id,) in inside)))
        lines = self.lines(path)
        if path.alias is None:
            return frozenset((*(id for id, *_ in lines), self._claim(path)))
        return frozenset(self._of_versions(self._versions(path, lines)))

    def registry(self, path: ArtifactPath) -> str | None:
        """Return the id of the registry that a path names as a whole, None if it names no registry."""
        whole = ArtifactPath(prefix=path.project, project=path.name, name="_")
        if path.alias is not None or path.prefix is not None or not whole.is_registry:
            return None
        return self._index(whole).registry_at(whole).id

    def lines(self, path: ArtifactPath) -> Sequence[tuple[str, str, int, int]]:
        """Return id, kind, beginning and end of all that ever had the name of an artifact or collection.

        Raises:
            UnknownCollection, UnknownArtifact: Nothing ever had it.
        """
        params: Params = {"scope": self.scope(path), "name": path.name}
        lines = self._ever(q.LINES_NAMED, params)
        if not lines:
            unknown = UnknownCollection if path.is_registry else UnknownArtifact
            raise unknown(name=path.collection)
        return lines

    def scope(self, path: ArtifactPath) -> str:
        """Return in what the artifact or collection of a path stands."""
        if path.is_registry:
            return self._index(path).registry_at(path).id
        filled = path.with_defaults(entity=self._entity, project=self._project)
        return f"{filled.prefix}/{filled.project}"

    def _index(self, path: ArtifactPath) -> VersionIndex:
        # Whoever names an organization means that one, also where their own entity is of another one.
        entity = self._entity if path.prefix is None else None
        return VersionIndex(self._views, entity=entity, project=self._project, at=self._at)

    def _claim(self, path: ArtifactPath) -> str:
        """Return the stream in which the name of an artifact or collection is taken and given back."""
        return f"name-in@{self.scope(path)}:{path.name}"

    def _versions(
        self, path: ArtifactPath, lines: Sequence[tuple[str, str, int, int]]
    ) -> Sequence[str]:
        """Return the ids of what a number ever meant under a name, or an alias means.

        Raises:
            UnknownVersion: It means nothing.
        """
        alias = path.alias or ""
        number = version_index(alias)
        if number is None:
            found = [
                VersionIndex(self._views, at=self._at).resolve_in(id, alias).id
                for id, _, _, end in lines
                if end > self._at
            ]
        else:
            found = [version for id, *_ in lines for _, _, version, *_ in self.numbered(id, number)]
        if not found:
            raise UnknownVersion(name=path.collection, version=alias)
        return found

    def numbered(self, line: str, number: int) -> Sequence[q.MemberRow]:
        """Return the one version that has or had a number in an artifact or collection, if any did."""
        params: Params = {"line": line, "number": number}
        # Among all that ever was, a number is found by a look at each version of the line.
        return self._views.query(q.MEMBER_NUMBERED, params, at=self._at) or self._ever(
            q.MEMBER_NUMBERED, params
        )

    def _of_versions(self, versions: Sequence[str]) -> Iterator[str]:
        for version in versions:
            yield version
            for line, number in self._ever(q.MEMBERSHIPS, {"version": version}):
                yield member_thing(line, number)

    def organization(self, name: str) -> Things:
        """Return the things of an organization, by either of its names.

        Raises:
            UnknownOrganization: There is none.
        """
        index = VersionIndex(self._views, at=self._at)
        return frozenset(self._of_organization(index.organizations.named(name).id))

    def _of_organization(self, id: str) -> Iterator[str]:
        params: Params = {"organization": id}
        yield id
        for registry, line in self._ever(q.LINES_OF_ORGANIZATION, params):
            yield registry
            if line is not None:
                yield line
        for (entity,) in (*self._ever(q.ENTITIES_OF, params), *self._ever(q.PEOPLE_OF, params)):
            yield entity_thing(entity)
            # All scopes `entity/…`: a zero is what comes after a slash.
            for (line,) in self._ever(
                q.LINES_OF_ENTITY, {"first": f"{entity}/", "last": f"{entity}0"}
            ):
                yield line

    def run(self, path: str) -> Things:
        """Return the thing that a run is.

        Raises:
            UnknownRun: There is none.
        """
        return frozenset((run_thing(LineageGraph(self._views, at=self._at).run(path).path),))

    def _ever(self, query: Query[Found], params: Params) -> Sequence[Found]:
        return self._views.query(query, params, at=self._at, ever=True)
