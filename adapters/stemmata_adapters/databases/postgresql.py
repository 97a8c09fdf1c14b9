"""One schema of a PostgreSQL database: turns to write, moments to read, and nothing beside it.

- Whoever writes holds a lock on the table `turn`, which has no rows; so positions are dense and become
  visible in their order. The log itself is not locked: its vacuum would have to be waited for.
- A turn begins with one round trip, which also tells what who writes has to know, and what is written
  is sent without waiting for answers.
- A thread that reads within a block sees one moment; one that writes reads what it has written.
- Everything is named with its schema. No setting of a connection is changed for longer than a block.
- A connection that was lost is replaced where nothing can have happened on it; where a commit went
  unanswered, the error says so.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from types import TracebackType
from typing import TypeVar
from weakref import WeakSet

from stemmata_adapters.databases.postgresql_client import psycopg
from stemmata_adapters.databases.postgresql_connections import PLANNING, Connections, Row, Session
from stemmata_adapters.databases.postgresql_making import OF_ANOTHER, Schema
from stemmata_adapters.databases.postgresql_turns import BEGIN, Asked, Turn, end, in_one_go, undo
from stemmata_adapters.databases.steps import Step, lacking
from stemmata_domain.errors import StorageFailed, StoreUnavailable

T = TypeVar("T")

_FORKED = "it was in use when this process was forked; leave the block in the parent only"
_UNKNOWN = "the connection was lost during a commit, and it is not known whether it was carried out"

_PLAN = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in PLANNING.items())
# What a role or a host may have turned off is on while we write: a commit that returns is durable.
_DURABLY = (
    "SELECT set_config('synchronous_commit', 'on', true)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)


class PostgresDatabase:
    """A schema that several stores share; any number of threads may use it."""

    def __init__(self, connections: Connections, *, schema: str) -> None:
        """Describe a database; nothing is asked until it is used."""
        self.connections = connections
        self.schema = schema
        self.name = f"{connections.name}, schema {schema!r}"
        self._made = Schema(schema, self.name)
        self.prefix = self._made.prefix
        self._told: dict[str, Callable[[], str]] = {}
        self._start()
        _watch(self)

    def _start(self) -> None:
        self._mutex = threading.Lock()  # who writes: others shall not wait with a connection each
        self._local = threading.local()

    # --- reading ----------------------------------------------------------------------------------

    def fetch(self, statement: str, params: Sequence[object] = ()) -> list[Row]:
        """Return what a statement finds: in this thread's block, or by itself.

        Raises:
            StoreUnavailable: It cannot be asked.
        """
        try:
            here = self._here()
            if here is not None:
                return here.fetch(statement, params)
            return self._retried(lambda session: self._alone(session, statement, params))
        except psycopg.Error as error:
            raise self.unavailable(error) from error

    def _alone(self, session: Session, statement: str, params: Sequence[object]) -> list[Row]:
        if self.connections.plans:
            return session.fetch(statement, params)
        block = ((BEGIN, ()), (f"SELECT {_PLAN}", ()), (statement, params), ("COMMIT", ()))
        try:
            return in_one_go(session, block)[1]
        finally:
            undo(session)

    def _here(self) -> Turn | Snapshot | None:
        if getattr(self._local, "forked", False):
            raise StoreUnavailable(store=self.name, why=_FORKED)
        here: Turn | Snapshot | None = getattr(self._local, "here", None)
        return here

    def _retried(self, ask: Callable[[Session], T]) -> T:
        """Ask on a borrowed connection, and once more if that turns out to be lost."""
        for last in (False, True):
            session = self.connections.take()
            try:
                return ask(session)
            except psycopg.Error:
                if last or not session.connection.closed:
                    raise
            finally:
                self.connections.give_back(session)
        raise AssertionError("unreachable")

    def reading(self) -> AbstractContextManager[None]:
        """Let what is read inside, on this thread, be of the one moment of the first question."""
        return _Reading(self, self._local) if self._here() is None else nullcontext()

    @contextmanager
    def moment(self) -> Iterator[Asked]:
        """Give what sees one moment and can be asked from any thread: this block's, or one anew.

        Raises:
            psycopg.Error: The database cannot be asked.
        """
        here = self._here()
        if isinstance(here, Turn):
            yield here
        elif isinstance(here, Snapshot):
            yield here.session()
        else:
            snapshot = Snapshot(self)
            try:
                yield snapshot.session()
            finally:
                snapshot.end()

    # --- writing ----------------------------------------------------------------------------------

    def when_writing(self, name: str, statement: Callable[[], str]) -> None:
        """Have a question answered at the beginning of each turn."""
        self._told[name] = statement

    @property
    def turn(self) -> Turn | None:
        """The turn that this thread has, if it has one."""
        here = self._here()
        return here if isinstance(here, Turn) else None

    def writing(self) -> AbstractContextManager[Turn]:
        """Hold the right to write; what was written is durable and visible when the block ends.

        Within it the same thread may enter again, and joins. An exception undoes everything.

        Raises:
            StoreUnavailable: The database cannot be written; nothing was, unless it is said that this
                is not known.
        """
        turn = self.turn
        return self._new_turn() if turn is None else nullcontext(turn)

    @contextmanager
    def _new_turn(self) -> Iterator[Turn]:
        process = os.getpid()
        before = self._here()
        with self._mutex:
            try:
                turn = self._begin()
            except psycopg.Error as error:
                raise self.unavailable(error) from error
            self._local.here = turn
            try:
                yield turn
                self._check_not_forked(process)
                self._local.here = before
                turn.commit()
                for act in turn.afterwards:
                    act()
            except BaseException as error:
                self._check_not_forked(process)
                turn.undo()
                cause = error.__cause__ if isinstance(error, StoreUnavailable) else error
                if isinstance(cause, psycopg.Error):
                    raise turn.explained(cause) or self.unavailable(
                        cause, unknown=turn.is_unknown
                    ) from cause
                raise
            finally:
                if os.getpid() == process:
                    self._local.here = before
                    self.connections.give_back(turn.session)

    def _check_not_forked(self, process: int) -> None:
        if os.getpid() != process:
            self._local.forked = False
            raise StoreUnavailable(store=self.name, why=_FORKED)

    def _begin(self) -> Turn:
        names = list(self._told)
        script = (
            *(statement for statement, _ in self._opening()),
            *(statement() for statement in self._told.values()),
        )
        for last in (False, True):
            session = self.connections.take()
            try:
                found = session.script(script)
            except BaseException as error:
                undo(session)
                lost = session.connection.closed
                self.connections.give_back(session)
                if last or not lost or not isinstance(error, psycopg.Error):
                    raise
            else:
                # Those of the opening come first.
                return Turn(
                    session, dict(zip(names, found[len(found) - len(names) :], strict=True))
                )
        raise AssertionError("unreachable")

    def at_once(self, *statements: tuple[str, Sequence[object]]) -> list[list[Row]]:
        """Carry out statements in a turn of their own, in one round trip; return what each finds.

        Raises:
            psycopg.Error: One failed, and nothing was done.
            StoreUnavailable: The connection was lost, and it is not known what was done.
        """
        self._here()
        with self._mutex:
            session = self.connections.take()
            try:
                found = in_one_go(session, (*self._opening(), *statements, ("COMMIT", ())))
                return found[len(found) - len(statements) :]
            except psycopg.Error as error:
                if session.connection.closed:
                    raise self.unavailable(error, unknown=True) from error
                raise
            finally:
                undo(session)
                self.connections.give_back(session)

    def change(self, statement: str, params: Sequence[object] = ()) -> None:
        """Change what needs no turn: in that of this thread if it has one, or by itself.

        Raises:
            StoreUnavailable: It was not changed, unless it is said that this is not known.
        """
        try:
            turn = self.turn
            if turn is not None:
                turn.send(statement, params)
                return
            session = self.connections.take()
            try:
                session.execute(statement, params)
            finally:
                self.connections.give_back(session)
        except psycopg.Error as error:
            raise self.unavailable(error) from error

    def _opening(self) -> Iterator[tuple[str, Sequence[object]]]:
        yield BEGIN, ()
        yield f"LOCK TABLE {self.prefix}turn IN EXCLUSIVE MODE", ()
        yield _DURABLY, ()
        if not self.connections.plans:
            yield f"SELECT {_PLAN}", ()

    # --- making it --------------------------------------------------------------------------------

    def create(self, part: str, steps: Sequence[Step]) -> None:
        """Make the schema and the tables of one part, or lift older ones; any number may try.

        Raises:
            StoreTooNew: A newer release has written this part.
            StoreUnavailable: The schema is another program's, or cannot be written.
        """
        if not lacking(self.taken(part), steps, store=self.name):
            return
        try:
            session = self.connections.take()
            try:
                self._made.lift(session, part, steps)
            finally:
                undo(session)
                self.connections.give_back(session)
        except psycopg.Error as error:
            raise self.unavailable(error) from error

    def taken(self, part: str) -> int:
        """Return how many steps a part has taken, 0 if it is not there; nothing is made.

        Raises:
            StoreUnavailable: The schema is another program's, or cannot be read.
        """
        try:
            return self._retried(lambda session: self._made.taken(session, part))
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return 0
        except psycopg.errors.UndefinedColumn as error:
            raise StoreUnavailable(store=self.name, why=OF_ANOTHER) from error
        except psycopg.Error as error:
            raise self.unavailable(error) from error

    def unavailable(self, error: psycopg.Error, *, unknown: bool = False) -> StorageFailed:
        """Return the failure to raise for an error of PostgreSQL."""
        words = error.diag.message_primary or " ".join(str(error).split())
        why = f"{_UNKNOWN} ({words})" if unknown else words
        return StoreUnavailable(store=self.name, why=why)

    def description(self) -> dict[str, str | int]:
        """Return what and where the schema is, and its size in bytes."""
        ((version, size),) = self.fetch(
            "SELECT current_setting('server_version'),"
            " coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::bigint"
            " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = $1 AND c.relkind = 'r'",
            (self.schema,),
        )
        return {"store": f"PostgreSQL {version}", "place": self.name, "size": size}

    def is_same(self, other: PostgresDatabase) -> bool:
        """Tell whether another one is the same schema of the same database, as far as is to be seen."""
        return self.schema == other.schema and self.connections.key == other.connections.key

    def close(self) -> None:
        """Let go of all connections; later use is refused."""
        self.connections.close()

    def after_fork_in_child(self) -> None:
        """Start anew, and leave to the parent what is the parent's."""
        forked = getattr(self._local, "here", None) is not None
        _LEFT.append(self._local)
        self.connections.after_fork()
        self._start()
        self._local.forked = forked


class Snapshot:
    """One moment of the database, from the first question on."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._session: Session | None = None

    def fetch(self, statement: str, params: Sequence[object] = ()) -> list[Row]:
        """Return what a statement finds; the first one brings the moment along."""
        if self._session is not None:
            return self._session.fetch(statement, params)
        return self._begin((statement, params))[-1]

    def session(self) -> Session:
        """Return the connection; the moment is that of the first statement on it."""
        if self._session is None:
            self._begin()
        assert self._session is not None
        return self._session

    def _begin(self, *first: tuple[str, Sequence[object]]) -> list[list[Row]]:
        """Begin, and carry out the first statement if there is one; return what was found."""
        database = self._database
        script = [
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            # Views that are put in the place of these wait for us, so that no moment is of before
            # and its tables of after. It has to come before the moment is taken.
            f"LOCK TABLE {database.prefix}turn IN ACCESS SHARE MODE",
            *(() if database.connections.plans else (f"SELECT {_PLAN}",)),
        ]
        for last in (False, True):
            session = database.connections.take()
            try:
                found = in_one_go(session, [*((each, ()) for each in script), *first])
            except BaseException as error:
                undo(session)
                lost = session.connection.closed
                database.connections.give_back(session)
                if last or not lost or not isinstance(error, psycopg.Error):
                    raise
            else:
                self._session = session
                return found
        raise AssertionError("unreachable")

    def end(self) -> None:
        """Let the moment go."""
        session, self._session = self._session, None
        if session is not None:
            end(session)
            self._database.connections.give_back(session)


class _Reading:
    """A block in which a thread reads one moment."""

    __slots__ = ("_database", "_local", "_process", "_snapshot")

    def __init__(self, database: PostgresDatabase, local: threading.local) -> None:
        self._database = database
        self._local = local
        self._process = os.getpid()
        self._snapshot = Snapshot(database)

    def __enter__(self) -> None:
        self._local.here = self._snapshot

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._local.here = None
        if os.getpid() == self._process:
            self._snapshot.end()
        else:
            self._database._local.forked = False


_databases: WeakSet[PostgresDatabase] = WeakSet()
_LEFT: list[object] = []


def _watch(database: PostgresDatabase) -> None:
    _watch_forks()
    _databases.add(database)


@cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_in_child)


def _after_in_child() -> None:
    for each in list(_databases):
        each.after_fork_in_child()
