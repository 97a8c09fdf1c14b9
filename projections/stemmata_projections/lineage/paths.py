"""How one version came of another: the paths between two versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from pydantic import JsonValue

from stemmata_projections.lineage.exploring import facts_of, filled
from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.lineage.rows import Rows
from stemmata_projections.lineage.selection import on_the_way
from stemmata_projections.lineage.views import Graph
from stemmata_projections.lineage.walk import Walk
from stemmata_projections.lineage.walking import begun
from stemmata_projections.lineage.ways import distances, reversed_edges, ways
from stemmata_projections.view_store import ViewStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The paths from a version to one that came of it.

    Attributes:
        source, target: Ids of the two versions.
        graph: All that lies on any way between them, whole; without a way, the source alone.
        paths: Ids of versions and runs in turns, shortest path first; none visits a node twice.
        is_cut: Whether there are more paths than were asked for. The graph has those too.
    """

    source: str
    target: str
    graph: Graph
    paths: tuple[tuple[str, ...], ...]
    is_cut: bool

    @property
    def shortest(self) -> tuple[str, ...] | None:
        """The shortest path; of several, one of them; None if there is no path."""
        return self.paths[0] if self.paths else None

    def to_json(self) -> dict[str, JsonValue]:
        """Return the paths as a JSON document, whose keys are documented and stay."""
        return {
            "source": self.source,
            "target": self.target,
            "paths": [list(path) for path in self.paths],
            "is_cut": self.is_cut,
            "graph": self.graph.to_json(),
        }


def paths_between(
    views: ViewStore,
    source: str,
    target: str,
    *,
    at: int | None = None,
    most: int = 10,
    kept: KeptGraph | None = None,
) -> Paths:
    """Return the paths from the version with one id to the version with another.

    Args:
        kept: A graph in memory to walk where it has come far enough.
    """
    with views.reading():
        rows = Rows(views, at=at, loaded=None if kept is None else kept.by(at))
        walk, onward = _between(rows, source, target)
        if kept is not None:
            kept.found(walk.size)
        steps = distances(onward, source)
        facts = facts_of(rows, [walk], among=steps)
        nodes, edges = filled(rows, [walk], facts, steps)
    found = list(islice(ways(onward, source, target), most + 1)) if target in steps else []
    graph = Graph(start=source, direction="downstream", nodes=nodes, edges=edges)
    return Paths(
        source=source,
        target=target,
        graph=graph,
        paths=tuple(found[:most]),
        is_cut=len(found) > most,
    )


def _between(rows: Rows, source: str, target: str) -> tuple[Walk, Mapping[str, list[str]]]:
    """Return a walk that went all over what lies between two versions, and the edges there.

    Of the walks down from the source and up from the target the one that has found less goes on, until
    either is at its end: the smaller one of the two is enough.
    """
    down = begun(rows, source, upstream=False, from_run=False)
    up = begun(rows, target, upstream=True, from_run=False)
    while not down.is_done and not up.is_done:
        walk = min(down, up, key=lambda each: each.size)
        walk.advance(known=set())
    walk, end = (down, target) if down.is_done else (up, source)
    if end not in walk.steps:
        return begun(rows, source, upstream=False, from_run=False), {}
    kept = on_the_way(walk, {end})
    followed = walk.onward()
    onward = {node: [other for other in followed.get(node, ()) if other in kept] for node in kept}
    return walk, onward if walk is down else reversed_edges(onward)
