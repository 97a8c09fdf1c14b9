"""Cursors belong to one question, and nobody can make one up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemmata_domain.errors import InvalidCursor, InvalidSetting
from stemmata_projections.paging import cursor_of, page_size, place_in

json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
lists = st.lists(json, max_size=4)


@given(question=lists, place=lists)
def test_a_cursor_leads_back_to_its_place(question: list[Any], place: list[Any]) -> None:
    assert place_in(question, cursor_of(question, place)) == place


@given(question=lists, other=lists, place=lists)
def test_a_cursor_serves_no_other_question(
    question: list[Any], other: list[Any], place: list[Any]
) -> None:
    cursor = cursor_of(question, place)
    if question != other:
        with pytest.raises(InvalidCursor):
            place_in(other, cursor)


@given(cursor=st.text(max_size=80))
def test_what_is_made_up_is_no_cursor(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        place_in(["q"], cursor)


@given(place=lists, at=st.integers(0, 30), char=st.sampled_from("ab-_=+/ \n"))
def test_a_cursor_that_was_changed_is_refused(place: list[Any], at: int, char: str) -> None:
    cursor = cursor_of(["q"], place)
    changed = cursor[:at] + char + cursor[at:]
    with pytest.raises(InvalidCursor, match="cursor"):
        place_in(["q"], changed)


def test_a_cursor_of_any_length_is_refused_at_once() -> None:
    with pytest.raises(InvalidCursor):
        place_in(["q"], "A" * 10_000_000)


@pytest.mark.parametrize("limit", [0, -1, 10_001, True, 1.5, "10", None])
def test_a_page_has_some_size(limit: Any) -> None:
    with pytest.raises(InvalidSetting, match="from 1 to 10000"):
        page_size(limit)
    assert page_size(10_000) == 10_000
