"""A graph of lineage, written into views at once, with the same graph of networkx beside it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import networkx as nx

from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.schemes import open_event_store, open_view_store
from stemmata_domain.ports import EventStore
from stemmata_projections.changes import Change, Open
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.tables import EDGE, RUN
from stemmata_projections.tables import Value
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.version_index.tables import COLLECTION, MEMBER, VERSION
from stemmata_projections.view_store import ViewStore

_TIME = "2026-03-03T12:00:00.000000Z"
INPUTS, OUTPUTS = 3, 2
_PAGE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A store whose views have a graph, with an empty log, and the same graph of networkx."""

    events: EventStore
    views: ViewStore
    graph: nx.DiGraph
    head: int

    def close(self) -> None:
        """Close the store."""
        self.views.close()
        self.events.close()


def fill(url: str, *, edges: int) -> Filled:
    """Write runs that each take three versions, new ones rather than old, and make two."""
    graph = nx.DiGraph()
    events, views, head = written(url, edges=edges, join=graph.add_edge)
    return Filled(events=events, views=views, graph=graph, head=head)


def written(
    url: str, *, edges: int, join: Callable[[str, str], object]
) -> tuple[EventStore, ViewStore, int]:
    """Write the graph, and tell of each edge by its ends; return the store and the last position."""
    events = open_event_store(url, ids=TimeOrderedIds())
    views = open_view_store(url, beside=events)
    views.prepare((VERSION_INDEX, LINEAGE))
    changes, at = enumerate(_changes(join, edges), 1), 0
    names = (VERSION_INDEX.name, LINEAGE.name)
    while page := list(islice(changes, _PAGE)):
        assert views.apply(names, page, after=at, upto=page[-1][0])
        at = page[-1][0]
    return events, views, at


def _changes(join: Callable[[str, str], object], edges: int) -> Iterator[Change]:
    chance = random.Random(1)
    versions: list[str] = []

    def log(run: str | None) -> Iterator[Change]:
        number, artifact = len(versions) % 100, f"{len(versions) // 100:032x}"
        if number == 0:
            place = ("artifact", "vision/mnist", None, f"a{artifact}", "model", None)
            yield Open(COLLECTION, (artifact, *place, _TIME, "bench"))
        version = f"{artifact}:{number}"
        content: tuple[Value, ...] = ("d" * 32, "MD5", "m" * 64, 1, 1, None, {})
        yield Open(VERSION, (version, artifact, number, *content, _TIME, "bench", run))
        yield Open(MEMBER, (artifact, number, version, _TIME, "bench"))
        versions.append(version)

    for _ in range(10):
        yield from log(None)
    for n in range(edges // (INPUTS + OUTPUTS)):
        path = f"vision/mnist/run-{n:07}"
        about: tuple[Value, ...] = (
            "vision",
            "mnist",
            f"run-{n:07}",
            f"run {n}",
            "train",
            {},
            "finished",
        )
        yield Open(RUN, (path, *about, _TIME, "bench", _TIME))
        taken: set[str] = set()
        for back in range(INPUTS):
            # One of the three is an old version, so that some have hundreds of users.
            oldest = 0 if back == 0 else max(0, len(versions) - 2_000)
            version = versions[chance.randrange(oldest, len(versions))]
            if version not in taken:
                taken.add(version)
                join(version, path)
                artifact, _, number = version.partition(":")
                row = (path, "used", version, artifact, int(number), _TIME, "bench")
                yield Open(EDGE, row)
        for _ in range(OUTPUTS):
            yield from log(path)
            join(path, versions[-1])
            artifact, _, number = versions[-1].partition(":")
            yield Open(
                EDGE, (path, "produced", versions[-1], artifact, int(number), _TIME, "bench")
            )
