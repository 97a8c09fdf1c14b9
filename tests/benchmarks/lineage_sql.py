"""The floor of lineage: recursion in SQL over the same tables, for ids alone and for whole answers."""

from __future__ import annotations

from stemmata_projections.tables import OPEN_END
from tests.benchmarks.databases import Database

# Only versions go through the recursion, each over the runs between; so the query stays simple.
_DOWN = f"""
WITH RECURSIVE down(node, depth) AS (
  SELECT :start, 0
  UNION
  SELECT o.version, depth + 2
  FROM down
  CROSS JOIN view_edge AS i ON i.version = node AND i.kind = 'used'
    AND i.span = 0 AND i.valid_to = {OPEN_END}
  CROSS JOIN view_edge AS o ON o.run = i.run AND o.kind = 'produced'
    AND o.span = 0 AND o.valid_to = {OPEN_END}
  WHERE depth < :depth
), version(id, depth) AS (SELECT node, min(depth) FROM down GROUP BY node)
"""
# Without a depth, so that each node is gone on from once.
_ALL_DOWN = _DOWN.replace("down(node, depth)", "down(node)").replace(":start, 0", ":start")
_ALL_DOWN = _ALL_DOWN.replace("SELECT o.version, depth + 2", "SELECT o.version").replace(
    "WHERE depth < :depth", ""
)
_ALL_DOWN = _ALL_DOWN.replace(
    "version(id, depth) AS (SELECT node, min(depth) FROM down GROUP BY node)",
    "version(id) AS (SELECT node FROM down)",
)
_RUNS = f"""
SELECT DISTINCT e.run FROM version CROSS JOIN view_edge AS e
ON e.version = version.id AND e.kind = 'used' AND e.span = 0 AND e.valid_to = {OPEN_END}
"""


def recursed(database: Database, place: str, start: str, *, depth: int = 6) -> int:
    """Return how many nodes raw SQL finds."""
    if depth > 100:
        params: dict[str, object] = {"start": start}
        versions = database.asked(place, f"{_ALL_DOWN} SELECT id FROM version", params)
        runs = database.asked(place, f"{_ALL_DOWN} {_RUNS}", params)
        return len(versions) + len(runs)
    params = {"start": start, "depth": depth}
    versions = database.asked(place, f"{_DOWN} SELECT id, depth FROM version", params)
    runs = database.asked(place, f"{_DOWN} {_RUNS} WHERE depth < :depth", params)
    return len(versions) + len(runs)


def recursed_with_rows(database: Database, place: str, start: str) -> int:
    """Read also what is known of the nodes and of the edges between them, as rows."""
    params = {"start": start, "depth": 6}
    versions = database.asked(
        place,
        f"{_DOWN} SELECT version.depth, v.id, v.created_at, v.created_by, v.run, v.number, c.scope,"
        " c.name, c.type, t.deleted_at FROM version"
        f" CROSS JOIN view_version v ON v.id = version.id AND v.valid_to = {OPEN_END}"
        f" CROSS JOIN view_collection c ON c.id = v.artifact AND c.valid_to = {OPEN_END}"
        f" LEFT JOIN view_tombstone t ON t.version = v.id AND t.valid_to = {OPEN_END}",
        params,
    )
    database.asked(
        place,
        f"{_DOWN} SELECT version.id, c.scope, c.name, m.number, a.alias FROM version"
        f" CROSS JOIN view_member m ON m.version = version.id AND m.span = 0"
        f" CROSS JOIN view_collection c ON c.id = m.collection AND c.valid_to = {OPEN_END}"
        " LEFT JOIN view_alias a ON a.collection = m.collection AND a.number = m.number"
        " AND a.span = 0",
        params,
    )
    runs = database.asked(
        place,
        f"{_DOWN} SELECT r.path, r.name, r.job_type, r.state, r.started_at, r.started_by,"
        f" r.finished_at FROM ({_RUNS} WHERE depth < :depth) AS n"
        f" CROSS JOIN view_run r ON r.path = n.run AND r.valid_to = {OPEN_END}",
        params,
    )
    database.asked(
        place,
        f"{_DOWN} SELECT e.version, e.run, e.through, e.number, e.at, e.by FROM version"
        f" CROSS JOIN view_edge e ON e.version = version.id AND e.kind = 'used' AND e.span = 0"
        " WHERE depth < :depth",
        params,
    )
    database.asked(
        place,
        f"{_DOWN} SELECT e.version, e.run, e.at, e.by FROM ({_RUNS} WHERE depth < :depth) AS n"
        " CROSS JOIN view_edge e ON e.run = n.run AND e.kind = 'produced' AND e.span = 0",
        params,
    )
    return len(versions) + len(runs)
