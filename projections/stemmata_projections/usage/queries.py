"""The queries of usage, each beside the shape of the rows that it finds.

A use is an edge `used` of the lineage: one for each run, version and name by which the run addressed it.
Edges never end, so what is asked with `ever` finds each of them once.
"""

from __future__ import annotations

from typing import TypeAlias

from stemmata_projections.lineage.tables import EDGE
from stemmata_projections.queries import (
    Aggregate,
    Field,
    Operand,
    Param,
    Query,
    Step,
    by,
    fields,
)
from stemmata_projections.version_index.tables import (
    ALIAS,
    COLLECTION,
    MEMBER,
    ORGANIZATION,
    REGISTRY,
    VERSION,
)

FigureRow: TypeAlias = tuple[int, int, int, str | None, str | None]
_FIGURES = (
    Aggregate("count", Field("edge", "run")),
    Aggregate("distinct", Field("edge", "run")),
    Aggregate("distinct", Field("edge", "by")),
    Aggregate("min", Field("edge", "at")),
    Aggregate("max", Field("edge", "at")),
)


def _edge(*, optional: bool = False, **where: Operand) -> Step:
    return Step("edge", EDGE, {**where, "kind": Param("kind")}, optional=optional)


_OF_MEMBER = _edge(version=Field("member", "version"))
_THROUGH_LINE = _edge(through=Field("line", "id"))
_MEMBERS = Step("member", MEMBER, {"collection": Param("line")})
_IN_SCOPE = Step("line", COLLECTION, {"scope": Param("scope")})
_MEMBERS_OF_LINE = Step("member", MEMBER, {"collection": Field("line", "id")})

# --- of a version ------------------------------------------------------------------------------

USE_OF_VERSION: Query[FigureRow] = Query((_edge(version=Param("version")),), _FIGURES)
USE_OF_VERSION_THROUGH: Query[FigureRow] = Query(
    (_edge(version=Param("version"), through=Param("line")),), _FIGURES
)
USERS_OF_VERSION: Query[tuple[str, str, int, *FigureRow]] = Query(
    (_edge(version=Param("version")),), (*fields("edge", "by", "through", "number"), *_FIGURES)
)

# --- of an artifact or a collection ------------------------------------------------------------

USE_OF_LINE: Query[FigureRow] = Query((_MEMBERS, _OF_MEMBER), _FIGURES)
USE_THROUGH_LINE: Query[FigureRow] = Query((_edge(through=Param("line")),), _FIGURES)
USERS_OF_LINE: Query[tuple[str, str, *FigureRow]] = Query(
    (_MEMBERS, _OF_MEMBER), (*fields("edge", "by", "through"), *_FIGURES)
)
USERS_THROUGH_LINE: Query[tuple[str, str, *FigureRow]] = Query(
    (_edge(through=Param("line")),), (*fields("edge", "by", "through"), *_FIGURES)
)
VERSIONS_OF_LINE: Query[tuple[int, *FigureRow]] = Query(
    (_MEMBERS, _edge(version=Field("member", "version"), optional=True)),
    (Field("member", "number"), *_FIGURES),
    order=by(Field("member", "number")),
)
VERSIONS_THROUGH_LINE: Query[tuple[int, *FigureRow]] = Query(
    (_edge(through=Param("line")),), (Field("edge", "number"), *_FIGURES)
)

# --- of a registry or a project: all that is asked here of names, is asked with `ever` ----------

USE_OF_SCOPE: Query[FigureRow] = Query((_IN_SCOPE, _MEMBERS_OF_LINE, _OF_MEMBER), _FIGURES)
VERSIONS_IN_SCOPE: Query[tuple[int, int]] = Query(
    (_IN_SCOPE, _MEMBERS_OF_LINE),
    (
        Aggregate("count", Field("member", "version")),
        Aggregate("distinct", Field("member", "version")),
    ),
)
USES_IN_SCOPE: Query[tuple[str, str, int]] = Query(
    (_IN_SCOPE, _MEMBERS_OF_LINE, _OF_MEMBER),
    (
        *fields("edge", "version", "through"),
        Aggregate("distinct", Field("edge", "run")),
    ),
)
USERS_THROUGH_SCOPE: Query[tuple[str, str, *FigureRow]] = Query(
    (_IN_SCOPE, _THROUGH_LINE), (*fields("edge", "by", "through"), *_FIGURES)
)
# Runs, and nothing else: an index of the edges has them.
RUNS_THROUGH_SCOPE: Query[tuple[int]] = Query(
    (_IN_SCOPE, _THROUGH_LINE), (Aggregate("distinct", Field("edge", "run")),)
)
RUNS_THROUGH_LINES: Query[tuple[str, int]] = Query(
    (_IN_SCOPE, _THROUGH_LINE),
    (Field("line", "id"), Aggregate("distinct", Field("edge", "run"))),
)
LINES_OF_SCOPE: Query[tuple[str, *FigureRow]] = Query(
    (_IN_SCOPE, _MEMBERS_OF_LINE, _OF_MEMBER), (Field("line", "id"), *_FIGURES)
)

# --- the names of lines, with `ever` also of those that are gone --------------------------------

PlaceRow: TypeAlias = tuple[str, str, str, str | None, str | None]
_PLACE = (
    Step("registry", REGISTRY, {"id": Field("line", "registry")}, optional=True),
    Step("organization", ORGANIZATION, {"id": Field("registry", "organization")}, optional=True),
)
_PLACE_FIELDS = (
    *fields("line", "id", "scope", "name"),
    Field("registry", "name"),
    Field("organization", "entity"),
)
PLACE_OF_LINE: Query[PlaceRow] = Query(
    (Step("line", COLLECTION, {"id": Param("line")}), *_PLACE), _PLACE_FIELDS
)
PLACES_IN_SCOPE: Query[PlaceRow] = Query(
    (_IN_SCOPE, *_PLACE), _PLACE_FIELDS, order=by(*fields("line", "name", "id"))
)

# --- what nobody uses --------------------------------------------------------------------------

UnusedRow: TypeAlias = tuple[
    *PlaceRow, str, *tuple[int, str, int, int, str, str], *tuple[str | None]
]
_UNUSED = (
    Step("version", VERSION, {"id": Field("member", "version")}),
    Step("edge", EDGE, {"version": Field("member", "version"), "kind": Param("kind")}, absent=True),
    *_PLACE,
    Step(
        "alias",
        ALIAS,
        {"collection": Field("line", "id"), "number": Field("member", "number")},
        optional=True,
    ),
)
_UNUSED_FIELDS = (
    *_PLACE_FIELDS,
    Field("line", "type"),
    Field("member", "number"),
    *fields("version", "id", "size", "file_count", "created_at", "created_by"),
    Field("alias", "alias"),
)
_BY_NAME = by(*fields("line", "scope", "name"), Field("member", "number"), Field("alias", "alias"))

UNUSED_IN_LINE: Query[UnusedRow] = Query(
    (Step("line", COLLECTION, {"id": Param("line")}), _MEMBERS_OF_LINE, *_UNUSED),
    _UNUSED_FIELDS,
    order=_BY_NAME,
)
UNUSED_IN_SCOPE: Query[UnusedRow] = Query(
    (_IN_SCOPE, _MEMBERS_OF_LINE, *_UNUSED), _UNUSED_FIELDS, order=_BY_NAME
)
UNUSED_ANYWHERE: Query[UnusedRow] = Query(
    (Step("line", COLLECTION, {"kind": Param("line_kind")}), _MEMBERS_OF_LINE, *_UNUSED),
    _UNUSED_FIELDS,
    order=_BY_NAME,
)
