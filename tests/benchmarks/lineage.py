"""Lineage in a graph of a million edges, beside raw recursion in SQL and graphs in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec

import networkx as nx

from stemmata_projections.lineage.exploring import explore
from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.lineage.reach import reach_of
from stemmata_projections.lineage.rows import Rows
from stemmata_projections.lineage.walking import walked
from tests.benchmarks.bench import Bench
from tests.benchmarks.lineage_filling import Filled, fill
from tests.benchmarks.lineage_sql import recursed, recursed_with_rows
from tests.benchmarks.measuring import in_turns, take
from tests.benchmarks.results import Row, Timing, at_most, shown

PLACE = "lineage"
_HAS_RUSTWORKX = find_spec("rustworkx") is not None
_ON_LOADED = "rustworkx on a loaded graph"
_MOST = 10_000_000


def lineage(bench: Bench) -> Iterator[Row]:
    """Ask near a version and all the way down, now and as of a position."""
    filled = fill(bench.database.url(PLACE), edges=bench.size.edges)
    try:
        bench.database.settle(PLACE)
        yield from _near(bench, filled)
        yield from _far(bench, filled)
    finally:
        filled.close()


def with_about(graph: nx.DiGraph, *, nodes: int) -> str:
    """Return a version with about so many nodes in three generations."""
    versions: list[str] = [node for node in list(graph)[10:] if ":" in node]
    step = max(1, len(versions) // 400)
    return min(versions[::step], key=lambda node: abs(size(graph, node) - nodes))


def size(graph: nx.DiGraph, start: str) -> int:
    """Return how many nodes there are in three generations, the start among them."""
    return len(nx.single_source_shortest_path_length(graph, start, cutoff=6))


def _near(bench: Bench, filled: Filled) -> Iterator[Row]:
    database, views, on = bench.database, filled.views, bench.database.name
    start = with_about(filled.graph, nodes=1_500 if bench.size.edges > 100_000 else 300)
    edges = filled.graph.number_of_edges()

    def ids(at: int | None) -> int:
        with views.reading():
            (walk,) = walked(
                Rows(views, at=at),
                start,
                is_run=False,
                upstream=False,
                downstream=True,
                depth=3,
                limit=None,
            )
        return len(walk.steps)

    def whole(at: int | None) -> int:
        return len(explore(views, start, at=at, direction="downstream", depth=3).nodes)

    expected = size(filled.graph, start)
    at = filled.head - 1
    assert ids(None) == whole(None) == recursed(database, PLACE, start) == expected
    assert recursed_with_rows(database, PLACE, start) == expected
    # In a small graph the last change may be one near by.
    assert ids(at) == whole(at) in (expected, expected - 1)
    walk, recursion, answer, read, walk_then, answer_then = in_turns(
        lambda: ids(None),
        lambda: recursed(database, PLACE, start),
        lambda: whole(None),
        lambda: recursed_with_rows(database, PLACE, start),
        lambda: ids(at),
        lambda: whole(at),
        rounds=max(3, bench.size.rounds // 13),
    )
    what = f"3 generations down, {expected} nodes of {edges:,} edges"
    yield Row(
        id="lineage-near-ids",
        on=on,
        what=f"lineage, {what}: ids and edges, and what lies beyond",
        ours=walk,
        floor=recursion,
        floor_is="raw recursive query, ids only",
        goals=(at_most(2, walk, recursion, of="raw"),),
    )
    yield Row(
        id="lineage-near",
        on=on,
        what=f"lineage, {what}: the whole answer",
        ours=answer,
        floor=read,
        floor_is="raw recursive query, and the rows of nodes and edges",
        goals=(at_most(2, answer, read, of="raw"),),
    )
    yield Row(
        id="lineage-near-ids-as-of",
        on=on,
        what="the same ids and edges as of a position",
        ours=walk_then,
        floor=walk,
        floor_is="now",
        goals=(at_most(2, walk_then, walk, of="now"),),
    )
    yield Row(
        id="lineage-near-as-of",
        on=on,
        what="the same whole answer as of a position",
        ours=answer_then,
        floor=answer,
        floor_is="now",
        goals=(at_most(2, answer_then, answer, of="now"),),
    )


def _far(bench: Bench, filled: Filled) -> Iterator[Row]:
    database, views, graph = bench.database, filled.views, filled.graph
    root = max(list(graph)[:10], key=lambda node: len(nx.descendants(graph, node)))
    compiled = _compiled({node: list(graph.succ[node]) for node in graph}, root)
    kept = KeptGraph(filled.events, views, most=_MOST, worth=1)
    expected = len(nx.descendants(graph, root)) + 1

    def asked() -> int:
        return len(reach_of(views, root)) + 1

    def reached() -> int:
        kept.follow()
        return len(reach_of(views, root, kept=kept)) + 1

    assert reached() == expected == asked() == recursed(database, PLACE, root, depth=10**9)
    loading = take(kept.follow)
    found = reach_of(views, root, kept=kept)
    every_id = take(lambda: (tuple(found.versions), tuple(found.runs)))
    at = filled.head - 1
    walk, then, quick, slow = in_turns(
        reached,
        lambda: len(reach_of(views, root, at=at, kept=kept)),
        compiled,
        lambda: len(nx.descendants(graph, root)),
        rounds=max(2, bench.size.rounds // 40),
        warm_up=1,
    )
    walk_asked, recursion = in_turns(
        asked,
        lambda: recursed(database, PLACE, root, depth=10**9),
        rounds=2,
        warm_up=0,
    )
    whole = Timing.of([take(lambda: explore(views, root, direction="downstream", kept=kept))])
    what = f"everything down, {expected:,} nodes of {graph.number_of_edges():,} edges"
    yield Row(
        id="lineage-far",
        on=database.name,
        what=f"reach, {what}: the graph kept in memory, ids when they are read",
        ours=walk,
        floor=quick if _HAS_RUSTWORKX else slow,
        floor_is=_ON_LOADED if _HAS_RUSTWORKX else "networkx on a loaded graph",
        goals=(at_most(2, walk, quick, of=_ON_LOADED),) if _HAS_RUSTWORKX else (),
        note=f"every id read, {shown(every_id.wall)} more; networkx {shown(slow.median)};"
        f" the graph is loaded once, in {shown(loading.wall)}",
    )
    yield Row(
        id="lineage-far-as-of",
        on=database.name,
        what="the same as of a position",
        ours=then,
        floor=walk,
        floor_is="now",
        goals=(at_most(2, then, walk, of="now"),),
    )
    yield Row(
        id="lineage-far-asked",
        on=database.name,
        what="the same, asked of the views, no graph in memory",
        ours=walk_asked,
        floor=recursion,
        floor_is="raw recursive query, ids only",
    )
    yield Row(
        id="lineage-far-whole",
        on=database.name,
        what=f"lineage, {what}: the whole answer, every detail of every node",
        ours=whole,
        floor=recursion,
        floor_is="raw recursive query, ids only",
    )


def _compiled(onward: Mapping[str, Sequence[str]], root: str) -> Callable[[], int]:
    """Return the search by rustworkx, where it is installed: it is no part of what tests need."""
    if not _HAS_RUSTWORKX:
        return lambda: 0
    rustworkx = import_module("rustworkx")
    graph = rustworkx.PyDiGraph()
    places = {node: graph.add_node(node) for node in onward}
    graph.add_edges_from_no_data(
        [(places[node], places[other]) for node, others in onward.items() for other in others]
    )
    return lambda: len(rustworkx.descendants(graph, places[root])) + 1
