"""The floor: the same rows in the same tables, written and read with nothing but `sqlite3`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from stemmata_adapters.event_stores.sqlite import STEPS
from stemmata_adapters.view_stores import sql
from stemmata_projections.audit.tables import CONCERN, ENTRY
from stemmata_projections.tables import OPEN_END
from stemmata_projections.version_index.tables import ALIAS, COLLECTION, MEMBER, VERSION

_ENVELOPE = (
    '{"id":"%032x","time":"2026-03-03T12:00:00.000000Z","actor":"bench",'
    '"correlation":"%032x","schema":1,"event":%s}'
)
_EVENT = "INSERT INTO event (stream, version, topic, state) VALUES (?, ?, ?, ?)"
_COLLECTION = "c" * 32
_ARTIFACT = "a" * 32
_TIME = "2026-03-03T12:00:00.000000Z"


class RawRegistry:
    """What one link and its aliases come to: 3 events, 18 rows of views, a checkpoint, one fsync."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = db = sqlite3.connect(path, isolation_level=None, cached_statements=512)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA cache_size=-16384")
        for statement in (statement for step in STEPS for statement in step):
            db.execute(statement)
        for table in (COLLECTION, MEMBER, ALIAS, VERSION, ENTRY, CONCERN):
            for statement in sql.create(table):
                db.execute(statement)
        db.execute(
            "CREATE TABLE view (projection TEXT PRIMARY KEY, position INTEGER) WITHOUT ROWID"
        )
        db.execute("INSERT INTO view VALUES ('lineage', 0), ('version_index', 0), ('audit', 0)")
        row = (
            _COLLECTION,
            "collection",
            "r" * 32,
            "r" * 32,
            "Digits",
            "model",
            None,
            _TIME,
            "bench",
        )
        db.execute(sql.open_row(COLLECTION), (*row, 1))
        source = (
            _ARTIFACT,
            "artifact",
            "vision/mnist",
            None,
            "digits",
            "model",
            None,
            _TIME,
            "bench",
        )
        db.execute(sql.open_row(COLLECTION), (*source, 1))
        self._version = 0

    def link(self, index: int, *, alias: str) -> None:
        """Write what a link with one alias beside `latest` writes."""
        db, stream, last = self._db, f"collection-{_COLLECTION}", index - 1
        link = (
            f'{{"version":"{_ARTIFACT}:{index}","artifact":"{_ARTIFACT}","source_index":{index}}}'
        )
        position = self._version + 1
        db.execute("BEGIN IMMEDIATE")
        for topic, payload in (
            ("VersionLinked", link),
            ("AliasAdded", f'{{"alias":"latest","index":{index},"moved_from":{last}}}'),
            ("AliasAdded", f'{{"alias":"{alias}","index":{index},"moved_from":{last}}}'),
        ):
            state = (_ENVELOPE % (self._version, index, payload)).encode()
            db.execute(_EVENT, (stream, self._version, topic, state))
            self._version += 1
        version = f"{_ARTIFACT}:{index}"
        db.execute(sql.open_row(MEMBER), (_COLLECTION, index, version, _TIME, "bench", position))
        closing = sql.close_rows(ALIAS, ("collection", "alias"))
        for name in ("latest", alias):
            db.execute(closing, (position, _COLLECTION, name))
            db.execute(sql.open_row(ALIAS), (_COLLECTION, name, index, position))
        topics = ("VersionLinked", "AliasAdded", "AliasAdded")
        db.executemany(
            sql.open_row(ENTRY),
            [(position + n, _TIME, "bench", topic, position + n) for n, topic in enumerate(topics)],
        )
        number, before = f"{_COLLECTION}#{index}", f"{_COLLECTION}#{last}"
        concerned = (
            (_COLLECTION, version, _ARTIFACT, number),
            (_COLLECTION, number, before),
            (_COLLECTION, number, before),
        )
        db.executemany(
            sql.open_row(CONCERN),
            [
                (thing, position + n, position + n)
                for n, things in enumerate(concerned)
                for thing in things
            ],
        )
        db.execute("UPDATE view SET position = ?", (position + 2,))
        db.execute("COMMIT")

    def log(self, number: int) -> None:
        """Write source versions, so that reading can join them; a link does not write them."""
        statement = sql.open_row(VERSION)
        self._db.execute("BEGIN")
        for i in range(number):
            row = (f"{_ARTIFACT}:{i}", _ARTIFACT, i, f"{i:032x}", "MD5", f"{i:064x}", 1, 1, None)
            self._db.execute(statement, (*row, "{}", _TIME, "bench", None, 1))
        self._db.execute("COMMIT")

    def resolve(self, alias: str) -> tuple[object, ...]:
        """Find a version by its collection's name and an alias, by one join over the indexes."""
        found: tuple[object, ...] = self._db.execute(
            "SELECT v.*, m.number, s.scope, s.name FROM view_collection c"
            f" CROSS JOIN view_alias a ON a.collection = c.id AND a.alias = ? AND {_open('a')}"
            f" CROSS JOIN view_member m ON m.collection = c.id AND m.number = a.number AND {_open('m')}"
            f" CROSS JOIN view_version v ON v.id = m.version AND {_open('v')}"
            f" CROSS JOIN view_collection s ON s.id = v.artifact AND {_open('s')}"
            f" WHERE c.scope = ? AND c.name = ? AND {_open('c')}",
            (alias, "r" * 32, "Digits"),
        ).fetchone()
        return found

    def list(self) -> list[tuple[object, ...]]:
        """Read all versions of the collection, and the aliases of each."""
        aliases: dict[int, list[str]] = {}
        for number, alias in self._db.execute(
            f"SELECT a.number, a.alias FROM view_alias a WHERE a.collection = ? AND {_open('a')}",
            (_COLLECTION,),
        ):
            aliases.setdefault(number, []).append(alias)
        rows = self._db.execute(
            "SELECT m.number, v.*, s.scope, s.name FROM view_member m"
            f" CROSS JOIN view_version v ON v.id = m.version AND {_open('v')}"
            f" CROSS JOIN view_collection s ON s.id = v.artifact AND {_open('s')}"
            f" WHERE m.collection = ? AND {_open('m')} ORDER BY m.number",
            (_COLLECTION,),
        ).fetchall()
        return [(*row, aliases.get(row[0])) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _open(name: str) -> str:
    return f"{name}.span = 0 AND {name}.valid_to = {OPEN_END}"
