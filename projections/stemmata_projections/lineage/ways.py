"""Finding the ways between two nodes of a graph, shortest first, without enumerating the others.

Every partial way that is looked at can be completed, and is taken up in the order of the length that
its best completion has. So as many steps are taken as the ways that are found have, however many there
are in all. Where the graph has cycles this holds too: within a cycle, what the way has passed is left
out of its completions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

Onward = Mapping[str, Sequence[str]]


class _Link(NamedTuple):
    """The last node of a way, and the way before it."""

    node: str
    before: _Link | None

    def nodes(self) -> Iterator[str]:
        """Yield the nodes of the way from its end."""
        link: _Link | None = self
        while link is not None:
            yield link.node
            link = link.before


def ways(onward: Onward, source: str, target: str) -> Iterator[tuple[str, ...]]:
    """Yield the ways from a node to another that visit no node twice, shortest first.

    Every node has to be on a walk from *source* to *target*.
    """
    completions = _Completions(onward, target)
    order = 0
    waiting: list[tuple[int, int, int, _Link]] = [(0, 0, order, _Link(source, None))]
    while waiting:
        _, passed, _, way = heappop(waiting)
        if way.node == target:
            yield tuple(reversed(list(way.nodes())))
            continue
        blocked = completions.blocked(way)
        for node in sorted(onward.get(way.node, ()), key=lambda each: (len(each), each)):
            rest = completions.least(node, after=way.node, blocked=blocked)
            if rest is not None:
                order += 1
                # Of equal lengths the one that has come furthest: it is complete soonest.
                heappush(waiting, (1 - passed + rest, passed - 1, order, _Link(node, way)))


class _Completions:
    """How long the best completion of a way is."""

    def __init__(self, onward: Onward, target: str) -> None:
        self._onward = onward
        self._target = target
        back = reversed_edges(onward)
        self._distance = distances(back, target)
        self._nearer = {
            node: other
            for other, nodes in back.items()
            for node in nodes
            if self._distance[node] > self._distance[other]
        }
        self._ring = rings(onward)

    def blocked(self, way: _Link) -> set[str]:
        """Return the nodes of a way that it might meet again: those at its end within one ring."""
        ring = self._ring.get(way.node)
        if ring is None:
            return set()
        passed = set()
        for node in way.nodes():
            if self._ring.get(node) != ring:
                break
            passed.add(node)
        return passed

    def least(self, node: str, *, after: str, blocked: set[str]) -> int | None:
        """Return the length of the shortest way on that passes no blocked node, None without one."""
        ring = self._ring.get(node)
        if ring is None or ring != self._ring.get(after):
            return self._distance[node]
        if node in blocked:
            return None
        # Mostly the shortest way on is free, and nothing has to be searched.
        if self._is_free(node, ring, blocked):
            return self._distance[node]
        best: int | None = None
        near = {node: 0}
        for each in (ahead := [node]):
            length = near[each]
            if each == self._target:
                return length if best is None else min(best, length)
            for other in self._onward.get(each, ()):
                if self._ring.get(other) != ring:
                    out = length + 1 + self._distance[other]
                    best = out if best is None else min(best, out)
                elif other not in near and other not in blocked:
                    near[other] = length + 1
                    ahead.append(other)
        return best

    def _is_free(self, node: str, ring: int, blocked: set[str]) -> bool:
        """Tell whether a shortest way on from a node leaves its ring without a blocked node."""
        at: str | None = node
        while at is not None and self._ring.get(at) == ring:
            if at in blocked:
                return False
            at = self._nearer.get(at)
        return True


def reversed_edges(onward: Onward) -> dict[str, list[str]]:
    """Return the same edges, each from its other end."""
    back: dict[str, list[str]] = {}
    for node, others in onward.items():
        for other in others:
            back.setdefault(other, []).append(node)
    return back


def distances(onward: Onward, start: str) -> dict[str, int]:
    """Return how many edges each node that can be reached is away."""
    found = {start: 0}
    for node in (ahead := [start]):
        for other in onward.get(node, ()):
            if other not in found:
                found[other] = found[node] + 1
                ahead.append(other)
    return found


def rings(onward: Onward) -> dict[str, int]:
    """Return, for each node that lies on a cycle, which nodes lie on cycles with it: they share a number."""
    back = reversed_edges(onward)
    found: dict[str, int] = {}
    seen: set[str] = set()
    for place, node in enumerate(reversed(list(_left_last(onward)))):
        if node in seen:
            continue
        seen.add(node)
        for each in (together := [node]):
            fresh = [other for other in back.get(each, ()) if other not in seen]
            seen.update(fresh)
            together += dict.fromkeys(fresh)
        if len(together) > 1:
            found.update(dict.fromkeys(together, place))
    return found


def _left_last(onward: Onward) -> Iterator[str]:
    """Yield the nodes in the order in which a search that goes deep first leaves them."""
    seen: set[str] = set()
    for root in onward:
        if root in seen:
            continue
        seen.add(root)
        stack: list[tuple[str, Iterator[str]]] = [(root, iter(onward[root]))]
        while stack:
            node, ahead = stack[-1]
            other = _first_new(ahead, seen)
            if other is None:
                stack.pop()
                yield node
            else:
                seen.add(other)
                stack.append((other, iter(onward.get(other, ()))))


def _first_new(nodes: Iterable[str], seen: set[str]) -> str | None:
    return next((node for node in nodes if node not in seen), None)
