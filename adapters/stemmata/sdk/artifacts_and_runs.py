"""Artifacts and runs as W&B users know them; each leads to the other, so they stand together.

- A draft has a name, a type and content; what only a version has raises `ArtifactNotLoggedError`.
- Description, metadata, aliases and tags may be changed after logging: set them, then `save()`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from stemmata.sdk.content import ArtifactContent
from stemmata.sdk.current import CURRENT, ActiveRun
from stemmata.sdk.handles import handle
from stemmata.stemma import Stemma
from stemmata_domain.codec import time_text
from stemmata_domain.digests import digest_algorithm as algorithm_named
from stemmata_domain.errors import ArtifactElsewhere, InvalidSetting, NotALink
from stemmata_domain.events import RunState
from stemmata_projections.pictures.cards import GREY, card
from stemmata_projections.version_index.views import Version


class Artifact(ArtifactContent):
    """A named and typed set of files: a draft, or a version that was logged or linked."""

    @classmethod
    def _of(cls, stemma: Stemma, version: Version) -> Artifact:
        artifact = cls.__new__(cls)
        artifact._algorithm = algorithm_named(version.algorithm)
        artifact._draft = None
        artifact._become(stemma, version)
        return artifact

    @classmethod
    def _named(cls, stemma: Stemma, line: str, index: int) -> Artifact:
        return cls._of(stemma, stemma.index_without_defaults.resolve_in(line, f"v{index}"))

    def save(self) -> None:
        """Log a draft, with the current run or a run of its own; or store what was changed.

        Raises:
            ValueError: A rule forbids it.
        """
        if self._version is not None:
            self._save_changes(self._version)
            return
        active = CURRENT.get()
        if active is not None:
            self._log(active.stemma, run=active.path)
            return
        stemma = handle()
        started = stemma.start_run(job_type="auto")
        entity, project, _ = started.path.split("/", 2)
        self._log(stemma.within(entity=entity, project=project), run=started.path)
        stemma.finish_run(started.path)

    def wait(self, timeout: float | None = None) -> Artifact:  # noqa: ARG002 -- W&B's wait has it
        """Return the artifact, which is logged when `log_artifact` returns; there is no waiting."""
        self._logged("wait")
        return self

    @property
    def source_artifact(self) -> Artifact:
        """The source version; the artifact itself if it is none's link."""
        version = self._logged("source_artifact")
        if not version.is_link:
            return self
        stemma = self._store("source_artifact")
        return Artifact._named(stemma, version.artifact, version.source_index)

    @property
    def linked_artifacts(self) -> list[Artifact]:
        """The links of the version, in the order in which they were made."""
        stemma = self._store("linked_artifacts")
        links = stemma.index_without_defaults.links_of(self.id)
        return [Artifact._named(stemma, link.line, link.index) for link in links]

    def link(self, target_path: str, aliases: Sequence[str] | None = None) -> Artifact:
        """Link the artifact into a collection, saving it first; return the linked artifact.

        See :meth:`Run.link_artifact`.
        """
        if self._version is None:
            self.save()
        return self._link(self._store("link"), target_path, aliases or ())

    def _link(self, stemma: Stemma, target_path: str, aliases: Sequence[str]) -> Artifact:
        linked = stemma.link(self.source_qualified_name, target_path, aliases=aliases)
        return Artifact._named(stemma, linked.collection, linked.index)

    def unlink(self) -> None:
        """Take a linked artifact out of its collection.

        Raises:
            ValueError: It is a source.
        """
        version = self._logged("unlink")
        if not version.is_link:
            raise NotALink(name=version.qualified_name)
        self._store("unlink").unlink(version.qualified_name)

    def delete(self, delete_aliases: bool = False, *, force: bool = False) -> None:
        """Delete a source version, or unlink a link.

        Raises:
            ValueError: It has aliases or links, and neither was waived.
        """
        version = self._logged("delete")
        if version.is_link:
            self.unlink()
            return
        self._store("delete").delete(
            version.qualified_name, delete_aliases=delete_aliases, force=force
        )

    def used_by(self) -> list[PublicRun]:
        """Return the runs that used the version, itself or through any of its links."""
        stemma = self._store("used_by")
        users = stemma.graph.users_of(self.id)
        return [PublicRun(stemma, p) for p in dict.fromkeys(each.run.path for each in users)]

    def logged_by(self) -> PublicRun | None:
        """Return the run that logged the version first, None if no run did."""
        path = self._logged("logged_by").run
        return None if path is None else PublicRun(self._store("logged_by"), path)

    def __repr__(self) -> str:
        return f"<Artifact {self._name if self._version is None else self._version.full_name}>"

    def _repr_html_(self) -> str:
        if self._version is None:
            facts = (("Type", self.type), ("Description", self.description or ""))
            return card("draft, not logged yet", self._name, facts, colour=GREY)
        return self._version._repr_html_()


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

    def _repr_html_(self) -> str:
        return self._stemma.run(self.path)._repr_html_()


class Run(PublicRun):
    """A run that goes on; `stemmata.init` starts one.

    As a context manager it finishes at the end of the block, as failed if an exception leaves it.
    """

    def __init__(
        self, stemma: Stemma, path: str, *, on_finish: Callable[[Run], None] | None = None
    ) -> None:
        """Represent the run with this path, `entity/project/id`."""
        super().__init__(stemma, path)
        self.active = ActiveRun(self._stemma, path)
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
