"""A page of the trail costs the same however long the log is; so does what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

import stemmata
from stemmata.stemma import Stemma
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from tests.projections.test_query_plans import work_of
from tests.stories.busy_registry import BEGIN, Clock, log

TARGET = "wandb-registry-model/Digits"
OTHER = "wandb-registry-dataset/Others"
SMALL, LARGE = 1500, 4500


def opened(path: Path, *, rounds: int) -> Stemma:
    """Return a registry in which *rounds* versions were linked, and a few things are rare."""
    stemma = stemmata.open(
        f"sqlite:///{path}", content="memory://", actor="ci", entity="vision", clock=Clock()
    )
    stemma.organize("Acme", teams=["vision"])
    stemma.create_collection(OTHER, type="dataset")
    with stemma._events.writing():  # type: ignore[attr-defined]  # SQLite's; one commit is quick
        for n in range(rounds):
            version = log(stemma, str(n))
            stemma.within(actor=f"person {n % 3}").link(version, TARGET, aliases=["staging"])
            if n == rounds // 2:
                stemma.within(actor="rare").edit_aliases(f"{TARGET}:v0", add=["production"])
    return stemma


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stemma]:
    with opened(tmp_path_factory.mktemp("small") / "r.db", rounds=SMALL) as stemma:
        yield stemma


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stemma]:
    with opened(tmp_path_factory.mktemp("large") / "r.db", rounds=LARGE) as stemma:
        yield stemma


def asks(stemma: Stemma, *, newest_first: bool) -> dict[str, Callable[[], object]]:
    def audit(name: str | None = None, **asked: object) -> Callable[[], object]:
        return lambda: stemma.audit(
            name,
            newest_first=newest_first,
            limit=20,
            **asked,  # type: ignore[arg-type]  # as the front door takes it
        )

    hour = timedelta(hours=1)
    return {
        "everything": audit(),
        "registry": audit("wandb-registry-model"),
        "rare registry": audit("wandb-registry-dataset"),
        "collection": audit(TARGET),
        "version": audit(f"{TARGET}:v3"),
        "organization": audit(organization="acme"),
        "actor": audit(actor="person 1"),
        "rare actor": audit(actor="rare"),
        "kind": audit(kinds=["VersionLinked"]),
        "registry and actor": audit("wandb-registry-model", actor="person 1"),
        "registry and rare actor": audit("wandb-registry-model", actor="rare"),
        "registry and kinds": audit("wandb-registry-model", kinds=["AliasAdded", "AliasRemoved"]),
        "a few hours": audit(since=BEGIN + 20 * hour, until=BEGIN + 40 * hour),
        "registry and a few hours": audit(TARGET, since=BEGIN + 20 * hour, until=BEGIN + 40 * hour),
        "timeline of a number": lambda: stemma.timeline(f"{TARGET}:v3"),
        "difference": lambda: stemma.diff(100, 160),
        "difference in a registry": lambda: stemma.diff(100, 160, "wandb-registry-model"),
    }


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("question", asks(cast("Stemma", None), newest_first=False))
def test_a_longer_log_makes_no_question_dearer(
    small: Stemma, large: Stemma, question: str, newest_first: bool
) -> None:
    few, many = (
        work_of(_database(stemma), asks(stemma, newest_first=newest_first)[question])
        for stemma in (small, large)
    )
    # Three times the events.
    assert many <= 1.5 * few


def _database(stemma: Stemma) -> SqliteDatabase:
    return cast("SqliteViewStore", stemma._views)._database
