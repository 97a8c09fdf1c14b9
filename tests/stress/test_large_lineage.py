"""Long histories: nothing is lost, nothing is cut without a word, and networkx finds the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice

import networkx as nx
import pytest

from stemmata_projections.lineage.exploring import explore
from stemmata_projections.lineage.impact import impact_in
from stemmata_projections.lineage.nodes import Direction
from stemmata_projections.lineage.paths import paths_between
from stemmata_projections.lineage.selection import Sought
from stemmata_projections.view_store import ViewStore
from tests.projections.pedigree import Graph, Pedigree, edges_of, grown, is_run

DIRECTIONS: tuple[Direction, ...] = ("upstream", "downstream", "both")


def chain(nodes: int) -> Pedigree:
    """Each version is made of the one before."""
    pedigree = Pedigree()
    made = pedigree.log("a")
    for n in range(nodes // 2):
        run = pedigree.run(f"r{n}")
        pedigree.use(run, made)
        made = pedigree.log("a")
        pedigree.produce(run, made)
    return pedigree


def star(nodes: int) -> Pedigree:
    """One version is used by all runs, half of which produce something."""
    pedigree = Pedigree()
    middle = pedigree.log("middle", type="dataset")
    for n in range(nodes * 2 // 3):
        run = pedigree.run(f"r{n}", state="failed" if n % 2 else "finished")
        pedigree.use(run, middle)
        if n % 2 == 0:
            pedigree.produce(run, pedigree.log(f"a{n // 1000}"))
    return pedigree


def bush(nodes: int) -> Pedigree:
    """Runs take three of the versions made lately, some ancient ones among them."""
    pedigree = grown(
        versions=nodes * 2 // 3 + 3, inputs=3, outputs=2, chance=random.Random(7), window=400
    )
    chance = random.Random(8)
    versions = sorted((node for node in pedigree.graph if not is_run(node)), key=str)
    for version in chance.sample(versions, 50):
        pedigree.delete(version)
    # Runs that log again what was there before, so that there are cycles.
    runs = sorted(node for node in pedigree.graph if is_run(node))
    for run in chance.sample(runs, 5):
        old = chance.choice(sorted(nx.ancestors(pedigree.graph, run)))
        if not is_run(old):
            pedigree.produce(run, old)
    return pedigree


SHAPES: dict[str, Callable[[int], Pedigree]] = {"chain": chain, "star": star, "bush": bush}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((shape, size), id=f"{shape}-{size}", marks=marks)
        for shape in SHAPES
        for size, marks in ((3_000, ()), (100_000, pytest.mark.torture))
    ],
)
def history(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Pedigree, ViewStore]]:
    shape, size = request.param
    pedigree = SHAPES[shape](size)
    assert len(pedigree.graph) >= size
    views = pedigree.in_sqlite(tmp_path_factory.mktemp("views"))
    yield pedigree, views
    views.close()


History = tuple[Pedigree, ViewStore]


def starts(pedigree: Pedigree) -> list[str]:
    """The first version, the last one, and some versions and runs between."""
    nodes = list(pedigree.graph)
    return [nodes[0], nodes[-1], *random.Random(3).sample(nodes, 2)]


def reached(graph: Graph, start: str, direction: Direction, most: int | None) -> set[str]:
    found: set[str] = set()
    if direction != "downstream":
        turned = graph.reverse(copy=False)
        found |= set(nx.single_source_shortest_path_length(turned, start, cutoff=most))
    if direction != "upstream":
        found |= set(nx.single_source_shortest_path_length(graph, start, cutoff=most))
    return found


def test_unbounded_graphs_are_whole(history: History) -> None:
    pedigree, views = history
    for at in (None, pedigree.head // 2):
        graph = pedigree.at(at)
        for start in starts(pedigree):
            if start not in graph:
                continue
            for direction in DIRECTIONS:
                answer = explore(views, start, at=at, is_run=is_run(start), direction=direction)
                nodes = {node.id for node in answer.nodes}
                assert nodes == reached(graph, start, direction, None)
                assert len(nodes) == len(answer.nodes)
                if direction != "both":
                    edges = {(edge.source, edge.target) for edge in answer.edges}
                    assert edges == edges_of(graph, nodes)
                assert not answer.is_cut


def test_bounded_graphs_are_right_and_say_that_they_are_cut(history: History) -> None:
    pedigree, views = history
    graph = pedigree.graph
    for start in starts(pedigree):
        whole = {way: reached(graph, start, way, None) for way in DIRECTIONS}
        for depth in (1, 3):
            steps = 2 * depth - is_run(start)
            for direction in DIRECTIONS:
                ask = {"is_run": is_run(start), "direction": direction, "depth": depth}
                answer = explore(views, start, **ask)  # type: ignore[arg-type]  # a plain dict
                nodes = {node.id for node in answer.nodes}
                assert nodes == reached(graph, start, direction, steps)
                if direction != "both":
                    on = graph.pred if direction == "upstream" else graph.succ
                    beyond = {node: len(set(on[node]) - nodes) for node in nodes}
                    assert {cut.node: cut.edges for cut in answer.cuts} == {
                        node: count for node, count in beyond.items() if count
                    }
                assert answer.is_cut or nodes == whole[direction]
        for direction in DIRECTIONS:
            answer = explore(views, start, is_run=is_run(start), direction=direction, limit=100)
            assert len(answer.nodes) == min(100, len(whole[direction]))
            assert answer.is_cut or len(whole[direction]) <= 100


def test_paths_are_right(history: History) -> None:
    pedigree, views = history
    graph = pedigree.graph
    versions = [node for node in graph if not is_run(node)]
    chance = random.Random(5)
    pairs = [(versions[0], versions[-1]), *(tuple(chance.sample(versions, 2)) for _ in range(4))]
    for source, target in pairs:
        found = paths_between(views, source, target, most=3)
        if not nx.has_path(graph, source, target):
            assert found.paths == ()
            continue
        between = (nx.descendants(graph, source) | {source}) & (
            nx.ancestors(graph, target) | {target}
        )
        assert {node.id for node in found.graph.nodes} == between
        lengths = [len(path) - 1 for path in found.paths]
        assert lengths[0] == nx.shortest_path_length(graph, source, target)
        assert lengths == sorted(lengths)
        assert len(set(found.paths)) == len(found.paths)
        # networkx looks through the whole graph for each step of a way.
        if len(between) < 5_000:
            ways = nx.shortest_simple_paths(graph.subgraph(between), source, target)
            assert lengths == [len(path) - 1 for path in islice(ways, 3)]
        assert all(nx.is_simple_path(graph, path) for path in found.paths)


def test_impact_loses_nothing(history: History) -> None:
    pedigree, views = history
    start = next(iter(pedigree.graph))
    impact = impact_in(explore(views, start, direction="downstream"))
    down = nx.descendants(pedigree.graph, start)
    assert {row.id for row in impact.rows} == {n for n in down - {start} if not is_run(n)}
    assert {run.id for run in impact.runs} == {n for n in down if is_run(n)}
    assert impact.totals.deleted == len((down - {start}) & set(pedigree.deleted))


def test_what_is_far_away_is_found_and_the_way_to_it_shown(history: History) -> None:
    pedigree, views = history
    start = next(iter(pedigree.graph))
    sought = Sought(states=("nothing of the kind",))
    assert [node.id for node in explore(views, start, sought=sought).nodes] == [start]
    failed = explore(views, start, sought=Sought(states=("failed",)), direction="downstream")
    matches = {node.id for node in failed.nodes if node.matches}
    down = nx.descendants(pedigree.graph, start)
    assert matches <= down
    for node in failed.nodes:
        assert node.id == start or node.id in down


def test_every_form_has_every_node(history: History) -> None:
    pedigree, views = history
    start = next(iter(pedigree.graph))
    graph = explore(views, start)
    tree = graph.to_tree()
    assert max(map(len, tree.splitlines())) < 1_000
    words = set(tree.replace(",", " ").split())
    assert all(node.title in words for node in graph.nodes)
    document = graph.to_json()
    assert isinstance(document["nodes"], list)
    assert len(document["nodes"]) == len(graph.nodes)
    assert graph.to_mermaid().count(":::") >= len(graph.nodes)
    assert graph.to_dot().count("label=") == len(graph.nodes)
