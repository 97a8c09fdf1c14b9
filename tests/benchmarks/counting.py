"""Counting what a command or a question asks of SQLite, which is the same on every machine.

- A commit waits for the disk once, because the file is opened with `synchronous=FULL`; so commits are
  told from the write-ahead log itself, where each of them ends with a page that says so.
- Statements, transactions, rows and the log's bytes are the same with every release of SQLite. Pages
  and the work of its machine depend on it a little, so these have a tolerance.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from stemmata.stemma import Stemma
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore

TOLERANCE = {"pages": 0.15, "work": 0.15}
"""By how much a figure may be off, as a part of it; all others are exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was asked of SQLite, on average over some repetitions of the same thing.

    Attributes:
        statements: Those that were executed, once for each row that they were executed for.
        transactions: Those that were begun, be it to read or to write.
        syncs: Commits that wait for the disk.
        log_rows: Events.
        log_bytes: Bytes of these events, with their envelopes.
        view_rows: Rows of views that were written or ended, and checkpoints.
        pages: Pages written to the write-ahead log.
        work: Instructions of SQLite's own machine, in tens.
    """

    statements: float
    transactions: float
    syncs: float
    log_rows: float
    log_bytes: float
    view_rows: float
    pages: float
    work: float


class CountedIds:
    """Ids that are the same in every run."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        number = next(self._numbers)
        return f"{number:012x}7{0:03x}8{number:015x}"


class StandingClock:
    """A clock on which no time goes by, so that moments are written alike in every run."""

    def now(self) -> datetime:
        return datetime(2026, 3, 3, 12, tzinfo=UTC)


class Counter:
    """A registry in a SQLite file, and what is asked of that file."""

    def __init__(self, path: Path) -> None:
        """Make a registry in a new file."""
        self._database = database = SqliteDatabase(path)
        ids = CountedIds()
        self.events = SqliteEventStore(database, ids=ids)
        self.stemma = Stemma(
            events=self.events,
            views=SqliteViewStore(database),
            content=MemoryContentStore(),
            clock=StandingClock(),
            ids=ids,
            actor="ada",
            entity="vision",
            project="mnist",
            cache_dir=path.parent,
        )
        self._log = path.with_name(path.name + "-wal")
        self._reader = database.connection()
        with database.writing() as writer:
            self._writer = writer
        self._statements: list[str] = []
        self._work = 0
        for connection in (self._reader, self._writer):
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            connection.set_trace_callback(self._statements.append)
            connection.set_progress_handler(self._step, 10)

    def _step(self) -> int:
        self._work += 1
        return 0

    def counts(self, action: Callable[[], object], *, repeated: int) -> Counts:
        """Return what *action* asks for, on average over some repetitions.

        They must be so few that SQLite does not begin to empty its write-ahead log, which has 1000 pages.
        """
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        written, head, size = self._writer.total_changes, self.events.head(), self._log_bytes()
        self._statements.clear()
        self._work = 0
        for _ in range(repeated):
            action()
        statements, work = list(self._statements), self._work
        begun = sum(each.startswith("BEGIN") for each in statements)
        rows = self._writer.total_changes - written
        events = self.events.head() - head
        pages, commits = _frames(self._log)
        return Counts(
            statements=len(statements) / repeated,
            transactions=begun / repeated,
            syncs=commits / repeated,
            log_rows=events / repeated,
            log_bytes=(self._log_bytes() - size) / repeated,
            view_rows=(rows - events) / repeated,
            pages=pages / repeated,
            work=work / repeated,
        )

    def _log_bytes(self) -> int:
        found: int = self._reader.execute("SELECT total(length(state)) FROM event").fetchone()[0]
        return int(found)

    def close(self) -> None:
        self.stemma.close()


def _frames(log: Path) -> tuple[int, int]:
    """Return how many pages stand in a write-ahead log, and how many commits.

    https://sqlite.org/fileformat2.html#the_write_ahead_log
    """
    content = log.read_bytes()
    if not content:
        return 0, 0
    page = int.from_bytes(content[8:12])
    frames = range(32, len(content), 24 + page)
    commits = sum(1 for at in frames if content[at + 4 : at + 8] != bytes(4))
    return len(frames), commits


def sqlite_release() -> str:
    """Return which release of SQLite counts."""
    return sqlite3.sqlite_version
