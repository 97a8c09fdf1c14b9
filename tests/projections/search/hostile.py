"""Thousands of questions from somebody who means no good: each is answered or refused.

Run as a program, with a seed, a number and a file for views (or `memory`), it tells how many were
answered and how many refused; whatever else is raised ends it.
"""

from __future__ import annotations

import base64
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.errors import StemmataError
from stemmata_projections.search.index import SearchIndex
from stemmata_projections.search.scopes import Scope
from stemmata_projections.search.text import TextSearch
from stemmata_projections.view_store import ViewStore
from tests.projections.history import PROJECTIONS, History
from tests.properties.searching import busy_registry

_FIELDS = (
    *("id", "name", "entity_id", "description", "created_at", "updated_at", "type", "tag", "tags"),
    *(
        "alias",
        "aliases",
        "version",
        "version_index",
        "metadata",
        "metadata.",
        "metadata..",
        "size",
    ),
    *("metadata.accuracy", "metadata.layers.0", "metadata.deep.a", "metadata.a.b", "linked_at"),
    *(
        "",
        ".",
        "$",
        "name.x",
        "NAME",
        "__class__",
        "id\x00",
        "metadata.\ud800",
        "ｎａｍｅ",
        "$where",
    ),
)
_OPERATORS = (
    *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$and", "$or", "$nor", "$not"),
    *("$exists", "$regex", "$contains", "$size", "$all", "$options", "$", "$$", "$expr", "$EQ"),
)
_TEXTS = (
    *("", "x", "a" * 5000, "\x00", "\ud800", "\U0010ffff", "'; DROP TABLE term; --", "%", "_", "*"),
    *("v0", "v99999999999999999999", "v٣", "v-1", "2026-03-03", "2026-02-30", "0001-01-01"),
    *("9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "2026-W10-2", "20260303"),
    *("wandb-registry-", "wandb-registry-wandb-registry-model", "nan", "null", "digits", "good"),
)
_PATTERNS = (
    *(
        "(a+)+$",
        "(a*)*b",
        "(a|aa)+$",
        "([a-z]+)*[A-Z]",
        "(x+x+)+y",
        "(.*)*(.*)*(.*)*$",
        "^(([a-z])+.)+$",
    ),
    *(
        "(?=x)",
        "(?!x)",
        "(?<=x)",
        "(?<!x)",
        r"(x)\1",
        r"(?P<a>x)(?P=a)",
        "(?>x)",
        "x++",
        "(?#c)",
        "(?R)",
    ),
    *(
        "[",
        "(",
        ")",
        "*",
        "+",
        "?",
        "{",
        "a{1001}",
        "a{1000}{1000}",
        "((a{100}){100}){100}",
        "\\",
        "[z-a]",
    ),
    *(
        r"\pL{99}",
        r"[\pL\pN]*" * 50,
        "(" * 500 + ")" * 500,
        "a|" * 499,
        ".*" * 499,
        r"\C",
        r"\Q",
        r"\8",
    ),
    *(
        "(?i)" * 100,
        "(?s).{500}",
        "(a?){500}a{500}",
        "^$|" * 300,
        "\x00",
        "\ud800",
        "é" * 900,
        "[^\x00-\uffff]",
    ),
    *(
        "(?:(?:(?:a{10}){10}){10}){10}",
        "(.{1,32}){1,32}",
        "(?i)(?m)(?s)(?U)x",
        "[[:alpha:]]+",
        "[[:x:]]",
    ),
)


_ZONELESS = datetime(2026, 3, 3, tzinfo=UTC).replace(tzinfo=None)


class Endless(dict[str, Any]):
    """A mapping that holds itself."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self[key] = self if key == "$not" else [self]


class Hostile:
    """Draws questions."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def value(self, depth: int = 0) -> Any:
        choose = self.chance.choice
        simple: list[Callable[[], Any]] = [
            lambda: choose(_TEXTS),
            lambda: choose(_PATTERNS),
            lambda: choose(
                (0, 1, -1, 2**63, -(2**63) - 1, 10**400, 1.5, float("nan"), float("inf"))
            ),
            lambda: choose((None, True, False, b"x", object(), Ellipsis, {1, 2}, {"x"}, range(3))),
            lambda: choose((date(2026, 3, 3), _ZONELESS, datetime.min.replace(tzinfo=UTC))),
            lambda: datetime.max.replace(tzinfo=timezone(-timedelta(hours=23))),
        ]
        nested: list[Callable[[], Any]] = [
            lambda: [self.value(depth + 1) for _ in range(self.chance.randrange(4))],
            lambda: tuple(self.value(depth + 1) for _ in range(2)),
            lambda: {choose(_TEXTS): self.value(depth + 1)},
            lambda: {choose(_OPERATORS): self.value(depth + 1) for _ in range(2)},
        ]
        return choose(simple if depth > 3 else simple + nested)()

    def filter(self, depth: int = 0) -> Any:
        choose = self.chance.choice
        if depth == 0 and self.chance.random() < 0.05:
            return choose(
                (
                    *(Endless("$and"), Endless("$not"), [], 5, "x", b"{}", "[" * 100_000),
                    *(
                        '{"$not":' * 50_000 + "{}" + "}" * 50_000,
                        '{"size":' + "9" * 5000 + "}",
                        "{",
                    ),
                    {"tag": {"$in": ["x" * 10] * 30_000}},
                    {"name": {"$not": Endless("$not")}},
                    {"metadata" + ".0" * 100_000: 1},
                    {"$or": [{"size": number} for number in range(30_000)]},
                )
            )
        if depth > 4 or self.chance.random() < 0.6:
            return {
                choose(_FIELDS): self.operators() for _ in range(self.chance.choice((1, 1, 1, 2)))
            }
        operator = choose(("$and", "$or", "$nor", "$not", choose(_OPERATORS)))
        parts = [self.filter(depth + 1) for _ in range(self.chance.randrange(1, 4))]
        return {operator: choose((parts, parts, parts[0], self.value()))}

    def harmless(self) -> Any:
        """A filter that fits the language, about hostile values."""
        choose = self.chance.choice
        text = [each for each in _TEXTS if not set(each) & {"\0", "\ud800"}]
        value: Any = choose(
            (*text, 0, -1, 2**63, 10**400, 1.5, None, True, [], ["x", 1], {"a": {}})
        )
        steps = ".".join(choose(("0", "a", "layers", "", "a.b", "9" * 30)) for _ in range(40))
        field = choose(("id", "name", "metadata", "metadata.layers.0", f"metadata.{steps}"))
        test = choose(
            (
                value,
                {choose(("$eq", "$ne", "$contains")): value},
                {choose(("$in", "$nin", "$all")): [value] * choose((0, 1, 100))},
                {choose(("$gt", "$gte", "$lt", "$lte")): choose((*text, 0, 10**400))},
                {"$regex": choose(_PATTERNS[:7])},
                {"$not": {"$not": {"$size": 2**70}}, "$exists": False},
            )
        )
        return {choose(("$or", "$nor", "$and")): [{field: test}, {"name": "x"}, {}]}

    def operators(self) -> Any:
        chance = self.chance.random()
        if chance < 0.2:
            return self.value()
        if chance < 0.4:
            return {"$regex": self.chance.choice((*_PATTERNS, *_TEXTS))}
        return {
            self.chance.choice(_OPERATORS): self.value()
            for _ in range(self.chance.choice((1, 1, 2)))
        }

    def order(self) -> Any:
        signs = self.chance.choice(("", "", "+", "-", "--", " ", "$"))
        return self.chance.choice((None, None, 5, b"name", signs + self.chance.choice(_FIELDS)))

    def cursor(self, real: list[str]) -> Any:
        choose = self.chance.choice
        cursor = choose(real)
        place = self.chance.randrange(len(cursor))
        junk = json.dumps([choose((0, -1, 2**70, "x", None)), self.chance.random(), [[]]]).encode()
        return choose(
            (
                *(
                    None,
                    None,
                    None,
                    None,
                    cursor,
                    cursor[:place],
                    cursor + choose(("A", "=", "\x00")),
                ),
                cursor[:place] + choose("AZ9_-") + cursor[place + 1 :],
                base64.urlsafe_b64encode(junk).decode(),
                base64.urlsafe_b64encode(
                    base64.urlsafe_b64decode(cursor + "==")[:8] + junk
                ).decode(),
                *(5, b"x", "é", "\ud800", "A" * 20_000, ""),
            )
        )


def ask(hostile: Hostile, views: ViewStore, count: int) -> Counter[str]:
    """Put so many questions, and count how they ended."""
    index, words = SearchIndex(views), TextSearch(views)
    cursors = [
        found.cursor
        for found in (
            index.find_versions(limit=1),
            index.find_collections(limit=1),
            index.find_registries(limit=1),
            index.find_versions(order="size", limit=1),
            words.find("digits", limit=1),
        )
        if found.cursor is not None
    ]
    ended: Counter[str] = Counter()
    for _ in range(count):
        kind = hostile.chance.choice(("registries", "collections", "versions", "versions", "text"))
        seldom = hostile.chance.random
        filter = hostile.harmless() if seldom() < 0.5 else hostile.filter()
        order = hostile.order() if seldom() < 0.3 else None
        cursor = hostile.cursor(cursors) if seldom() < 0.3 else None
        scope = hostile.chance.choice((Scope(), Scope(project="vision/mnist")))
        if seldom() < 0.1:
            scope = Scope(registries=hostile.filter(), collections=hostile.filter())
        try:
            match kind:
                case "registries":
                    index.find_registries(filter, scope=scope, order=order, cursor=cursor)
                case "collections":
                    index.find_collections(filter, scope=scope, order=order, cursor=cursor)
                case "versions":
                    index.find_versions(filter, scope=scope, order=order, cursor=cursor)
                case _:
                    text = hostile.chance.choice(
                        (*_TEXTS, *_PATTERNS, "x " * 50_000, "数" * 50_000)
                    )
                    filter = hostile.chance.choice((None, None, filter))
                    kinds = hostile.chance.choice(((), (), ("version",), ("x",)))
                    words.find(text, filter=filter, kinds=kinds, cursor=cursor)
            ended["answered"] += 1
        except StemmataError as refusal:
            ended["refused" if str(refusal) else "refused without a word"] += 1
    return ended


def views_of(history: History, path: str) -> ViewStore:
    """Return views in a SQLite file that have followed a history."""
    database = SqliteDatabase(Path(path))
    SqliteEventStore(database, ids=TimeOrderedIds())
    views = SqliteViewStore(database)
    views.prepare(PROJECTIONS)
    changes = [
        (each.position, change)
        for each in history.recorded
        for projection in PROJECTIONS
        for change in projection.project(each)
    ]
    names = [projection.name for projection in PROJECTIONS]
    assert views.apply(names, changes, after=0, upto=history.head)
    return views


if __name__ == "__main__":
    seed, count, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    history = busy_registry(seed)
    views = history.views() if path == "memory" else views_of(history, path)
    print(json.dumps(ask(Hostile(random.Random(seed)), views, count)))
