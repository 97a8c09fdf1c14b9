"""Graphs as JSON documents: which keys each part has. They are public, and stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue

from stemmata_domain.codec import time_text
from stemmata_projections.lineage.nodes import Cut, Edge, LinkedName, Node, RunNode

Document = dict[str, JsonValue]


def of_node(node: Node) -> Document:
    """Return a node; `kind` says what it is."""
    if isinstance(node, RunNode):
        return {
            "kind": "run",
            "id": node.id,
            "name": node.name,
            "job_type": node.job_type,
            "state": node.state,
            "started_at": time_text(node.started_at),
            "started_by": node.started_by,
            "finished_at": _time(node.finished_at),
            "generation": node.generation,
            "matches": node.matches,
        }
    return {
        "kind": "version",
        "id": node.id,
        "name": node.name,
        "type": node.type,
        "created_at": time_text(node.created_at),
        "created_by": node.created_by,
        "run": node.run,
        "aliases": list(node.aliases),
        "links": [of_link(link) for link in node.links],
        "deleted_at": _time(node.deleted_at),
        "generation": node.generation,
        "matches": node.matches,
    }


def of_link(link: LinkedName) -> Document:
    """Return a link, by its name."""
    return {"name": link.name, "aliases": list(link.aliases)}


def of_edge(edge: Edge) -> Document:
    """Return an edge."""
    return {
        "source": edge.source,
        "target": edge.target,
        "kind": edge.kind,
        "through": list(edge.through),
        "at": time_text(edge.at),
        "by": edge.by,
    }


def of_cut(cut: Cut) -> Document:
    """Return a cut."""
    return {
        "node": cut.node,
        "kind": "run" if cut.is_run else "version",
        "title": cut.title,
        "way": cut.way,
        "edges": cut.edges,
        "bound": cut.bound,
    }


def how_to_go_on(cuts: Sequence[Cut], *, depth: int | None, limit: int | None) -> str | None:
    """Return a sentence on where and why a graph was cut, and how to see more."""
    if not cuts:
        return None
    edges = sum(cut.edges for cut in cuts)
    bounds = {cut.bound for cut in cuts}
    more = [
        f"a {word} than {bound}"
        for word, bound in (("greater depth", depth), ("greater limit", limit))
        if word.split()[1] in bounds and bound is not None
    ]
    first = min(cuts, key=lambda cut: (cut.is_run, cut.title))
    where = f"{cuts[0].title}" if len(cuts) == 1 else f"{len(cuts)} nodes"
    return (
        f"This is not all: at {where}, {edges} {'edge was' if edges == 1 else 'edges were'}"
        f" not followed; ask with {' and '.join(more)}, or for the lineage of"
        f" {'it' if len(cuts) == 1 else f'one of them, such as {first.title}'}."
    )


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)
