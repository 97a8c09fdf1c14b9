"""Registries that are told the same: in memory, in a SQLite file, and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from pathlib import Path
from typing import Any

from stemmata_adapters.databases.postgresql_url import database_of
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.event_stores.postgresql import PostgresEventStore
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.postgresql import PostgresViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.errors import Refused
from stemmata_domain.handling import CommandHandler
from stemmata_domain.ports import Clock, EventStore
from stemmata_projections.audit.fold import AUDIT
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.runner import Runner
from stemmata_projections.search.fold import SEARCH
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.view_store import ViewStore
from tests.postgres import shared_server

PROJECTIONS = (VERSION_INDEX, LINEAGE, AUDIT, SEARCH)


class CountedIds:
    """Ids 1, 2, 3, …, so that all sides give the same."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> str:
        self._last += 1
        return f"{self._last:032x}"


class SteadyClock:
    """A clock that goes on by a second each time it is asked."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 3, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


class FitfulClock(SteadyClock):
    """A clock that stands still now and then, and is set back now and then, always alike."""

    def __init__(self) -> None:
        super().__init__()
        self._steps = cycle((1, 0, 2, 1, -1, 0, 1, 3, 1))

    def now(self) -> datetime:
        self._now += timedelta(seconds=next(self._steps))
        return self._now


class Side:
    """A registry that is opened again and again, and whose views may lag when it is used."""

    def __init__(
        self, open: Callable[[CountedIds], tuple[EventStore, ViewStore]], clock: Clock | None
    ) -> None:
        self._open = open
        self._ids, self._clock = CountedIds(), clock or SteadyClock()
        self._begin()

    def reopen(self) -> None:
        """Begin as a new process would."""
        self.close()
        self._begin()

    def _begin(self) -> None:
        self.events, self.views = self._open(self._ids)
        self.kept_graph = KeptGraph(self.events, self.views, most=10**6, worth=0)
        self._runner = Runner(self.events, self.views, PROJECTIONS)
        self._handlers = {
            inline: CommandHandler(
                self.events,
                clock=self._clock,
                ids=self._ids,
                inline=self._runner.inline if inline and self._runner.is_inline else None,
                snapshot_after=7,
            )
            for inline in (True, False)
        }

    def do(self, command: Any, *, actor: str, key: str | None, inline: bool) -> Any:
        """Carry out a command, and return its result or its refusal."""
        try:
            result = self._handlers[inline].handle(command, actor=actor, key=key)
        except Refused as refusal:
            result = refusal
        self._runner.catch_up()
        return result

    def close(self) -> None:
        self.events.close()

    def remove(self) -> None:
        """Close it for good."""
        self.close()


def memory_side(clock: Clock | None = None) -> Side:
    views = MemoryViewStore()
    opened: list[MemoryEventStore] = []

    def open_memory(ids: CountedIds) -> tuple[EventStore, ViewStore]:
        # What is in memory has no second life; only what handles its commands begins anew.
        if not opened:
            opened.append(MemoryEventStore(ids=ids))
        return opened[0], views

    return Side(open_memory, clock)


def sqlite_side(path: Path, clock: Clock | None = None) -> Side:
    def open_sqlite(ids: CountedIds) -> tuple[EventStore, ViewStore]:
        database = SqliteDatabase(path)
        return SqliteEventStore(database, ids=ids), SqliteViewStore(database)

    return Side(open_sqlite, clock)


_schemas = (f"side {n}" for n in count())


class _PostgresSide(Side):
    def __init__(self, clock: Clock | None) -> None:
        self._schema = next(_schemas)
        super().__init__(self._opened, clock)

    def _opened(self, ids: CountedIds) -> tuple[EventStore, ViewStore]:
        database = database_of(shared_server().url(self._schema))
        return PostgresEventStore(database, ids=ids), PostgresViewStore(database)

    def remove(self) -> None:
        self.close()
        with shared_server().connect() as connection:
            connection.execute(f'DROP SCHEMA "{self._schema}" CASCADE')


def postgres_side(clock: Clock | None = None) -> Side:
    return _PostgresSide(clock)


EVERYWHERE = ("memory", "sqlite", "postgresql")
AT_HAND = ("memory", "sqlite")
"""Those that ask no server, which takes longer."""


def sides(
    folder: Path, *, where: Sequence[str], clock: Callable[[], Clock] = SteadyClock
) -> dict[str, Side]:
    """Make registries, each with a clock of its own."""
    made: dict[str, Callable[[], Side]] = {
        "memory": lambda: memory_side(clock()),
        "sqlite": lambda: sqlite_side(folder / "registry.db", clock()),
        "postgresql": lambda: postgres_side(clock()),
    }
    return {each: made[each]() for each in where}
