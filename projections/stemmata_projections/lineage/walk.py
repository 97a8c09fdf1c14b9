"""Walking the graph, level by level, by ids alone.

- A level costs one query for each ten thousand of its nodes, however the graph is shaped.
- Runs and versions alternate: a walk from a version finds runs first, then versions, and so on.
- What is found is complete among itself: every edge between two found nodes in the direction of the
  walk is followed. Every other edge that begins at a found node is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from stemmata_projections.lineage import queries as q
from stemmata_projections.lineage.nodes import Bound
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row, Value
from stemmata_projections.view_store import ViewStore

Found = TypeVar("Found", bound=Row)

_AT_ONCE = 10_000


class Rows:
    """Views to ask about many things at once, now or as of a position."""

    def __init__(self, views: ViewStore, *, at: int | None) -> None:
        self.views = views
        self._at = at

    def among(
        self, query: Query[Found], ids: Sequence[str], params: Mapping[str, Value] | None = None
    ) -> Iterator[Found]:
        """Yield what a query finds for each of some ids."""
        for part in _parts(ids):
            yield from self.views.query(query, {**(params or {}), "among": part}, at=self._at)

    def ever_among(self, query: Query[Found], ids: Sequence[str]) -> Iterator[Found]:
        """Yield what a query finds for each of some ids at any time."""
        for part in _parts(ids):
            yield from self.views.query(query, {"among": part}, ever=True)


def _parts(ids: Sequence[str]) -> Iterator[list[Value]]:
    for at in range(0, len(ids), _AT_ONCE):
        yield list(ids[at : at + _AT_ONCE])


class Walk:
    """A walk in one direction, so far.

    Attributes:
        steps: The found nodes, each with the least number of edges from the start to it.
    """

    def __init__(self, rows: Rows, start: str, *, upstream: bool, from_run: bool) -> None:
        self.upstream = upstream
        self.from_run = from_run
        self.steps: dict[str, int] = {start: 0}
        self._rows = rows
        self._frontier: Sequence[str] = (start,)
        # What was read: edges from the nodes of one level, some of them twice, some to nobody found.
        self._levels: list[tuple[list[tuple[str, str]], Bound]] = []
        self._is_cut = False

    @property
    def is_done(self) -> bool:
        """Whether there is no further node to go on from."""
        return not self._frontier

    @property
    def step(self) -> int:
        """How many edges lie between the start and the nodes to go on from."""
        return len(self._levels)

    def is_run(self, node: str) -> bool:
        """Tell whether a found node is a run."""
        return bool(self.steps[node] % 2) != self.from_run

    def kind(self, *, of_runs: bool) -> str:
        """Return the kind of the edges that the walk follows from its runs, or from its versions."""
        return "used" if of_runs == self.upstream else "produced"

    def advance(self, *, known: set[str], limit: int | None = None, is_last: bool = False) -> None:
        """Follow the edges of the nodes that were found last.

        Args:
            known: Nodes found by all walks together; those that are found now are added.
            limit: How many of these there may be.
            is_last: Whether nothing further is to be found.
        """
        at_runs = bool(self.step % 2) != self.from_run
        query = q.VERSIONS_BESIDE_RUNS if at_runs else q.RUNS_BESIDE_VERSIONS
        params = {"kind": self.kind(of_runs=at_runs)}
        pairs = list(self._rows.among(query, self._frontier, params))
        self._levels.append((pairs, "depth" if is_last else "limit"))
        steps = self.steps
        ahead = {to for _, to in pairs if to not in steps}
        wanted = len(ahead)
        if is_last:
            ahead.clear()
        elif limit is not None:
            ahead = _within(ahead, known, limit)
        self._is_cut |= len(ahead) < wanted
        steps.update(dict.fromkeys(ahead, self.step))
        known |= ahead
        self._frontier = list(ahead)

    def onward(self) -> dict[str, list[str]]:
        """Return for each node from which edges lead to found ones, to which."""
        steps = self.steps
        onward: dict[str, list[str]] = {}
        for pairs, _ in self._levels:
            # A version that was used through several links has an edge for each.
            for node, to in dict.fromkeys(pairs):
                if to in steps:
                    onward.setdefault(node, []).append(to)
        return onward

    def followed(self) -> Iterator[str]:
        """Yield the nodes from which edges lead to found ones, level by level."""
        steps = self.steps
        for pairs, _ in self._levels:
            yield from dict.fromkeys([node for node, to in pairs if to in steps])

    def unfollowed(self) -> dict[str, tuple[int, Bound]]:
        """Return to how many nodes that were not found edges lead, by their other end, and why not."""
        steps = self.steps
        left: dict[str, tuple[int, Bound]] = {}
        for pairs, bound in self._levels if self._is_cut else ():
            for node, to in dict.fromkeys(pairs):
                if to not in steps:
                    left[node] = (left[node][0] + 1 if node in left else 1), bound
        return left


def _within(ahead: set[str], known: set[str], limit: int) -> set[str]:
    """Return those of some nodes for which there is room, the same ones each time."""
    new = ahead - known
    room = limit - len(known)
    if len(new) <= room:
        return ahead
    return (ahead & known).union(sorted(new, key=lambda node: (len(node), node))[: max(room, 0)])


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
    walks = [Walk(rows, start, upstream=way, from_run=is_run) for way in chosen]
    known = {start}
    # A generation is two edges; around a run the first one is a single edge.
    last = None if depth is None else max(0, 2 * depth - is_run)
    while any(not walk.is_done for walk in walks):
        for walk in walks:
            if not walk.is_done:
                walk.advance(known=known, limit=limit, is_last=walk.step == last)
    return walks


def generation(steps: int, *, from_run: bool) -> int:
    """Return in which generation from the start a node is that so many edges lead to."""
    return (steps + 1 + (from_run and steps > 0)) // 2
