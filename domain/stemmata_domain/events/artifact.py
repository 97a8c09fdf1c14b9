"""Events of an artifact: a name in a project under which versions are logged."""

from __future__ import annotations

from typing import ClassVar

from pydantic import JsonValue

from stemmata_domain.events.base import Event


class ArtifactCreated(Event):
    """A name was taken in a project, for versions of one type."""

    topic: ClassVar[str] = "ArtifactCreated"
    artifact: str
    entity: str
    project: str
    name: str
    type: str


class ArtifactLogged(Event):
    """A version was logged.

    Attributes:
        version: Id of the version, shared by all its links.
        index: Number in the artifact, from 0: `v0`, `v1`, …
        digest: Digest of the manifest (hex), by which equal content is recognised.
        algorithm: What computed `digest` and the files' digests: MD5 or XXH128.
        manifest: SHA-256 (hex) of the blob that holds the manifest.
        size: Bytes of all entries together, references included.
        file_count: Number of entries.
        run: Path of the run that logged it, `entity/project/id`, if one did.
    """

    topic: ClassVar[str] = "ArtifactLogged"
    version: str
    index: int
    digest: str
    algorithm: str
    manifest: str
    size: int
    file_count: int
    description: str | None
    metadata: dict[str, JsonValue]
    tags: tuple[str, ...]
    run: str | None


class VersionTagged(Event):
    """A version, and with it each of its links, got a tag."""

    topic: ClassVar[str] = "VersionTagged"
    version: str
    index: int
    tag: str


class VersionUntagged(Event):
    """A version, and with it each of its links, lost a tag."""

    topic: ClassVar[str] = "VersionUntagged"
    version: str
    index: int
    tag: str


class DescriptionChanged(Event):
    """A version's description was replaced."""

    topic: ClassVar[str] = "DescriptionChanged"
    version: str
    index: int
    description: str | None


class MetadataChanged(Event):
    """A version's metadata were replaced."""

    topic: ClassVar[str] = "MetadataChanged"
    version: str
    index: int
    metadata: dict[str, JsonValue]


class VersionDeleted(Event):
    """A version's life ended; its number is not given again, its bytes are reclaimed apart."""

    topic: ClassVar[str] = "VersionDeleted"
    version: str
    index: int
