"""What a lineage graph consists of: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Bound = Literal["depth", "limit"]
Way = Literal["upstream", "downstream"]
Direction = Literal["upstream", "downstream", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedName:
    """A name under which a version is linked, with its number, and the aliases that it has there."""

    name: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionNode:
    """A version in a graph.

    Attributes:
        id: Id of the version, the same for its source and all its links.
        name: The source's qualified name, `entity/project/artifact:vN`.
        run: Path of the run that logged it first, if a run did.
        aliases: Those of the source, without the number, in alphabetical order.
        links: In the order in which they were made.
        deleted_at: None if it is not deleted.
        generation: How many generations it is away from the start; negative is upstream.
        matches: Whether it is what the graph was asked for, and not only on the way to it.
    """

    id: str
    name: str
    type: str
    created_at: datetime
    created_by: str
    run: str | None
    aliases: tuple[str, ...]
    links: tuple[LinkedName, ...]
    deleted_at: datetime | None
    generation: int
    matches: bool

    @property
    def title(self) -> str:
        """What people call it: its name."""
        return self.name

    @property
    def is_deleted(self) -> bool:
        """Whether the version is deleted; what was made of it stays its descendant."""
        return self.deleted_at is not None


@dataclass(frozen=True, slots=True)
class RunNode:
    """A run in a graph; `state` is `running` until it ends.

    Attributes:
        id: The run's path, `entity/project/id`.
        generation, matches: As those of a version.
    """

    id: str
    name: str
    job_type: str | None
    state: str
    started_at: datetime
    started_by: str
    finished_at: datetime | None
    generation: int
    matches: bool

    @property
    def title(self) -> str:
        """What people call it: its path."""
        return self.id


Node: TypeAlias = VersionNode | RunNode


@dataclass(frozen=True, slots=True)
class Edge:
    """That a run used a version, or produced it; it points from what was there first.

    Attributes:
        source: Id of a node: of the version that was used, or of the run that produced.
        target: Id of the other node.
        through: Of a use, the names by which the version was addressed, in that order.
        at: When it happened, the first time.
        by: Who did it, the first time.
    """

    source: str
    target: str
    kind: Literal["used", "produced"]
    through: tuple[str, ...]
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A place where a walk stopped though the graph goes on.

    Attributes:
        node: Id of the node beyond which the graph goes on.
        title: What people call the node.
        edges: To how many nodes beyond it edges lead that were not followed.
        bound: What stopped the walk.
    """

    node: str
    title: str
    is_run: bool
    way: Way
    edges: int
    bound: Bound
