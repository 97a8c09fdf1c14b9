"""Keeping the graph in memory, for questions that go through much of it.

- It is loaded from the views by the first question after one that found many nodes, and follows the log
  from then on, through the fold that the views follow it through.
- It answers only what it has come as far as; all else is asked of the views, which answer the same.
- It is let go of when it would have more edges than it may.
"""

from __future__ import annotations

from array import array
from threading import Lock
from typing import NamedTuple

from stemmata_domain.ports import EventStore
from stemmata_projections.changes import Open
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.loaded import LoadedGraph
from stemmata_projections.lineage.tables import EDGE
from stemmata_projections.tables import OPEN_END, Row
from stemmata_projections.view_store import ViewStore

_PAGE = 1_000

_RUN, _KIND, _VERSION = map(EDGE.place, ("run", "kind", "version"))


class _Standing(NamedTuple):
    """How far the views have come, and the events that they leave out."""

    position: int
    parked: frozenset[int]

    def agrees(self, other: _Standing) -> bool:
        """Tell whether as far as both have come they leave out the same events."""
        least = min(self.position, other.position)
        return all(each > least for each in self.parked ^ other.parked)


class _Kept(NamedTuple):
    graph: LoadedGraph
    standing: _Standing


class KeptGraph:
    """The lineage graph of one log in memory, if it was worth loading and is not too large."""

    def __init__(
        self, events: EventStore, views: ViewStore, *, most: int, worth: int = 20_000
    ) -> None:
        """Load nothing yet.

        Args:
            most: How many edges there may be; with 0 nothing is ever loaded.
            worth: How many nodes a question has to find for the graph to be worth loading.
        """
        self._events = events
        self._views = views
        self._most = most
        self._worth = worth
        self._mutex = Lock()
        self._kept: _Kept | None = None
        self._wanted = False

    def found(self, nodes: int) -> None:
        """Be told how many nodes a question found; after many of them the next one loads the graph."""
        if nodes >= self._worth and self._most > 0:
            self._wanted = True

    def follow(self) -> None:
        """Come as far as the views, if the graph is loaded or to be loaded.

        To be called outside of :meth:`ViewStore.reading`, where some stores let no one else read.
        """
        if not self._wanted:
            return
        with self._mutex:
            with self._views.reading():
                standing = self._standing()
            kept = self._kept
            if kept is not None and kept.standing.agrees(standing):
                behind = standing.position - kept.standing.position
                if behind <= 0:
                    return
                if behind <= max(_PAGE, len(kept.graph)):
                    # What is half followed is of no use.
                    self._kept = None
                    self._kept = self._followed(kept, standing)
                    return
            self._kept = kept = None  # never two of them at once
            self._kept = self._loaded()

    def by(self, at: int | None) -> tuple[LoadedGraph, int] | None:
        """Return the graph, and the position as of which to walk it to find what the views have.

        It is None where there is none, or none that has come as far. To be called inside of
        :meth:`ViewStore.reading`.
        """
        kept = self._kept
        if kept is None:
            return None
        standing = self._standing()
        position = standing.position if at is None else min(at, standing.position)
        if position > kept.standing.position or not kept.standing.agrees(standing):
            return None
        return kept.graph, position

    def forget(self) -> None:
        """Let go of the graph; it is loaded again when it is worth it."""
        with self._mutex:
            self._kept = None
            self._wanted = False

    def _standing(self) -> _Standing:
        parked = (each.position for each in self._views.parked() if each.projection == LINEAGE.name)
        return _Standing(self._views.checkpoint(LINEAGE.name), frozenset(parked))

    def _loaded(self) -> _Kept | None:
        graph = LoadedGraph()
        begins, ends, positions = array("i"), array("i"), array("q")
        with self._views.reading():
            standing = self._standing()
            for row, since, until in self._views.scan(EDGE):
                if len(positions) == self._most or until != OPEN_END:
                    self._give_up()
                    return None
                source, target = _ends(row)
                begins.append(graph.number(source))
                ends.append(graph.number(target))
                positions.append(since)
        for each in sorted(range(len(positions)), key=positions.__getitem__):
            graph.join(begins[each], ends[each], positions[each])
        return _Kept(graph, standing)

    def _followed(self, kept: _Kept, standing: _Standing) -> _Kept | None:
        graph, after = kept.graph, kept.standing.position
        while after < standing.position:
            page = self._events.read_all(after=after, limit=_PAGE)
            for recorded in page:
                after = recorded.position
                if after > standing.position:
                    break
                for change in () if after in standing.parked else LINEAGE.project(recorded):
                    if change.table is EDGE:
                        if len(graph) == self._most or type(change) is not Open:
                            self._give_up()
                            return None
                        source, target = _ends(change.row)
                        graph.join(graph.number(source), graph.number(target), after)
            if not page:
                return None
        return _Kept(graph, standing)

    def _give_up(self) -> None:
        self._wanted, self._most = False, 0


def _ends(row: Row) -> tuple[str, str]:
    """Return the node where an edge begins, and the one to which it leads."""
    run, version = str(row[_RUN]), str(row[_VERSION])
    return (version, run) if row[_KIND] == "used" else (run, version)
