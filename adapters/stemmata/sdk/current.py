"""The current run of a context: what an artifact that is saved without a run is logged by."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from stemmata.sdk.artifact import Artifact


class LogsArtifacts(Protocol):
    """A run, as far as an artifact needs one."""

    def log_artifact(self, artifact_or_path: Artifact, /) -> Artifact:
        """Log the artifact as an output."""
        ...


CURRENT: ContextVar[LogsArtifacts | None] = ContextVar("stemmata_run", default=None)
