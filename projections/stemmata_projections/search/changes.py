"""When things were last changed: by the newest event that changed them.

- A version is changed by being logged, tagged, untagged and described, and by new metadata.
- An artifact or a collection is changed by that, too, and by links and aliases that come and go.
- A registry is changed by being made, by a type that it accepts, and by a collection in it.
- Being used changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    CollectionCreated,
    DescriptionChanged,
    MetadataChanged,
    RegistryCreated,
    TypeAccepted,
    VersionDeleted,
    VersionLinked,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_projections.search import queries as q
from stemmata_projections.search.scopes import Asking
from stemmata_projections.view_store import Params

VERSION_CHANGES = tuple(
    each.topic
    for each in (
        *(ArtifactLogged, VersionTagged, VersionUntagged),
        *(DescriptionChanged, MetadataChanged),
    )
)
ARTIFACT_CHANGES = (
    *VERSION_CHANGES,
    *(each.topic for each in (ArtifactCreated, VersionDeleted, AliasAdded, AliasRemoved)),
)
COLLECTION_CHANGES = tuple(
    each.topic
    for each in (CollectionCreated, VersionLinked, VersionUnlinked, AliasAdded, AliasRemoved)
)
REGISTRY_CHANGES = tuple(each.topic for each in (RegistryCreated, TypeAccepted, CollectionCreated))


def last_changes(asking: Asking, things: Sequence[str], topics: Sequence[str]) -> Mapping[str, str]:
    """Return the time of the last change of each of some things, of those that have one."""
    params: Params = {"things": list(things), "topics": list(topics)}
    return dict(asking.rows(q.LAST_CHANGES, params))
