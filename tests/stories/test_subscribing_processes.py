"""Processes that write and processes that follow, one of which dies and comes again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

import stemmata
from tests.stories.busy_registry import log

PATIENCE = 120.0
WRITERS = 6

WRITING = """
import sys, stemmata
from tests.stories.busy_registry import log
with stemmata.open(sys.argv[1], content="memory://", actor="ada") as stemma:
    for n in range(int(sys.argv[3])):
        log(stemma, f"{sys.argv[2]} {n}", name=f"vision/mnist/digits-{sys.argv[2]}")
"""


def following(url: str, name: str, path: Path, last: int) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.stories.subscriber", url, name, str(path), str(last)]
    return subprocess.Popen(program, text=True)


def handled(path: Path) -> list[int]:
    lines = path.read_text().split("\n") if path.exists() else []
    return [int(line) for line in lines[:-1]]


def has_handled(path: Path, least: int) -> bool:
    return len(handled(path)) >= least


def ends_with(path: Path, last: int) -> bool:
    return handled(path)[-1:] == [last]


def check_at_least_once_in_order(found: list[int], expected: list[int], *, starts: int) -> None:
    """See that nothing is left out, and that each start goes on at or before where it ended."""
    assert list(dict.fromkeys(found)) == expected
    steps_back = [(a, b) for a, b in pairwise(found) if b != a + 1]
    assert len(steps_back) < starts
    assert all(b <= a for a, b in steps_back)


def follow_and_write(url: str, folder: Path, *, versions: int, deaths: int) -> None:
    with stemmata.open(url, content="memory://", actor="ada") as stemma:
        stemma.organize("Acme Inc", entity="acme", teams=["vision"], people=["ada"])
        log(stemma, "first")
        before = stemma.position()
        log(stemma, "second", aliases=["best"])
        each = stemma.position() - before  # of a version; the first of an artifact has two more
    paths = [folder / f"{name}.txt" for name in "abc"]
    with ExitStack() as running:

        def start(command: list[str]) -> subprocess.Popen[str]:
            return running.enter_context(subprocess.Popen(command, text=True))

        never = 10**9
        subscribers = [following(url, path.stem, path, never) for path in paths[:2]]
        dying = following(url, "c", paths[2], never)
        writers = [
            start([sys.executable, "-c", WRITING, url, str(n), str(versions)])
            for n in range(WRITERS)
        ]
        for death in range(1, deaths + 1):
            least = before + death * each
            wait_for(partial(has_handled, paths[2], least))
            dying.kill()
            dying.wait(PATIENCE)
            dying = following(url, "c", paths[2], never)
        assert [writer.wait(PATIENCE) for writer in writers] == [0] * WRITERS
        with stemmata.open(url, content="memory://", actor="ada") as stemma:
            expected = [event.position for event in stemma.replay()]
        for path in paths:
            wait_for(partial(ends_with, path, expected[-1]))
        for process in (*subscribers, dying):
            process.kill()
            process.wait(PATIENCE)
    assert len(expected) > WRITERS * versions
    for path in paths[:2]:
        assert handled(path) == expected
    check_at_least_once_in_order(handled(paths[2]), expected, starts=deaths + 1)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'registry.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


def test_subscribers_see_all_that_processes_write_though_one_is_killed(
    url: str, tmp_path: Path
) -> None:
    follow_and_write(url, tmp_path, versions=4, deaths=1)


@pytest.mark.torture
def test_subscribers_see_all_that_processes_write_though_one_is_killed_often(
    url: str, tmp_path: Path
) -> None:
    follow_and_write(url, tmp_path, versions=200, deaths=12)
