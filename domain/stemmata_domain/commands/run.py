"""Runs: starting, using versions, finishing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import JsonValue

from stemmata_domain.aggregates.artifact import ARTIFACT, version_at
from stemmata_domain.aggregates.run import RUN, FinishRun, Run, StartRun, UseVersion, path_of
from stemmata_domain.commands.addressing import find_version, ordinary_project, permit
from stemmata_domain.errors import TypeMismatch, UnknownRun
from stemmata_domain.events import RunState
from stemmata_domain.names import run_id
from stemmata_domain.work import Work


def find_run(work: Work, path: str) -> Run:
    """Return the run of this path, for an actor who may act in its entity.

    Raises:
        UnknownRun: There is none.
        NotAMember: The actor does not belong to its entity.
    """
    run = work.state(RUN, path)
    if not run.path:
        raise UnknownRun(run=path)
    permit(work, run.entity)
    return run


@dataclass(frozen=True, slots=True)
class RunPath:
    """A run, by its path `entity/project/id`."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Begin a run in a project; `name` is what people see."""

    returns: ClassVar[type[RunPath]] = RunPath

    entity: str
    project: str
    run: str
    name: str
    job_type: str | None = None
    config: dict[str, JsonValue] = field(default_factory=dict)

    def carry_out(self, work: Work) -> RunPath:
        """Decide; see :class:`Start`."""
        permit(work, self.entity)
        path = path_of(self.entity, ordinary_project(self.project), run_id(self.run))
        work.decide(
            RUN,
            path,
            StartRun(
                run=self.run,
                entity=self.entity,
                project=self.project,
                name=self.name,
                job_type=self.job_type,
                config=self.config,
            ),
        )
        return RunPath(path)


@dataclass(frozen=True, slots=True)
class Used:
    """A version that a run has as input, as `line` (an artifact or collection) numbers it."""

    line: str
    index: int
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Record that the run uses the version *name*; with `type`, only if it is of that type."""

    returns: ClassVar[type[Used]] = Used

    run: str
    name: str
    type: str | None = None

    def carry_out(self, work: Work) -> Used:
        """Decide; see :class:`Use`."""
        run = find_run(work, self.run)
        found = find_version(work, self.name, entity=run.entity, project=run.project)
        # A link may outlive its source if the deletion did not know of it.
        version_at(work.state(ARTIFACT, found.artifact), found.source_index)
        if self.type is not None and self.type != found.line.type:
            raise TypeMismatch(
                thing="artifact", name=self.name, type=found.line.type, asked=self.type
            )
        work.decide(
            RUN,
            self.run,
            UseVersion(
                version=found.version,
                artifact=found.artifact,
                source_index=found.source_index,
                through=found.line.id,
                through_index=found.index,
            ),
        )
        return Used(found.line.id, found.index, found.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """End a run."""

    returns: ClassVar[type[RunPath]] = RunPath

    run: str
    state: RunState = "finished"

    def carry_out(self, work: Work) -> RunPath:
        """Decide; see :class:`Finish`."""
        find_run(work, self.run)
        work.decide(RUN, self.run, FinishRun(state=self.state))
        return RunPath(self.run)
