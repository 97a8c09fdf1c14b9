"""How far a thing reaches: all that came of it, or all that it came from, by ids alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.lineage.nodes import Way
from stemmata_projections.lineage.rows import Rows
from stemmata_projections.lineage.walk import generation
from stemmata_projections.lineage.walking import begun
from stemmata_projections.view_store import ViewStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """All that lies one way from a version or a run; it is always whole.

    Attributes:
        start: Id of the version, or path of the run, where it starts; it is not among the others.
        versions: Ids of the versions, nearest first, those that are equally near in any order. Where
            there are many they may be got one by one, as they are read.
        runs: Paths of the runs, likewise.
        generations: How many generations away the furthest of them are.
    """

    start: str
    direction: Way
    versions: Sequence[str]
    runs: Sequence[str]
    generations: int

    def __len__(self) -> int:
        return len(self.versions) + len(self.runs)

    def to_json(self) -> dict[str, JsonValue]:
        """Return it as a JSON document, whose keys are documented and stay."""
        return {
            "start": self.start,
            "direction": self.direction,
            "versions": list(self.versions),
            "runs": list(self.runs),
            "generations": self.generations,
        }


def reach_of(
    views: ViewStore,
    start: str,
    *,
    at: int | None = None,
    is_run: bool = False,
    direction: Way = "downstream",
    kept: KeptGraph | None = None,
) -> Reach:
    """Return what lies one way from the version with an id, or from the run with a path.

    Args:
        kept: A graph in memory to walk where it has come far enough.
    """
    with views.reading():
        rows = Rows(views, at=at, loaded=None if kept is None else kept.by(at))
        walk = begun(rows, start, upstream=direction == "upstream", from_run=is_run)
        while not walk.is_done:
            walk.advance(known=set())
    if kept is not None:
        kept.found(walk.size)
    return Reach(
        start=start,
        direction=direction,
        versions=walk.found(runs=False),
        runs=walk.found(runs=True),
        generations=generation(walk.furthest, from_run=is_run),
    )
