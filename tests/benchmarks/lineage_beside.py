"""Lineage of three generations beside ML Metadata, in a graph that it is given too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import networkx as nx

from stemmata_projections.lineage.exploring import explore
from tests.benchmarks.bench import Bench, beside
from tests.benchmarks.lineage import size, with_about
from tests.benchmarks.lineage_filling import fill
from tests.benchmarks.lineage_sql import recursed_with_rows
from tests.benchmarks.peers.process import Process
from tests.benchmarks.results import Row, ahead

_HOPS = 6
"""Three generations: each is an edge into a run and one out of it."""


def lineage_beside(bench: Bench) -> Iterator[Row]:
    """Ask for what lies near a version, of us and of the peer."""
    place, database = "lineage_small", bench.database
    filled = fill(database.url(place), edges=bench.size.peer_edges)
    start = with_about(filled.graph, nodes=40)
    views, expected = filled.views, size(filled.graph, start)
    with ExitStack() as stack:
        stack.callback(filled.close)
        database.settle(place)
        peers = [each for each in bench.peers if each.package == "ml-metadata"]
        runs = bench.folder / "runs.jsonl"
        _write(runs, filled.graph)
        processes: list[Process] = []
        for peer in peers if database.name == "sqlite" else ():
            mode = peer.modes[-1]
            folder = bench.folder / "peers" / f"lineage-{mode.word}"
            process = Process(peer, mode, folder)
            stack.callback(process.close)
            process.do("fill_lineage", str(runs))
            processes.append(process)
        for process in processes:
            found = process.do("lineage", start, _HOPS)
            assert found == expected, (found, expected)
        answer, read, others = beside(
            lambda: explore(views, start, direction="downstream", depth=3),
            lambda: recursed_with_rows(database, place, start),
            [
                (each, "get_lineage_subgraph", partial(each.timed, "lineage", start, _HOPS))
                for each in processes
            ],
            rounds=max(3, bench.size.rounds // 10),
        )
    edges = filled.graph.number_of_edges()
    yield Row(
        id="lineage-beside",
        on=database.name,
        what=f"lineage, 3 generations down, {expected} nodes of {edges:,} edges: the whole answer",
        ours=answer,
        floor=read,
        floor_is="raw recursive query, and the rows of nodes and edges",
        goals=ahead(3, answer, others),
        peers=others,
    )


def _write(path: Path, graph: nx.DiGraph) -> None:
    runs = (node for node in graph if ":" not in node)
    with path.open("w") as file:
        for run in runs:
            file.write(json.dumps([list(graph.pred[run]), list(graph.succ[run])]) + "\n")
