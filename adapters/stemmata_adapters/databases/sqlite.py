"""One SQLite file: a connection that writes, connections that read, and a fair way to take turns.

- Write-ahead log, `synchronous=FULL`: a commit is durable when it returns, with one fsync.
- Writers of all processes queue at a lock file beside the database. SQLite's own way of waiting is to
  sleep and try again, which starves some writers for seconds under load.
- Each thread reads on a connection of its own; the thread that writes reads what it has written.
- A fork gets connections of its own.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stemmata_adapters.databases.file_lock import FileLock
from stemmata_domain.errors import StorageFailed, StoreTooNew, StoreUnavailable

_APPLICATION_ID = 0x5374656D  # "Stem"
_BUSY_SECONDS = 30.0


class SqliteDatabase:
    """A SQLite file that several stores share; any number of threads may use it."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Describe a database; nothing is opened until it is used."""
        # Threads connect later, when the working directory may be another.
        self.path = path.absolute()
        self._read_only = read_only
        self._mutex = threading.RLock()
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._closed = False
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._writing_thread: int | None = None
        self._lock = FileLock(self.path.with_name(self.path.name + "-lock"))

    def _after_fork(self) -> None:
        # SQLite connections must not be carried across a fork, not even to be closed: closing one
        # would drop the parent's locks. They are left to the process's end.
        self._abandoned = (self._readers, self._writer)
        self._mutex = threading.RLock()
        self._start()

    def connection(self) -> sqlite3.Connection:
        """Return the connection on which this thread reads.

        Raises:
            StoreUnavailable: The file cannot be opened.
        """
        if self._pid != os.getpid():
            self._after_fork()
        if self._writing_thread == threading.get_ident():
            assert self._writer is not None
            return self._writer
        reader: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._connect()
            self._local.reader = reader
            with self._mutex:
                self._readers.append(reader)
        return reader

    def _connect(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreUnavailable(store=str(self.path), why="it was closed; open it again")
        mode = "ro" if self._read_only else "rw"
        try:
            connection = sqlite3.connect(
                f"{self.path.as_uri()}?mode={mode}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
                timeout=_BUSY_SECONDS,
            )
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA fullfsync=1")
            connection.execute("PRAGMA cache_size=-16384")
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the right to write; what was written is durable and visible when the block ends.

        Within it the same thread may enter again, and joins. An exception undoes everything.

        Raises:
            StoreUnavailable: The file cannot be written; nothing was.
        """
        if self._pid != os.getpid():
            self._after_fork()
        if self._writing_thread == threading.get_ident():
            assert self._writer is not None
            yield self._writer
            return
        with self._mutex, self._lock:
            if self._writer is None:
                self._writer = self._connect()
            writer = self._writer
            try:
                writer.execute("BEGIN IMMEDIATE")
                self._writing_thread = threading.get_ident()
                yield writer
                writer.execute("COMMIT")
            except BaseException as error:
                self._undo(writer)
                if isinstance(error, sqlite3.Error):
                    raise unavailable(self.path, error) from error
                raise
            finally:
                self._writing_thread = None

    def _undo(self, writer: sqlite3.Connection) -> None:
        try:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
        except sqlite3.Error:
            # The connection is of no more use; a new one finds the log as the last commit left it.
            writer.close()
            self._writer = None

    def create(self, *, schema: int, statements: tuple[str, ...]) -> None:
        """Make the file and its tables where they are missing; any number of processes may try.

        Raises:
            StoreTooNew: A newer release has written the file.
            StoreUnavailable: It is no database of ours, or cannot be opened.
        """
        try:
            self._create_file()
            with self._lock:
                connection = self.connection()
                found = connection.execute("PRAGMA user_version").fetchone()[0]
                if found > schema:
                    raise StoreTooNew(store=str(self.path), schema=found, supported=schema)
                if found == schema:
                    return
                self._adopt(connection)
            with self.writing() as writer:
                for statement in statements:
                    writer.execute(statement)
                writer.execute(f"PRAGMA application_id={_APPLICATION_ID}")
                writer.execute(f"PRAGMA user_version={schema}")
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    def _create_file(self) -> None:
        if self._read_only or self.path.exists():
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
        except OSError as error:
            why = f"cannot be created ({error.strerror})"
            raise StoreUnavailable(store=str(self.path), why=why) from error

    def _adopt(self, connection: sqlite3.Connection) -> None:
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if owner not in (0, _APPLICATION_ID) or (tables and owner == 0):
            why = "it is a database of another program; choose another file"
            raise StoreUnavailable(store=str(self.path), why=why)
        connection.execute("PRAGMA journal_mode=WAL")

    def close(self) -> None:
        """Close all connections; later use is refused."""
        if self._pid != os.getpid():
            self._after_fork()
        with self._mutex:
            self._closed = True
            for connection in (*self._readers, self._writer):
                if connection is not None:
                    connection.close()
            self._readers, self._writer = [], None
            self._local = threading.local()
            self._lock.close()


def unavailable(path: Path, error: sqlite3.Error) -> StorageFailed:
    """Return the failure to raise for an error of SQLite."""
    return StoreUnavailable(store=str(path), why=str(error))
