"""Events of a collection: versions of one type, linked from where they were logged."""

from __future__ import annotations

from typing import ClassVar

from stemmata_domain.events.base import Event


class CollectionCreated(Event):
    """A collection was created, in a registry or in a project.

    `scope` is the registry's id, or `entity/project` where `registry` is None.
    """

    topic: ClassVar[str] = "CollectionCreated"
    collection: str
    scope: str
    registry: str | None
    name: str
    type: str
    description: str | None
    tags: tuple[str, ...]


class VersionLinked(Event):
    """A version of an artifact got a number of its own in the collection."""

    topic: ClassVar[str] = "VersionLinked"
    version: str
    artifact: str
    source_index: int
    index: int


class VersionUnlinked(Event):
    """A version left the collection; its number is not given again."""

    topic: ClassVar[str] = "VersionUnlinked"
    version: str
    index: int


class CollectionDeleted(Event):
    """The collection ended, and with it every link and alias in it."""

    topic: ClassVar[str] = "CollectionDeleted"
    collection: str
