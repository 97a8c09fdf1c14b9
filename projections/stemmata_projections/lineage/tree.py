"""Graphs as text for a terminal: a tree for each direction.

- A node that has been drawn is marked when it comes again, and what is below it is not repeated.
- A tree that grows too deep goes on at the margin, so that a long chain stays readable.
- What a cut left out has a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from stemmata_projections.lineage.nodes import Cut, Direction, Edge, Node, RunNode, Way
from stemmata_projections.pictures.markup import visible

_DEEPEST = 40
_HEADS: Mapping[Way, str] = {
    "upstream": "Upstream, what it came from:",
    "downstream": "Downstream, what came of it:",
}


def drawn(
    start: str,
    direction: Direction,
    nodes: Sequence[Node],
    edges: Sequence[Edge],
    cuts: Sequence[Cut],
) -> str:
    """Return a graph as lines of text."""
    by_id = {node.id: node for node in nodes}
    choosy = any(not node.matches for node in nodes)
    ways: tuple[Way, ...] = ("upstream", "downstream") if direction == "both" else (direction,)
    lines = [_text(by_id[start], choosy=choosy)]
    for way in ways:
        tree = _Tree(way, by_id, edges, cuts, choosy=choosy)
        below = list(tree.lines(start))
        lines += ["", _HEADS[way], *(below or ["  nothing that is recorded"])]
    lost = [cut for cut in cuts if cut.node not in by_id]
    if lost:
        lines += ["", *(f"Beyond {visible(cut.title)}: {_not_followed(cut)}" for cut in lost)]
    if choosy:
        lines += ["", "* is what was looked for; all else is on the way to it."]
    return "\n".join(lines) + "\n"


class _Line(NamedTuple):
    """A node to draw: what stands before its branch, and how deep it is."""

    node: str
    before: str
    is_last: bool
    depth: int


class _Tree:
    def __init__(
        self,
        way: Way,
        nodes: Mapping[str, Node],
        edges: Sequence[Edge],
        cuts: Sequence[Cut],
        *,
        choosy: bool,
    ) -> None:
        self._nodes = nodes
        self._choosy = choosy
        self._cuts = {cut.node: cut for cut in cuts if cut.way == way}
        self._below: dict[str, list[str]] = {}
        for edge in edges:
            above, below = edge.source, edge.target
            if way == "upstream":
                above, below = below, above
            self._below.setdefault(above, []).append(below)

    def lines(self, start: str) -> Iterator[str]:
        """Yield the lines below a node, and of the trees that go on at the margin."""
        shown = {start}
        roots = [start]
        for root in roots:
            if root != start:
                yield ""
                yield f"{_name(self._nodes[root])}, continued:"
            yield from self._tree(root, shown, roots)

    def _tree(self, root: str, shown: set[str], further: list[str]) -> Iterator[str]:
        yield from self._cut_line(root, "  ")
        stack = self._children(root, "  ", 1)
        while stack:
            line = stack.pop()
            branch = "└─ " if line.is_last else "├─ "
            node = self._nodes[line.node]
            if line.node in shown:
                yield f"{line.before}{branch}{_name(node)} (shown above)"
                continue
            text = f"{line.before}{branch}{_text(node, choosy=self._choosy)}"
            shown.add(line.node)
            goes_on = line.node in self._below or line.node in self._cuts
            if goes_on and line.depth == _DEEPEST:
                further.append(line.node)
                yield f"{text} (goes on below)"
                continue
            yield text
            before = line.before + ("   " if line.is_last else "│  ")
            yield from self._cut_line(line.node, before)
            stack += self._children(line.node, before, line.depth + 1)

    def _children(self, node: str, before: str, depth: int) -> list[_Line]:
        """Return the nodes below another, the first one at the end."""
        below = self._below.get(node, ())
        return [
            _Line(child, before, place == len(below) - 1, depth)
            for place, child in reversed(list(enumerate(below)))
        ]

    def _cut_line(self, node: str, before: str) -> Iterator[str]:
        if node in self._cuts:
            branch = "├─ " if node in self._below else "└─ "
            yield f"{before}{branch}… {_not_followed(self._cuts[node])}"


def _not_followed(cut: Cut) -> str:
    return f"{cut.edges} more, not followed"


def _text(node: Node, *, choosy: bool) -> str:
    mark = "* " if choosy and node.matches else ""
    if isinstance(node, RunNode):
        about = ", ".join(visible(text) for text in (node.job_type, node.state) if text)
        called = "" if node.name == node.id.rpartition("/")[2] else f" {visible(node.name)}"
        return f"{mark}{_name(node)}{called} ({about})"
    about = "; ".join(
        visible(text)
        for text in (node.type, ", ".join(node.aliases), "deleted" if node.is_deleted else "")
        if text
    )
    links = ", ".join(f"{visible(link.name)}{_in_brackets(link.aliases)}" for link in node.links)
    return f"{mark}{_name(node)} ({about}){f', linked as {links}' if links else ''}"


def _name(node: Node) -> str:
    return f"run {visible(node.id)}" if isinstance(node, RunNode) else visible(node.name)


def _in_brackets(aliases: Sequence[str]) -> str:
    return f" ({visible(', '.join(aliases))})" if aliases else ""
