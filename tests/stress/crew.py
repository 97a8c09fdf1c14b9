"""Several processes that work on one registry at the same time."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.stress.worker import Answer, Orders

ROOT = Path(__file__).parents[2]


class Worker:
    """A running :mod:`tests.stress.worker`."""

    def __init__(self, orders: Orders) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.stress.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._write(json.dumps(asdict(orders)))

    def _write(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def wait_until_ready(self) -> None:
        """Return when the worker waits for the word to begin."""
        assert json.loads(self._read()) == "ready"

    def begin(self) -> None:
        """Give the word."""
        self._write("begin")

    def answers(self) -> Iterator[Answer]:
        """Yield the answers up to the worker's end, whole lines only."""
        while (line := self._read()).endswith("\n"):
            yield Answer(**json.loads(line))

    def kill(self) -> None:
        """Take the worker's life at once, as `kill -9` does."""
        self._process.kill()

    def end(self) -> int:
        """Wait for the worker's end and return its exit code; it is killed if it goes on."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            return self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


@contextmanager
def hired(orders: Sequence[Orders]) -> Iterator[list[Worker]]:
    """Start a worker for each of *orders*; all of them are ready in the block, and gone after it."""
    workers = [Worker(each) for each in orders]
    try:
        for worker in workers:
            worker.wait_until_ready()
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.end()


def work_at_once(orders: Sequence[Orders]) -> list[list[Answer]]:
    """Let a process for each of *orders* begin at the same moment; return what came of each."""
    with hired(orders) as workers:
        for worker in workers:
            worker.begin()
        return [list(worker.answers()) for worker in workers]


def failures(answers: Sequence[Sequence[Answer]]) -> list[str]:
    """Return what went wrong that is no refusal."""
    return [each.failure for own in answers for each in own if each.failure is not None]


def refusals(answers: Sequence[Sequence[Answer]]) -> list[str]:
    """Return what was refused."""
    return [each.refusal for own in answers for each in own if each.refusal is not None]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that *percent* of *values* do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
