"""The floor of a rebuild: rows of views written into new tables, in large batches, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import psycopg

from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.postgresql_statements import dialect
from stemmata_projections.tables import ColumnKind, Table

Rows = Mapping[Table, Sequence[Sequence[object]]]
"""The rows of each table, all columns as they are stored, with the span and both ends."""

_ENDS: tuple[ColumnKind, ...] = ("integer", "integer", "integer")
TYPES: dict[ColumnKind, str] = {
    "text": "text",
    "integer": "bigint",
    "flag": "smallint",
    "json": "text",
}


def into_sqlite(path: Path, rows: Rows, *, batch: int) -> None:
    """Write them into a new file, as durable as ours."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA cache_size=-16384")
        for table in rows:
            for statement in sql.create(table):
                db.execute(statement)
        for table, page in _pages(rows, batch):
            places = ", ".join("?" * len(page[0]))
            db.execute("BEGIN")
            db.executemany(f"INSERT INTO {sql.table_name(table)} VALUES ({places})", page)
            db.execute("COMMIT")


def into_postgresql(conninfo: str, schema: str, rows: Rows, *, batch: int) -> None:
    """Write them into a new schema, each batch as one statement."""
    ours = dialect(f"{schema}.view_")
    with psycopg.connect(
        conninfo, autocommit=True, cursor_factory=psycopg.RawCursor, prepare_threshold=1
    ) as db:
        cursor = db.cursor(binary=True)
        cursor.execute(f"CREATE SCHEMA {schema}".encode())
        for table in rows:
            for statement in sql.create(table, ours):
                cursor.execute(statement.encode())
        for table, page in _pages(rows, batch):
            kinds = (*(column.kind for column in table.columns), *_ENDS)
            lists = ", ".join(f"${n}::{TYPES[kind]}[]" for n, kind in enumerate(kinds, 1))
            statement = f"INSERT INTO {sql.table_name(table, ours)} SELECT * FROM unnest({lists})"
            columns = [list(column) for column in zip(*page, strict=True)]
            cursor.execute(statement.encode(), columns)


def _pages(rows: Rows, batch: int) -> Iterator[tuple[Table, Sequence[Sequence[object]]]]:
    """Yield the rows of each table in the order of the log, in batches."""
    for table, found in rows.items():
        since = len(table.columns) + 1
        ordered = sorted(found, key=lambda row: int(str(row[since])))
        for at in range(0, len(ordered), batch):
            yield table, ordered[at : at + batch]
