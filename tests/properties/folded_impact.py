"""Ways between versions, and what came of a version, told from the folded log."""

from __future__ import annotations

from itertools import islice
from typing import Any

import networkx as nx

from tests.properties.folded import Folded
from tests.properties.folded_graph import Looked, lineage, whole

Told = Any


def paths(model: Folded, source: str, target: str, most: int) -> Told:
    """Return what lies between two versions, and the ways that visit no node twice.

    Of several ways of one length any may come first, so where there are more than are asked for, only
    their lengths are told.
    """
    graph = whole(model)
    graph.add_nodes_from((source, target))
    after = {source, *nx.descendants(graph, source)}
    between = after & {target, *nx.ancestors(graph, target)} or {source}
    ways = [(source,)] if source == target else _ways(graph, source, target, most)
    inside = graph.subgraph(between)
    return {
        "nodes": sorted(between),
        "edges": sorted(map(list, inside.edges)),
        "is_cut": len(ways) > most,
        "lengths": [len(way) for way in ways[:most]],
        "ways": None if len(ways) > most else sorted(map(list, ways)),
        "generations": {
            node: -(-steps // 2)
            for node, steps in nx.single_source_shortest_path_length(inside, source).items()
        },
    }


def _ways(graph: Any, source: str, target: str, most: int) -> list[tuple[str, ...]]:
    if not nx.has_path(graph, source, target):
        return []
    return [tuple(way) for way in islice(nx.shortest_simple_paths(graph, source, target), most + 1)]


def impact(model: Folded, start: str, looked: Looked) -> Told:
    """Return the versions and runs downstream, and how many there are."""
    found = lineage(model, start, looked)
    versions = [each for each in found["nodes"] if "type" in each and each["id"] != start]
    runs = [each for each in found["nodes"] if "type" not in each and each["id"] != start]
    through: dict[str, list[str]] = {}
    for edge in found["edges"]:
        if edge["kind"] == "produced":
            through.setdefault(edge["target"], []).append(edge["source"])
    kept = ("id", "generation", "name", "type", "aliases", "links", "deleted_at")
    links = [link for each in versions for link in each["links"]]
    return {
        "start": next(each for each in found["nodes"] if each["id"] == start),
        "rows": [
            {**{name: each[name] for name in kept}, "runs": through[each["id"]]}
            for each in versions
        ],
        "runs": runs,
        "cuts": found["cuts"],
        "totals": {
            "versions": len(versions),
            "deleted": sum(each["is_deleted"] for each in versions),
            "aliased": sum(
                bool(each["aliases"] or any(link["aliases"] for link in each["links"]))
                for each in versions
            ),
            "links": len(links),
            "registries": len(
                {
                    link["name"].split("/")[0]
                    for link in links
                    if link["name"].startswith("wandb-registry-")
                }
            ),
            "runs": len(runs),
            "running": sum(each["finished_at"] is None for each in runs),
        },
    }
