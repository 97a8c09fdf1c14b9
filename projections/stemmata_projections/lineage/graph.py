"""Asking the lineage graph: who produced a version, who used it, and what a run took and gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from stemmata_domain.errors import UnknownRun
from stemmata_projections.lineage.tables import EDGE, RUN
from stemmata_projections.queries import Field, Param, Query, Step, fields
from stemmata_projections.version_index.tables import COLLECTION, VERSION
from stemmata_projections.view_store import Params, ViewStore

_RUN_FIELDS = fields(
    "run",
    "path",
    "entity",
    "project",
    "id",
    "name",
    "job_type",
    "config",
    "state",
    "started_at",
    "started_by",
    "finished_at",
)
_RUN = Query((Step("run", RUN, {"path": Param("path")}),), _RUN_FIELDS)
_RUNS_OF_VERSION = Query(
    (
        Step("edge", EDGE, {"version": Param("version"), "kind": Param("kind")}),
        Step("run", RUN, {"path": Field("edge", "run")}),
    ),
    (*_RUN_FIELDS, *fields("edge", "through", "number", "at")),
    order=((Field("edge", "at"), False), (Field("run", "path"), False)),
)
_VERSIONS_OF_RUN = Query(
    (
        Step("edge", EDGE, {"run": Param("run"), "kind": Param("kind")}),
        Step("version", VERSION, {"id": Field("edge", "version")}),
        Step("source", COLLECTION, {"id": Field("version", "artifact")}),
    ),
    (
        *fields("edge", "version", "through", "number", "at"),
        *fields("source", "scope", "name", "type"),
        *fields("version", "number"),
    ),
    order=((Field("edge", "at"), False), (Field("edge", "version"), False)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run; `state` is `running` until it ends."""

    path: str
    entity: str
    project: str
    id: str
    name: str
    job_type: str | None
    config: Mapping[str, JsonValue]
    state: str
    started_at: datetime
    started_by: str
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOfVersion:
    """A run that used or produced a version.

    Attributes:
        through: Id of the artifact or collection by which the version was addressed.
        index: The version's number there.
    """

    run: Run
    through: str
    index: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionOfRun:
    """A version that a run used or produced, by its source's qualified name."""

    version: str
    name: str
    type: str
    through: str
    index: int
    at: datetime


class LineageGraph:
    """Runs and the edges between them and versions, now or at a position."""

    def __init__(self, views: ViewStore, *, at: int | None = None) -> None:
        self._views = views
        self._at = at

    def run(self, path: str) -> Run:
        """Return the run with the path `entity/project/id`.

        Raises:
            UnknownRun: There is none.
        """
        rows = self._ask(_RUN, {"path": path})
        if not rows:
            raise UnknownRun(run=path)
        return _run(rows[0])

    def users_of(self, version: str) -> list[RunOfVersion]:
        """Return the runs that used the version with this id, itself or any link, oldest first."""
        return self._runs(version, "used")

    def producers_of(self, version: str) -> list[RunOfVersion]:
        """Return the runs that logged the version with this id; the first one made it."""
        return self._runs(version, "produced")

    def _runs(self, version: str, kind: str) -> list[RunOfVersion]:
        rows = self._ask(_RUNS_OF_VERSION, {"version": version, "kind": kind})
        return [
            RunOfVersion(
                run=_run(row),
                through=row[11],
                index=row[12],
                at=datetime.fromisoformat(row[13]),
            )
            for row in rows
        ]

    def used_by_run(self, path: str) -> list[VersionOfRun]:
        """Return what the run has as inputs, in the order in which it took them."""
        return self._versions(path, "used")

    def produced_by_run(self, path: str) -> list[VersionOfRun]:
        """Return what the run has as outputs, in the order in which it logged them."""
        return self._versions(path, "produced")

    def _versions(self, path: str, kind: str) -> list[VersionOfRun]:
        rows = self._ask(_VERSIONS_OF_RUN, {"run": path, "kind": kind})
        return [
            VersionOfRun(
                version=row[0],
                name=f"{row[4]}/{row[5]}:v{row[7]}",
                type=row[6],
                through=row[1],
                index=row[2],
                at=datetime.fromisoformat(row[3]),
            )
            for row in rows
        ]

    def _ask(self, query: Query, params: Params) -> Sequence[Any]:
        return self._views.query(query, params, at=self._at)


def _run(row: Any) -> Run:
    return Run(
        path=row[0],
        entity=row[1],
        project=row[2],
        id=row[3],
        name=row[4],
        job_type=row[5],
        config=row[6],
        state=row[7],
        started_at=datetime.fromisoformat(row[8]),
        started_by=row[9],
        finished_at=None if row[10] is None else datetime.fromisoformat(row[10]),
    )
