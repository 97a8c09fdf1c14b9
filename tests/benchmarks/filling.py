"""Large registries, filled by large appends: the events that commands would write one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice

from stemmata.stemma import PROJECTIONS
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.schemes import open_event_store, open_view_store
from stemmata_domain.aggregates.versions import version_id
from stemmata_domain.codec import encode
from stemmata_domain.events import (
    AliasAdded,
    ArtifactCreated,
    ArtifactLogged,
    CollectionCreated,
    Event,
    NameClaimed,
    VersionLinked,
)
from stemmata_domain.ports import NO_STREAM, KeptEvent, TakesOverEvents
from stemmata_domain.recorded import Context
from stemmata_projections.runner import Runner
from tests.benchmarks.bench import ENTITY, open_at

_AT_ONCE = 5_000


Command = tuple[str, tuple[Event, ...]]
"""A stream, and what one command appended to it."""


def fill(url: str, *, versions: int, spare: int) -> None:
    """Write a registry with *versions* links, and *spare* versions that are not linked yet.

    Each command's events have a correlation of their own, as they would have if it had been given.
    """
    with open_at(url) as stemma:
        if not stemma.organizations():
            stemma.organize("Bench", entity="bench", teams=[ENTITY])
        model = next(each for each in stemma.registries() if each.name == "model")
    ids = TimeOrderedIds()
    with closing(open_event_store(url, ids=ids)) as events:
        assert isinstance(events, TakesOverEvents)
        commands = _commands(ids, model.id, versions=versions, spare=spare)
        after = events.head()
        kept = _kept(ids, commands, after=after)
        while page := list(islice(kept, _AT_ONCE)):
            events.take_over(page, after=after)
            after = page[-1].position
        with closing(open_view_store(url, beside=events)) as views:
            Runner(events, views, PROJECTIONS).catch_up()


def _kept(ids: TimeOrderedIds, commands: Iterable[Command], *, after: int) -> Iterator[KeptEvent]:
    """Yield the events as a store keeps them, each at its place."""
    ends: dict[str, int] = {}
    for stream, events in commands:
        context = Context("bench", datetime.now(UTC), ids.new(), None)
        for event in events:
            after, version = after + 1, ends.get(stream, NO_STREAM) + 1
            ends[stream] = version
            state = encode(event, id=ids.new(), context=context)
            yield KeptEvent(after, stream, version, event.topic, state)


def _commands(
    ids: TimeOrderedIds, registry: str, *, versions: int, spare: int
) -> Iterator[Command]:
    artifact, collection = ids.new(), ids.new()
    claim = _claim("in@vision/mnist", "digits", "artifact", artifact)
    yield "name-in@vision/mnist:digits", (claim,)
    for logged in _logged(artifact, versions + spare):
        yield f"artifact-{artifact}", logged
    claim = _claim(f"in@{registry}", "Digits", "collection", collection)
    yield f"name-in@{registry}:Digits", (claim,)
    for linked in _linked(artifact, collection, registry, versions):
        yield f"collection-{collection}", linked


def _claim(scope: str, name: str, kind: str, holder: str) -> Event:
    return NameClaimed(scope=scope, name=name, kind=kind, holder=holder)


def _logged(artifact: str, versions: int) -> Iterator[tuple[Event, ...]]:
    created = ArtifactCreated(
        artifact=artifact, entity=ENTITY, project="mnist", name="digits", type="model"
    )
    yield (created,)
    for i in range(versions):
        version = ArtifactLogged(
            version=version_id(artifact, i),
            index=i,
            digest=f"{i:032x}",
            algorithm="MD5",
            manifest=f"{i:064x}",
            size=1,
            file_count=1,
            description=None,
            metadata={},
            tags=(),
            run=None,
        )
        yield version, AliasAdded(alias="latest", index=i, moved_from=i - 1 if i else None)


def _linked(
    artifact: str, collection: str, registry: str, versions: int
) -> Iterator[tuple[Event, ...]]:
    created = CollectionCreated(
        collection=collection,
        scope=registry,
        registry=registry,
        name="Digits",
        type="model",
        description=None,
        tags=(),
    )
    yield (created,)
    for i in range(versions):
        version = version_id(artifact, i)
        alias = f"alias-{i % 1000}"
        yield (
            VersionLinked(version=version, artifact=artifact, source_index=i, index=i),
            AliasAdded(alias="latest", index=i, moved_from=i - 1 if i else None),
            AliasAdded(alias=alias, index=i, moved_from=i - 1000 if i >= 1000 else None),
        )
