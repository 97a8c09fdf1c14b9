"""A lineage graph as a picture: versions are blue, runs green, what is deleted grey.

- Five or more that are alike on a level are one box, which says how many; the start is always by itself.
- What a cut left out is a box of its own. Nothing is left out in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from stemmata_projections.lineage.nodes import Cut, Edge, Node, RunNode, VersionNode
from stemmata_projections.pictures.boxes import Arrow, Box
from stemmata_projections.pictures.cards import GREY, card
from stemmata_projections.pictures.markup import marked
from stemmata_projections.pictures.svg import drawn

_LINKS = 3
_FRAME = "overflow:auto;max-height:640px"
_NOTE = "font:12px/1.5 system-ui,sans-serif;opacity:.8;margin-top:4px"


def svg(
    start: str, nodes: Sequence[Node], edges: Sequence[Edge], cuts: Sequence[Cut]
) -> str | None:
    """Return a graph as SVG; None if it is too large for a picture."""
    boxes = [_box(node, is_start=node.id == start) for node in nodes]
    arrows = [Arrow(source=edge.source, target=edge.target) for edge in edges]
    known = {node.id for node in nodes}
    for number, cut in enumerate(cuts):
        if cut.node in known:
            box = Box(
                id=f"cut {number}",
                look="cut",
                title=f"{cut.edges} more",
                hint=f"not followed beyond {cut.title}",
                group=cut.way,
            )
            boxes.append(box)
            ends = (box.id, cut.node) if cut.way == "upstream" else (cut.node, box.id)
            arrows.append(Arrow(source=ends[0], target=ends[1], dashed=True))
    return drawn(boxes, arrows)


def html(
    start: str,
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    cuts: Sequence[Cut],
    *,
    how_to_go_on: str | None,
) -> str:
    """Return a graph as HTML that a notebook shows: the picture, or why there is none."""
    picture = svg(start, nodes, edges, cuts)
    note = "" if how_to_go_on is None else f'<div style="{_NOTE}">{marked(how_to_go_on)}</div>'
    if picture is None:
        return f"<div>{_summary(start, nodes, edges)}{note}</div>"
    return f'<div style="{_FRAME}">{picture}</div>{note}'


def _summary(start: str, nodes: Sequence[Node], edges: Sequence[Edge]) -> str:
    title = next(node.title for node in nodes if node.id == start)
    types = Counter(node.type for node in nodes if isinstance(node, VersionNode))
    runs = sum(isinstance(node, RunNode) for node in nodes)
    shown = [f"{count} of type {type}" for type, count in types.most_common(8)]
    facts = (
        ("Versions", f"{sum(types.values())}: {', '.join(shown)}{' …' if len(types) > 8 else ''}"),
        ("Runs", str(runs)),
        ("Uses and outputs", str(len(edges))),
        ("Picture", "too large to be seen; ask with depth=… or limit=…, or take to_dot()"),
    )
    return card("lineage", title, facts, colour=GREY)


def _box(node: Node, *, is_start: bool) -> Box:
    if isinstance(node, RunNode):
        return _run(node, is_start=is_start)
    artifact, _, number = node.name.rpartition(":")
    place, _, name = artifact.rpartition("/")
    return Box(
        id=node.id,
        look="deleted" if node.is_deleted else "version",
        above=node.type,
        title=f"{name}:{number}",
        below=(place, *_names(node)),
        hint="\n".join((f"{node.type} {node.name}", *_names(node, all_links=True))),
        # What is linked is not lost among what is not.
        group=f"{node.type} {'linked' if node.links else ''}",
        stands=is_start,
        strong=is_start,
    )


def _names(node: VersionNode, *, all_links: bool = False) -> Iterator[str]:
    if node.aliases:
        yield ", ".join(node.aliases)
    links = node.links if all_links else node.links[:_LINKS]
    for link in links:
        yield f"→ {link.name}"
        if link.aliases:
            yield f"↳ {', '.join(link.aliases)}"
    if rest := len(node.links) - len(links):
        yield f"and {rest} more {'link' if rest == 1 else 'links'}"
    if node.deleted_at is not None:
        yield f"deleted {node.deleted_at:%Y-%m-%d}"


def _run(node: RunNode, *, is_start: bool) -> Box:
    place, _, id = node.id.rpartition("/")
    return Box(
        id=node.id,
        look="run",
        above=f"run, {node.job_type}" if node.job_type else "run",
        title=node.name or id,
        below=(place, node.state),
        hint=f"{node.id}\n{node.state}, started by {node.started_by}",
        group=node.job_type or "",
        stands=is_start,
        strong=is_start,
    )
