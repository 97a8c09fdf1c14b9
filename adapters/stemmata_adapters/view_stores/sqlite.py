"""The view store in a SQLite file, in the event store's own file or beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

import orjson

from stemmata_adapters.databases.sqlite import SqliteDatabase, unavailable
from stemmata_adapters.event_stores.sqlite import SqliteRecorder
from stemmata_adapters.view_stores import sql
from stemmata_domain.ports import EventStore
from stemmata_projections.changes import Amend, Change, Close, Open
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Compare, Param, Query
from stemmata_projections.tables import Row, Table, Value
from stemmata_projections.view_store import Params

_CHECKPOINTS = (
    "CREATE TABLE IF NOT EXISTS view ("
    " projection TEXT PRIMARY KEY, schema INTEGER NOT NULL, position INTEGER NOT NULL"
    ") WITHOUT ROWID"
)

_Statement = tuple[str, tuple[object, ...]]


class SqliteViewStore:
    """Views in a SQLite file; in the event store's file they are written with the events."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self._statements = _Statements()
        self._compiled: dict[tuple[Query, bool], _Compiled] = {}

    def joins(self, events: EventStore) -> bool:
        """Tell whether *events* is in the same file; see the port."""
        recorder = getattr(events, "recorder", None)
        return isinstance(recorder, SqliteRecorder) and recorder.database is self._database

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables; see the port."""
        try:
            known = self._known()
            if all(known.get(each.name) == each.schema for each in projections):
                return
            with self._database.writing() as writer:
                writer.execute(_CHECKPOINTS)
                known = self._known()
                for each in projections:
                    if known.get(each.name) != each.schema:
                        self._make(writer, each)
        except sqlite3.Error as error:
            raise unavailable(self._database.path, error) from error

    def _known(self) -> dict[str, int]:
        connection = self._database.connection()
        tables = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'view'").fetchone()
        if tables is None:
            return {}
        return dict(connection.execute("SELECT projection, schema FROM view").fetchall())

    def _make(self, writer: sqlite3.Connection, projection: Projection) -> None:
        for table in projection.tables:
            writer.execute(sql.drop(table))
            for statement in sql.create(table):
                writer.execute(statement)
        writer.execute("REPLACE INTO view VALUES (?, ?, 0)", (projection.name, projection.schema))

    def checkpoint(self, projection: str) -> int:
        """Return how far a view has come; see the port."""
        statement = "SELECT position FROM view WHERE projection = ?"
        row = self._fetch(statement, (projection,))
        return int(cast("int", row[0][0])) if row else 0

    def apply(
        self,
        projections: Sequence[str],
        changes: Iterable[tuple[int, Change]],
        *,
        after: int,
        upto: int,
    ) -> bool:
        """Apply a page of changes; see the port."""
        try:
            with self._database.writing() as writer:
                if not self._advance(writer, projections, after, upto):
                    return False
                for position, change in changes:
                    for statement, values in self._statements.of(position, change):
                        writer.execute(statement, values)
                return True
        except sqlite3.Error as error:
            raise unavailable(self._database.path, error) from error

    def _advance(
        self, writer: sqlite3.Connection, projections: Sequence[str], after: int, upto: int
    ) -> bool:
        places = ", ".join("?" * len(projections))
        at = writer.execute(
            f"SELECT count(*) FROM view WHERE projection IN ({places}) AND position = ?",
            (*projections, after),
        ).fetchone()[0]
        if at != len(projections):
            return False
        writer.execute(
            f"UPDATE view SET position = ? WHERE projection IN ({places})", (upto, *projections)
        )
        return True

    def query(self, query: Query, params: Params, *, at: int | None = None) -> Sequence[Row]:
        """Return what a query finds; see the port."""
        compiled = self._compiled.get((query, at is not None))
        if compiled is None:
            compiled = _Compiled(query, as_of=at is not None)
            self._compiled[query, at is not None] = compiled
        rows = self._fetch(compiled.statement, compiled.bind(params, at))
        return compiled.read(rows) if compiled.readers else rows

    def _fetch(
        self, statement: str, values: Mapping[str, object] | tuple[object, ...]
    ) -> list[Row]:
        try:
            return self._database.connection().execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise unavailable(self._database.path, error) from error

    def close(self) -> None:
        """Close the database."""
        self._database.close()


class _Compiled:
    """A query as SQL, with what turns values to and fro."""

    def __init__(self, query: Query, *, as_of: bool) -> None:
        self.statement = sql.select(query, as_of=as_of)
        self.readers = [
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
        if at is None and not self._lists:
            return params
        bound: dict[str, object] = dict(params)
        for name in self._lists:
            bound[name] = orjson.dumps(params[name]).decode()
        if at is not None:
            bound["at"] = at
        return bound

    def read(self, rows: Sequence[Row]) -> list[Row]:
        found = []
        for row in rows:
            values = list(row)
            for place, reader in self.readers:
                if values[place] is not None:
                    values[place] = reader(values[place])
            found.append(tuple(values))
        return found


_READERS: dict[str, Callable[[object], Value]] = {
    "json": lambda stored: cast("Value", orjson.loads(cast("str", stored))),
    "flag": bool,
}


class _Statements:
    """The statements of changes, made once for each table and set of columns."""

    def __init__(self) -> None:
        self._open: dict[Table, tuple[str, tuple[int, ...]]] = {}
        self._close: dict[tuple[Table, tuple[str, ...]], str] = {}
        self._reopen: dict[tuple[Table, tuple[str, ...], tuple[str, ...]], str] = {}

    def of(self, position: int, change: Change) -> Iterable[_Statement]:
        """Return the statements of a change with their values."""
        if isinstance(change, Open):
            statement, json_places = self._opening(change.table)
            row: tuple[object, ...] = change.row
            if json_places:
                row = tuple(
                    orjson.dumps(value).decode() if place in json_places else value
                    for place, value in enumerate(row)
                )
            return ((statement, (*row, position)),)
        if isinstance(change, Close):
            return ((self._closing(change), (position, *change.where.values())),)
        return self._amending(position, change)

    def _opening(self, table: Table) -> tuple[str, tuple[int, ...]]:
        if table not in self._open:
            json_places = tuple(i for i, c in enumerate(table.columns) if c.kind == "json")
            self._open[table] = (sql.open_row(table), json_places)
        return self._open[table]

    def _closing(self, change: Close | Amend) -> str:
        key = (change.table, tuple(change.where))
        if key not in self._close:
            self._close[key] = sql.close_rows(*key)
        return self._close[key]

    def _amending(self, position: int, change: Amend) -> Iterable[_Statement]:
        table, where, values = change
        key = (table, tuple(where), tuple(values))
        if key not in self._reopen:
            self._reopen[key] = sql.reopen_rows(*key)
        # The statement takes the changed values in the order of the table's columns.
        changed = tuple(
            orjson.dumps(values[c.name]).decode() if c.kind == "json" else values[c.name]
            for c in table.columns
            if c.name in values
        )
        return (
            (self._closing(change), (position, *where.values())),
            (self._reopen[key], (*changed, position, *where.values(), position)),
        )
