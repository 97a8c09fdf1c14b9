"""The edges of a whole graph in memory, as numbers in arrays.

- Edges are numbered in the order in which they came, so the graph as it was at any position is what
  the edges up to a number make: one graph answers for all positions.
- From each node the edges go newest first, each knowing the one before it. So an edge is added at the
  same cost wherever it begins, and a walk as of a position leaves out the first ones of a node.
- Edges are only ever added, and are found by walks only once they are whole: so any number of threads
  may walk while one adds.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import NamedTuple

NO_EDGE = -1


class Edges(NamedTuple):
    """Edges as they are followed in one direction.

    Attributes:
        newest: The newest edge from each node.
        before: For each edge, the next older one from the same node.
        ends: The node to which each edge leads.
    """

    newest: array[int]
    before: array[int]
    ends: array[int]


class LoadedGraph:
    """All edges up to a position of the log; more can be added.

    It takes 24 bytes for an edge, and for a node 16 beside its id and the id's place in a dictionary.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._positions = array("q")
        self._down = Edges(array("i"), array("i"), array("i"))
        self._up = Edges(array("i"), array("i"), array("i"))

    def __len__(self) -> int:
        return len(self._positions)

    def join(self, begin: int, end: int, position: int) -> None:
        """Add an edge between two nodes, which came no earlier than those that are there."""
        edge = len(self._positions)
        down, up = self._down, self._up
        down.ends.append(end)
        up.ends.append(begin)
        down.before.append(down.newest[begin])
        up.before.append(up.newest[end])
        self._positions.append(position)
        down.newest[begin] = edge
        up.newest[end] = edge

    def number(self, id: str) -> int:
        """Return the number of a node, which is given one if it is new."""
        number = self._numbers.get(id)
        if number is None:
            number = len(self.ids)
            self.ids.append(id)
            self._down.newest.append(NO_EDGE)
            self._up.newest.append(NO_EDGE)
            self._numbers[id] = number
        return number

    def find(self, id: str) -> int | None:
        """Return the number of a node that has edges."""
        return self._numbers.get(id)

    def edges_by(self, position: int) -> int:
        """Return how many edges there were at a position."""
        return bisect_right(self._positions, position)

    def way(self, *, upstream: bool) -> Edges:
        """Return the edges in one direction."""
        return self._up if upstream else self._down
