"""The view store in memory: the reference that every other store is compared with.

It says what tables, changes and queries mean, with as little cleverness as its speed allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, RLock
from typing import Any, TypeVar, assert_never, cast

from stemmata_adapters.view_stores.memory_plans import Plan
from stemmata_adapters.view_stores.memory_rows import Moment, Rows, Undo
from stemmata_domain.errors import StoreUnavailable
from stemmata_domain.ports import EventStore
from stemmata_projections.changes import Amend, Change, Close, Open
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Query
from stemmata_projections.tables import OPEN_END, Row, Table
from stemmata_projections.view_store import HeldRow, Params, Parked, Unfinished, ViewsBeside

Found = TypeVar("Found", bound=Row)


class MemoryViewStore:
    """Views in memory; gone with the process."""

    def __init__(self) -> None:
        self._mutex = RLock()
        self._rows: dict[Table, Rows] = {}
        self._schemas: dict[str, int] = {}
        self._positions: dict[str, int] = {}
        self._parked: list[Parked] = []
        self._plans: dict[Query[Any], Plan] = {}
        self._rebuild = Lock()
        self._beside: MemoryViewsBeside | None = None

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables; see the port."""
        with self._mutex:
            for projection in projections:
                if self._schemas.get(projection.name) != projection.schema:
                    self._schemas[projection.name] = projection.schema
                    self._positions[projection.name] = 0
                    self._rows.update((table, Rows(table)) for table in projection.tables)
                    self._parked = [p for p in self._parked if p.projection != projection.name]

    def checkpoint(self, projection: str) -> int:
        """Return how far a view has come; see the port."""
        return self._positions.get(projection, 0)

    def apply(
        self,
        projections: Sequence[str],
        changes: Iterable[tuple[int, Change]],
        *,
        after: int,
        upto: int,
        parked: Sequence[Parked] = (),
    ) -> bool:
        """Apply a page of changes; see the port."""
        with self._mutex:
            if any(self._positions.get(name) != after for name in projections):
                return False
            undo: list[Undo] = []
            try:
                for position, change in changes:
                    self._apply(position, change, undo)
            except BaseException:
                for step in reversed(undo):
                    step()
                raise
            self._positions.update(dict.fromkeys(projections, upto))
            self._parked += parked
            return True

    def parked(self) -> Sequence[Parked]:
        """Return what views could not take; see the port."""
        with self._mutex:
            return sorted(self._parked)

    def _apply(self, position: int, change: Change, undo: list[Undo]) -> None:
        rows = self._rows[change.table]
        match change:
            case Open(row=row):
                rows.open(row, position, undo)
            case Close(where=where):
                rows.close(where, position, undo)
            case Amend(where=where, values=values):
                for ended in rows.close(where, position, undo):
                    rows.open(tuple({**ended, **values}.values()), position, undo)
            case _:
                assert_never(change)

    def query(
        self, query: Query[Found], params: Params, *, at: int | None = None, ever: bool = False
    ) -> Sequence[Found]:
        """Return what a query finds; see the port."""
        plan = self._plans.get(query)
        if plan is None:
            plan = self._plans[query] = Plan(query)
        moment = Moment(OPEN_END if at is None else at, ever)
        with self._mutex:
            return cast("Sequence[Found]", plan.answer(self._rows, params, moment))

    def scan(self, table: Table) -> Iterator[HeldRow]:
        """Give every row of a table; see the port."""
        key = [table.place(column) for column in table.key]
        with self._mutex:
            held = self._rows[table].every()
        held.sort(key=lambda each: ([each.row[place] for place in key], each.valid_from))
        yield from held

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold one state; see the port."""
        with self._mutex:
            yield

    @contextmanager
    def beside(self, projections: Sequence[Projection]) -> Iterator[ViewsBeside]:
        """Give empty views beside those in use; see the port."""
        if not self._rebuild.acquire(blocking=False):
            why = "somebody is rebuilding views already; try again when they are done"
            raise StoreUnavailable(store="view store in memory", why=why)
        try:
            self._beside = MemoryViewsBeside(self, projections)
            yield self._beside
        finally:
            self._beside = None
            self._rebuild.release()

    def unfinished(self) -> Sequence[Unfinished]:
        """Return the views beside those in use; see the port."""
        beside = self._beside
        return [] if beside is None else beside.stand()

    def close(self) -> None:
        """Do nothing; memory is let go of with the store."""


class MemoryViewsBeside(MemoryViewStore):
    """Views that may take the place of those in use."""

    def __init__(self, in_use: MemoryViewStore, projections: Sequence[Projection]) -> None:
        super().__init__()
        self._in_use = in_use
        self.prepare(projections)

    def take_place(self) -> bool:
        """Put these views in the place of those in use; see the port."""
        used = self._in_use
        with self._mutex, used._mutex:
            for name, schema in self._schemas.items():
                if used._schemas.get(name) != schema:
                    why = "another release keeps it in another shape; end one of the two"
                    raise StoreUnavailable(store=f"view {name!r}", why=why)
            if any(used._positions[name] > at for name, at in self._positions.items()):
                return False
            used._rows.update(self._rows)
            used._positions.update(self._positions)
            used._parked = [
                *(each for each in used._parked if each.projection not in self._positions),
                *self._parked,
            ]
            return True

    def stand(self) -> Sequence[Unfinished]:
        """Return how far these views have come."""
        with self._mutex:
            return [
                Unfinished(name, at, is_left=False) for name, at in sorted(self._positions.items())
            ]


def open_url(url: str, *, beside: EventStore) -> MemoryViewStore:  # noqa: ARG001 (every scheme is called alike)
    """Return a new, empty store, whatever follows `memory://`."""
    return MemoryViewStore()
