"""Logging: content becomes a version of an artifact.

- A name in a project has one type; content that a live version has already makes no new version.
- A run that logs a version has it as an output, be the content new or not.
- The blobs are stored before the version is logged, so that a version never lacks its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import JsonValue

from stemmata_domain.aggregates.artifact import ARTIFACT, LogVersion
from stemmata_domain.aggregates.claim import ClaimName
from stemmata_domain.aggregates.run import RUN, ProduceVersion
from stemmata_domain.aggregates.versions import version_id
from stemmata_domain.commands.addressing import (
    claim,
    holder_of,
    names_in,
    ordinary_project,
    permit,
)
from stemmata_domain.commands.run import find_run
from stemmata_domain.errors import NameTaken
from stemmata_domain.metadata import normalize
from stemmata_domain.names import aliases, artifact_name, artifact_type, tags, text_or_none
from stemmata_domain.work import Work


@dataclass(frozen=True, slots=True)
class Logged:
    """A logged version; `is_new` tells whether its content was.

    Attributes:
        name: Qualified name, `entity/project/artifact:vN`.
    """

    artifact: str
    index: int
    version: str
    name: str
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Log content, which stands in the content store already, as a version.

    Attributes:
        digest: Digest of the manifest, hex.
        manifest: SHA-256 of the blob that holds the manifest, hex.
        run: Path of the run that logs, `entity/project/id`.
    """

    returns: ClassVar[type[Logged]] = Logged

    entity: str
    project: str
    name: str
    type: str
    digest: str
    algorithm: str
    manifest: str
    size: int
    file_count: int
    description: str | None = None
    metadata: dict[str, JsonValue] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    run: str | None = None

    def carry_out(self, work: Work) -> Logged:
        """Decide; see :class:`Log`."""
        wanted, labels = aliases(self.aliases), tags(self.tags)
        metadata = normalize(self.metadata)
        permit(work, self.entity)
        if self.run is not None:
            find_run(work, self.run)
        scope = f"{self.entity}/{ordinary_project(self.project)}"
        holder = holder_of(work, names_in(scope), self.name)
        if holder.kind == "artifact":
            artifact = holder.holder
        elif holder.holder:
            raise NameTaken(thing=holder.kind, name=self.name, scope=scope)
        else:
            artifact = self._create(work, scope)
        known = work.state(ARTIFACT, artifact).logged.get(self.digest)
        work.decide(
            ARTIFACT,
            artifact,
            LogVersion(
                artifact=artifact,
                entity=self.entity,
                project=self.project,
                name=self.name,
                type=self.type,
                digest=self.digest,
                algorithm=self.algorithm,
                manifest=self.manifest,
                size=self.size,
                file_count=self.file_count,
                description=text_or_none(self.description, what="description"),
                metadata=metadata,
                tags=labels,
                aliases=wanted,
                run=self.run,
            ),
        )
        index = work.state(ARTIFACT, artifact).logged.get(self.digest)
        assert index is not None
        version = version_id(artifact, index)
        if self.run is not None:
            work.decide(
                RUN,
                self.run,
                ProduceVersion(version=version, artifact=artifact, source_index=index),
            )
        return Logged(artifact, index, version, f"{scope}/{self.name}:v{index}", known is None)

    def _create(self, work: Work, scope: str) -> str:
        artifact_type(self.type, name=artifact_name(self.name))
        artifact = work.new_id()
        claim(
            work,
            ClaimName(
                scope=names_in(scope),
                name=self.name,
                kind="artifact",
                holder=artifact,
                scope_name=scope,
            ),
        )
        return artifact
