"""The tables of the lineage graph: runs, and the edges between runs and versions."""

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
    ),
    key=("run", "kind", "version", "through"),
    indexes=(("version", "kind"),),
)

TABLES = (RUN, EDGE)
