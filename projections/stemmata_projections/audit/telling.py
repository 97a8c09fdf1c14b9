"""Telling recorded events as entries of the trail."""

from __future__ import annotations

from collections.abc import Sequence

from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactLogged,
    ArtifactProduced,
    ArtifactUsed,
    CommandKeyed,
    DescriptionChanged,
    MemberJoined,
    MetadataChanged,
    NameClaimed,
    NameReleased,
    OrganizationFounded,
    PersonJoined,
    TeamCreated,
    VersionDeleted,
    VersionLinked,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.effects import Effects
from stemmata_projections.audit.log import Log
from stemmata_projections.audit.names import PastNames
from stemmata_projections.audit.sentences import sentence
from stemmata_projections.audit.views import AuditEntry, Thing
from stemmata_projections.projection import key_of
from stemmata_projections.view_store import ViewStore

_LINES = ("artifact-", "collection-")
_BEFORE_A_RUN = ("artifact-", "name-")
"""Streams whose events stand before that of the run, if one command makes both."""


class Telling:
    """Says of events what they were about, what they changed, and through what they came."""

    def __init__(self, views: ViewStore, log: Log) -> None:
        self._log = log
        self._names = PastNames(views)
        self._effects = Effects(views, self._names)

    def entries(self, events: Sequence[RecordedEvent]) -> list[AuditEntry]:
        """Return events as entries, in their order."""
        self._names.look_up(
            each.event.through if isinstance(each.event, ArtifactUsed) else key_of(each)
            for each in events
            if each.stream.startswith(_LINES) or isinstance(each.event, ArtifactUsed)
        )
        return [self._entry(each) for each in events]

    def _entry(self, recorded: RecordedEvent) -> AuditEntry:
        return AuditEntry(
            position=recorded.position,
            id=recorded.id,
            at=recorded.time,
            actor=recorded.actor,
            kind=recorded.event.topic,
            thing=self._thing(recorded),
            what=sentence(recorded.event),
            changes=self._effects.of(recorded),
            run=self._run(recorded),
            key=recorded.key,
            correlation=recorded.correlation,
            event=recorded.event,
        )

    def _thing(self, recorded: RecordedEvent) -> Thing:
        """Return the thing that an event is about: the version, if it is about one."""
        line = key_of(recorded)
        match recorded.event:
            case AliasAdded(index=index) | AliasRemoved(index=index):
                version = self._names.version_id(line, index, at=recorded.position)
                return self._version(line, index, version)
            case (
                ArtifactLogged(index=index, version=version)
                | VersionTagged(index=index, version=version)
                | VersionUntagged(index=index, version=version)
                | DescriptionChanged(index=index, version=version)
                | MetadataChanged(index=index, version=version)
                | VersionDeleted(index=index, version=version)
                | VersionLinked(index=index, version=version)
                | VersionUnlinked(index=index, version=version)
            ):
                return self._version(line, index, version)
            case ArtifactUsed(through=through, through_index=index, version=version):
                return self._version(through, index, version)
            case ArtifactProduced(artifact=artifact, source_index=index, version=version):
                return self._version(artifact, index, version)
            case _:
                return self._larger_thing(recorded, line)

    def _version(self, line: str, index: int, version: str) -> Thing:
        return Thing(kind="version", id=version, name=self._names.version(line, index))

    def _larger_thing(self, recorded: RecordedEvent, key: str) -> Thing:
        match recorded.event:
            case NameClaimed(name=name) | NameReleased(name=name):
                return Thing(kind="name", id=key, name=name)
            case CommandKeyed(key=name):
                return Thing(kind="key", id=key, name=name)
            case TeamCreated(team=name):
                return Thing(kind="team", id=name, name=name)
            case PersonJoined(person=name) | MemberJoined(person=name):
                return Thing(kind="person", id=name, name=name)
            case OrganizationFounded(organization=id, name=name):
                return Thing(kind="organization", id=id, name=name)
            case _:
                return self._thing_of_stream(recorded.stream.partition("-")[0], key)

    def _thing_of_stream(self, category: str, key: str) -> Thing:
        match category:
            case "run":
                name = key
            case "registry":
                name = self._names.registry(key)
            case _:
                name = self._names.line(key).name
        return Thing(kind=category, id=key, name=name)

    def _run(self, recorded: RecordedEvent) -> str | None:
        """Return the run that an event came through, which another event of its command may name."""
        if (own := run_of(recorded)) is not None:
            return own
        if not recorded.stream.startswith(_BEFORE_A_RUN):
            return None
        for each in self._log.following(recorded.position):
            if (each.correlation, each.time) != (recorded.correlation, recorded.time):
                return None
            if each.stream.startswith("run-"):
                return key_of(each)
        return None


def run_of(recorded: RecordedEvent) -> str | None:
    """Return the path of the run that an event names, or in whose stream it stands."""
    if recorded.stream.startswith("run-"):
        return key_of(recorded)
    return recorded.event.run if isinstance(recorded.event, ArtifactLogged) else None
