"""The fold of the log into the version index."""

from __future__ import annotations

from collections.abc import Iterator

from stemmata_domain.codec import time_text
from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    CollectionCreated,
    CollectionDeleted,
    DescriptionChanged,
    MemberJoined,
    MetadataChanged,
    NameClaimed,
    NameReleased,
    OrganizationFounded,
    PersonJoined,
    RegistryCreated,
    TypeAccepted,
    VersionDeleted,
    VersionLinked,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Amend, Change, Close, Open
from stemmata_projections.projection import Projection
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
    TABLES,
    TAG,
    TEAM_MEMBER,
    VERSION,
)


def project(recorded: RecordedEvent) -> Iterator[Change]:
    """Yield what *recorded* changes in the version index."""
    event = recorded.event
    match event:
        case AliasAdded() | AliasRemoved():
            line = _key_of(recorded.stream)
            if isinstance(event, AliasRemoved) or event.moved_from is not None:
                yield Close(ALIAS, {"collection": line, "alias": event.alias})
            if isinstance(event, AliasAdded):
                yield Open(ALIAS, (line, event.alias, event.index))
        case VersionLinked():
            row = (
                _key_of(recorded.stream),
                event.index,
                event.version,
                time_text(recorded.time),
                recorded.actor,
            )
            yield Open(MEMBER, row)
        case VersionUnlinked():
            line = _key_of(recorded.stream)
            yield Close(MEMBER, {"collection": line, "number": event.index})
        case ArtifactLogged():
            yield from _logged(recorded, event)
        case VersionDeleted():
            line = _key_of(recorded.stream)
            yield Close(MEMBER, {"collection": line, "number": event.index})
            yield Close(VERSION, {"id": event.version})
            yield Close(TAG, {"version": event.version})
        case VersionTagged():
            yield Open(TAG, (event.version, event.tag))
        case VersionUntagged():
            yield Close(TAG, {"version": event.version, "tag": event.tag})
        case DescriptionChanged():
            yield Amend(VERSION, {"id": event.version}, {"description": event.description})
        case MetadataChanged():
            yield Amend(VERSION, {"id": event.version}, {"metadata": event.metadata})
        case _:
            yield from _places(recorded)


def _logged(recorded: RecordedEvent, event: ArtifactLogged) -> Iterator[Change]:
    artifact = _key_of(recorded.stream)
    time = time_text(recorded.time)
    yield Open(
        VERSION,
        (
            event.version,
            artifact,
            event.index,
            event.digest,
            event.algorithm,
            event.manifest,
            event.size,
            event.file_count,
            event.description,
            event.metadata,
            time,
            recorded.actor,
            event.run,
        ),
    )
    yield Open(MEMBER, (artifact, event.index, event.version, time, recorded.actor))
    for tag in event.tags:
        yield Open(TAG, (event.version, tag))


def _places(recorded: RecordedEvent) -> Iterator[Change]:
    event = recorded.event
    time = time_text(recorded.time)
    match event:
        case ArtifactCreated():
            scope = f"{event.entity}/{event.project}"
            row = (event.artifact, "artifact", scope, None, event.name, event.type, None)
            yield Open(COLLECTION, (*row, time, recorded.actor))
        case CollectionCreated():
            place = (event.collection, "collection", event.scope, event.registry)
            about = (event.name, event.type, event.description)
            yield Open(COLLECTION, (*place, *about, time, recorded.actor))
            for tag in event.tags:
                yield Open(COLLECTION_TAG, (event.collection, tag))
        case CollectionDeleted():
            yield Close(COLLECTION, {"id": event.collection})
            for table in (COLLECTION_TAG, MEMBER, ALIAS):
                yield Close(table, {"collection": event.collection})
        case RegistryCreated():
            accepts_all = event.accepted_types is None
            head = (event.registry, event.organization, event.name, event.visibility, accepts_all)
            yield Open(REGISTRY, (*head, event.description, event.core, time, recorded.actor))
            for type_ in event.accepted_types or ():
                yield Open(ACCEPTED_TYPE, (event.registry, type_))
        case TypeAccepted():
            yield Open(ACCEPTED_TYPE, (_key_of(recorded.stream), event.type))
        case OrganizationFounded():
            yield Open(ORGANIZATION, (event.organization, event.name, event.entity, time))
        case PersonJoined():
            yield Open(AFFILIATION, (event.person, event.organization, event.admin))
        case MemberJoined():
            yield Open(TEAM_MEMBER, (event.team, event.person, event.organization))
        case NameClaimed(scope="entity"):
            yield Open(ENTITY, (event.name, event.kind, event.holder))
        case NameReleased(scope="entity"):
            yield Close(ENTITY, {"name": event.name})
        case _:
            return


def _key_of(stream: str) -> str:
    return stream.partition("-")[2]


VERSION_INDEX = Projection("version_index", schema=1, tables=TABLES, project=project)
