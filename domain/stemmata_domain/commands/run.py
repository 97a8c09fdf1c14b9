"""Runs: starting, using versions, finishing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, get_args

from pydantic import JsonValue

from stemmata_domain.aggregates.artifact import ARTIFACT, version_at
from stemmata_domain.aggregates.run import RUN, FinishRun, Run, StartRun, UseVersion, path_of
from stemmata_domain.commands.addressing import (
    find_version,
    ordinary_project,
    permit,
    permit_reading,
)
from stemmata_domain.errors import InvalidSetting, TypeMismatch, UnknownRun
from stemmata_domain.events import RunState
from stemmata_domain.names import quoted, run_id, setting, text_or_none
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
    """Begin a run in a project; `name` is what people see.

    Without an id it gets one that no run of the project has; without a name, its id is its name.
    """

    returns: ClassVar[type[RunPath]] = RunPath

    entity: str
    project: str
    run: str | None = None
    name: str | None = None
    job_type: str | None = None
    config: dict[str, JsonValue] = field(default_factory=dict)

    def carry_out(self, work: Work) -> RunPath:
        """Decide; see :class:`Start`."""
        permit(work, self.entity)
        project = ordinary_project(self.project)
        run = self._new_id(work) if self.run is None else run_id(self.run)
        path = path_of(self.entity, project, run)
        work.decide(
            RUN,
            path,
            StartRun(
                run=run,
                entity=self.entity,
                project=self.project,
                name=run if self.name is None else setting(self.name, what="run name"),
                job_type=text_or_none(self.job_type, what="job type"),
                config=self.config,
            ),
        )
        return RunPath(path)

    def _new_id(self, work: Work) -> str:
        # People read and type these. So short, two of some ten thousand would be the same one day.
        while True:
            run = work.new_id()[-8:]
            if not work.state(RUN, path_of(self.entity, self.project, run)).path:
                return run


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
        artifact = work.state(ARTIFACT, found.artifact)
        version_at(artifact, found.source_index)
        permit_reading(work, artifact.entity)
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
        if self.state not in get_args(RunState):
            rule = f"Expected one of: {', '.join(map(repr, get_args(RunState)))}"
            raise InvalidSetting(setting="state of a run", value=quoted(self.state), rule=rule)
        work.decide(RUN, self.run, FinishRun(state=self.state))
        return RunPath(self.run)
