"""A graph in memory answers what the views answer, at every position, and lets go when it is too large."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.errors import StorageFailed
from stemmata_domain.ports import Append, EventStore
from stemmata_domain.recorded import Context, RecordedEvent
from stemmata_projections.lineage.exploring import explore
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.lineage.nodes import Direction, Way
from stemmata_projections.lineage.numbered import NumberedIds
from stemmata_projections.lineage.paths import paths_between
from stemmata_projections.lineage.reach import Reach, reach_of
from stemmata_projections.lineage.selection import Sought
from stemmata_projections.runner import Runner
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.view_store import Parked, ViewStore
from tests.projections.history import moment
from tests.projections.pedigree import Pedigree, is_run
from tests.projections.test_lineage_walks import pedigrees

WAYS: tuple[Way, ...] = ("upstream", "downstream")
DIRECTIONS: tuple[Direction, ...] = (*WAYS, "both")
MANY = 10**6
FAILED = Sought(types=("dataset",), states=("failed",))


class Registry:
    """A log and views that follow it, told what a pedigree tells."""

    def __init__(self, events: EventStore, views: ViewStore) -> None:
        self.events, self.views = events, views
        self._runner = Runner(events, views, (VERSION_INDEX, LINEAGE))

    def told(self, recorded: Sequence[RecordedEvent]) -> None:
        for each in recorded:
            context = Context(each.actor, each.time, each.correlation, None)
            append = Append(each.stream, each.version - 1, (each.event,))
            (made,) = self.events.append((append,), context)
            assert made.position == each.position
        self._runner.catch_up()

    def kept(self, *, most: int = MANY, worth: int = 0) -> KeptGraph:
        return KeptGraph(self.events, self.views, most=most, worth=worth)


@contextmanager
def registries() -> Iterator[list[Registry]]:
    """One in memory, and one in a SQLite file."""
    ids = TimeOrderedIds()
    with tempfile.TemporaryDirectory() as folder:
        database = SqliteDatabase(Path(folder) / "registry.db")
        opened = [
            Registry(MemoryEventStore(ids=ids), MemoryViewStore()),
            Registry(SqliteEventStore(database, ids=ids), SqliteViewStore(database)),
        ]
        try:
            yield opened
        finally:
            for each in opened:
                each.events.close()


@pytest.fixture(params=["memory", "sqlite"])
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    with registries() as both:
        yield both[request.param == "sqlite"]


def loaded(registry: Registry, *, most: int = MANY) -> KeptGraph:
    kept = registry.kept(most=most)
    kept.found(1)
    kept.follow()
    return kept


def is_used(registry: Registry, kept: KeptGraph, at: int | None = None) -> bool:
    with registry.views.reading():
        return kept.by(at) is not None


def plain(reach: Reach) -> tuple[object, ...]:
    return reach.start, set(reach.versions), set(reach.runs), reach.generations


def compare(registry: Registry, kept: KeptGraph, start: str, *, at: int | None) -> None:
    """See that every kind of question is answered alike with and without a graph in memory."""
    views, run = registry.views, is_run(start)
    assert is_used(registry, kept, at)
    for direction in DIRECTIONS:
        for depth in (None, 0, 1, 2):
            for limit in (None, 1, 3, 6):
                ask = {"at": at, "is_run": run, "direction": direction, "depth": depth}
                asked = explore(views, start, limit=limit, **ask)  # type: ignore[arg-type]  # a dict
                walked = explore(views, start, limit=limit, kept=kept, **ask)  # type: ignore[arg-type]
                assert walked == asked
        asked = explore(views, start, at=at, is_run=run, direction=direction, sought=FAILED)
        walked = explore(
            views, start, at=at, is_run=run, direction=direction, sought=FAILED, kept=kept
        )
        assert walked == asked
    for way in WAYS:
        found = reach_of(views, start, at=at, is_run=run, direction=way)
        walked_reach = reach_of(views, start, at=at, is_run=run, direction=way, kept=kept)
        assert plain(walked_reach) == plain(found)


@given(pedigree=pedigrees(), data=st.data())
@settings(max_examples=15, deadline=None)
def test_whatever_happened_the_graph_in_memory_answers_as_the_views(
    pedigree: Pedigree, data: st.DataObject
) -> None:
    head = pedigree.head
    begun = data.draw(st.integers(0, head), label="loaded at")
    more = data.draw(st.integers(begun, head), label="followed to")
    with registries() as both:
        for registry in both:
            registry.told(pedigree.recorded[:begun])
            kept = loaded(registry)
            for stop in (more, head):
                registry.told(pedigree.recorded[registry.events.head() : stop])
                kept.follow()
                at = data.draw(st.none() | st.integers(0, stop), label="at")
                nodes = list(pedigree.at(stop if at is None else at))
                for start in data.draw(st.permutations(nodes), label="starts")[:3]:
                    compare(registry, kept, start, at=at)
            versions = [node for node in pedigree.at(None) if not is_run(node)]
            for at in (None, begun):
                there = [node for node in versions if node in pedigree.at(at)]
                for source in there:
                    for target in there[:3]:
                        asked = paths_between(registry.views, source, target, at=at)
                        walked = paths_between(registry.views, source, target, at=at, kept=kept)
                        assert walked == asked


def small() -> Pedigree:
    """Return a:0 → r0 → b:0 → r1 → c:0."""
    pedigree = Pedigree()
    made = pedigree.log("a")
    for run, name in (("r0", "b"), ("r1", "c")):
        path = pedigree.run(run)
        pedigree.use(path, made)
        made = pedigree.log(name)
        pedigree.produce(path, made)
    return pedigree


def test_nothing_is_loaded_before_a_question_found_many_nodes(registry: Registry) -> None:
    registry.told(small().recorded)
    kept = registry.kept(worth=5)
    for found, expected in ((4, False), (5, True)):
        kept.found(found)
        kept.follow()
        assert is_used(registry, kept) == expected
    reach_of(registry.views, "a:0", kept=(other := registry.kept(worth=5)))
    other.follow()
    assert is_used(registry, other)


def test_what_the_graph_has_not_come_as_far_as_is_asked_of_the_views(registry: Registry) -> None:
    pedigree = small()
    registry.told(pedigree.recorded)
    kept, before = loaded(registry), pedigree.head
    pedigree.use(pedigree.run("late"), "c:0")
    registry.told(pedigree.recorded[before:])
    assert not is_used(registry, kept)
    assert is_used(registry, kept, before)
    assert "vision/mnist/late" in reach_of(registry.views, "a:0", kept=kept).runs
    kept.follow()
    assert is_used(registry, kept)
    assert "vision/mnist/late" in reach_of(registry.views, "a:0", kept=kept).runs
    assert "vision/mnist/late" not in reach_of(registry.views, "a:0", at=before, kept=kept).runs


@pytest.mark.parametrize(("most", "expected"), [(4, True), (3, False), (0, False)])
def test_a_graph_with_more_edges_than_it_may_have_is_not_loaded(
    registry: Registry, most: int, expected: bool
) -> None:
    registry.told(small().recorded)
    kept = loaded(registry, most=most)
    assert is_used(registry, kept) == expected
    reach = reach_of(registry.views, "a:0", kept=kept)
    assert (len(reach.versions), len(reach.runs), len(reach), reach.generations) == (2, 2, 4, 2)


def test_ids_that_are_got_as_they_are_read_are_a_sequence_like_a_tuple(registry: Registry) -> None:
    registry.told(small().recorded)
    asked = reach_of(registry.views, "a:0")
    walked = reach_of(registry.views, "a:0", kept=loaded(registry))
    assert isinstance(walked.runs, NumberedIds)
    ids = tuple(walked.runs)
    assert sorted(ids) == sorted(asked.runs)
    assert len(walked.runs) == len(ids) == 2
    assert [walked.runs[n] for n in (0, 1, -1)] == [ids[0], ids[1], ids[1]]
    assert walked.runs[1:] == ids[1:]
    assert ids[0] in walked.runs
    assert "vision/mnist/other" not in walked.runs
    with pytest.raises(IndexError):
        walked.runs[2]
    again = reach_of(registry.views, "a:0", kept=loaded(registry))
    assert walked.runs == ids == walked.runs
    assert walked == again
    assert hash(walked) == hash(again)
    assert hash(walked.runs) == hash(ids)
    assert walked.runs not in (ids[:1], ids[::-1], list(ids))
    assert repr(walked.runs) == repr(ids)


def test_a_graph_that_grows_beyond_what_it_may_have_is_let_go_of(registry: Registry) -> None:
    pedigree = small()
    registry.told(pedigree.recorded)
    kept, before = loaded(registry, most=4), pedigree.head
    assert is_used(registry, kept)
    pedigree.use("vision/mnist/r1", "a:0")
    registry.told(pedigree.recorded[before:])
    kept.follow()
    assert not is_used(registry, kept, before)
    kept.found(MANY)
    kept.follow()
    assert not is_used(registry, kept, before)


def test_what_is_forgotten_is_loaded_again_when_it_is_worth_it(registry: Registry) -> None:
    registry.told(small().recorded)
    kept = loaded(registry)
    kept.forget()
    kept.follow()
    assert not is_used(registry, kept)
    kept.found(1)
    kept.follow()
    assert is_used(registry, kept)


def test_events_that_the_view_leaves_out_are_left_out(registry: Registry) -> None:
    pedigree = small()
    registry.told(pedigree.recorded)
    kept, before = loaded(registry), pedigree.head
    pedigree.use("vision/mnist/r1", "a:0")
    (left_out,) = pedigree.recorded[before:]
    context = Context("ada", moment(1), "c", None)
    append = Append(left_out.stream, left_out.version - 1, (left_out.event,))
    registry.events.append((append,), context)
    parked = [Parked(LINEAGE.name, left_out.position, "it cannot be taken")]
    names = (VERSION_INDEX.name, LINEAGE.name)
    assert registry.views.apply(names, (), after=before, upto=left_out.position, parked=parked)
    kept.follow()
    compare(registry, kept, "a:0", at=None)
    compare(registry, kept, "a:0", at=before)
    assert reach_of(registry.views, "a:0", kept=kept).generations == 2


def test_a_log_that_cannot_be_read_leaves_nothing_half_followed() -> None:
    pedigree = small()
    with registries() as (_, registry):
        registry.told(pedigree.recorded)
        other = SqliteEventStore(
            SqliteDatabase(registry.events.recorder.database.path),  # type: ignore[attr-defined]
            ids=TimeOrderedIds(),
        )
        kept = KeptGraph(other, registry.views, most=MANY, worth=0)
        kept.found(1)
        kept.follow()
        before = pedigree.head
        pedigree.use("vision/mnist/r1", "a:0")
        registry.told(pedigree.recorded[before:])
        other.close()
        with pytest.raises(StorageFailed):
            kept.follow()
        assert not is_used(registry, kept, before)
        kept.follow()  # which loads it anew, from the views alone
        compare(registry, kept, "a:0", at=None)


def test_threads_ask_one_graph_while_it_grows(registry: Registry) -> None:
    pedigree = small()
    registry.told(pedigree.recorded)
    kept, stop = loaded(registry), Event()

    def ask() -> int:
        times = 0
        while not stop.is_set() or times == 0:
            kept.follow()
            for at in (None, 5, registry.views.checkpoint(LINEAGE.name)):
                with registry.views.reading():
                    asked = reach_of(registry.views, "a:0", at=at)
                    assert plain(reach_of(registry.views, "a:0", at=at, kept=kept)) == plain(asked)
            times += 1
        return times

    with ThreadPoolExecutor(3) as threads:
        asking = [threads.submit(ask) for _ in range(3)]
        try:
            made = "c:0"
            for n in range(20):
                before = pedigree.head
                run = pedigree.run(f"t{n}")
                pedigree.use(run, made)
                made = pedigree.log("d")
                pedigree.produce(run, made)
                registry.told(pedigree.recorded[before:])
        finally:
            stop.set()
        assert all(each.result() > 0 for each in asking)
    kept.follow()
    assert len(reach_of(registry.views, "a:0", kept=kept)) == 44
