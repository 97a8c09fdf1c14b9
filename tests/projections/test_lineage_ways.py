"""Ways through any graph are those of networkx, shortest first, however its cycles lie."""

from __future__ import annotations

from itertools import islice

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from stemmata_projections.lineage.ways import distances, rings, ways

NODES = st.integers(0, 7).map(str)
EDGES = st.sets(st.tuples(NODES, NODES).filter(lambda edge: edge[0] != edge[1]), max_size=26)


@given(edges=EDGES, source=NODES, target=NODES)
@settings(max_examples=500, deadline=None)
def test_ways_are_all_simple_paths_by_length(
    edges: set[tuple[str, str]], source: str, target: str
) -> None:
    graph = nx.DiGraph(edges)
    graph.add_nodes_from((source, target))
    between = (nx.descendants(graph, source) | {source}) & (nx.ancestors(graph, target) | {target})
    if source == target or target not in between:
        return
    onward = {node: [n for n in graph.succ[node] if n in between] for node in between}
    expected = list(islice(nx.shortest_simple_paths(graph, source, target), 400))
    found = list(islice(ways(onward, source, target), 400))
    assert [len(way) for way in found] == [len(path) for path in expected]
    assert len(set(found)) == len(found)
    assert all(nx.is_simple_path(graph, way) for way in found)
    if len(found) < 400:
        assert set(found) == set(map(tuple, expected))


@given(edges=EDGES)
@settings(max_examples=300, deadline=None)
def test_rings_are_the_strong_components_of_more_than_one_node(
    edges: set[tuple[str, str]],
) -> None:
    graph = nx.DiGraph(edges)
    together: dict[int, set[str]] = {}
    for node, ring in rings({node: list(graph.succ[node]) for node in graph}).items():
        together.setdefault(ring, set()).add(node)
    expected = [part for part in nx.strongly_connected_components(graph) if len(part) > 1]
    assert sorted(map(sorted, together.values())) == sorted(map(sorted, expected))


@given(edges=EDGES, start=NODES)
def test_distances_are_the_shortest(edges: set[tuple[str, str]], start: str) -> None:
    graph = nx.DiGraph(edges)
    graph.add_node(start)
    onward = {node: list(graph.succ[node]) for node in graph}
    assert distances(onward, start) == nx.single_source_shortest_path_length(graph, start)


def test_a_way_that_would_lead_into_a_dead_end_costs_nothing() -> None:
    """A large ring beside the way, from which nothing leads on but the way itself."""
    onward = {f"r{n}": [f"r{m}" for m in range(12) if m != n] for n in range(12)}
    onward["source"] = ["r0"]
    onward["r0"].append("target")
    onward["target"] = []
    assert list(ways(onward, "source", "target")) == [("source", "r0", "target")]


def test_out_of_a_ring_the_nearest_exit_counts() -> None:
    """The shortest way on is barred by the way itself, and of the other exits the last one is far."""
    onward = {
        "source": ["x1", "p1"],
        "x1": ["x2", "target"],
        "x2": ["x3"],
        "x3": ["x1", "x4", "near1"],
        "x4": ["x1", "far1"],
        "near1": ["near2"],
        "near2": ["target"],
        **{f"far{n}": [f"far{n + 1}"] for n in range(1, 4)},
        "far4": ["target"],
        **{f"p{n}": [f"p{n + 1}"] for n in range(1, 6)},
        "p6": ["target"],
        "target": [],
    }
    found = [len(way) for way in ways(onward, "source", "target")]
    assert found == [3, 7, 8, 10]
