"""What an event changed, from what to what.

An event says what is so after it. What was so before, where the event does not say it, is asked of the
other views as of the position before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from pydantic import JsonValue

from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    ArtifactProduced,
    ArtifactUsed,
    CollectionCreated,
    CollectionDeleted,
    CommandKeyed,
    DescriptionChanged,
    Event,
    MemberJoined,
    MetadataChanged,
    NameClaimed,
    NameReleased,
    OrganizationFounded,
    PersonJoined,
    RegistryCreated,
    RunFinished,
    RunStarted,
    TeamCreated,
    TypeAccepted,
    VersionDeleted,
    VersionLinked,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit import queries as q
from stemmata_projections.audit.names import PastNames
from stemmata_projections.audit.sameness import same
from stemmata_projections.audit.views import Change
from stemmata_projections.lineage.fold import RUNNING
from stemmata_projections.projection import key_of
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.view_store import Params, ViewStore

Found = TypeVar("Found", bound=Row)


class Effects:
    """Tells what events changed."""

    def __init__(self, views: ViewStore, names: PastNames) -> None:
        self._views = views
        self._names = names

    def of(self, recorded: RecordedEvent) -> tuple[Change, ...]:
        """Return what an event changed; nothing if it repeated what was so already."""
        return _told(recorded.event) or tuple(self._asked(recorded))

    def _asked(self, recorded: RecordedEvent) -> Iterable[Change]:
        before = recorded.position - 1
        match recorded.event:
            case DescriptionChanged(version=version, description=after):
                [(description, _)] = self._ask(q.DESCRIBED, {"version": version}, before)
                return () if description == after else (Change("description", description, after),)
            case MetadataChanged(version=version, metadata=after):
                [(_, metadata)] = self._ask(q.DESCRIBED, {"version": version}, before)
                return metadata_changes(metadata, after)
            case CollectionDeleted(collection=collection):
                return self._emptied(collection, before)
            case RunFinished(state=state):
                [(was,)] = self._ask(q.STATE_OF_RUN, {"path": key_of(recorded)}, before)
                return () if was == state else (Change("state", was, state),)
            case ArtifactUsed(through=through, through_index=index):
                return (Change("input", None, self._names.version(through, index)),)
            case ArtifactProduced(artifact=artifact, source_index=index):
                return (Change("output", None, self._names.version(artifact, index)),)
            case _:
                return ()

    def _emptied(self, collection: str, before: int) -> Iterator[Change]:
        yield Change("collection", self._names.line(collection).name, None)
        params = {"line": collection}
        for alias, number, *_ in self._ask(q.ALIASES_OVER_TIME, params, before):
            yield Change(f"alias {alias}", f"v{number}", None)
        for _, number, *_ in self._ask(q.MEMBERS_OF, params, before):
            yield Change("version", f"v{number}", None)

    def _ask(self, query: Query[Found], params: Params, at: int) -> Sequence[Found]:
        return self._views.query(query, params, at=at)


def metadata_changes(
    before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]
) -> tuple[Change, ...]:
    """Return what changed in metadata, by their keys; a key that holds null is one that is there."""
    keys = dict.fromkeys((*before, *after))
    return tuple(
        Change(f"metadata.{key}", before.get(key), after.get(key))
        for key in keys
        if key not in before or key not in after or not same(before[key], after[key])
    )


def _told(event: Event) -> tuple[Change, ...]:
    """Return what an event says by itself."""
    match event:
        case AliasAdded(alias=alias, index=index, moved_from=before):
            was = None if before is None else f"v{before}"
            return (Change(f"alias {alias}", was, f"v{index}"),)
        case AliasRemoved(alias=alias, index=index):
            return (Change(f"alias {alias}", f"v{index}", None),)
        case VersionLinked(index=index):
            return (Change("version", None, f"v{index}"),)
        case VersionUnlinked(index=index) | VersionDeleted(index=index):
            return (Change("version", f"v{index}", None),)
        case VersionTagged(tag=tag):
            return (Change("tag", None, tag),)
        case VersionUntagged(tag=tag):
            return (Change("tag", tag, None),)
        case ArtifactLogged(index=index, description=description, metadata=metadata, tags=tags):
            return (
                Change("version", None, f"v{index}"),
                *_described(description, tags),
                *metadata_changes({}, metadata),
            )
        case ArtifactCreated(name=name):
            return (Change("artifact", None, name),)
        case CollectionCreated(name=name, description=description, tags=tags):
            return (Change("collection", None, name), *_described(description, tags))
        case _:
            return _told_of_others(event)


def _told_of_others(event: Event) -> tuple[Change, ...]:
    match event:
        case OrganizationFounded(name=name):
            return (Change("organization", None, name),)
        case TeamCreated(team=team):
            return (Change("team", None, team),)
        case PersonJoined(person=person, admin=admin):
            return (Change("admin" if admin else "person", None, person),)
        case MemberJoined(team=team):
            return (Change("team", None, team),)
        case RegistryCreated(name=name, description=description, accepted_types=types):
            accepted = (Change("accepted type", None, each) for each in types or ())
            return (Change("registry", None, name), *_described(description, ()), *accepted)
        case TypeAccepted(type=type_):
            return (Change("accepted type", None, type_),)
        case RunStarted():
            return (Change("state", None, RUNNING),)
        case NameClaimed(name=name):
            return (Change("name", None, name),)
        case NameReleased(name=name):
            return (Change("name", name, None),)
        case CommandKeyed(key=key):
            return (Change("key", None, key),)
        case _:
            return ()


def _described(description: str | None, tags: Iterable[str]) -> Iterator[Change]:
    if description is not None:
        yield Change("description", None, description)
    for tag in tags:
        yield Change("tag", None, tag)
