"""A registry that an older release has written to PostgreSQL is opened by this one, and answers as before."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import stemmata
from stemmata.stemma import Stemma
from tests.postgres import Server
from tests.upgrades.asking import Answers, answers

SAMPLES = sorted(Path(__file__).with_name("postgresql").iterdir())
PATIENCE = 60.0


@pytest.fixture(params=SAMPLES, ids=lambda sample: sample.name)
def url(request: pytest.FixtureRequest, postgres: Server) -> Iterator[str]:
    """The URL of a registry that was restored from the sample."""
    statements = (request.param / "registry.sql").read_text(encoding="utf-8")
    with postgres.connect() as raw:
        raw.execute(statements.encode())
        yield postgres.url("registry")
        raw.execute("DROP SCHEMA registry CASCADE")


@pytest.fixture
def told() -> Answers:
    """What the release answered, as it did with SQLite."""
    path = Path(__file__).with_name("samples") / "0.1.0" / "answers.json"
    found: Answers = json.loads(path.read_text(encoding="utf-8"))
    return found


def opened(url: str, **options: Any) -> Stemma:
    return stemmata.open(url, content="memory://", actor="host", **options)


def differing(found: Answers, told: Answers) -> list[str]:
    return [question for question in told if found.get(question) != told[question]]


def differing_in_a_process(url: str, told: Answers) -> list[str]:
    with closing(opened(url)) as stemma:
        return differing(answers(stemma), told)


def test_a_registry_answers_as_it_did_and_its_subscribers_go_on(url: str, told: Answers) -> None:
    for _ in range(2):
        with opened(url) as stemma:
            assert differing(answers(stemma), told) == []
            assert stemma.cursors() == {"billing": 7}
    with opened(url) as stemma, stemma.subscribe(name="billing", timeout=0) as events:
        assert next(events).position == 8


def test_views_of_an_older_schema_are_made_anew_which_is_told(
    url: str, told: Answers, postgres: Server
) -> None:
    with postgres.connect() as raw:
        raw.execute("UPDATE registry.view SET schema = 'older'")
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        with opened(url, progress=lambda *reached: seen.append(reached)) as stemma:
            assert differing(answers(stemma), told) == []
            assert seen[-1] == (stemma.position(), stemma.position())
    assert len(seen) == 1


def test_processes_that_open_it_at_once_all_get_the_same_answers(url: str, told: Answers) -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        asking = [pool.submit(differing_in_a_process, url, told) for _ in range(2)]
        assert [each.result(PATIENCE) for each in asking] == [[], []]
