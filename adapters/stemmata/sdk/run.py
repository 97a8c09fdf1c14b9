"""The run as W&B users know it: log, link and use artifacts, and finish."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from stemmata.sdk.artifact import Artifact
from stemmata.stemma import Stemma
from stemmata_domain.codec import time_text
from stemmata_domain.errors import ArtifactElsewhere, InvalidSetting
from stemmata_domain.events import RunState


class PublicRun:
    """A run, whoever started it and whether or not it goes on."""

    def __init__(self, stemma: Stemma, path: str) -> None:
        """Represent the run with this path, `entity/project/id`.

        Raises:
            LookupError: There is none.
        """
        found = stemma.run(path)
        self.path = path
        self.entity = found.entity
        self.project = found.project
        self.id = found.id
        self.name = found.name
        self.job_type = found.job_type
        self.config: Mapping[str, JsonValue] = found.config
        self.created_at = time_text(found.started_at)
        self._stemma = stemma.within(entity=self.entity, project=self.project)

    @property
    def state(self) -> str:
        """`running`, or how the run ended: `finished`, `failed`, `crashed` or `killed`."""
        return self._stemma.run(self.path).state

    def use_artifact(self, artifact_or_name: Artifact | str, type: str | None = None) -> Artifact:
        """Take a version as an input of the run, and return it; again, nothing changes.

        Raises:
            LookupError: The name finds nothing.
            ValueError: The version is of another type than *type*.
            AttributeError: The artifact is a draft.
        """
        name = (
            artifact_or_name.qualified_name
            if isinstance(artifact_or_name, Artifact)
            else artifact_or_name
        )
        used = self._stemma.use(name, run=self.path, type=type)
        return Artifact._of(
            self._stemma, self._stemma.index.resolve_in(used.line, f"v{used.index}")
        )

    def logged_artifacts(self) -> list[Artifact]:
        """Return the run's outputs, in the order in which they were logged."""
        found = self._stemma.graph.produced_by_run(self.path)
        return [Artifact._named(self._stemma, each.through, each.index) for each in found]

    def used_artifacts(self) -> list[Artifact]:
        """Return the run's inputs, as they were addressed, in the order in which they were used."""
        found = self._stemma.graph.used_by_run(self.path)
        return [Artifact._named(self._stemma, each.through, each.index) for each in found]

    def __repr__(self) -> str:
        return f"<Run {self.path}>"


class Run(PublicRun):
    """A run that goes on; `stemmata.init` starts one.

    As a context manager it finishes at the end of the block, as failed if an exception leaves it.
    """

    def __init__(
        self, stemma: Stemma, path: str, *, on_finish: Callable[[Run], None] | None = None
    ) -> None:
        """Represent the run with this path, `entity/project/id`."""
        super().__init__(stemma, path)
        self._on_finish = on_finish
        self._finished = False

    def log_artifact(
        self,
        artifact_or_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact:
        """Log an artifact, or a file, directory or URI as one; it becomes an output of the run.

        Content that is logged already makes no new version. Every log gives the version the alias
        `latest`, beside *aliases*.

        Args:
            name: Name for what is given by its path; `run-ID-BASENAME` where it is not given.
            type: Type for what is given by its path; `unspecified` where it is not given.

        Returns:
            The artifact, logged.

        Raises:
            ValueError: The name is in use for another type, or a name, alias or tag is invalid.
        """
        artifact = (
            artifact_or_path
            if isinstance(artifact_or_path, Artifact)
            else self._from_path(artifact_or_path, name, type)
        )
        if not artifact.is_draft() and (artifact.source_entity, artifact.source_project) != (
            self.entity,
            self.project,
        ):
            raise ArtifactElsewhere(
                name=artifact.source_qualified_name, place=f"{self.entity}/{self.project}"
            )
        artifact._log(self._stemma, run=self.path, aliases=aliases or (), tags=tags or ())
        return artifact

    def _from_path(
        self, path: str | os.PathLike[str], name: str | None, type: str | None
    ) -> Artifact:
        text = os.fspath(path)
        default = f"run-{self.id}-{Path(text).name}"
        artifact = Artifact(name or default, type or "unspecified")
        if "://" in text:
            artifact.add_reference(text)
        elif Path(text).is_dir():
            artifact.add_dir(text)
        elif Path(text).is_file():
            artifact.add_file(text)
        else:
            rule = "give an existing file or directory, or a URI that contains '://'"
            raise InvalidSetting(setting="path", value=text, rule=rule)
        return artifact

    def link_artifact(
        self, artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None
    ) -> Artifact:
        """Link an artifact into a collection, logging it first if it is a draft.

        Args:
            target_path: `[ORG/]wandb-registry-REGISTRY/COLLECTION`. The registry has to exist, the
                collection is created if it does not.
            aliases: Given to the version there, beside `latest`.

        Returns:
            The linked artifact.

        Raises:
            ValueError: The types or the organizations do not fit, or the artifact is personal.
            LookupError: There is no such registry.
        """
        if artifact.is_draft():
            self.log_artifact(artifact)
        return artifact._link(self._stemma, target_path, aliases or ())

    def use_artifact(self, artifact_or_name: Artifact | str, type: str | None = None) -> Artifact:
        """Take a version as an input of the run, and return it; a draft is logged first.

        Raises:
            LookupError: The name finds nothing.
            ValueError: The version is of another type than *type*.
        """
        if isinstance(artifact_or_name, Artifact) and artifact_or_name.is_draft():
            self.log_artifact(artifact_or_name)
        return super().use_artifact(artifact_or_name, type)

    def finish(self, exit_code: int | None = None) -> None:
        """End the run, as failed if *exit_code* is not 0; ending it again does nothing."""
        if self._finished:
            return
        state: RunState = "failed" if exit_code else "finished"
        self._stemma.finish_run(self.path, state=state)
        self._finished = True
        if self._on_finish is not None:
            self._on_finish(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish(0 if error is None else 1)
