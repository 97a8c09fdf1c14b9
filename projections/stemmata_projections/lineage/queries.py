"""The queries of the lineage graph, each beside the shape of the rows that it finds.

What happened at one moment, as a clock tells it, is in the order of the log.
"""

from __future__ import annotations

from typing import TypeAlias

from stemmata_projections.lineage.tables import EDGE, RUN, TOMBSTONE
from stemmata_projections.queries import (
    VALID_FROM,
    Compare,
    Field,
    Listed,
    Param,
    Query,
    Step,
    by,
    fields,
)
from stemmata_projections.tables import Value
from stemmata_projections.version_index.tables import (
    ALIAS,
    COLLECTION,
    MEMBER,
    REGISTRY,
    VERSION,
)

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

# --- many at once, for walks: everything that stands beside one of a list ------------------------

_AMONG = Param("among")

RUNS_BESIDE_VERSIONS: Query[tuple[str, str]] = Query(
    (Step("edge", EDGE, {"kind": Param("kind")}, (Compare("version", "in", _AMONG),)),),
    fields("edge", "version", "run"),
)
VERSIONS_BESIDE_RUNS: Query[tuple[str, str]] = Query(
    (Step("edge", EDGE, {"kind": Param("kind")}, (Compare("run", "in", _AMONG),)),),
    fields("edge", "run", "version"),
)

EdgeRow: TypeAlias = tuple[str, str, str, int, str, str]
_EDGE_FIELDS = fields("edge", "version", "run", "through", "number", "at", "by")
EDGES_OF_VERSIONS: Query[EdgeRow] = Query(RUNS_BESIDE_VERSIONS.steps, _EDGE_FIELDS)
EDGES_OF_RUNS: Query[EdgeRow] = Query(VERSIONS_BESIDE_RUNS.steps, _EDGE_FIELDS)

RunNodeRow: TypeAlias = tuple[*tuple[str, str, str, str], *tuple[str | None, str, str | None]]
RUNS_AMONG: Query[RunNodeRow] = Query(
    (Step("run", RUN, {}, (Compare("path", "in", _AMONG),)),),
    (
        *fields("run", "path", "started_at", "started_by", "name"),
        *fields("run", "job_type", "state", "finished_at"),
    ),
)
_VERSIONS_AMONG = (Step("version", VERSION, {}, (Compare("id", "in", _AMONG),)),)
_VERSION_FIELDS = fields("version", "id", "created_at", "created_by", "artifact", "number", "run")
VERSIONS_EVER: Query[tuple[*tuple[str, str, str, str], *tuple[int, str | None]]] = Query(
    _VERSIONS_AMONG, _VERSION_FIELDS
)
VersionNodeRow: TypeAlias = tuple[*tuple[str, str, str, str], *tuple[int, str | None, list[Value]]]
VERSIONS_AMONG: Query[VersionNodeRow] = Query(
    _VERSIONS_AMONG,
    (
        *_VERSION_FIELDS,
        Listed(
            ALIAS,
            "alias",
            {"collection": Field("version", "artifact"), "number": Field("version", "number")},
        ),
    ),
)
TOMBSTONES_AMONG: Query[tuple[str, str]] = Query(
    (Step("tombstone", TOMBSTONE, {}, (Compare("version", "in", _AMONG),)),),
    fields("tombstone", "version", "deleted_at"),
)
LinkRow: TypeAlias = tuple[str, str, str, int, str | None]
LINKS_AMONG: Query[LinkRow] = Query(
    (
        Step("member", MEMBER, {}, (Compare("version", "in", _AMONG),)),
        Step("line", COLLECTION, {"id": Field("member", "collection"), "kind": Param("kind")}),
        Step(
            "alias",
            ALIAS,
            {"collection": Field("line", "id"), "number": Field("member", "number")},
            optional=True,
        ),
    ),
    (
        *fields("member", "version", "linked_at", "collection", "number"),
        Field("alias", "alias"),
    ),
)
LineRow: TypeAlias = tuple[str, str, str, str, str | None]
LINES_AMONG: Query[LineRow] = Query(
    (
        Step("line", COLLECTION, {}, (Compare("id", "in", _AMONG),)),
        Step("registry", REGISTRY, {"id": Field("line", "registry")}, optional=True),
    ),
    (*fields("line", "id", "scope", "name", "type"), Field("registry", "name")),
)
