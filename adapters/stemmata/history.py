"""How a thing came to be as it is: its events in order, and each as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stemmata_domain.errors import UnknownVersion
from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    ArtifactProduced,
    ArtifactUsed,
    CollectionCreated,
    CollectionDeleted,
    DescriptionChanged,
    Event,
    MetadataChanged,
    VersionDeleted,
    VersionLinked,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_domain.names import version_index
from stemmata_domain.paths import parse_strict
from stemmata_domain.ports import EventStore
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.lineage.graph import LineageGraph
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.version_index.views import Collection


class History:
    """The events behind artifacts, collections and versions."""

    def __init__(self, events: EventStore, index: VersionIndex, graph: LineageGraph) -> None:
        self._events = events
        self._index = index
        self._graph = graph

    def of(self, name: str) -> list[RecordedEvent]:
        """Return the events of an artifact or collection, or with an alias of one version.

        A version's history holds what happened to it in the artifact or collection of the name, where
        it was logged, and the runs that used and produced it.
        """
        path = parse_strict(name)
        line = self._index.collection(path)
        if path.alias is None:
            return list(self._events.read_stream(_stream(line)))
        number = version_index(path.alias)
        version = self._index.resolve_in(line.id, path.alias)
        if number is not None and version.index != number:
            raise UnknownVersion(name=line.full_name, version=path.alias)
        found = list(self._in_stream(_stream(line), _about_number(version.index)))
        if version.is_link:
            source = f"artifact-{version.artifact}"
            found += self._in_stream(source, _about_content(version.source_index))
        for each in (*self._graph.producers_of(version.id), *self._graph.users_of(version.id)):
            found += self._in_stream(f"run-{each.run.path}", _about_version(version.id))
        return sorted({event.position: event for event in found}.values())

    def _in_stream(self, stream: str, concerns: Callable[[Event], bool]) -> Iterator[RecordedEvent]:
        return (each for each in self._events.read_stream(stream) if concerns(each.event))


def _stream(line: Collection) -> str:
    return f"{'collection' if line.is_link else 'artifact'}-{line.id}"


def _about_number(number: int) -> Callable[[Event], bool]:
    def concerns(event: Event) -> bool:
        if isinstance(event, AliasAdded):
            return number in (event.index, event.moved_from)
        return getattr(event, "index", None) == number

    return concerns


def _about_content(number: int) -> Callable[[Event], bool]:
    of_source_alone = (AliasAdded, AliasRemoved)

    def concerns(event: Event) -> bool:
        if isinstance(event, of_source_alone):
            return False
        return getattr(event, "index", None) == number

    return concerns


def _about_version(version: str) -> Callable[[Event], bool]:
    return lambda event: getattr(event, "version", None) == version


def sentence(event: Event) -> str:
    """Return what happened, as a clause whose subject is who did it."""
    match event:
        case AliasAdded(alias=alias, index=index, moved_from=None):
            return f"gave v{index} the alias {alias}"
        case AliasAdded(alias=alias, index=index, moved_from=before):
            return f"moved the alias {alias} from v{before} to v{index}"
        case AliasRemoved(alias=alias, index=index):
            return f"took the alias {alias} from v{index}"
        case VersionLinked(index=index, source_index=source):
            return f"linked source v{source} as v{index}"
        case VersionUnlinked(index=index):
            return f"unlinked v{index}"
        case ArtifactLogged(index=index, file_count=count, size=size):
            files = "1 file" if count == 1 else f"{count} files"
            return f"logged v{index} ({files}, {size} bytes)"
        case ArtifactUsed(through_index=index):
            return f"used it as v{index}"
        case ArtifactProduced(source_index=index):
            return f"produced v{index}"
        case _:
            return _other_sentence(event)


def _other_sentence(event: Event) -> str:
    match event:
        case ArtifactCreated(name=name, type=type_):
            return f"created the artifact {name} of type {type_}"
        case CollectionCreated(name=name, type=type_):
            return f"created the collection {name} of type {type_}"
        case CollectionDeleted():
            return "deleted the collection"
        case VersionTagged(index=index, tag=tag):
            return f"tagged v{index} with {tag}"
        case VersionUntagged(index=index, tag=tag):
            return f"took the tag {tag} from v{index}"
        case DescriptionChanged(index=index):
            return f"changed the description of v{index}"
        case MetadataChanged(index=index):
            return f"changed the metadata of v{index}"
        case VersionDeleted(index=index):
            return f"deleted v{index}"
        case _:
            return event.topic
