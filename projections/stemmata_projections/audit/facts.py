"""Rows of the views as things, and what is so of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from stemmata_domain.aggregates.versions import source_of
from stemmata_projections.audit.names import PastNames
from stemmata_projections.audit.things import Things
from stemmata_projections.audit.views import Thing
from stemmata_projections.lineage.tables import EDGE, RUN
from stemmata_projections.tables import Table, Value
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

NamedRow = Mapping[str, Value]
Facts = Iterable[tuple[str, JsonValue]]
Told = tuple[Thing, Facts]


@dataclass(frozen=True, slots=True)
class Teller:
    """How the rows of a table are told.

    Attributes:
        tell: Gives the thing and the facts of a row; None if another table tells them.
        is_whole: Whether the thing is there as long as the row is.
    """

    table: Table
    tell: Callable[[PastNames, NamedRow], Told | None]
    is_whole: bool = True


def _text(row: NamedRow, column: str) -> str:
    return cast("str", row[column])


def _number(row: NamedRow, column: str) -> int:
    return cast("int", row[column])


def _organization(_: PastNames, row: NamedRow) -> Told:
    name = _text(row, "name")
    return Thing(kind="organization", id=_text(row, "id"), name=name), [("organization", name)]


def _entity(_: PastNames, row: NamedRow) -> Told | None:
    kind, name = _text(row, "kind"), _text(row, "name")
    if kind == "organization":
        return None
    return Thing(kind=kind, id=name, name=name), [(kind, name)]


def _affiliation(names: PastNames, row: NamedRow) -> Told:
    person = _text(row, "person")
    what = "administers" if row["admin"] else "belongs to"
    organization = names.organization(_text(row, "organization"))
    return Thing(kind="person", id=person, name=person), [(what, organization)]


def _team_member(_: PastNames, row: NamedRow) -> Told:
    person = _text(row, "person")
    return Thing(kind="person", id=person, name=person), [("team", row["team"])]


def _registry(names: PastNames, row: NamedRow) -> Told:
    id = _text(row, "id")
    facts = [("registry", row["name"]), *_described(row)]
    return Thing(kind="registry", id=id, name=names.registry(id)), facts


def _accepted_type(names: PastNames, row: NamedRow) -> Told:
    id = _text(row, "registry")
    return Thing(kind="registry", id=id, name=names.registry(id)), [("accepted type", row["type"])]


def _line(names: PastNames, id: str) -> Thing:
    line = names.line(id)
    return Thing(kind=line.kind, id=id, name=line.name)


def _collection(names: PastNames, row: NamedRow) -> Told:
    facts = [(_text(row, "kind"), row["name"]), ("type", row["type"]), *_described(row)]
    return _line(names, _text(row, "id")), facts


def _collection_tag(names: PastNames, row: NamedRow) -> Told:
    return _line(names, _text(row, "collection")), [("tag", row["tag"])]


def _version_of(names: PastNames, id: str) -> Thing:
    return Thing(kind="version", id=id, name=names.source(id))


def _version(names: PastNames, row: NamedRow) -> Told:
    metadata = cast("dict[str, JsonValue]", row["metadata"])
    facts = [
        ("version", f"v{row['number']}"),
        *_described(row),
        *((f"metadata.{key}", value) for key, value in metadata.items()),
    ]
    return _version_of(names, _text(row, "id")), facts


def _member(names: PastNames, row: NamedRow) -> Told | None:
    line, version = _text(row, "collection"), _text(row, "version")
    if names.line(line).kind == "artifact":
        return None
    name = names.version(line, _number(row, "number"))
    link = Thing(kind="version", id=f"{line}#{row['number']}", name=name)
    return link, [("source", names.source(version))]


def _alias(names: PastNames, row: NamedRow) -> Told:
    line, alias = _text(row, "collection"), _text(row, "alias")
    thing = Thing(kind="alias", id=f"{line}:{alias}", name=f"{names.line(line).name}:{alias}")
    return thing, [(f"alias {alias}", f"v{row['number']}")]


def _tag(names: PastNames, row: NamedRow) -> Told:
    return _version_of(names, _text(row, "version")), [("tag", row["tag"])]


def _run(_: PastNames, row: NamedRow) -> Told:
    path = _text(row, "path")
    return Thing(kind="run", id=path, name=path), [("state", row["state"])]


def _edge(kind: str, what: str) -> Callable[[PastNames, NamedRow], Told | None]:
    def tell(names: PastNames, row: NamedRow) -> Told | None:
        if row["kind"] != kind:
            return None
        path = _text(row, "run")
        name = names.version(_text(row, "through"), _number(row, "number"))
        return Thing(kind="run", id=path, name=path), [(what, name)]

    return tell


def _described(row: NamedRow) -> Facts:
    return [] if row["description"] is None else [("description", row["description"])]


TELLERS: Mapping[str, tuple[Teller, ...]] = {
    "organizations": (
        Teller(ORGANIZATION, _organization),
        Teller(ENTITY, _entity),
        Teller(AFFILIATION, _affiliation, is_whole=False),
        Teller(TEAM_MEMBER, _team_member, is_whole=False),
    ),
    "registries": (
        Teller(REGISTRY, _registry),
        Teller(ACCEPTED_TYPE, _accepted_type, is_whole=False),
    ),
    "collections": (
        Teller(COLLECTION, _collection),
        Teller(COLLECTION_TAG, _collection_tag, is_whole=False),
    ),
    "versions": (Teller(VERSION, _version),),
    "links": (Teller(MEMBER, _member),),
    "aliases": (Teller(ALIAS, _alias),),
    "tags": (Teller(TAG, _tag, is_whole=False),),
    "runs": (Teller(RUN, _run),),
    "uses": (Teller(EDGE, _edge("used", "input"), is_whole=False),),
    "outputs": (Teller(EDGE, _edge("produced", "output"), is_whole=False),),
}
"""For each group of a difference, which tables it is told from: first those that hold the things."""


def belongs(table: Table, row: NamedRow, things: Things) -> bool:
    """Tell whether a row is about one of some registries, artifacts and collections."""
    for column in _OWNERS.get(table, ()):
        value = _text(row, column)
        if (source_of(value)[0] if column == "version" else value) in things:
            return True
    return False


_OWNERS: Mapping[Table, tuple[str, ...]] = {
    REGISTRY: ("id",),
    ACCEPTED_TYPE: ("registry",),
    COLLECTION: ("id",),
    COLLECTION_TAG: ("collection",),
    VERSION: ("artifact",),
    MEMBER: ("collection",),
    ALIAS: ("collection",),
    TAG: ("version",),
    EDGE: ("through", "version"),
}
"""The columns that say of which registry, artifact or collection a row is."""
