"""What a command or a question costs, in figures that no machine changes, stands in a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.counts import ACCEPT, TABLE, Figures, complaints, count, read, written

LINK = {"statements": (26.0, 26.0), "pages": (29.2, 32.7), "growth": (1.0,)}


def test_nothing_costs_more_than_the_table_says_and_nothing_less(tmp_path: Path) -> None:
    found = read(written(count(tmp_path)))
    wrong = list(complaints(read(TABLE.read_text(encoding="utf-8")), found))
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            {"statements": (27.0, 27.0)},
            "link: statements rose from 26 to 27 at 100 versions; find out why,",
        ),
        (
            {"statements": (25.0, 26.0)},
            "link: statements fell from 26 to 25 at 100 versions; well done, tighten the table",
        ),
        ({"pages": (29.2, 40.0)}, "link: pages rose from 32.7 to 40 at 10,000 versions;"),
        ({"growth": (2.0,)}, "link: growth rose from 1 to 2;"),
    ],
)
def test_a_figure_that_is_another_is_told_with_what_to_do(found: Figures, sentence: str) -> None:
    first, *_ = complaints({"link": LINK}, {"link": {**LINK, **found}})
    assert first.startswith(sentence)
    assert ACCEPT in first


def test_pages_may_be_a_little_off() -> None:
    found = {"link": {**LINK, "pages": (30.0, 31.0)}}
    assert not list(complaints({"link": LINK}, found))


def test_what_is_in_one_of_the_two_only_is_told() -> None:
    assert list(complaints({"link": LINK}, {"use": LINK})) == [
        f"link: it is not counted any more; accept that by `{ACCEPT}`.",
        f"use: the table does not have it; accept that by `{ACCEPT}`.",
    ]


def test_the_table_is_read_as_it_was_written() -> None:
    figures: dict[str, Figures] = {"link": {**LINK, "statements": (26.0,)}, "use": LINK}
    again = read(written(figures))
    assert again["use"]["pages"] == LINK["pages"]
    assert again["link"]["statements"] == again["use"]["statements"] == (26.0,)
