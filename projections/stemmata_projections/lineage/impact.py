"""What came of a version: a table of everything downstream, and who holds on to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from stemmata_domain.codec import time_text
from stemmata_projections.lineage import documents
from stemmata_projections.lineage.nodes import Cut, LinkedName, Node, RunNode
from stemmata_projections.lineage.views import Graph

_REGISTRY = "wandb-registry-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactRow:
    """A version that came of the start.

    Attributes:
        id: Id of the version.
        generation: How many generations it is away.
        name: The source's qualified name.
        runs: Paths of the runs through which it came of the start, oldest first.
        aliases: The source's, as they are.
        links: Where it is linked, with the aliases there.
        deleted_at: None if it is not deleted.
    """

    id: str
    generation: int
    name: str
    type: str
    runs: tuple[str, ...]
    aliases: tuple[str, ...]
    links: tuple[LinkedName, ...]
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactTotals:
    """How much came of the start.

    Attributes:
        versions: Versions downstream, deleted ones among them.
        deleted: Those that are deleted.
        aliased: Those that an alias names, in their artifact or through a link.
        links: Links of all of them together.
        registries: Registries in which there is such a link.
        runs: Runs downstream.
        running: Runs that have not ended.
    """

    versions: int
    deleted: int
    aliased: int
    links: int
    registries: int
    runs: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What came of a version or a run.

    Attributes:
        start: The node itself.
        rows: The versions, nearest generations first.
        runs: The runs, likewise; also those that produced nothing.
        cuts: Where there is more than this answer has.
    """

    start: Node
    rows: tuple[ImpactRow, ...]
    runs: tuple[RunNode, ...]
    cuts: tuple[Cut, ...]
    depth: int | None = None
    limit: int | None = None

    @property
    def totals(self) -> ImpactTotals:
        """How much it is."""
        links = [link for row in self.rows for link in row.links]
        return ImpactTotals(
            versions=len(self.rows),
            deleted=sum(row.deleted_at is not None for row in self.rows),
            aliased=sum(
                bool(row.aliases or any(link.aliases for link in row.links)) for row in self.rows
            ),
            links=len(links),
            registries=len({_registry(link) for link in links} - {None}),
            runs=len(self.runs),
            running=sum(run.finished_at is None for run in self.runs),
        )

    @property
    def is_cut(self) -> bool:
        """Whether a bound left out something; never silently."""
        return bool(self.cuts)

    @property
    def how_to_go_on(self) -> str | None:
        """One sentence that says where it was cut and how to see more; None if it is whole."""
        return documents.how_to_go_on(self.cuts, depth=self.depth, limit=self.limit)

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as a JSON document, whose keys are documented and stay."""
        totals = self.totals
        return {
            "start": documents.of_node(self.start),
            "versions": [_of_row(row) for row in self.rows],
            "runs": [documents.of_node(run) for run in self.runs],
            "totals": {name: getattr(totals, name) for name in ImpactTotals.__slots__},
            "is_cut": self.is_cut,
            "cuts": [documents.of_cut(cut) for cut in self.cuts],
            "how_to_go_on": self.how_to_go_on,
        }


def impact_in(graph: Graph) -> Impact:
    """Return what a graph that was asked downstream says of its start."""
    through: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.kind == "produced":
            through.setdefault(edge.target, []).append(edge.source)
    return Impact(
        start=graph.node(graph.start),
        rows=tuple(
            ImpactRow(
                id=node.id,
                generation=node.generation,
                name=node.name,
                type=node.type,
                runs=tuple(through[node.id]),
                aliases=node.aliases,
                links=node.links,
                deleted_at=node.deleted_at,
            )
            for node in graph.versions()
            if node.id != graph.start
        ),
        runs=tuple(node for node in graph.runs() if node.id != graph.start),
        cuts=graph.cuts,
        depth=graph.depth,
        limit=graph.limit,
    )


def _registry(link: LinkedName) -> str | None:
    place = link.name.partition("/")[0]
    return place if place.startswith(_REGISTRY) else None


def _of_row(row: ImpactRow) -> documents.Document:
    return {
        "id": row.id,
        "generation": row.generation,
        "name": row.name,
        "type": row.type,
        "runs": list(row.runs),
        "aliases": list(row.aliases),
        "links": [documents.of_link(link) for link in row.links],
        "deleted_at": None if row.deleted_at is None else time_text(row.deleted_at),
    }
