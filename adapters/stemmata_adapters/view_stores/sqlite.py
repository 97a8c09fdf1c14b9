"""The view store in a SQLite file, in the event store's own file or beside it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain

from stemmata_adapters.databases.sqlite import Kind, SqliteDatabase, path_of
from stemmata_adapters.event_stores.sqlite import SqliteRecorder
from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.sqlite_views import (
    BOOKS,
    MARK,
    SqliteViews,
    SqliteViewsBeside,
    drop_tables,
    known,
    make,
    schema_of,
    unmarked,
)
from stemmata_domain.errors import StorageFailed, StoreUnavailable
from stemmata_domain.ports import EventStore
from stemmata_projections.projection import Projection
from stemmata_projections.tables import Table
from stemmata_projections.view_store import Unfinished, ViewsBeside

_REBUILD = "rebuild"


class SqliteViewStore(SqliteViews):
    """Views in a SQLite file; in the event store's file they are written with the events.

    Others are built beside them in the same file. Who does so holds a lock file, which is free again as
    soon as the process is gone; what it leaves is dropped by the next who opens the file.
    """

    def __init__(self, database: SqliteDatabase) -> None:
        super().__init__(database)

    def joins(self, events: EventStore) -> bool:
        """Tell whether *events* is in the same file; see the port."""
        recorder = getattr(events, "recorder", None)
        return isinstance(recorder, SqliteRecorder) and recorder.database is self._database

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables; see the port."""
        wanted = {each.name: schema_of(each) for each in projections}
        with self._failing_well():
            found = known(self._database)
            if not wanted.items() <= found.items():
                self._make_missing(projections)
            if any(MARK in line for line in found):
                self._clear_up()
        self._follow(projections)

    def _make_missing(self, projections: Sequence[Projection]) -> None:
        with self._database.writing() as writer:
            for statement in BOOKS:
                writer.execute(statement)
            found = known(self._database)
            for each in projections:
                if found.get(each.name) == schema_of(each):
                    continue
                # What is built beside in the old shape goes too: its indexes have the names that are
                # needed now, and it could not take the place of the new view anyway.
                for line in found:
                    if unmarked(line) == each.name:
                        drop_tables(writer, line)
                make(writer, each)

    @contextmanager
    def beside(self, projections: Sequence[Projection]) -> Iterator[ViewsBeside]:
        """Give empty views beside those in use; see the port."""
        with self._database.alone(_REBUILD) as is_alone:
            if not is_alone:
                why = "somebody is rebuilding views already; try again when they are done"
                raise StoreUnavailable(store=str(self._database.path), why=why)
            with self._failing_well():
                self._drop(line for line in known(self._database) if MARK in line)
            mark = MARK + secrets.token_hex(4)
            try:
                yield SqliteViewsBeside(self._database, projections, mark=mark)
            finally:
                # What cannot be dropped costs room, and is dropped by the next who opens the file.
                with suppress(StorageFailed), self._failing_well():
                    self._drop(f"{each.name}{mark}" for each in projections)

    def unfinished(self) -> Sequence[Unfinished]:
        """Return the views beside those in use; see the port."""
        statement = "SELECT projection, position FROM view WHERE instr(projection, ?) ORDER BY 1"
        with self._failing_well():
            found = self._database.connection().execute(statement, (MARK,)).fetchall()
        if not found:
            return []
        with self._database.alone(_REBUILD) as is_left:
            return [Unfinished(unmarked(line), position, is_left) for line, position in found]

    def faults(self, tables: Sequence[Table]) -> Sequence[str]:
        """Return what is wrong with the file, its indexes, and the places of rows; see the port."""
        with self._failing_well():
            return [*self._faults_of_file(), *chain(*map(self._faults_of_table, tables))]

    def _faults_of_file(self) -> Iterator[str]:
        # Of trees that are broken it tells first. What some releases say of nulls in tables without row
        # ids, such as 3.40, is not so; therefore no more than the first is asked for.
        connection = self._database.connection()
        (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok" and not said.startswith("NULL value in "):
            yield said

    def _faults_of_table(self, table: Table) -> Iterator[str]:
        connection, name = self._database.connection(), sql.table_name(table)
        (count,) = connection.execute(sql.misplaced(table)).fetchone()
        if count:
            yield f"{count} rows of {name} are not found by their range"
        indexes = (
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql <> ''"
        )
        for (index,) in connection.execute(indexes, (name,)).fetchall():
            numbers = {
                connection.execute(f"SELECT count(*) FROM {name} {by}").fetchone()[0]
                for by in ("NOT INDEXED", f"INDEXED BY {index}")
            }
            if len(numbers) > 1:
                yield f"index {index} does not have the rows of {name}"

    def description(self) -> Mapping[str, str | int]:
        """Return what and where the file is; see the port."""
        return {**self._database.description(), "layout": sql.LAYOUT}

    def _clear_up(self) -> None:
        """Drop what a process has left that died while it built views."""
        with (
            suppress(StorageFailed),
            self._database.alone(_REBUILD) as is_left,
            self._failing_well(),
        ):
            if is_left:
                self._drop(line for line in known(self._database) if MARK in line)

    def _drop(self, lines: Iterable[str]) -> None:
        for line in list(lines):
            gone = False
            while not gone:
                # A table at a time, so that nobody waits long who wants to write.
                with self._database.writing(lasting=False) as writer:
                    gone = drop_tables(writer, line, most=1)

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def open_url(url: str, *, beside: EventStore) -> SqliteViewStore:
    """Keep views in the file that a `sqlite:` URL names: that of the log, or one of their own."""
    path = path_of(url)
    recorder = getattr(beside, "recorder", None)
    if isinstance(recorder, SqliteRecorder) and recorder.database.path == path.absolute():
        return SqliteViewStore(recorder.database)
    database = SqliteDatabase(path)
    try:
        database.create((), kind=Kind.VIEWS)
        return SqliteViewStore(database)
    except BaseException:
        database.close()
        raise
