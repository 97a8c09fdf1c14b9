"""What searches answer, page by page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import JsonValue

from stemmata_domain.errors import InvalidCursor, InvalidFilter, InvalidSetting
from stemmata_domain.events import (
    CollectionDeleted,
    DescriptionChanged,
    VersionDeleted,
    VersionTagged,
    VersionUntagged,
)
from stemmata_projections.paging import Page, cursor_of, place_in
from stemmata_projections.search.index import SearchIndex
from stemmata_projections.search.scopes import Scope, canonical
from stemmata_projections.search.text import TextSearch
from tests.projections.history import (
    History,
    added,
    artifact,
    collection,
    founded,
    joined,
    linked,
    logged,
    registered,
)
from tests.projections.search.conftest import Follow

PROJECT = Scope(project="vision/mnist")


def many(count: int) -> History:
    """An artifact with so many versions, each linked."""
    history = artifact(founded()).happened("collection-col", collection())
    for index in range(count):
        history.happened("artifact-art", logged(index))
        history.happened("collection-col", linked(index, index))
    return history


def names(page: Page[Any]) -> list[str]:
    return [each.full_name for each in page]


def pages(ask: Callable[..., Page[Any]], between: Callable[[], object] = lambda: None) -> list[str]:
    found, cursor = [], None
    while True:
        page = ask(cursor=cursor)
        found += names(page)
        if page.cursor is None:
            return found
        cursor = page.cursor
        between()


@pytest.mark.parametrize("order", [None, "-version", "linked_at"])
def test_pages_have_neither_doubles_nor_gaps_while_others_write(
    follow: Follow, order: str | None
) -> None:
    history = many(20)
    index = SearchIndex(follow(history))
    whole = names(index.find_versions(order=order))
    assert len(whole) == 20
    count = 20

    def write() -> None:
        nonlocal count
        history.happened("artifact-art", logged(count))
        history.happened("collection-col", linked(count, count))
        gone = count - 18
        history.happened("artifact-art", VersionDeleted(version=f"art:{gone}", index=gone))
        count += 1
        follow(history)

    found = pages(lambda **at: index.find_versions(order=order, limit=3, **at), write)
    assert found == whole
    assert len(names(index.find_versions(scope=PROJECT))) == 20


def test_pages_of_collections_and_of_words_stay_those_of_their_moment(follow: Follow) -> None:
    history = founded()
    for number in range(9):
        history.happened(f"collection-c{number}", collection(f"c{number}", name=f"Digits {number}"))
    views = follow(history)
    expected = [f"wandb-registry-model/Digits {number}" for number in range(9)]
    made = 10

    def write() -> None:
        nonlocal made
        history.happened(f"collection-c{made}", collection(f"c{made}", name=f"Digits 0{made}"))
        history.happened(f"collection-c{made - 9}", CollectionDeleted(collection=f"c{made - 9}"))
        made += 1
        follow(history)

    found = pages(lambda **at: SearchIndex(views).find_collections(limit=2, **at), write)
    assert found == expected
    history = History(history.recorded)
    whole = names(TextSearch(views).find("digits"))
    assert pages(lambda **at: TextSearch(views).find("digits", limit=2, **at), write) == whole


def test_what_was_deleted_leaves_no_hole_in_an_answer(follow: Follow) -> None:
    history = many(0)
    for index in range(1200):
        history.happened("artifact-art", logged(index))
    for index in range(1, 1199):
        history.happened("artifact-art", VersionDeleted(version=f"art:{index}", index=index))
    search = SearchIndex(follow(history))
    expected = ["vision/mnist/digits:v0", "vision/mnist/digits:v1199"]
    assert names(search.find_versions(scope=PROJECT)) == expected
    page = search.find_versions(scope=PROJECT, limit=1)
    assert names(search.find_versions(scope=PROJECT, cursor=page.cursor)) == expected[1:]


def test_a_page_goes_on_within_one_of_few_collections(follow: Follow) -> None:
    history = many(6)
    for number, alias in enumerate(("a", "b", "c", "d")):
        history.happened("collection-col", added(alias, number))
    search = SearchIndex(follow(history))
    filters: list[dict[str, Any]] = [
        {"alias": {"$in": ["a", "b", "d"]}},
        {"version": {"$in": ["v3", 1, 0, "x", 9]}},
    ]
    for filter in filters:
        found = pages(partial(search.find_versions, filter, limit=1))
        assert found == [f"wandb-registry-model/Digits:v{number}" for number in (0, 1, 3)]


def test_a_version_is_found_in_each_collection_that_has_it(follow: Follow) -> None:
    history = many(2).happened("registry-acme-tools", registered("tools"))
    history.happened("collection-two", collection("two", name="Two", registry="acme-tools"))
    history.happened("collection-two", linked(0, 1))
    index = SearchIndex(follow(history))
    expected = ["wandb-registry-model/Digits:v1", "wandb-registry-tools/Two:v0"]
    assert names(index.find_versions({"id": "art:1"})) == expected
    assert names(index.find_versions({"id": "art:1"}, scope=Scope(line="two"))) == expected[1:]
    assert (
        names(index.find_versions({"id": "art:1"}, scope=Scope(registry="acme-model")))
        == (expected[:1])
    )
    assert names(index.find_versions(scope=Scope(registries={"name": "tools"}))) == expected[1:]
    assert names(index.find_versions(scope=Scope(collections={"name": "Two"}))) == expected[1:]
    assert names(index.find_versions(scope=Scope(entity="vision"))) == [
        "vision/mnist/digits:v0",
        "vision/mnist/digits:v1",
    ]
    assert names(index.find_versions(scope=Scope(entity="visio"))) == []
    assert names(index.find_versions(scope=Scope(organization="org-other"))) == []


def test_a_change_is_what_changes_a_thing_and_not_its_use(follow: Follow) -> None:
    history = many(2)
    before = history.recorded[-1].time
    history.happened("artifact-art", VersionTagged(version="art:0", index=0, tag="t"))
    index = SearchIndex(follow(history))
    later = {"updated_at": {"$gt": before}}
    assert names(index.find_versions(later)) == ["wandb-registry-model/Digits:v0"]
    assert names(index.find_collections(later, scope=PROJECT)) == ["vision/mnist/digits"]
    assert names(index.find_collections(later)) == []
    history.happened("collection-col", added("staging", 1))
    follow(history)
    assert names(index.find_collections(later)) == ["wandb-registry-model/Digits"]
    assert names(index.find_registries(later)) == []
    history.happened("collection-new", collection("new", name="New"))
    follow(history)
    assert names(index.find_registries(later, order="-updated_at")) == ["wandb-registry-model"]


def test_before_the_first_event_nothing_is_found(follow: Follow) -> None:
    views = follow(many(2))
    assert SearchIndex(views, at=0).find_registries().items == ()
    assert SearchIndex(views, at=0).find_versions().items == ()
    assert TextSearch(views, at=0).find("digits").items == ()


def test_many_collections_are_read_stretch_by_stretch(follow: Follow) -> None:
    history = founded()
    expected = []
    for number in range(300):
        id, name = f"c{number:03}", f"Line {number:03}"
        tags = ("third",) if number % 3 == 0 else ()
        history.happened(f"collection-{id}", collection(id, name=name, tags=tags))
        history.happened(f"collection-{id}", linked(0, 0), added("latest", 0))
        expected.append(f"wandb-registry-model/{name}")
    search = SearchIndex(follow(history))
    assert pages(partial(search.find_collections, limit=70)) == expected
    for filter, found in (
        ({"tag": {"$in": ["third", "other"]}}, expected[::3]),
        ({"alias": "latest", "id": {"$gt": "c280"}}, expected[281:]),
        ({"name": {"$in": ["Line 007", "Line 299", "nobody"]}}, [expected[7], expected[299]]),
        ({"$or": [{"tag": {"$regex": "^th"}}, {"alias": None}]}, expected[::3]),
    ):
        assert pages(partial(search.find_collections, filter, limit=70)) == found
    assert pages(partial(search.find_collections, order="-name", limit=70)) == expected[::-1]


def test_filters_are_one_question_however_they_are_written(follow: Follow) -> None:
    search = SearchIndex(follow(many(5)))
    day = date(2026, 3, 3)
    moment = datetime(2026, 3, 3, 12, tzinfo=timezone(timedelta(hours=9)))
    for filter, same in (
        ({"created_at": {"$gte": day}}, {"created_at": {"$gte": date(2026, 3, 3)}}),
        ({"created_at": {"$gte": moment}}, {"created_at": {"$gte": moment}}),
        ({"size": {"$in": {100, 101, 102}}}, {"size": {"$in": {102, 101, 100}}}),
        (MappingProxyType({"size": {"$gt": 0}}), {"size": {"$gt": 0}}),
    ):
        page = search.find_versions(filter, limit=2)
        assert len(search.find_versions(same, cursor=page.cursor)) >= 1


def test_what_was_logged_is_found_in_all_projects(follow: Follow) -> None:
    history = artifact(many(2), "other", project="letters", name="other")
    history.happened("artifact-other", logged(0, artifact="other"))
    made = collection("p", name="Picked", registry=None, scope="vision/letters")
    history.happened("collection-p", made, linked(0, 0))
    search = SearchIndex(follow(history))
    logged_ones = Scope(logged=True)
    assert names(search.find_versions(scope=logged_ones)) == [
        "vision/letters/other:v0",
        "vision/mnist/digits:v0",
        "vision/mnist/digits:v1",
    ]
    letters = Scope(project="vision/letters")
    assert names(search.find_collections(scope=letters)) == [
        "vision/letters/Picked",
        "vision/letters/other",
    ]
    letters = Scope(project="vision/letters", logged=True)
    assert names(search.find_collections(scope=letters)) == ["vision/letters/other"]
    with pytest.raises(InvalidSetting, match="every project"):
        search.find_versions(scope=Scope(logged=True, registries={"name": "model"}))


# --- cursors --------------------------------------------------------------------------------------


def test_a_cursor_belongs_to_its_question(follow: Follow) -> None:
    index = SearchIndex(follow(many(5)))
    cursor = index.find_versions({"size": {"$gt": 0}}, limit=2).cursor
    assert cursor is not None
    same = index.find_versions('{ "size": {"$gt": 0} }', limit=1, cursor=cursor)
    assert names(same) == ["wandb-registry-model/Digits:v2"]
    for wrong in (
        lambda: index.find_versions({"size": {"$gt": 1}}, cursor=cursor),
        lambda: index.find_versions(cursor=cursor),
        lambda: index.find_versions({"size": {"$gt": 0}}, order="size", cursor=cursor),
        lambda: index.find_versions({"size": {"$gt": 0}}, scope=PROJECT, cursor=cursor),
        lambda: index.find_collections(cursor=cursor),
        lambda: index.find_versions({"size": {"$gt": 0}}, cursor=cursor[:-2]),
        lambda: index.find_versions({"size": {"$gt": 0}}, cursor="A" + cursor[1:]),
        lambda: index.find_versions({"size": {"$gt": 0}}, cursor=""),
        lambda: index.find_versions({"size": {"$gt": 0}}, cursor="\ud800"),
    ):
        with pytest.raises(InvalidCursor):
            wrong()


@pytest.mark.parametrize(
    "place",
    [
        [],
        [5],
        [2**63, "acme-model", "Digits", 1],
        [-1, "acme-model", "Digits", 1],
        [True, "acme-model", "Digits", 1],
        [None, "acme-model", "Digits", 1],
        [10_000, "acme-model", "Digits", 1],
        [5, "acme-model", "Digits", 2**63],
        [5, "acme-model", "Digits", -1],
        [5, "acme-model", "Digits", "1"],
        [5, "acme-model", ["Digits"], 1],
        [5, "acme-model", "Digits", 1, 1],
        [5, 1],
    ],
)
def test_a_cursor_that_was_made_up_is_refused(follow: Follow, place: list[JsonValue]) -> None:
    index = SearchIndex(follow(many(5)))
    question: list[JsonValue] = ["versions", *Scope().canonical(), canonical(None), "", None]
    real = index.find_versions(limit=1).cursor
    assert real is not None
    assert place_in(question, real) == [index_head(5), "acme-model", "Digits", 0]
    with pytest.raises(InvalidCursor):
        index.find_versions(cursor=cursor_of(question, place))


def index_head(count: int) -> int:
    return many(count).head


def test_a_place_that_is_gone_by_a_made_up_cursor_is_passed_over(follow: Follow) -> None:
    index = SearchIndex(follow(many(3)))
    question: list[JsonValue] = ["versions", *Scope().canonical(), canonical(None), "", None]
    for shelf, name, number, expected in (
        ("nowhere", "Digits", 1, []),
        ("acme-model", "Digit", 7, ["v0", "v1", "v2"]),
        ("acme-model", "Digits", 2, []),
        ("acme-dataset", "Z", 0, ["v0", "v1", "v2"]),
    ):
        cursor = cursor_of(question, [index_head(3), shelf, name, number])
        assert [each.version for each in index.find_versions(cursor=cursor)] == expected


def test_a_page_of_no_size_is_refused(follow: Follow) -> None:
    index = SearchIndex(follow(many(1)))
    for limit in (0, -1, True, 10_001):
        with pytest.raises(InvalidSetting, match="limit"):
            index.find_versions(limit=limit)


def test_a_filter_of_registries_says_nothing_of_projects(follow: Follow) -> None:
    index = SearchIndex(follow(many(1)))
    with pytest.raises(InvalidSetting, match="no registries are looked through there"):
        index.find_versions(scope=Scope(project="vision/mnist", registries={"name": "model"}))


# --- words ----------------------------------------------------------------------------------------


def words(history: History) -> History:
    history = artifact(history, "a", name="digits-old")
    history = artifact(history, "b", name="digits")
    history.happened("registry-acme-digits", registered("digits", types=None))
    history.happened("collection-c", collection("c", name="Reader", tags=("digits", "for phones")))
    history.happened("collection-d", collection("d", name="Digital"))
    history.happened("artifact-b", logged(0, artifact="b", tags=("nightly digits",)))
    history.happened("artifact-b", logged(1, artifact="b"))
    text = "Liest Ziffern (digits) von Hand"
    history.happened("artifact-b", DescriptionChanged(version="b:1", index=1, description=text))
    return history


def test_what_fits_best_comes_first(follow: Follow) -> None:
    search = TextSearch(follow(words(founded())))
    found = search.find("digits")
    assert [(each.kind, each.full_name, each.fields) for each in found] == [
        ("registry", "wandb-registry-digits", ("name",)),
        ("artifact", "vision/mnist/digits", ("name",)),
        ("artifact", "vision/mnist/digits-old", ("name",)),
        ("collection", "wandb-registry-model/Reader", ("tag",)),
        ("version", "vision/mnist/digits:v0", ("tag",)),
        ("version", "vision/mnist/digits:v1", ("description",)),
    ]
    assert names(search.find("digit"))[1] == "wandb-registry-model/Digital"
    assert names(search.find("digits old")) == ["vision/mnist/digits-old"]
    assert names(search.find("reader phones")) == ["wandb-registry-model/Reader"]
    assert names(search.find("hand digits")) == ["vision/mnist/digits:v1"]


def test_words_are_found_within_a_place_and_by_kind(follow: Follow) -> None:
    history = words(founded())
    history.happened("collection-d", linked(0, 0, artifact="b"))
    search = TextSearch(follow(history))
    model = Scope(registry="acme-model")
    assert names(search.find("digits", scope=model)) == [
        "wandb-registry-model/Reader",
        "wandb-registry-model/Digital:v0",
    ]
    assert names(search.find("digits", scope=Scope(line="d"))) == [
        "wandb-registry-model/Digital:v0"
    ]
    assert names(search.find("digits", kinds="version")) == [
        "vision/mnist/digits:v0",
        "vision/mnist/digits:v1",
    ]
    assert names(search.find("digits", kinds=["version"], filter={"tag": "nightly digits"})) == [
        "vision/mnist/digits:v0"
    ]
    assert names(search.find("digits", kinds=["artifact"], filter={"name": "digits"})) == [
        "vision/mnist/digits"
    ]
    assert names(search.find("digits", kinds=["registry"], filter={"name": "model"})) == []
    assert names(search.find("digits", scope=PROJECT, kinds=["registry"])) == []


def test_words_that_went_are_not_found(follow: Follow) -> None:
    history = words(founded())
    tags = VersionUntagged(version="b:0", index=0, tag="nightly digits")
    views = follow(history)
    search = TextSearch(views)
    assert names(search.find("nightly")) == ["vision/mnist/digits:v0"]
    before = history.head
    history.happened("artifact-b", tags)
    history.happened("artifact-b", DescriptionChanged(version="b:1", index=1, description=None))
    history.happened("collection-c", CollectionDeleted(collection="c"))
    follow(history)
    assert names(search.find("nightly")) == names(search.find("ziffern")) == []
    assert names(search.find("reader")) == []
    assert names(TextSearch(views, at=before).find("nightly")) == ["vision/mnist/digits:v0"]


def test_a_question_without_words_or_of_no_kind_is_refused(follow: Follow) -> None:
    search = TextSearch(follow(words(joined(founded(), "ada"))))
    with pytest.raises(InvalidSetting, match="give at least one word"):
        search.find(" - ")
    with pytest.raises(InvalidSetting, match="more than 100 words"):
        search.find(" ".join(map(str, range(200))))
    with pytest.raises(InvalidSetting, match="must be one of: registry, collection"):
        search.find("x", kinds=["run"])
    with pytest.raises(InvalidFilter, match="ask for one kind"):
        search.find("x", filter={"name": "x"})
    with pytest.raises(InvalidSetting, match="text"):
        search.find("\ud800")
