"""The events of the domain, and the table that names them for ever.

Events are public API: one that was released stays readable. A new shape gets the next schema number
and an upcaster (:mod:`stemmata_domain.events.upcasting`); a topic is never given to another event.
"""

from __future__ import annotations

from stemmata_domain.events.artifact import (
    ArtifactCreated,
    ArtifactLogged,
    DescriptionChanged,
    MetadataChanged,
    VersionDeleted,
    VersionTagged,
    VersionUntagged,
)
from stemmata_domain.events.base import Event
from stemmata_domain.events.claims import CommandKeyed, NameClaimed, NameReleased
from stemmata_domain.events.collection import (
    CollectionCreated,
    CollectionDeleted,
    VersionLinked,
    VersionUnlinked,
)
from stemmata_domain.events.memberships import AliasAdded, AliasRemoved
from stemmata_domain.events.organization import OrganizationFounded, TeamCreated
from stemmata_domain.events.person import MemberJoined, PersonJoined
from stemmata_domain.events.registry import RegistryCreated, TypeAccepted, Visibility
from stemmata_domain.events.run import (
    ArtifactProduced,
    ArtifactUsed,
    RunFinished,
    RunStarted,
    RunState,
)

EVENTS: tuple[type[Event], ...] = (
    OrganizationFounded,
    TeamCreated,
    PersonJoined,
    MemberJoined,
    RegistryCreated,
    TypeAccepted,
    CollectionCreated,
    VersionLinked,
    VersionUnlinked,
    CollectionDeleted,
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    VersionTagged,
    VersionUntagged,
    DescriptionChanged,
    MetadataChanged,
    VersionDeleted,
    RunStarted,
    ArtifactUsed,
    ArtifactProduced,
    RunFinished,
    NameClaimed,
    NameReleased,
    CommandKeyed,
)

TOPICS: dict[str, type[Event]] = {event.topic: event for event in EVENTS}

__all__ = [
    "EVENTS",
    "TOPICS",
    "AliasAdded",
    "AliasRemoved",
    "ArtifactCreated",
    "ArtifactLogged",
    "ArtifactProduced",
    "ArtifactUsed",
    "CollectionCreated",
    "CollectionDeleted",
    "CommandKeyed",
    "DescriptionChanged",
    "Event",
    "MemberJoined",
    "MetadataChanged",
    "NameClaimed",
    "NameReleased",
    "OrganizationFounded",
    "PersonJoined",
    "RegistryCreated",
    "RunFinished",
    "RunStarted",
    "RunState",
    "TeamCreated",
    "TypeAccepted",
    "VersionDeleted",
    "VersionLinked",
    "VersionTagged",
    "VersionUnlinked",
    "VersionUntagged",
    "Visibility",
]
