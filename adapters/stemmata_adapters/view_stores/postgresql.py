"""The view store in a schema of PostgreSQL, in the event store's own schema or elsewhere."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from stemmata_adapters.databases.postgresql import PostgresDatabase
from stemmata_adapters.databases.postgresql_client import psycopg
from stemmata_adapters.databases.postgresql_connections import Cursor
from stemmata_adapters.databases.postgresql_turns import Turn
from stemmata_adapters.databases.postgresql_url import database_of
from stemmata_adapters.event_stores.postgresql import PostgresRecorder
from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.postgresql_views import (
    IN_USE,
    MARK,
    Line,
    PostgresViews,
    drop,
    lines_of,
    make,
    schema_of,
    steps,
    table_prefix,
    unmarked,
    with_nobody_reading,
)
from stemmata_domain.errors import StorageFailed, StoreUnavailable
from stemmata_domain.ports import EventStore
from stemmata_projections.projection import Projection
from stemmata_projections.tables import Table
from stemmata_projections.view_store import Unfinished, ViewsBeside

PART = "views"
"""What the books of views are called in the list of what a schema holds."""

# Others hold it for a moment to see whether anybody does, and the server does for one who was killed.
_PATIENCE = 3.0
_PAUSE = 0.05


class PostgresViewStore(PostgresViews):
    """Views in a schema; in the event store's schema they are written with the events.

    Others are built beside them in the same schema. Who does so holds a lock on a connection of their
    own, which is free again as soon as they are gone; what they leave is dropped by the next who comes.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        """Use *database*, and make its books where they are missing."""
        database.create(PART, steps(database.prefix))
        super().__init__(database)

    def joins(self, events: EventStore) -> bool:
        """Tell whether *events* is in the same schema, on the same connections; see the port."""
        recorder = getattr(events, "recorder", None)
        return isinstance(recorder, PostgresRecorder) and recorder.database is self._database

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables; see the port."""
        wanted = {each.name: schema_of(each) for each in projections}
        found = self._known()
        if not wanted.items() <= found.items():
            self._make_missing(projections)
        if any(MARK in line for line in found):
            self._clear_up()
        self._follow(projections)

    def _known(self) -> dict[str, str]:
        return {line: schema for line, schema, _ in self._database.fetch(self._standing)}

    def _make_missing(self, projections: Sequence[Projection]) -> None:
        def outdated(turn: Turn) -> list[Line]:
            shapes = {each.name: schema_of(each) for each in projections}
            book = lines_of(turn, self._prefix)
            current = {line.projection for line in book if line[1] == shapes.get(line.projection)}
            # What is built beside in the old shape goes too: it could not take the place of the new.
            anew = shapes.keys() - current
            return [line for line in book if unmarked(line.projection) in anew]

        def make_anew(turn: Turn) -> bool:
            for line in outdated(turn):
                drop(turn, self._prefix, line)
            there = {line.projection for line in lines_of(turn, self._prefix)}
            for each in projections:
                if each.name not in there:
                    make(turn, self._prefix, each)
            turn.found.pop("views", None)
            return True

        with_nobody_reading(
            self._database,
            lambda turn: [t for line in outdated(turn) for t in line.names],
            make_anew,
        )

    @contextmanager
    def beside(self, projections: Sequence[Projection]) -> Iterator[ViewsBeside]:
        """Give empty views beside those in use; see the port."""
        with self._alone(within=_PATIENCE) as is_alone:
            if not is_alone:
                why = "somebody is rebuilding views already; try again when they are done"
                raise StoreUnavailable(store=self._database.name, why=why)
            self._drop_marked()
            mark = MARK + secrets.token_hex(4)
            try:
                yield PostgresViewsBeside(self._database, projections, mark=mark)
            finally:
                # What cannot be dropped costs room, and is dropped by the next who comes.
                with suppress(StorageFailed):
                    self._drop_marked()

    def unfinished(self) -> Sequence[Unfinished]:
        """Return the views beside those in use; see the port."""
        found = [row for row in self._database.fetch(self._standing) if MARK in row[0]]
        if not found:
            return []
        with self._alone() as is_left:
            return [
                Unfinished(unmarked(line), position, is_left) for line, _, position in sorted(found)
            ]

    def description(self) -> Mapping[str, str | int]:
        """Return what and where the views are; see the port."""
        return {**self._database.description(), "layout": sql.LAYOUT}

    def faults(self, tables: Sequence[Table]) -> Sequence[str]:
        """Return what is wrong with the places of rows; see the port."""
        found = []
        for table in tables:
            name = sql.table_name(table, self._dialect)
            count = self._database.fetch(sql.misplaced(table, self._dialect))[0][0]
            if count:
                found.append(f"{count} rows of {name} are not found by their range")
        return found

    @contextmanager
    def _alone(self, *, within: float = 0.0) -> Iterator[bool]:
        """Hold the only right to rebuild, if nobody else has it, on a connection of its own.

        Args:
            within: For how many seconds to wait for it.
        """
        key = (f"stemmata rebuild {self._database.schema}",)
        try:
            connection = self._database.connections.connect()
        except psycopg.Error as error:
            raise self._database.unavailable(error) from error
        try:
            cursor = Cursor(connection)
            wish = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"
            until = time.monotonic() + within
            while not (is_alone := bool(cursor.execute(wish, key).fetchall()[0][0])):
                if time.monotonic() >= until:
                    break
                time.sleep(_PAUSE)
            try:
                yield is_alone
            finally:
                if is_alone:
                    # The server would let go of it some time after we have hung up.
                    with suppress(psycopg.Error):
                        cursor.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", key)
        except psycopg.Error as error:
            raise self._database.unavailable(error) from error
        finally:
            connection.close()

    def _clear_up(self) -> None:
        """Drop what a process has left that died while it built views."""
        with suppress(StorageFailed), self._alone() as is_left:
            if is_left:
                self._drop_marked()

    def _drop_marked(self) -> None:
        if any(MARK in row[0] for row in self._database.fetch(self._standing)):
            with self._database.writing() as turn:
                for line in lines_of(turn, self._prefix):
                    if MARK in line.projection:
                        drop(turn, self._prefix, line)
                turn.found.pop("views", None)

    def close(self) -> None:
        """Let go of all connections."""
        self._database.close()


class PostgresViewsBeside(PostgresViews):
    """Empty views under a mark, which may take the place of those in use."""

    def __init__(
        self, database: PostgresDatabase, projections: Sequence[Projection], *, mark: str
    ) -> None:
        super().__init__(database, mark=mark)
        self._follow(projections)
        with database.writing() as turn:
            for each in projections:
                make(turn, self._prefix, each, mark=mark)
            turn.found.pop("views", None)

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Do nothing for views that are built here; there are no others."""
        for each in projections:
            if self._lines.get(each.name) != (each.name + self._mark, schema_of(each)):
                why = f"the view {each.name!r} is not among those that are built beside"
                raise StoreUnavailable(store=self._database.name, why=why)

    def take_place(self) -> bool:
        """Put these views in the place of those in use; see the port.

        During an append it is tried once, and False returned if somebody is reading; otherwise who
        reads is waited for.
        """
        return with_nobody_reading(
            self._database,
            lambda turn: [t for pair in self._pairs(turn) for line in pair for t in line.names],
            self._swap,
            if_=lambda turn: all(old.position <= new.position for old, new in self._pairs(turn)),
            once=self._database.turn is not None,
        )

    def _pairs(self, turn: Turn) -> list[tuple[Line, Line]]:
        book = {(line.projection, line.schema): line for line in lines_of(turn, self._prefix)}
        pairs = []
        for name, (beside, schema) in self._lines.items():
            old, new = book.get((name, schema)), book.get((beside, schema))
            if old is None or new is None:
                why = "another release keeps it in another shape; end one of the two"
                raise StoreUnavailable(store=f"view {name!r}", why=why)
            pairs.append((old, new))
        return pairs

    def _swap(self, turn: Turn) -> bool:
        prefix = self._prefix
        for old, new in self._pairs(turn):
            drop(turn, prefix, old)
            for table in new.names:
                name = IN_USE + table.removeprefix(table_prefix(self._mark))
                turn.send(f"ALTER TABLE {prefix}{table} RENAME TO {name}")
        for name, (beside, _) in self._lines.items():
            tables = "replace(tables, $3, $4)"
            turn.send(
                f"UPDATE {prefix}view SET projection = $1, tables = {tables} WHERE projection = $2",
                (name, beside, table_prefix(self._mark), IN_USE),
            )
            renamed = f"UPDATE {prefix}parked SET projection = $1 WHERE projection = $2"
            turn.send(renamed, (name, beside))
        turn.found.pop("views", None)
        return True

    def close(self) -> None:
        """Do nothing; whoever holds the views in use closes the database."""


def open_url(url: str, *, beside: EventStore) -> PostgresViewStore:
    """Keep views in the schema that a `postgresql:` URL names: that of the log, or one of their own."""
    database = database_of(url)
    recorder = getattr(beside, "recorder", None)
    if isinstance(recorder, PostgresRecorder) and recorder.database.is_same(database):
        database.close()
        return PostgresViewStore(recorder.database)
    try:
        return PostgresViewStore(database)
    except BaseException:
        database.close()
        raise
