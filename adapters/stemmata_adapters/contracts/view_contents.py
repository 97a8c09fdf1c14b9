"""What every view store tells of its contents beyond answers: every row, what is parked, and its order."""

from __future__ import annotations

import pytest

from stemmata_adapters.contracts.view_samples import (
    OTHERS,
    PART,
    THING,
    THINGS,
    apply,
    ids,
    part,
    prepared,
    rows_of,
    thing,
)
from stemmata_domain.errors import ChangeImpossible
from stemmata_projections.changes import Amend, Close
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Field, Query, Step
from stemmata_projections.tables import OPEN_END, Row
from stemmata_projections.view_store import HeldRow, Parked, ViewStore

# By code points; most languages sort them otherwise, and databases that follow a language do too.
TEXTS = [
    *("", " b", "'", "-a", "A", "B", "Z", "_a", "a", "a b", "aB", "aa", "ab", "z"),
    *("à", "é", "z\u0301", "ﬁ", "🙂"),
]


class ViewContentsContract:
    """Rows of all time in one order, events that views could not take, and the order of text."""

    # --- the order of text ------------------------------------------------------------------

    @pytest.mark.parametrize("at", [None, 1])
    @pytest.mark.parametrize("down", [False, True])
    def test_text_is_sorted_by_code_points(
        self, store: ViewStore, at: int | None, down: bool
    ) -> None:
        apply(prepared(store), *((1, thing(f"{n}", text)) for n, text in enumerate(TEXTS)))
        apply(store, (2, thing("later")))
        order = ((Field("row", "kind"), down),)
        query: Query[Row] = Query((Step("row", THING, {}),), (Field("row", "kind"),), order)
        found = [kind for kind in ids(store.query(query, {}, at=at)) if kind is not None]
        assert found == sorted(TEXTS, reverse=down)

    # --- every row --------------------------------------------------------------------------

    def test_a_scan_gives_every_row_that_ever_held(self, store: ViewStore) -> None:
        apply(prepared(store), (1, part("b", 1)), (2, part("a", 2, "x")), (2, part("a", 10)))
        apply(store, (5, Amend(PART, {"whole": "a", "place": 2}, {"label": "y"})))
        apply(store, (7, Close(PART, {"whole": "a"})), (9, part("a", 2, "z")))
        assert list(store.scan(PART)) == [
            HeldRow(("a", 2, "x", None), 2, 5),
            HeldRow(("a", 2, "y", None), 5, 7),
            HeldRow(("a", 2, "z", None), 9, OPEN_END),
            HeldRow(("a", 10, None, None), 2, 7),
            HeldRow(("b", 1, None, None), 1, OPEN_END),
        ]

    def test_a_scan_gives_values_as_they_were_given_by_the_code_points_of_the_key(
        self, store: ViewStore
    ) -> None:
        things = [
            thing(text, None, n, live=n % 2 > 0, note={"n": n}) for n, text in enumerate(TEXTS)
        ]
        assert list(prepared(store).scan(THING)) == []
        apply(store, *((1, each) for each in things))
        expected = sorted((each.row for each in things), key=lambda row: str(row[0]))
        assert [held.row for held in store.scan(THING)] == expected

    # --- what views could not take ----------------------------------------------------------

    def test_events_are_parked_with_the_page_that_leaves_them_out(self, store: ViewStore) -> None:
        prepared(store)
        assert list(store.parked()) == []
        late, early = (Parked(THINGS.name, n, f"'é🙂' at {n}") for n in (12, 2))
        other = Parked(OTHERS.name, 3, "no")
        assert store.apply([THINGS.name], [], after=0, upto=5, parked=[early])
        assert store.apply([THINGS.name], [(11, thing("a"))], after=5, upto=12, parked=[late])
        assert store.apply([OTHERS.name], [], after=0, upto=3, parked=[other])
        assert list(store.parked()) == [other, early, late]
        assert ids(store.query(rows_of(THING), {})) == ["a"]

    def test_what_is_not_applied_parks_nothing(self, store: ViewStore) -> None:
        apply(prepared(store), (1, thing("a")))
        parked = [Parked(THINGS.name, 2, "no")]
        assert not store.apply([THINGS.name], [], after=0, upto=2, parked=parked)
        with pytest.raises(ChangeImpossible):
            store.apply([THINGS.name], [(2, thing("a"))], after=1, upto=2, parked=parked)
        assert list(store.parked()) == []

    def test_what_was_parked_is_forgotten_with_its_view(self, store: ViewStore) -> None:
        prepared(store)
        kept = Parked(OTHERS.name, 1, "no")
        for projection, parked in (THINGS, Parked(THINGS.name, 1, "no")), (OTHERS, kept):
            assert store.apply([projection.name], [], after=0, upto=1, parked=[parked])
        store.prepare([_anew(THINGS), OTHERS])
        assert list(store.parked()) == [kept]


def _anew(projection: Projection) -> Projection:
    return Projection(projection.name, projection.schema + 1, projection.tables, projection.folds)
