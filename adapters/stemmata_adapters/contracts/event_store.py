"""What every event store promises, as tests.

Subclass it, say how a store is made, and how to read what it stores without asking it:

```python
class TestMyEventStore(EventStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[EventStore]: ...

    def stored_rows(self, store: EventStore) -> list[KeptEvent]: ...
```

What not every store can do is a class of its own, to be named beside it:

- `TurnTakingContract` for a store that lets one writer at a time decide and append (`writing`);
- `SnapshotContract` for one that keeps snapshots;
- `DurableEventStoreContract` for one whose events outlive the process. It needs one fixture more,
  `opener`: a function that opens the store's medium once more, and that other processes can import.

Of events that move from store to store there are classes in `stemmata_adapters.contracts.handing_over`, of
watches and cursors in `stemmata_adapters.contracts.watching`.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from typing import Protocol

import pytest
from pydantic import JsonValue

from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_domain.codec import decode
from stemmata_domain.commands.organize import Organize
from stemmata_domain.errors import InvalidSetting, WrongExpectedVersion
from stemmata_domain.events import (
    AliasAdded,
    Event,
    MetadataChanged,
    TeamCreated,
    VersionLinked,
)
from stemmata_domain.handling import CommandHandler
from stemmata_domain.ports import NO_STREAM, Append, EventStore, KeptEvent, Snapshot
from stemmata_domain.recorded import Context, RecordedEvent

CONTEXT = Context("ada", datetime(2026, 3, 3, 12, 0, 0, 123456, tzinfo=UTC), "c" * 32, None)
PATIENCE = 60.0


class TurnTakingStore(EventStore, Protocol):
    """An event store that lets one writer in at a time."""

    def writing(self) -> AbstractContextManager[None]:
        """Hold the right to append."""
        ...


class SnapshotStore(EventStore, Protocol):
    """An event store that keeps snapshots."""

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        ...

    def load_snapshot(self, stream: str) -> Snapshot | None:
        """Return the newest snapshot of a stream."""
        ...


Opener = Callable[[], EventStore]


def events(*names: str) -> tuple[Event, ...]:
    """Return small events that can be told apart."""
    return tuple(TeamCreated(team=name) for name in names)


def append(
    store: EventStore, stream: str, expected: int, *names: str, context: Context = CONTEXT
) -> Sequence[RecordedEvent]:
    """Append small events to one stream."""
    return store.append([Append(stream, expected, events(*names))], context)


def versions(store: EventStore, stream: str) -> list[int]:
    """Return the versions of a stream's events."""
    return [recorded.version for recorded in store.read_stream(stream)]


class _Contract:
    """What the parts of the contract share."""

    def stored_rows(self, store: EventStore) -> list[KeptEvent]:
        """Return all events as they stand on the medium, by position, past the store."""
        raise NotImplementedError


class EventStoreContract(_Contract):
    """The promises of `EventStore`."""

    # --- what was appended is there ---------------------------------------------------------

    def test_an_empty_store_has_nothing(self, store: EventStore) -> None:
        assert store.head() == 0
        assert list(store.read_all()) == []
        assert list(store.read_stream("s")) == []
        assert self.stored_rows(store) == []

    def test_an_append_returns_the_events_as_recorded(self, store: EventStore) -> None:
        context = CONTEXT._replace(key="k", correlation="job-7")
        recorded = append(store, "s", NO_STREAM, "a", "b", context=context)
        assert [(r.stream, r.version, r.event) for r in recorded] == [
            ("s", 0, TeamCreated(team="a")),
            ("s", 1, TeamCreated(team="b")),
        ]
        for r in recorded:
            assert (r.actor, r.time, r.correlation, r.key) == ("ada", CONTEXT.time, "job-7", "k")
        assert len({r.id for r in recorded}) == 2
        assert 0 < recorded[0].position < recorded[1].position

    def test_what_was_appended_stands_on_the_medium(self, store: EventStore) -> None:
        recorded = [*append(store, "s", -1, "a", "é🙂"), *append(store, "t", -1, "b")]
        rows = self.stored_rows(store)
        assert [(r.position, r.stream, r.version) for r in rows] == [
            (r.position, r.stream, r.version) for r in recorded
        ]
        for row, r in zip(rows, recorded, strict=True):
            envelope, event = decode(row.topic, row.state)
            assert (row.topic, event) == ("TeamCreated", r.event)
            assert envelope == (r.id, r.time, r.actor, r.correlation, r.key)

    def test_what_was_appended_is_read_as_it_was_recorded(self, store: EventStore) -> None:
        first = append(store, "s", NO_STREAM, "a", "b")
        other = append(store, "t", NO_STREAM, "c")
        last = append(store, "s", 1, "d")
        assert list(store.read_stream("s")) == [*first, *last]
        assert list(store.read_stream("t")) == list(other)
        assert list(store.read_all()) == [*first, *other, *last]
        assert store.head() == last[-1].position

    def test_what_was_read_once_is_read_the_same(self, store: EventStore) -> None:
        append(store, "s", NO_STREAM, "a", "b")
        once, rows = list(store.read_all()), self.stored_rows(store)
        append(store, "s", 1, "c")
        append(store, "t", NO_STREAM, "d")
        assert list(store.read_all())[:2] == once
        assert list(store.read_stream("s"))[:2] == once
        assert self.stored_rows(store)[:2] == rows

    def test_events_of_every_shape_and_size_are_kept(self, store: EventStore) -> None:
        metadata: dict[str, JsonValue] = {"x": ["é🙂\u0000\u2028"] * 100_000, "n": 2**63 - 1}
        shapes: tuple[Event, ...] = (
            VersionLinked(version="a:0", artifact="a", source_index=0, index=2**40),
            AliasAdded(alias="two words", index=0, moved_from=None),
            MetadataChanged(version="a:0", index=0, metadata=metadata),
        )
        recorded = store.append([Append("s", NO_STREAM, shapes)], CONTEXT)
        assert [r.event for r in recorded] == list(shapes)
        assert list(store.read_stream("s")) == list(recorded)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("a", "A"),
            ("a", "a "),
            ("a_", "ab"),
            ("a%", "ab"),
            ("é", "e\u0301"),
            ("in@a/b:c", "in@a/b:C"),
            ("1", "01"),
            ("x" * 1000, "x" * 999),
            ("", " "),
        ],
        ids=ascii,
    )
    def test_streams_whose_names_look_alike_are_apart(
        self, store: EventStore, one: str, other: str
    ) -> None:
        append(store, one, NO_STREAM, "a")
        append(store, other, NO_STREAM, "b")
        assert [r.event for r in store.read_stream(one)] == list(events("a"))
        assert [r.event for r in store.read_stream(other)] == list(events("b"))
        assert [r.stream for r in store.read_all()] == [one, other]

    # --- reading in pages -------------------------------------------------------------------

    def test_a_stream_is_read_in_pages(self, store: EventStore) -> None:
        recorded = list(append(store, "s", NO_STREAM, *"abcdefg"))
        append(store, "t", NO_STREAM, "other")
        assert list(store.read_stream("s", after=2)) == recorded[3:]
        assert list(store.read_stream("s", limit=3)) == recorded[:3]
        assert list(store.read_stream("s", after=2, limit=3)) == recorded[3:6]
        assert list(store.read_stream("s", after=5, limit=3)) == recorded[6:]
        assert list(store.read_stream("s", after=6)) == []
        assert list(store.read_stream("s", after=99, limit=1)) == []
        assert list(store.read_stream("s", limit=7)) == recorded

    def test_all_streams_are_read_in_pages(self, store: EventStore) -> None:
        recorded: list[RecordedEvent] = []
        for n in range(7):
            recorded += append(store, f"s{n % 3}", n // 3 - 1, str(n))
        positions = [r.position for r in recorded]
        assert list(store.read_all(limit=3)) == recorded[:3]
        assert list(store.read_all(after=positions[2], limit=3)) == recorded[3:6]
        assert list(store.read_all(after=positions[5], limit=3)) == recorded[6:]
        assert list(store.read_all(after=positions[6])) == []
        assert list(store.read_all(after=positions[6] + 99)) == []

    # --- all or nothing ---------------------------------------------------------------------

    def test_one_append_may_be_of_several_streams(self, store: EventStore) -> None:
        append(store, "s", NO_STREAM, "a")
        recorded = store.append(
            [
                Append("t", NO_STREAM, events("b", "c")),
                Append("s", 0, events("d")),
                Append("u", NO_STREAM, events("e")),
            ],
            CONTEXT,
        )
        assert [(r.stream, r.version) for r in recorded] == [
            ("t", 0),
            ("t", 1),
            ("s", 1),
            ("u", 0),
        ]
        assert [r.position for r in recorded] == sorted({r.position for r in recorded})
        assert list(store.read_all())[1:] == list(recorded)

    @pytest.mark.parametrize("expected", [NO_STREAM, 0, 2, 7], ids=str)
    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_a_wrong_expectation_writes_nothing_in_any_stream(
        self, store: EventStore, expected: int, place: int
    ) -> None:
        """Too low, or too high, which would leave a gap: the stream is at version 1."""
        append(store, "s", NO_STREAM, "a", "b")
        before = self.stored_rows(store)
        appends = [Append("t", NO_STREAM, events("c")), Append("u", NO_STREAM, events("d"))]
        appends.insert(place, Append("s", expected, events("e")))
        with pytest.raises(WrongExpectedVersion) as raised:
            store.append(appends, CONTEXT)
        error = raised.value
        assert (error.stream, error.expected, error.actual) == ("s", expected, 1)
        assert self.stored_rows(store) == before
        assert append(store, "t", NO_STREAM, "f")[0].version == 0

    @pytest.mark.parametrize("expected", [0, 5])
    def test_a_stream_without_events_is_at_no_version(
        self, store: EventStore, expected: int
    ) -> None:
        with pytest.raises(WrongExpectedVersion) as raised:
            append(store, "s", expected, "a")
        assert raised.value.actual == NO_STREAM
        assert self.stored_rows(store) == []

    def test_an_append_without_events_only_states_an_expectation(self, store: EventStore) -> None:
        append(store, "s", NO_STREAM, "a")
        recorded = store.append(
            [Append("s", 0, ()), Append("none", NO_STREAM, ()), Append("t", -1, events("b"))],
            CONTEXT,
        )
        assert [(r.stream, r.version) for r in recorded] == [("t", 0)]
        assert list(store.append([Append("s", 0, ())], CONTEXT)) == []

    @pytest.mark.parametrize(("stream", "expected"), [("s", NO_STREAM), ("s", 1), ("none", 0)])
    def test_a_wrong_expectation_without_events_writes_nothing(
        self, store: EventStore, stream: str, expected: int
    ) -> None:
        append(store, "s", NO_STREAM, "a")
        before = self.stored_rows(store)
        with pytest.raises(WrongExpectedVersion):
            store.append(
                [Append("t", NO_STREAM, events("b")), Append(stream, expected, ())], CONTEXT
            )
        assert self.stored_rows(store) == before

    @pytest.mark.parametrize("second", [NO_STREAM, 0])
    def test_a_stream_has_one_place_in_an_append(self, store: EventStore, second: int) -> None:
        with pytest.raises(WrongExpectedVersion) as raised:
            store.append(
                [Append("s", NO_STREAM, events("a")), Append("s", second, events("b"))], CONTEXT
            )
        assert raised.value.stream == "s"
        assert self.stored_rows(store) == []

    def test_an_event_that_cannot_be_written_keeps_the_others_out(self, store: EventStore) -> None:
        with pytest.raises(InvalidSetting):
            store.append([Append("s", NO_STREAM, events("fine", "\ud800"))], CONTEXT)
        assert self.stored_rows(store) == []

    # --- commands ---------------------------------------------------------------------------

    def test_a_command_that_is_repeated_with_its_key_appends_nothing(
        self, store: EventStore
    ) -> None:
        command = Organize(name="Acme", teams=("vision",))
        first = commands(store).handle(command, actor="ada", key="k")
        rows = self.stored_rows(store)
        for handler in (commands(store), commands(store)):
            assert handler.handle(command, actor="ada", key="k") == first
        assert self.stored_rows(store) == rows

    def test_a_command_that_many_repeat_at_once_is_carried_out_once(
        self, store: EventStore
    ) -> None:
        commands(store).handle(Organize(name="Acme"), actor="ada")
        handlers = [commands(store) for _ in range(4)]
        for n in range(5):
            command = Organize(name="Acme", teams=(f"team-{n}",))
            barrier = threading.Barrier(len(handlers))

            def repeat(
                handler: CommandHandler,
                command: Organize = command,
                key: str = f"k{n}",
                barrier: threading.Barrier = barrier,
            ) -> object:
                barrier.wait(PATIENCE)
                return handler.handle(command, actor="ada", key=key)

            with ThreadPoolExecutor(len(handlers)) as pool:
                results = list(pool.map(repeat, handlers))
            assert results == results[:1] * len(handlers)
        made = [r.event.team for r in store.read_all() if isinstance(r.event, TeamCreated)]
        assert made == [f"team-{n}" for n in range(5)]

    # --- many at once -----------------------------------------------------------------------

    def test_of_two_appends_at_the_same_version_one_wins(self, store: EventStore) -> None:
        rounds, threads = 10, 4
        barrier = threading.Barrier(threads)

        def race(name: str) -> list[bool]:
            won = []
            for n in range(rounds):
                barrier.wait()
                try:
                    append(store, "s", n - 1, name)
                    won.append(True)
                except WrongExpectedVersion as error:
                    won.append((error.stream, error.expected) != ("s", n - 1))
                barrier.wait()
            return won

        with ThreadPoolExecutor(threads) as pool:
            winners = list(pool.map(race, "abcd"))
        assert [sum(each) for each in zip(*winners, strict=True)] == [1] * rounds
        assert versions(store, "s") == list(range(rounds))

    def test_of_two_appends_that_each_rest_on_what_the_other_changes_one_wins(
        self, store: EventStore
    ) -> None:
        """An expectation without events holds until the append is visible, not only before it."""
        rounds, threads = 25, 2
        barrier = threading.Barrier(threads)

        def rest_on_the_other(own: int) -> list[bool]:
            won = []
            for n in range(rounds):
                mine, other = f"{own}-{n}", f"{1 - own}-{n}"
                barrier.wait(PATIENCE)
                try:
                    store.append(
                        [Append(mine, NO_STREAM, events("a")), Append(other, NO_STREAM, ())],
                        CONTEXT,
                    )
                    won.append(True)
                except WrongExpectedVersion:
                    won.append(False)
                barrier.wait(PATIENCE)
            return won

        with ThreadPoolExecutor(threads) as pool:
            winners = list(pool.map(rest_on_the_other, range(threads)))
        assert [sum(each) for each in zip(*winners, strict=True)] == [1] * rounds

    def test_a_tailing_reader_misses_nothing_while_threads_write(self, store: EventStore) -> None:
        writers, appends = 6, 40

        def write(writer: int) -> list[RecordedEvent]:
            recorded: list[RecordedEvent] = []
            for n in range(appends):
                recorded += store.append(
                    [
                        Append(f"own-{writer}", 2 * n - 1, events(f"{writer}-{n}-a", "b")),
                        Append(f"more-{writer}-{n}", NO_STREAM, events("c")),
                    ],
                    CONTEXT,
                )
            return recorded

        with ThreadPoolExecutor(writers) as pool:
            futures = [pool.submit(write, writer) for writer in range(writers)]
            read = tail(
                store,
                writers * appends * 3,
                ended=lambda: all(future.done() for future in futures),
            )
            written = [r for future in futures for r in future.result()]
        assert read == sorted(written, key=lambda r: r.position)
        assert list(store.read_all(limit=10_000)) == read

    def test_closing_twice_is_fine(self, store: EventStore) -> None:
        append(store, "s", NO_STREAM, "a")
        store.close()
        store.close()


def commands(store: EventStore) -> CommandHandler:
    """Return what carries out commands on the store, as a process of its own would."""
    return CommandHandler(store, clock=SystemClock(), ids=TimeOrderedIds(), attempts=100)


def tail(
    store: EventStore, count: int, *, page: int = 7, ended: Callable[[], bool] = lambda: False
) -> list[RecordedEvent]:
    """Read as events come, in small pages, until there are *count*; see positions grow.

    Args:
        ended: Tells whether nobody writes any more: what is not there then was missed.
    """
    found: list[RecordedEvent] = []
    until = time.monotonic() + PATIENCE
    while len(found) < count:
        assert time.monotonic() < until, f"{len(found)} of {count} events in {PATIENCE} s"
        after = found[-1].position if found else 0
        last = ended()
        new = store.read_all(after=after, limit=page)
        assert new or not last, f"{len(found)} of {count} events, and no more to come"
        positions = [after, *(r.position for r in new)]
        assert positions == sorted(set(positions))
        assert store.head() >= positions[-1]
        found += new
    return found


class TurnTakingContract(_Contract):
    """The promises of `SerialisesWriters`."""

    def test_what_was_appended_inside_is_read_inside_and_stays(
        self, store: TurnTakingStore
    ) -> None:
        with store.writing():
            first = append(store, "s", NO_STREAM, "a")
            assert list(store.read_stream("s")) == list(first)
            assert store.head() == first[0].position
            second = append(store, "s", 0, "b")
            assert list(store.read_all()) == [*first, *second]
        assert list(store.read_all()) == [*first, *second]
        assert len(self.stored_rows(store)) == 2

    @pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()], ids=repr)
    def test_an_exception_undoes_all_that_was_appended_inside(
        self, store: TurnTakingStore, error: BaseException
    ) -> None:
        kept = list(append(store, "s", NO_STREAM, "a"))

        def fail() -> None:
            with store.writing():
                append(store, "s", 0, "b")
                append(store, "t", NO_STREAM, "c")
                raise error

        with pytest.raises(type(error)) as raised:
            fail()
        assert raised.value is error
        assert list(store.read_all()) == kept
        assert list(store.read_stream("t")) == []
        assert len(self.stored_rows(store)) == 1
        again = append(store, "s", 0, "d")
        assert (again[0].version, store.head()) == (1, again[0].position)

    def test_others_see_nothing_before_the_end(self, store: TurnTakingStore) -> None:
        """They may have to wait for the end, but never see what could still be undone."""
        append(store, "s", NO_STREAM, "a")
        ended = threading.Event()

        def look() -> tuple[bool, int, list[int]]:
            found = versions(store, "s")
            return ended.is_set(), len(store.read_all()), found

        with ThreadPoolExecutor(1) as pool:
            with store.writing():
                append(store, "s", 0, "b")
                looking = pool.submit(look)
                until = time.monotonic() + 0.3
                while time.monotonic() < until and not looking.done():
                    time.sleep(0.005)
                if looking.done():
                    assert looking.result() == (False, 1, [0])
                ended.set()
            late, _, found = looking.result(PATIENCE)
            assert found == ([0, 1] if late and len(found) == 2 else [0])
            assert pool.submit(look).result(PATIENCE) == (True, 2, [0, 1])

    def test_it_may_be_entered_again_inside(self, store: TurnTakingStore) -> None:
        with store.writing():
            append(store, "s", NO_STREAM, "a")
            with store.writing():
                append(store, "s", 0, "b")
            append(store, "s", 1, "c")
        assert versions(store, "s") == [0, 1, 2]

    def test_an_exception_undoes_what_was_appended_in_an_inner_block_too(
        self, store: TurnTakingStore
    ) -> None:
        def fail() -> None:
            with store.writing():
                with store.writing():
                    append(store, "s", NO_STREAM, "a")
                raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            fail()
        assert self.stored_rows(store) == []

    def test_an_append_that_is_refused_inside_leaves_nothing_and_the_rest_stays(
        self, store: TurnTakingStore
    ) -> None:
        with store.writing():
            append(store, "s", NO_STREAM, "a")
            with pytest.raises(WrongExpectedVersion):
                store.append(
                    [Append("t", NO_STREAM, events("b")), Append("s", 5, events("c"))], CONTEXT
                )
            append(store, "s", 0, "d")
        assert [(r.stream, r.version) for r in store.read_all()] == [("s", 0), ("s", 1)]

    def test_nothing_inside_is_nothing(self, store: TurnTakingStore) -> None:
        with store.writing():
            pass
        assert store.head() == 0

    def test_writers_take_turns_and_never_conflict(self, store: TurnTakingStore) -> None:
        threads, times = 6, 20

        def count(name: int) -> None:
            for _ in range(times):
                with store.writing():
                    at = len(store.read_stream("s")) - 1
                    append(store, "s", at, f"{name}")

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(count, range(threads)))
        assert versions(store, "s") == list(range(threads * times))


class SnapshotContract:
    """The promises of `KeepsSnapshots`."""

    def test_there_is_no_snapshot_at_first(self, store: SnapshotStore) -> None:
        append(store, "s", NO_STREAM, "a")
        assert store.load_snapshot("s") is None

    def test_a_snapshot_is_kept_as_it_is(self, store: SnapshotStore) -> None:
        snapshot = Snapshot("s", 3, 1, bytes(range(256)) * 100)
        store.save_snapshot(snapshot)
        assert store.load_snapshot("s") == snapshot
        assert store.load_snapshot("S") is None

    def test_a_newer_snapshot_takes_the_place_of_an_older_one(self, store: SnapshotStore) -> None:
        for version in 3, 9:
            store.save_snapshot(Snapshot("s", version, 1, b"%d" % version))
        assert store.load_snapshot("s") == Snapshot("s", 9, 1, b"9")

    def test_an_older_snapshot_does_not_take_the_place_of_a_newer_one(
        self, store: SnapshotStore
    ) -> None:
        for version in 9, 3:
            store.save_snapshot(Snapshot("s", version, 1, b"%d" % version))
        assert store.load_snapshot("s") == Snapshot("s", 9, 1, b"9")

    def test_another_schemas_snapshot_of_the_same_version_takes_the_place(
        self, store: SnapshotStore
    ) -> None:
        store.save_snapshot(Snapshot("s", 3, 2, b"new"))
        store.save_snapshot(Snapshot("s", 3, 1, b"old"))
        assert store.load_snapshot("s") == Snapshot("s", 3, 1, b"old")

    def test_each_stream_has_its_own(self, store: SnapshotStore) -> None:
        store.save_snapshot(Snapshot("s", 3, 1, b"s"))
        store.save_snapshot(Snapshot("t", 5, 1, b"t"))
        assert store.load_snapshot("s") == Snapshot("s", 3, 1, b"s")
        assert store.load_snapshot("t") == Snapshot("t", 5, 1, b"t")

    def test_snapshots_are_no_events(self, store: SnapshotStore) -> None:
        store.save_snapshot(Snapshot("s", 3, 1, b"s"))
        assert store.head() == 0
        assert list(store.read_stream("s")) == []


class DurableEventStoreContract(_Contract):
    """What an event store promises whose events outlive the process."""

    @pytest.fixture
    def opener(self) -> Opener:
        """Return what opens the medium of `store` once more; it has to be importable elsewhere."""
        raise NotImplementedError

    @pytest.fixture
    def other(self, store: EventStore, opener: Opener) -> Iterator[EventStore]:
        """A second store on the same medium, as another process would have it."""
        store.head()  # which makes the medium, where it was not made yet
        opened = opener()
        yield opened
        opened.close()

    def test_events_survive_closing_and_opening(self, store: EventStore, opener: Opener) -> None:
        recorded = [*append(store, "s", NO_STREAM, "a", "é🙂"), *append(store, "t", NO_STREAM, "b")]
        rows = self.stored_rows(store)
        store.close()
        for _ in range(2):
            opened = opener()
            assert list(opened.read_all()) == recorded
            assert list(opened.read_stream("s")) == recorded[:2]
            assert opened.head() == recorded[-1].position
            assert self.stored_rows(opened) == rows
            opened.close()

    def test_positions_and_versions_go_on_after_opening(
        self, store: EventStore, opener: Opener
    ) -> None:
        first = append(store, "s", NO_STREAM, "a")
        store.close()
        opened = opener()
        second = append(opened, "s", 0, "b")
        assert second[0].position > first[0].position
        with pytest.raises(WrongExpectedVersion):
            append(opened, "s", 0, "c")
        opened.close()

    def test_what_one_appends_the_other_reads_at_once(
        self, store: EventStore, other: EventStore
    ) -> None:
        for n in range(10):
            writer, reader = (store, other)[n % 2], (other, store)[n % 2]
            recorded = append(writer, "s", n - 1, str(n))
            assert reader.head() == recorded[0].position
            assert list(reader.read_stream("s", after=n - 1)) == list(recorded)
            assert list(reader.read_all(after=recorded[0].position - 1)) == list(recorded)

    def test_the_first_to_append_wins(self, store: EventStore, other: EventStore) -> None:
        append(store, "s", NO_STREAM, "a")
        with pytest.raises(WrongExpectedVersion) as raised:
            append(other, "s", NO_STREAM, "b")
        assert raised.value.actual == 0
        assert versions(store, "s") == versions(other, "s") == [0]

    def test_a_tailing_reader_misses_nothing_while_processes_write(
        self, store: EventStore, opener: Opener
    ) -> None:
        writers, appends = 6, 40
        spawn = multiprocessing.get_context("spawn")
        start = spawn.Barrier(writers)
        processes = [
            spawn.Process(target=write_beside_others, args=(opener, writer, appends, start))
            for writer in range(writers)
        ]
        for process in processes:
            process.start()
        try:
            read = tail(
                store,
                writers * appends * 3,
                ended=lambda: all(process.exitcode is not None for process in processes),
            )
        finally:
            for process in processes:
                process.join(PATIENCE)
        assert [process.exitcode for process in processes] == [0] * writers
        assert list(store.read_all(limit=10_000)) == read
        assert versions(store, "shared") == list(range(writers * appends // 2))
        for writer in range(writers):
            assert versions(store, f"own-{writer}") == list(range(2 * appends))
        rows = self.stored_rows(store)
        assert [(r.position, r.stream, r.version) for r in rows] == [
            (r.position, r.stream, r.version) for r in read
        ]


def write_beside_others(
    opener: Opener, writer: int, appends: int, start: Barrier | None = None
) -> None:
    """Append to a stream of one's own, and in the same append to another.

    Every second time all processes share the other one. Not always: who appends to one stream waits
    for those before, and that would hide positions that are handed out before the events are visible.
    """
    store = opener()
    at = NO_STREAM
    if start is not None:
        start.wait(PATIENCE)
    for n in range(appends):
        own = Append(f"own-{writer}", 2 * n - 1, events(f"{writer}-{n}", "b"))
        if n % 2:
            other = Append(f"more-{writer}-{n}", NO_STREAM, events("c"))
            store.append([own, other], CONTEXT)
            continue
        while True:
            try:
                store.append([own, Append("shared", at, events(f"{writer}-{n}"))], CONTEXT)
                break
            except WrongExpectedVersion as error:
                if error.stream != "shared":
                    raise
                at += len(store.read_stream("shared", after=at))
        at += 1
    store.close()
