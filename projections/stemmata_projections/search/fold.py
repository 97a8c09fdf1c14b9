"""The fold of the log into the search view: names, descriptions and tags, term by term."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from stemmata_domain.events import (
    ArtifactCreated,
    ArtifactLogged,
    CollectionCreated,
    CollectionDeleted,
    DescriptionChanged,
    RegistryCreated,
    VersionDeleted,
    VersionTagged,
    VersionUntagged,
)
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Change, Close, Open
from stemmata_projections.projection import Projection, on
from stemmata_projections.search.tables import TABLES, TERM
from stemmata_projections.search.terms import head, terms

Kind = Literal["registry", "collection", "artifact", "version"]
TextField = Literal["name", "tag", "description"]


def _found(
    kind: Kind, thing: str, field: TextField, text: str | None, *, part: str = ""
) -> Iterable[Change]:
    for term in sorted(terms(text or "")):
        yield Open(TERM, (thing, field, part, term, kind, head(term)))


def _described(kind: Kind, thing: str, text: str | None, tags: Iterable[str]) -> Iterable[Change]:
    yield from _found(kind, thing, "description", text)
    for tag in dict.fromkeys(tags):
        yield from _found(kind, thing, "tag", tag, part=tag)


def _registry_created(_: RecordedEvent, event: RegistryCreated) -> Iterable[Change]:
    yield from _found("registry", event.registry, "name", event.name)
    yield from _found("registry", event.registry, "description", event.description)


def _artifact_created(_: RecordedEvent, event: ArtifactCreated) -> Iterable[Change]:
    return _found("artifact", event.artifact, "name", event.name)


def _collection_created(_: RecordedEvent, event: CollectionCreated) -> Iterable[Change]:
    yield from _found("collection", event.collection, "name", event.name)
    yield from _described("collection", event.collection, event.description, event.tags)


def _collection_deleted(_: RecordedEvent, event: CollectionDeleted) -> Iterable[Change]:
    return (Close(TERM, {"thing": event.collection}),)


def _logged(_: RecordedEvent, event: ArtifactLogged) -> Iterable[Change]:
    return _described("version", event.version, event.description, event.tags)


def _deleted(_: RecordedEvent, event: VersionDeleted) -> Iterable[Change]:
    return (Close(TERM, {"thing": event.version}),)


def _tagged(_: RecordedEvent, event: VersionTagged) -> Iterable[Change]:
    return _found("version", event.version, "tag", event.tag, part=event.tag)


def _untagged(_: RecordedEvent, event: VersionUntagged) -> Iterable[Change]:
    return (Close(TERM, {"thing": event.version, "field": "tag", "part": event.tag}),)


def _description_changed(_: RecordedEvent, event: DescriptionChanged) -> Iterable[Change]:
    yield Close(TERM, {"thing": event.version, "field": "description"})
    yield from _found("version", event.version, "description", event.description)


SEARCH = Projection(
    "search",
    schema=1,
    tables=TABLES,
    folds=dict(
        (
            on(RegistryCreated, _registry_created),
            on(ArtifactCreated, _artifact_created),
            on(CollectionCreated, _collection_created),
            on(CollectionDeleted, _collection_deleted),
            on(ArtifactLogged, _logged),
            on(VersionDeleted, _deleted),
            on(VersionTagged, _tagged),
            on(VersionUntagged, _untagged),
            on(DescriptionChanged, _description_changed),
        )
    ),
)
