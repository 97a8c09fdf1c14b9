"""Finding the lineage graph of a version or a run."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from stemmata_projections.lineage import details
from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.lineage.nodes import Cut, Direction, Edge, Node, Way
from stemmata_projections.lineage.rows import Rows
from stemmata_projections.lineage.selection import Sought, on_the_way
from stemmata_projections.lineage.views import Graph
from stemmata_projections.lineage.walk import Walk, generation
from stemmata_projections.lineage.walking import walked
from stemmata_projections.view_store import ViewStore

_EVERYTHING = Sought()


def explore(
    views: ViewStore,
    start: str,
    *,
    at: int | None = None,
    is_run: bool = False,
    direction: Direction = "both",
    depth: int | None = None,
    limit: int | None = None,
    sought: Sought = _EVERYTHING,
    kept: KeptGraph | None = None,
) -> Graph:
    """Return the graph around the version with an id, or around the run with a path.

    Args:
        depth: How many generations to go; a generation is version, run, version.
        limit: How many nodes to look at, nearest first.
        sought: What matches. The graph has what matches, and what is on the way to it.
        kept: A graph in memory to walk where it has come far enough.
    """
    with views.reading():
        rows = Rows(views, at=at, loaded=None if kept is None else kept.by(at))
        walks = walked(
            rows,
            start,
            is_run=is_run,
            upstream=direction != "downstream",
            downstream=direction != "upstream",
            depth=depth,
            limit=limit,
        )
        steps = signed_steps(walks)
        if kept is not None:
            kept.found(len(steps))
        facts = facts_of(rows, walks)
        chosen = dict(steps)
        matching = None
        if not sought.is_everything:
            matching = sought.among(facts, steps)
            ways = set().union(*(on_the_way(walk, matching) for walk in walks))
            chosen = {node: step for node, step in steps.items() if node in ways or node == start}
        nodes, edges = filled(rows, walks, facts, chosen, matching=matching)
    return Graph(
        start=start,
        direction=direction,
        nodes=nodes,
        edges=edges,
        cuts=tuple(_cuts(walks, facts)),
        depth=depth,
        limit=limit,
    )


def signed_steps(walks: Sequence[Walk]) -> dict[str, int]:
    """Return how many edges each node is away from the start; those upstream are negative."""
    found: dict[str, int] = {}
    for walk in walks:
        for node, steps in walk.steps.items():
            if node not in found or steps < abs(found[node]):
                found[node] = -steps if walk.upstream else steps
    return found


def facts_of(
    rows: Rows, walks: Sequence[Walk], *, among: Container[str] | None = None
) -> details.Known:
    """Return what there is to know of all nodes that walks found, or of some among them."""
    runs: dict[str, None] = {}
    versions: dict[str, None] = {}
    for walk in walks:
        for node, step in walk.steps.items():
            if among is None or node in among:
                (runs if step % 2 != walk.from_run else versions)[node] = None
    return details.known(rows, runs=list(runs), versions=list(versions))


def filled(
    rows: Rows,
    walks: Sequence[Walk],
    facts: details.Known,
    steps: dict[str, int],
    *,
    matching: set[str] | None = None,
) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Return the nodes that have steps, and the edges that walks followed between them."""
    from_run = walks[0].from_run
    by_step = {
        step: generation(step, from_run=from_run)
        if step >= 0
        else -generation(-step, from_run=from_run)
        for step in set(steps.values())
    }
    generations = {node: by_step[step] for node, step in steps.items()}
    made: dict[str, Node] = {}
    made.update(details.run_nodes(facts, generations, matching))
    made.update(details.version_nodes(rows, facts, generations, matching))
    order = [(steps[node], row[1], node) for node, row in facts.runs.items() if node in steps]
    order += [(steps[node], row[1], node) for node, row in facts.versions.items() if node in steps]
    order.sort()
    nodes = tuple([made[node] for _, _, node in order])
    return nodes, details.edges(rows, walks, facts, made)


def _cuts(walks: Sequence[Walk], facts: details.Known) -> Iterator[Cut]:
    for walk in walks:
        way: Way = "upstream" if walk.upstream else "downstream"
        unfollowed = walk.unfollowed()
        for node in sorted(unfollowed, key=lambda node: (walk.steps[node], node)):
            edges, bound = unfollowed[node]
            yield Cut(
                node=node,
                title=facts.title(node),
                is_run=node in facts.runs,
                way=way,
                edges=edges,
                bound=bound,
            )
