"""A walk over a graph in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from stemmata_projections.lineage.loaded import LoadedGraph
from stemmata_projections.lineage.nodes import Bound
from stemmata_projections.lineage.numbered import NumberedIds
from stemmata_projections.lineage.walk import Walk, within


class LoadedWalk(Walk):
    """A walk over a graph in memory, as it was at a position."""

    def __init__(
        self, graph: LoadedGraph, start: str, *, at: int, upstream: bool, from_run: bool
    ) -> None:
        self.upstream = upstream
        self.from_run = from_run
        self._ids = graph.ids
        self._edges = graph.way(upstream=upstream)
        self._until = graph.edges_by(at)
        number = graph.find(start)
        # After both: somebody may be adding nodes.
        self._seen = bytearray(len(graph.ids))
        self._frontier = [] if number is None else [number]
        for each in self._frontier:
            self._seen[each] = True
        # The nodes of each level that was gone on from, and why those beyond were left out.
        self._levels: list[tuple[list[int], Bound]] = []
        self._size = 1
        self._is_cut = False
        self._steps: tuple[int, dict[str, int]] = (0, {start: 0})

    @property
    def steps(self) -> Mapping[str, int]:
        told, steps = self._steps
        if told < self.step:
            ids = self._ids
            for step, nodes in enumerate(self._numbered()[told + 1 :], told + 1):
                for node in nodes:
                    steps[ids[node]] = step
            self._steps = self.step, steps
        return steps

    def found(self, *, runs: bool) -> Sequence[str]:
        levels = enumerate(self._numbered())
        chosen = (each for step, each in levels if step and self.is_at_runs(step) == runs)
        return NumberedIds(self._ids, chosen)

    @property
    def furthest(self) -> int:
        return max(sum(map(bool, self._numbered())) - 1, 0)

    def _numbered(self) -> list[list[int]]:
        return [*(nodes for nodes, _ in self._levels), self._frontier]

    @property
    def size(self) -> int:
        return self._size

    @property
    def is_done(self) -> bool:
        return not self._frontier

    @property
    def step(self) -> int:
        return len(self._levels)

    def advance(self, *, known: set[str], limit: int | None = None, is_last: bool = False) -> None:
        newest, before, ends = self._edges
        until, seen = self._until, self._seen
        ahead: list[int] = []
        for node in self._frontier:
            edge = newest[node]
            while edge >= until:
                edge = before[edge]
            while edge >= 0:
                end = ends[edge]
                if not seen[end]:
                    seen[end] = True
                    ahead.append(end)
                edge = before[edge]
        kept = ahead
        if is_last:
            kept = []
        elif limit is not None:
            ids = self._ids
            chosen = within({ids[node] for node in ahead}, known, limit)
            known |= chosen
            kept = [node for node in ahead if ids[node] in chosen]
        if len(kept) < len(ahead):
            self._is_cut = True
            for node in ahead:
                seen[node] = False
            for node in kept:
                seen[node] = True
        self._levels.append((self._frontier, "depth" if is_last else "limit"))
        self._frontier = kept
        self._size += len(kept)

    def onward(self) -> dict[str, list[str]]:
        ids, seen = self._ids, self._seen
        onward: dict[str, list[str]] = {}
        for nodes, _ in self._levels:
            for node in nodes:
                # A version that was used through several links has an edge for each.
                found = [ids[end] for end in dict.fromkeys(self._beyond(node)) if seen[end]]
                if found:
                    onward[ids[node]] = found
        return onward

    def followed(self, *, of_runs: bool) -> Iterator[str]:
        ids, seen, until = self._ids, self._seen, self._until
        newest, before, ends = self._edges
        for step, (nodes, _) in enumerate(self._levels):
            if self.is_at_runs(step) != of_runs:
                continue
            for node in nodes:
                edge = newest[node]
                while edge >= until or (edge >= 0 and not seen[ends[edge]]):
                    edge = before[edge]
                if edge >= 0:
                    yield ids[node]

    def unfollowed(self) -> dict[str, tuple[int, Bound]]:
        seen = self._seen
        left: dict[str, tuple[int, Bound]] = {}
        for nodes, bound in self._levels if self._is_cut else ():
            for node in nodes:
                missed = {end for end in self._beyond(node) if not seen[end]}
                if missed:
                    left[self._ids[node]] = len(missed), bound
        return left

    def _beyond(self, node: int) -> Iterator[int]:
        """Yield where the edges from a node lead, newest first, some of them twice."""
        newest, before, ends = self._edges
        edge = newest[node]
        while edge >= self._until:
            edge = before[edge]
        while edge >= 0:
            yield ends[edge]
            edge = before[edge]
