"""The right to write to a schema of PostgreSQL, and what is done on a borrowed connection.

What is written in a turn is sent without waiting for answers, and its commit with what is still unsent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Protocol

from stemmata_adapters.databases.postgresql_client import pq, psycopg
from stemmata_adapters.databases.postgresql_connections import (
    Connection,
    Cursor,
    Row,
    Session,
    is_connected,
    send_all,
)

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"


class Asked(Protocol):
    """What can be asked: a connection, a turn."""

    def execute(self, statement: str, params: Sequence[object] = ()) -> None:
        """Carry out a statement that finds nothing."""
        ...

    def fetch(self, statement: str, params: Sequence[object] = ()) -> list[Row]:
        """Return what a statement finds."""
        ...


class Turn:
    """The right to write, on one connection.

    Attributes:
        found: The answers to the questions that were to be asked as the turn began, by their names.
        afterwards: What is to be done once all is durable.
        explanations: Asked, if something fails that was sent, whether there is more to be said of it.
        is_unknown: Whether a commit was sent, and nobody knows what became of it.
    """

    def __init__(self, session: Session, found: dict[str, list[Row]]) -> None:
        self.session = session
        self.found = found
        self.afterwards: list[Callable[[], object]] = []
        self.explanations: list[Callable[[psycopg.Error], Exception | None]] = []
        self.is_unknown = False
        self._pipeline: psycopg.Pipeline | None = None
        self._piped = ExitStack()

    def send(self, statement: str, params: Sequence[object] = ()) -> None:
        """Have a statement carried out; what goes wrong is raised by a later call."""
        if self._pipeline is None:
            self._pipeline = self._piped.enter_context(self.session.connection.pipeline())
        self.session.cursor.execute(statement, params)

    def execute(self, statement: str, params: Sequence[object] = ()) -> None:
        """Have a statement carried out, as :meth:`send` does."""
        self.send(statement, params)

    def fetch(self, statement: str, params: Sequence[object] = ()) -> list[Row]:
        """Return what a statement finds, after all that was sent.

        Raises:
            psycopg.Error: It failed, or what was sent did.
        """
        if self._pipeline is None:
            return self.session.fetch(statement, params)
        cursor = Cursor(self.session.connection).execute(statement, params)
        send_all(self.session.connection)
        return cursor.fetchall()

    def sync(self) -> None:
        """Wait until what was sent is carried out.

        Raises:
            psycopg.Error: Something failed.
        """
        if self._pipeline is not None:
            send_all(self.session.connection)
            self._pipeline.sync()

    @contextmanager
    def part(self) -> Iterator[None]:
        """Undo what is written inside, and that alone, if the block fails; wait for it if not."""
        self.send("SAVEPOINT part")
        try:
            yield
            self.send("RELEASE SAVEPOINT part")
            self.sync()
        except BaseException:
            with suppress(psycopg.Error):
                self.sync()
            self.send("ROLLBACK TO SAVEPOINT part")
            self.sync()
            raise

    def commit(self) -> None:
        """Make what was written durable and visible.

        Raises:
            psycopg.Error: That failed, or what was sent before did.
        """
        connection = self.session.connection
        if not is_connected(connection):
            connection.close()
            raise psycopg.OperationalError("the connection was lost")
        try:
            cursor = self.session.cursor.execute("COMMIT", prepare=False)
            if self._pipeline is not None:
                send_all(connection)
            self._pipeline = None
            self._piped.close()
        except psycopg.Error:
            self.is_unknown = bool(connection.closed)
            raise
        if cursor.statusmessage != "COMMIT":
            raise psycopg.errors.InFailedSqlTransaction("what was written was undone")

    def explained(self, error: psycopg.Error) -> Exception | None:
        """Return what is to be raised in place of an error of PostgreSQL, if anybody knows."""
        return next((found for each in self.explanations if (found := each(error))), None)

    def undo(self) -> None:
        """Undo what was written."""
        with suppress(psycopg.Error):
            if self._pipeline is not None:
                send_all(self.session.connection)
        self._pipeline = None
        with suppress(psycopg.Error):
            self._piped.close()
        undo(self.session)


def in_one_go(
    session: Session, statements: Sequence[tuple[str, Sequence[object]]]
) -> list[list[Row]]:
    """Carry out statements in one round trip; return the rows of those that may find any."""
    cursors = [Cursor(session.connection) for _ in statements]
    with session.connection.pipeline():
        for cursor, (statement, params) in zip(cursors, statements, strict=True):
            cursor.execute(statement, params)
        send_all(session.connection)
    return [cursor.fetchall() for cursor in cursors if cursor.description is not None]


def end(session: Session) -> None:
    """End a transaction that has written nothing."""
    # Of the two ways, this one leaves prepared statements alone.
    with suppress(psycopg.Error):
        session.execute("COMMIT")


def undo(session: Session) -> None:
    """Undo a transaction if there is one; a connection that cannot is closed."""
    connection: Connection = session.connection
    status = connection.pgconn.transaction_status
    if status == pq.TransactionStatus.IDLE:
        return
    try:
        session.script(("ROLLBACK",))
    except psycopg.Error:
        connection.close()
