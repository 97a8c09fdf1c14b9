"""Two registries that are told the same: one in memory, one in a SQLite file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.view_stores.memory import MemoryViewStore
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

PROJECTIONS = (VERSION_INDEX, LINEAGE, AUDIT, SEARCH)


class CountedIds:
    """Ids 1, 2, 3, …, so that both sides give the same."""

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
        self.reopen()

    def reopen(self) -> None:
        """Begin as a new process would."""
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
