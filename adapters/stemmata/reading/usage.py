"""Who used what, through which name, how often, first and last; and what nobody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stemmata.reading.base import Asking
from stemmata.reading.finding import Project, find
from stemmata_domain.errors import InvalidPath
from stemmata_domain.names import quoted
from stemmata_domain.paths import parse_strict
from stemmata_projections.lineage.graph import RunOfVersion
from stemmata_projections.version_index.views import Collection, Registry

if TYPE_CHECKING:
    from stemmata_projections.usage.index import UsageIndex
    from stemmata_projections.usage.values import UnusedVersion, Usage


class UsageQueries(Asking):
    """The uses of versions, collections, registries and projects, and what has none."""

    def usage(self, name: str) -> Usage:
        """Return who used *name*: a version, an artifact or collection, a registry or a project.

        Without an alias, all versions of an artifact or collection are meant.

        Raises:
            LookupError: Some part of the name finds nothing; the refusal says which.
            ValueError: The name is malformed, or the organization does not follow.
        """
        if parse_strict(name).alias is not None:
            return self._usage.of_version(self.index.resolve(name))
        match self._place(name):
            case Collection() as line:
                return self._usage.of_line(line)
            case Registry(id=id, full_name=shown):
                return self._usage.of_scope(id, kind="registry", name=shown)
            case Project(full_name=scope):
                return self._usage.of_scope(scope, kind="project", name=scope)

    def runs_using(self, name: str) -> list[RunOfVersion]:
        """Return the runs that used the version *name*, itself or any link, oldest first."""
        return self.graph.users_of(self.index.resolve(name).id)

    def unused(self, scope: str | None = None) -> list[UnusedVersion]:
        """Return the versions that no run has used by any name, by name and number.

        Args:
            scope: An artifact or collection, a registry or a project; None for all artifacts.

        Raises:
            LookupError: Some part of the name finds nothing; the refusal says which.
            ValueError: The name is malformed or that of a version.
        """
        if scope is None:
            return self._usage.unused()
        match self._place(scope):
            case Collection(id=id):
                return self._usage.unused_in_line(id)
            case Registry(id=id):
                return self._usage.unused_in_scope(id)
            case Project(full_name=full_name):
                return self._usage.unused_in_scope(full_name)

    @property
    def _usage(self) -> UsageIndex:
        from stemmata_projections.usage.index import UsageIndex

        return UsageIndex(self._views, at=self.at)

    def _place(self, name: str) -> Collection | Registry | Project:
        place = find(self, name)
        if isinstance(place, Collection | Registry | Project):
            return place
        rule = "name a version, an artifact or collection, a registry or a project"
        raise InvalidPath(path=quoted(name), rule=rule)
