"""The floor on PostgreSQL: the same rows in the same tables, with nothing but psycopg.

A link is one round trip: all statements go out in one pipeline, and what a table is given is one statement,
prepared once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg

from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.postgresql_statements import dialect
from stemmata_projections.audit.tables import CONCERN, ENTRY
from stemmata_projections.tables import OPEN_END, Table
from stemmata_projections.version_index.tables import ALIAS, COLLECTION, MEMBER, VERSION
from tests.benchmarks import raw
from tests.benchmarks.raw_rows import TYPES

_DIALECT = dialect("view_")
_EVENT = (
    "INSERT INTO event (position, stream, version, topic, state)"
    " SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bytea[])"
)
_CLOSE = sql.close_rows(ALIAS, ("collection", "alias"), _DIALECT)
_PARAM = re.compile(r":(\w+)")


class PostgresRegistry:
    """A registry's tables in a schema, each written by one statement for all its rows."""

    def __init__(self, conninfo: str, url: str, schema: str, *, make: bool = True) -> None:
        """Connect.

        Args:
            url: That of the registry, whose tables are made, if *make* says so.
        """
        if make:
            with raw.tables_at(url):
                pass
        self._db = db = psycopg.connect(
            conninfo, autocommit=True, cursor_factory=psycopg.RawCursor, prepare_threshold=1
        )
        db.execute("SELECT set_config('search_path', $1, false)", (schema,))
        self._cursor = db.cursor(binary=True)
        self._opening = {
            table: _open_rows(table)
            for table in (COLLECTION, MEMBER, ALIAS, VERSION, ENTRY, CONCERN)
        }
        if make:
            self._insert(COLLECTION, [(*row, 1) for row in raw.collections()])
        self._version = 0

    def link(self, index: int, *, alias: str) -> None:
        with self._db.pipeline():
            self._cursor.execute("BEGIN")
            self._write(raw.link_of(index, alias, version=self._version))

    def link_next(self, *, alias: str) -> int:
        with self._db.pipeline():
            self._cursor.execute("BEGIN")
            self._cursor.execute("LOCK TABLE turn IN EXCLUSIVE MODE")
            self._cursor.execute(
                "SELECT coalesce(max(version), -1) FROM event WHERE stream = $1", (raw.STREAM,)
            )
            found = self._cursor.fetchone()
            assert found is not None
            self._version = int(found[0]) + 1
            index = self._version // 3
            self._write(raw.link_of(index, alias, version=self._version))
        return index

    def _write(self, link: raw.Link) -> None:
        positions = range(link.position, link.last + 1)
        events = [(at, *event) for at, event in zip(positions, link.events, strict=True)]
        self._cursor.execute(_EVENT, _columns(events))
        self._insert(MEMBER, [(*link.member, link.position)])
        for alias in link.aliases:
            self._cursor.execute(_CLOSE, (link.position, *alias[:2]))
        self._insert(ALIAS, [(*alias, link.position) for alias in link.aliases])
        self._insert(ENTRY, [(*each, each[0]) for each in link.entries])
        self._insert(CONCERN, [(*each, each[-1]) for each in link.concerns])
        self._cursor.execute("UPDATE view SET position = $1", (link.last,))
        self._cursor.execute("COMMIT")
        self._version += len(link.events)

    def _insert(self, table: Table, rows: Sequence[Sequence[object]]) -> None:
        self._cursor.execute(self._opening[table], _columns(rows))

    def log(self, number: int) -> None:
        self._insert(VERSION, [(*row, 1) for row in raw.source_rows(number)])

    def resolve(self, alias: str) -> Sequence[object]:
        found = self._ask(raw.RESOLVE, alias=alias, scope=raw.REGISTRY, name=raw.NAME)
        return found[0]

    def listed(self) -> Sequence[Sequence[object]]:
        aliases = self._ask(raw.ALIASES, collection=raw.COLLECTION)
        return raw.with_aliases(self._ask(raw.LIST, collection=raw.COLLECTION), aliases)

    def _ask(self, statement: str, **params: object) -> list[tuple[object, ...]]:
        names = list(params)
        numbered = _PARAM.sub(lambda found: f"${names.index(found[1]) + 1}", statement)
        self._cursor.execute(numbered.replace("CROSS JOIN", "JOIN"), list(params.values()))
        return self._cursor.fetchall()

    def close(self) -> None:
        self._db.close()


def _open_rows(table: Table) -> str:
    """Return the statement that opens rows, each column as a list, and where they begin."""
    kinds = (*(TYPES[column.kind] for column in table.columns), "bigint")
    lists = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds, 1))
    columns = ", ".join(column.name for column in table.columns)
    return (
        f"INSERT INTO {sql.table_name(table, _DIALECT)} SELECT {columns}, 0, valid_from, {OPEN_END}"
        f" FROM unnest({lists}) AS opened ({columns}, valid_from)"
    )


def _columns(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
