"""Pictures and cards: every name is text, everything has its place, and the large stays readable."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemmata_projections.pictures.boxes import Arrow, Box
from stemmata_projections.pictures.cards import card, size_text
from stemmata_projections.pictures.layout import laid_out
from stemmata_projections.pictures.levels import MANY, collapsed, levels_of
from stemmata_projections.pictures.markup import marked, shortened, visible
from stemmata_projections.pictures.svg import MOST_BOXES, drawn

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    "</title><script>x</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='x",
    "]]><!--",
    "&lt;&#60;",
    "\0\x01\x1b[31m\x7f",
    "\ud800",
    "\u202eevil",
    "a\nb\tc",
    "￿",
    "日本語のなまえ" * 30,
    "x" * 10_000,
    "",
]
TEXTS = st.sampled_from(HOSTILE) | st.text(max_size=30)
SPAN = {"svg", "g", "title", "rect", "text", "path"}


def boxes(*ids: str, look: str = "version", group: str = "") -> list[Box]:
    return [
        Box(id=id, look="run" if look == "run" else "version", title=id, group=group) for id in ids
    ]


def arrows(*pairs: str) -> list[Arrow]:
    return [Arrow(source=pair[0], target=pair[1]) for pair in pairs]


def texts(svg: str) -> list[str]:
    return [found.text or "" for found in ET.fromstring(svg).iter(f"{SVG}text")]


# --- text is text -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_is_text_in_a_picture(name: str) -> None:
    box = Box(id="a", look="version", title=name, above=name, below=(name,), hint=f"{name}\nb")
    svg = drawn([box], [])
    assert svg is not None
    root = ET.fromstring(svg)
    assert {found.tag.removeprefix(SVG) for found in root.iter()} <= SPAN
    assert set(texts(svg)) == {shortened(visible(name), 34)} - ({""} if name else set())
    attributes = {key for found in root.iter() for key in found.attrib}
    assert not any(key.startswith("on") or "href" in key for key in attributes)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_name_is_text_on_a_card(name: str) -> None:
    html = card(name, name, [(name, name)], aliases=[name], tags=[name])
    root = ET.fromstring(html)
    assert {found.tag for found in root.iter()} <= {"div", "span", "table", "tr", "td"}
    assert {key for found in root.iter() for key in found.attrib} == {"style"}
    assert len(html) < 10_000


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_a_name_is_the_markup_is_sound(one: str, two: str, three: str) -> None:
    ET.fromstring(f'<p title="{marked(one)}">{marked(two)}</p>')
    ET.fromstring(card(one, two, [(three, one)], aliases=[two]))
    pair = [
        Box(id="1", look="run", title=one, above=two, hint=three),
        Box(id="2", look="cut", title=two, below=(three, one)),
    ]
    svg = drawn(pair, [Arrow(source="1", target="2")])
    assert svg is not None
    ET.fromstring(svg)
    assert len(visible(one).splitlines()) <= 1


def test_long_names_keep_both_ends() -> None:
    assert shortened("abcdefghij", 10) == "abcdefghij"
    assert shortened("abcdefghijk", 10) == "abcde…hijk"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (10**9, "1.0 GB"), (10**20, "100000.0 PB")],
)
def test_sizes_read_easily(size: int, text: str) -> None:
    assert size_text(size) == text


# --- places -------------------------------------------------------------------------------------


def test_arrows_lead_to_higher_levels() -> None:
    some = arrows("ab", "bc", "ac", "dc", "ce")
    assert levels_of(boxes(*"abcde"), some) == {"a": 0, "b": 1, "c": 2, "d": 1, "e": 3}


def test_a_circle_is_drawn_too() -> None:
    some = arrows("ab", "ba", "bc", "aa")
    assert levels_of(boxes(*"abc"), some) == {"a": 0, "b": 1, "c": 2}
    svg = drawn(boxes(*"abc"), some)
    assert svg is not None
    assert svg.count("stroke-dasharray") == 1
    assert sorted(texts(svg)) == ["a", "b", "c"]


graphs = st.integers(1, 25).flatmap(
    lambda n: st.tuples(
        st.just([str(i) for i in range(n)]),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=60),
    )
)


@settings(max_examples=150)
@given(graphs, st.booleans())
def test_nothing_stands_on_anything_else(
    graph: tuple[list[str], list[tuple[int, int]]], acyclic: bool
) -> None:
    names, pairs = graph
    if acyclic:
        pairs = [(min(pair), max(pair)) for pair in pairs]
    some = boxes(*names)
    lines = [Arrow(source=str(a), target=str(b)) for a, b in pairs]
    level = levels_of(some, lines)
    if acyclic:
        assert all(level[str(a)] < level[str(b)] for a, b in pairs if a != b)
    sizes = {name: (20.0 + 7 * int(name), 30.0 + int(name)) for name in names}
    layout = laid_out(some, lines, level, sizes)
    assert len(layout.places) == len(names)
    for one, two in combinations(layout.places, 2):
        beside = abs(one.x - two.x) >= (one.width + two.width) / 2
        over = abs(one.y - two.y) >= (one.height + two.height) / 2 - 1e-6
        assert beside or over
    for each in layout.places:
        assert each.x - each.width / 2 >= -1e-6
        assert each.x + each.width / 2 <= layout.width + 1e-6
        assert each.y - each.height / 2 >= -1e-6
        assert each.y + each.height / 2 <= layout.height + 1e-6


def test_a_chain_is_a_straight_line() -> None:
    some = boxes(*"abcd")
    lines = arrows("ab", "bc", "cd")
    layout = laid_out(some, lines, levels_of(some, lines), dict.fromkeys("abcd", (40.0, 30.0)))
    assert len({place.y for place in layout.places}) == 1
    assert [place.x for place in layout.places] == [20.0, 124.0, 228.0, 332.0]


# --- many ---------------------------------------------------------------------------------------


def fan(count: int) -> tuple[list[Box], list[Arrow]]:
    some = [*boxes("root"), *boxes(*(f"r{i}" for i in range(count)), look="run", group="train")]
    return some, [Arrow(source="root", target=f"r{i}") for i in range(count)]


def shown(some: Sequence[Box], lines: Sequence[Arrow]) -> list[str]:
    found, _, _ = collapsed(some, lines, levels_of(some, lines))
    return [box.title for box in found]


def test_from_five_on_alike_ones_are_shown_as_one() -> None:
    assert len(shown(*fan(MANY - 1))) == MANY
    assert shown(*fan(MANY)) == ["root", "5 runs"]
    svg = drawn(*fan(600))
    assert svg is not None
    assert "600 runs" in texts(svg)
    (hint,) = (t.text for t in ET.fromstring(svg).iter(f"{SVG}title") if "more" in str(t.text))
    assert str(hint).endswith("and 588 more")


def test_what_stands_by_itself_is_not_shown_as_one_of_many() -> None:
    some, lines = fan(6)
    some[3] = Box(id="r2", look="run", title="r2", group="train", stands=True)
    assert shown(some, lines) == ["root", "5 runs", "r2"]


def test_arrows_of_what_is_shown_as_one_are_one() -> None:
    some, lines = fan(8)
    lines[2] = Arrow(source="root", target="r2", dashed=True)
    found, joined, levels = collapsed(some, lines, levels_of(some, lines))
    (arrow,) = joined
    assert (arrow.source, arrow.target, arrow.dashed) == ("root", found[1].id, False)
    assert levels == {"root": 0, found[1].id: 1}


def test_a_crowd_of_different_ones_is_shown_as_one_too() -> None:
    some, lines = fan(0)
    for number in range(40):
        some.append(
            Box(id=f"v{number}", look="version", title=f"v{number}", group=f"type {number}")
        )
        lines.append(Arrow(source="root", target=f"v{number}"))
    assert shown(some, lines) == ["root", "40 versions"]


def test_a_graph_of_thousands_is_drawn_at_once_or_not_at_all() -> None:
    began = time.monotonic()
    long = boxes(*(str(i) for i in range(5_000)))
    chain = [Arrow(source=str(i), target=str(i + 1)) for i in range(4_999)]
    assert drawn(long, chain) is None
    assert drawn(*fan(5_000)) is not None
    wide = [*long, *boxes("end")]
    both = [Arrow(source=str(i), target=str(i % 7 + i + 1)) for i in range(4_900)]
    drawn(wide, both)
    short = boxes(*(str(i) for i in range(MOST_BOXES)))
    crossing = [
        Arrow(source=str(i), target=str(j))
        for i in range(MOST_BOXES)
        for j in range(i + 1, min(i + 40, MOST_BOXES))
    ]
    assert drawn(short, crossing) is None
    near = [arrow for arrow in crossing if int(arrow.target) - int(arrow.source) < 9]
    assert drawn(short, near) is not None
    assert time.monotonic() - began < 30
