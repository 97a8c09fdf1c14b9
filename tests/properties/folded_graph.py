"""What came of what, told from the folded log; walks and ways are those of networkx."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import networkx as nx

from tests.properties.folded import Folded, FoldedEdge, Refusal
from tests.properties.folded_names import resolved

Told = Any


@dataclass(frozen=True)
class Looked:
    """What was looked for in a graph, and within which bounds."""

    direction: str = "both"
    depth: int | None = None
    limit: int | None = None
    types: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return not (self.types or self.states or self.projects or self.since or self.until)


EVERYTHING = Looked()


@dataclass
class Way:
    """A walk from a start, with the graph turned so that it leads along the arrows."""

    turned: Any
    upstream: bool
    steps: dict[str, int] = field(default_factory=dict)
    bound: int | None = None

    def left_out(self, node: str) -> int:
        """Return to how many nodes edges lead that were not found."""
        return sum(to not in self.steps for to in self.turned.successors(node))


def whole(model: Folded) -> Any:
    """Return the graph of everything; its arrows point from what was there first."""
    graph = nx.DiGraph()
    for edge in model.edges:
        graph.add_edge(*_ends(edge))
    return graph


def _ends(edge: FoldedEdge) -> tuple[str, str]:
    return (edge.version, edge.run) if edge.kind == "used" else (edge.run, edge.version)


def lineage(model: Folded, start: str, looked: Looked = EVERYTHING) -> Told:
    """Return the graph around the version with an id or the run with a path."""
    ways = walked(model, start, looked)
    steps = signed_steps(ways)
    matching = {node for node in steps if matches(model, node, looked)}
    kept = set(steps)
    if not looked.is_everything:
        kept = {start}.union(*(_on_the_way(way, matching) for way in ways))
    edges = edges_of(model, ways, kept)
    targets, sources = {each["target"] for each in edges}, {each["source"] for each in edges}
    order = sorted(kept, key=lambda node: (steps[node], came_to_be(model, node), node))
    told = [
        node_told(
            model, node, generation(steps[node], from_run=start in model.runs), node in matching
        )
        for node in order
    ]
    cuts = [_cut(model, way, node) for way in ways for node in way.steps if way.left_out(node)]
    return {
        "start": start,
        "direction": looked.direction,
        "nodes": told,
        "edges": edges,
        "cuts": sorted(cuts, key=lambda each: (each["way"], each["node"])),
        "is_cut": bool(cuts),
        "roots": [node for node in order if node not in targets],
        "leaves": [node for node in order if node not in sources],
    }


def start_of(model: Folded, name: str | None, run: str | None) -> str:
    """Return the node at which a graph starts; a link is its source, and a deleted version itself."""
    if name is not None:
        gone = [each for each in model.ended.versions if source_name(model, each) == name]
        return gone[0] if gone else str(resolved(model, name, "vision")["id"])
    if run not in model.runs:
        raise Refusal("UnknownRun")
    return str(run)


# --- walking -----------------------------------------------------------------------------------


def walked(model: Folded, start: str, looked: Looked) -> list[Way]:
    """Return the walks from a start: those of networkx, and by hand where nodes are counted."""
    graph = whole(model)
    graph.add_node(start)
    chosen = [("upstream", graph.reverse()), ("downstream", graph)]
    ways = [
        Way(turned, name == "upstream")
        for name, turned in chosen
        if looked.direction in (name, "both")
    ]
    bound = None if looked.depth is None else max(0, 2 * looked.depth - (start in model.runs))
    for way in ways:
        found = nx.single_source_shortest_path_length(way.turned, start, cutoff=bound)
        way.steps = dict(found)
        way.bound = bound
    if looked.limit is not None:
        _count(ways, start, looked.limit, bound)
    return ways


def _count(ways: list[Way], start: str, limit: int, bound: int | None) -> None:
    """Let the walks find only the nearest nodes, level by level, upstream before downstream.

    A node that one walk has found costs the other nothing.
    """
    known = {start}
    frontiers: list[set[str]] = [{start} for _ in ways]
    for way in ways:
        way.steps = {start: 0}
    level = 0
    while any(frontiers) and level != bound:
        level += 1
        for n, way in enumerate(ways):
            ahead = {to for node in frontiers[n] for to in way.turned.successors(node)}
            ahead -= set(way.steps)
            new = sorted(ahead - known, key=lambda node: (len(node), node))
            frontiers[n] = (ahead & known) | set(new[: max(0, limit - len(known))])
            way.steps.update(dict.fromkeys(frontiers[n], level))
            known |= frontiers[n]


def signed_steps(ways: Iterable[Way]) -> dict[str, int]:
    """Return how many edges a node is away, upstream below zero; the nearer way counts."""
    found: dict[str, int] = {}
    for way in ways:
        for node, step in way.steps.items():
            if node not in found or step < abs(found[node]):
                found[node] = -step if way.upstream else step
    return found


def generation(step: int, *, from_run: bool) -> int:
    """Return the generation of a node; a version and the run beyond it are one."""
    away = abs(step)
    if from_run and away:
        away += 1
    return (away + 1) // 2 * (-1 if step < 0 else 1)


def _on_the_way(way: Way, matching: set[str]) -> set[str]:
    found = way.turned.subgraph(way.steps)
    return {
        node
        for node in way.steps
        if node in matching or matching.intersection(nx.descendants(found, node))
    }


# --- what a node and an edge say ---------------------------------------------------------------


def came_to_be(model: Folded, node: str) -> datetime:
    if node in model.runs:
        return model.runs[node].started_at
    return model.any_version(node).created_at


def title(model: Folded, node: str) -> str:
    return node if node in model.runs else source_name(model, node)


def source_name(model: Folded, version: str) -> str:
    what = model.any_version(version)
    return f"{model.full_name(model.lines[what.artifact])}:v{what.index}"


def matches(model: Folded, node: str, looked: Looked) -> bool:
    """Tell whether a node is what is looked for."""
    if node in model.runs:
        run = model.runs[node]
        fits = bool(looked.states or not looked.types)
        fits &= not looked.states or run.state in looked.states
        project = f"{run.started.entity}/{run.started.project}"
    else:
        line = model.lines[model.any_version(node).artifact]
        fits = bool(looked.types or not looked.states)
        fits &= not looked.types or line.type in looked.types
        project = line.scope
    fits &= not looked.projects or project in looked.projects
    at = came_to_be(model, node)
    fits &= looked.since is None or looked.since <= at
    return fits and (looked.until is None or at < looked.until)


def node_told(model: Folded, node: str, generation: int, matching: bool) -> Told:
    if node in model.runs:
        run = model.runs[node]
        return {
            "id": node,
            "name": run.started.name,
            "job_type": run.started.job_type,
            "state": run.state,
            "started_at": run.started_at,
            "started_by": run.started_by,
            "finished_at": run.finished_at,
            "generation": generation,
            "matches": matching,
            "title": node,
        }
    what = model.any_version(node)
    source = model.lines[what.artifact]
    gone = model.ended.tombstones.get(node)
    return {
        "id": node,
        "name": source_name(model, node),
        "type": source.type,
        "created_at": what.created_at,
        "created_by": what.created_by,
        "run": what.logged.run,
        "aliases": [] if gone else source.aliases_of(what.index),
        "links": linked_names(model, node),
        "deleted_at": gone and gone.at,
        "generation": generation,
        "matches": matching,
        "title": source_name(model, node),
        "is_deleted": gone is not None,
    }


def linked_names(model: Folded, version: str) -> Told:
    found = sorted(model.links_of(version), key=lambda each: (each[2].at, each[0].id, each[1]))
    return [
        {"name": f"{model.full_name(line)}:v{index}", "aliases": line.aliases_of(index)}
        for line, index, _ in found
    ]


def edges_of(model: Folded, ways: Iterable[Way], kept: set[str]) -> list[Told]:
    """Return the edges along which walks went between nodes that are kept."""
    groups: dict[tuple[str, str], list[FoldedEdge]] = {}
    for way in ways:
        for edge in model.edges:
            ends = _ends(edge)
            if all(end in way.steps and end in kept for end in ends):
                group = groups.setdefault(ends, [])
                if edge not in group:
                    group.append(edge)
    found = [_edge(model, ends, group) for ends, group in groups.items()]
    return sorted(found, key=lambda each: (each["at"], each["source"], each["target"]))


def _edge(model: Folded, ends: tuple[str, str], group: list[FoldedEdge]) -> Told:
    ordered = sorted(group, key=lambda edge: (edge.at, edge.through))
    first = ordered[0]
    through = [f"{_ever(model, each.through)}:v{each.index}" for each in ordered]
    return {
        "source": ends[0],
        "target": ends[1],
        "kind": first.kind,
        "through": through if first.kind == "used" else [],
        "at": first.at,
        "by": first.by,
    }


def _ever(model: Folded, line: str) -> str:
    return model.full_name(model.any_line(line))


def _cut(model: Folded, way: Way, node: str) -> Told:
    return {
        "node": node,
        "title": title(model, node),
        "is_run": node in model.runs,
        "way": "upstream" if way.upstream else "downstream",
        "edges": way.left_out(node),
        "bound": "depth" if way.steps[node] == way.bound else "limit",
    }
