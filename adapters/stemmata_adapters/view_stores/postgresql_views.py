"""Views in a schema of PostgreSQL: those in use, or a set that is built beside them.

The book of views, the table `view`, has a line for each: its name, a mark at the end if it stands beside,
and its tables, whose names begin otherwise then. To take the place of those in use, tables change their
names. For this moment nobody may be reading: who began before, and came upon the new tables later, would
find them empty, because what is in them was written after.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, NamedTuple, TypeVar, cast

from stemmata_adapters.databases.postgresql import PostgresDatabase
from stemmata_adapters.databases.postgresql_client import psycopg
from stemmata_adapters.databases.postgresql_connections import listed
from stemmata_adapters.databases.postgresql_turns import Turn
from stemmata_adapters.databases.steps import Step
from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.pages import Alone, TablePage, gathered
from stemmata_adapters.view_stores.postgresql_statements import (
    Compiled,
    Statements,
    Writing,
    dialect,
)
from stemmata_domain.errors import ChangeImpossible, StoreUnavailable
from stemmata_domain.handling import ViewsCannotTake
from stemmata_projections.changes import Amend, Change, Close
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Query
from stemmata_projections.tables import OPEN_END, Row, Table
from stemmata_projections.view_store import HeldRow, Params, Parked

Found = TypeVar("Found", bound=Row)

MARK = "__beside_"
IN_USE = "view_"
_LONGEST_NAME = 63
_PAGE = 2_000

_GATE_MILLISECONDS = 200
_PAUSE = 0.05
_PATIENCE = 60.0

# What is said of a value that a column or an index cannot hold.
_IMPOSSIBLE = (
    psycopg.errors.IntegrityError,
    psycopg.errors.DataError,
    psycopg.errors.ProgramLimitExceeded,
    OverflowError,
    UnicodeEncodeError,
)

_names = (f"stemmata_{n}" for n in itertools.count())


def steps(prefix: str) -> tuple[Step, ...]:
    """Return the steps that lead to the books of views; their names stand behind *prefix*."""
    return (_first(prefix),)


def _first(prefix: str) -> Step:
    return (
        f"""
        CREATE TABLE {prefix}view (
            projection text COLLATE "C" PRIMARY KEY,
            schema text NOT NULL,
            position bigint NOT NULL,
            tables text NOT NULL
        )
        """,
        f"""
        CREATE TABLE {prefix}parked (
            projection text COLLATE "C" NOT NULL,
            position bigint NOT NULL,
            cause text NOT NULL
        )
        """,
    )


def schema_of(projection: Projection) -> str:
    """Return what a view's line says of its shape."""
    return f"{sql.LAYOUT}.{projection.schema}"


class Line(NamedTuple):
    """What the book says of a view."""

    projection: str
    schema: str
    position: int
    tables: str

    @property
    def names(self) -> list[str]:
        """The names of the tables, without that of the schema."""
        return self.tables.split()


class PostgresViews:
    """The views with one mark; those in use have none."""

    def __init__(self, database: PostgresDatabase, *, mark: str = "") -> None:
        self._database = database
        self._prefix = database.prefix
        self._mark = mark
        self._lines: dict[str, tuple[str, str]] = {}
        self._dialect = dialect(f"{database.prefix}{table_prefix(mark)}")
        self._tables = Statements(self._dialect)
        self._compiled: dict[tuple[Query[Any], sql.When], Compiled] = {}
        self._careful = False
        self._standing = f"SELECT projection, schema, position FROM {self._prefix}view"
        database.when_writing("views", lambda: self._standing)

    def _follow(self, projections: Sequence[Projection]) -> None:
        """Know the lines of *projections* from now on."""
        for each in projections:
            self._lines[each.name] = (each.name + self._mark, schema_of(each))

    def checkpoint(self, projection: str) -> int:
        """Return how far a view has come; see the port."""
        line = self._lines.get(projection)
        if line is None:
            return 0
        rows = self._database.fetch(
            f"SELECT position FROM {self._prefix}view WHERE projection = $1 AND schema = $2", line
        )
        return rows[0][0] if rows else 0

    def apply(
        self,
        projections: Sequence[str],
        changes: Iterable[tuple[int, Change]],
        *,
        after: int,
        upto: int,
        parked: Sequence[Parked] = (),
    ) -> bool:
        """Apply a page of changes; see the port.

        During an append nobody waits for what comes of it: a change that cannot be made undoes the
        append, which raises `ViewsCannotTake` at its end. Tried again it is waited for.
        """
        lines: list[tuple[str, str]] = []
        for name in projections:
            if name not in self._lines:
                return False
            lines.append(self._lines[name])
        before, pages = gathered(changes, store=self._database.name)
        joins = self._database.turn is not None
        with self._database.writing() as turn:
            try:
                if not self._advance(turn, lines, after=after, upto=upto):
                    return False
                moved = [line for line, _ in lines]
                self._change(turn, before, pages, lines=moved, upto=upto)
                for each in parked:
                    self._park(turn, each)
                if joins and not self._careful:
                    turn.explanations.append(self._explained)
                else:
                    self._careful = False
                    turn.sync()
            except _IMPOSSIBLE as error:
                raise ChangeImpossible(store=self._database.name, why=_words(error)) from error
            except psycopg.Error as error:
                raise self._database.unavailable(error) from error
            return True

    def _explained(self, error: psycopg.Error) -> Exception | None:
        """Return what makes who appends try again, if it was a change that could not be made."""
        if not isinstance(error, _IMPOSSIBLE):
            return None
        self._careful = True
        return ViewsCannotTake(meanwhile=lambda: None)

    def _advance(
        self, turn: Turn, lines: Sequence[tuple[str, str]], *, after: int, upto: int
    ) -> bool:
        """Move views on if all of them are there and stand where they ought to."""
        standing = self._standing_in(turn)
        if any((*line, after) not in standing for line in lines):
            return False
        moved = [line for line, _ in lines]
        turn.found["views"] = [
            (line, schema, upto if line in moved else position)
            for line, schema, position in standing
        ]
        return True

    def _standing_in(self, turn: Turn) -> list[Row]:
        """Return where all views stand, which nobody else changes during a turn."""
        if "views" not in turn.found:
            turn.found["views"] = turn.fetch(self._standing)
        return turn.found["views"]

    def _change(
        self,
        turn: Turn,
        before: Sequence[TablePage | Alone],
        pages: Sequence[TablePage],
        *,
        lines: Sequence[str],
        upto: int,
    ) -> None:
        for each in before:
            if isinstance(each, TablePage):
                self._write(turn, [each])
                continue
            statements = self._tables[each.change.table]
            if type(each.change) is Close:
                statements.close(turn, each.position, each.change)
            else:
                statements.amend(turn, each.position, cast("Amend", each.change))
        self._write(turn, pages, lines=lines, upto=upto)

    def _write(
        self,
        turn: Turn,
        pages: Sequence[TablePage],
        *,
        lines: Sequence[str] = (),
        upto: int = 0,
    ) -> None:
        writing = Writing()
        for page in pages:
            statements = self._tables[page.table]
            if page.new:
                turn.send(*statements.check(page))
            statements.written(page, writing)
        last = "SELECT 1"
        if lines:
            moved, reached = writing.value(listed(lines)), writing.value(upto)
            last = (
                f"UPDATE {self._prefix}view SET position = {reached}::bigint"
                f" WHERE projection = ANY({moved}::text[])"
            )
        turn.send(writing.statement(last), writing.params)

    def _park(self, turn: Turn, parked: Parked) -> None:
        # A cause may quote anything; what cannot be stored of it is left out.
        cause = parked.cause.replace("\0", "�").encode("utf-8", "replace").decode()
        row = (parked.projection + self._mark, parked.position, cause)
        turn.send(f"INSERT INTO {self._prefix}parked VALUES ($1, $2, $3)", row)

    def parked(self) -> Sequence[Parked]:
        """Return what views could not take; see the port."""
        rows = self._database.fetch(
            f"SELECT projection, position, cause FROM {self._prefix}parked"
            " ORDER BY projection, position"
        )
        return [
            Parked(line.removesuffix(self._mark), position, cause)
            for line, position, cause in rows
            if line[len(unmarked(line)) :] == self._mark
        ]

    def scan(self, table: Table) -> Iterator[HeldRow]:
        """Give every row of a table; see the port."""
        statements, name = self._tables[table], next(_names)
        try:
            with self._database.moment() as session:
                session.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {statements.scanning}")
                while rows := session.fetch(f"FETCH {_PAGE} FROM {name}"):
                    for row in rows:
                        yield HeldRow(statements.read(row[:-2]), row[-2], row[-1])
                session.execute(f"CLOSE {name}")
        except psycopg.Error as error:
            raise self._database.unavailable(error) from error

    def query(
        self, query: Query[Found], params: Params, *, at: int | None = None, ever: bool = False
    ) -> Sequence[Found]:
        """Return what a query finds; see the port."""
        when: sql.When = "ever" if ever else "now" if at is None else "as of"
        if ever and at is None:
            at = OPEN_END
        compiled = self._compiled.get((query, when))
        if compiled is None:
            compiled = self._compiled[query, when] = Compiled(query, when, self._dialect)
        rows = self._database.fetch(compiled.statement, compiled.bind(params, at))
        return cast("Sequence[Found]", compiled.read(rows))

    def reading(self) -> AbstractContextManager[None]:
        """Hold one state; see the port."""
        return self._database.reading()


def table_prefix(mark: str) -> str:
    """Return how the tables of views with a mark begin."""
    return f"beside_{mark.removeprefix(MARK)}_" if mark else IN_USE


def unmarked(line: str) -> str:
    """Return the name that a view has where it is in use."""
    return line.partition(MARK)[0]


def _words(error: Exception) -> str:
    if isinstance(error, psycopg.Error):
        told = error.diag.message_primary
        if told is not None:
            return f"{told} ({detail})" if (detail := error.diag.message_detail) else told
    return " ".join(str(error).split())


# --- the book of views -----------------------------------------------------------------------------


def make(turn: Turn, prefix: str, projection: Projection, *, mark: str = "") -> None:
    """Make the empty tables of a view, and its line in the book."""
    made = dialect(f"{prefix}{table_prefix(mark)}")
    names = [f"{table_prefix(mark)}{table.name}" for table in projection.tables]
    for name in names:
        if len(name.encode()) > _LONGEST_NAME:
            why = f"the name of the table {name!r} is longer than {_LONGEST_NAME} bytes"
            raise StoreUnavailable(store=f"view {projection.name!r}", why=why)
    for table in projection.tables:
        for statement in sql.create(table, made):
            turn.send(statement)
    line = (projection.name + mark, schema_of(projection), " ".join(names))
    turn.send(f"INSERT INTO {prefix}view VALUES ($1, $2, 0, $3)", line)


def lines_of(turn: Turn, prefix: str) -> list[Line]:
    """Return the whole book."""
    rows = turn.fetch(f"SELECT projection, schema, position, tables FROM {prefix}view")
    return [Line(*row) for row in rows]


def drop(turn: Turn, prefix: str, line: Line) -> None:
    """Drop the tables of a view that nobody can be reading, and its line."""
    for table in line.names:
        turn.send(sql.drop(f"{prefix}{table}"))
    turn.send(f"DELETE FROM {prefix}view WHERE projection = $1", (line.projection,))
    turn.send(f"DELETE FROM {prefix}parked WHERE projection = $1", (line.projection,))


def with_nobody_reading(
    database: PostgresDatabase,
    tables: Callable[[Turn], Sequence[str]],
    act: Callable[[Turn], bool],
    *,
    if_: Callable[[Turn], bool] = lambda _: True,
    once: bool = False,
) -> bool:
    """Carry out what does away with tables, while nobody reads any; return what it returns.

    Who is reading is waited for, but not for long at a time: who comes meanwhile has to wait as well.

    Args:
        tables: Which tables are concerned; if there are none, others may read.
        if_: Asked first each time; if it says no, nothing is done, and False returned.
        once: Whether to return False rather than try again.

    Raises:
        StoreUnavailable: Somebody is reading all the time.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        with database.writing() as turn:
            if not if_(turn):
                return False
            if _shut(turn, database.prefix, tables(turn)):
                return act(turn)
        if once:
            return False
        if time.monotonic() > until:
            why = f"somebody has been reading for {_PATIENCE:.0f} seconds; try again later"
            raise StoreUnavailable(store=database.name, why=why)
        time.sleep(_PAUSE)


def _shut(turn: Turn, prefix: str, tables: Sequence[str]) -> bool:
    """Let nobody read any more, until the turn ends; return whether that could be done at once."""
    if not tables:
        return True
    locked = ", ".join((f"{prefix}turn", *(f"{prefix}{table}" for table in tables)))
    with suppress(psycopg.errors.LockNotAvailable):
        with turn.part():
            turn.send(f"SET LOCAL lock_timeout = {_GATE_MILLISECONDS}")
            turn.send(f"LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE")
        return True
    return False
