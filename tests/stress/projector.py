"""A process that keeps the views of a registry, to be killed: ``python -m tests.stress.projector``.

It says a word when it begins and whenever there is progress, so that somebody can kill it then. Another
one writes beside it, and says each link that is acknowledged.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from signal import SIGKILL
from typing import Literal

import stemmata
from stemmata.stemma import Stemma
from tests.stress.crew import ROOT
from tests.stress.onlooker import Onlooker
from tests.stress.places import ENTITY, SOURCE, TARGET

Task = Literal["open", "rebuild", "write"]


def started(
    task: Task, url: str, *, content: str, numbers: range = range(0), after: int = 0
) -> subprocess.Popen[str]:
    """Start a process, and return when it is about to begin.

    It opens the registry, which brings its views up to the log; then it rebuilds them for ever, or links
    versions with *numbers* that nobody else links, into what was empty at a position.
    """
    figures = (f"{each}" for each in (numbers.start, numbers.stop, after))
    command = [sys.executable, "-m", "tests.stress.projector", task, url, content, *figures]
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
    # Otherwise it has failed before.
    assert process.wait() in (0, -SIGKILL)
    return said


def main(arguments: Sequence[str]) -> None:
    """Do a task."""
    task, url, content, first, last, after = arguments
    _say("ready")
    with stemmata.open(
        url, content=content, actor="ada", entity=ENTITY, progress=_progress
    ) as stemma:
        _say("open")
        if task == "write":
            _write(stemma, range(int(first), int(last)), after=int(after))
        while task == "rebuild":
            stemma.rebuild(progress=_progress)
            _say("rebuilt")


def _write(stemma: Stemma, numbers: range, *, after: int) -> None:
    own = f"newest-of-{numbers.start}"
    onlooker = Onlooker(stemma, [TARGET], after=after)
    for number in numbers:
        linked = stemma.link(f"{SOURCE}:v{number}", TARGET, aliases=[own])
        assert stemma.resolve(f"{TARGET}:{own}").index == linked.index
        onlooker.look()
        _say(f"{linked.index}")


def _progress(at: int, _: int) -> None:
    _say(f"{at}")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
