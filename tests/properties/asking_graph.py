"""Questions of the lineage graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

from stemmata_projections.lineage.nodes import Way
from tests.properties import folded_graph as graph
from tests.properties import folded_impact as impact
from tests.properties.asking import Args, Asked, Kind, shown
from tests.properties.folded import Folded
from tests.properties.folded_graph import Looked


def _starts(model: Folded) -> Iterator[tuple[str | None, str | None]]:
    """Yield names of versions, and paths of runs, from which a graph can start."""
    for version in (*model.versions, *model.ended.versions):
        yield graph.source_name(model, version), None
    for line in model.lines.values():
        for index in line.members:
            if line.is_link:
                yield f"{model.full_name(line)}:v{index}", None
    yield from ((None, path) for path in model.runs)
    yield "vision/p/none:v0", None
    yield None, "none/p/r"


def _bounded(model: Folded) -> Iterator[Args]:
    """Yield starts with bounds and things that are looked for, a few of each in turns."""
    middle = model.trail[len(model.trail) // 2].time
    looks = (
        Looked(direction="both"),
        Looked(direction="upstream"),
        Looked(direction="downstream"),
        Looked(direction="both", depth=1),
        Looked(direction="downstream", depth=2),
        Looked(direction="upstream", depth=0),
        Looked(direction="both", limit=3),
        Looked(direction="upstream", depth=2, limit=4),
        Looked(direction="both", types=("dataset",)),
        Looked(direction="both", states=("finished", "failed"), depth=2),
        Looked(direction="downstream", states=("running",), types=("model",)),
        Looked(direction="both", projects=("nlp/p",)),
        Looked(direction="both", since=middle),
        Looked(direction="both", until=middle, types=("model",)),
        Looked(direction="downstream", since=middle - timedelta(seconds=9), until=middle),
        Looked(direction="upstream", projects=("vision/p", "ada/p"), depth=3),
    )
    for n, (name, run) in enumerate(_starts(model)):
        for k in range(3):
            yield name, run, looks[(5 * n + 7 * k + model.position) % len(looks)]


def _lineage(asked: Asked, name: str | None, run: str | None, looked: Looked) -> object:
    found = asked.of("vision").lineage(name, run=run, **dataclasses.asdict(looked))
    json: Any = found.to_json()
    assert [each["id"] for each in json["nodes"]] == [each.id for each in found.nodes]
    assert len(json["edges"]) == len(found.edges)
    return {
        "start": found.start,
        "direction": found.direction,
        "nodes": shown(found.nodes),
        "edges": shown(found.edges),
        "cuts": sorted(shown(found.cuts), key=lambda each: (each["way"], each["node"])),
        "is_cut": found.is_cut,
        "roots": [each.id for each in found.roots()],
        "leaves": [each.id for each in found.leaves()],
    }


def _lineage_told(model: Folded, name: str | None, run: str | None, looked: Looked) -> object:
    return graph.lineage(model, graph.start_of(model, name, run), looked)


def _pairs(model: Folded) -> Iterator[Args]:
    """Yield two names of versions at a time, and how many ways are asked for."""
    versions = (*model.versions, *model.ended.versions)
    names = [graph.source_name(model, version) for version in versions]
    for n, source in enumerate(names):
        for k in range(4):
            yield source, names[(3 * n + k * (model.position + 1)) % len(names)], (1, 3, 10)[k % 3]
    yield "vision/p/none:v0", "vision/p/a:v0", 10


def _paths(asked: Asked, source: str, target: str, most: int) -> object:
    found = asked.of("vision").paths(source, target, most=most)
    edges = {(edge.source, edge.target) for edge in found.graph.edges}
    for way in found.paths:
        assert (way[0], way[-1]) == (found.source, found.target)
        assert len(set(way)) == len(way)
        assert all(pair in edges for pair in pairwise(way))
    assert len(set(found.paths)) == len(found.paths)
    assert found.shortest == (found.paths[0] if found.paths else None)
    return {
        "nodes": sorted(node.id for node in found.graph.nodes),
        "edges": sorted(edges),
        "is_cut": found.is_cut,
        "lengths": [len(way) for way in found.paths],
        "ways": None if found.is_cut else sorted(found.paths),
        "generations": {node.id: node.generation for node in found.graph.nodes},
    }


def _paths_told(model: Folded, source: str, target: str, most: int) -> object:
    begins, ends = (graph.start_of(model, name, None) for name in (source, target))
    return impact.paths(model, begins, ends, most)


def _downstream(model: Folded) -> Iterator[Args]:
    for name, run, looked in _bounded(model):
        yield name, run, Looked(direction="downstream", depth=looked.depth, limit=looked.limit)


def _impact(asked: Asked, name: str | None, run: str | None, looked: Looked) -> object:
    found = asked.of("vision").impact(name, run=run, depth=looked.depth, limit=looked.limit)
    return {
        "start": shown(found.start),
        "rows": shown(found.rows),
        "runs": shown(found.runs),
        "cuts": sorted(shown(found.cuts), key=lambda each: (each["way"], each["node"])),
        "totals": shown(found.totals),
    }


def _impact_told(model: Folded, name: str | None, run: str | None, looked: Looked) -> object:
    return impact.impact(model, graph.start_of(model, name, run), looked)


def _reached(model: Folded) -> Iterator[Args]:
    for n, (name, run) in enumerate(_starts(model)):
        yield name, run, ("upstream", "downstream")[(n + model.position) % 2]


def _reach(asked: Asked, name: str | None, run: str | None, direction: Way) -> object:
    found = asked.of("vision").reach(name, run=run, direction=direction)
    assert len(set(found.versions)) == len(found.versions)
    assert len(set(found.runs)) == len(found.runs)
    return {
        "start": found.start,
        "versions": sorted(found.versions),
        "runs": sorted(found.runs),
        "generations": found.generations,
    }


def _reach_told(model: Folded, name: str | None, run: str | None, direction: Way) -> object:
    start = graph.start_of(model, name, run)
    steps = graph.signed_steps(graph.walked(model, start, Looked(direction=direction)))
    beyond = [node for node in steps if node != start]
    far = max(
        (graph.generation(abs(steps[n]), from_run=start in model.runs) for n in beyond), default=0
    )
    return {
        "start": start,
        "versions": sorted(node for node in beyond if node not in model.runs),
        "runs": sorted(node for node in beyond if node in model.runs),
        "generations": far,
    }


GRAPH = (
    Kind("reach", _reached, _reach, _reach_told),
    Kind("lineage", _bounded, _lineage, _lineage_told),
    Kind("paths", _pairs, _paths, _paths_told),
    Kind("impact", _downstream, _impact, _impact_told),
)
