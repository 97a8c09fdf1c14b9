"""A process that writes until it is killed: ``python -m tests.stress.writer``.

What it writes follows a script, step by step, with a clock and ids of its own. So the same steps can be
carried out elsewhere, and leave the very same log.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import stemmata
from stemmata.draft import Draft
from stemmata.stemma import Stemma
from stemmata_domain.commands.log import Logged
from stemmata_domain.handling import CommandHandler
from tests.stress.crew import ROOT
from tests.stress.places import content_for, digest, manifest

Step = Callable[[Stemma, str], object]
"""Something to do, under an idempotency key."""

VERSIONS = 24
SOURCE = "vision/mnist/digits"


# --- the scripts ----------------------------------------------------------------------------


def link_script() -> Iterator[Step]:
    """Link versions, under an alias that moves; every so often into a new collection."""
    yield _found
    for i in range(VERSIONS):
        yield _log_made_up(i)
    for i in count():
        yield _link(i % VERSIONS, f"wandb-registry-model/Digits {i // VERSIONS}")


def log_script() -> Iterator[Step]:
    """Log files, as outputs of runs; every so often files that were logged before."""
    yield _found
    for i in count():
        if i % 5 == 0:
            yield _start_run(i // 5)
        yield _log_files(i if i % 3 else max(0, i - 2), f"vision/mnist/run-{i // 5}")


def snapshot_script() -> Iterator[Step]:
    """Log and link in turns, so that snapshots of both kinds are written."""
    yield _found
    for i in count():
        yield _log_made_up(i)
        yield _link(i, "wandb-registry-model/Digits")


SCRIPTS: dict[str, Callable[[], Iterator[Step]]] = {
    "link": link_script,
    "log": log_script,
    "snapshot": snapshot_script,
}


def _found(stemma: Stemma, key: str) -> object:
    return stemma.organize("Acme Inc", entity="acme", teams=["vision"], people=["ada"], key=key)


def _log_made_up(number: int) -> Step:
    def step(stemma: Stemma, key: str) -> object:
        return stemma.log(
            SOURCE,
            type="model",
            manifest=manifest(number),
            digest=digest(number),
            size=1,
            file_count=1,
            key=key,
        )

    return step


def _link(number: int, target: str) -> Step:
    def step(stemma: Stemma, key: str) -> object:
        aliases = ["staging", f"n{number}"]
        return stemma.link(f"{SOURCE}:v{number}", target, aliases=aliases, key=key)

    return step


def _start_run(number: int) -> Step:
    def step(stemma: Stemma, key: str) -> object:
        return stemma.start_run(entity="vision", project="mnist", run=f"run-{number}", key=key)

    return step


def _log_files(number: int, run: str) -> Step:
    def step(stemma: Stemma, key: str) -> object:
        files = {f"part-{n}.txt": f"{number} {n}".encode() * 1_000 for n in range(3)}
        return log_files(stemma, SOURCE, files, run=run, key=key)

    return step


def log_files(
    stemma: Stemma, name: str, files: dict[str, bytes], *, run: str | None, key: str | None
) -> Logged:
    """Store files and a manifest of them, and log them as a version."""
    with closing(Draft(stemma.content)) as draft:
        for path, data in files.items():
            with draft.new_file(path, "wb") as file:
                file.write(data)
        sealed = draft.seal()
    return stemma.log(
        name,
        type="dataset",
        manifest=sealed.manifest,
        digest=sealed.digest,
        size=sealed.size,
        file_count=sealed.file_count,
        tags=["kept"],
        aliases=["newest"],
        run=run,
        key=key,
    )


# --- carrying them out ----------------------------------------------------------------------


class StepClock:
    """A clock that shows the step, and ids that are counted within it."""

    def __init__(self) -> None:
        self._step = 0
        self._count = 0

    def begin(self, step: int) -> None:
        """Turn to a step."""
        self._step, self._count = step, 0

    def now(self) -> datetime:
        """Return the moment of the step."""
        return datetime(2026, 3, 3, tzinfo=UTC) + timedelta(seconds=self._step)

    def new(self) -> str:
        """Return the next id of the step."""
        self._count += 1
        return f"{self._step:024x}{self._count:08x}"


class Script:
    """A script on its way: which step is next, and a registry to carry it out in."""

    def __init__(self, name: str, url: str, *, content: str | None = None) -> None:
        self._steps = enumerate(SCRIPTS[name]())
        self._clock = StepClock()
        content = content or content_for(url)
        self.stemma = stemmata.open(
            url, content=content, actor="ada", clock=self._clock, ids=self._clock
        )
        if name == "snapshot":
            keep_snapshots(self.stemma, self._clock, after=2)

    def skip(self, steps: int) -> None:
        """Leave out the next *steps*, which were carried out before."""
        for _ in range(steps):
            next(self._steps)

    def step(self) -> str:
        """Carry out the next step, and return what came of it, as text."""
        number, step = next(self._steps)
        self._clock.begin(number)
        return repr(step(self.stemma, f"step-{number}"))


def keep_snapshots(stemma: Stemma, clock: StepClock, *, after: int) -> None:
    """Let a registry keep a snapshot whenever a stream has grown by so many events."""
    runner = stemma._runner
    stemma._handler = CommandHandler(
        stemma._events,
        clock=clock,
        ids=clock,
        inline=runner.inline if runner.is_inline else None,
        snapshot_after=after,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Which script to carry out, where, and how many of its steps were carried out before.

    The script `create` is to create registry after registry, with `NUMBER` in the URL replaced.

    Attributes:
        content: Where content is kept, if the URL alone is not to say.
    """

    script: str
    url: str
    skip: int = 0
    content: str | None = None


def create_registries(url: str) -> Iterator[str]:
    """Create registry after registry, and yield the number of each."""
    for number in map(str, count()):
        script = Script("link", url.replace("NUMBER", number))
        with script.stemma:
            script.step()
        yield number


class Writer:
    """A running process that writes."""

    def __init__(self, orders: Orders) -> None:
        """Start it, and return when it is about to open its registry."""
        command = [sys.executable, "-m", "tests.stress.writer", json.dumps(asdict(orders))]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.word() == "ready"

    def word(self) -> str:
        """Return what it says next."""
        assert self._process.stdout is not None
        word: str = json.loads(self._process.stdout.readline())
        return word

    def kill(self) -> list[str]:
        """Take its life at once, as `kill -9` does, and return what it had said by then."""
        self._process.kill()
        assert self._process.stdout is not None
        with self._process.stdout:
            rest = self._process.stdout.read()
        self._process.wait()
        # A word that the pipe had not got to its end was not said.
        return [json.loads(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]


def main(arguments: Sequence[str]) -> None:
    """Say that all is ready, and write until somebody ends it."""
    orders = Orders(**json.loads(arguments[0]))
    _say("ready")
    if orders.script == "create":
        for number in create_registries(orders.url):
            _say(number)
        return
    script = Script(orders.script, orders.url, content=orders.content)
    script.skip(orders.skip)
    _say("open")
    while True:
        _say(script.step())


def _say(word: str) -> None:
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
