"""The queries of the version index, each beside the shape of the rows that it finds.

A line is an artifact or a collection. One version of it is found together with it, by its name or id;
for all that it holds it is found first, and then asked by its id.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from stemmata_projections.queries import (
    VALID_FROM,
    Field,
    Listed,
    Operand,
    Param,
    Query,
    Selected,
    Step,
    by,
    fields,
)
from stemmata_projections.tables import Value
from stemmata_projections.version_index.tables import (
    ACCEPTED_TYPE,
    AFFILIATION,
    ALIAS,
    COLLECTION,
    COLLECTION_TAG,
    ENTITY,
    MEMBER,
    ORGANIZATION,
    REGISTRY,
    TAG,
    TEAM_MEMBER,
    VERSION,
)

Text: TypeAlias = tuple[str]

# --- lines: in a registry seen from a team or organization, in a registry, in a project, by id --

LineRow: TypeAlias = tuple[str, str, str, str, str, str | None, str | None, str | None, str, str]
_LINE_IN_PLACE = (
    *fields("line", "id", "kind", "scope", "name", "type"),
    Field("registry", "name"),
    Field("organization", "entity"),
)
_LINE_FIELDS = (*_LINE_IN_PLACE, *fields("line", "description", "created_at", "created_by"))
_PLACE_OF_LINE = (
    Step("registry", REGISTRY, {"id": Field("line", "registry")}, optional=True),
    Step("organization", ORGANIZATION, {"id": Field("registry", "organization")}, optional=True),
)
_NAMED_REGISTRY: dict[str, Operand] = {
    "organization": Field("organization", "id"),
    "name": Param("registry"),
}

LINE_SEEN_FROM_ENTITY: Query[LineRow] = Query(
    (
        Step("entity", ENTITY, {"name": Param("entity")}),
        Step("organization", ORGANIZATION, {"id": Field("entity", "holder")}),
        Step("registry", REGISTRY, _NAMED_REGISTRY),
        Step("line", COLLECTION, {"scope": Field("registry", "id"), "name": Param("name")}),
    ),
    _LINE_FIELDS,
)
LINE_IN_SCOPE: Query[LineRow] = Query(
    (
        Step("line", COLLECTION, {"scope": Param("scope"), "name": Param("name")}),
        *_PLACE_OF_LINE,
    ),
    _LINE_FIELDS,
)
LINE_BY_ID: Query[LineRow] = Query(
    (Step("line", COLLECTION, {"id": Param("line")}), *_PLACE_OF_LINE), _LINE_FIELDS
)
LINES_IN_SCOPE: Query[LineRow] = Query(
    (Step("line", COLLECTION, {"scope": Param("scope")}), *_PLACE_OF_LINE),
    _LINE_FIELDS,
    order=by(Field("line", "name")),
)
ARTIFACTS: Query[LineRow] = Query(
    (Step("line", COLLECTION, {"kind": Param("kind")}), *_PLACE_OF_LINE),
    _LINE_FIELDS,
    order=by(Field("line", "scope"), Field("line", "name")),
)
TAGS_OF_COLLECTION: Query[Text] = Query(
    (Step("tag", COLLECTION_TAG, {"collection": Param("line")}),),
    fields("tag", "tag"),
    order=by(Field("tag", "tag")),
)
TAGS_IN_SCOPE: Query[tuple[str, str]] = Query(
    (
        Step("line", COLLECTION, {"scope": Param("scope")}),
        Step("tag", COLLECTION_TAG, {"collection": Field("line", "id")}),
    ),
    fields("tag", "collection", "tag"),
    order=by(Field("line", "name"), Field("tag", "tag")),
)

# --- the versions of a line --------------------------------------------------------------------

VersionRow: TypeAlias = tuple[
    *tuple[int, str, str],
    *tuple[str, str, int, str, str, str, int, int],
    *tuple[str | None, str, str, str | None],
    *tuple[str, str],
    dict[str, Value],
]
_VERSION_FIELDS = (
    *fields("member", "number", "linked_at", "linked_by"),
    *fields("version", "id", "artifact", "number", "digest", "algorithm", "manifest", "size"),
    *fields("version", "file_count", "description", "created_at", "created_by", "run"),
    *fields("source", "scope", "name"),
    Field("version", "metadata"),
)
_ALIASES_OF_MEMBER: dict[str, Operand] = {
    "collection": Field("member", "collection"),
    "number": Field("member", "number"),
}
_NAMES = (
    Listed(ALIAS, "alias", _ALIASES_OF_MEMBER),
    Listed(TAG, "tag", {"version": Field("member", "version")}),
)
_OF_MEMBER = (
    Step("version", VERSION, {"id": Field("member", "version")}),
    Step("source", COLLECTION, {"id": Field("version", "artifact")}),
)

VERSION_BY_NUMBER: Query[VersionRow] = Query(
    (
        Step("member", MEMBER, {"collection": Param("line"), "number": Param("number")}),
        *_OF_MEMBER,
    ),
    _VERSION_FIELDS,
)
VERSIONS_OF: Query[VersionRow] = Query(
    (Step("member", MEMBER, {"collection": Param("line")}), *_OF_MEMBER),
    _VERSION_FIELDS,
    order=by(Field("member", "number")),
)
ALIASES_OF_LINE: Query[tuple[int, str]] = Query(
    (Step("alias", ALIAS, {"collection": Param("line")}),),
    fields("alias", "number", "alias"),
    order=by(*fields("alias", "number", "alias")),
)
TAGS_OF_LINE: Query[tuple[int, str]] = Query(
    (
        Step("member", MEMBER, {"collection": Param("line")}),
        Step("tag", TAG, {"version": Field("member", "version")}),
    ),
    (Field("member", "number"), Field("tag", "tag")),
    order=by(Field("member", "number"), Field("tag", "tag")),
)
NAMES_OF_MEMBER: Query[tuple[list[Value], list[Value]]] = Query(
    (Step("member", MEMBER, {"collection": Param("line"), "number": Param("number")}),), _NAMES
)

# --- one version, with its line, its aliases and its tags ----------------------------------------

LineInPlace: TypeAlias = tuple[str, str, str, str, str, str | None, str | None]
NamedRow: TypeAlias = tuple[
    *VersionRow, str, str, str, str, str, str | None, str | None, list[Value], list[Value]
]


def _by_alias(line: Query[LineRow]) -> Query[NamedRow]:
    alias = Step("alias", ALIAS, {"collection": Field("line", "id"), "alias": Param("alias")})
    number = Field("alias", "number")
    member = Step("member", MEMBER, {"collection": Field("line", "id"), "number": number})
    return _named(line, alias, member)


def _by_number(line: Query[LineRow]) -> Query[NamedRow]:
    number = Param("number")
    member = Step("member", MEMBER, {"collection": Field("line", "id"), "number": number})
    return _named(line, member)


def _named(line: Query[LineRow], *member: Step) -> Query[NamedRow]:
    steps = (*line.steps, *member, *_OF_MEMBER)
    return Query(steps, (*_VERSION_FIELDS, *_LINE_IN_PLACE, *_NAMES))


class Place(NamedTuple):
    """Where a line is looked for, and with it one of its versions."""

    line: Query[LineRow]
    alias: Query[NamedRow]
    number: Query[NamedRow]


def _place(line: Query[LineRow]) -> Place:
    return Place(line, _by_alias(line), _by_number(line))


SEEN_FROM_ENTITY = _place(LINE_SEEN_FROM_ENTITY)
IN_SCOPE = _place(LINE_IN_SCOPE)
BY_ID = _place(LINE_BY_ID)

LinkRow: TypeAlias = tuple[str, str, str, str | None, str | None, int, str, str]
LINKS_OF_VERSION: Query[LinkRow] = Query(
    (
        Step("member", MEMBER, {"version": Param("version")}),
        Step("line", COLLECTION, {"id": Field("member", "collection"), "kind": Param("kind")}),
        *_PLACE_OF_LINE,
    ),
    (
        *fields("line", "id", "scope", "name"),
        Field("registry", "name"),
        Field("organization", "entity"),
        *fields("member", "number", "linked_at", "linked_by"),
    ),
    order=by(Field("member", "linked_at"), Field("member", VALID_FROM)),
)

# --- registries --------------------------------------------------------------------------------

RegistryRow: TypeAlias = tuple[
    *tuple[str, str, str, bool], *tuple[str | None, bool, str, str], *tuple[str, str, list[Value]]
]
_REGISTRY_FIELDS: tuple[Selected, ...] = (
    *fields("registry", "id", "name", "visibility", "accepts_all", "description", "core"),
    *fields("registry", "created_at", "created_by"),
    *fields("organization", "name", "entity"),
    Listed(ACCEPTED_TYPE, "type", {"registry": Field("registry", "id")}),
)
_ORGANIZATION = Step("organization", ORGANIZATION, {"id": Param("organization")})

REGISTRIES_OF: Query[RegistryRow] = Query(
    (
        _ORGANIZATION,
        Step("registry", REGISTRY, {"organization": Field("organization", "id")}),
    ),
    _REGISTRY_FIELDS,
    order=by(Field("registry", "name")),
)
REGISTRY_NAMED: Query[RegistryRow] = Query(
    (_ORGANIZATION, Step("registry", REGISTRY, _NAMED_REGISTRY)), _REGISTRY_FIELDS
)

# --- who is who --------------------------------------------------------------------------------

OrganizationRow: TypeAlias = tuple[str, str, str]
_ORGANIZATION_FIELDS = fields("organization", "id", "name", "entity")

ORGANIZATIONS: Query[OrganizationRow] = Query(
    (Step("organization", ORGANIZATION, {}),),
    _ORGANIZATION_FIELDS,
    order=by(Field("organization", "name")),
)
ORGANIZATION_BY_ID: Query[OrganizationRow] = Query((_ORGANIZATION,), _ORGANIZATION_FIELDS)
ORGANIZATION_BY_NAME: Query[OrganizationRow] = Query(
    (Step("organization", ORGANIZATION, {"name": Param("name")}),), _ORGANIZATION_FIELDS
)
ORGANIZATION_BY_ENTITY: Query[OrganizationRow] = Query(
    (Step("organization", ORGANIZATION, {"entity": Param("name")}),), _ORGANIZATION_FIELDS
)
ENTITY_NAMED: Query[tuple[str, str]] = Query(
    (Step("entity", ENTITY, {"name": Param("entity")}),), fields("entity", "kind", "holder")
)
ENTITIES_HELD_BY: Query[Text] = Query(
    (Step("entity", ENTITY, {"holder": Param("organization"), "kind": Param("kind")}),),
    fields("entity", "name"),
    order=by(Field("entity", "name")),
)
ORGANIZATIONS_OF_PERSON: Query[OrganizationRow] = Query(
    (
        Step("affiliation", AFFILIATION, {"person": Param("person")}),
        Step("organization", ORGANIZATION, {"id": Field("affiliation", "organization")}),
    ),
    _ORGANIZATION_FIELDS,
    order=by(Field("organization", "name")),
)
ORGANIZATIONS_ADMINISTERED_BY: Query[Text] = Query(
    (Step("affiliation", AFFILIATION, {"person": Param("person"), "admin": Param("admin")}),),
    fields("affiliation", "organization"),
)
PEOPLE_OF: Query[Text] = Query(
    (Step("affiliation", AFFILIATION, {"organization": Param("organization")}),),
    fields("affiliation", "person"),
    order=by(Field("affiliation", "person")),
)
TEAMS_OF_PERSON: Query[Text] = Query(
    (Step("member", TEAM_MEMBER, {"person": Param("person")}),),
    fields("member", "team"),
    order=by(Field("member", "team")),
)
