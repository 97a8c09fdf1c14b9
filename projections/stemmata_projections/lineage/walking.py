"""Walking the graph: by asking the views, or in memory where the graph is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from stemmata_projections.lineage import queries as q
from stemmata_projections.lineage.loaded_walk import LoadedWalk
from stemmata_projections.lineage.nodes import Bound
from stemmata_projections.lineage.rows import Rows
from stemmata_projections.lineage.walk import Walk, within


def begun(rows: Rows, start: str, *, upstream: bool, from_run: bool) -> Walk:
    """Return a walk that has found its start alone."""
    if rows.loaded is None:
        return AskingWalk(rows, start, upstream=upstream, from_run=from_run)
    graph, at = rows.loaded
    return LoadedWalk(graph, start, at=at, upstream=upstream, from_run=from_run)


def walked(
    rows: Rows,
    start: str,
    *,
    is_run: bool,
    upstream: bool,
    downstream: bool,
    depth: int | None,
    limit: int | None,
) -> list[Walk]:
    """Return the walks from a node, nearest nodes first, as far as the bounds let them come."""
    chosen = [way for way, wanted in ((True, upstream), (False, downstream)) if wanted]
    walks = [begun(rows, start, upstream=way, from_run=is_run) for way in chosen]
    known = {start}
    # A generation is two edges; around a run the first one is a single edge.
    last = None if depth is None else max(0, 2 * depth - is_run)
    while any(not walk.is_done for walk in walks):
        for walk in walks:
            if not walk.is_done:
                walk.advance(known=known, limit=limit, is_last=walk.step == last)
    return walks


class AskingWalk(Walk):
    """A walk that asks the views: one query for each ten thousand nodes of a level."""

    def __init__(self, rows: Rows, start: str, *, upstream: bool, from_run: bool) -> None:
        self.upstream = upstream
        self.from_run = from_run
        self._steps: dict[str, int] = {start: 0}
        self._rows = rows
        self._frontier: Sequence[str] = (start,)
        self._frontiers: list[Sequence[str]] = [self._frontier]
        # What was read: edges from the nodes of one level, some of them twice, some to nobody found.
        self._levels: list[tuple[list[tuple[str, str]], Bound]] = []
        self._is_cut = False

    @property
    def steps(self) -> Mapping[str, int]:
        return self._steps

    def found(self, *, runs: bool) -> Sequence[str]:
        levels = enumerate(self._frontiers)
        chosen = [each for step, each in levels if step and self.is_at_runs(step) == runs]
        return tuple(chain.from_iterable(chosen))

    @property
    def furthest(self) -> int:
        return sum(map(bool, self._frontiers)) - 1

    @property
    def size(self) -> int:
        return len(self._steps)

    @property
    def is_done(self) -> bool:
        return not self._frontier

    @property
    def step(self) -> int:
        return len(self._levels)

    def advance(self, *, known: set[str], limit: int | None = None, is_last: bool = False) -> None:
        at_runs = self.is_at_runs(self.step)
        query = q.VERSIONS_BESIDE_RUNS if at_runs else q.RUNS_BESIDE_VERSIONS
        params = {"kind": self.kind(of_runs=at_runs)}
        pairs = list(self._rows.among(query, self._frontier, params))
        self._levels.append((pairs, "depth" if is_last else "limit"))
        steps = self._steps
        ahead = {to for _, to in pairs if to not in steps}
        wanted = len(ahead)
        if is_last:
            ahead.clear()
        elif limit is not None:
            ahead = within(ahead, known, limit)
            known |= ahead
        self._is_cut |= len(ahead) < wanted
        steps.update(dict.fromkeys(ahead, self.step))
        self._frontier = list(ahead)
        self._frontiers.append(self._frontier)

    def onward(self) -> dict[str, list[str]]:
        steps = self._steps
        onward: dict[str, list[str]] = {}
        for pairs, _ in self._levels:
            # A version that was used through several links has an edge for each.
            for node, to in dict.fromkeys(pairs):
                if to in steps:
                    onward.setdefault(node, []).append(to)
        return onward

    def followed(self, *, of_runs: bool) -> Iterator[str]:
        steps = self._steps
        for step, (pairs, _) in enumerate(self._levels):
            if self.is_at_runs(step) == of_runs:
                yield from dict.fromkeys([node for node, to in pairs if to in steps])

    def unfollowed(self) -> dict[str, tuple[int, Bound]]:
        steps = self._steps
        left: dict[str, tuple[int, Bound]] = {}
        for pairs, bound in self._levels if self._is_cut else ():
            for node, to in dict.fromkeys(pairs):
                if to not in steps:
                    left[node] = (left[node][0] + 1 if node in left else 1), bound
        return left
