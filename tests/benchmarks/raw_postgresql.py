"""The floor on PostgreSQL: the same rows in the same tables, in one round trip and one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from stemmata_adapters.event_stores.postgresql_log import steps as steps_of_log
from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.postgresql_statements import dialect
from stemmata_adapters.view_stores.postgresql_views import steps as steps_of_views
from stemmata_projections.audit.tables import CONCERN, ENTRY
from stemmata_projections.tables import OPEN_END, Table
from stemmata_projections.version_index.tables import ALIAS, COLLECTION, MEMBER, VERSION
from tests.benchmarks.raw_sqlite import COLLECTION_ID, event_rows, view_rows
from tests.postgres import Server

_PREFIX = "raw."
_DIALECT = dialect(f"{_PREFIX}view_")


class RawPostgres:
    """What one link and its aliases come to: 3 events, 18 rows of views, a checkpoint, one fsync."""

    def __init__(self, server: Server) -> None:
        self._connection = psycopg.connect(server.conninfo, autocommit=True, prepare_threshold=0)
        self._cursor = psycopg.RawCursor(self._connection)
        self._connection.execute("CREATE SCHEMA raw")
        for step in (*steps_of_log(_PREFIX), *steps_of_views(_PREFIX)):
            for statement in step:
                self._connection.execute(statement.encode())
        for table in (COLLECTION, MEMBER, ALIAS, VERSION, ENTRY, CONCERN):
            for statement in sql.create(table, _DIALECT):
                self._connection.execute(statement.encode())
        for name in ("audit", "lineage", "search", "version_index"):
            self._connection.execute("INSERT INTO raw.view VALUES (%s, '1.1', 0, '')", (name,))
        self._position = 0
        self._statements: dict[tuple[str, int], bytes] = {}

    def link(self, index: int, *, alias: str) -> None:
        """Write what a link with one alias beside `latest` writes."""
        position = self._position + 1
        rows = view_rows(index, alias=alias, position=position)
        with self._connection.pipeline():
            self._send(b"BEGIN", ())
            events = event_rows(index, alias=alias, version=self._position)
            numbered = [(position + n, *row) for n, row in enumerate(events)]
            self._insert(f"{_PREFIX}event", numbered)
            closing = sql.close_rows(ALIAS, ("collection", "alias"), _DIALECT).encode()
            for name in ("latest", alias):
                self._send(closing, (position, COLLECTION_ID, name))
            for table, each in rows.items():
                self._open(table, each)
            self._send(b"UPDATE raw.view SET position = $1", (position + 2,))
            self._send(b"COMMIT", ())
        self._position += 3

    def _open(self, table: Table, rows: Sequence[Sequence[object]]) -> None:
        self._insert(
            sql.table_name(table, _DIALECT), [(*row[:-1], 0, row[-1], OPEN_END) for row in rows]
        )

    def _insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        statement = self._statements.get((table, len(rows)))
        if statement is None:
            numbers = iter(range(1, 1_000))
            places = ", ".join(f"({', '.join(f'${next(numbers)}' for _ in row)})" for row in rows)
            statement = f"INSERT INTO {table} VALUES {places}".encode()
            self._statements[table, len(rows)] = statement
        self._send(statement, [value for row in rows for value in row])

    def _send(self, statement: bytes, params: Sequence[object]) -> None:
        self._cursor.execute(statement, params)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
