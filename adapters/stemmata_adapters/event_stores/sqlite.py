"""The event store in a SQLite file.

The recorder is lean: the library's own takes a connection from a pool for each read, which costs more
than the read. Events are never deleted, so that positions need no counter; none is left out, except as
another store did whose events were taken over.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)

from stemmata_adapters.databases.sqlite import SqliteDatabase, path_of, unavailable
from stemmata_adapters.databases.steps import Step
from stemmata_adapters.event_stores.following import check_following
from stemmata_adapters.event_stores.recorder import RecorderEventStore
from stemmata_adapters.event_stores.sqlite_watch import SqliteWatch
from stemmata_domain.errors import StoreUnavailable, WrongExpectedVersion
from stemmata_domain.ports import NO_STREAM, IdSource, KeptEvent, Snapshot

STEPS: Final[Sequence[Step]] = (
    (
        """
        CREATE TABLE event (
            position INTEGER PRIMARY KEY,
            stream TEXT NOT NULL,
            version INTEGER NOT NULL,
            topic TEXT NOT NULL,
            state BLOB NOT NULL
        )
        """,
        "CREATE UNIQUE INDEX event_stream ON event (stream, version)",
        """
        CREATE TABLE snapshot (
            stream TEXT PRIMARY KEY,
            version INTEGER NOT NULL,
            schema INTEGER NOT NULL,
            body BLOB NOT NULL
        )
        """,
    ),
    ("CREATE TABLE cursor (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID",),
)
"""The schemas of the file; a sample of each is kept in `tests/upgrades`."""

_CURSORS = 2
"""The schema that brought cursors."""

_INSERT = "INSERT INTO event (stream, version, topic, state) VALUES (?, ?, ?, ?)"
_INSERT_AT = "INSERT INTO event (position, stream, version, topic, state) VALUES (?, ?, ?, ?, ?)"
_LAST_VERSION = "SELECT max(version) FROM event WHERE stream = ?"
_HEAD = "SELECT max(position) FROM event"
_KEEP_SNAPSHOT = (
    "INSERT INTO snapshot VALUES (?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE"
    " SET version = excluded.version, schema = excluded.schema, body = excluded.body"
    " WHERE excluded.version >= version"
)
_SAVE_CURSOR = (
    "INSERT INTO cursor VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position"
)


class SqliteRecorder(ApplicationRecorder):
    """Stored events in a SQLite file."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.database = database

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: object) -> Sequence[int]:
        """Insert the events, all or none, and return their positions."""
        with self.database.writing() as writer:
            return _insert(writer, stored_events)

    def insert_expecting(
        self, stored_events: Sequence[StoredEvent], expected: Sequence[tuple[str, int]]
    ) -> Sequence[int]:
        """Insert the events if each stream is where it is expected."""
        with self.database.writing() as writer:
            for stream, at in expected:
                last = writer.execute(_LAST_VERSION, (stream,)).fetchone()[0]
                actual = NO_STREAM if last is None else last
                if actual != at:
                    raise WrongExpectedVersion(stream=stream, expected=at, actual=actual)
            return _insert(writer, stored_events)

    def insert_kept(self, events: Sequence[KeptEvent], *, after: int) -> None:
        """Insert events at their own positions, all or none."""
        with self.database.writing() as writer:

            def last_version(stream: str) -> int:
                last: int | None = writer.execute(_LAST_VERSION, (stream,)).fetchone()[0]
                return NO_STREAM if last is None else last

            check_following(
                events,
                after=after,
                head=writer.execute(_HEAD).fetchone()[0] or 0,
                last_version=last_version,
                store=str(self.database.path),
            )
            writer.executemany(_INSERT_AT, events)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """Return stored events of a stream, with their positions."""
        order = "DESC" if desc else "ASC"
        return self._select(
            "SELECT stream, version, topic, state, position FROM event WHERE stream = ?"
            f" AND version > ? AND version <= ? ORDER BY version {order} LIMIT ?",
            (
                originator_id.hex if isinstance(originator_id, UUID) else originator_id,
                NO_STREAM if gt is None else gt,
                _LAST if lte is None else lte,
                -1 if limit is None else limit,
            ),
        )

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return stored events of all streams, in the order of their positions."""
        first = (start or 0) + (0 if inclusive_of_start else 1)
        chosen = f" AND topic IN ({', '.join('?' * len(topics))})" if topics else ""
        return self._select(
            "SELECT stream, version, topic, state, position FROM event"
            f" WHERE position >= ? AND position <= ?{chosen} ORDER BY position LIMIT ?",
            (first, _LAST if stop is None else stop, *topics, limit),
        )

    def _select(self, statement: str, values: tuple[object, ...]) -> Sequence[Notification]:
        try:
            rows = self.database.connection().execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise unavailable(self.database.path, error) from error
        return [Notification(*row) for row in rows]

    def max_notification_id(self) -> int | None:
        """Return the position of the last event."""
        try:
            found: int | None = self.database.connection().execute(_HEAD).fetchone()[0]
        except sqlite3.Error as error:
            raise unavailable(self.database.path, error) from error
        return found

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Return what hands out the events after a position, and those to come."""
        return SqliteSubscription(self, gt, topics)


class SqliteSubscription(Subscription[SqliteRecorder]):
    """The events after a position, those to come included."""

    def __init__(
        self, recorder: SqliteRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._page: deque[Notification] = deque()
        # Watched before events are read, so that a commit in between is not slept over.
        self._watch = SqliteWatch(recorder.database)
        self._stopping = False

    def stop(self) -> None:
        """Stop the subscription; whoever waits for an event stops waiting."""
        super().stop()
        self._stopping = True
        self._watch.close()

    def __next__(self) -> Notification:
        while not self._stopping:
            if self._page:
                notification = self._page.popleft()
                self._last_notification_id = notification.id
                return notification
            self._pull()
        raise StopIteration

    def _pull(self) -> None:
        self._page.extend(
            self._recorder.select_notifications(
                self._last_notification_id,
                _PAGE,
                topics=self._topics,
                inclusive_of_start=self._last_notification_id is None,
            )
        )
        if not self._page:
            self._watch.wait(_LONGEST_WAIT)


_PAGE = 500
_LONGEST_WAIT = 60.0
_LAST = 2**63 - 1


def _insert(writer: sqlite3.Connection, stored_events: Sequence[StoredEvent]) -> Sequence[int]:
    positions = []
    try:
        for stored in stored_events:
            stream = stored.originator_id
            row = (
                stream.hex if isinstance(stream, UUID) else stream,
                stored.originator_version,
                stored.topic,
                stored.state,
            )
            positions.append(int(writer.execute(_INSERT, row).lastrowid or 0))
    except sqlite3.IntegrityError as error:
        raise IntegrityError(str(error)) from error
    return positions


class SqliteEventStore(RecorderEventStore):
    """An event store in a SQLite file. One writer at a time; it keeps snapshots and cursors."""

    recorder: SqliteRecorder

    def __init__(self, database: SqliteDatabase, *, ids: IdSource) -> None:
        """Use *database*, and make its tables where they are missing."""
        database.create(STEPS)
        super().__init__(SqliteRecorder(database), ids=ids)
        self._database = database

    def writing(self) -> AbstractContextManager[object]:
        """Hold the right to append; see the port. Within such a block, a part of it can fail alone."""
        return self._database.part()

    def take_over(self, events: Sequence[KeptEvent], *, after: int) -> None:
        """Append events that another store kept; see the port."""
        self.recorder.insert_kept(events, after=after)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; see the port."""
        with self._database.writing() as writer:
            writer.execute(_KEEP_SNAPSHOT, snapshot)

    def load_snapshot(self, stream: str) -> Snapshot | None:
        """Return the newest snapshot; see the port."""
        try:
            row = (
                self._database.connection()
                .execute(
                    "SELECT stream, version, schema, body FROM snapshot WHERE stream = ?", (stream,)
                )
                .fetchone()
            )
        except sqlite3.Error as error:
            raise unavailable(self._database.path, error) from error
        return None if row is None else Snapshot(*row)

    def watch(self) -> SqliteWatch:
        """Begin to notice appends; see the port."""
        return SqliteWatch(self._database)

    def save_cursor(self, name: str, position: int) -> None:
        """Remember a position; see the port."""
        if self._database.schema() < _CURSORS:
            why = "it has no place for cursors yet, and was opened for reading only"
            raise StoreUnavailable(store=str(self._database.path), why=why)
        with self._database.writing() as writer:
            writer.execute(_SAVE_CURSOR, (name, position))

    def load_cursor(self, name: str) -> int | None:
        """Return a position that was saved; see the port."""
        found = self._cursors("SELECT name, position FROM cursor WHERE name = ?", name)
        return found.get(name)

    def cursors(self) -> Mapping[str, int]:
        """Return all cursors; see the port."""
        return self._cursors("SELECT name, position FROM cursor ORDER BY name")

    def _cursors(self, statement: str, *values: str) -> dict[str, int]:
        # Who may not write reads an older file as it is, which has no cursors yet.
        if self._database.schema() < _CURSORS:
            return {}
        try:
            return dict(self._database.connection().execute(statement, values).fetchall())
        except sqlite3.Error as error:
            raise unavailable(self._database.path, error) from error

    def drop_cursor(self, name: str) -> None:
        """Forget a cursor; see the port."""
        with self._database.writing() as writer:
            writer.execute("DELETE FROM cursor WHERE name = ?", (name,))

    def description(self) -> Mapping[str, str | int]:
        """Return what and where the file is; see the port."""
        return {**self._database.description(), "schema": self._database.schema()}

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def open_url(url: str, *, ids: IdSource) -> SqliteEventStore:
    """Open the log in the file that a `sqlite:` URL names, making it if it is missing."""
    database = SqliteDatabase(path_of(url))
    try:
        return SqliteEventStore(database, ids=ids)
    except BaseException:
        database.close()
        raise
