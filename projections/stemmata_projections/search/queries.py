"""The queries of searches, each beside the shape of the rows that it finds.

Lines and versions are read a stretch at a time: lines in the order of their names, versions in that of
their numbers, which are almost dense. A stretch of numbers is found at the same cost now and as of any
position, where a bounded number of rows would have to be sorted first.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from stemmata_projections.audit.tables import CONCERN, ENTRY
from stemmata_projections.queries import Aggregate, Compare, Field, Param, Query, Step, by, fields
from stemmata_projections.search.tables import TERM
from stemmata_projections.version_index.queries import LINE_BY_ID, VERSIONS_OF, LineRow, VersionRow
from stemmata_projections.version_index.tables import (
    ALIAS,
    COLLECTION,
    COLLECTION_TAG,
    MEMBER,
    TAG,
)

Texts: TypeAlias = tuple[str, str]
Member: TypeAlias = tuple[str, int]

# --- lines: artifacts and collections ----------------------------------------------------------

_NAMES = (Compare("name", ">", Param("after")), Compare("name", "<=", Param("upto")))
_LINE: Final = Step("line", COLLECTION, {"scope": Param("scope")}, compare=_NAMES)
_LINE_AND_PLACE = LINE_BY_ID.steps[1:]

LINES_AFTER: Query[LineRow] = Query(
    (
        Step("line", COLLECTION, {"scope": Param("scope")}, compare=_NAMES[:1]),
        *_LINE_AND_PLACE,
    ),
    LINE_BY_ID.fields,
    order=by(Field("line", "name")),
    limit=Param("most"),
)
TAGS_OF_LINES: Query[Texts] = Query(
    (_LINE, Step("tag", COLLECTION_TAG, {"collection": Field("line", "id")})),
    fields("tag", "collection", "tag"),
    order=by(Field("line", "name"), Field("tag", "tag")),
)
ALIASES_OF_LINES: Query[Texts] = Query(
    (_LINE, Step("alias", ALIAS, {"collection": Field("line", "id")})),
    fields("alias", "collection", "alias"),
    order=by(Field("line", "name"), Field("alias", "alias")),
)
LINES_TAGGED: Query[tuple[str]] = Query(
    (Step("tag", COLLECTION_TAG, {"tag": Param("value")}),), fields("tag", "collection")
)
SCOPES_BETWEEN: Query[tuple[str, int]] = Query(
    (
        Step(
            "line",
            COLLECTION,
            {},
            compare=(
                Compare("scope", ">=", Param("first")),
                Compare("scope", "<", Param("end")),
            ),
        ),
    ),
    (Field("line", "scope"), Aggregate("count", Field("line", "id"))),
    order=by(Field("line", "scope")),
)

# --- versions ----------------------------------------------------------------------------------

_NUMBERS = (Compare("number", ">", Param("after")), Compare("number", "<=", Param("upto")))
_MEMBER: Final = Step("member", MEMBER, {"collection": Param("line")}, compare=_NUMBERS)

VERSIONS_BETWEEN: Query[VersionRow] = Query(
    (_MEMBER, *VERSIONS_OF.steps[1:]), VERSIONS_OF.fields, order=by(Field("member", "number"))
)
NEXT_NUMBER: Query[tuple[int | None]] = Query(
    (Step("member", MEMBER, {"collection": Param("line")}, compare=_NUMBERS[:1]),),
    (Aggregate("min", Field("member", "number")),),
)
ALIASES_BETWEEN: Query[tuple[int, str]] = Query(
    (Step("alias", ALIAS, {"collection": Param("line")}, compare=_NUMBERS),),
    fields("alias", "number", "alias"),
    order=by(*fields("alias", "number", "alias")),
)
TAGS_BETWEEN: Query[tuple[int, str]] = Query(
    (_MEMBER, Step("tag", TAG, {"version": Field("member", "version")})),
    (Field("member", "number"), Field("tag", "tag")),
    order=by(Field("member", "number"), Field("tag", "tag")),
)
MEMBERS_ALIASED: Query[Member] = Query(
    (Step("alias", ALIAS, {"alias": Param("value")}),), fields("alias", "collection", "number")
)
MEMBERS_TAGGED: Query[Member] = Query(
    (
        Step("tag", TAG, {"tag": Param("value")}),
        Step("member", MEMBER, {"version": Field("tag", "version")}),
    ),
    fields("member", "collection", "number"),
)
MEMBERS_OF_VERSION: Query[Member] = Query(
    (Step("member", MEMBER, {"version": Param("value")}),),
    fields("member", "collection", "number"),
)

# --- when things were changed ------------------------------------------------------------------

_TOPICS = (Compare("topic", "in", Param("topics")),)
_ENTRY: Final = Step("entry", ENTRY, {"position": Field("concern", "position")}, compare=_TOPICS)
_LAST: Final = Aggregate("max", Field("entry", "at"))

LAST_CHANGE: Query[tuple[str | None]] = Query(
    (Step("concern", CONCERN, {"thing": Param("thing")}), _ENTRY), (_LAST,)
)
LAST_CHANGES_OF_LINES: Query[Texts] = Query(
    (
        Step("line", COLLECTION, {"scope": Param("scope"), "kind": Param("kind")}, compare=_NAMES),
        Step("concern", CONCERN, {"thing": Field("line", "id")}),
        _ENTRY,
    ),
    (Field("concern", "thing"), _LAST),
)
LAST_CHANGES_OF_VERSIONS: Query[Texts] = Query(
    (_MEMBER, Step("concern", CONCERN, {"thing": Field("member", "version")}), _ENTRY),
    (Field("concern", "thing"), _LAST),
)

# --- words -------------------------------------------------------------------------------------

TermRow: TypeAlias = tuple[str, str, str, str]
_TERM_FIELDS = fields("term", "thing", "kind", "field", "term")
_BEGINNING = (Compare("term", ">=", Param("first")), Compare("term", "<", Param("end")))

THINGS_WITH_TERM: Query[TermRow] = Query(
    (Step("term", TERM, {"term": Param("term")}),), _TERM_FIELDS
)
THINGS_WITH_HEAD: Query[TermRow] = Query(
    (Step("term", TERM, {"head": Param("head")}, compare=_BEGINNING),), _TERM_FIELDS
)
THINGS_WITH_BEGINNING: Query[TermRow] = Query(
    (Step("term", TERM, {}, compare=_BEGINNING),), _TERM_FIELDS
)
