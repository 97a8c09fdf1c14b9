"""Views in a SQLite file: those in use, or a set that is built beside them under a mark.

What is beside has the same names with the mark at their end: its tables, and its lines in the book of
views. To take the place of those in use, tables change their names, which is quick however long they
are; the names of indexes are of no account, and keep the mark.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from types import TracebackType
from typing import Any, TypeVar, cast

from stemmata_adapters.databases.sqlite import SqliteDatabase, unavailable
from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.pages import Alone, TablePage, gathered
from stemmata_adapters.view_stores.sqlite_statements import Compiled, Statements, marked
from stemmata_domain.errors import ChangeImpossible, StoreUnavailable
from stemmata_projections.changes import Amend, Change, Close
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Query
from stemmata_projections.tables import OPEN_END, Row, Table
from stemmata_projections.view_store import HeldRow, Params, Parked

Found = TypeVar("Found", bound=Row)

BOOKS = (
    """
    CREATE TABLE IF NOT EXISTS view (
        projection TEXT PRIMARY KEY,
        schema TEXT NOT NULL,
        position INTEGER NOT NULL,
        tables TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS parked (
        projection TEXT NOT NULL,
        position INTEGER NOT NULL,
        cause TEXT NOT NULL
    )
    """,
)
MARK = "__beside_"

# What SQLite says of a value that a column cannot hold, such as a number beyond 64 bits.
_IMPOSSIBLE = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeEncodeError,
)


def schema_of(projection: Projection) -> str:
    """Return what a view's line says of its shape."""
    return f"{sql.LAYOUT}.{projection.schema}"


class SqliteViews:
    """The views with one mark; those in use have none."""

    def __init__(self, database: SqliteDatabase, *, mark: str = "") -> None:
        self._database = database
        self._mark = mark
        self._lines: dict[str, tuple[str, str]] = {}
        self._tables = Statements(mark)
        self._compiled: dict[tuple[Query[Any], sql.When], Compiled] = {}

    def _follow(self, projections: Sequence[Projection]) -> None:
        """Know the lines of *projections* from now on."""
        for each in projections:
            self._lines[each.name] = (each.name + self._mark, schema_of(each))

    def checkpoint(self, projection: str) -> int:
        """Return how far a view has come; see the port."""
        line = self._lines.get(projection)
        if line is None:
            return 0
        statement = "SELECT position FROM view WHERE projection = ? AND schema = ?"
        with self._failing_well():
            row = self._database.connection().execute(statement, line).fetchone()
        return int(row[0]) if row else 0

    def apply(
        self,
        projections: Sequence[str],
        changes: Iterable[tuple[int, Change]],
        *,
        after: int,
        upto: int,
        parked: Sequence[Parked] = (),
    ) -> bool:
        """Apply a page of changes; see the port."""
        lines: list[str] = []
        standing: list[str | int] = []
        for name in projections:
            if name not in self._lines:
                return False
            lines.append(self._lines[name][0])
            standing += (*self._lines[name], after)
        # Before it is one's turn, so that others wait for what is written only.
        before, pages = gathered(changes, store=str(self._database.path))
        # What is built beside is dropped after a crash, and lasts from when it takes the place of another.
        lasting = not self._mark
        with self._failing_well(), self._database.writing(lasting=lasting) as writer:
            advanced = writer.execute(_advance(len(lines)), (upto, *lines, *standing))
            if advanced.rowcount != len(projections):
                return False
            try:
                self._change(writer, before, pages)
            except _IMPOSSIBLE as error:
                # Told as of the views in use, whose cause it will be when these have taken their place.
                why = str(error).replace(self._mark, "") if self._mark else str(error)
                raise ChangeImpossible(store=str(self._database.path), why=why) from error
            if parked:
                rows = [(each.projection + self._mark, *each[1:]) for each in parked]
                writer.executemany("INSERT INTO parked VALUES (?, ?, ?)", rows)
            return True

    def _change(
        self,
        writer: sqlite3.Connection,
        before: Sequence[TablePage | Alone],
        pages: Sequence[TablePage],
    ) -> None:
        for each in (*before, *pages):
            if isinstance(each, TablePage):
                self._tables[each.table].write(writer, each)
                continue
            statements = self._tables[each.change.table]
            if type(each.change) is Close:
                statements.close(writer, each.position, each.change)
            else:
                statements.amend(writer, each.position, cast("Amend", each.change))

    def parked(self) -> Sequence[Parked]:
        """Return what views could not take; see the port."""
        with self._failing_well():
            connection = self._database.connection()
            rows = connection.execute("SELECT * FROM parked ORDER BY projection, position")
            return [
                Parked(line.removesuffix(self._mark), position, cause)
                for line, position, cause in rows
                if line[len(unmarked(line)) :] == self._mark
            ]

    def scan(self, table: Table) -> Iterator[HeldRow]:
        """Give every row of a table; see the port."""
        statements = self._tables[table]
        with self._failing_well(), self.reading():
            cursor = self._database.connection().execute(statements.scanning)
            for row in cursor:
                try:
                    read = statements.read(row[:-2])
                except ValueError as error:
                    why = f"a row of {table.name!r} holds what is no JSON: {error}"
                    raise StoreUnavailable(store=str(self._database.path), why=why) from error
                yield HeldRow(read, row[-2], row[-1])

    def query(
        self, query: Query[Found], params: Params, *, at: int | None = None, ever: bool = False
    ) -> Sequence[Found]:
        """Return what a query finds; see the port."""
        when: sql.When = "ever" if ever else "now" if at is None else "as of"
        if ever and at is None:
            at = OPEN_END
        compiled = self._compiled.get((query, when))
        if compiled is None:
            compiled = self._compiled[query, when] = Compiled(query, when, self._mark)
        try:
            connection = self._database.connection()
            rows = connection.execute(compiled.statement, compiled.bind(params, at)).fetchall()
        except sqlite3.Error as error:
            raise unavailable(self._database.path, error) from error
        return cast("Sequence[Found]", compiled.read(rows))

    def reading(self) -> AbstractContextManager[None]:
        """Hold one state; see the port."""
        return _Reading(self._database)

    @contextmanager
    def _failing_well(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise unavailable(self._database.path, error) from error


class SqliteViewsBeside(SqliteViews):
    """Empty views under a mark, which may take the place of those in use."""

    def __init__(
        self, database: SqliteDatabase, projections: Sequence[Projection], *, mark: str
    ) -> None:
        super().__init__(database, mark=mark)
        self._follow(projections)
        with self._failing_well(), database.writing(lasting=False) as writer:
            for each in projections:
                make(writer, each, mark=mark)

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Do nothing for views that are built here; there are no others."""
        for each in projections:
            if self._lines.get(each.name) != (each.name + self._mark, schema_of(each)):
                why = f"the view {each.name!r} is not among those that are built beside"
                raise StoreUnavailable(store=str(self._database.path), why=why)

    def take_place(self) -> bool:
        """Put these views in the place of those in use; see the port."""
        with self._failing_well(), self._database.writing() as writer:
            pairs = [self._pair(writer, *names) for names in self._lines.items()]
            if any(old.position > new.position for old, new in pairs):
                return False
            for old, new in pairs:
                self._swap(writer, old, new)
            return True

    def _pair(
        self, writer: sqlite3.Connection, name: str, line: tuple[str, str]
    ) -> tuple[_Line, _Line]:
        statement = "SELECT * FROM view WHERE projection = ? AND schema = ?"
        rows = [writer.execute(statement, (each, line[1])).fetchone() for each in (name, line[0])]
        if None in rows:
            why = "another release keeps it in another shape; end one of the two"
            raise StoreUnavailable(store=f"view {name!r}", why=why)
        return _Line(*rows[0]), _Line(*rows[1])

    def _swap(self, writer: sqlite3.Connection, old: _Line, new: _Line) -> None:
        aside = [f"{table}{self._mark}_old" for table in old.tables]
        for table, name in zip(old.tables, aside, strict=True):
            writer.execute(f"ALTER TABLE {table} RENAME TO {name}")
        for table in new.tables:
            writer.execute(f"ALTER TABLE {table} RENAME TO {unmarked(table)}")
        set_line = "UPDATE view SET position = ?, tables = ? WHERE projection = ?"
        now = " ".join(map(unmarked, new.tables))
        writer.execute(set_line, (new.position, now, old.projection))
        # What is to be dropped stands in the line under the mark, whoever comes to drop it.
        writer.execute(set_line, (new.position, " ".join(aside), new.projection))
        writer.execute("DELETE FROM parked WHERE projection = ?", (old.projection,))
        renamed = "UPDATE parked SET projection = ? WHERE projection = ?"
        writer.execute(renamed, (old.projection, new.projection))

    def close(self) -> None:
        """Do nothing; whoever holds the views in use closes the database."""


class _Line:
    """What the book says of a view."""

    __slots__ = ("position", "projection", "tables")

    def __init__(self, projection: str, _schema: str, position: int, tables: str) -> None:
        self.projection = projection
        self.position = position
        self.tables = tables.split()


class _Reading:
    """A transaction around reads; within another it does nothing."""

    __slots__ = ("_connection", "_database")

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> None:
        connection = self._database.connection()
        if not connection.in_transaction:
            self._execute(connection, "BEGIN")
            self._connection = connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._execute(self._connection, "COMMIT")

    def _execute(self, connection: sqlite3.Connection, statement: str) -> None:
        try:
            connection.execute(statement)
        except sqlite3.Error as error:
            raise unavailable(self._database.path, error) from error


def unmarked(name: str) -> str:
    """Return the name that a table or view has where it is in use."""
    return name.partition(MARK)[0]


def make(writer: sqlite3.Connection, projection: Projection, *, mark: str = "") -> None:
    """Make the empty tables of a view, and its line in the book."""
    tables = [marked(table, mark) for table in projection.tables]
    for table in tables:
        for statement in sql.create(table):
            writer.execute(statement)
    line = (projection.name + mark, schema_of(projection), " ".join(map(sql.table_name, tables)))
    writer.execute("INSERT INTO view VALUES (?, ?, 0, ?)", line)


def known(database: SqliteDatabase) -> Mapping[str, str]:
    """Return the lines of all views, each with the shape that it says."""
    connection = database.connection()
    books = "SELECT count(*) FROM sqlite_schema WHERE name IN ('view', 'parked')"
    if connection.execute(books).fetchone()[0] < len(BOOKS):
        return {}
    return dict(connection.execute("SELECT projection, schema FROM view").fetchall())


def drop_tables(writer: sqlite3.Connection, line: str, *, most: int | None = None) -> bool:
    """Drop tables of a view, and its line once they are gone; return whether it is gone."""
    found = writer.execute("SELECT tables FROM view WHERE projection = ?", (line,)).fetchone()
    tables = found[0].split() if found else []
    for table in tables[:most]:
        writer.execute(sql.drop(table))
    if most is not None and tables[most:]:
        rest = (" ".join(tables[most:]), line)
        writer.execute("UPDATE view SET tables = ? WHERE projection = ?", rest)
        return False
    writer.execute("DELETE FROM view WHERE projection = ?", (line,))
    writer.execute("DELETE FROM parked WHERE projection = ?", (line,))
    return True


@cache
def _advance(views: int) -> str:
    """Return the statement that moves views on if all of them are there and stand where they ought to.

    It takes the new position, their lines, and for each the line, the schema and the old position.
    """
    lines = ", ".join("?" * views)
    stands = "(SELECT count(*) FROM view WHERE projection = ? AND schema = ? AND position = ?)"
    standing = " + ".join([stands] * views)
    return f"UPDATE view SET position = ? WHERE projection IN ({lines}) AND {standing} = {views}"
