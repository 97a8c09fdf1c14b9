"""Stores whose writers do not take turns: what links a version and what deletes it do not miss each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.popo import POPOApplicationRecorder

import stemmata
from stemmata_adapters.event_stores.memory import MemoryRecorder
from stemmata_adapters.event_stores.recorder import RecorderEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_domain.errors import StillLinked, UnknownVersion, WrongExpectedVersion
from stemmata_domain.events import VersionDeleted, VersionLinked, VersionUnlinked
from stemmata_domain.ports import Append, EventStore, IdSource, SerialisesWriters
from stemmata_domain.recorded import Context, RecordedEvent
from stemmata_projections.view_store import ViewStore

SOURCE = "vision/mnist/digits:v0"
TARGET = "wandb-registry-model/Digits"


class Hooked(RecorderEventStore):
    """A store on which somebody else may be faster: between a decision and its append."""

    before_append: Callable[[], object] | None = None

    def append(self, appends: Sequence[Append], context: Context) -> Sequence[RecordedEvent]:
        meanwhile, self.before_append = self.before_append, None
        if meanwhile is not None:
            meanwhile()
        return super().append(appends, context)

    def close(self) -> None: ...


class Shared:
    """A log that several handles share, each with views of its own."""

    def __init__(self, recorder: ApplicationRecorder) -> None:
        self.events = Hooked(recorder, ids=TimeOrderedIds())

    def open(self, *, ids: IdSource) -> tuple[EventStore, ViewStore]:
        return self.events, MemoryViewStore()


@pytest.fixture(params=[MemoryRecorder, POPOApplicationRecorder])
def shared(request: pytest.FixtureRequest) -> Shared:
    """One recorder compares versions within its append, the other knows no more than a unique key."""
    shared = Shared(request.param())
    assert not isinstance(shared.events, SerialisesWriters)
    return shared


@pytest.fixture
def one(shared: Shared) -> Iterator[stemmata.Stemma]:
    with stemmata.open(shared, content="memory://", actor="ada", entity="vision") as stemma:
        stemma.organize("Acme", teams=["vision"], people=["ada"])
        log(stemma, "first")
        yield stemma


@pytest.fixture
def other(shared: Shared, one: stemmata.Stemma) -> Iterator[stemmata.Stemma]:
    with stemmata.open(shared, content="memory://", actor="ada", entity="vision") as stemma:
        yield stemma


def log(stemma: stemmata.Stemma, digest: str) -> None:
    manifest = stemma.content.put_bytes(b"{}").sha256
    stemma.log(
        "vision/mnist/digits",
        type="model",
        manifest=manifest,
        digest=digest,
        size=2,
        file_count=0,
    )


def dangling(stemma: stemmata.Stemma) -> list[str]:
    """The collections that have a version whose source is deleted, by the log alone."""
    linked, deleted = set(), set()
    for recorded in stemma.replay():
        match recorded.event:
            case VersionLinked(version=version):
                linked.add((recorded.stream, version))
            case VersionUnlinked(version=version):
                linked.discard((recorded.stream, version))
            case VersionDeleted(version=version):
                deleted.add(version)
    assert linked or deleted
    return [stream for stream, version in linked if version in deleted]


@pytest.mark.parametrize("linked_before", [False, True])
def test_a_link_that_is_made_during_a_deletion_forbids_it(
    shared: Shared, one: stemmata.Stemma, other: stemmata.Stemma, linked_before: bool
) -> None:
    if linked_before:
        one.link(SOURCE, TARGET)
        one.unlink(f"{TARGET}:v0")
    shared.events.before_append = lambda: other.link(SOURCE, "wandb-registry-model/New")
    with pytest.raises(StillLinked, match="New:v0"):
        one.delete(SOURCE, delete_aliases=True)
    assert one.resolve("wandb-registry-model/New").index == 0
    assert one.resolve(SOURCE).index == 0


def test_a_link_that_is_made_during_a_forced_deletion_is_undone(
    shared: Shared, one: stemmata.Stemma, other: stemmata.Stemma
) -> None:
    one.link(SOURCE, TARGET)
    shared.events.before_append = lambda: other.link(SOURCE, "wandb-registry-model/New")
    one.delete(SOURCE, force=True)
    assert dangling(one) == []
    with pytest.raises(UnknownVersion):
        other.link(SOURCE, TARGET)


def test_a_version_that_is_deleted_while_it_is_linked_is_not_linked(
    shared: Shared, one: stemmata.Stemma, other: stemmata.Stemma
) -> None:
    shared.events.before_append = lambda: other.delete(SOURCE, delete_aliases=True)
    with pytest.raises(UnknownVersion):
        one.link(SOURCE, TARGET)
    assert [e for e in one.replay() if isinstance(e.event, VersionLinked)] == []


def test_of_links_and_deletions_at_once_no_link_outlives_its_source(
    shared: Shared, one: stemmata.Stemma, other: stemmata.Stemma
) -> None:
    for round_ in range(15):
        log(one, f"round {round_}")
        source = one.resolve("vision/mnist/digits:latest")
        name = f"vision/mnist/digits:v{source.index}"

        def link(stemma: stemmata.Stemma, target: str, name: str = name) -> None:
            with suppress(UnknownVersion, WrongExpectedVersion):
                stemma.link(name, f"wandb-registry-model/{target}")

        def delete(stemma: stemmata.Stemma, name: str = name) -> None:
            with suppress(StillLinked, WrongExpectedVersion):
                stemma.delete(name, delete_aliases=True)

        with ThreadPoolExecutor(3) as pool:
            for done in [
                pool.submit(link, other, f"a{round_}"),
                pool.submit(delete, one),
                pool.submit(link, other, f"b{round_}"),
            ]:
                done.result(60)
    assert dangling(one) == []


def test_what_takes_turns_writes_no_word_of_it() -> None:
    with stemmata.open("memory://", actor="ada", entity="vision") as stemma:
        stemma.organize("Acme", teams=["vision"], people=["ada"])
        log(stemma, "first")
        stemma.link(SOURCE, TARGET)
        stemma.delete(SOURCE, force=True)
        assert [each.stream for each in stemma.replay() if each.stream.startswith("links-")] == []
