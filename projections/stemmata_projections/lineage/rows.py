"""What a question of lineage asks: the views, and a graph in memory where there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeVar

from stemmata_projections.lineage.loaded import LoadedGraph
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row, Value
from stemmata_projections.view_store import ViewStore

Found = TypeVar("Found", bound=Row)

_AT_ONCE = 10_000


class Rows:
    """Views to ask about many things at once, now or as of a position.

    Attributes:
        loaded: A graph in memory that has come as far as what is asked about, and that position.
    """

    def __init__(
        self, views: ViewStore, *, at: int | None, loaded: tuple[LoadedGraph, int] | None = None
    ) -> None:
        self.views = views
        self.at = at
        self.loaded = loaded

    def among(
        self, query: Query[Found], ids: Sequence[str], params: Mapping[str, Value] | None = None
    ) -> Iterator[Found]:
        """Yield what a query finds for each of some ids."""
        given = params or {}
        return chain.from_iterable(
            self.views.query(query, {**given, "among": part}, at=self.at) for part in _parts(ids)
        )

    def ever_among(self, query: Query[Found], ids: Sequence[str]) -> Iterator[Found]:
        """Yield what a query finds for each of some ids at any time."""
        for part in _parts(ids):
            yield from self.views.query(query, {"among": part}, ever=True)


def _parts(ids: Sequence[str]) -> Iterator[list[Value]]:
    # What stands together in a tree is read together: for many ids this is worth sorting them.
    ordered = sorted(ids) if len(ids) > _AT_ONCE else ids
    for at in range(0, len(ordered), _AT_ONCE):
        yield list(ordered[at : at + _AT_ONCE])
