"""What every view store promises, as tests.

Subclass it, say how a store is made, and how to read what it stores without asking it:

```python
class TestMyViewStore(ViewStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[ViewStore]: ...

    def stored_rows(self, store: ViewStore, table: Table) -> list[HeldRow]: ...
```

What not every store can do is a class of its own, to be named beside it:

- `InlineViewStoreContract` for a store that can take part in the appends of an event store beside it
  (`joins`). It needs a fixture `events`: that event store, on the medium of `store`.
- `DurableViewStoreContract` for one whose views outlive the process. It needs a fixture `opener`: a
  function that opens the medium of `store` once more.
- `RebuildingViewStoreContract`, in `stemmata_adapters.contracts.rebuilding_view_store`, for one that can
  build views beside those in use (`beside`).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar, Literal, Protocol, Self, TypeAlias, cast

import pytest

from stemmata_adapters.contracts.view_contents import ViewContentsContract
from stemmata_adapters.contracts.view_questions import ViewQuestionsContract
from stemmata_adapters.contracts.view_samples import (
    EVERY_PART,
    EVERY_THING,
    LASTING,
    MARK,
    OTHER,
    OTHERS,
    PART,
    THING,
    THING_BY_ID,
    THINGS,
    PlainRows,
    apply,
    ids,
    part,
    prepared,
    rows_of,
    thing,
)
from stemmata_domain.errors import ChangeImpossible
from stemmata_domain.events import TeamCreated
from stemmata_domain.ports import NO_STREAM, Append, EventStore, SerialisesWriters
from stemmata_domain.recorded import Context
from stemmata_projections.changes import Amend, Change, Close, Open
from stemmata_projections.queries import Compare, Field, Param, Query, Step, by, fields
from stemmata_projections.tables import OPEN_END, Row, Table, Value
from stemmata_projections.view_store import HeldRow, Params, ViewStore

PATIENCE = 60.0


class JoiningViewStore(ViewStore, Protocol):
    """A view store that can take part in appends."""

    def joins(self, events: EventStore) -> bool:
        """Tell whether changes applied during an append of *events* become visible with it."""
        ...


Opener = Callable[[], ViewStore]
Operator: TypeAlias = Literal["<", "<=", ">", ">=", "in"]


class _Contract:
    """What the parts of the contract share."""

    def stored_rows(self, store: ViewStore, table: Table) -> list[HeldRow]:
        """Return all rows of a table as they stand on the medium, past the store, in any order."""
        raise NotImplementedError


class ViewStoreContract(ViewQuestionsContract, ViewContentsContract, _Contract):
    """The promises of `ViewStore`."""

    # --- views are prepared --------------------------------------------------------------------

    def test_a_view_that_was_made_is_empty_and_has_followed_nothing(self, store: ViewStore) -> None:
        prepared(store)
        assert store.checkpoint(THINGS.name) == 0
        assert store.query(EVERY_THING, {}) == []
        assert store.query(EVERY_THING, {}, at=7) == []
        assert self.stored_rows(store, THING) == []

    def test_a_view_that_nobody_prepared_has_followed_nothing(self, store: ViewStore) -> None:
        assert store.checkpoint("nobody") == 0
        prepared(store)
        assert store.checkpoint("nobody") == 0

    def test_preparing_again_keeps_what_is_there(self, store: ViewStore) -> None:
        apply(prepared(store), (3, thing("a")))
        store.prepare([THINGS])
        store.prepare([THINGS, OTHERS])
        assert store.checkpoint(THINGS.name) == 3
        assert ids(store.query(EVERY_THING, {})) == ["a"]

    def test_preparing_another_schema_makes_the_view_anew(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")), (2, part("a", 0)))
        store.prepare([replace(THINGS, schema=2), OTHERS])
        assert store.checkpoint(THINGS.name) == 0
        assert store.query(EVERY_THING, {}) == []
        assert store.query(EVERY_PART, {}, at=2) == []
        assert self.stored_rows(store, THING) == self.stored_rows(store, PART) == []
        apply(store, (1, thing("b")))
        assert ids(store.query(EVERY_THING, {})) == ["b"]

    def test_preparing_one_view_anew_leaves_the_others_alone(self, store: ViewStore) -> None:
        prepared(store)
        assert store.apply([OTHERS.name], [(1, Open(OTHER, ("o", 1)))], after=0, upto=4)
        store.prepare([replace(THINGS, schema=2), OTHERS])
        assert store.checkpoint(OTHERS.name) == 4
        assert [stored.row for stored in self.stored_rows(store, OTHER)] == [("o", 1)]

    # --- pages are applied ---------------------------------------------------------------------

    def test_a_page_and_its_checkpoint_are_written_together(self, store: ViewStore) -> None:
        prepared(store)
        changes = [(1, thing("a", size=1)), (2, thing("b"))]
        assert store.apply([THINGS.name], changes, after=0, upto=5) is True
        assert store.checkpoint(THINGS.name) == 5
        assert sorted(self.stored_rows(store, THING)) == [
            HeldRow(("a", None, 1, None, None), 1, OPEN_END),
            HeldRow(("b", None, None, None, None), 2, OPEN_END),
        ]

    def test_a_page_without_changes_moves_the_checkpoint(self, store: ViewStore) -> None:
        apply(prepared(store), upto=9)
        assert store.checkpoint(THINGS.name) == 9

    @pytest.mark.parametrize("after", [0, 2, 4, 100])
    def test_a_page_that_does_not_follow_the_checkpoint_is_not_applied(
        self, store: ViewStore, after: int
    ) -> None:
        apply(prepared(store), (3, thing("a")))
        assert store.apply([THINGS.name], [(101, thing("b"))], after=after, upto=101) is False
        assert store.checkpoint(THINGS.name) == 3
        assert ids(store.query(EVERY_THING, {})) == ["a"]

    def test_a_page_of_a_view_that_nobody_prepared_is_not_applied(self, store: ViewStore) -> None:
        prepared(store)
        assert store.apply(["nobody"], [], after=0, upto=1) is False
        assert store.apply([THINGS.name, "nobody"], [], after=0, upto=1) is False
        assert store.checkpoint(THINGS.name) == 0

    def test_a_page_may_serve_several_views(self, store: ViewStore) -> None:
        prepared(store)
        changes = [(1, thing("a")), (1, Open(OTHER, ("a", 1)))]
        assert store.apply([THINGS.name, OTHERS.name], changes, after=0, upto=1)
        assert store.checkpoint(THINGS.name) == store.checkpoint(OTHERS.name) == 1
        assert ids(store.query(rows_of(OTHER), {})) == ["a"]

    @pytest.mark.parametrize("ahead", [1, 5, 9])
    def test_a_page_for_several_views_is_not_applied_if_one_stands_elsewhere(
        self, store: ViewStore, ahead: int
    ) -> None:
        prepared(store)
        assert store.apply([OTHERS.name], [], after=0, upto=ahead)
        assert not store.apply([THINGS.name, OTHERS.name], [(1, thing("a"))], after=0, upto=5)
        assert not store.apply(
            [OTHERS.name, THINGS.name], [(1, thing("a"))], after=ahead, upto=ahead + 1
        )
        assert (store.checkpoint(THINGS.name), store.checkpoint(OTHERS.name)) == (0, ahead)
        assert self.stored_rows(store, THING) == []

    def test_what_fails_while_changes_are_made_leaves_nothing(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a", size=1)), (1, thing("b", size=1)))
        before = sorted(self.stored_rows(store, THING))

        def changes() -> Iterator[tuple[int, Change]]:
            yield 2, Close(THING, {"id": "a"})
            yield 2, Amend(THING, {"id": "b"}, {"size": 2})
            yield 2, thing("c")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.apply([THINGS.name], changes(), after=1, upto=2)
        assert store.checkpoint(THINGS.name) == 1
        assert sorted(self.stored_rows(store, THING)) == before
        assert ids(store.query(EVERY_THING, {})) == ["a", "b"]
        apply(store, (2, Close(THING, {"id": "a"})), (2, thing("c")))
        assert ids(store.query(EVERY_THING, {})) == ["b", "c"]

    def test_opening_a_row_whose_key_is_open_fails_and_leaves_nothing(
        self, store: ViewStore
    ) -> None:
        apply(prepared(store), (1, thing("a")), (1, part("a", 0)))
        changes: tuple[Change, ...] = (thing("a", "again"), part("a", 0, "again"))
        for change in changes:
            first = (2, Close(PART, {"whole": "a", "place": 7}))
            page: list[tuple[int, Change]] = [(2, thing("b")), first, (2, change)]
            with pytest.raises(ChangeImpossible):
                store.apply([THINGS.name], page, after=1, upto=2)
        assert store.checkpoint(THINGS.name) == 1
        assert ids(store.query(EVERY_THING, {})) == ["a"]
        assert len(self.stored_rows(store, PART)) == 1

    @pytest.mark.parametrize("ended_by", [("whole", "place"), ("whole",)])
    def test_a_key_that_is_opened_and_ended_in_one_page_may_not_have_been_open(
        self, store: ViewStore, ended_by: tuple[str, ...]
    ) -> None:
        """Nothing of it would be seen in the end, but a fold that does so is wrong."""
        apply(prepared(store), (1, part("a", 0)))
        key: dict[str, Value] = {"whole": "a", "place": 0}
        end = Close(PART, {column: key[column] for column in ended_by})
        page: list[tuple[int, Change]] = [(129, part("a", 0, "again")), (130, end)]
        with pytest.raises(ChangeImpossible):
            store.apply([THINGS.name], page, after=1, upto=130)
        assert self.stored_rows(store, PART) == [HeldRow(("a", 0, None, None), 1, OPEN_END)]

    @pytest.mark.parametrize("table", [LASTING, MARK], ids=["key of two", "key of one"])
    def test_rows_of_a_permanent_table_are_not_ended(self, store: ViewStore, table: Table) -> None:
        prepared(store)
        row = Open(table, ("a", 0, "x") if table is LASTING else ("a", "x"))
        assert store.apply([OTHERS.name], [(1, row)], after=0, upto=1)
        for where in ({table.key[0]: "a"}, {table.key[0]: "nobody"}):
            endings: tuple[Change, ...] = (Close(table, where), Amend(table, where, {"label": "y"}))
            for ending in endings:
                page = [(2, Open(OTHER, ("o", 1))), (2, ending)]
                with pytest.raises(ChangeImpossible):
                    store.apply([OTHERS.name], page, after=1, upto=2)
        assert store.checkpoint(OTHERS.name) == 1
        assert self.stored_rows(store, OTHER) == []
        assert self.stored_rows(store, table) == [HeldRow(row.row, 1, OPEN_END)]

    @pytest.mark.parametrize("at", [None, 0, 1, 2, 3, 70, 9_999])
    def test_rows_of_a_permanent_table_hold_from_their_opening_on(
        self, store: ViewStore, at: int | None
    ) -> None:
        prepared(store)
        opened = {1: ("a", 0, "x"), 3: ("a", 1, "y"), 70: ("b", 0, "x")}
        page: list[tuple[int, Change]] = [
            *((position, Open(LASTING, row)) for position, row in opened.items()),
            *((position, Open(MARK, (f"m{position}", "x"))) for position in opened),
        ]
        assert store.apply([OTHERS.name], page, after=0, upto=80)
        begun = [position for position in opened if at is None or position <= at]
        every = rows_of(LASTING)
        assert store.query(every, {}, at=at) == [opened[position] for position in begun]
        asked: tuple[Params, ...] = (
            {"whole": "a"},
            {"label": "x"},
            {"whole": "a", "place": 1},
            {"place": 0},
        )
        for where in asked:
            found = store.query(rows_of(LASTING, *where), where, at=at)
            names = ("whole", "place", "label")
            assert found == [
                opened[position]
                for position in begun
                if where.items() <= dict(zip(names, opened[position], strict=True)).items()
            ]
        for position in opened:
            mark = store.query(rows_of(MARK, "id"), {"id": f"m{position}"}, at=at)
            assert mark == ([(f"m{position}", "x")] if position in begun else [])
        assert store.query(every, {}, ever=True) == list(opened.values())

    def test_a_large_page_is_applied_in_its_order(self, store: ViewStore) -> None:
        count = 5_000
        page = [
            (position, change)
            for position in range(1, count + 1)
            for change in (
                Close(THING, {"id": "a"}),
                thing("a", size=position),
                thing(f"b{position}", "b", position),
            )
        ]
        apply(prepared(store), *page)
        assert store.query(THING_BY_ID, {"id": "a"}) == [("a", None, count, None, None)]
        assert len(store.query(rows_of(THING, "kind"), {"kind": "b"})) == count
        assert len(self.stored_rows(store, THING)) == 2 * count

    # --- rows hold over ranges of positions ----------------------------------------------------

    def test_a_row_holds_from_its_opening_up_to_and_without_its_end(self, store: ViewStore) -> None:
        apply(
            prepared(store),
            (3, thing("a", size=1)),
            (5, Close(THING, {"id": "a"})),
            (8, thing("a", size=2)),
            upto=9,
        )
        sizes = [[row[2] for row in store.query(EVERY_THING, {}, at=at)] for at in range(11)]
        assert sizes == [[], [], [], [1], [1], [], [], [], [2], [2], [2]]
        assert [row[2] for row in store.query(EVERY_THING, {})] == [2]
        assert sorted(self.stored_rows(store, THING)) == [
            HeldRow(("a", None, 1, None, None), 3, 5),
            HeldRow(("a", None, 2, None, None), 8, OPEN_END),
        ]

    def test_a_row_may_end_where_another_of_its_key_begins(self, store: ViewStore) -> None:
        apply(prepared(store), (1, part("a", 0, "x")), (2, part("a", 1, "x")))
        apply(store, (4, Close(PART, {"whole": "a", "place": 0})), (4, part("a", 0, "y")))
        labels = rows_of(PART, columns=("place", "label"))
        assert store.query(labels, {}, at=3) == [(0, "x"), (1, "x")]
        assert store.query(labels, {}, at=4) == [(0, "y"), (1, "x")]
        assert store.query(labels, {}) == [(0, "y"), (1, "x")]

    def test_closing_takes_all_rows_with_the_values_and_no_others(self, store: ViewStore) -> None:
        rows = [part(whole, place, f"l{place % 2}") for whole in "ab" for place in range(4)]
        apply(prepared(store), *((1, row) for row in rows))
        apply(store, (2, Close(PART, {"whole": "a"})))
        assert [row[:2] for row in store.query(EVERY_PART, {})] == [("b", n) for n in range(4)]
        apply(store, (3, Close(PART, {"label": "l1"})))
        assert [row[:2] for row in store.query(EVERY_PART, {})] == [("b", 0), ("b", 2)]
        apply(store, (4, Close(PART, {"place": 2, "whole": "b"})))
        assert [row[:2] for row in store.query(EVERY_PART, {})] == [("b", 0)]
        apply(store, (5, Close(PART, {})))
        assert store.query(EVERY_PART, {}) == []
        assert [len(store.query(EVERY_PART, {}, at=at)) for at in range(6)] == [0, 8, 4, 2, 1, 0]

    def test_closing_what_is_not_there_changes_nothing(self, store: ViewStore) -> None:
        apply(prepared(store), (1, part("a", 0)), (2, Close(PART, {"whole": "a"})))
        before = self.stored_rows(store, PART)
        apply(store, (3, Close(PART, {"whole": "a"})), (3, Close(PART, {"whole": "z", "place": 0})))
        assert self.stored_rows(store, PART) == before

    def test_amending_keeps_the_columns_that_are_not_named(self, store: ViewStore) -> None:
        note: Value = {"deep": [None, {"n": 1.5}]}
        apply(prepared(store), (1, thing("a", "k", 1, live=True, note=note)), (1, thing("b", "k")))
        apply(store, (4, Amend(THING, {"id": "a"}, {"size": 2})))
        apply(store, (6, Amend(THING, {"id": "a"}, {"note": {"new": True}, "kind": None})))
        assert [store.query(THING_BY_ID, {"id": "a"}, at=at)[0] for at in (3, 4, 5, 6)] == [
            ("a", "k", 1, True, note),
            ("a", "k", 2, True, note),
            ("a", "k", 2, True, note),
            ("a", None, 2, True, {"new": True}),
        ]
        assert store.query(THING_BY_ID, {"id": "b"}) == [("b", "k", None, None, None)]

    def test_amending_takes_all_rows_with_the_values(self, store: ViewStore) -> None:
        apply(prepared(store), (1, part("a", 0, "x")), (1, part("a", 1, "y")), (1, part("b", 0)))
        apply(store, (2, Amend(PART, {"whole": "a"}, {"label": "z"})))
        apply(store, (3, Amend(PART, {"whole": "nowhere"}, {"label": "z"})))
        assert store.query(EVERY_PART, {}) == [
            ("a", 0, "z", None),
            ("a", 1, "z", None),
            ("b", 0, None, None),
        ]
        assert [row[2] for row in store.query(EVERY_PART, {}, at=1)] == ["x", "y", None]

    # --- queries -------------------------------------------------------------------------------

    @pytest.mark.parametrize("at", [None, 1])
    @pytest.mark.parametrize(
        ("params", "expected"),
        [
            ({}, ["t0", "t1", "t2", "t3", "t4", "t5"]),
            ({"id": "t3"}, ["t3"]),
            ({"kind": "k1"}, ["t1", "t3", "t5"]),
            ({"kind": "k0", "size": 1}, ["t4"]),
            ({"size": 1, "kind": "k0"}, ["t4"]),
            ({"size": 2}, ["t2", "t5"]),
            ({"live": False}, ["t0", "t1", "t2"]),
            ({"live": True, "size": 2, "kind": "k1"}, ["t5"]),
            ({"id": "t3", "kind": "k0"}, []),
            ({"kind": "k"}, []),
        ],
        ids=str,
    )
    def test_rows_are_found_by_any_columns(
        self, store: ViewStore, params: Params, expected: list[str], at: int | None
    ) -> None:
        rows = [thing(f"t{n}", f"k{n % 2}", n % 3, live=n > 2) for n in range(6)]
        apply(prepared(store), *((1, row) for row in rows))
        assert ids(store.query(rows_of(THING, *params), params, at=at)) == expected

    @pytest.mark.parametrize("at", [None, 1])
    @pytest.mark.parametrize(
        ("params", "expected"),
        [
            ({"whole": "a"}, [0, 1, 2]),
            ({"place": 1}, [1, 1]),
            ({"whole": "b", "place": 1}, [1]),
            ({"place": 1, "whole": "a"}, [1]),
            ({"label": "x"}, [0, 2, 0]),
            ({"label": "x", "whole": "a"}, [0, 2]),
        ],
        ids=str,
    )
    def test_rows_are_found_by_a_part_of_their_key(
        self, store: ViewStore, params: Params, expected: list[int], at: int | None
    ) -> None:
        rows = [part("a", 0, "x"), part("a", 1, "y"), part("a", 2, "x"), part("b", 0, "x")]
        apply(prepared(store), *((1, row) for row in (*rows, part("b", 1, "y"))))
        found = store.query(rows_of(PART, *params, columns=("place",)), params, at=at)
        assert [place for (place,) in found] == expected

    def test_nothing_equals_a_null(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")), (1, thing("b", "k")))
        assert store.query(rows_of(THING, "kind"), {"kind": None}) == []
        apply(
            store, (2, Close(THING, {"kind": None})), (2, Amend(THING, {"size": None}, {"size": 1}))
        )
        assert store.query(EVERY_THING, {}) == store.query(EVERY_THING, {}, at=1)

    def test_a_step_follows_each_row_found_so_far(self, store: ViewStore) -> None:
        """Each row is joined with all that equal it, and one that finds nothing is dropped."""
        parts = (part("a", 0, "b"), part("a", 1, "c"), part("b", 0, "c"), part("x", 0))
        apply(
            prepared(store), *((1, each) for each in (*parts, thing("a"), thing("b"), thing("c")))
        )
        query: Query[Row] = Query(
            (
                Step("thing", THING, {}),
                Step("part", PART, {"whole": Field("thing", "id")}),
                Step("named", THING, {"id": Field("part", "label")}),
            ),
            (Field("thing", "id"), Field("part", "place"), Field("named", "id")),
            order=by(Field("thing", "id"), Field("part", "place")),
        )
        expected = [("a", 0, "b"), ("a", 1, "c"), ("b", 0, "c")]
        assert store.query(query, {}) == expected
        assert store.query(query, {}, at=1) == expected
        assert store.query(query, {}, at=0) == []

    def test_a_step_joins_what_held_at_the_same_moment(self, store: ViewStore) -> None:
        query: Query[Row] = Query(
            (
                Step("part", PART, {"whole": Param("whole"), "place": Param("place")}),
                Step("thing", THING, {"id": Field("part", "label")}),
            ),
            (Field("part", "label"), Field("thing", "size")),
        )
        prepared(store)
        apply(store, (1, part("p", 0, "a")), (2, thing("a", size=1)), (3, thing("b", size=2)))
        apply(store, (4, Close(PART, {"whole": "p"})), (4, part("p", 0, "b")))
        apply(store, (5, Amend(THING, {"id": "b"}, {"size": 3})), (6, Close(THING, {"id": "b"})))
        params: Params = {"whole": "p", "place": 0}
        assert {at: store.query(query, params, at=at) for at in range(7)} == {
            0: [],
            1: [],
            2: [("a", 1)],
            3: [("a", 1)],
            4: [("b", 2)],
            5: [("b", 3)],
            6: [],
        }
        assert store.query(query, params) == []

    def test_an_optional_step_keeps_what_finds_nothing(self, store: ViewStore) -> None:
        """It gives nulls, which the steps after it find nothing by."""
        query: Query[Row] = Query(
            (
                Step("part", PART, {}),
                Step("thing", THING, {"id": Field("part", "label")}, optional=True),
                Step("maker", THING, {"id": Field("thing", "kind")}, optional=True),
            ),
            (Field("part", "place"), *fields("thing", "id", "note", "live"), Field("maker", "id")),
            order=by(Field("part", "place")),
        )
        parts = (part("p", 0), part("p", 1, "nothing"), part("p", 2, "a"), part("p", 3, "b"))
        things = (thing("a", "b", live=False, note=[1]), thing("b"))
        apply(prepared(store), *((1, each) for each in (*parts, *things)))
        expected = [
            (0, None, None, None, None),
            (1, None, None, None, None),
            (2, "a", [1], False, "b"),
            (3, "b", None, None, None),
        ]
        assert store.query(query, {}) == expected
        assert store.query(query, {}, at=1) == expected

    @pytest.mark.parametrize("at", [None, 1])
    @pytest.mark.parametrize(
        ("operator", "operand", "expected"),
        [
            ("<", 2, ["t1"]),
            ("<=", 2, ["t1", "t2"]),
            (">", 2, ["t3"]),
            (">=", 2, ["t2", "t3"]),
            (">=", -(2**63), ["t1", "t2", "t3"]),
            ("<", None, []),
            ("in", [1, 3, 7], ["t1", "t3"]),
            ("in", [], []),
        ],
    )
    def test_rows_are_compared_and_a_null_compares_to_nothing(
        self,
        store: ViewStore,
        operator: Operator,
        operand: Value,
        expected: list[str],
        at: int | None,
    ) -> None:
        rows = (thing("t0"), *(thing(f"t{n}", size=n) for n in (1, 2, 3)))
        apply(prepared(store), *((1, row) for row in rows))
        step = Step("row", THING, {}, compare=(Compare("size", operator, Param("operand")),))
        query: Query[Row] = Query((step,), fields("row", "id"), order=by(Field("row", "id")))
        assert ids(store.query(query, {"operand": operand}, at=at)) == expected

    def test_text_is_compared_by_its_characters(self, store: ViewStore) -> None:
        texts = ["", "B", "a", "a b", "aa", "ä", "'; --", "🙂"]
        apply(prepared(store), *((1, thing(text, text)) for text in texts))
        after = Step("row", THING, {}, compare=(Compare("id", ">=", Param("least")),))
        among = Step("row", THING, {}, compare=(Compare("kind", "in", Param("list")),))
        order = by(Field("row", "id"))
        found = ids(store.query(Query((after,), fields("row", "id"), order=order), {"least": "aa"}))
        assert found == ["aa", "ä", "🙂"]
        wanted: list[Value] = ["'; --", "🙂", "A", "ä"]
        found = ids(
            store.query(Query((among,), fields("row", "id"), order=order), {"list": wanted})
        )
        assert found == ["'; --", "ä", "🙂"]

    def test_rows_are_compared_with_fields_of_earlier_steps(self, store: ViewStore) -> None:
        """And several comparisons have to hold together."""
        within = (
            Compare("place", ">", Field("thing", "size")),
            Compare("place", "<=", Param("most")),
        )
        query: Query[Row] = Query(
            (Step("thing", THING, {}), Step("part", PART, {"whole": Field("thing", "id")}, within)),
            (Field("thing", "id"), Field("part", "place")),
            order=by(Field("thing", "id"), Field("part", "place")),
        )
        things = (thing("a", size=1), thing("b", size=3), thing("c"))
        parts = [part(whole, place) for whole in "abc" for place in range(6)]
        apply(prepared(store), *((1, each) for each in (*things, *parts)))
        assert store.query(query, {"most": 4}) == [("a", 2), ("a", 3), ("a", 4), ("b", 4)]

    def test_an_optional_step_keeps_what_compares_to_nothing(self, store: ViewStore) -> None:
        larger = (Compare("size", ">", Field("part", "place")),)
        step = Step("thing", THING, {"id": Field("part", "label")}, larger, optional=True)
        query: Query[Row] = Query(
            (Step("part", PART, {}), step),
            (Field("part", "place"), Field("thing", "id")),
            order=by(Field("part", "place")),
        )
        rows = (thing("a", size=1), part("p", 0, "a"), part("p", 1, "a"))
        apply(prepared(store), *((1, row) for row in rows))
        assert store.query(query, {}) == [(0, "a"), (1, None)]

    @pytest.mark.parametrize("at", [None, 1])
    def test_rows_are_sorted_with_nulls_before_everything(
        self, store: ViewStore, at: int | None
    ) -> None:
        rows = [
            thing("a", "x", 2),
            thing("b", None, 1),
            thing("c", "y"),
            thing("d", "x", 1),
            thing("e"),
        ]
        apply(prepared(store), *((1, row) for row in rows))

        def sorted_by(*order: tuple[str, bool]) -> list[Value]:
            wanted = tuple((Field("row", column), down) for column, down in order)
            query: Query[Row] = Query((Step("row", THING, {}),), fields("row", "id"), order=wanted)
            return ids(store.query(query, {}, at=at))

        up, down = False, True
        assert sorted_by(("id", down)) == ["e", "d", "c", "b", "a"]
        assert sorted_by(("kind", up), ("id", up)) == ["b", "e", "a", "d", "c"]
        assert sorted_by(("kind", down), ("id", up)) == ["c", "a", "d", "b", "e"]
        assert sorted_by(("size", up), ("kind", up), ("id", down)) == ["e", "c", "b", "d", "a"]
        assert sorted_by(("size", down), ("kind", down), ("id", up)) == ["a", "d", "b", "c", "e"]

    @pytest.mark.parametrize("limit", [0, 1, 3, 100])
    def test_a_limit_takes_the_first_rows(self, store: ViewStore, limit: int) -> None:
        apply(prepared(store), *((1, thing(f"t{n}")) for n in range(5)))
        order = ((Field("row", "id"), True),)
        step = Step("row", THING, {})
        query: Query[Row] = Query((step,), fields("row", "id"), order, Param("most"))
        expected = ["t4", "t3", "t2", "t1", "t0"][:limit]
        assert ids(store.query(query, {"most": limit})) == expected
        assert ids(store.query(query, {"most": limit}, at=1)) == expected

    # --- values --------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "note",
        [
            None,
            {},
            [],
            "",
            "null",
            0,
            False,
            {"a": None},
            [None, True, -1, 1.5, 1e300, 2**63 - 1, -(2**63), 2**64 - 1],
            {"é🙂": {"'; DROP TABLE": ['\u0001\t"\\', {"": [[]]}]}},
        ],
        ids=repr,
    )
    def test_json_comes_back_as_it_was_given(self, store: ViewStore, note: Value) -> None:
        apply(prepared(store), (1, thing("a", note=note)))
        apply(store, (2, thing("b")), (3, Amend(THING, {"id": "b"}, {"note": note})))
        for found in (store.query(EVERY_THING, {}), store.query(EVERY_THING, {}, at=3)):
            assert [row[4] for row in found] == [note, note]
            assert [type(row[4]) for row in found] == [type(note), type(note)]
        assert {stored.row[4] is None for stored in self.stored_rows(store, THING)} >= {
            note is None
        }

    def test_json_belongs_to_the_store_alone(self, store: ViewStore) -> None:
        """Whoever changes what was given or answered changes nothing here."""
        note: dict[str, Value] = {"list": [1]}
        apply(prepared(store), (1, thing("a", note=note)))
        note["list"] = "changed"
        for at in (None, 1):
            (answer,) = store.query(EVERY_THING, {}, at=at)
            assert answer[4] == {"list": [1]}
            assert isinstance(answer[4], dict)
            answer[4]["list"] = "changed"
        assert store.query(EVERY_THING, {}) == [("a", None, None, None, {"list": [1]})]

    def test_values_come_back_as_they_were_given(self, store: ViewStore) -> None:
        rows: list[Row] = [
            ("", "", 0, False, None),
            ("A", " ", 2**63 - 1, True, None),
            ("a", "a\nb", -(2**63), None, None),
            ("é", "e\u0301", 1, True, None),
            ("'\"%_?:x", "🙂", -1, False, None),
        ]
        apply(prepared(store), *((1, Open(THING, row)) for row in rows))
        found = [*store.query(EVERY_THING, {})]
        assert sorted(found) == sorted(rows)
        assert {type(row[3]) for row in found} == {bool, type(None)}
        assert sorted(stored.row for stored in self.stored_rows(store, THING)) == sorted(rows)
        for row in rows:
            assert store.query(THING_BY_ID, {"id": row[0]}) == [row]
            assert store.query(THING_BY_ID, {"id": row[0]}, at=1) == [row]

    # --- any history ---------------------------------------------------------------------------

    asks_every: ClassVar[int] = 1
    """At each how-manieth moment of a history all is asked; more where a question takes long."""

    @pytest.mark.parametrize("stride", [1, 61, 4_099, 300_007, 2**30 + 7, 2**40])
    @pytest.mark.parametrize("seed", range(3))
    def test_any_history_is_answered_as_plain_rows_would_be(
        self, store: ViewStore, seed: int, stride: int
    ) -> None:
        """Asked of now and of every position; positions may lie far apart."""
        chance = random.Random(f"{seed} {stride}")
        plain = PlainRows()
        asked: list[dict[str, Value]] = [{"label": "x"}, {"label": "y"}]
        for whole in "abc":
            asked += {"whole": whole}, {"whole": whole, "place": 1}, {"label": "x", "whole": whole}
        questions = [(rows_of(PART, *where), where) for where in asked]
        prepared(store)
        moments, position = [0], 0
        for _ in range(40):
            page: list[tuple[int, Change]] = []
            after = position
            for _ in range(chance.randint(1, 6)):
                position += chance.randint(1, stride)
                moments += [position - 1, position]
                page += [(position, change) for change in plain.happen(chance, position)]
            assert store.apply([THINGS.name], page, after=after, upto=position)
        for at in (None, *moments[:: self.asks_every], position + 1):
            for query, where in questions:
                assert store.query(query, where, at=at) == plain.answer(where, at), (where, at)
        assert sorted(self.stored_rows(store, PART), key=repr) == sorted(plain.rows, key=repr)

    @pytest.mark.parametrize("seed", range(6))
    def test_a_large_page_comes_to_the_same_as_its_changes_one_by_one(
        self, store: ViewStore, seed: int
    ) -> None:
        chance = random.Random(f"large {seed}")
        plain = PlainRows()
        prepared(store)
        for after in range(0, 600, 100):
            page = [
                (position, change)
                for position in range(after + 1, after + 101)
                for change in plain.happen(chance, position, by_key=seed % 2 == 0)
            ]
            assert store.apply([THINGS.name], page, after=after, upto=after + 100)
            assert sorted(self.stored_rows(store, PART), key=repr) == sorted(plain.rows, key=repr)

    # --- readers beside a writer ---------------------------------------------------------------

    def test_a_query_sees_one_state_while_pages_are_applied(self, store: ViewStore) -> None:
        """Two tables are changed in step; no reader ever sees them out of step, or going back."""
        query: Query[Row] = Query(
            (
                Step("thing", THING, {"id": Param("id")}),
                Step("part", PART, {"whole": Param("id"), "place": Param("place")}),
            ),
            (Field("thing", "size"), Field("part", "label")),
        )
        params: Params = {"id": "a", "place": 0}
        apply(prepared(store), (1, thing("a", size=1)), (1, part("a", 0, "1")))
        last = 50
        seen: list[list[tuple[int, str]]] = []

        def read() -> None:
            own = [(1, "1")]
            while own[-1][0] < last:
                own += cast("Sequence[tuple[int, str]]", store.query(query, params))
            seen.append(own)

        with _threads(*[read] * 4):
            for n in range(2, last + 1):
                amended = Amend(THING, {"id": "a"}, {"size": n})
                apply(
                    store, (n, amended), (n, Close(PART, {"whole": "a"})), (n, part("a", 0, f"{n}"))
                )
        assert len(seen) == 4
        for own in seen:
            assert all(label == f"{size}" for size, label in own)
            assert own == sorted(own, key=lambda row: row[0])

    def test_queries_that_are_read_together_see_one_state(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a", size=1)))
        applied = threading.Event()

        def write() -> None:
            apply(store, (2, Amend(THING, {"id": "a"}, {"size": 2})))
            applied.set()

        with _threads() as threads, store.reading():
            before = store.query(THING_BY_ID, {"id": "a"})
            threads.start(write)
            # A store may let the writer through at once, or hold it back until the end.
            applied.wait(0.2)
            with store.reading():
                assert store.query(THING_BY_ID, {"id": "a"}) == before
            assert store.query(THING_BY_ID, {"id": "a"}) == before
        assert applied.is_set()
        assert [row[2] for row in store.query(THING_BY_ID, {"id": "a"})] == [2]

    def test_reading_together_ends_when_it_fails(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a", size=1)))

        def fail() -> None:
            with store.reading():
                store.query(EVERY_THING, {})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with _threads() as threads:
            threads.start(lambda: apply(store, (2, thing("b"))))
        assert ids(store.query(EVERY_THING, {})) == ["a", "b"]

    def test_pages_of_several_threads_are_applied_once_each(self, store: ViewStore) -> None:
        prepared(store)
        last = 60

        def follow() -> None:
            while (at := store.checkpoint(THINGS.name)) < last:
                page = [(at + 1, thing(f"t{at + 1}"))]
                store.apply([THINGS.name], page, after=at, upto=at + 1)

        with _threads(*[follow] * 4):
            pass
        assert len(self.stored_rows(store, THING)) == last
        assert store.checkpoint(THINGS.name) == last


class InlineViewStoreContract(_Contract):
    """The promise of `SharesTransactions`, of a store beside an event store that takes turns."""

    def test_it_joins_the_event_store_beside_it(
        self, store: JoiningViewStore, events: EventStore
    ) -> None:
        assert store.joins(events)

    def test_what_is_applied_during_an_append_becomes_visible_with_it(
        self, store: JoiningViewStore, events: EventStore
    ) -> None:
        assert isinstance(events, SerialisesWriters)
        prepared(store)
        seen: list[tuple[int, int, list[Value]]] = []

        def look() -> None:
            seen.append(
                (events.head(), store.checkpoint(THINGS.name), ids(store.query(EVERY_THING, {})))
            )

        with events.writing():
            _append(events)
            apply(store, (1, thing("a")))
            look()
            with _threads(look):
                pass
        look()
        assert seen == [(1, 1, ["a"]), (0, 0, []), (1, 1, ["a"])]

    def test_what_undoes_an_append_undoes_what_was_applied_during_it(
        self, store: JoiningViewStore, events: EventStore
    ) -> None:
        prepared(store)
        assert isinstance(events, SerialisesWriters)
        writing = events.writing()

        def fail() -> None:
            with writing:
                _append(events)
                apply(store, (1, thing("a")))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert (events.head(), store.checkpoint(THINGS.name)) == (0, 0)
        assert self.stored_rows(store, THING) == []

    def test_what_is_read_together_during_an_append_sees_what_was_applied(
        self, store: JoiningViewStore, events: EventStore
    ) -> None:
        assert isinstance(events, SerialisesWriters)
        prepared(store)
        with events.writing():
            with store.reading():
                assert store.query(EVERY_THING, {}) == []
                apply(store, (1, thing("a")))
                assert ids(store.query(EVERY_THING, {})) == ["a"]
            _append(events)
        assert events.head() == store.checkpoint(THINGS.name) == 1


class DurableViewStoreContract(_Contract):
    """What a store promises whose views outlive the process."""

    def test_a_store_that_is_opened_again_has_its_views(
        self, store: ViewStore, opener: Opener
    ) -> None:
        apply(prepared(store), (1, thing("a", note={"n": 1})), (2, part("a", 0)), upto=4)
        apply(store, (5, Close(PART, {"whole": "a"})))
        rows = self.stored_rows(store, PART)
        store.close()
        again = prepared(opener())
        assert again.checkpoint(THINGS.name) == 5
        assert again.query(EVERY_THING, {}) == [("a", None, None, None, {"n": 1})]
        assert ids(again.query(EVERY_PART, {}, at=4)) == ["a"]
        assert self.stored_rows(again, PART) == rows
        again.close()

    def test_what_one_has_applied_another_sees_at_once(
        self, store: ViewStore, opener: Opener
    ) -> None:
        prepared(store)
        other = prepared(opener())
        apply(store, (1, thing("a")))
        assert other.checkpoint(THINGS.name) == 1
        assert ids(other.query(EVERY_THING, {})) == ["a"]
        apply(other, (2, thing("b")))
        assert ids(store.query(EVERY_THING, {})) == ["a", "b"]
        other.close()

    def test_a_page_is_applied_by_one_of_those_who_read_it(
        self, store: ViewStore, opener: Opener
    ) -> None:
        others = [prepared(store), prepared(opener()), prepared(opener())]
        won = [each.apply([THINGS.name], [(1, thing("a"))], after=0, upto=1) for each in others]
        assert won == [True, False, False]
        assert len(self.stored_rows(store, THING)) == 1
        for each in others[1:]:
            each.close()

    def test_a_view_that_another_release_keeps_in_another_shape_is_left_alone(
        self, store: ViewStore, opener: Opener
    ) -> None:
        apply(prepared(store), (1, thing("a")))
        other = opener()
        other.prepare([replace(THINGS, schema=2)])
        assert store.checkpoint(THINGS.name) == other.checkpoint(THINGS.name) == 0
        for after in (0, 1):
            assert not store.apply([THINGS.name], [(2, thing("b"))], after=after, upto=2)
        apply(other, (2, thing("c")))
        assert not store.apply([THINGS.name], [(3, thing("b"))], after=2, upto=3)
        assert ids(other.query(EVERY_THING, {})) == ["c"]
        other.close()


# --- what the tests are made with --------------------------------------------------------------


def _append(events: EventStore) -> None:
    context = Context("ada", datetime(2026, 3, 3, 12, tzinfo=UTC), "c" * 32, None)
    events.append([Append("s", NO_STREAM, (TeamCreated(team="a"),))], context)


class _threads:  # noqa: N801 -- used as a statement
    """Runs functions in threads, waits for them at the end of the block, and raises what they raised."""

    def __init__(self, *functions: Callable[[], None]) -> None:
        self._functions = functions
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def start(self, function: Callable[[], None]) -> None:
        def run() -> None:
            try:
                function()
            except BaseException as error:  # noqa: BLE001 -- raised in the test's own thread
                self._errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> Self:
        for function in self._functions:
            self.start(function)
        return self

    def __exit__(self, *raised: object) -> None:
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self._threads), "a thread hangs"
        for error in self._errors:
            raise error
