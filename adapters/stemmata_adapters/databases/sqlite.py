"""One SQLite file: a connection that writes, connections that read, and a fair way to take turns.

- Write-ahead log, `synchronous=FULL`: a commit is durable when it returns, with one fsync.
- Writers of all processes queue at a lock file beside the database. SQLite's own way of waiting is to
  sleep and try again, which starves some writers for seconds under load.
- Each thread reads on a connection of its own, which the next thread takes over when it ends; the
  thread that writes reads what it has written. Nobody waits in order to read.
- A fork opens the file anew, or is refused it (:mod:`stemmata_adapters.databases.forks`).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from enum import IntEnum
from pathlib import Path
from urllib.parse import unquote

from stemmata_adapters.databases import forks
from stemmata_adapters.databases.file_lock import FileLock
from stemmata_adapters.databases.sqlite_readers import Idle, Lease
from stemmata_adapters.databases.steps import Step, lacking
from stemmata_adapters.sleepers import Sleepers
from stemmata_domain.errors import InvalidSetting, StorageFailed, StoreUnavailable

_BUSY_SECONDS = 30.0
_FORKED = (
    "it was in use when this process was forked; start processes by 'spawn' or 'forkserver', or open "
    "the file after the fork only"
)


class Kind(IntEnum):
    """What a file was made for; the number stands in it as its application's id."""

    LOG = 0x5374656D  # "Stem"
    VIEWS = 0x53746556  # "SteV"


class SqliteDatabase:
    """A SQLite file that several stores share; any number of threads may use it."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Describe a database; nothing is opened until it is used."""
        # Threads connect later, when the working directory may be another.
        self.path = path.absolute()
        self._read_only = read_only
        self._closed = False
        self._abandoned: list[object] = []
        self._start()
        forks.watch(self)

    def _start(self) -> None:
        self._mutex = threading.RLock()  # who writes
        self._opening = threading.Lock()  # who opens or closes readers; never held for long
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._idle = Idle(self._readers)
        self._writer: sqlite3.Connection | None = None
        self._writing_thread: int | None = None
        self._lock = FileLock(self.path.with_name(self.path.name + "-lock"))
        self._purposes: list[FileLock] = []
        self._held: list[threading.Lock | threading.RLock] = []
        self.sleepers = Sleepers()  # who waits for commits

    def connection(self) -> sqlite3.Connection:
        """Return the connection on which this thread reads.

        Raises:
            StoreUnavailable: The file cannot be opened.
        """
        if self._writing_thread == threading.get_ident():
            assert self._writer is not None
            return self._writer
        lease: Lease | None = getattr(self._local, "lease", None)
        if lease is None or self._closed:
            self._close_own()
            lease = self._local.lease = Lease(self._reader(), self._idle)
        return lease.connection

    def _close_own(self) -> None:
        """Close the connection on which this thread has read, if there is one."""
        lease: Lease | None = getattr(self._local, "lease", None)
        if lease is not None:
            self._idle.end(lease.take_back())
            del self._local.lease

    def _reader(self) -> sqlite3.Connection:
        with self._opening:
            if self._idle:
                return self._idle.pop()
            reader = self._connect()
            self._readers.append(reader)
            return reader

    def _connect(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreUnavailable(store=str(self.path), why="it was closed; open it again")
        if forks.is_carried(self.path):
            raise StoreUnavailable(store=str(self.path), why=_FORKED)
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
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error
        try:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA fullfsync=1")
            connection.execute("PRAGMA cache_size=-16384")
            # Some builds overwrite all that is deleted with zeros, which makes writers wait long when
            # a view is dropped that another one has taken the place of.
            connection.execute("PRAGMA secure_delete=FAST")
        except sqlite3.Error as error:
            connection.close()
            raise unavailable(self.path, error) from error
        return connection

    def description(self) -> dict[str, str | int]:
        """Return what and where the file is, and its size in bytes with what waits in the log beside it."""
        files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
        size = sum(each.stat().st_size for each in files if each.exists())
        return {"store": "SQLite", "file": str(self.path), "size": size}

    def change_counter(self) -> int:
        """Return a number that is another one after somebody else has committed.

        It is this thread's; numbers of several threads cannot be compared.
        """
        try:
            found: int = self.connection().execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error
        return found

    def writing(self, *, lasting: bool = True) -> AbstractContextManager[sqlite3.Connection]:
        """Hold the right to write; what was written is durable and visible when the block ends.

        Within it the same thread may enter again, and joins. An exception undoes everything.

        Args:
            lasting: Whether the disk is waited for. Else a loss of power may undo what was written, as long
                as nobody has written since who waits for it; the end of the process does not.

        Raises:
            StoreUnavailable: The file cannot be written; nothing was.
        """
        if self._writing_thread == threading.get_ident():
            # A command joins several times, so that this way is kept short.
            assert self._writer is not None
            return nullcontext(self._writer)
        return self._turn(lasting=lasting)

    def part(self) -> AbstractContextManager[sqlite3.Connection]:
        """Hold the right to write; in a block that holds it already, an exception undoes this part alone.

        Raises:
            StoreUnavailable: The file cannot be written; nothing was.
        """
        joins = self._writing_thread == threading.get_ident()
        return self._part() if joins else self._turn(lasting=True)

    @contextmanager
    def _part(self) -> Iterator[sqlite3.Connection]:
        with self.writing() as writer:
            writer.execute("SAVEPOINT part")
            try:
                yield writer
            except BaseException:
                # The last resort of SQLite, as when a disk is full, is to undo the whole block.
                if self._writer is writer and writer.in_transaction:
                    writer.execute("ROLLBACK TO part")
                    writer.execute("RELEASE part")
                raise
            writer.execute("RELEASE part")

    @contextmanager
    def _turn(self, *, lasting: bool) -> Iterator[sqlite3.Connection]:
        with self._mutex:
            if self._writer is None:
                self._writer = self._connect()
            with self._lock:
                yield from self._transaction(self._writer, lasting=lasting)

    def _transaction(
        self, writer: sqlite3.Connection, *, lasting: bool
    ) -> Iterator[sqlite3.Connection]:
        try:
            if not lasting:
                writer.execute("PRAGMA synchronous=NORMAL")
            writer.execute("BEGIN IMMEDIATE")
            self._writing_thread = threading.get_ident()
            yield writer
            if self._writer is not writer:
                raise StoreUnavailable(store=str(self.path), why=_FORKED)
            writer.execute("COMMIT")
            self.sleepers.wake()
        except BaseException as error:
            self._undo(writer)
            if isinstance(error, sqlite3.Error):
                raise unavailable(self.path, error) from error
            raise
        finally:
            self._writing_thread = None
            if not lasting and self._writer is writer:
                writer.execute("PRAGMA synchronous=FULL")

    def _undo(self, writer: sqlite3.Connection) -> None:
        if self._writer is not writer:  # a fork inside the block, which is left to the parent
            return
        try:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
        except sqlite3.Error:
            # The connection is of no more use; a new one finds the log as the last commit left it.
            writer.close()
            self._writer = None

    @contextmanager
    def alone(self, purpose: str) -> Iterator[bool]:
        """Tell whether nobody else is at a purpose, in any process, and keep others from it if so.

        It ends with the block, or with the process; nobody waits for it.

        Raises:
            StoreUnavailable: The lock file cannot be opened.
        """
        lock = FileLock(self.path.with_name(f"{self.path.name}-{purpose}"))
        self._purposes.append(lock)
        try:
            yield lock.take_at_once()
        finally:
            lock.close()
            with suppress(ValueError):  # a fork has let go of it
                self._purposes.remove(lock)

    def create(self, steps: Sequence[Step], *, kind: Kind = Kind.LOG) -> None:
        """Make the file and its tables, or lift an older file; any number of processes may try.

        Views have no steps: they are at home in a log's file, whatever its schema, and in their own. Who
        may not write takes an older file as it is.

        Raises:
            StoreTooNew: A newer release has written the file.
            StoreUnavailable: It is no database of ours, or cannot be opened.
        """
        try:
            self._create_file()
            connection = self.connection()
            if not self._lacks(connection, steps, kind):
                return
            found = self.schema()
            if self._read_only:
                self._check_made(found)
                return
            with self._mutex, self._lock:
                if found == 0:
                    connection.execute("PRAGMA journal_mode=WAL")
                with self.writing() as writer:
                    # Somebody may have been here since.
                    self._lift(writer, self._lacks(writer, steps, kind), kind)
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    def schema(self) -> int:
        """Return how many steps the file has taken, 0 if nothing was written to it yet."""
        try:
            found: int = self.connection().execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error
        return found

    def _lacks(
        self, connection: sqlite3.Connection, steps: Sequence[Step], kind: Kind
    ) -> Sequence[Step]:
        with _moment(connection):
            owner = connection.execute("PRAGMA application_id").fetchone()[0]
            found: int = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if owner not in set(Kind) and (owner or found or tables):
            why = "it is a database of another program; choose another file"
            raise StoreUnavailable(store=str(self.path), why=why)
        if kind is Kind.VIEWS:
            return () if owner else ((),)
        if owner == Kind.VIEWS:
            why = "it holds views and no log; choose another file"
            raise StoreUnavailable(store=str(self.path), why=why)
        return lacking(found, steps, store=str(self.path))

    def _check_made(self, found: int) -> None:
        if not found:
            why = "nothing was written to it yet, and it was opened for reading only"
            raise StoreUnavailable(store=str(self.path), why=why)

    def _lift(self, writer: sqlite3.Connection, lacking: Sequence[Step], kind: Kind) -> None:
        for step in lacking:
            for statement in step:
                writer.execute(statement)
        if lacking:
            schema = self.schema() + len(lacking)
            writer.execute(f"PRAGMA application_id={kind:d}")
            writer.execute(f"PRAGMA user_version={schema}")

    def _create_file(self) -> None:
        if self._read_only or self.path.exists():
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
        except OSError as error:
            why = f"cannot be created ({error.strerror})"
            raise StoreUnavailable(store=str(self.path), why=why) from error

    def close(self) -> None:
        """Close all connections and end all waits; later use is refused."""
        self.sleepers.end()
        with self._mutex, self._opening:
            self._closed = self._idle.is_closed = True
            self._close_own()
            # Those on which other threads read are not closed under their hands, which would end the
            # process: each is closed when its thread asks for it again, or ends.
            while self._idle:
                self._idle.end(self._idle.pop())
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._lock.close()

    def before_fork(self) -> None:
        """Close what is not in use, and let nothing be opened."""
        if not self._mutex.acquire(blocking=False):
            return
        self._held.append(self._mutex)
        if self._writing_thread is not None or not self._opening.acquire(timeout=1):
            return
        self._held.append(self._opening)
        lease: Lease | None = getattr(self._local, "lease", None)
        if lease is not None:
            self._idle.append(lease.take_back())
            del self._local.lease
        for reader in self._idle:
            reader.close()
            self._readers.remove(reader)
        self._idle.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def after_fork_in_parent(self) -> None:
        """Go on."""
        while self._held:
            self._held.pop().release()

    def after_fork_in_child(self) -> bool:
        """Start anew; return whether connections are left that are in use in the parent."""
        # They are never closed here, because that would meddle with the parent's. The lock file is:
        # as long as a fork has it open, the lock of a parent that was killed stays taken.
        carried = (*self._readers, *(() if self._writer is None else (self._writer,)))
        self._abandoned += carried
        self._idle.is_closed = False
        for lock in (self._lock, *self._purposes):
            lock.close()
        self._start()
        return bool(carried)


@contextmanager
def _moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Let what is read inside be of one moment, whatever others write meanwhile."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def unavailable(path: Path, error: sqlite3.Error) -> StorageFailed:
    """Return the failure to raise for an error of SQLite."""
    return StoreUnavailable(store=str(path), why=str(error))


def path_of(url: str) -> Path:
    """Return the file of a `sqlite:` URL: three slashes before a relative path, four before an absolute.

    Raises:
        InvalidSetting: It names a host, or no file.
    """
    _, _, rest = url.partition("://")
    if not rest.startswith("/") or rest == "/":
        rule = "use sqlite:///relative/path.db or sqlite:////absolute/path.db"
        raise InvalidSetting(setting="URL", value=url, rule=rule)
    try:
        return Path(unquote(rest[1:])).expanduser()
    except RuntimeError as error:
        rule = "there is no such user, or nobody knows where their home is"
        raise InvalidSetting(setting="URL", value=url, rule=rule) from error
