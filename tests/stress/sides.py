"""Places for a log that tests move to and fro, and how to look at them past the library."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from stemmata.opening import open_stores
from stemmata.stemma import PROJECTIONS
from stemmata_adapters.identity import TimeOrderedIds
from tests.postgres import Server
from tests.stories.moving import Row, rows
from tests.stress.agreement import check_log, rebuilt, whole_log
from tests.stress.places import url_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A place for a log.

    Attributes:
        url: What names it.
        rows: Reads its log, past the library; there may be none yet.
        remove: Takes it away.
    """

    url: str
    rows: Callable[[], list[Row]]
    remove: Callable[[], object]

    def check(self) -> None:
        """See that the log is sound, and that the views are there and are what the log makes of them."""
        with ExitStack() as stores:
            log, views = open_stores(self.url, None, TimeOrderedIds(), stores)
            check_log(whole_log(log))
            fresh = rebuilt(log)
            views.prepare(PROJECTIONS)
            for projection in PROJECTIONS:
                assert views.checkpoint(projection.name) == log.head(), projection.name
                for table in projection.tables:
                    assert list(views.scan(table)) == list(fresh.scan(table)), table.name


def sqlite_side(path: Path) -> Side:
    """Return a place in a SQLite file."""

    def found() -> list[Row]:
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as raw:
            # Who is killed while the file is made leaves one without tables.
            there = raw.execute("SELECT 1 FROM sqlite_schema WHERE name = 'event'").fetchone()
        return rows(path) if there else []

    return Side(url=url_of(path), rows=found, remove=lambda: path.unlink(missing_ok=True))


_schemas = count()


def postgres_side(server: Server) -> Side:
    """Return a place in a schema of PostgreSQL, that nobody has used."""
    schema = f"moved {next(_schemas)}"

    def found() -> list[Row]:
        with server.connect() as raw:
            there = raw.execute("SELECT to_regclass(%s)", (f'"{schema}".event',)).fetchone()
            if there == (None,):
                return []
            columns = "position, stream, version, topic, state"
            kept = raw.execute(f'SELECT {columns} FROM "{schema}".event ORDER BY position')
            return [(int(p), str(s), int(v), str(t), bytes(b)) for p, s, v, t, b in kept]  # type: ignore[call-overload]  # psycopg types every column as object

    def remove() -> None:
        with server.connect() as raw:
            raw.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')

    return Side(url=server.url(schema), rows=found, remove=remove)


def side(kind: str, path: Path, server: Server) -> Side:
    """Return an empty place of a kind; *path* is for a file."""
    return sqlite_side(path) if kind == "sqlite" else postgres_side(server)
