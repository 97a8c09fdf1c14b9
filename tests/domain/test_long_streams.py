"""Snapshots of long streams are made from the log that is there, with progress, or not at all."""

import pytest

from stemmata_domain.aggregates.artifact import ARTIFACT
from stemmata_domain.errors import StoreUnavailable
from stemmata_domain.long_streams import LongStreams
from stemmata_domain.ports import KeptEvent, Snapshot
from stemmata_domain.states import States
from tests.domain.test_handling import Counting, Plain, grown


def seen(store: Counting) -> LongStreams:
    """What is long in a store whose events passed."""
    found = LongStreams()
    for event in store.read_kept(limit=100_000):
        found.note(event)
    return found


def test_short_streams_and_those_without_snapshots_are_not_long() -> None:
    long = LongStreams()
    for stream in ("artifact-a", "run-a", "collection-c"):
        for version in range(2_000 if stream != "collection-c" else 1_999):
            long.note(KeptEvent(1, stream, version, "AliasAdded", b""))
    assert long.last == {"artifact-a": 1_999}


def test_the_snapshots_that_are_kept_are_the_states_of_the_streams() -> None:
    store = Counting()
    grown(store, 3_000)
    long = seen(store)
    assert len(long.last) == 2
    told: list[tuple[int, int]] = []
    long.keep_snapshots(store, progress=lambda done, total: told.append((done, total)))
    total = sum(last + 1 for last in long.last.values())
    assert told[-1] == (total, total)
    assert told == sorted(told)
    assert len(told) > 10
    assert ARTIFACT.snapshots is not None
    for stream, last in long.last.items():
        kept = store.load_snapshot(stream)
        assert kept is not None
        assert kept.version == last
        if stream.startswith("artifact-"):
            folded = States(Plain(store))
            folded.begin()
            assert ARTIFACT.snapshots.read(kept.body) == folded.load(ARTIFACT, stream).state


def test_what_has_a_snapshot_is_not_folded_again() -> None:
    store = Counting()
    grown(store, 3_000)
    seen(store).keep_snapshots(store)
    store.read = store.saved = 0
    seen(store).keep_snapshots(store)
    assert (store.read, store.saved) == (0, 0)


def test_a_store_that_keeps_no_snapshots_is_left_alone() -> None:
    counting = Counting()
    grown(counting, 3_000)
    counting.read = 0
    seen(counting).keep_snapshots(Plain(counting))
    assert counting.read == 0


def test_what_cannot_be_kept_is_left_to_the_first_command(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Counting()
    grown(store, 3_000)

    def full(snapshot: Snapshot) -> None:
        raise StoreUnavailable(store="snapshots", why="full")

    monkeypatch.setattr(store, "save_snapshot", full)
    told: list[tuple[int, int]] = []
    seen(store).keep_snapshots(store, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1]
