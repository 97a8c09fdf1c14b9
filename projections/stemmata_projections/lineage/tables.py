"""The tables of the lineage graph: runs, the edges between runs and versions, and deleted versions.

A deleted version leaves the version index, but what was made of it stays its descendant.
"""

from __future__ import annotations

from stemmata_projections.tables import Column, Table

RUN = Table(
    "run",
    (
        Column("path"),
        Column("entity"),
        Column("project"),
        Column("id"),
        Column("name"),
        Column("job_type"),
        Column("config", "json"),
        Column("state"),
        Column("started_at"),
        Column("started_by"),
        Column("finished_at"),
    ),
    key=("path",),
    indexes=(("entity", "project"),),
)
EDGE = Table(
    "edge",
    (
        Column("run"),
        Column("kind"),
        Column("version"),
        Column("through"),
        Column("number", "integer"),
        Column("at"),
        Column("by"),
    ),
    key=("run", "kind", "version", "through"),
    indexes=(("version", "kind"), ("through",)),
    permanent=True,
)
TOMBSTONE = Table(
    "tombstone",
    (
        Column("version"),
        Column("artifact"),
        Column("number", "integer"),
        Column("deleted_at"),
        Column("deleted_by"),
    ),
    key=("version",),
    permanent=True,
)

TABLES = (RUN, EDGE, TOMBSTONE)
