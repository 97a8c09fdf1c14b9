"""Searches in memory, in SQLite and in a plain registry find the same, at every position."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_projections.paging import Page
from stemmata_projections.search.index import SearchIndex
from stemmata_projections.search.scopes import Scope
from stemmata_projections.search.terms import asked, terms
from stemmata_projections.search.text import TextSearch
from stemmata_projections.view_store import ViewStore
from tests.projections.history import PROJECTIONS, History
from tests.properties.searching import ALIASES, TAGS, WORDS, Plain, busy_registry, plainly_passes

_SEEDS = range(4)
_PROJECT = Scope(project="vision/mnist")


@dataclass
class Sides:
    history: History
    views: tuple[ViewStore, ViewStore]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Sides]]:
    made, databases = [], []
    for seed in _SEEDS:
        history = busy_registry(seed)
        path: Path = tmp_path_factory.mktemp("search") / "views.db"
        database = SqliteDatabase(path)
        SqliteEventStore(database, ids=TimeOrderedIds())
        sqlite = SqliteViewStore(database)
        sqlite.prepare(PROJECTIONS)
        names = [projection.name for projection in PROJECTIONS]
        changes = [
            (each.position, change)
            for each in history.recorded
            for projection in PROJECTIONS
            for change in projection.project(each)
        ]
        assert sqlite.apply(names, changes, after=0, upto=history.head)
        made.append(Sides(history, (history.views(), sqlite)))
        databases.append(database)
    yield made
    for database in databases:
        database.close()


# --- filters ------------------------------------------------------------------------------------

_numbers = st.sampled_from([0, 1, 2, 0.5, 0.9, 1.0, 100, 5_000_000_000, -1])
_times = st.sampled_from([f"2026-03-03 12:{m:02}:{s:02}" for m in range(3) for s in (0, 20, 40)])
_names = st.sampled_from([*TAGS, *ALIASES, "latest"])
_words = st.sampled_from(
    [
        "digits",
        "Digits",
        "Fine-tuned",
        "Digits:v1",
        "letters:v0",
        "model",
        "dataset",
        "col0",
        "art0:1",
    ]
)
_any = st.one_of(
    _numbers, _names, _words, st.none(), st.booleans(), st.sampled_from(["a", "x", "high"])
)
_patterns = st.sampled_from(
    ["^v[0-3]$", "o+", "(?:d|e)", "^$", "i.*s", "[A-Z]", "^2026-03-03T12:00"]
)


def _operators(value: st.SearchStrategy[Any], ordered: st.SearchStrategy[Any]) -> Any:
    one = st.one_of(
        st.tuples(st.sampled_from(["$eq", "$ne"]), value),
        st.tuples(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), ordered),
        st.tuples(st.sampled_from(["$in", "$nin", "$all"]), st.lists(value, max_size=3)),
        st.tuples(st.just("$exists"), st.booleans()),
        st.tuples(st.just("$regex"), _patterns),
        st.tuples(st.just("$contains"), st.sampled_from(["o", "1", "v", "Z", 1, None])),
        st.tuples(st.just("$size"), st.integers(0, 2)),
    )
    several = st.lists(one, min_size=1, max_size=2).map(dict)
    return st.one_of(value, several, several.map(lambda each: {"$not": each}))


def _field(names: list[str], value: Any, ordered: Any = None) -> Any:
    return st.tuples(
        st.sampled_from(names), _operators(value, value if ordered is None else ordered)
    )


_ordinary = st.one_of(_numbers, _words)
_of_all = [
    _field(["id", "name", "type"], st.one_of(_words, st.none()), _ordinary),
    _field(["tag", "tags", "alias", "aliases"], st.one_of(_names, st.none()), _names),
    _field(["created_at", "updated_at"], _times),
]
_of_collections = st.one_of(*_of_all, _field(["description"], st.one_of(_words, st.none()), _words))
_of_versions = st.one_of(
    *_of_all,
    _field(["linked_at", "acm_created_at"], _times),
    _field(
        ["version", "version_index"],
        st.sampled_from([0, 1, 3, "v0", "v2", "x", 1.0, True]),
        _numbers,
    ),
    _field(["size", "artifact_size"], _numbers),
    _field(["collection"], _words),
    _field(
        [
            *("metadata.accuracy", "metadata.layers", "metadata.layers.0", "metadata.layers.n"),
            *("metadata.deep", "metadata.deep.a", "metadata.deep.a.b", "metadata.a.b"),
            *("artifact_metadata.none", "metadata"),
        ],
        st.one_of(_any, st.sampled_from([[], [1, 2], {"a": 1}, {"b": "x"}])),
        st.one_of(_numbers, st.just("a")),
    ),
)
_of_registries = st.one_of(
    _field(["created_at", "updated_at"], _times),
    _field(["id", "entity_id"], st.sampled_from(["acme-model", "org-acme", "x"])),
    _field(["description"], st.none(), _words),
)


def filters(field: Any) -> Any:
    one = st.lists(field, max_size=2, unique_by=lambda each: _same_field(each[0])).map(dict)
    return st.recursive(
        one,
        lambda parts: st.one_of(
            st.tuples(
                st.sampled_from(["$and", "$or", "$nor"]), st.lists(parts, min_size=1, max_size=3)
            ).map(lambda each: {each[0]: each[1]}),
            parts.map(lambda each: {"$not": each}),
        ),
        max_leaves=4,
    )


def _same_field(name: str) -> str:
    others = {"tags": "tag", "aliases": "alias", "version_index": "version"}
    others |= {"artifact_size": "size", "acm_created_at": "linked_at"}
    return others.get(name, name)


# --- questions ----------------------------------------------------------------------------------


def every(ask: Callable[..., Page[Any]], limit: int) -> list[Any]:
    """Return what all pages of an answer have."""
    page = ask(limit=limit, cursor=None)
    found = [*page]
    while page.cursor is not None:
        assert len(page) == limit
        page = ask(limit=limit, cursor=page.cursor)
        assert page.items
        found += page
    return found


_many = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_many
@given(
    seed=st.sampled_from(_SEEDS),
    position=st.floats(0.3, 1),
    now=st.booleans(),
    filter=filters(_of_versions),
    collections=st.one_of(st.none(), filters(_of_collections)),
    registries=st.one_of(st.none(), filters(_of_registries)),
    order=st.sampled_from([None, None, "size", "-size", "+created_at", "-linked_at", "version"]),
    limit=st.sampled_from([1, 2, 7, 1000]),
    in_project=st.booleans(),
)
def test_versions(
    sides: list[Sides],
    seed: int,
    position: float,
    now: bool,
    filter: Any,
    collections: Any,
    registries: Any,
    order: str | None,
    limit: int,
    in_project: bool,
) -> None:
    side = sides[seed]
    at = None if now else int(position * side.history.head)
    plain = Plain.after(side.history.recorded[:at])
    shelves = sorted(
        (each for each in plain.registries.values() if plainly_passes(each, registries or {})),
        key=lambda each: str(each["name"]),
    )
    scopes = ["vision/mnist"] if in_project else [each["id"] for each in shelves]
    expected = [
        member
        for scope in scopes
        for line in plain.collections({scope})
        if plainly_passes(line, collections or {})
        for member in plain.members(line)
        if plainly_passes(member, filter)
    ]
    if order is not None:
        expected.sort(key=lambda each: each["id"])
        expected.sort(key=lambda each: each[order.lstrip("+-")], reverse=order.startswith("-"))
    scope = Scope(registries=registries, collections=collections)
    if in_project:
        scope = Scope(project="vision/mnist", collections=collections)
    for views in side.views:
        index = SearchIndex(views, at=at)
        found = every(
            lambda index=index, **page: index.find_versions(
                filter, scope=scope, order=order, **page
            ),
            limit,
        )
        seen = [(each.id, each.line, each.index) for each in found]
        wanted = [(each["id"], each["line"], each["version"]) for each in expected]
        if order is None:
            assert seen == wanted
        else:
            # Of one version in two collections, only the version is ordered.
            assert sorted(seen) == sorted(wanted)
            assert [id for id, _, _ in seen] == [id for id, _, _ in wanted]


@_many
@given(
    seed=st.sampled_from(_SEEDS),
    position=st.floats(0.1, 1),
    filter=filters(_of_collections),
    order=st.sampled_from([None, "name", "-name", "-created_at", "updated_at"]),
    limit=st.sampled_from([1, 2, 1000]),
    in_project=st.booleans(),
)
def test_collections(
    sides: list[Sides],
    seed: int,
    position: float,
    filter: Any,
    order: str | None,
    limit: int,
    in_project: bool,
) -> None:
    side = sides[seed]
    at = int(position * side.history.head)
    plain = Plain.after(side.history.recorded[:at])
    scopes = sorted(plain.registries, key=lambda id: str(plain.registries[id]["name"]))
    expected = [
        line
        for scope in (["vision/mnist"] if in_project else scopes)
        for line in plain.collections({scope})
        if plainly_passes(line, filter)
    ]
    if order is not None:
        expected.sort(key=lambda each: str(each["id"]))
        expected.sort(key=lambda each: each[order.lstrip("+-")], reverse=order.startswith("-"))
    for views in side.views:
        index = SearchIndex(views, at=at)
        found = every(
            lambda index=index, **page: index.find_collections(
                filter, scope=_PROJECT if in_project else Scope(), order=order, **page
            ),
            limit,
        )
        assert [each.id for each in found] == [each["id"] for each in expected]
        assert [list(each.tags) for each in found] == [each["tag"] for each in expected]


@settings(_many, max_examples=100)
@given(
    seed=st.sampled_from(_SEEDS),
    position=st.floats(0.1, 1),
    filter=filters(_of_registries),
    order=st.sampled_from([None, "name", "-name", "-created_at", "-updated_at"]),
    limit=st.sampled_from([1, 2, 1000]),
)
def test_registries(
    sides: list[Sides], seed: int, position: float, filter: Any, order: str | None, limit: int
) -> None:
    side = sides[seed]
    at = int(position * side.history.head)
    plain = Plain.after(side.history.recorded[:at])
    by = (order or "name").lstrip("+-")
    expected = sorted(
        (each for each in plain.registries.values() if plainly_passes(each, filter)),
        key=lambda each: str(each["id"]),
    )
    expected.sort(key=lambda each: each[by], reverse=(order or "").startswith("-"))
    for views in side.views:
        index = SearchIndex(views, at=at)
        found = every(
            lambda index=index, **page: index.find_registries(filter, order=order, **page), limit
        )
        assert [each.id for each in found] == [each["id"] for each in expected]


_questions = st.one_of(
    st.sampled_from(
        [*WORDS, *TAGS, "dig", "d", "数字", "書", "net 50", "fine tuned", "card of di"]
    ),
    st.sampled_from([word[:2] for word in (*WORDS, *TAGS)]),
)


@settings(_many, max_examples=300)
@given(
    seed=st.sampled_from(_SEEDS),
    position=st.floats(0.1, 1),
    question=_questions,
    limit=st.sampled_from([1, 3, 1000]),
)
def test_texts(sides: list[Sides], seed: int, position: float, question: str, limit: int) -> None:
    side = sides[seed]
    at = int(position * side.history.head)
    plain = Plain.after(side.history.recorded[:at])
    texts = {
        **{
            id: [each["name"].removeprefix("wandb-registry-"), each["description"]]
            for id, each in plain.registries.items()
        },
        **{
            id: [each["name"], each["description"], *each["tags"]]
            for id, each in plain.lines.items()
        },
        **{id: [each["description"], *each["tags"]] for id, each in plain.versions.items()},
    }
    words = asked(question)
    has = {id: {t for text in of for t in terms(text or "")} for id, of in texts.items()}
    expected = {
        id
        for id, found in has.items()
        if found.issuperset(words.whole)
        and (words.beginning is None or any(term.startswith(words.beginning) for term in found))
    }
    answers = []
    for views in side.views:
        index = TextSearch(views, at=at)
        found = every(lambda index=index, **page: index.find(question, **page), limit)
        assert {each.thing.id for each in found} == expected
        assert len(found) == len(expected)
        answers.append([(each.kind, each.full_name, each.fields) for each in found])
    assert answers[0] == answers[1]
