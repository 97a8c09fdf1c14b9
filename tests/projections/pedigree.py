"""Histories of runs and versions, and beside each the same as a graph of networkx."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import networkx as nx

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.events import (
    ArtifactCreated,
    ArtifactLogged,
    ArtifactProduced,
    ArtifactUsed,
    CollectionCreated,
    Event,
    RunFinished,
    RunStarted,
    VersionDeleted,
    VersionLinked,
)
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.view_store import ViewStore
from tests.projections.history import moment

Graph: TypeAlias = nx.DiGraph  # of ids; edges and nodes know the position from which they are there

_PROJECTIONS = (VERSION_INDEX, LINEAGE)
_PAGE = 20_000


class Pedigree:
    """Events, and the graph that they make."""

    def __init__(self) -> None:
        self.recorded: list[RecordedEvent] = []
        self.graph = Graph()
        self.names: dict[str, str] = {}
        self.deleted: dict[str, int] = {}
        self.links: dict[str, list[tuple[int, str]]] = {}
        self.uses: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self._streams: Counter[str] = Counter()
        self._numbers: Counter[str] = Counter()

    @property
    def head(self) -> int:
        return len(self.recorded)

    def _happened(self, stream: str, event: Event) -> int:
        position = len(self.recorded) + 1
        envelope = (f"{position:032x}", moment(position % 80_000), "ada", "c" * 32, None)
        self.recorded.append(
            RecordedEvent(position, stream, self._streams[stream], *envelope, event)
        )
        self._streams[stream] += 1
        return position

    # --- what happens ----------------------------------------------------------------------------

    def log(self, artifact: str, *, type: str = "model", project: str = "mnist") -> str:
        """Log a version of an artifact, which is created if it is missing."""
        stream = f"artifact-{artifact}"
        if stream not in self._streams:
            made = ArtifactCreated(
                artifact=artifact, entity="vision", project=project, name=artifact, type=type
            )
            self._happened(stream, made)
            self.names[artifact] = f"vision/{project}/{artifact}"
        number = self._numbers[stream]
        self._numbers[stream] += 1
        version = f"{artifact}:{number}"
        event = ArtifactLogged(
            version=version,
            index=number,
            digest=f"{number}",
            algorithm="MD5",
            manifest="m",
            size=1,
            file_count=1,
            description=None,
            metadata={},
            tags=(),
            run=None,
        )
        self.graph.add_node(version, since=self._happened(stream, event))
        return version

    def run(self, id: str, *, project: str = "mnist", state: str | None = None) -> str:
        """Start a run, and finish it if a state is given."""
        path = f"vision/{project}/{id}"
        started = RunStarted(
            run=id, entity="vision", project=project, name=id, job_type=None, config={}
        )
        self.graph.add_node(path, since=self._happened(f"run-{path}", started))
        if state is not None:
            self._happened(f"run-{path}", RunFinished.model_validate({"state": state}))
        return path

    def link(self, version: str, collection: str = "kept") -> str:
        """Link a version, and return the name."""
        stream = f"collection-{collection}"
        if stream not in self._streams:
            made = CollectionCreated(
                collection=collection,
                scope="vision/mnist",
                registry=None,
                name=collection,
                type="model",
                description=None,
                tags=(),
            )
            self._happened(stream, made)
            self.names[collection] = f"vision/mnist/{collection}"
        number = self._numbers[stream]
        self._numbers[stream] += 1
        artifact, _, source = version.rpartition(":")
        event = VersionLinked(
            version=version, artifact=artifact, source_index=int(source), index=number
        )
        position = self._happened(stream, event)
        name = f"vision/mnist/{collection}:v{number}"
        self.links.setdefault(version, []).append((position, name))
        return name

    def use(self, run: str, version: str, *, through: str | None = None) -> None:
        """Let a run use a version, by its own name or through a collection that has it."""
        artifact, _, number = version.rpartition(":")
        event = ArtifactUsed(
            version=version,
            artifact=artifact,
            source_index=int(number),
            through=through or artifact,
            through_index=int(number),
        )
        position = self._happened(f"run-{run}", event)
        self._join(version, run, position)
        name = f"{self.names[through or artifact]}:v{number}"
        self.uses.setdefault((version, run), []).append((position, name))

    def produce(self, run: str, version: str) -> None:
        """Let a run produce a version, which another may have logged before."""
        if self.graph.has_edge(run, version):
            return
        artifact, _, number = version.rpartition(":")
        event = ArtifactProduced(version=version, artifact=artifact, source_index=int(number))
        self._join(run, version, self._happened(f"run-{run}", event))

    def _join(self, source: str, target: str, position: int) -> None:
        if not self.graph.has_edge(source, target):
            self.graph.add_edge(source, target, since=position)

    def delete(self, version: str) -> None:
        """Delete a version; what came of it stays."""
        artifact, _, number = version.rpartition(":")
        event = VersionDeleted(version=version, index=int(number))
        self.deleted[version] = self._happened(f"artifact-{artifact}", event)

    # --- what there is then ------------------------------------------------------------------------

    def at(self, position: int | None) -> Graph:
        """Return the graph as it was at a position."""
        if position is None:
            return self.graph
        then = Graph()
        then.add_nodes_from(n for n, since in self.graph.nodes("since") if since <= position)
        then.add_edges_from((a, b) for a, b, s in self.graph.edges(data="since") if s <= position)
        return then

    def followed_by(self, views: ViewStore) -> ViewStore:
        """Return *views* when they have followed all that happened."""
        views.prepare(_PROJECTIONS)
        names = [projection.name for projection in _PROJECTIONS]
        for after in range(0, self.head, _PAGE):
            page = self.recorded[after : after + _PAGE]
            changes = [
                (each.position, c) for each in page for p in _PROJECTIONS for c in p.project(each)
            ]
            assert views.apply(names, changes, after=after, upto=page[-1].position)
        return views

    def in_memory(self) -> ViewStore:
        return self.followed_by(MemoryViewStore())

    def in_sqlite(self, folder: Path) -> ViewStore:
        path = folder / "views.db"
        path.touch()
        return self.followed_by(SqliteViewStore(SqliteDatabase(path)))


def grown(
    *, versions: int, inputs: int, outputs: int, chance: random.Random, window: int | None = None
) -> Pedigree:
    """Return a pedigree in which each run takes some of the newest versions, and makes some."""
    pedigree = Pedigree()
    made = [pedigree.log(f"root{n}", type="dataset") for n in range(3)]
    while len(made) < versions:
        run = pedigree.run(f"r{len(made)}", state="finished")
        near = made if window is None else made[-window:]
        for version in dict.fromkeys(chance.choices(near, k=inputs)):
            pedigree.use(run, version)
        for _ in range(outputs):
            version = pedigree.log(f"a{len(made) // 10}")
            pedigree.produce(run, version)
            made.append(version)
    return pedigree


def is_run(node: str) -> bool:
    return "/" in node


def edges_of(graph: Graph, nodes: Iterable[str]) -> set[tuple[str, str]]:
    """Return the edges between some nodes."""
    return set(graph.subgraph(nodes).edges)
