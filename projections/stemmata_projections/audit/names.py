"""What things are or were called, also when they are gone: no id is given twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from stemmata_domain.aggregates.versions import source_of, version_id
from stemmata_projections.audit import queries as q
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.view_store import Params, ViewStore

Found = TypeVar("Found", bound=Row)


@dataclass(frozen=True, slots=True)
class Line:
    """An artifact or collection by its id and its full name."""

    kind: str
    id: str
    name: str
    scope: str


class PastNames:
    """Names by ids, over all time; what was found once is kept."""

    def __init__(self, views: ViewStore) -> None:
        self._views = views
        self._lines: dict[str, Line] = {}
        self._versions: dict[tuple[str, int], str] = {}
        self._organizations: dict[str, str] = {}
        self._registries: dict[str, str] = {}

    def look_up(self, lines: Iterable[str]) -> None:
        """Look up the names of artifacts and collections, all at once."""
        wanted = sorted({*lines} - self._lines.keys())
        if not wanted:
            return
        for id, kind, scope, name, registry in self._ever(q.LINES, {"lines": [*wanted]}):
            place = scope if registry is None else f"wandb-registry-{registry}"
            self._lines[id] = Line(kind, id, f"{place}/{name}", scope)

    def line(self, id: str) -> Line:
        """Return an artifact or collection by its id."""
        self.look_up((id,))
        return self._lines[id]

    def version(self, line: str, index: int) -> str:
        """Return `NAME:vN` of a version in an artifact or collection."""
        return f"{self.line(line).name}:v{index}"

    def source(self, version: str) -> str:
        """Return `entity/project/artifact:vN` of where the version with this id was logged."""
        return self.version(*source_of(version))

    def version_id(self, line: str, index: int, *, at: int) -> str:
        """Return the id of the version that had a number in an artifact or collection at a position."""
        if self.line(line).kind == "artifact":
            return version_id(line, index)
        key = (line, index)
        if key not in self._versions:
            params: Params = {"line": line, "number": index}
            [(_, _, version, *_)] = self._views.query(q.MEMBER_NUMBERED, params, at=at)
            self._versions[key] = version
        return self._versions[key]

    def registry(self, id: str) -> str:
        """Return `wandb-registry-NAME` of a registry."""
        if id not in self._registries:
            [(_, name)] = self._ever(q.REGISTRIES, {"registries": [id]})
            self._registries[id] = f"wandb-registry-{name}"
        return self._registries[id]

    def organization(self, id: str) -> str:
        """Return the display name of an organization."""
        if id not in self._organizations:
            self._organizations.update(self._ever(q.ORGANIZATION_NAMES, {}))
        return self._organizations[id]

    def _ever(self, query: Query[Found], params: Params) -> Sequence[Found]:
        return self._views.query(query, params, ever=True)
