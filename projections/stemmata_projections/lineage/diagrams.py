"""Graphs as Mermaid and as DOT.

- A node is called `n0`, `n1`, … and shows its name as text, so that no name can be taken for grammar.
- What a cut left out is drawn as a node of its own, joined by a dashed line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from stemmata_projections.lineage.nodes import Cut, Edge, Node, RunNode
from stemmata_projections.pictures.markup import visible

_PLAIN = frozenset(" -_./:,")

_MERMAID_STYLES = (
    "classDef version fill:#e8f0fe,stroke:#3367d6,color:#202124",
    "classDef run fill:#e6f4ea,stroke:#188038,color:#202124",
    "classDef deleted fill:#f1f3f4,stroke:#80868b,color:#5f6368,stroke-dasharray:4",
    "classDef cut fill:#ffffff,stroke:#80868b,color:#5f6368,stroke-dasharray:2",
    "classDef start stroke-width:3px",
)
_DOT_STYLES = {
    "version": 'shape=box, style="rounded,filled", fillcolor="#e8f0fe", color="#3367d6"',
    "run": 'shape=ellipse, style=filled, fillcolor="#e6f4ea", color="#188038"',
    "deleted": 'shape=box, style="rounded,dashed", color="#80868b", fontcolor="#5f6368"',
    "cut": 'shape=plaintext, fontcolor="#5f6368"',
}


def mermaid(start: str, nodes: Sequence[Node], edges: Sequence[Edge], cuts: Sequence[Cut]) -> str:
    """Return a graph as a Mermaid flowchart."""
    names = _names(nodes)
    lines = ["flowchart LR"]
    for node in nodes:
        text = "<br/>".join(map(_mermaid_text, label(node)))
        opening, closing = ('(["', '"])') if isinstance(node, RunNode) else ('["', '"]')
        lines.append(f"  {names[node.id]}{opening}{text}{closing}:::{_style(node)}")
    lines += [f"  {names[edge.source]} --> {names[edge.target]}" for edge in edges]
    for name, begins, ends, text in _cut_lines(names, cuts):
        lines.append(f'  {name}["{_mermaid_text(text)}"]:::cut')
        if begins and ends:
            lines.append(f"  {begins} -.-> {ends}")
    lines += [f"  {style}" for style in _MERMAID_STYLES]
    lines.append(f"  class {names[start]} start")
    return "\n".join(lines) + "\n"


def dot(start: str, nodes: Sequence[Node], edges: Sequence[Edge], cuts: Sequence[Cut]) -> str:
    """Return a graph in the language of Graphviz."""
    names = _names(nodes)
    lines = ["digraph lineage {", "  rankdir=LR;"]
    for node in nodes:
        text = "\\n".join(map(_dot_text, label(node)))
        bold = ", penwidth=3" if node.id == start else ""
        lines.append(f'  {names[node.id]} [label="{text}", {_DOT_STYLES[_style(node)]}{bold}];')
    lines += [f"  {names[edge.source]} -> {names[edge.target]};" for edge in edges]
    for name, begins, ends, text in _cut_lines(names, cuts):
        lines.append(f'  {name} [label="{_dot_text(text)}", {_DOT_STYLES["cut"]}];')
        if begins and ends:
            lines.append(f"  {begins} -> {ends} [style=dashed];")
    return "\n".join([*lines, "}"]) + "\n"


def label(node: Node) -> list[str]:
    """Return the lines that a node shows."""
    if isinstance(node, RunNode):
        about = ", ".join(text for text in (node.job_type, node.state) if text)
        return [node.id, *([node.name] if node.name != node.id.rpartition("/")[2] else []), about]
    lines = [f"{node.type}: {node.name}", *([", ".join(node.aliases)] if node.aliases else [])]
    for link in node.links:
        aliases = f", {', '.join(link.aliases)}" if link.aliases else ""
        lines.append(f"linked as {link.name}{aliases}")
    return [*lines, "deleted"] if node.is_deleted else lines


def _names(nodes: Sequence[Node]) -> Mapping[str, str]:
    return {node.id: f"n{place}" for place, node in enumerate(nodes)}


def _style(node: Node) -> str:
    if isinstance(node, RunNode):
        return "run"
    return "deleted" if node.is_deleted else "version"


def _cut_lines(
    names: Mapping[str, str], cuts: Sequence[Cut]
) -> Iterator[tuple[str, str | None, str | None, str]]:
    """Yield what stands for each cut: its name, the ends of its line, and its text."""
    for place, cut in enumerate(cuts):
        name, node = f"cut{place}", names.get(cut.node)
        text = f"{cut.edges} more, not followed"
        if node is None:
            yield name, None, None, f"beyond {cut.title}: {text}"
        elif cut.way == "upstream":
            yield name, name, node, text
        else:
            yield name, node, name, text


def _mermaid_text(text: str) -> str:
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in visible(text))


def _dot_text(text: str) -> str:
    # Graphviz reads HTML entities in every label.
    shown = visible(text).replace("&", "&amp;")
    return shown.replace("\\", "\\\\").replace('"', '\\"')
