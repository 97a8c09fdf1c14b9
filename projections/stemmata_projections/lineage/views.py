"""The lineage graph of a thing: what it came from, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from stemmata_projections.lineage import diagrams, documents, picture, tree
from stemmata_projections.lineage.nodes import Cut, Direction, Edge, Node, RunNode, VersionNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Nodes and the edges between them, from a version or a run on.

    Attributes:
        start: Id of the node where it starts.
        nodes: From the oldest ancestors to the newest descendants.
        edges: By when they came to be.
        cuts: Where the graph goes on beyond this answer.
        depth, limit: The bounds that it was asked with.
    """

    start: str
    direction: Direction
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cuts: tuple[Cut, ...] = ()
    depth: int | None = None
    limit: int | None = None

    def node(self, id: str) -> Node:
        """Return the node with an id.

        Raises:
            KeyError: There is none.
        """
        for node in self.nodes:
            if node.id == id:
                return node
        raise KeyError(id)

    def __contains__(self, id: object) -> bool:
        return any(node.id == id for node in self.nodes)

    def versions(self) -> Iterator[VersionNode]:
        """Yield the nodes that are versions."""
        return (node for node in self.nodes if isinstance(node, VersionNode))

    def runs(self) -> Iterator[RunNode]:
        """Yield the nodes that are runs."""
        return (node for node in self.nodes if isinstance(node, RunNode))

    def roots(self) -> tuple[Node, ...]:
        """Return the nodes that come from no other node of this graph."""
        reached = {edge.target for edge in self.edges}
        return tuple(node for node in self.nodes if node.id not in reached)

    def leaves(self) -> tuple[Node, ...]:
        """Return the nodes of which no other node of this graph came."""
        left = {edge.source for edge in self.edges}
        return tuple(node for node in self.nodes if node.id not in left)

    @property
    def is_cut(self) -> bool:
        """Whether a bound left out something; never silently."""
        return bool(self.cuts)

    @property
    def how_to_go_on(self) -> str | None:
        """One sentence that says where the graph was cut and how to see more; None if it is whole."""
        return documents.how_to_go_on(self.cuts, depth=self.depth, limit=self.limit)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the graph as a JSON document, whose keys are documented and stay."""
        return {
            "start": self.start,
            "direction": self.direction,
            "nodes": [documents.of_node(node) for node in self.nodes],
            "edges": [documents.of_edge(edge) for edge in self.edges],
            "is_cut": self.is_cut,
            "cuts": [documents.of_cut(cut) for cut in self.cuts],
            "how_to_go_on": self.how_to_go_on,
        }

    def to_mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart, drawn from left to right."""
        return diagrams.mermaid(self.start, self.nodes, self.edges, self.cuts)

    def to_dot(self) -> str:
        """Return the graph in the language of Graphviz, drawn from left to right."""
        return diagrams.dot(self.start, self.nodes, self.edges, self.cuts)

    def to_svg(self) -> str | None:
        """Return the graph as a picture, drawn from left to right; None if it is too large for one.

        Five or more versions or runs that are alike are shown as one, which says how many.
        """
        return picture.svg(self.start, self.nodes, self.edges, self.cuts)

    def _repr_html_(self) -> str:
        return picture.html(
            self.start, self.nodes, self.edges, self.cuts, how_to_go_on=self.how_to_go_on
        )

    def to_tree(self) -> str:
        """Return the graph as text: a tree for each direction, each node's own tree drawn once."""
        return tree.drawn(self.start, self.direction, self.nodes, self.edges, self.cuts)
