"""A registry that an older release has written is opened by this one, and answers as it did then.

Each release leaves a sample in `samples`, with the answers that it gave; none is ever changed.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import stemmata
from stemmata.stemma import Stemma
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_domain.errors import StoreUnavailable
from tests.upgrades.asking import Answers, answers

SAMPLES = sorted(Path(__file__).with_name("samples").iterdir())
PATIENCE = 60.0
SOURCE = "vision/mnist/digits"


@pytest.fixture(params=SAMPLES, ids=lambda sample: sample.name)
def sample(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture
def told(sample: Path) -> Answers:
    """What the release that wrote the sample answered."""
    found: Answers = json.loads((sample / "answers.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def path(sample: Path, tmp_path: Path) -> Path:
    """A copy of the sample."""
    return Path(shutil.copy(sample / "registry.db", tmp_path))


@pytest.fixture
def outdated(path: Path) -> Path:
    """A copy of the sample whose views have another schema than this release's, whatever that is."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE view SET schema = 'older'")
        raw.commit()
    return path


def opened(path: Path, **options: Any) -> Stemma:
    return stemmata.open(f"sqlite:///{path}", content="memory://", actor="host", **options)


def differing(found: Answers, told: Answers) -> list[str]:
    return [question for question in told if found.get(question) != told[question]]


def test_a_registry_answers_as_it_did(path: Path, told: Answers) -> None:
    for _ in range(2):
        with opened(path) as stemma:
            assert len(told) > 300
            assert differing(answers(stemma), told) == []


def test_views_of_an_older_schema_are_made_anew_which_is_told(
    outdated: Path, told: Answers
) -> None:
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        with opened(outdated, progress=lambda *reached: seen.append(reached)) as stemma:
            assert differing(answers(stemma), told) == []
            assert seen[-1] == (stemma.position(), stemma.position())
    assert len(seen) == 1


def test_work_goes_on(path: Path, told: Answers) -> None:
    with opened(path) as stemma:
        head = stemma.position()
        ada = stemma.within(actor="ada", entity="vision", project="mnist")
        # What was kept under an idempotency key is known, and snapshots and numbers go on.
        again = ada.link(
            SOURCE + ":v0", "wandb-registry-model/Digits", aliases=["staging"], key="link 0"
        )
        assert (again.index, stemma.position()) == (0, head)
        logged = ada.log(
            "digits", type="model", manifest="0" * 64, digest="f" * 32, size=1, file_count=1
        )
        assert logged.index == max(each["index"] for each in _versions(told, SOURCE)) + 1
        ada.link(logged.name, "wandb-registry-model/Digits", aliases=["production"])
        assert ada.resolve("wandb-registry-model/Digits:production").source_index == logged.index
        assert differing(answers(stemma.as_of(head)), _of_now(told)) == []


def _versions(told: Answers, artifact: str) -> list[Answers]:
    name = f"resolve {artifact}:v"
    return [answer for question, answer in told.items() if question.startswith(name)]


def _of_now(told: Answers) -> Answers:
    return {q: a for q, a in told.items() if q != "log" and not q.startswith("as of")}


def test_who_may_not_write_reads_the_log_and_leaves_the_file_as_it_is(
    path: Path, told: Answers, tmp_path: Path
) -> None:
    before = path.read_bytes()
    events = SqliteEventStore(SqliteDatabase(path, read_only=True), ids=TimeOrderedIds())
    with Stemma(
        events=events,
        views=MemoryViewStore(),
        content=MemoryContentStore(),
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        actor="auditor",
        cache_dir=tmp_path,
    ) as stemma:
        assert differing(answers(stemma), told) == []
        with pytest.raises(StoreUnavailable, match="readonly"):
            stemma.organize("New", people=["eve"])
        with pytest.raises(StoreUnavailable, match="no place for cursors yet"):
            events.save_cursor("billing", 1)
        assert (events.cursors(), events.load_cursor("billing")) == ({}, None)
    assert path.read_bytes() == before


def differing_in_a_process(path: Path, told: Answers) -> list[str]:
    with closing(opened(path)) as stemma:
        return differing(answers(stemma), told)


def test_processes_that_open_it_at_once_all_get_the_same_answers(
    outdated: Path, told: Answers
) -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        asking = [pool.submit(differing_in_a_process, outdated, told) for _ in range(2)]
        assert [each.result(PATIENCE) for each in asking] == [[], []]


def dying(path: Path, statement: int) -> subprocess.CompletedProcess[str]:
    """Open the registry in a process that is killed at a statement; 0 is none."""
    program = [sys.executable, "-m", "tests.upgrades.dying", f"sqlite:///{path}", str(statement)]
    return subprocess.run(program, capture_output=True, text=True, timeout=PATIENCE, check=False)


def killed_at(path: Path, statement: int, told: Answers, folder: Path) -> None:
    copy = folder / f"{statement}.db"
    shutil.copy(path, copy)
    assert dying(copy, statement).returncode == -signal.SIGKILL
    with opened(copy) as stemma:
        assert differing(answers(stemma), told) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("part", [0.0, 0.2, 0.6, 0.99])
def test_a_process_that_is_killed_while_opening_it_leaves_a_sound_registry(
    outdated: Path, told: Answers, tmp_path: Path, part: float
) -> None:
    whole = Path(shutil.copy(outdated, tmp_path / "whole.db"))
    statements = int(dying(whole, 0).stdout)
    killed_at(outdated, 1 + int(part * (statements - 1)), told, tmp_path)


@pytest.mark.torture
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_wherever_a_process_is_killed_while_opening_it_the_registry_is_sound(
    outdated: Path, told: Answers, tmp_path: Path
) -> None:
    whole = Path(shutil.copy(outdated, tmp_path / "whole.db"))
    for statement in range(1, int(dying(whole, 0).stdout) + 1, 9):
        killed_at(outdated, statement, told, tmp_path)
