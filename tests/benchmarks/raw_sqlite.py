"""The floor: the same rows in the same tables, written and read with nothing but `sqlite3`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from stemmata_adapters.event_stores.sqlite import STEPS
from stemmata_adapters.view_stores import sql
from stemmata_projections.audit.tables import CONCERN, ENTRY
from stemmata_projections.tables import OPEN_END, Table
from stemmata_projections.version_index.tables import ALIAS, COLLECTION, MEMBER, VERSION

_ENVELOPE = (
    '{"id":"%032x","time":"2026-03-03T12:00:00.000000Z","actor":"bench",'
    '"correlation":"%032x","schema":1,"event":%s}'
)
_EVENT = "INSERT INTO event (stream, version, topic, state) VALUES (?, ?, ?, ?)"
COLLECTION_ID = "c" * 32
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
            COLLECTION_ID,
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
        db, position = self._db, self._version + 1
        db.execute("BEGIN IMMEDIATE")
        for row in event_rows(index, alias=alias, version=self._version):
            db.execute(_EVENT, row)
        self._version += 3
        closing = sql.close_rows(ALIAS, ("collection", "alias"))
        for name in ("latest", alias):
            db.execute(closing, (position, COLLECTION_ID, name))
        for table, rows in view_rows(index, alias=alias, position=position).items():
            db.executemany(sql.open_row(table), rows)
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
            (COLLECTION_ID,),
        ):
            aliases.setdefault(number, []).append(alias)
        rows = self._db.execute(
            "SELECT m.number, v.*, s.scope, s.name FROM view_member m"
            f" CROSS JOIN view_version v ON v.id = m.version AND {_open('v')}"
            f" CROSS JOIN view_collection s ON s.id = v.artifact AND {_open('s')}"
            f" WHERE m.collection = ? AND {_open('m')} ORDER BY m.number",
            (COLLECTION_ID,),
        ).fetchall()
        return [(*row, aliases.get(row[0])) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def event_rows(index: int, *, alias: str, version: int) -> list[tuple[str, int, str, bytes]]:
    """Return the events of a link with one alias beside `latest`: stream, version, topic, state."""
    last, source = index - 1, f"{_ARTIFACT}:{index}"
    link = f'{{"version":"{source}","artifact":"{_ARTIFACT}","source_index":{index}}}'
    moved = '{"alias":"%s","index":%d,"moved_from":%d}'
    events = (
        ("VersionLinked", link),
        ("AliasAdded", moved % ("latest", index, last)),
        ("AliasAdded", moved % (alias, index, last)),
    )
    return [
        (
            f"collection-{COLLECTION_ID}",
            version + n,
            topic,
            (_ENVELOPE % (version + n, index, payload)).encode(),
        )
        for n, (topic, payload) in enumerate(events)
    ]


def view_rows(index: int, *, alias: str, position: int) -> dict[Table, list[tuple[object, ...]]]:
    """Return the rows that such a link opens, each with its position; its events begin at *position*."""
    version = f"{_ARTIFACT}:{index}"
    number, before = f"{COLLECTION_ID}#{index}", f"{COLLECTION_ID}#{index - 1}"
    topics = ("VersionLinked", "AliasAdded", "AliasAdded")
    concerned = (
        (COLLECTION_ID, version, _ARTIFACT, number),
        (COLLECTION_ID, number, before),
        (COLLECTION_ID, number, before),
    )
    return {
        MEMBER: [(COLLECTION_ID, index, version, _TIME, "bench", position)],
        ALIAS: [(COLLECTION_ID, name, index, position) for name in ("latest", alias)],
        ENTRY: [
            (position + n, _TIME, "bench", topic, position + n) for n, topic in enumerate(topics)
        ],
        CONCERN: [
            (thing, position + n, position + n)
            for n, things in enumerate(concerned)
            for thing in things
        ],
    }


def _open(name: str) -> str:
    return f"{name}.span = 0 AND {name}.valid_to = {OPEN_END}"
