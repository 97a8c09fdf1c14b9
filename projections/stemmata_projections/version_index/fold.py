"""The fold of the log into the version index."""

from __future__ import annotations

from collections.abc import Iterable

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
from stemmata_projections.projection import Projection, key_of, on
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

# --- lines of versions: artifacts and collections ----------------------------------------------


def _alias_added(recorded: RecordedEvent, event: AliasAdded) -> Iterable[Change]:
    line = key_of(recorded)
    opened = Open(ALIAS, (line, event.alias, event.index))
    if event.moved_from is None:
        return (opened,)
    return Close(ALIAS, {"collection": line, "alias": event.alias}), opened


def _alias_removed(recorded: RecordedEvent, event: AliasRemoved) -> Iterable[Change]:
    return (Close(ALIAS, {"collection": key_of(recorded), "alias": event.alias}),)


def _linked(recorded: RecordedEvent, event: VersionLinked) -> Iterable[Change]:
    by = (time_text(recorded.time), recorded.actor)
    return (Open(MEMBER, (key_of(recorded), event.index, event.version, *by)),)


def _unlinked(recorded: RecordedEvent, event: VersionUnlinked) -> Iterable[Change]:
    return (Close(MEMBER, {"collection": key_of(recorded), "number": event.index}),)


def _artifact_created(recorded: RecordedEvent, event: ArtifactCreated) -> Iterable[Change]:
    scope = f"{event.entity}/{event.project}"
    about = (event.artifact, "artifact", scope, None, event.name, event.type, None)
    return (Open(COLLECTION, (*about, time_text(recorded.time), recorded.actor)),)


def _collection_created(recorded: RecordedEvent, event: CollectionCreated) -> Iterable[Change]:
    place = (event.collection, "collection", event.scope, event.registry)
    about = (event.name, event.type, event.description)
    row = (*place, *about, time_text(recorded.time), recorded.actor)
    return (
        Open(COLLECTION, row),
        *(Open(COLLECTION_TAG, (event.collection, tag)) for tag in event.tags),
    )


def _collection_deleted(_: RecordedEvent, event: CollectionDeleted) -> Iterable[Change]:
    return (
        Close(COLLECTION, {"id": event.collection}),
        *(
            Close(table, {"collection": event.collection})
            for table in (COLLECTION_TAG, MEMBER, ALIAS)
        ),
    )


# --- versions ----------------------------------------------------------------------------------


def _logged(recorded: RecordedEvent, event: ArtifactLogged) -> Iterable[Change]:
    artifact = key_of(recorded)
    by = (time_text(recorded.time), recorded.actor)
    content = (
        event.digest,
        event.algorithm,
        event.manifest,
        event.size,
        event.file_count,
        event.description,
        event.metadata,
    )
    return (
        Open(VERSION, (event.version, artifact, event.index, *content, *by, event.run)),
        Open(MEMBER, (artifact, event.index, event.version, *by)),
        *(Open(TAG, (event.version, tag)) for tag in event.tags),
    )


def _deleted(recorded: RecordedEvent, event: VersionDeleted) -> Iterable[Change]:
    return (
        Close(MEMBER, {"collection": key_of(recorded), "number": event.index}),
        Close(VERSION, {"id": event.version}),
        Close(TAG, {"version": event.version}),
    )


def _tagged(_: RecordedEvent, event: VersionTagged) -> Iterable[Change]:
    return (Open(TAG, (event.version, event.tag)),)


def _untagged(_: RecordedEvent, event: VersionUntagged) -> Iterable[Change]:
    return (Close(TAG, {"version": event.version, "tag": event.tag}),)


def _described(_: RecordedEvent, event: DescriptionChanged) -> Iterable[Change]:
    return (Amend(VERSION, {"id": event.version}, {"description": event.description}),)


def _metadata_changed(_: RecordedEvent, event: MetadataChanged) -> Iterable[Change]:
    return (Amend(VERSION, {"id": event.version}, {"metadata": event.metadata}),)


# --- who and where -----------------------------------------------------------------------------


def _founded(recorded: RecordedEvent, event: OrganizationFounded) -> Iterable[Change]:
    row = (event.organization, event.name, event.entity, time_text(recorded.time))
    return (Open(ORGANIZATION, row),)


def _person_joined(_: RecordedEvent, event: PersonJoined) -> Iterable[Change]:
    return (Open(AFFILIATION, (event.person, event.organization, event.admin)),)


def _member_joined(_: RecordedEvent, event: MemberJoined) -> Iterable[Change]:
    return (Open(TEAM_MEMBER, (event.team, event.person, event.organization)),)


def _registry_created(recorded: RecordedEvent, event: RegistryCreated) -> Iterable[Change]:
    accepts_all = event.accepted_types is None
    place = (event.registry, event.organization, event.name, event.visibility, accepts_all)
    by = (time_text(recorded.time), recorded.actor)
    return (
        Open(REGISTRY, (*place, event.description, event.core, *by)),
        *(Open(ACCEPTED_TYPE, (event.registry, type_)) for type_ in event.accepted_types or ()),
    )


def _type_accepted(recorded: RecordedEvent, event: TypeAccepted) -> Iterable[Change]:
    return (Open(ACCEPTED_TYPE, (key_of(recorded), event.type)),)


def _claimed(_: RecordedEvent, event: NameClaimed) -> Iterable[Change]:
    if event.scope != _ENTITIES:
        return ()
    return (Open(ENTITY, (event.name, event.kind, event.holder)),)


def _released(_: RecordedEvent, event: NameReleased) -> Iterable[Change]:
    return (Close(ENTITY, {"name": event.name}),) if event.scope == _ENTITIES else ()


_ENTITIES = "entity"

VERSION_INDEX = Projection(
    "version_index",
    schema=3,
    tables=TABLES,
    folds=dict(
        (
            on(AliasAdded, _alias_added),
            on(AliasRemoved, _alias_removed),
            on(VersionLinked, _linked),
            on(VersionUnlinked, _unlinked),
            on(ArtifactCreated, _artifact_created),
            on(CollectionCreated, _collection_created),
            on(CollectionDeleted, _collection_deleted),
            on(ArtifactLogged, _logged),
            on(VersionDeleted, _deleted),
            on(VersionTagged, _tagged),
            on(VersionUntagged, _untagged),
            on(DescriptionChanged, _described),
            on(MetadataChanged, _metadata_changed),
            on(OrganizationFounded, _founded),
            on(PersonJoined, _person_joined),
            on(MemberJoined, _member_joined),
            on(RegistryCreated, _registry_created),
            on(TypeAccepted, _type_accepted),
            on(NameClaimed, _claimed),
            on(NameReleased, _released),
        )
    ),
)
