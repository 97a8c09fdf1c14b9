"""SQLite answers each query by its indexes, at a cost that the history of a view does not raise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.events import AliasRemoved, VersionTagged, VersionUnlinked, VersionUntagged
from stemmata_projections.lineage import queries as lineage
from stemmata_projections.queries import Query
from stemmata_projections.search import queries as search
from stemmata_projections.usage import queries as usage
from stemmata_projections.version_index import queries as version_index
from stemmata_projections.version_index.index import VersionIndex
from tests.projections.history import PROJECTIONS, History, added, linked, three_versions

QUERIES: dict[str, Query[Any]] = {
    name: query
    for module in (version_index, lineage, search, usage)
    for name, query in vars(module).items()
    if isinstance(query, Query)
}

# What is sorted by time or by the name of something else cannot come from an index.
SORTED = {
    "LINKS_OF_VERSION",
    "ORGANIZATIONS_OF_PERSON",
    "RUNS_OF_VERSION",
    "UNUSED_ANYWHERE",
    "UNUSED_IN_LINE",
    "UNUSED_IN_SCOPE",
    "VERSIONS_OF_RUN",
    *("LAST_CHANGES_OF_LINES", "LAST_CHANGES_OF_VERSIONS"),  # grouped
}
# Sorted within each row of the step before.
SORTED_IN_PART = {
    *("TAGS_OF_LINE", "TAGS_IN_SCOPE", "TAGS_BETWEEN"),
    *("TAGS_OF_LINES", "ALIASES_OF_LINES"),
}
# The list that rows are looked up by, which is given with the question.
LIST = "SCAN json_each VIRTUAL TABLE INDEX 1:"
# All there are, of which there are few.
SCANNED = {"ORGANIZATIONS"}
# A stretch of an index, with what has ended in it: projects of one entity, words of one beginning.
STRETCHES = {"SCOPES_BETWEEN", "THINGS_WITH_BEGINNING"}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "views.db")
    SqliteEventStore(database, ids=TimeOrderedIds())
    SqliteViewStore(database).prepare(PROJECTIONS)
    yield database
    database.close()


def plan(database: SqliteDatabase, query: Query[Any], *, as_of: bool) -> list[str]:
    statement = sql.select(query, when="as of" if as_of else "now")
    params = dict.fromkeys(re.findall(r":(\w+)", statement), 1)
    rows = database.connection().execute(f"EXPLAIN QUERY PLAN {statement}", params)
    return [detail for *_, detail in rows]


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("as_of", [False, True], ids=["now", "as of"])
def test_every_step_is_a_look_up_that_passes_over_what_has_ended(
    database: SqliteDatabase, name: str, as_of: bool
) -> None:
    steps = [
        detail
        for detail in plan(database, QUERIES[name], as_of=as_of)
        if detail.startswith(("SCAN", "SEARCH")) and detail != LIST
    ]
    if name in SCANNED:
        assert len(steps) == 1
        return
    for step in steps:
        assert step.startswith("SEARCH"), step
        if name in STRETCHES:
            continue
        assert "AND span=?" in step or "valid_to" in step, step


# Figures are made of groups, for which rows are sorted.
@pytest.mark.parametrize("name", [name for name in QUERIES if not QUERIES[name].aggregates])
def test_rows_of_now_come_in_their_order(database: SqliteDatabase, name: str) -> None:
    sorting = [d for d in plan(database, QUERIES[name], as_of=False) if "TEMP B-TREE" in d]
    assert bool(sorting) == (name in SORTED | SORTED_IN_PART)
    if name in SORTED_IN_PART:
        assert sorting == ["USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"]


def follow(views: SqliteViewStore, history: History) -> None:
    at = views.checkpoint("version_index")
    changes = [
        (each.position, change)
        for each in history.recorded[at:]
        for projection in PROJECTIONS
        for change in projection.project(each)
    ]
    names = [projection.name for projection in PROJECTIONS]
    assert views.apply(names, changes, after=at, upto=history.head)


def work_of(database: SqliteDatabase, ask: Callable[[], object]) -> int:
    """Return how many instructions SQLite carries out for a question, which is the same each time."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    ask()
    database.connection().set_progress_handler(step, 1)
    ask()
    database.connection().set_progress_handler(None, 1)
    return count


def questions(views: SqliteViewStore, *, at: int | None) -> dict[str, Callable[[], object]]:
    index = VersionIndex(views, entity="vision", project="mnist", at=at)
    return {
        "alias": lambda: index.resolve("wandb-registry-model/Digits:staging"),
        "number": lambda: index.resolve("wandb-registry-model/Digits:v0"),
        "source": lambda: index.resolve("digits:v0"),
        "list": lambda: index.versions("col"),
        "list of sources": lambda: index.versions("art"),
        "links": lambda: index.links_of("art:1"),
    }


def test_questions_of_now_and_then_cost_the_same_after_thousands_of_moves(
    database: SqliteDatabase,
) -> None:
    """An alias goes to and fro, a tag comes and goes, a version is linked again and again."""
    views = SqliteViewStore(database)
    views.prepare(PROJECTIONS)
    history = three_versions().happened("collection-col", added("staging", 0))
    follow(views, history)
    early = history.head
    before = {
        name: (work_of(database, now), work_of(database, then))
        for (name, now), then in zip(
            questions(views, at=None).items(), questions(views, at=early).values(), strict=True
        )
    }
    for move in range(1, 2_001):
        history.happened("collection-col", added("staging", move % 2, (move + 1) % 2))
        if move % 2:
            tagging = VersionTagged(version="art:0", index=0, tag="t")
            history.happened("artifact-art", tagging)
        else:
            history.happened("artifact-art", VersionUntagged(version="art:0", index=0, tag="t"))
        if move % 4 == 0:
            gone = VersionUnlinked(version="art:2", index=1 + move // 4)
            history.happened("collection-col", linked(1 + move // 4, 2), gone)
    history.happened("collection-col", AliasRemoved(alias="staging", index=0))
    history.happened("collection-col", added("staging", 0))
    follow(views, history)
    middle = (history.head + early) // 2
    for name, now in questions(views, at=None).items():
        now_before, then_before = before[name]
        assert work_of(database, now) <= now_before * 1.1, name
        # A span has, besides the rows that held, some that did not: a few for each width.
        for at in (early, middle, history.head):
            then = work_of(database, questions(views, at=at)[name])
            assert then <= then_before * 2, (name, at, then, then_before)
