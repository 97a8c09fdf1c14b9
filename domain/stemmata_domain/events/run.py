"""Events of a run: what consumes versions and produces versions."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import JsonValue

from stemmata_domain.events.base import Event

RunState = Literal["finished", "failed", "crashed", "killed"]


class RunStarted(Event):
    """A run began in a project."""

    topic: ClassVar[str] = "RunStarted"
    run: str
    entity: str
    project: str
    name: str
    job_type: str | None
    config: dict[str, JsonValue]


class ArtifactUsed(Event):
    """The run took a version as its input.

    `through` and `through_index` are the artifact or collection, and the number in it, by which the
    version was addressed.
    """

    topic: ClassVar[str] = "ArtifactUsed"
    version: str
    artifact: str
    source_index: int
    through: str
    through_index: int


class ArtifactProduced(Event):
    """The run logged a version, be its content new or already there."""

    topic: ClassVar[str] = "ArtifactProduced"
    version: str
    artifact: str
    source_index: int


class RunFinished(Event):
    """The run ended in this state."""

    topic: ClassVar[str] = "RunFinished"
    state: RunState
