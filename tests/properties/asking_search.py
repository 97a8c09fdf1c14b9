"""Questions by filters and by words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.properties import folded_search as search
from tests.properties.asking import Args, Asked, Kind
from tests.properties.folded import Folded
from tests.properties.folded_search import Condition, Facts, Sought, has, is_number

Filter = dict[str, Any]
Filters = list[tuple[Filter, Condition]]


def _times(model: Folded, field: str) -> Filters:
    middle = model.trail[len(model.trail) // 2].time
    return [
        ({field: {"$gte": middle.isoformat()}}, lambda facts: facts[field] >= middle),
        ({field: {"$lt": middle.isoformat()}}, lambda facts: facts[field] < middle),
    ]


def _of_registries(model: Folded) -> Filters:
    return [
        ({}, lambda _: True),
        ({"name": "Own"}, lambda facts: facts["name"] == "wandb-registry-Own"),
        ({"name": {"$contains": "O"}}, lambda facts: facts["name"].startswith("wandb-registry-O")),
        ({"name": {"$regex": "o.el$"}}, lambda facts: facts["name"].endswith("model")),
        ({"description": {"$exists": True}}, lambda facts: facts["description"] is not None),
        ({"$not": {"name": {"$in": ["model", "x"]}}}, lambda facts: facts["name"][15:] != "model"),
        *_times(model, "updated_at"),
        *_times(model, "created_at"),
    ]


def _of_lines(model: Folded) -> Filters:
    return [
        ({}, lambda _: True),
        ({"tag": "t"}, lambda facts: "t" in facts["tag"]),
        ({"tags": {"$nin": ["t", "u"]}}, lambda facts: not {"t", "u"} & {*facts["tag"]}),
        ({"alias": "x"}, lambda facts: "x" in facts["alias"]),
        ({"aliases": None}, lambda facts: not facts["alias"]),
        ({"description": None}, lambda facts: facts["description"] is None),
        ({"description": {"$contains": "two"}}, lambda f: "two" in (f["description"] or "")),
        ({"type": {"$ne": "model"}}, lambda facts: facts["type"] != "model"),
        ({"name": {"$in": ["C", "a"]}}, lambda facts: facts["name"] in ("C", "a")),
        *_times(model, "updated_at"),
    ]


def _of_versions(model: Folded) -> Filters:
    def m(facts: Facts) -> Any:
        return facts["metadata"].get("m")

    def n(facts: Facts) -> Any:
        return facts["metadata"].get("n")

    return [
        ({}, lambda _: True),
        ({"tag": "t"}, lambda facts: "t" in facts["tag"]),
        ({"tag": {"$ne": "t"}}, lambda facts: "t" not in facts["tag"]),
        ({"tag": {"$all": ["t", "u"]}}, lambda facts: {"t", "u"} <= {*facts["tag"]}),
        ({"tags": {"$size": 1}}, lambda facts: len(facts["tag"]) == 1),
        ({"alias": {"$in": ["x", "y"]}}, lambda facts: bool({"x", "y"} & {*facts["alias"]})),
        ({"alias": None}, lambda facts: not facts["alias"]),
        ({"version": {"$gte": 1}}, lambda facts: facts["version"] >= 1),
        (
            {"version_index": "v0", "type": "model"},
            lambda f: (f["version"], f["type"]) == (0, "model"),
        ),
        ({"metadata.m": None}, lambda facts: has(m(facts), lambda each: each is None)),
        ({"metadata.m": {"$exists": True}}, lambda facts: "m" in facts["metadata"]),
        ({"metadata.m": True}, lambda facts: has(m(facts), lambda each: each is True)),
        (
            {"metadata.n": {"$gt": 0}},
            lambda f: has(n(f), lambda each: is_number(each) and each > 0),
        ),
        ({"metadata.n": {"$lte": "null"}}, lambda f: has(n(f), _is_up_to_null)),
        ({"size": {"$lt": 495}}, lambda facts: facts["size"] < 495),
        ({"$or": [{"type": "dataset"}, {"tag": "u"}]}, _is_dataset_or_u),
        ({"$nor": [{"alias": "latest"}, {"collection": "a"}]}, _is_neither_latest_nor_a),
        (
            {"name": {"$regex": "^[aC]:v[01]$"}},
            lambda f: f["name"] in {"a:v0", "a:v1", "C:v0", "C:v1"},
        ),
        *_times(model, "linked_at"),
        *_times(model, "updated_at"),
        *_times(model, "created_at"),
    ]


def _is_up_to_null(value: Any) -> bool:
    return isinstance(value, str) and value <= "null"


def _is_dataset_or_u(facts: Facts) -> bool:
    return facts["type"] == "dataset" or "u" in facts["tag"]


def _is_neither_latest_nor_a(facts: Facts) -> bool:
    return "latest" not in facts["alias"] and facts["collection"] != "a"


# --- asking ------------------------------------------------------------------------------------

_PLACES = (
    *(None, None, "acme", "Beta", "vision", "ada", "vision/p", "nlp/p", "none"),
    *("wandb-registry-model", "wandb-registry-model/C", "vision/p/a", "wandb-registry-none"),
)


def _sought(filters: Callable[[Folded], Filters], orders: tuple[str | None, ...]) -> Any:
    """Return what yields a place and an order for each filter, others at each position."""

    def about(model: Folded) -> Iterator[Args]:
        uppers = _of_registries(model)
        for k, (filter, _) in enumerate(filters(model)):
            for turn in range(3):
                n = 5 * k + 3 * turn + model.position
                within = _PLACES[n % len(_PLACES)]
                order = orders[n % len(orders)]
                logged = n % 7 == 0 and within is None
                upper = n % 5 if within in (None, "acme", "Beta") and not logged else None
                above = None if upper is None else uppers[upper][0]
                yield k, filter, upper, above, within, logged, order, (1, 3, 100)[turn]

    return about


def _found(what: str, filters: Callable[[Folded], Filters], about_registries: bool = False) -> Any:
    def ask(asked: Asked, _: int, filter: Filter, __: int | None, *rest: Any) -> object:
        above, within, logged, order, limit = rest
        find = getattr(asked.of("vision"), f"find_{what}")
        given: dict[str, Any] = {"order": order, "limit": limit}
        if about_registries:
            given["organization"] = within
        else:
            given |= {"within": within, "logged": logged}
            given["registries"] = above
        page = find(filter, **given)
        found = list(page)
        while page.cursor is not None:
            assert len(page) == limit
            page = find(filter, **given, cursor=page.cursor)
            found += page
        return found

    def tell(model: Folded, k: int, _: Filter, upper: int | None, *rest: Any) -> object:
        __, within, logged, order, ___ = rest
        sought = Sought(within=within, logged=logged, order=order)
        holds = filters(model)[k][1]
        if about_registries:
            return search.registries(model, sought, holds)
        above = _of_registries(model)[upper or 0][1]
        return getattr(search, what)(model, sought, holds, above)

    return ask, tell


def _texts(model: Folded) -> Iterator[Args]:
    for n, text in enumerate(
        ("lines", "TWO", "é", "t", "link", "d", "d", "own", "two lin", "t u", "…")
    ):
        yield text, (None, "vision/p")[(n + model.position) % 2], (2, 100)[n % 2]


def _words(asked: Asked, text: str, within: str | None, limit: int) -> object:
    """Return what was found, in its order; of several words, whose ranks add up, in any."""
    reader = asked.of("vision")
    page = reader.search(text, within=within, limit=limit)
    hits = list(page)
    while page.cursor is not None:
        page = reader.search(text, within=within, limit=limit, cursor=page.cursor)
        hits += page
    found = [[each.kind, each.full_name, [*each.fields]] for each in hits]
    return sorted(found, key=str) if " " in text else found


SEARCH = (
    Kind(
        "find registries",
        _sought(_of_registries, (None, "name", "-created_at", "updated_at", "-name")),
        *_found("registries", _of_registries, about_registries=True),
    ),
    Kind(
        "find collections",
        _sought(_of_lines, (None, None, "name", "-updated_at", "+created_at")),
        *_found("collections", _of_lines),
    ),
    Kind(
        "find versions",
        _sought(_of_versions, (None, None, "-size", "created_at", "-linked_at", "version")),
        *_found("versions", _of_versions),
    ),
    Kind("words", _texts, _words, lambda model, text, within, _: search.words(model, text, within)),
)
