"""What event stores promise whose events can move, as tests.

Name the class beside `EventStoreContract` of :mod:`stemmata_adapters.contracts.event_store`, whose
fixture `store` and method `stored_rows` it uses:

- `HandingOverContract` for a store that hands over what it keeps (`read_kept`);
- `TakingOverContract`, which has the former in it, for one that takes over from others too;
- `ToldTakingOverContract` beside it for one that tells of appends too (`watch`);
- `DurableTakingOverContract` for one whose events outlive the process, with the fixture `opener`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Protocol

import pytest

from stemmata_adapters.contracts.event_store import (
    CONTEXT,
    PATIENCE,
    Opener,
    append,
    events,
    tail,
    versions,
)
from stemmata_domain.codec import encode
from stemmata_domain.errors import StoreUnavailable, WrongExpectedVersion
from stemmata_domain.events import TeamCreated
from stemmata_domain.ports import (
    NO_STREAM,
    Append,
    EventStore,
    HandsOverEvents,
    KeptEvent,
    TakesOverEvents,
    TellsOfAppends,
)


class HandingOverStore(EventStore, HandsOverEvents, Protocol):
    """An event store that hands over what it keeps."""


class TakingOverStore(EventStore, TakesOverEvents, Protocol):
    """An event store that takes over what another one kept."""


class WatchedTakingOverStore(TakingOverStore, TellsOfAppends, Protocol):
    """A store that takes over what another one kept, and tells of appends."""


def kept(position: int, stream: str, version: int, name: str = "a") -> KeptEvent:
    """Return a small event as another store may have kept it."""
    state = encode(TeamCreated(team=name), id=f"{position:032x}", context=CONTEXT)
    return KeptEvent(position, stream, version, "TeamCreated", state)


SOME = (
    kept(1, "s", 0, "a"),
    kept(2, "t", 0, "é🙂\u0000\u2028"),
    kept(3, "s", 1, "b"),
    kept(4, "s", 2, "c" * 100_000),
    kept(5, "é🙂/ @:", 0, "d"),
    kept(6, "t", 1, "e"),
    kept(7, "u", 0, "f"),
)
"""Events of several streams, as the log of another store."""

FOREIGN = (
    KeptEvent(1, "s", 0, "TeamDissolved", b'{ "id" : 1e0,\t"what":"of a newer release" }'),
    KeptEvent(2, "s", 1, "TeamCreated", bytes(range(256))),
    KeptEvent(3, "t", 0, "TeamCreated", b""),
)
"""Events that this release cannot read, and would write otherwise."""


class _Contract:
    def stored_rows(self, store: EventStore) -> list[KeptEvent]:
        """Return all events as they stand on the medium, by position, past the store."""
        raise NotImplementedError


class HandingOverContract(_Contract):
    """The promises of `HandsOverEvents`."""

    def test_the_ability_to_hand_over_shows_in_the_type(self, store: HandingOverStore) -> None:
        assert isinstance(store, HandsOverEvents)

    def test_an_empty_store_has_nothing_to_hand_over(self, store: HandingOverStore) -> None:
        assert list(store.read_kept()) == []

    def test_what_is_handed_over_is_what_stands_on_the_medium(
        self, store: HandingOverStore
    ) -> None:
        append(store, "s", NO_STREAM, "a", "é🙂\u0000")
        store.append([Append("t", NO_STREAM, events("c")), Append("s", 1, events("d"))], CONTEXT)
        found = list(store.read_kept())
        assert found == self.stored_rows(store)
        assert [type(each.state) for each in found] == [bytes] * 4

    def test_it_is_handed_over_in_pages(self, store: HandingOverStore) -> None:
        for n in range(7):
            append(store, f"s{n % 3}", n // 3 - 1, str(n))
        rows = self.stored_rows(store)
        assert list(store.read_kept(limit=3)) == rows[:3]
        assert list(store.read_kept(after=rows[2].position, limit=3)) == rows[3:6]
        assert list(store.read_kept(after=rows[5].position, limit=3)) == rows[6:]
        assert list(store.read_kept(after=rows[6].position)) == []


class TakingOverContract(HandingOverContract):
    """The promises of `TakesOverEvents`."""

    # --- what was taken over is there ---------------------------------------------------------

    def test_the_ability_to_take_over_shows_in_the_type(self, store: TakingOverStore) -> None:
        assert isinstance(store, TakesOverEvents)

    @pytest.mark.parametrize("page", [1, 3, 7])
    def test_what_was_taken_over_stands_on_the_medium_as_it_came(
        self, store: TakingOverStore, page: int
    ) -> None:
        for begin in range(0, len(SOME), page):
            store.take_over(SOME[begin : begin + page], after=begin)
        assert self.stored_rows(store) == list(SOME)
        assert list(store.read_kept()) == list(SOME)
        assert store.head() == len(SOME)

    def test_bytes_that_cannot_be_read_here_are_taken_over_too(
        self, store: TakingOverStore
    ) -> None:
        store.take_over(FOREIGN, after=0)
        assert self.stored_rows(store) == list(FOREIGN)
        assert list(store.read_kept()) == list(FOREIGN)

    def test_what_was_taken_over_is_read_like_what_was_appended(
        self, store: TakingOverStore
    ) -> None:
        store.take_over(SOME, after=0)
        read = list(store.read_all())
        assert [(r.position, r.stream, r.version) for r in read] == [each[:3] for each in SOME]
        assert [r.id for r in read] == [f"{each.position:032x}" for each in SOME]
        assert (read[2].event, read[2].actor, read[2].time) == (
            TeamCreated(team="b"),
            "ada",
            CONTEXT.time,
        )
        assert list(store.read_stream("s")) == [read[0], read[2], read[3]]

    def test_appends_go_on_after_it(self, store: TakingOverStore) -> None:
        store.take_over(SOME, after=0)
        with pytest.raises(WrongExpectedVersion) as raised:
            append(store, "s", 1, "x")
        assert raised.value.actual == 2
        recorded = append(store, "s", 2, "x")
        assert recorded[0].position > len(SOME)
        assert versions(store, "s") == [0, 1, 2, 3]
        assert self.stored_rows(store)[:-1] == list(SOME)

    def test_it_goes_on_after_appends(self, store: TakingOverStore) -> None:
        append(store, "s", NO_STREAM, "a", "b")
        head = store.head()
        more = [kept(head + 1, "s", 2), kept(head + 2, "t", 0)]
        store.take_over(more, after=head)
        assert self.stored_rows(store)[2:] == more

    def test_nothing_is_taken_over_in_vain(self, store: TakingOverStore) -> None:
        store.take_over((), after=0)
        assert self.stored_rows(store) == []

    # --- all or nothing -----------------------------------------------------------------------

    def _refuses(
        self,
        store: TakingOverStore,
        more: Sequence[KeptEvent],
        *,
        after: int,
        error: type[Exception],
    ) -> None:
        before = self.stored_rows(store)
        with pytest.raises(error):
            store.take_over(more, after=after)
        assert self.stored_rows(store) == before
        assert store.head() == (before[-1].position if before else 0)

    @pytest.mark.parametrize("after", [0, 1, 6, 8, 99])
    def test_a_head_that_is_elsewhere_is_refused(self, store: TakingOverStore, after: int) -> None:
        store.take_over(SOME, after=0)
        more = [kept(after + 1, "new", 0)]
        self._refuses(store, more, after=after, error=StoreUnavailable)
        self._refuses(store, (), after=after, error=StoreUnavailable)

    def test_an_empty_store_follows_nothing(self, store: TakingOverStore) -> None:
        self._refuses(store, [kept(3, "s", 0)], after=2, error=StoreUnavailable)

    @pytest.mark.parametrize("position", [7, 6, 1, 0, -1, 2**53, 2**63])
    def test_a_position_that_does_not_follow_is_refused(
        self, store: TakingOverStore, position: int
    ) -> None:
        store.take_over(SOME[:6], after=0)
        wrong = SOME[6]._replace(stream="new", position=position)
        more = [SOME[6], wrong]
        self._refuses(store, more, after=6, error=StoreUnavailable)
        store.take_over(SOME[6:], after=6)

    def test_positions_that_were_left_out_stay_so_or_are_refused(
        self, store: TakingOverStore
    ) -> None:
        with_gaps = [kept(2, "s", 0), kept(3, "s", 1), kept(70, "t", 0)]
        try:
            store.take_over(with_gaps, after=0)
        except StoreUnavailable:
            assert self.stored_rows(store) == []
        else:
            assert self.stored_rows(store) == with_gaps
            assert append(store, "s", 1, "x")[0].position > 70

    @pytest.mark.parametrize(
        ("stream", "version"),
        [("s", 0), ("s", 2), ("s", 4), ("s", -1), ("t", 0), ("t", 3), ("new", 1), ("new", -1)],
    )
    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_an_event_that_does_not_follow_its_stream_is_refused_with_all_others(
        self, store: TakingOverStore, stream: str, version: int, place: int
    ) -> None:
        """Doubled, or with a gap before it: stream s is at version 2, stream t at 1."""
        store.take_over(SOME, after=0)
        streams = [("v", 0), ("w", 0)]
        streams.insert(place, (stream, version))
        more = [kept(n, *each) for n, each in enumerate(streams, 8)]
        self._refuses(store, more, after=7, error=WrongExpectedVersion)

    def test_an_event_that_comes_twice_at_once_is_refused(self, store: TakingOverStore) -> None:
        more = [kept(1, "s", 0), kept(2, "s", 1), kept(3, "s", 1)]
        self._refuses(store, more, after=0, error=WrongExpectedVersion)
        more = [kept(1, "s", 0), kept(2, "s", 2)]
        self._refuses(store, more, after=0, error=WrongExpectedVersion)

    # --- among others -------------------------------------------------------------------------

    def test_a_tailing_reader_misses_nothing_that_is_taken_over(
        self, store: TakingOverStore
    ) -> None:
        log = [kept(n, f"s{n % 5}", (n - 1) // 5 if n % 5 else n // 5 - 1) for n in range(1, 301)]

        def hand_over() -> None:
            for begin in range(0, len(log), 10):
                store.take_over(log[begin : begin + 10], after=begin)

        with ThreadPoolExecutor(1) as pool:
            working = pool.submit(hand_over)
            read = tail(store, len(log))
            working.result(PATIENCE)
        assert [(r.position, r.stream, r.version) for r in read] == [each[:3] for each in log]

    def test_who_appends_meanwhile_is_never_overwritten(self, store: TakingOverStore) -> None:
        done = threading.Event()

        def write() -> int:
            for n in range(50):
                append(store, "own", n - 1, str(n))
            done.set()
            return 50

        taken = 0
        until = time.monotonic() + PATIENCE
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            while not done.is_set() and time.monotonic() < until:
                head = store.head()
                try:
                    store.take_over([kept(head + 1, "theirs", taken)], after=head)
                    taken += 1
                except StoreUnavailable:
                    pass  # somebody was faster
            assert writing.result(PATIENCE) == 50
        rows = self.stored_rows(store)
        assert len({row.position for row in rows}) == len(rows) == 50 + taken
        assert versions(store, "own") == list(range(50))
        assert versions(store, "theirs") == list(range(taken))


class ToldTakingOverContract(_Contract):
    """What a store promises that takes over events and has `TellsOfAppends`."""

    def test_a_watch_notices_what_is_taken_over(self, store: WatchedTakingOverStore) -> None:
        with closing(store.watch()) as watch, ThreadPoolExecutor(1) as pool:

            def later() -> None:
                time.sleep(0.1)
                store.take_over(SOME, after=0)

            working = pool.submit(later)
            before = time.monotonic()
            while store.head() < len(SOME):
                # So long that only being told ends it in time.
                watch.wait(2 * PATIENCE)
                assert time.monotonic() < before + PATIENCE
            working.result(PATIENCE)


class DurableTakingOverContract(_Contract):
    """What a store promises of events that it took over, if its events outlive the process."""

    def test_what_was_taken_over_survives_closing_and_opening(
        self, store: TakingOverStore, opener: Opener
    ) -> None:
        store.take_over(SOME, after=0)
        store.close()
        with closing(opener()) as opened:
            assert self.stored_rows(opened) == list(SOME)
            assert opened.head() == len(SOME)
            assert append(opened, "s", 2, "x")[0].position > len(SOME)
