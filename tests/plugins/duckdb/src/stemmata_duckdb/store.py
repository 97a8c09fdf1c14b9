"""The view store on a DuckDB file.

- Each thread has a connection of its own to the one database of the process.
- Of two writers at once DuckDB lets one commit; the other begins anew and finds the views moved on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import duckdb

from stemmata_domain.errors import StoreUnavailable
from stemmata_duckdb import sql
from stemmata_duckdb.page import Page, from_json, given
from stemmata_projections.changes import Change
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Query
from stemmata_projections.tables import OPEN_END, Row, Table
from stemmata_projections.view_store import HeldRow, Params, Parked

Found = TypeVar("Found", bound=Row)

_BOOKS = """
    CREATE TABLE IF NOT EXISTS books (projection VARCHAR, schema VARCHAR, position BIGINT, tables VARCHAR[]);
    CREATE TABLE IF NOT EXISTS parked (projection VARCHAR, position BIGINT, cause VARCHAR);
"""
_LAYOUT = 1
_ATTEMPTS = 200


class DuckViewStore:
    """Views in a DuckDB file, for any number of threads and handles of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._schemas: dict[str, str] = {}
        self._selects: dict[tuple[Query[Any], sql.When], sql.Select] = {}
        self._own = threading.local()
        self._mutex = threading.Lock()
        self._cursors: list[duckdb.DuckDBPyConnection] = []
        with self._failing_well():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = duckdb.connect(str(path))
            self._database.execute(_BOOKS)

    # --- connections ------------------------------------------------------------------------

    @contextmanager
    def _failing_well(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, OSError) as error:
            raise StoreUnavailable(store=str(self._path), why=str(error)) from error

    def _connection(self) -> duckdb.DuckDBPyConnection:
        found: duckdb.DuckDBPyConnection | None = getattr(self._own, "cursor", None)
        if found is None:
            found = self._own.cursor = self._database.cursor()
            with self._mutex:
                self._cursors.append(found)
        return found

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            _undo(connection)
            raise

    # --- views ------------------------------------------------------------------------------

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables; see the port."""
        wanted = {each.name: f"{_LAYOUT}.{each.schema}" for each in projections}
        with self._failing_well():
            for _ in _attempts():
                try:
                    with self._writing() as writer:
                        books = writer.execute("SELECT projection, schema FROM books").fetchall()
                        known = dict(books)
                        for each in projections:
                            if known.get(each.name) != wanted[each.name]:
                                _make(writer, each, wanted[each.name])
                    self._schemas.update(wanted)
                    return
                except duckdb.TransactionException:
                    continue
        raise StoreUnavailable(store=str(self._path), why="others write to it without a pause")

    def checkpoint(self, projection: str) -> int:
        """Return how far a view has come; see the port."""
        statement = "SELECT position FROM books WHERE projection = ? AND schema = ?"
        with self._failing_well():
            asked = [projection, self._schemas.get(projection)]
            row = self._connection().execute(statement, asked).fetchone()
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
        page = list(changes)
        if not set(projections) <= set(self._schemas):
            return False
        with self._failing_well():
            for _ in _attempts():
                try:
                    with self._writing() as writer:
                        if not self._advance(writer, projections, after, upto):
                            raise _Elsewhere
                        made = Page(writer, store=str(self._path))
                        for position, change in page:
                            made.make(position, change)
                        made.end()
                        for each in parked:
                            writer.execute("INSERT INTO parked VALUES (?, ?, ?)", each)
                        return True
                except _Elsewhere:
                    return False
                except duckdb.TransactionException:
                    continue
        raise StoreUnavailable(store=str(self._path), why="others write to it without a pause")

    def _advance(
        self,
        writer: duckdb.DuckDBPyConnection,
        projections: Sequence[str],
        after: int,
        upto: int,
    ) -> bool:
        move = "UPDATE books SET position = ? WHERE projection = ? AND schema = ? AND position = ?"
        return all(
            _count(writer.execute(move, [upto, name, self._schemas[name], after])) == 1
            for name in projections
        )

    def parked(self) -> Sequence[Parked]:
        """Return what views could not take; see the port."""
        statement = "SELECT * FROM parked ORDER BY projection, position"
        with self._failing_well():
            return [Parked(*row) for row in self._connection().execute(statement).fetchall()]

    # --- questions --------------------------------------------------------------------------

    def query(
        self, query: Query[Found], params: Params, *, at: int | None = None, ever: bool = False
    ) -> Sequence[Found]:
        """Return what a query finds; see the port."""
        when: sql.When = "ever" if ever else "now" if at is None else "as of"
        select = self._selects.get((query, when))
        if select is None:
            select = self._selects[query, when] = sql.Select(query, when)
        bound = select.bind(params, OPEN_END if at is None else at)
        with self._failing_well():
            rows: list[Row] = self._connection().execute(select.statement, bound).fetchall()
        for place, field in enumerate(query.fields):
            if query.kind(field) == "json":
                rows = [(*row[:place], from_json(row[place]), *row[place + 1 :]) for row in rows]
        return cast("Sequence[Found]", rows)

    def scan(self, table: Table) -> Iterator[HeldRow]:
        """Give every row of a table; see the port."""
        with self._failing_well():
            cursor = self._connection().cursor()
            try:
                cursor.execute(sql.scan(table))
                while page := cursor.fetchmany(1_000):
                    for row in page:
                        yield HeldRow(given(table, row[:-2]), row[-2], row[-1])
            finally:
                cursor.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold one state; see the port."""
        if getattr(self._own, "reads", False):
            yield
            return
        with self._failing_well():
            self._connection().execute("BEGIN")
        self._own.reads = True
        try:
            yield
        finally:
            self._own.reads = False
            _undo(self._connection())

    def close(self) -> None:
        """Let go of the file."""
        with self._mutex:
            for cursor in self._cursors:
                cursor.close()
            self._cursors.clear()
        self._database.close()


class _Elsewhere(Exception):
    """A view does not stand where the page begins; nothing is to be kept."""


def _attempts() -> Iterator[int]:
    """Go on for some seconds, with pauses that let others end what they do."""
    for attempt in range(_ATTEMPTS):
        yield attempt
        time.sleep(min(attempt, 20) / 1_000)


def _undo(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        # DuckDB has undone it by itself, or the store was closed meanwhile.
        return


def _count(result: duckdb.DuckDBPyConnection) -> int:
    row = result.fetchone()
    return int(row[0]) if row else 0


def _make(writer: duckdb.DuckDBPyConnection, projection: Projection, schema: str) -> None:
    name = [projection.name]
    before = writer.execute("SELECT tables FROM books WHERE projection = ?", name).fetchone()
    for table in before[0] if before else ():
        writer.execute(f"DROP TABLE IF EXISTS {table}")
    writer.execute("DELETE FROM parked WHERE projection = ?", name)
    writer.execute("DELETE FROM books WHERE projection = ?", name)
    for each in projection.tables:
        writer.execute(sql.create(each))
    tables = [sql.table_name(table) for table in projection.tables]
    writer.execute("INSERT INTO books VALUES (?, ?, 0, ?)", [projection.name, schema, tables])
