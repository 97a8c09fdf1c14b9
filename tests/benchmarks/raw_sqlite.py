"""The floor on SQLite: the same rows in the same tables, with nothing but `sqlite3`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from stemmata_adapters.view_stores import sql
from stemmata_projections.audit.tables import CONCERN, ENTRY
from stemmata_projections.version_index.tables import ALIAS, COLLECTION, MEMBER, VERSION
from tests.benchmarks import raw

_EVENT = "INSERT INTO event (stream, version, topic, state) VALUES (?, ?, ?, ?)"
_CLOSE = sql.close_rows(ALIAS, ("collection", "alias"))


class SqliteRegistry:
    """A registry's tables in a file, written by one statement for each row."""

    def __init__(self, path: Path, *, make: bool = True) -> None:
        """Open the file.

        Args:
            make: Whether the tables are to be made; else they are there.
        """
        if make:
            path.parent.mkdir(parents=True, exist_ok=True)
            with raw.tables_at(f"sqlite:///{path}"):
                pass
        self._db = db = sqlite3.connect(
            path, isolation_level=None, cached_statements=512, timeout=60
        )
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA cache_size=-16384")
        if make:
            for row in raw.collections():
                db.execute(sql.open_row(COLLECTION), (*row, 1))
        self._version = 0

    def link(self, index: int, *, alias: str) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._write(raw.link_of(index, alias, version=self._version))

    def link_next(self, *, alias: str) -> int:
        self._db.execute("BEGIN IMMEDIATE")
        found = self._db.execute(
            "SELECT coalesce(max(version), -1) FROM event WHERE stream = ?", (raw.STREAM,)
        ).fetchone()
        self._version = int(found[0]) + 1
        index = self._version // 3
        self._write(raw.link_of(index, alias, version=self._version))
        return index

    def _write(self, link: raw.Link) -> None:
        db = self._db
        for event in link.events:
            db.execute(_EVENT, event)
        db.execute(sql.open_row(MEMBER), (*link.member, link.position))
        for alias in link.aliases:
            db.execute(_CLOSE, (link.position, *alias[:2]))
            db.execute(sql.open_row(ALIAS), (*alias, link.position))
        db.executemany(sql.open_row(ENTRY), [(*each, each[0]) for each in link.entries])
        db.executemany(sql.open_row(CONCERN), [(*each, each[-1]) for each in link.concerns])
        db.execute("UPDATE view SET position = ?", (link.last,))
        db.execute("COMMIT")
        self._version += len(link.events)

    def log(self, number: int) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(sql.open_row(VERSION), [(*row, 1) for row in raw.source_rows(number)])
        self._db.execute("COMMIT")

    def resolve(self, alias: str) -> Sequence[object]:
        params = {"alias": alias, "scope": raw.REGISTRY, "name": raw.NAME}
        found: Sequence[object] = self._db.execute(raw.RESOLVE, params).fetchone()
        return found

    def listed(self) -> Sequence[Sequence[object]]:
        params = {"collection": raw.COLLECTION}
        aliases = self._db.execute(raw.ALIASES, params).fetchall()
        return raw.with_aliases(self._db.execute(raw.LIST, params).fetchall(), aliases)

    def close(self) -> None:
        self._db.close()
