"""PostgreSQL answers each query by its indexes, and so it closes rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from stemmata_adapters.databases.postgresql_connections import PLANNING
from stemmata_adapters.databases.postgresql_url import database_of
from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.postgresql import PostgresViewStore
from stemmata_adapters.view_stores.postgresql_statements import Compiled, dialect
from stemmata_projections.tables import OPEN_END, Table
from tests.postgres import shared_server
from tests.projections.history import PROJECTIONS
from tests.projections.test_query_plans import QUERIES, SCANNED

ROWS = 10_000
SCHEMA = "query plans"
FEW = {"kind", "type", "field", "topic", "visibility"}
"""Columns with few values, which nothing is looked for by alone."""
TABLES = tuple(table for projection in PROJECTIONS for table in projection.tables)


@pytest.fixture(scope="module")
def filled() -> Iterator[psycopg.Connection[Any]]:
    """A connection to views with many rows, of which most have ended."""
    server = shared_server()
    with closing(database_of(server.url(SCHEMA))) as database:
        PostgresViewStore(database).prepare(PROJECTIONS)
        with server.connect() as connection:
            for table in TABLES:
                name = f"{database.prefix}view_{table.name}"
                with connection.cursor().copy(f"COPY {name} FROM STDIN".encode()) as copy:
                    for n in range(ROWS):
                        copy.write_row(row_of(table, n))
                connection.execute(f"ANALYZE {name}".encode())
            yield connection
            connection.execute(f'DROP SCHEMA "{SCHEMA}" CASCADE')


def row_of(table: Table, n: int) -> tuple[object, ...]:
    """Return a row: ten have one first value of the key, and a handful one of an index."""
    values: list[object] = []
    for column in table.columns:
        many = 10 if column.name == table.key[0] and len(table.key) > 1 else 1
        match column.kind:
            case "text" if column.name in FEW:
                values.append(f"{column.name}-{n % 3}")
            case "text":
                values.append(f"{column.name}-{n // many if column.name in table.key else n // 7}")
            case "integer":
                values.append(n)
            case "flag":
                values.append(n % 2)
            case _:
                values.append("{}")
    begin, end = n + 1, OPEN_END if n % 10 == 0 else n + 50
    return (*values, sql.span_of(begin, end), begin, end)


def planned(connection: psycopg.Connection[Any], statement: str) -> list[dict[str, Any]]:
    """Return the parts of a plan that is good for all parameters."""
    with connection.transaction():
        for name, value in PLANNING.items():
            connection.execute(f"SET LOCAL {name} = {value}".encode())
        found = connection.execute(
            f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}".encode()
        ).fetchone()
    assert found is not None
    plans = found[0] if isinstance(found[0], list) else json.loads(found[0])
    return list(parts(plans[0]["Plan"]))


def parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from parts(each)


def assert_looked_up(plan: list[dict[str, Any]], name: str) -> None:
    for part in plan:
        if "Relation Name" in part and part["Node Type"] != "ModifyTable":
            assert "Index" in part["Node Type"] or "Bitmap" in part["Node Type"], (name, part)
        if "Index" in part["Node Type"] and "Scan" in part["Node Type"]:
            assert "Index Cond" in part, (name, part)


@pytest.mark.parametrize("name", [name for name in QUERIES if name not in SCANNED])
@pytest.mark.parametrize("when", ["now", "as of", "ever"])
def test_every_step_is_a_look_up(
    filled: psycopg.Connection[Any], name: str, when: sql.When
) -> None:
    compiled = Compiled(QUERIES[name], when, dialect(f'"{SCHEMA}".view_'))
    assert_looked_up(planned(filled, compiled.statement), name)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_rows_are_looked_up_to_end_them(filled: psycopg.Connection[Any], table: Table) -> None:
    written = dialect(f'"{SCHEMA}".view_')
    for columns in (table.key, table.key[:1]):
        statement = sql.close_rows(table, columns, written)
        assert_looked_up(planned(filled, statement), table.name)
