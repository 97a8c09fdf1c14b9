"""The run: its inputs, its outputs, and whether it goes on.

- Using a version again through the same artifact or collection adds nothing; so does producing it
  again.
- A finished run may still use and produce versions: what was logged late belongs to it all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from pydantic import JsonValue

from stemmata_domain.decider import Decider
from stemmata_domain.errors import RunNotActive, UnknownRun
from stemmata_domain.events import (
    ArtifactProduced,
    ArtifactUsed,
    Event,
    RunFinished,
    RunStarted,
    RunState,
)
from stemmata_domain.persistent import PersistentMap

CATEGORY = "run"


class Run(NamedTuple):
    """A run as its events left it; before the first one its path is empty."""

    path: str = ""
    entity: str = ""
    project: str = ""
    state: RunState | None = None
    used: PersistentMap[tuple[str, str], bool] = PersistentMap()
    produced: PersistentMap[str, bool] = PersistentMap()


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRun:
    """Begin a run."""

    run: str
    entity: str
    project: str
    name: str
    job_type: str | None = None
    config: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UseVersion:
    """Take a version as input, addressed through an artifact or collection."""

    version: str
    artifact: str
    source_index: int
    through: str
    through_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProduceVersion:
    """Give a version as output."""

    version: str
    artifact: str
    source_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishRun:
    """End the run."""

    state: RunState = "finished"


Command = StartRun | UseVersion | ProduceVersion | FinishRun


def path_of(entity: str, project: str, run: str) -> str:
    """Return the path of a run, `entity/project/id`, which is its key too."""
    return f"{entity}/{project}/{run}"


def decide(state: Run, command: Command) -> Sequence[Event]:
    """Answer a command.

    Raises:
        RunNotActive: A run of this id began before, or it has ended in another state.
        UnknownRun: The run never began.
    """
    match command:
        case StartRun():
            if state.path:
                raise RunNotActive(run=state.path, rule="exists; leave the id out to get a new one")
            return (
                RunStarted(
                    run=command.run,
                    entity=command.entity,
                    project=command.project,
                    name=command.name,
                    job_type=command.job_type,
                    config=command.config,
                ),
            )
        case UseVersion():
            if (command.version, command.through) in _begun(state).used:
                return ()
            return (
                ArtifactUsed(
                    version=command.version,
                    artifact=command.artifact,
                    source_index=command.source_index,
                    through=command.through,
                    through_index=command.through_index,
                ),
            )
        case ProduceVersion():
            if command.version in _begun(state).produced:
                return ()
            return (
                ArtifactProduced(
                    version=command.version,
                    artifact=command.artifact,
                    source_index=command.source_index,
                ),
            )
        case FinishRun(state=final):
            if _begun(state).state == final:
                return ()
            if state.state is not None:
                raise RunNotActive(run=state.path, rule=f"has ended already, as {state.state}")
            return (RunFinished(state=final),)
        case _:
            assert_never(command)


def _begun(state: Run) -> Run:
    if not state.path:
        raise UnknownRun(run=state.path)
    return state


def evolve(state: Run, event: Event) -> Run:
    """Return the state after *event*."""
    match event:
        case ArtifactUsed():
            return state._replace(used=state.used.insert((event.version, event.through), True))
        case ArtifactProduced():
            return state._replace(produced=state.produced.insert(event.version, True))
        case RunStarted():
            return Run(
                path=path_of(event.entity, event.project, event.run),
                entity=event.entity,
                project=event.project,
            )
        case RunFinished():
            return state._replace(state=event.state)
        case _:
            return state


RUN: Decider[Run, Command] = Decider(category=CATEGORY, initial=Run(), decide=decide, evolve=evolve)
