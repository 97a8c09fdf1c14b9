"""Whatever the graph is like, what is found in it is what networkx finds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice, product
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemmata_projections.lineage.exploring import explore
from stemmata_projections.lineage.impact import impact_in
from stemmata_projections.lineage.nodes import Direction, Node, VersionNode
from stemmata_projections.lineage.paths import paths_between
from stemmata_projections.lineage.selection import Sought
from stemmata_projections.lineage.views import Graph as Answer
from stemmata_projections.view_store import ViewStore
from tests.projections.history import moment
from tests.projections.pedigree import Graph, Pedigree, edges_of, is_run

DIRECTIONS: tuple[Direction, ...] = ("upstream", "downstream", "both")


@st.composite
def pedigrees(draw: st.DrawFn) -> Pedigree:
    """Runs that use and log anything, their own inputs too: with cycles, links and deletions."""
    pedigree = Pedigree()
    versions = [
        pedigree.log(f"a{n % 3}", type=("model", "dataset")[n % 2], project=f"p{n % 2}")
        for n in range(draw(st.integers(1, 8)))
    ]
    states = st.sampled_from([None, "finished", "failed"])
    runs = [
        pedigree.run(f"r{n}", project=f"p{n % 2}", state=draw(states))
        for n in range(draw(st.integers(1, 6)))
    ]
    deeds = st.tuples(
        st.sampled_from(["use", "use", "use", "produce", "produce", "produce", "link", "delete"]),
        st.sampled_from(runs),
        st.sampled_from(versions),
    )
    used: set[tuple[str, str, str | None]] = set()
    for deed, run, version in draw(st.lists(deeds, min_size=10, max_size=50)):
        match deed:
            case "use":
                through = "kept" if version in pedigree.links and len(used) % 2 else None
                if (run, version, through) not in used:
                    used.add((run, version, through))
                    pedigree.use(run, version, through=through)
            case "produce":
                pedigree.produce(run, version)
            case "link" if version not in pedigree.deleted:
                pedigree.link(version)
            case "delete" if version not in pedigree.deleted:
                pedigree.delete(version)
            case _:
                pass
    return pedigree


@contextmanager
def stores(pedigree: Pedigree) -> Iterator[list[ViewStore]]:
    """Both kinds of view stores, each having followed the same history."""
    with tempfile.TemporaryDirectory() as folder:
        views = [pedigree.in_memory(), pedigree.in_sqlite(Path(folder))]
        yield views
        for each in views:
            each.close()


def steps_to(graph: Graph, start: str, *, upstream: bool, most: int | None) -> dict[str, int]:
    turned = graph.reverse(copy=False) if upstream else graph
    return dict(nx.single_source_shortest_path_length(turned, start, cutoff=most))


def most_steps(start: str, depth: int | None) -> int | None:
    return None if depth is None else max(0, 2 * depth - is_run(start))


def generation(start: str, steps: int) -> int:
    """Generations counted by hand: around a version (run, version), around a run (version)."""
    runs_first = not is_run(start)
    return sum(1 for step in range(1, steps + 1) if (step % 2 == 1) == runs_first or step == 1)


def ids(nodes: tuple[Node, ...]) -> set[str]:
    return {node.id for node in nodes}


def check(answer: Answer, graph: Graph, *, depth: int | None) -> None:
    """Compare an answer that no filter and no limit bounds with networkx."""
    start = answer.start
    nodes, edges, cuts = set(), set(), set()
    away: dict[str, int] = {}
    for upstream in (True, False):
        if answer.direction == ("downstream" if upstream else "upstream"):
            continue
        steps = steps_to(graph, start, upstream=upstream, most=most_steps(start, depth))
        nodes |= set(steps)
        edges |= edges_of(graph, steps)
        for node, number in steps.items():
            away[node] = min(away.get(node, number), number)
            beyond = set(graph.pred[node] if upstream else graph.succ[node]) - set(steps)
            if beyond:
                cuts.add((node, "upstream" if upstream else "downstream", len(beyond)))
    assert ids(answer.nodes) == nodes
    assert len(answer.nodes) == len(nodes)
    assert {(edge.source, edge.target) for edge in answer.edges} == edges
    assert len(answer.edges) == len(edges)
    assert {(cut.node, cut.way, cut.edges) for cut in answer.cuts} == cuts
    assert answer.is_cut == bool(cuts) == (answer.how_to_go_on is not None)
    for each in answer.nodes:
        assert abs(each.generation) == generation(start, away[each.id]), each
        assert each.matches
    found = graph.edge_subgraph(edges)
    assert ids(answer.roots()) == nodes - {node for node in found if found.in_degree(node)}
    assert ids(answer.leaves()) == nodes - {node for node in found if found.out_degree(node)}


def check_edges(answer: Answer, pedigree: Pedigree, *, now: int) -> None:
    for edge in answer.edges:
        begun = pedigree.graph.edges[edge.source, edge.target]["since"]
        assert edge.at == moment(begun)
        assert edge.kind == ("produced" if is_run(edge.source) else "used")
        uses = pedigree.uses.get((edge.source, edge.target), [])
        assert edge.through == tuple(name for since, name in uses if since <= now)


@given(pedigree=pedigrees(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_walk_finds_what_networkx_finds(pedigree: Pedigree, data: st.DataObject) -> None:
    with stores(pedigree) as views:
        for at in (None, data.draw(st.integers(0, pedigree.head), label="at")):
            graph = pedigree.at(at)
            for start in graph:
                for direction in DIRECTIONS:
                    for depth in (None, 0, 1, 2, 3):
                        found = [
                            explore(
                                each,
                                start,
                                at=at,
                                is_run=is_run(start),
                                direction=direction,
                                depth=depth,
                            )
                            for each in views
                        ]
                        assert found[0] == found[1]
                        check(found[0], graph, depth=depth)
                        check_edges(found[0], pedigree, now=pedigree.head if at is None else at)


@given(pedigree=pedigrees(), data=st.data())
@settings(max_examples=12, deadline=None)
def test_a_limit_keeps_the_nearest_nodes_and_says_what_it_left_out(
    pedigree: Pedigree, data: st.DataObject
) -> None:
    graph = pedigree.graph
    start = data.draw(st.sampled_from(sorted(graph)))
    depth = data.draw(st.sampled_from([None, 1, 2]))
    with stores(pedigree) as views:
        for direction, limit in product(DIRECTIONS, range(1, len(graph) + 2)):
            answer, other = (
                explore(
                    each,
                    start,
                    is_run=is_run(start),
                    direction=direction,
                    limit=limit,
                    depth=depth,
                )
                for each in views
            )
            assert answer == other
            nodes = ids(answer.nodes)
            whole: set[str] = set()
            unfollowed: dict[tuple[str, str], int] = {}
            for upstream in (True, False):
                way = "upstream" if upstream else "downstream"
                if direction not in (way, "both"):
                    continue
                steps = steps_to(graph, start, upstream=upstream, most=most_steps(start, depth))
                whole |= set(steps)
                if direction != "both":
                    # Whoever is in is not farther away than anybody who is not.
                    left = [steps[node] for node in set(steps) - nodes]
                    assert max(steps[node] for node in nodes) <= min(left, default=99)
                    for node in nodes:
                        beyond = set(graph.pred[node] if upstream else graph.succ[node]) - nodes
                        if beyond:
                            unfollowed[node, way] = len(beyond)
            assert len(nodes) == min(limit, len(whole))
            assert nodes <= whole
            if direction != "both":
                assert {(c.node, c.way): c.edges for c in answer.cuts} == unfollowed
                assert {(e.source, e.target) for e in answer.edges} == edges_of(graph, nodes)
            if nodes < whole:
                assert answer.is_cut
                assert any(cut.bound == "limit" for cut in answer.cuts)


SOUGHT = st.builds(
    Sought,
    types=st.sampled_from([(), ("model",), ("dataset", "nothing")]),
    states=st.sampled_from([(), ("running",), ("finished", "failed")]),
    projects=st.sampled_from([(), ("vision/p1",)]),
)


def fits(node: Node, sought: Sought) -> bool:
    if isinstance(node, VersionNode):
        if sought.states and not sought.types:
            return False
        place = node.name.rpartition("/")[0]
        fitting = not sought.types or node.type in sought.types
    else:
        if sought.types and not sought.states:
            return False
        place = node.id.rpartition("/")[0]
        fitting = not sought.states or node.state in sought.states
    return fitting and (not sought.projects or place in sought.projects)


@given(pedigree=pedigrees(), sought=SOUGHT, data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_filter_keeps_what_matches_and_what_is_on_the_way_to_it(
    pedigree: Pedigree, sought: Sought, data: st.DataObject
) -> None:
    graph = pedigree.graph
    start = data.draw(st.sampled_from(sorted(graph)))
    with stores(pedigree) as views:
        for direction in DIRECTIONS:
            ask = partial(explore, start=start, is_run=is_run(start), direction=direction)
            answer, other = (ask(each, sought=sought) for each in views)
            assert answer == other
            whole = ask(views[0])
            matching = {node.id for node in whole.nodes if fits(node, sought)}
            assert {node.id for node in answer.nodes if node.matches} == matching
            kept = {start}
            for upstream in (True, False):
                if direction == ("downstream" if upstream else "upstream"):
                    continue
                turned = graph.reverse() if upstream else graph
                reach = nx.descendants(turned, start) | {start}
                for match in matching & reach:
                    kept |= (nx.ancestors(turned, match) & reach) | {match}
            assert ids(answer.nodes) == kept
            assert not answer.is_cut


@given(pedigree=pedigrees(), data=st.data())
@settings(max_examples=80, deadline=None)
def test_paths_are_those_of_networkx_shortest_first(
    pedigree: Pedigree, data: st.DataObject
) -> None:
    at = data.draw(st.one_of(st.none(), st.integers(0, pedigree.head)))
    graph = pedigree.at(at)
    versions = sorted(node for node in graph if not is_run(node))
    if not versions:
        return
    most = data.draw(st.sampled_from([1, 2, 10]))
    with stores(pedigree) as views:
        for source in versions:
            for target in versions:
                found, other = (
                    paths_between(each, source, target, at=at, most=most) for each in views
                )
                assert found == other
                if source == target or not nx.has_path(graph, source, target):
                    assert found.paths == (((source,),) if source == target else ())
                    assert not found.is_cut
                    if source != target:
                        assert ids(found.graph.nodes) == {source}
                    continue
                every = list(islice(nx.shortest_simple_paths(graph, source, target), most + 1))
                assert [len(path) for path in found.paths] == [len(p) for p in every[:most]]
                assert len(set(found.paths)) == len(found.paths)
                assert all(nx.is_simple_path(graph, path) for path in found.paths)
                assert {(p[0], p[-1]) for p in found.paths} == {(source, target)}
                assert found.is_cut == (len(every) > most)
                assert found.shortest == found.paths[0]
                between = (nx.descendants(graph, source) | {source}) & (
                    nx.ancestors(graph, target) | {target}
                )
                assert ids(found.graph.nodes) == between
                edges = {(edge.source, edge.target) for edge in found.graph.edges}
                assert edges == edges_of(graph, between)
                assert not found.graph.is_cut


@given(pedigree=pedigrees(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_impact_has_every_version_and_run_downstream(
    pedigree: Pedigree, data: st.DataObject
) -> None:
    at = data.draw(st.one_of(st.none(), st.integers(0, pedigree.head)))
    graph = pedigree.at(at)
    now = pedigree.head if at is None else at
    with stores(pedigree) as views:
        for start in graph:
            down = nx.descendants(graph, start)
            answers = [
                impact_in(explore(each, start, at=at, is_run=is_run(start), direction="downstream"))
                for each in views
            ]
            impact = answers[0]
            assert impact == answers[1]
            assert {row.id for row in impact.rows} == {n for n in down if not is_run(n)}
            assert {run.id for run in impact.runs} == {n for n in down if is_run(n)}
            for row in impact.rows:
                assert set(row.runs) == set(graph.pred[row.id]) & (down | {start})
                deleted = pedigree.deleted.get(row.id, now + 1) <= now
                assert (row.deleted_at is not None) == deleted
                linked = [name for since, name in pedigree.links.get(row.id, ()) if since <= now]
                assert [link.name for link in row.links] == linked
            totals = impact.totals
            assert (totals.versions, totals.runs) == (len(impact.rows), len(impact.runs))
            assert totals.links == sum(len(row.links) for row in impact.rows)


@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_there_are_as_many_steps_as_the_paths_are_long_however_many_paths_there_are(
    store: str, tmp_path: Path
) -> None:
    """Sixty diamonds in a row: more paths than could ever be gone through."""
    pedigree = Pedigree()
    at = first = pedigree.log("a")
    for n in range(60):
        made = pedigree.log("a")
        for way in range(2):
            run = pedigree.run(f"r{n}-{way}")
            pedigree.use(run, at)
            pedigree.produce(run, made)
        at = made
    views = pedigree.in_memory() if store == "memory" else pedigree.in_sqlite(tmp_path)
    found = paths_between(views, first, at, most=100)
    assert len(set(found.paths)) == 100
    assert {len(path) for path in found.paths} == {121}
    assert found.is_cut
    assert len(found.graph.nodes) == 61 + 120
