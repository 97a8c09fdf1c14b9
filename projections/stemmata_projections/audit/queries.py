"""The queries of the audit trail, each beside the shape of the rows that it finds.

Rows of the trail never end, so that they are asked as they are now; a moment is a bound on positions.
What things were called, and what they had, is asked of all time.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from stemmata_projections.audit.tables import CONCERN, ENTRY
from stemmata_projections.lineage.tables import RUN
from stemmata_projections.queries import (
    VALID_FROM,
    VALID_TO,
    Aggregate,
    Compare,
    Field,
    Operand,
    Param,
    Query,
    Step,
    by,
    fields,
)
from stemmata_projections.tables import Row, Table, Value
from stemmata_projections.version_index.tables import (
    AFFILIATION,
    ALIAS,
    COLLECTION,
    ENTITY,
    MEMBER,
    ORGANIZATION,
    REGISTRY,
    VERSION,
)

LAST_BY: Query[tuple[int]] = Query(
    (Step("entry", ENTRY, {}, compare=(Compare("at", "<=", Param("moment")),)),),
    fields("entry", "position"),
    order=((Field("entry", "at"), True), (Field("entry", "position"), True)),
    limit=Param("most"),
)

# --- places in the log, after one position and before another --------------------------------

_BETWEEN = (Compare("position", ">", Param("after")), Compare("position", "<", Param("before")))
_TIMED = (Compare("at", ">=", Param("since")), Compare("at", "<", Param("until")))

EntryRow: TypeAlias = tuple[int, str, str, str]
_ENTRY_FIELDS = fields("entry", "position", "at", "actor", "topic")

ENTRIES_IN_TIME: Query[EntryRow] = Query(
    (Step("entry", ENTRY, {}, compare=_TIMED),),
    _ENTRY_FIELDS,
    order=by(*fields("entry", "at", "position")),
    limit=Param("most"),
)
ENDS_OF_TIME: Query[tuple[int | None, int | None]] = Query(
    (Step("entry", ENTRY, {}, compare=_TIMED),),
    (Aggregate("min", Field("entry", "position")), Aggregate("max", Field("entry", "position"))),
)
ENTRIES_AT: Query[EntryRow] = Query(
    (Step("entry", ENTRY, {}, compare=(Compare("position", "in", Param("positions")),)),),
    _ENTRY_FIELDS,
)


@cache
def entries(
    *, by_actor: bool, by_topic: bool, timed: bool, newest_first: bool
) -> Query[tuple[int]]:
    """Return the query of entries by one actor, of one topic and within a time, or of any."""
    where: dict[str, Operand] = {}
    if by_actor:
        where["actor"] = Param("actor")
    if by_topic:
        where["topic"] = Param("topic")
    return Query(
        (Step("entry", ENTRY, where, compare=(*_BETWEEN, *(_TIMED if timed else ()))),),
        fields("entry", "position"),
        order=((Field("entry", "position"), newest_first),),
        limit=Param("most"),
    )


@cache
def concerning(
    *, by_actor: bool, by_topic: bool, timed: bool, newest_first: bool
) -> Query[tuple[int, int]]:
    """Return the query of what concerns any of some things, with how many of them."""
    compare = (
        *((Compare("topic", "in", Param("topics")),) if by_topic else ()),
        *(_TIMED if timed else ()),
    )
    where: dict[str, Operand] = {"position": Field("concern", "position")}
    if by_actor:
        where["actor"] = Param("actor")
    is_plain = not (by_actor or compare)
    of_things = (Compare("thing", "in", Param("things")), *_BETWEEN)
    return Query(
        (
            Step("concern", CONCERN, {}, compare=of_things),
            *(() if is_plain else (Step("entry", ENTRY, where, compare=compare),)),
        ),
        (Field("concern", "position"), Aggregate("count", Field("concern", "thing"))),
        order=((Field("concern", "position"), newest_first),),
        limit=Param("most"),
    )


# --- what things there ever were ---------------------------------------------------------------

IdRow: TypeAlias = tuple[str]
LineRow: TypeAlias = tuple[str, str, str, str, str | None]
LINES: Query[LineRow] = Query(
    (
        Step("line", COLLECTION, {}, compare=(Compare("id", "in", Param("lines")),)),
        Step("registry", REGISTRY, {"id": Field("line", "registry")}, optional=True),
    ),
    (*fields("line", "id", "kind", "scope", "name"), Field("registry", "name")),
)
LINES_NAMED: Query[tuple[str, str, int, int]] = Query(
    (Step("line", COLLECTION, {"scope": Param("scope"), "name": Param("name")}),),
    (*fields("line", "id", "kind"), Field("line", VALID_FROM), Field("line", VALID_TO)),
    order=by(Field("line", VALID_FROM)),
)
LINES_OF_REGISTRY: Query[tuple[str]] = Query(
    (Step("line", COLLECTION, {"scope": Param("registry")}),), fields("line", "id")
)
LINES_OF_ENTITY: Query[tuple[str]] = Query(
    (
        Step(
            "line",
            COLLECTION,
            {},
            compare=(Compare("scope", ">=", Param("first")), Compare("scope", "<", Param("last"))),
        ),
    ),
    fields("line", "id"),
)
LINES_OF_ORGANIZATION: Query[tuple[str, str | None]] = Query(
    (
        Step("registry", REGISTRY, {"organization": Param("organization")}),
        Step("line", COLLECTION, {"scope": Field("registry", "id")}, optional=True),
    ),
    (Field("registry", "id"), Field("line", "id")),
)
ENTITIES_OF: Query[tuple[str]] = Query(
    (Step("entity", ENTITY, {"holder": Param("organization")}),), fields("entity", "name")
)
PEOPLE_OF: Query[tuple[str]] = Query(
    (Step("person", AFFILIATION, {"organization": Param("organization")}),),
    fields("person", "person"),
)
REGISTRIES: Query[tuple[str, str]] = Query(
    (Step("registry", REGISTRY, {}, compare=(Compare("id", "in", Param("registries")),)),),
    fields("registry", "id", "name"),
)
ORGANIZATION_NAMES: Query[tuple[str, str]] = Query(
    (Step("organization", ORGANIZATION, {}),), fields("organization", "id", "name")
)

# --- the versions of lines, and their aliases, over all time -----------------------------------

MemberRow: TypeAlias = tuple[str, int, str, int, int]
_MEMBER_FIELDS = (
    *fields("member", "collection", "number", "version"),
    Field("member", VALID_FROM),
    Field("member", VALID_TO),
)
MEMBER_NUMBERED: Query[MemberRow] = Query(
    (Step("member", MEMBER, {"collection": Param("line"), "number": Param("number")}),),
    _MEMBER_FIELDS,
)
MEMBERS_OF: Query[MemberRow] = Query(
    (Step("member", MEMBER, {"collection": Param("line")}),),
    _MEMBER_FIELDS,
    order=by(Field("member", "number")),
)
MEMBERSHIPS: Query[tuple[str, int]] = Query(
    (Step("member", MEMBER, {"version": Param("version")}),),
    fields("member", "collection", "number"),
)
AliasRow: TypeAlias = tuple[str, int, int, int]
_ALIAS_FIELDS = (
    *fields("alias", "alias", "number"),
    Field("alias", VALID_FROM),
    Field("alias", VALID_TO),
)
ALIAS_OVER_TIME: Query[AliasRow] = Query(
    (Step("alias", ALIAS, {"collection": Param("line"), "alias": Param("alias")}),),
    _ALIAS_FIELDS,
    order=by(Field("alias", VALID_FROM)),
)
ALIASES_OVER_TIME: Query[AliasRow] = Query(
    (Step("alias", ALIAS, {"collection": Param("line")}),),
    _ALIAS_FIELDS,
    order=by(Field("alias", "alias"), Field("alias", VALID_FROM)),
)

# --- what something was before it changed -------------------------------------------------------

DESCRIBED: Query[tuple[str | None, dict[str, Value]]] = Query(
    (Step("version", VERSION, {"id": Param("version")}),),
    fields("version", "description", "metadata"),
)
STATE_OF_RUN: Query[tuple[str]] = Query(
    (Step("run", RUN, {"path": Param("path")}),), fields("run", "state")
)


@cache
def rows_with(table: Table, columns: tuple[str, ...]) -> Query[Row]:
    """Return the query of whole rows of a table by the values of some columns."""
    where: dict[str, Operand] = {column: Param(column) for column in columns}
    return Query(
        (Step("row", table, where),), fields("row", *(column.name for column in table.columns))
    )
