"""What an event store promises that tells of appends or keeps cursors, as tests.

Name these classes beside `EventStoreContract`, with whose fixtures they run:

- `WatchContract` for a store that tells of appends; `DurableWatchContract` too, if other processes may
  append, with the fixture `opener` of `DurableEventStoreContract`;
- `CursorContract` for one that keeps cursors, and `DurableCursorContract` if they outlive the process.

For cursors, say how to read them without asking the store:

```python
class TestMyEventStore(EventStoreContract, CursorContract):
    def stored_cursors(self, store: EventStore) -> dict[str, int]: ...
```
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Protocol

import pytest

from stemmata_adapters.contracts.event_store import PATIENCE, Opener, append
from stemmata_domain.ports import (
    NO_STREAM,
    EventStore,
    KeepsCursors,
    SerialisesWriters,
    TellsOfAppends,
    Watch,
)

LONG = 2 * PATIENCE
"""A wait that must not come to its end by itself."""


class WatchedStore(EventStore, TellsOfAppends, Protocol):
    """An event store that tells of appends."""


class CursorStore(EventStore, KeepsCursors, Protocol):
    """An event store that keeps cursors."""


CursorOpener = Callable[[], CursorStore]


def follow(store: WatchedStore, watch: Watch, count: int) -> list[int]:
    """Read as the watch wakes us, until there are *count* events; return their positions."""
    found: list[int] = []
    until = time.monotonic() + PATIENCE
    while True:
        found += [r.position for r in store.read_all(after=found[-1] if found else 0)]
        if len(found) >= count:
            return found
        assert time.monotonic() < until, f"{len(found)} of {count} events in {PATIENCE} s"
        watch.wait(LONG)


@contextmanager
def later(act: Callable[[], object]) -> Iterator[None]:
    """Do something on another thread, a moment after the block has begun; it has to end in time."""
    with ThreadPoolExecutor(1) as pool:

        def wait_and_act() -> None:
            time.sleep(0.1)
            act()

        done = pool.submit(wait_and_act)
        before = time.monotonic()
        yield
        done.result(PATIENCE)
        assert time.monotonic() - before < PATIENCE


class WatchContract:
    """The promises of `TellsOfAppends`."""

    @pytest.fixture
    def watch(self, store: WatchedStore) -> Iterator[Watch]:
        """A watch that has seen the first events."""
        append(store, "s", NO_STREAM, "a")
        watch = store.watch()
        watch.wait(0.05)  # on this thread for the first time, which may be noticed as an append
        yield watch
        watch.close()

    def test_an_append_by_another_thread_ends_a_wait(
        self, store: WatchedStore, watch: Watch
    ) -> None:
        with later(lambda: append(store, "s", 0, "b")):
            assert len(follow(store, watch, 2)) == 2

    def test_an_append_before_the_wait_is_not_missed(
        self, store: WatchedStore, watch: Watch
    ) -> None:
        for n in range(3):
            append(store, "s", n, "x")
            before = time.monotonic()
            watch.wait(LONG)
            assert time.monotonic() - before < PATIENCE

    def test_an_append_between_the_beginning_and_the_first_wait_is_not_missed(
        self, store: WatchedStore
    ) -> None:
        with closing(store.watch()) as watch:
            append(store, "s", NO_STREAM, "a")
            before = time.monotonic()
            watch.wait(LONG)
            assert time.monotonic() - before < PATIENCE

    def test_without_an_append_a_wait_ends_after_its_time(self, watch: Watch) -> None:
        spent, before = time.thread_time(), time.monotonic()
        # It may return early, so that the waits add up.
        while time.monotonic() - before < 0.5:
            watch.wait(0.1)
        assert time.monotonic() - before < PATIENCE
        assert time.thread_time() - spent < 0.25  # it slept
        watch.wait(0)

    def test_a_watch_wakes_after_what_was_appended_can_be_read(
        self, store: WatchedStore, watch: Watch
    ) -> None:
        """Who looks too early must be woken once more."""
        if not isinstance(store, SerialisesWriters):
            pytest.skip("it has no blocks that are undone or made visible as a whole")

        def write() -> None:
            with store.writing():
                append(store, "s", 0, "b")
                time.sleep(0.1)
                append(store, "s", 1, "c")
                time.sleep(0.1)

        with later(write):
            assert len(follow(store, watch, 3)) == 3

    def test_each_of_several_watches_notices(self, store: WatchedStore) -> None:
        append(store, "s", NO_STREAM, "a")
        ready = threading.Barrier(4)

        def notice() -> list[int]:
            with closing(store.watch()) as watch:
                ready.wait(PATIENCE)
                return follow(store, watch, 11)

        with ThreadPoolExecutor(3) as pool:
            noticing = [pool.submit(notice) for _ in range(3)]
            ready.wait(PATIENCE)
            for n in range(10):
                append(store, "s", n, "x")
            positions = [r.position for r in store.read_all()]
            assert [each.result(PATIENCE) for each in noticing] == [positions] * 3

    def test_closing_from_another_thread_ends_a_wait(self, watch: Watch) -> None:
        with later(watch.close):
            watch.wait(LONG)

    def test_a_closed_watch_does_not_wait_and_closes_again(
        self, store: WatchedStore, watch: Watch
    ) -> None:
        watch.close()
        watch.close()
        before = time.monotonic()
        watch.wait(LONG)
        watch.wait(LONG)
        assert time.monotonic() - before < PATIENCE
        append(store, "s", 0, "b")

    def test_closing_the_store_ends_a_wait(self, store: WatchedStore, watch: Watch) -> None:
        with later(store.close):
            watch.wait(LONG)


class DurableWatchContract:
    """What a store promises that tells of appends by other processes."""

    def test_an_append_by_another_store_on_the_same_medium_ends_a_wait(
        self, store: WatchedStore, opener: Opener
    ) -> None:
        append(store, "s", NO_STREAM, "a")
        with (
            closing(opener()) as other,
            closing(store.watch()) as watch,
            later(lambda: append(other, "s", 0, "b")),
        ):
            assert len(follow(store, watch, 2)) == 2

    def test_what_another_process_appends_is_noticed_without_a_timeout(
        self, store: WatchedStore, opener: Opener
    ) -> None:
        append(store, "other", NO_STREAM, "a")
        spawn = multiprocessing.get_context("spawn")
        process = spawn.Process(target=append_at_leisure, args=(opener, 5))
        with closing(store.watch()) as watch:
            process.start()
            try:
                assert len(follow(store, watch, 6)) == 6
            finally:
                process.join(PATIENCE)
        assert process.exitcode == 0


def append_at_leisure(opener: Opener, count: int) -> None:
    """Append events with pauses, in which a reader can catch up and has to wait."""
    with closing(opener()) as store:
        for n in range(count):
            time.sleep(0.05)
            append(store, "s", n - 1, str(n))


class CursorContract:
    """The promises of `KeepsCursors`."""

    def stored_cursors(self, store: EventStore) -> dict[str, int]:
        """Return the cursors as they stand on the medium, past the store."""
        raise NotImplementedError

    def test_there_is_no_cursor_at_first(self, store: CursorStore) -> None:
        append(store, "s", NO_STREAM, "a")
        assert store.load_cursor("s") is None
        assert dict(store.cursors()) == self.stored_cursors(store) == {}

    def test_a_cursor_that_was_saved_stands_on_the_medium(self, store: CursorStore) -> None:
        for name, position in (("billing", 7), ("a", 0), ("far", 2**53 - 1)):
            store.save_cursor(name, position)
            assert store.load_cursor(name) == position
        expected = {"billing": 7, "a": 0, "far": 2**53 - 1}
        assert dict(store.cursors()) == self.stored_cursors(store) == expected

    def test_what_was_saved_last_counts_be_it_further_or_not(self, store: CursorStore) -> None:
        for position in (3, 9, 5, 5):
            store.save_cursor("billing", position)
            assert store.load_cursor("billing") == position
        assert dict(store.cursors()) == self.stored_cursors(store) == {"billing": 5}

    @pytest.mark.parametrize(
        ("one", "other"),
        [("a", "A"), ("a", "a "), ("a_", "ab"), ("a%", "ab"), ("é", "e\u0301"), ("1", "01")],
        ids=ascii,
    )
    def test_cursors_whose_names_look_alike_are_apart(
        self, store: CursorStore, one: str, other: str
    ) -> None:
        store.save_cursor(one, 1)
        assert store.load_cursor(other) is None
        store.save_cursor(other, 2)
        assert (store.load_cursor(one), store.load_cursor(other)) == (1, 2)
        store.drop_cursor(one)
        assert dict(store.cursors()) == self.stored_cursors(store) == {other: 2}

    def test_a_cursor_may_be_dropped_and_need_not_be_there(self, store: CursorStore) -> None:
        store.save_cursor("billing", 7)
        for _ in range(2):
            store.drop_cursor("billing")
            assert store.load_cursor("billing") is None
            assert dict(store.cursors()) == self.stored_cursors(store) == {}
        store.save_cursor("billing", 1)
        assert store.load_cursor("billing") == 1

    def test_cursors_are_no_events(self, store: CursorStore) -> None:
        recorded = append(store, "s", NO_STREAM, "a")
        store.save_cursor("s", 99)
        assert store.head() == recorded[-1].position
        assert list(store.read_all()) == list(recorded)

    def test_threads_save_cursors_while_others_append(self, store: CursorStore) -> None:
        def save(name: str) -> None:
            for position in range(20):
                store.save_cursor(name, position)
                append(store, name, position - 1, "x")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(save, "abcd"))
        expected = dict.fromkeys("abcd", 19)
        assert dict(store.cursors()) == self.stored_cursors(store) == expected
        assert len(store.read_all()) == 80


class DurableCursorContract:
    """What a store promises whose cursors outlive the process."""

    def test_cursors_survive_closing_and_opening(
        self, store: CursorStore, opener: CursorOpener
    ) -> None:
        store.save_cursor("billing", 7)
        store.close()
        with closing(opener()) as opened:
            assert dict(opened.cursors()) == {"billing": 7}

    def test_a_cursor_is_seen_by_others_as_soon_as_it_was_saved(
        self, store: CursorStore, opener: CursorOpener
    ) -> None:
        store.head()  # which makes the medium, where it was not made yet
        with closing(opener()) as other:
            for position in range(5):
                store.save_cursor("billing", position)
                assert other.load_cursor("billing") == position
            other.drop_cursor("billing")
            assert store.load_cursor("billing") is None
