"""Connections to PostgreSQL: some of our own, or those of a host's pool.

- A connection is borrowed for one question, or for one block that reads or writes; no thread keeps one.
- One that was lost while nobody used it is noticed as it is borrowed, without asking the server.
- What a host sets up for its connections (row factories, adapters, autocommit) neither harms us nor is
  changed by us.
"""

from __future__ import annotations

import select
import selectors
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from psycopg.adapt import AdaptersMap, Dumper
from psycopg.rows import tuple_row
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper

from stemmata_adapters.databases.postgresql_client import pq, psycopg
from stemmata_domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool

Row: TypeAlias = tuple[Any, ...]
Connection: TypeAlias = "psycopg.Connection[Any]"

PLANNING = {
    # What a view is asked, it is asked by its indexes, step by step, and so are rows looked for that
    # end. The planner would guess from figures that a young table does not have yet, and a statement
    # of ours takes longer to plan than to carry out.
    "plan_cache_mode": "force_generic_plan",
    "join_collapse_limit": "1",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""How our statements are planned: settings of the server, and their values."""

_MOST = 10
_CLOSED = "it was closed; open it again"
_PATIENCE = 30.0
_CONNECT_SECONDS = 10
_STATEMENTS = 1_000


class Connections(Protocol):
    """Where connections come from.

    Attributes:
        name: What errors call the database; it tells no password.
        key: What tells one database from another, as far as is to be seen.
        plans: Whether statements are planned by `PLANNING` whenever a connection is borrowed.
    """

    name: str
    key: object
    plans: bool

    def take(self) -> Session:
        """Borrow a connection that, as far as can be told, is not lost.

        Raises:
            psycopg.Error: There is none.
            StoreUnavailable: The connections are closed, or all in use for too long.
        """
        ...

    def give_back(self, session: Session) -> None:
        """Return a connection; one that is lost, or in the middle of something, is closed."""
        ...

    def connect(self) -> Connection:
        """Make one connection more, that commits by itself and is the caller's own to close."""
        ...

    def after_fork(self) -> None:
        """Leave to the parent what is the parent's."""
        ...

    def close(self) -> None:
        """Close what is ours."""
        ...


class _Flag(Dumper):
    """Flags are numbers in the database."""

    oid = psycopg.adapters.types["int2"].oid

    def dump(self, obj: object) -> bytes:
        return b"1" if obj else b"0"


def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(psycopg.adapters)
    # One type for all integers: a statement is prepared anew for each combination of types.
    adapters.register_dumper(int, Int8Dumper)
    adapters.register_dumper(int, Int8BinaryDumper)
    adapters.register_dumper(bool, _Flag)
    return adapters


_ADAPTERS = _adapters()


class Cursor(psycopg.RawCursor[Row]):
    """A cursor whose values are ours to choose, whatever the connection is used for otherwise."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, row_factory=tuple_row)
        self.format = pq.Format.BINARY

    @property
    def adapters(self) -> AdaptersMap:
        """What turns values to and fro."""
        return _ADAPTERS


def listed(values: Sequence[object]) -> str:
    """Return values as the text of an array, which the client would take longer for; nulls are None."""
    kinds = set(map(type, values))
    if kinds == {str}:
        # Mostly there is nothing to escape.
        joined = '","'.join(cast("Sequence[str]", values))
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return f'{{"{joined}"}}'
    elif kinds == {int}:
        return f"{{{','.join(map(str, values))}}}"
    return f"{{{','.join([_element(value) for value in values])}}}"


def _element(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case bytes():
            return f'"\\\\x{value.hex()}"'
        case bool():
            return "1" if value else "0"
        case _:
            return str(value)


class Session:
    """A borrowed connection."""

    __slots__ = ("_autocommit", "connection", "cursor")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.cursor = Cursor(connection)
        self._autocommit = connection.autocommit
        if not self._autocommit:
            connection.autocommit = True

    def fetch(self, statement: str, params: Sequence[object] = ()) -> list[Row]:
        """Carry out a statement and return its rows."""
        return self.cursor.execute(statement, params).fetchall()

    def execute(self, statement: str, params: Sequence[object] = ()) -> None:
        """Carry out a statement that finds nothing."""
        self.cursor.execute(statement, params)

    def script(self, statements: Sequence[str]) -> list[list[Row]]:
        """Carry out statements in one round trip; return the rows of those that have any."""
        cursor = self.cursor.execute("; ".join(statements), prepare=False, binary=False)
        found = []
        while True:
            if cursor.pgresult is not None and cursor.pgresult.status == pq.ExecStatus.TUPLES_OK:
                found.append(cursor.fetchall())
            if not cursor.nextset():
                return found

    def restore(self) -> None:
        """Leave the connection as it was."""
        if not self._autocommit and not self.connection.closed:
            self.connection.autocommit = False


def is_alive(connection: Connection) -> bool:
    """Tell whether a connection that nobody uses is as it should be; the server is not asked."""
    idle = pq.TransactionStatus.IDLE
    return is_connected(connection) and connection.pgconn.transaction_status == idle


def is_connected(connection: Connection) -> bool:
    """Tell whether a connection, as far as is known here, is not lost.

    Where it was, or the server has ended it, there is something to be read.
    """
    pgconn = connection.pgconn
    try:
        for _ in range(_LOOKS):
            if pgconn.status != pq.ConnStatus.OK:
                return False
            if not _is_readable(pgconn.socket):
                break
            pgconn.consume_input()
    except psycopg.Error:
        return False
    return True


_LOOKS = 8


def _is_readable(socket: int) -> bool:
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(socket, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([socket], [], [], 0)[0])


def send_all(connection: Connection) -> None:
    """Wait until all that was handed over in a pipeline is on its way to the server.

    Psycopg does not look whether it is before it waits for answers. A server that has read half of a
    statement sends none, so that both would wait for ever.

    Raises:
        psycopg.Error: The connection was lost.
    """
    pgconn = connection.pgconn
    while pgconn.flush():
        with selectors.DefaultSelector() as selector:
            selector.register(pgconn.socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
            ready = selector.select()
        if any(events & selectors.EVENT_READ for _, events in ready):
            # It may have to be rid of answers before it reads on.
            pgconn.consume_input()


class OwnConnections:
    """Connections that we make, at most some at once; a thread that needs one waits for its turn."""

    plans = True

    def __init__(self, settings: Mapping[str, str], *, name: str, most: int = _MOST) -> None:
        """Describe connections; none is made until one is needed.

        Args:
            settings: What libpq is told, by its own keywords.
        """
        self.name = name
        self.key: object = dict(settings)
        self._settings = settings
        self._most = most
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._idle: deque[Session] = deque()
        self._free = threading.Semaphore(self._most)

    def take(self) -> Session:
        """Borrow a connection; see the protocol."""
        if not self._free.acquire(timeout=_PATIENCE):
            why = f"all {self._most} connections were in use for {_PATIENCE:.0f} seconds"
            raise StoreUnavailable(store=self.name, why=why)
        try:
            while not self._closed:
                try:
                    session = self._idle.pop()
                except IndexError:
                    return Session(self.connect())
                if is_alive(session.connection):
                    return session
                session.connection.close()
            raise StoreUnavailable(store=self.name, why=_CLOSED)
        except BaseException:
            self._free.release()
            raise

    def give_back(self, session: Session) -> None:
        """Return a connection; see the protocol."""
        if self._closed or not is_alive(session.connection):
            session.connection.close()
        else:
            self._idle.append(session)
        if self._closed:  # meanwhile, by another thread
            self._close_idle()
        self._free.release()

    def connect(self) -> Connection:
        """Make one connection more; see the protocol."""
        if self._closed:
            raise StoreUnavailable(store=self.name, why=_CLOSED)
        settings: dict[str, Any] = {
            "connect_timeout": _CONNECT_SECONDS,
            "fallback_application_name": "stemmata",
            **self._settings,
            "client_encoding": "utf8",
        }
        made = psycopg.connect(**settings, autocommit=True, prepare_threshold=1)
        made.prepared_max = _STATEMENTS
        try:
            made.execute(
                "; ".join(f"SET {name} = {value}" for name, value in PLANNING.items()).encode()
            )
        except BaseException:
            made.close()
            raise
        return made

    def after_fork(self) -> None:
        """Leave to the parent what is the parent's."""
        _PARENTS.extend(self._idle)
        self._start()

    def close(self) -> None:
        """Close all connections; those in use follow when they are given back."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            try:
                session = self._idle.pop()
            except IndexError:
                return
            session.connection.close()


_PARENTS: list[object] = []
"""What a fork has inherited. It is never closed there: the server would take leave of the parent."""


class HostsConnections:
    """Connections of a host's pool, which stays the host's to open and to close."""

    plans = False

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        self.name = _name_of(pool)
        self.key: object = pool
        self._pool = pool
        self._closed = False

    def take(self) -> Session:
        """Borrow a connection; see the protocol."""
        if self._closed:
            raise StoreUnavailable(store=self.name, why=_CLOSED)
        for _ in range(self._pool.max_size + 1):
            connection = self._pool.getconn()
            if is_alive(connection):
                break
            connection.close()
            self._pool.putconn(connection)
        else:
            raise StoreUnavailable(store=self.name, why="the pool gives lost connections only")
        if connection.info.encoding != "utf-8":
            encoding = connection.info.encoding
            self._pool.putconn(connection)
            why = f"the pool's connections must have client_encoding UTF8, not {encoding}"
            raise StoreUnavailable(store=self.name, why=why)
        return Session(connection)

    def give_back(self, session: Session) -> None:
        """Return a connection; see the protocol."""
        if is_alive(session.connection):
            session.restore()
        else:
            session.connection.close()
        self._pool.putconn(session.connection)

    def connect(self) -> Connection:
        """Make one connection more, beside the pool; see the protocol."""
        if self._closed:
            raise StoreUnavailable(store=self.name, why=_CLOSED)
        conninfo, settings = self._pool.conninfo, self._pool.kwargs
        made: Connection = self._pool.connection_class.connect(
            conninfo() if callable(conninfo) else conninfo,
            **((settings() if callable(settings) else settings) or {}),
        )
        made.autocommit = True
        return made

    def after_fork(self) -> None:
        """Do nothing: a host that forks sees to its pool."""

    def close(self) -> None:
        """Use the pool no more."""
        self._closed = True


def _name_of(pool: ConnectionPool[Any]) -> str:
    return f"PostgreSQL (pool {pool.name!r})"
