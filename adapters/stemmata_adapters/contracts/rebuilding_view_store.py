"""What a view store promises that builds views beside those in use, as tests.

Name the class beside `ViewStoreContract`, and give it a fixture `opener` too: a function that opens the
medium of `store` once more, as another process would. Of a store that has no medium it returns the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from stemmata_adapters.contracts.view_samples import (
    EVERY_PART,
    EVERY_THING,
    OTHER,
    OTHERS,
    PART,
    THING,
    THING_BY_ID,
    THINGS,
    apply,
    ids,
    part,
    prepared,
    rows_of,
    thing,
)
from stemmata_domain.errors import ChangeImpossible, StoreUnavailable
from stemmata_projections.changes import Amend, Close, Open
from stemmata_projections.tables import OPEN_END, Table
from stemmata_projections.view_store import (
    HeldRow,
    Parked,
    RebuildsBeside,
    Unfinished,
    ViewsBeside,
    ViewStore,
)

Opener = Callable[[], ViewStore]
_SECONDS = 60.0


class RebuildingViewStoreContract:
    """The promises of `RebuildsBeside` and `ViewsBeside`."""

    def stored_rows(self, store: ViewStore, table: Table) -> list[HeldRow]:
        """Return all rows of a table in use as they stand on the medium, in any order."""
        raise NotImplementedError

    # --- while they are built ------------------------------------------------------------------

    def test_views_beside_are_empty_and_leave_those_in_use_alone(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")), upto=3)
        with _beside(store) as beside:
            assert beside.checkpoint(THINGS.name) == 0
            assert beside.query(EVERY_THING, {}) == []
            apply(beside, (1, thing("b", "k", 1, live=True, note={"n": [1]})), (2, part("b", 0)))
            apply(beside, (3, Amend(THING, {"id": "b"}, {"size": 2})))
            apply(beside, (4, Close(PART, {"whole": "b"})))
            assert beside.checkpoint(THINGS.name) == 4
            assert beside.query(EVERY_THING, {}) == [("b", "k", 2, True, {"n": [1]})]
            assert beside.query(EVERY_THING, {}, at=2) == [("b", "k", 1, True, {"n": [1]})]
            assert ids(beside.query(EVERY_PART, {}, ever=True)) == ["b"]
            assert list(beside.scan(PART)) == [HeldRow(("b", 0, None, None), 2, 4)]
            assert store.checkpoint(THINGS.name) == 3
            assert ids(store.query(EVERY_THING, {})) == ["a"]
            assert ids(store.query(EVERY_THING, {}, at=2)) == ["a"]
            assert [each.row[0] for each in store.scan(THING)] == ["a"]
            apply(store, (5, thing("c")))
            assert ids(store.query(EVERY_THING, {})) == ["a", "c"]
            assert ids(beside.query(EVERY_THING, {})) == ["b"]

    def test_views_that_do_not_take_place_are_dropped(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")))
        for _ in range(2):
            with _beside(store) as beside:
                apply(beside, (1, thing("b")))
        assert ids(store.query(EVERY_THING, {})) == ["a"]
        assert _rebuilding(store).unfinished() == []

    def test_views_are_dropped_when_building_them_fails(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")))

        def fail() -> None:
            with _beside(store) as beside:
                apply(beside, (1, thing("b")))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert _rebuilding(store).unfinished() == []
        with _beside(store) as beside:
            assert beside.query(EVERY_THING, {}) == []

    def test_pages_are_applied_beside_as_everywhere(self, store: ViewStore) -> None:
        prepared(store)
        with _beside(store) as beside:
            apply(beside, (1, thing("a")))
            assert not beside.apply([THINGS.name], [(3, thing("b"))], after=0, upto=3)
            assert not beside.apply([OTHERS.name], [], after=0, upto=3)
            with pytest.raises(ChangeImpossible):
                beside.apply([THINGS.name], [(2, thing("a"))], after=1, upto=2)
            assert beside.checkpoint(THINGS.name) == 1
            assert ids(beside.query(EVERY_THING, {})) == ["a"]

    # --- taking place --------------------------------------------------------------------------

    def test_views_take_the_place_of_those_in_use_with_all_that_they_have(
        self, store: ViewStore
    ) -> None:
        apply(prepared(store), (1, thing("a")), (2, part("a", 0)), upto=4)
        with _beside(store) as beside:
            apply(beside, (1, thing("b", size=1)), (3, Amend(THING, {"id": "b"}, {"size": 2})))
            apply(beside, upto=4)
            assert beside.take_place() is True
        assert store.checkpoint(THINGS.name) == 4
        assert sorted(self.stored_rows(store, THING)) == [
            HeldRow(("b", None, 1, None, None), 1, 3),
            HeldRow(("b", None, 2, None, None), 3, OPEN_END),
        ]
        assert self.stored_rows(store, PART) == []
        assert store.query(THING_BY_ID, {"id": "b"}, at=2) == [("b", None, 1, None, None)]
        apply(store, (5, thing("c", "k")), (6, Close(THING, {"id": "b"})))
        assert ids(store.query(EVERY_THING, {})) == ["c"]
        assert ids(store.query(rows_of(THING, "kind"), {"kind": "k"})) == ["c"]
        assert _rebuilding(store).unfinished() == []

    def test_views_that_others_have_overtaken_do_not_take_place(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")), upto=4)
        with _beside(store) as beside:
            apply(beside, (1, thing("b")), upto=3)
            assert beside.take_place() is False
            assert ids(store.query(EVERY_THING, {})) == ["a"]
            apply(beside, upto=6)
            assert beside.take_place() is True
        assert ids(store.query(EVERY_THING, {})) == ["b"]
        assert store.checkpoint(THINGS.name) == 6

    def test_one_view_takes_place_and_the_others_stay(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")))
        assert store.apply([OTHERS.name], [(1, Open(OTHER, ("o", 1)))], after=0, upto=7)
        with _beside(store) as beside:
            apply(beside, (1, thing("b")))
            assert beside.take_place()
        assert store.checkpoint(OTHERS.name) == 7
        assert [stored.row for stored in self.stored_rows(store, OTHER)] == [("o", 1)]

    def test_several_views_take_place_together_or_not_at_all(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")))
        assert store.apply([OTHERS.name], [(1, Open(OTHER, ("o", 1)))], after=0, upto=7)
        with _rebuilding(store).beside([THINGS, OTHERS]) as beside:
            apply(beside, (1, thing("b")))
            assert beside.apply([OTHERS.name], [(1, Open(OTHER, ("p", 1)))], after=0, upto=6)
            assert not beside.take_place()
            assert ids(store.query(EVERY_THING, {})) == ["a"]
            assert beside.apply([OTHERS.name], [], after=6, upto=7)
            assert beside.take_place()
        assert ids(store.query(EVERY_THING, {})) == ["b"]
        assert [stored.row for stored in self.stored_rows(store, OTHER)] == [("p", 1)]

    def test_views_are_built_anew_as_often_as_one_likes(self, store: ViewStore) -> None:
        prepared(store)
        for n in range(1, 5):
            with _beside(store) as beside:
                apply(beside, (1, thing(f"t{n}", "k")), (1, part("a", n)), upto=n)
                assert beside.take_place()
            assert ids(store.query(rows_of(THING, "kind"), {"kind": "k"})) == [f"t{n}"]
            assert store.checkpoint(THINGS.name) == n
        store.prepare([replace(THINGS, schema=2), OTHERS])
        assert store.query(EVERY_THING, {}) == []
        apply(store, (1, thing("a", "k")))
        assert ids(store.query(rows_of(THING, "kind"), {"kind": "k"})) == ["a"]

    def test_parked_events_are_those_of_the_views_in_use(self, store: ViewStore) -> None:
        prepared(store)
        old, new = Parked(THINGS.name, 2, "old"), Parked(THINGS.name, 3, "new 'é'")
        other = Parked(OTHERS.name, 1, "of another")
        assert store.apply([THINGS.name], [], after=0, upto=4, parked=[old])
        assert store.apply([OTHERS.name], [], after=0, upto=4, parked=[other])
        with _beside(store) as beside:
            assert beside.apply([THINGS.name], [], after=0, upto=4, parked=[new])
            assert beside.parked() == [new]
            assert store.parked() == [other, old]
            assert beside.take_place()
        assert store.parked() == [other, new]

    def test_views_of_another_release_are_left_alone(
        self, store: ViewStore, opener: Opener
    ) -> None:
        apply(prepared(store), (1, thing("a")))
        other = opener()
        with _beside(store) as beside:
            apply(beside, (1, thing("b")), upto=5)
            other.prepare([replace(THINGS, schema=2)])
            apply(other, (1, thing("c")))
            with pytest.raises(StoreUnavailable, match="another release"):
                beside.take_place()
        assert ids(other.query(EVERY_THING, {})) == ["c"]
        assert _rebuilding(other).unfinished() == []
        if other is not store:
            other.close()

    # --- one at a time -------------------------------------------------------------------------

    def test_one_rebuilds_at_a_time(self, store: ViewStore, opener: Opener) -> None:
        apply(prepared(store), (1, thing("a")))
        other = prepared(opener())

        def refused() -> None:
            with _beside(other):
                raise AssertionError("two at a time")

        with _beside(store) as beside:
            apply(beside, (1, thing("b")), upto=2)
            with pytest.raises(StoreUnavailable, match="rebuilding"):
                refused()
            expected = [Unfinished(THINGS.name, 2, is_left=False)]
            assert _rebuilding(store).unfinished() == _rebuilding(other).unfinished() == expected
            prepared(other)  # who opens the store meanwhile takes it for no leftover
            assert ids(beside.query(EVERY_THING, {})) == ["b"]
            assert beside.take_place()
        assert ids(other.query(EVERY_THING, {})) == ["b"]
        with _beside(other) as beside:
            apply(beside, (1, thing("c")), upto=2)
            assert beside.take_place()
        assert ids(store.query(EVERY_THING, {})) == ["c"]
        if other is not store:
            other.close()

    # --- readers -------------------------------------------------------------------------------

    def test_readers_see_the_old_views_or_the_new_ones_and_nothing_between(
        self, store: ViewStore, opener: Opener
    ) -> None:
        """In every generation all things have one size, and there are as many parts."""

        def fill(views: ViewStore, generation: int) -> None:
            things = [(1, thing(f"t{n}", size=generation)) for n in range(5)]
            parts = [(1, part("a", n, f"{generation}")) for n in range(5)]
            apply(views, *things, *parts, upto=generation)

        fill(prepared(store), 1)
        other = prepared(opener())
        done = threading.Event()
        wrong: list[object] = []
        seen: set[object] = set()

        def read(views: ViewStore) -> None:
            newest = 0
            while not done.is_set():
                with views.reading():
                    sizes = [row[2] for row in views.query(EVERY_THING, {})]
                    labels = [row[2] for row in views.query(EVERY_PART, {}, at=1)]
                generation = int(str(sizes[0])) if sizes else -1
                if sizes != [generation] * 5 or labels != [f"{generation}"] * 5:
                    wrong.append((sizes, labels))
                if generation < newest:
                    wrong.append((generation, newest))
                newest = generation
                seen.add(generation)

        threads = [threading.Thread(target=read, args=(each,)) for each in (store, other) * 2]
        for each in threads:
            each.start()
        try:
            for generation in range(2, 12):
                with _beside(store) as beside:
                    fill(beside, generation)
                    assert beside.take_place()
        finally:
            done.set()
            for each in threads:
                each.join(_SECONDS)
        assert not any(each.is_alive() for each in threads)
        assert wrong == []
        assert len(seen) > 1
        if other is not store:
            other.close()

    def test_what_is_read_together_stays_with_the_views_that_it_began_with(
        self, store: ViewStore
    ) -> None:
        apply(prepared(store), (1, thing("a")))
        swapped = threading.Event()

        def rebuild() -> None:
            with _beside(store) as beside:
                apply(beside, (1, thing("b")))
                assert beside.take_place()
            swapped.set()

        thread = threading.Thread(target=rebuild)
        with store.reading():
            assert ids(store.query(EVERY_THING, {})) == ["a"]
            thread.start()
            # A store may let the other through at once, or hold it back until the end.
            swapped.wait(0.2)
            assert ids(store.query(EVERY_THING, {})) == ["a"]
        thread.join(_SECONDS)
        assert swapped.is_set()
        assert ids(store.query(EVERY_THING, {})) == ["b"]


# --- what the tests are made with --------------------------------------------------------------


def _rebuilding(store: ViewStore) -> RebuildsBeside:
    assert isinstance(store, RebuildsBeside)
    return store


@contextmanager
def _beside(store: ViewStore) -> Iterator[ViewsBeside]:
    with _rebuilding(store).beside([THINGS]) as beside:
        yield beside
