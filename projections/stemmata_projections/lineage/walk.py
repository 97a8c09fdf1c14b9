"""A walk through the graph, level by level, by ids alone.

- Runs and versions alternate: a walk from a version finds runs first, then versions, and so on.
- What is found is complete among itself: every edge between two found nodes in the direction of the
  walk is followed. Every other edge that begins at a found node is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from stemmata_projections.lineage.nodes import Bound


class Walk(Protocol):
    """A walk in one direction, so far."""

    upstream: bool
    from_run: bool

    @property
    def steps(self) -> Mapping[str, int]:
        """The found nodes, each with the least number of edges from the start to it."""
        ...

    def found(self, *, runs: bool) -> Sequence[str]:
        """Return the found runs, or the versions, nearest first, without the start."""
        ...

    @property
    def furthest(self) -> int:
        """How many edges lie between the start and the furthest of the found nodes."""
        ...

    @property
    def size(self) -> int:
        """How many nodes are found."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether there is no further node to go on from."""
        ...

    @property
    def step(self) -> int:
        """How many edges lie between the start and the nodes to go on from."""
        ...

    def is_at_runs(self, step: int) -> bool:
        """Tell whether the nodes at a step are runs."""
        return bool(step % 2) != self.from_run

    def kind(self, *, of_runs: bool) -> str:
        """Return the kind of the edges that the walk follows from its runs, or from its versions."""
        return "used" if of_runs == self.upstream else "produced"

    def advance(self, *, known: set[str], limit: int | None = None, is_last: bool = False) -> None:
        """Follow the edges of the nodes that were found last.

        Args:
            known: Nodes found by all walks together that have a limit; what is found now is added.
            limit: How many of these there may be.
            is_last: Whether nothing further is to be found.
        """
        ...

    def onward(self) -> dict[str, list[str]]:
        """Return for each node from which edges lead to found ones, to which."""
        ...

    def followed(self, *, of_runs: bool) -> Iterator[str]:
        """Yield the runs, or the versions, from which edges lead to found nodes, level by level."""
        ...

    def unfollowed(self) -> dict[str, tuple[int, Bound]]:
        """Return to how many nodes that were not found edges lead, by their other end, and why not."""
        ...


def within(ahead: set[str], known: set[str], limit: int) -> set[str]:
    """Return those of some nodes for which there is room, the same ones each time."""
    new = ahead - known
    room = limit - len(known)
    if len(new) <= room:
        return ahead
    return (ahead & known).union(sorted(new, key=lambda node: (len(node), node))[: max(room, 0)])


def generation(steps: int, *, from_run: bool) -> int:
    """Return in which generation from the start a node is that so many edges lead to."""
    return (steps + 1 + (from_run and steps > 0)) // 2
