"""The tables of the version index.

Artifacts and collections stand in one table, as both are lines of numbered versions with aliases; what
W&B calls a membership is a row of `member`.
"""

from __future__ import annotations

from stemmata_projections.tables import Column, Table

ENTITY = Table(
    "entity",
    (Column("name"), Column("kind"), Column("holder")),
    key=("name",),
    indexes=(("holder", "kind"),),
)
ORGANIZATION = Table(
    "organization",
    (Column("id"), Column("name"), Column("entity"), Column("founded_at")),
    key=("id",),
    indexes=(("name",), ("entity",)),
)
AFFILIATION = Table(
    "affiliation",
    (Column("person"), Column("organization"), Column("admin", "flag")),
    key=("person", "organization"),
    indexes=(("organization",),),
)
TEAM_MEMBER = Table(
    "team_member",
    (Column("team"), Column("person"), Column("organization")),
    key=("team", "person"),
    indexes=(("person",),),
)
REGISTRY = Table(
    "registry",
    (
        Column("id"),
        Column("organization"),
        Column("name"),
        Column("visibility"),
        Column("accepts_all", "flag"),
        Column("description"),
        Column("core", "flag"),
        Column("created_at"),
        Column("created_by"),
    ),
    key=("id",),
    indexes=(("organization", "name"),),
)
ACCEPTED_TYPE = Table(
    "accepted_type", (Column("registry"), Column("type")), key=("registry", "type")
)
COLLECTION = Table(
    "collection",
    (
        Column("id"),
        Column("kind"),
        Column("scope"),
        Column("registry"),
        Column("name"),
        Column("type"),
        Column("description"),
        Column("created_at"),
        Column("created_by"),
    ),
    key=("id",),
    indexes=(("scope", "name"), ("kind", "scope", "name")),
)
COLLECTION_TAG = Table(
    "collection_tag",
    (Column("collection"), Column("tag")),
    key=("collection", "tag"),
    indexes=(("tag",),),
)
MEMBER = Table(
    "member",
    (
        Column("collection"),
        Column("number", "integer"),
        Column("version"),
        Column("linked_at"),
        Column("linked_by"),
    ),
    key=("collection", "number"),
    indexes=(("version",),),
)
ALIAS = Table(
    "alias",
    (Column("collection"), Column("alias"), Column("number", "integer")),
    key=("collection", "alias"),
    indexes=(("collection", "number"), ("alias",)),
)
VERSION = Table(
    "version",
    (
        Column("id"),
        Column("artifact"),
        Column("number", "integer"),
        Column("digest"),
        Column("algorithm"),
        Column("manifest"),
        Column("size", "integer"),
        Column("file_count", "integer"),
        Column("description"),
        Column("metadata", "json"),
        Column("created_at"),
        Column("created_by"),
        Column("run"),
    ),
    key=("id",),
)
TAG = Table("tag", (Column("version"), Column("tag")), key=("version", "tag"), indexes=(("tag",),))

TABLES = (
    ENTITY,
    ORGANIZATION,
    AFFILIATION,
    TEAM_MEMBER,
    REGISTRY,
    ACCEPTED_TYPE,
    COLLECTION,
    COLLECTION_TAG,
    MEMBER,
    ALIAS,
    VERSION,
    TAG,
)
