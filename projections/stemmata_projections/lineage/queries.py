"""The queries of the lineage graph, each beside the shape of the rows that it finds.

What happened at one moment, as a clock tells it, is in the order of the log.
"""

from __future__ import annotations

from typing import TypeAlias

from stemmata_projections.lineage.tables import EDGE, RUN
from stemmata_projections.queries import VALID_FROM, Field, Param, Query, Step, by, fields
from stemmata_projections.tables import Value
from stemmata_projections.version_index.tables import COLLECTION, VERSION

RunRow: TypeAlias = tuple[
    *tuple[str, str, str, str, str],
    *tuple[str | None, dict[str, Value], str],
    *tuple[str, str, str | None],
]
_RUN_FIELDS = (
    *fields("run", "path", "entity", "project", "id", "name"),
    *fields("run", "job_type", "config", "state"),
    *fields("run", "started_at", "started_by", "finished_at"),
)
RUN_AT: Query[RunRow] = Query((Step("run", RUN, {"path": Param("path")}),), _RUN_FIELDS)
RUNS_OF_VERSION: Query[tuple[str, int, str, *RunRow]] = Query(
    (
        Step("edge", EDGE, {"version": Param("version"), "kind": Param("kind")}),
        Step("run", RUN, {"path": Field("edge", "run")}),
    ),
    (*fields("edge", "through", "number", "at"), *_RUN_FIELDS),
    order=by(Field("edge", "at"), Field("edge", VALID_FROM)),
)
VERSIONS_OF_RUN: Query[tuple[str, str, int, str, str, str, str, int]] = Query(
    (
        Step("edge", EDGE, {"run": Param("run"), "kind": Param("kind")}),
        Step("version", VERSION, {"id": Field("edge", "version")}),
        Step("source", COLLECTION, {"id": Field("version", "artifact")}),
    ),
    (
        *fields("edge", "version", "through", "number", "at"),
        *fields("source", "scope", "name", "type"),
        Field("version", "number"),
    ),
    order=by(Field("edge", "at"), Field("edge", VALID_FROM)),
)
