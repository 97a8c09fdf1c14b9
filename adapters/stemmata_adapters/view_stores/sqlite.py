"""The view store in a SQLite file, in the event store's own file or beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from types import TracebackType
from typing import Any, TypeVar, cast

import orjson

from stemmata_adapters.databases.sqlite import SqliteDatabase, path_of, unavailable
from stemmata_adapters.event_stores.sqlite import SqliteRecorder
from stemmata_adapters.view_stores import sql
from stemmata_domain.errors import ChangeImpossible
from stemmata_domain.ports import EventStore
from stemmata_projections.changes import Amend, Change, Close, Open
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Param, Query
from stemmata_projections.tables import OPEN_END, Row, Table, Value
from stemmata_projections.view_store import HeldRow, Params, Parked

Found = TypeVar("Found", bound=Row)

_BOOKS = (
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


class SqliteViewStore:
    """Views in a SQLite file; in the event store's file they are written with the events."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._schemas: dict[str, str] = {}
        self._tables = _Statements()
        self._compiled: dict[tuple[Query[Any], sql.When], _Compiled] = {}

    def joins(self, events: EventStore) -> bool:
        """Tell whether *events* is in the same file; see the port."""
        recorder = getattr(events, "recorder", None)
        return isinstance(recorder, SqliteRecorder) and recorder.database is self._database

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables; see the port."""
        wanted = {each.name: f"{sql.LAYOUT}.{each.schema}" for each in projections}
        with self._failing_well():
            if not wanted.items() <= self._known().items():
                with self._database.writing() as writer:
                    for statement in _BOOKS:
                        writer.execute(statement)
                    known = self._known()
                    for each in projections:
                        if known.get(each.name) != wanted[each.name]:
                            _make(writer, each, wanted[each.name])
        self._schemas.update(wanted)

    def _known(self) -> dict[str, str]:
        connection = self._database.connection()
        books = "SELECT count(*) FROM sqlite_schema WHERE name IN ('view', 'parked')"
        if connection.execute(books).fetchone()[0] < len(_BOOKS):
            return {}
        return dict(connection.execute("SELECT projection, schema FROM view").fetchall())

    def checkpoint(self, projection: str) -> int:
        """Return how far a view has come; see the port."""
        schema = self._schemas.get(projection)
        if schema is None:
            return 0
        statement = "SELECT position FROM view WHERE projection = ? AND schema = ?"
        with self._failing_well():
            connection = self._database.connection()
            row = connection.execute(statement, (projection, schema)).fetchone()
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
        views: list[str] = []
        for name in projections:
            if name not in self._schemas:
                return False
            views += name, self._schemas[name]
        with self._failing_well(), self._database.writing() as writer:
            advanced = writer.execute(_advance(len(projections)), (upto, after, *views))
            if advanced.rowcount != len(projections):
                return False
            try:
                self._change(writer, changes)
            except sqlite3.IntegrityError as error:
                raise ChangeImpossible(store=str(self._database.path), why=str(error)) from error
            if parked:
                writer.executemany("INSERT INTO parked VALUES (?, ?, ?)", parked)
            return True

    def _change(self, writer: sqlite3.Connection, changes: Iterable[tuple[int, Change]]) -> None:
        execute = writer.execute
        waiting = _Waiting(writer, self._tables)
        for position, change in changes:
            table = change.table
            if type(change) is Open:
                waiting[table].append((*self._tables[table].stored(change.row), position))
                continue
            # Other rows of the table may end by this change, those that wait among them.
            waiting.write(table)
            if type(change) is Close:
                where = change.where
                execute(self._tables[table].closing[tuple(where)], (position, *where.values()))
            else:
                self._tables[table].amend(writer, position, cast("Amend", change))
        waiting.write_all()

    def parked(self) -> Sequence[Parked]:
        """Return what views could not take; see the port."""
        with self._failing_well():
            connection = self._database.connection()
            rows = connection.execute("SELECT * FROM parked ORDER BY projection, position")
            return [Parked(*row) for row in rows]

    def scan(self, table: Table) -> Iterator[HeldRow]:
        """Give every row of a table; see the port."""
        statements = self._tables[table]
        with self._failing_well(), self.reading():
            cursor = self._database.connection().execute(sql.scan(table))
            for row in cursor:
                yield HeldRow(statements.read(row[:-2]), row[-2], row[-1])

    def query(
        self, query: Query[Found], params: Params, *, at: int | None = None, ever: bool = False
    ) -> Sequence[Found]:
        """Return what a query finds; see the port."""
        when: sql.When = "ever" if ever else "now" if at is None else "as of"
        if ever and at is None:
            at = OPEN_END
        compiled = self._compiled.get((query, when))
        if compiled is None:
            compiled = self._compiled[query, when] = _Compiled(query, when)
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

    def close(self) -> None:
        """Close the database."""
        self._database.close()


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


def _make(writer: sqlite3.Connection, projection: Projection, schema: str) -> None:
    name = projection.name
    before = writer.execute("SELECT tables FROM view WHERE projection = ?", (name,)).fetchone()
    for table in before[0].split() if before else ():
        writer.execute(sql.drop(table))
    writer.execute("DELETE FROM parked WHERE projection = ?", (name,))
    for each in projection.tables:
        for statement in sql.create(each):
            writer.execute(statement)
    tables = " ".join(sql.table_name(table) for table in projection.tables)
    writer.execute("REPLACE INTO view VALUES (?, ?, 0, ?)", (name, schema, tables))


@cache
def _advance(views: int) -> str:
    """Return the statement that moves views on if all of them are there and stand where they ought to."""
    names = ", ".join(f"?{3 + 2 * n}" for n in range(views))
    standing = " + ".join(
        "(SELECT count(*) FROM view"
        f" WHERE projection = ?{3 + 2 * n} AND schema = ?{4 + 2 * n} AND position = ?2)"
        for n in range(views)
    )
    return f"UPDATE view SET position = ?1 WHERE projection IN ({names}) AND {standing} = {views}"


class _Statements(dict[Table, "_TableStatements"]):
    """The statements of each table, made when they are first needed."""

    def __missing__(self, table: Table) -> _TableStatements:
        made = self[table] = _TableStatements(table)
        return made


class _Waiting(dict[Table, list[Sequence[object]]]):
    """Rows to be opened, which are written table by table: one call for many rows is much cheaper."""

    def __init__(self, writer: sqlite3.Connection, statements: _Statements) -> None:
        self._writer = writer
        self._statements = statements

    def __missing__(self, table: Table) -> list[Sequence[object]]:
        made: list[Sequence[object]] = []
        self[table] = made
        return made

    def write(self, table: Table) -> None:
        rows = self.pop(table, None)
        if rows:
            self._writer.executemany(self._statements[table].opening, rows)

    def write_all(self) -> None:
        for table in list(self):
            self.write(table)


class _Closing(dict[tuple[str, ...], str]):
    """The statements that close rows of a table by some columns, made when they are first needed."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __missing__(self, columns: tuple[str, ...]) -> str:
        made = self[columns] = sql.close_rows(self._table, columns)
        return made


class _TableStatements:
    """The statements that change a table, with what turns values into stored ones."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._json = tuple(i for i, column in enumerate(table.columns) if column.kind == "json")
        self.opening = sql.open_row(table)
        self.closing = _Closing(table)

    def stored(self, row: Row) -> Sequence[object]:
        if not self._json:
            return row
        values: list[object] = list(row)
        for place in self._json:
            values[place] = _json_text(row[place])
        return values

    def read(self, stored: Row) -> Row:
        """Return a row as it was given."""
        values = list(stored)
        for place, column in enumerate(self._table.columns):
            if column.kind in _READERS:
                values[place] = _READERS[column.kind](values[place])
        return tuple(values)

    def amend(self, writer: sqlite3.Connection, position: int, change: Amend) -> None:
        columns, values = tuple(change.where), tuple(change.where.values())
        rows = writer.execute(sql.open_rows(self._table, columns), values).fetchall()
        writer.execute(self.closing[columns], (position, *values))
        for row in rows:
            amended = list(row)
            for name, value in change.values.items():
                place = self._table.place(name)
                amended[place] = _json_text(value) if place in self._json else value
            writer.execute(self.opening, (*amended, position))


def _json_text(value: Value) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


class _Compiled:
    """A query as SQL, with what turns values to and fro."""

    def __init__(self, query: Query[Any], when: sql.When) -> None:
        self.statement = sql.select(query, when=when)
        self._readers = [
            (place, _READERS[kind])
            for place, kind in enumerate(map(query.kind, query.fields))
            if kind in _READERS
        ]
        self._lists = [
            each.operand.name
            for step in query.steps
            for each in step.compare
            if each.operator == "in" and isinstance(each.operand, Param)
        ]

    def bind(self, params: Params, at: int | None) -> Mapping[str, object]:
        if self._lists:
            params = {**params, **{name: _json_text(params[name]) for name in self._lists}}
        return params if at is None else {**params, **sql.moment(at)}

    def read(self, rows: Sequence[Row]) -> Sequence[Row]:
        for place, reader in self._readers:
            rows = [(*row[:place], reader(row[place]), *row[place + 1 :]) for row in rows]
        return rows


def _flag(stored: Value) -> Value:
    return None if stored is None else bool(stored)


def _from_json_text(stored: Value) -> Value:
    return None if stored is None else cast("Value", orjson.loads(cast("str", stored)))


_READERS: dict[str, Callable[[Value], Value]] = {"json": _from_json_text, "flag": _flag}


def open_url(url: str, *, beside: EventStore) -> SqliteViewStore:
    """Keep views in the file that a `sqlite:` URL names: that of the log, or one of their own."""
    path = path_of(url)
    recorder = getattr(beside, "recorder", None)
    if isinstance(recorder, SqliteRecorder) and recorder.database.path == path.absolute():
        return SqliteViewStore(recorder.database)
    database = SqliteDatabase(path)
    try:
        database.create(schema=1, statements=())
        return SqliteViewStore(database)
    except BaseException:
        database.close()
        raise
