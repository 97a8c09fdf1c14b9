"""Rebuilding all views from the log, beside writing the same rows in large batches."""

from __future__ import annotations

from collections.abc import Iterator

from stemmata.stemma import PROJECTIONS
from stemmata_adapters.view_stores import sql
from stemmata_projections.tables import Table
from tests.benchmarks.bench import Bench, open_at
from tests.benchmarks.filling import fill
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.results import Row, at_least

_BATCH = 10_000
_TABLES: tuple[Table, ...] = tuple(
    dict.fromkeys(table for each in PROJECTIONS for table in each.tables)
)


def rebuilding(bench: Bench) -> Iterator[Row]:
    """Rebuild beside a raw insert of the rows that come of it, and beside reading the log alone."""
    database = bench.database
    url = database.url("rebuilt")
    fill(url, versions=bench.size.rebuilt, spare=0)
    with open_at(url) as stemma:
        events = stemma.position()
        database.settle("rebuilt")
        found = {
            table: database.asked("rebuilt", f"SELECT * FROM {sql.table_name(table)}", {})
            for table in _TABLES
        }
        rows = sum(map(len, found.values()))
        copies = iter(range(100))
        ours, floor, read = in_turns(
            stemma.rebuild,
            lambda: database.insert(f"copy_{next(copies)}", found, batch=_BATCH),
            lambda: sum(1 for _ in stemma.replay()),
            rounds=3,
            warm_up=0,
        )
    yield Row(
        id="rebuild",
        on=database.name,
        what=f"rebuild of all views, {events:,} events to {rows:,} rows",
        ours=ours,
        floor=floor,
        floor_is=f"the same rows, {_BATCH:,} in a transaction",
        goals=(at_least(0.8, ours, floor, of="raw"),),
        note=f"{events / ours.median:,.0f} events/s; reading the log alone"
        f" {events / read.median:,.0f} events/s",
    )
