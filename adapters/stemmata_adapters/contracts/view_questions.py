"""What every view store answers beyond rows of a moment: figures, lists, what is missing, what ever was."""

from __future__ import annotations

from stemmata_adapters.contracts.view_samples import (
    PART,
    THING,
    apply,
    ids,
    part,
    prepared,
    rows_of,
    thing,
)
from stemmata_projections.changes import Amend, Close
from stemmata_projections.queries import (
    VALID_FROM,
    VALID_TO,
    Aggregate,
    Compare,
    Field,
    Listed,
    Param,
    Query,
    Step,
    by,
    fields,
)
from stemmata_projections.tables import OPEN_END, Row, Table, Value
from stemmata_projections.view_store import ViewStore

_WITH_PARTS = (
    Step("thing", THING, {}),
    Step("part", PART, {"whole": Field("thing", "id")}, optional=True),
)
_FIGURES: Query[Row] = Query(
    _WITH_PARTS,
    (
        Field("thing", "id"),
        Aggregate("count", Field("part", "place")),
        Aggregate("distinct", Field("part", "label")),
        Aggregate("min", Field("part", "place")),
        Aggregate("max", Field("part", "place")),
    ),
    order=((Field("thing", "id"), True),),
    limit=Param("most"),
)
_OF_ALL: Query[Row] = Query(
    (Step("part", PART, {"whole": Param("whole")}),),
    (Aggregate("count", Field("part", "place")), Aggregate("max", Field("part", "place"))),
)
_WITHOUT_PARTS: Query[Row] = Query(
    (
        Step("thing", THING, {}),
        Step(
            "part",
            PART,
            {"whole": Field("thing", "id")},
            compare=(Compare("place", ">=", Param("from")),),
            absent=True,
        ),
    ),
    fields("thing", "id"),
    order=by(Field("thing", "id")),
)


_LABELS = Listed(PART, "label", {"whole": Field("thing", "id")})
_WITH_LISTS: Query[Row] = Query(
    (Step("thing", THING, {}),),
    (Field("thing", "id"), _LABELS, Listed(PART, "place", {"label": Field("thing", "kind")})),
    order=by(Field("thing", "id")),
)


def _ranges(table: Table, *where: str) -> Query[Row]:
    step = Step("row", table, {column: Param(column) for column in where})
    chosen = fields("row", *table.key, VALID_FROM, VALID_TO)
    return Query((step,), chosen, order=by(Field("row", VALID_FROM), *fields("row", *table.key)))


class ViewQuestionsContract:
    """Figures over groups, lists in rows, steps that must find nothing, and rows of all time."""

    def test_figures_are_made_of_each_group_and_pass_over_nulls(self, store: ViewStore) -> None:
        apply(
            prepared(store),
            *((1, thing(id)) for id in "abc"),
            *((1, part("a", place, label)) for place, label in enumerate(["x", "x", "y", None])),
            (1, part("b", 7)),
        )
        expected = [("c", 0, 0, None, None), ("b", 1, 0, 7, 7), ("a", 4, 2, 0, 3)]
        assert store.query(_FIGURES, {"most": 9}) == expected
        assert store.query(_FIGURES, {"most": 2}) == expected[:2]

    def test_figures_hold_at_a_position(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")), (2, part("a", 0)), (3, part("a", 1)))
        apply(store, (4, Close(PART, {"whole": "a", "place": 0})))
        counts = [store.query(_FIGURES, {"most": 9}, at=at) for at in range(5)]
        assert [[row[1] for row in rows] for rows in counts] == [[], [0], [1], [2], [1]]
        assert store.query(_FIGURES, {"most": 9}, ever=True) == [("a", 2, 0, 0, 1)]

    def test_without_plain_fields_there_is_one_group_even_of_nothing(
        self, store: ViewStore
    ) -> None:
        apply(prepared(store), (1, part("a", 3)), (1, part("a", 5)))
        assert store.query(_OF_ALL, {"whole": "a"}) == [(2, 5)]
        assert store.query(_OF_ALL, {"whole": "b"}) == [(0, None)]

    def test_plain_fields_of_nothing_make_no_group(self, store: ViewStore) -> None:
        assert prepared(store).query(_FIGURES, {"most": 9}) == []

    def test_a_list_has_what_belongs_to_its_row_sorted_and_without_nulls(
        self, store: ViewStore
    ) -> None:
        labels = ["x", None, "\U0001f33f", 'a "b"\n\\', "\uffee", "x", "", "10", "9"]
        apply(
            prepared(store),
            (1, thing("a", "x")),
            (1, thing("b", "9")),
            (1, thing("c")),
            *((1, part("a", place, label)) for place, label in enumerate(labels)),
            *((1, part("b", place)) for place in (10, 9)),
            (1, part("c", 2**62, "x")),
        )
        expected = [
            ("a", ["", "10", "9", 'a "b"\n\\', "x", "x", "\uffee", "\U0001f33f"], [0, 5, 2**62]),
            ("b", [], [8]),
            ("c", ["x"], []),
        ]
        assert store.query(_WITH_LISTS, {}) == expected
        assert store.query(_WITH_LISTS, {}, at=1) == expected

    def test_a_list_has_what_held_at_the_moment_of_its_row(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")), (2, part("a", 0, "x")), (3, part("a", 1, "w")))
        apply(store, (4, Amend(PART, {"whole": "a", "place": 0}, {"label": "y"})))
        apply(store, (5, Close(PART, {"whole": "a", "place": 1})), (6, Close(THING, {"id": "a"})))
        query: Query[Row] = Query((Step("thing", THING, {}),), (_LABELS,))
        assert [store.query(query, {}, at=at) for at in range(7)] == [
            [],
            [([],)],
            [(["x"],)],
            [(["w", "x"],)],
            [(["w", "y"],)],
            [(["y"],)],
            [],
        ]
        assert store.query(query, {}) == []
        assert store.query(query, {}, ever=True) == [(["w", "x", "y"],)]

    def test_a_list_may_belong_to_what_was_asked_for_or_to_nothing(self, store: ViewStore) -> None:
        """It finds nothing by a null, as every step does."""
        optional = Step("part", PART, {"whole": Field("thing", "id")}, optional=True)
        query: Query[Row] = Query(
            (Step("thing", THING, {"id": Param("id")}), optional),
            (
                Listed(THING, "id", {"kind": Param("kind")}),
                Listed(THING, "id", {"kind": Field("part", "label")}),
            ),
        )
        apply(prepared(store), (1, thing("a")), (1, thing("c", "k")), (1, thing("b", "k")))
        params: dict[str, Value] = {"id": "a", "kind": "k"}
        assert store.query(query, params) == [(["b", "c"], [])]
        apply(store, (2, part("a", 0, "k")))
        assert store.query(query, params) == [(["b", "c"], ["b", "c"])]
        assert store.query(query, {**params, "kind": None}) == [([], ["b", "c"])]

    def test_a_list_is_given_to_one_who_asks_alone(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")), (1, part("a", 0, "x")))
        for _ in range(2):
            ((_, labels, _),) = store.query(_WITH_LISTS, {})
            assert labels == ["x"]
            labels.clear()

    def test_what_must_find_nothing_leaves_those_for_whom_nothing_is_found(
        self, store: ViewStore
    ) -> None:
        apply(
            prepared(store),
            *((1, thing(id)) for id in "abc"),
            (1, part("a", 1)),
            (1, part("b", 0)),
        )
        assert ids(store.query(_WITHOUT_PARTS, {"from": 0})) == ["c"]
        assert ids(store.query(_WITHOUT_PARTS, {"from": 1})) == ["b", "c"]
        apply(store, (2, Close(PART, {"whole": "a"})))
        assert ids(store.query(_WITHOUT_PARTS, {"from": 1})) == ["a", "b", "c"]
        assert ids(store.query(_WITHOUT_PARTS, {"from": 1}, at=1)) == ["b", "c"]

    def test_rows_of_all_time_come_with_their_ranges(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a", size=1)), (2, thing("b")))
        apply(store, (4, Amend(THING, {"id": "a"}, {"size": 2})))
        apply(store, (6, Close(THING, {"id": "a"})), (7, thing("a", size=3)))
        query = _ranges(THING)
        expected = [("a", 1, 4), ("b", 2, OPEN_END), ("a", 4, 6), ("a", 7, OPEN_END)]
        assert store.query(query, {}, ever=True) == expected
        assert store.query(query, {}) == [expected[1], expected[3]]
        assert store.query(query, {}, at=5) == [expected[1], expected[2]]

    def test_rows_of_all_time_up_to_a_position_have_begun_by_then(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")), (2, Close(THING, {"id": "a"})), (5, thing("b")))
        query = _ranges(THING)
        assert [ids(store.query(query, {}, at=at, ever=True)) for at in (0, 1, 4, 5)] == [
            [],
            ["a"],
            ["a"],
            ["a", "b"],
        ]

    def test_rows_of_all_time_are_looked_for_by_key_and_index(self, store: ViewStore) -> None:
        apply(prepared(store), (1, part("a", 0, "x")), (1, part("b", 0, "x")))
        apply(store, (2, Close(PART, {"whole": "a"})), (3, part("a", 1, "y")))
        assert ids(store.query(_ranges(PART, "label"), {"label": "x"}, ever=True)) == ["a", "b"]
        found = store.query(_ranges(PART, "whole"), {"whole": "a"}, ever=True)
        assert found == [("a", 0, 1, 2), ("a", 1, 3, OPEN_END)]

    def test_a_question_of_now_is_not_mistaken_for_one_of_all_time(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")), (2, Close(THING, {"id": "a"})))
        query = rows_of(THING, columns=("id",))
        assert ids(store.query(query, {}, ever=True)) == ["a"]
        assert ids(store.query(query, {})) == []
        assert ids(store.query(query, {}, at=1)) == ["a"]
