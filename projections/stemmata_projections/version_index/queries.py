"""The queries of the version index."""

from __future__ import annotations

from stemmata_projections.queries import Field, Param, Query, Step, fields
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

# Where a line of versions is found: in a registry seen from a team or organization, in a registry of a
# known organization, in a project, or by its id.
_REGISTRY_OF_ENTITY = (
    Step("entity", ENTITY, {"name": Param("entity")}),
    Step("organization", ORGANIZATION, {"id": Field("entity", "holder")}),
    Step(
        "registry",
        REGISTRY,
        {"organization": Field("organization", "id"), "name": Param("registry")},
    ),
    Step("line", COLLECTION, {"scope": Field("registry", "id"), "name": Param("name")}),
)
_REGISTRY_OF_ORGANIZATION = (
    Step("organization", ORGANIZATION, {"id": Param("organization")}),
    *_REGISTRY_OF_ENTITY[2:],
)
_PLACE_OF_LINE = (
    Step("registry", REGISTRY, {"id": Field("line", "registry")}, optional=True),
    Step(
        "organization",
        ORGANIZATION,
        {"id": Field("registry", "organization")},
        optional=True,
    ),
)
_IN_PROJECT = (
    Step("line", COLLECTION, {"scope": Param("scope"), "name": Param("name")}),
    *_PLACE_OF_LINE,
)
_BY_ID = (Step("line", COLLECTION, {"id": Param("line")}), *_PLACE_OF_LINE)

_MEMBER_BY_ALIAS = (
    Step("alias", ALIAS, {"collection": Field("line", "id"), "alias": Param("alias")}),
    Step(
        "member",
        MEMBER,
        {"collection": Field("line", "id"), "number": Field("alias", "number")},
    ),
)
_MEMBER_BY_NUMBER = (
    Step("member", MEMBER, {"collection": Field("line", "id"), "number": Param("number")}),
)
_EVERY_MEMBER = (Step("member", MEMBER, {"collection": Field("line", "id")}),)

_OF_MEMBER = (
    Step("version", VERSION, {"id": Field("member", "version")}),
    Step("source", COLLECTION, {"id": Field("version", "artifact")}),
)

_LINE_FIELDS = (
    *fields("line", "id", "kind", "scope", "name", "type"),
    *fields("registry", "name"),
    *fields("organization", "entity", "name"),
)
_VERSION_FIELDS = (
    *_LINE_FIELDS,
    *fields("member", "number", "linked_at", "linked_by"),
    *fields(
        "version",
        "id",
        "artifact",
        "number",
        "digest",
        "algorithm",
        "manifest",
        "size",
        "file_count",
        "description",
        "metadata",
        "created_at",
        "created_by",
        "run",
    ),
    *fields("source", "scope", "name"),
)


def _version(line: tuple[Step, ...], member: tuple[Step, ...]) -> Query:
    return Query((*line, *member, *_OF_MEMBER), _VERSION_FIELDS)


class VersionQueries:
    """The queries for one version, by where its line is and how it is named in it."""

    def __init__(self, line: tuple[Step, ...]) -> None:
        self.by_alias = _version(line, _MEMBER_BY_ALIAS)
        self.by_number = _version(line, _MEMBER_BY_NUMBER)


IN_REGISTRY_OF_ENTITY = VersionQueries(_REGISTRY_OF_ENTITY)
IN_REGISTRY_OF_ORGANIZATION = VersionQueries(_REGISTRY_OF_ORGANIZATION)
IN_PROJECT = VersionQueries(_IN_PROJECT)
BY_LINE = VersionQueries(_BY_ID)

VERSIONS_OF = Query(
    (*_BY_ID, *_EVERY_MEMBER, *_OF_MEMBER),
    _VERSION_FIELDS,
    order=((Field("member", "number"), False),),
)
ALIASES_OF_LINE = Query(
    (Step("alias", ALIAS, {"collection": Param("line")}),),
    fields("alias", "number", "alias"),
    order=((Field("alias", "alias"), False),),
)
ALIASES_OF_MEMBER = Query(
    (Step("alias", ALIAS, {"collection": Param("line"), "number": Param("number")}),),
    fields("alias", "alias"),
    order=((Field("alias", "alias"), False),),
)
TAGS_OF_LINE = Query(
    (
        Step("member", MEMBER, {"collection": Param("line")}),
        Step("tag", TAG, {"version": Field("member", "version")}),
    ),
    fields("tag", "version", "tag"),
    order=((Field("tag", "tag"), False),),
)
TAGS_OF_VERSION = Query(
    (Step("tag", TAG, {"version": Param("version")}),),
    fields("tag", "tag"),
    order=((Field("tag", "tag"), False),),
)
LINKS_OF_VERSION = Query(
    (
        Step("member", MEMBER, {"version": Param("version")}),
        Step("line", COLLECTION, {"id": Field("member", "collection"), "kind": Param("kind")}),
        *_PLACE_OF_LINE,
    ),
    (*_LINE_FIELDS, *fields("member", "number", "linked_at", "linked_by")),
    order=((Field("member", "linked_at"), False), (Field("line", "id"), False)),
)

_COLLECTION_FIELDS = (*_LINE_FIELDS, *fields("line", "description", "created_at", "created_by"))
COLLECTION_BY_ID = Query(_BY_ID, _COLLECTION_FIELDS)
COLLECTION_IN_SCOPE = Query(_IN_PROJECT, _COLLECTION_FIELDS)
COLLECTIONS_IN_SCOPE = Query(
    (Step("line", COLLECTION, {"scope": Param("scope")}), *_PLACE_OF_LINE),
    _COLLECTION_FIELDS,
    order=((Field("line", "name"), False),),
)
ARTIFACTS = Query(
    (Step("line", COLLECTION, {"kind": Param("kind")}), *_PLACE_OF_LINE),
    _COLLECTION_FIELDS,
    order=((Field("line", "scope"), False), (Field("line", "name"), False)),
)
TAGS_OF_COLLECTION = Query(
    (Step("tag", COLLECTION_TAG, {"collection": Param("line")}),),
    fields("tag", "tag"),
    order=((Field("tag", "tag"), False),),
)

_REGISTRY_FIELDS = (
    *fields("registry", "id", "name", "visibility", "accepts_all", "description", "core"),
    *fields("registry", "created_at", "created_by"),
    *fields("organization", "name", "entity"),
)
REGISTRIES_OF = Query(
    (
        Step("organization", ORGANIZATION, {"id": Param("organization")}),
        Step("registry", REGISTRY, {"organization": Field("organization", "id")}),
    ),
    _REGISTRY_FIELDS,
    order=((Field("registry", "name"), False),),
)
REGISTRY_NAMED = Query(
    (
        Step("organization", ORGANIZATION, {"id": Param("organization")}),
        Step(
            "registry",
            REGISTRY,
            {"organization": Field("organization", "id"), "name": Param("registry")},
        ),
    ),
    _REGISTRY_FIELDS,
)
ACCEPTED_TYPES = Query(
    (Step("accepted", ACCEPTED_TYPE, {"registry": Param("registry")}),),
    fields("accepted", "type"),
    order=((Field("accepted", "type"), False),),
)

_ORGANIZATION_FIELDS = fields("organization", "id", "name", "entity")
ORGANIZATIONS = Query(
    (Step("organization", ORGANIZATION, {}),),
    _ORGANIZATION_FIELDS,
    order=((Field("organization", "name"), False),),
)
ORGANIZATION_BY_ID = Query(
    (Step("organization", ORGANIZATION, {"id": Param("organization")}),), _ORGANIZATION_FIELDS
)
ORGANIZATION_BY_NAME = Query(
    (Step("organization", ORGANIZATION, {"name": Param("name")}),), _ORGANIZATION_FIELDS
)
ORGANIZATION_BY_ENTITY = Query(
    (Step("organization", ORGANIZATION, {"entity": Param("name")}),), _ORGANIZATION_FIELDS
)
ENTITY_NAMED = Query(
    (Step("entity", ENTITY, {"name": Param("entity")}),), fields("entity", "kind", "holder")
)
ENTITIES_HELD_BY = Query(
    (Step("entity", ENTITY, {"holder": Param("organization"), "kind": Param("kind")}),),
    fields("entity", "name"),
    order=((Field("entity", "name"), False),),
)
ORGANIZATIONS_OF_PERSON = Query(
    (
        Step("affiliation", AFFILIATION, {"person": Param("person")}),
        Step("organization", ORGANIZATION, {"id": Field("affiliation", "organization")}),
    ),
    (*_ORGANIZATION_FIELDS, *fields("affiliation", "admin")),
    order=((Field("organization", "name"), False),),
)
PEOPLE_OF = Query(
    (Step("affiliation", AFFILIATION, {"organization": Param("organization")}),),
    fields("affiliation", "person"),
    order=((Field("affiliation", "person"), False),),
)
TEAMS_OF_PERSON = Query(
    (Step("member", TEAM_MEMBER, {"person": Param("person")}),),
    fields("member", "team"),
    order=((Field("member", "team"), False),),
)
