"""Asking the lineage graph: who produced a version, who used it, and what a run took and gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from pydantic import JsonValue

from stemmata_domain.codec import time_from
from stemmata_domain.errors import UnknownRun
from stemmata_projections.lineage import queries as q
from stemmata_projections.pictures.cards import GREEN, card
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.view_store import Params, ViewStore

Found = TypeVar("Found", bound=Row)


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

    def _repr_html_(self) -> str:
        ended = self.finished_at
        return card(
            f"run, {self.state}",
            self.path,
            (
                ("Name", self.name if self.name != self.id else ""),
                ("Job type", self.job_type or ""),
                ("Config", ", ".join(f"{key}: {value}" for key, value in self.config.items())),
                ("Started", f"{self.started_at:%Y-%m-%d %H:%M} UTC by {self.started_by}"),
                ("Ended", "" if ended is None else f"{ended:%Y-%m-%d %H:%M} UTC"),
            ),
            colour=GREEN,
        )


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
        rows = self._ask(q.RUN_AT, {"path": path})
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
        rows = self._ask(q.RUNS_OF_VERSION, {"version": version, "kind": kind})
        return [
            RunOfVersion(
                run=_run(cast("q.RunRow", run)), through=through, index=index, at=time_from(at)
            )
            for through, index, at, *run in rows
        ]

    def used_by_run(self, path: str) -> list[VersionOfRun]:
        """Return what the run has as inputs, in the order in which it took them."""
        return self._versions(path, "used")

    def produced_by_run(self, path: str) -> list[VersionOfRun]:
        """Return what the run has as outputs, in the order in which it logged them."""
        return self._versions(path, "produced")

    def _versions(self, path: str, kind: str) -> list[VersionOfRun]:
        return [
            VersionOfRun(
                version=version,
                name=f"{scope}/{source}:v{source_index}",
                type=type,
                through=through,
                index=index,
                at=time_from(at),
            )
            for version, through, index, at, scope, source, type, source_index in self._ask(
                q.VERSIONS_OF_RUN, {"run": path, "kind": kind}
            )
        ]

    def was_deleted(self, version: str) -> bool:
        """Tell whether there was a version with this id that is deleted."""
        return bool(self._ask(q.TOMBSTONES_AMONG, {"among": [version]}))

    def _ask(self, query: Query[Found], params: Params) -> Sequence[Found]:
        return self._views.query(query, params, at=self._at)


def _run(row: q.RunRow) -> Run:
    path, entity, project, id, name, job_type, config, state, began, started_by, ended = row
    return Run(
        path=path,
        entity=entity,
        project=project,
        id=id,
        name=name,
        job_type=job_type,
        config=config,
        state=state,
        started_at=time_from(began),
        started_by=started_by,
        finished_at=None if ended is None else time_from(ended),
    )
