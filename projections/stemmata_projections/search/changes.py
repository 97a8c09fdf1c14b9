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

VERSION_CHANGES = [
    each.topic
    for each in (
        *(ArtifactLogged, VersionTagged, VersionUntagged),
        *(DescriptionChanged, MetadataChanged),
    )
]
REGISTRY_CHANGES = [each.topic for each in (RegistryCreated, TypeAccepted, CollectionCreated)]
LINE_CHANGES: Mapping[str, Sequence[str]] = {
    "artifact": [
        *VERSION_CHANGES,
        *(each.topic for each in (ArtifactCreated, VersionDeleted, AliasAdded, AliasRemoved)),
    ],
    "collection": [
        each.topic
        for each in (CollectionCreated, VersionLinked, VersionUnlinked, AliasAdded, AliasRemoved)
    ],
}


def last_change(asking: Asking, thing: str, topics: Sequence[str]) -> Mapping[str, str]:
    """Return the time of the last change of a thing, by the thing; nothing if there was none."""
    ((at,),) = asking.rows(q.LAST_CHANGE, {"thing": thing, "topics": list(topics)})
    return {} if at is None else {thing: at}


def last_changes_of_lines(asking: Asking, stretch: Params) -> Mapping[str, str]:
    """Return the times of the last changes of the lines in a stretch, by their ids."""
    return {
        line: at
        for kind, topics in LINE_CHANGES.items()
        for line, at in asking.rows(
            q.LAST_CHANGES_OF_LINES, {**stretch, "kind": kind, "topics": list(topics)}
        )
    }


def last_changes_of_versions(asking: Asking, stretch: Params) -> Mapping[str, str]:
    """Return the times of the last changes of the versions in a stretch, by their ids."""
    params: Params = {**stretch, "topics": list(VERSION_CHANGES)}
    return dict(asking.rows(q.LAST_CHANGES_OF_VERSIONS, params))
