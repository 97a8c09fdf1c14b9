"""Processes that are given orders as lines of JSON, and answer with what came of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.results import Taken

ROOT = Path(__file__).resolve().parents[2]


class WorkerFailed(Exception):
    """A process could not do what it was asked to; it says why."""


class Worker:
    """A process that serves what :mod:`tests.benchmarks.serving` says."""

    def __init__(
        self, python: Path | str, module: str, arguments: Sequence[str], *, log: Path
    ) -> None:
        """Start it, and wait until it is ready.

        Raises:
            WorkerFailed: It does not start.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("a+")
        self._process = subprocess.Popen(
            [python, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._answer()

    def begin(self, do: str, *args: object) -> None:
        """Order something, without waiting for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, "args": args}) + "\n")
        self._process.stdin.flush()

    def end(self) -> Any:
        """Wait for what was ordered, and return what came of it."""
        return self._answer()["result"]

    def do(self, do: str, *args: object) -> Any:
        """Order something, and return what came of it."""
        self.begin(do, *args)
        return self.end()

    def timed(self, do: str, *args: object) -> Taken:
        """Order something, and return how long it took there."""
        self.begin(do, *args)
        answer = self._answer()
        return Taken(answer["wall"], answer["cpu"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"failure": self._said()}
        if "failure" in answer:
            raise WorkerFailed(answer["failure"][-2000:])
        return answer

    def _said(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()
