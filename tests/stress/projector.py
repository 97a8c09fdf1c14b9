"""A process that keeps the views of a registry, to be killed: ``python -m tests.stress.projector``.

It says a word when it begins and whenever there is progress, so that somebody can kill it then.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Literal

import stemmata
from tests.stress.crew import ROOT

Task = Literal["open", "rebuild"]


def started(task: Task, url: str, *, content: str) -> subprocess.Popen[str]:
    """Start a process, and return when it is about to begin.

    It opens the registry, which brings its views up to the log, or rebuilds them for ever.
    """
    command = [sys.executable, "-m", "tests.stress.projector", task, url, content]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert word_of(process) == "ready"
    return process


def word_of(process: subprocess.Popen[str]) -> str:
    """Return what a process says next; nothing if it has ended."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def killed(process: subprocess.Popen[str]) -> list[str]:
    """Kill a process, and return what it had said by then."""
    process.kill()
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read().split()
    process.wait()
    return said


def main(arguments: Sequence[str]) -> None:
    """Do a task."""
    task, url, content = arguments
    _say("ready")
    with stemmata.open(url, content=content, actor="ada", progress=_progress) as stemma:
        _say("open")
        while task == "rebuild":
            stemma.rebuild(progress=_progress)
            _say("rebuilt")


def _progress(at: int, _: int) -> None:
    _say(f"{at}")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
