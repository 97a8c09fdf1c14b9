"""Questions of the lineage graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta

from tests.properties import folded_graph as graph
from tests.properties.asking import Args, Asked, Kind, shown
from tests.properties.folded import Folded
from tests.properties.folded_graph import Looked


def _starts(model: Folded) -> Iterator[tuple[str | None, str | None]]:
    """Yield names of versions, and paths of runs, from which a graph can start."""
    for version in model.versions:
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
    json = found.to_json()
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


GRAPH = (Kind("lineage", _bounded, _lineage, _lineage_told),)
