"""A writer is killed at a random moment, as by `kill -9`, and another process goes on.

- Every command that was acknowledged is in the log; at most one more is, and then as a whole.
- The log is that of the same commands carried out undisturbed, to the byte of every id.
- The views follow the log, every version's manifest and files can be read, and the work goes on: the
  command that was cut off is repeated under its idempotency key and counts once.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stemmata.stemma import Stemma
from stemmata_domain.aggregates.artifact import ARTIFACT
from stemmata_domain.aggregates.collection import COLLECTION
from stemmata_domain.decider import Decider
from stemmata_domain.events import ArtifactLogged
from stemmata_domain.manifest import decode
from stemmata_domain.recorded import RecordedEvent
from tests.postgres import Server
from tests.stress.agreement import check
from tests.stress.crew import failures, hired, refusals
from tests.stress.places import SOURCE, TARGET, Place, open_at, url_of, with_versions
from tests.stress.undisturbed import Undisturbed, script_at
from tests.stress.worker import Command
from tests.stress.worker import Orders as Task
from tests.stress.writer import VERSIONS, Orders, Writer

SEED = 20260303


class OnItsWay:
    """A registry in which the first steps of a script are done.

    Args:
        content: Where content is kept, if the place alone is not to say.
    """

    def __init__(
        self, script: str, place: Place, *, steps: int, content: str | None = None
    ) -> None:
        self.script = script
        self.steps = steps
        self.content = content
        self.undisturbed = Undisturbed(script)
        with script_at(script, place, content=content) as begun:
            for _ in range(steps):
                begun.step()
        self.undisturbed.log_after(steps)


class Begun(OnItsWay):
    """One that is copied for each writer."""

    def __init__(self, script: str, folder: Path, *, steps: int) -> None:
        self._folder = folder / "begun"
        super().__init__(script, self._folder / "registry.db", steps=steps)

    def copy(self, folder: Path) -> Path:
        """Copy the registry to *folder*, and return its path."""
        shutil.copytree(self._folder, folder)
        return folder / "registry.db"


def killed_writing(begun: OnItsWay, place: Place, chance: random.Random) -> list[str]:
    """Let a writer go on with a script, kill it at some moment; return its acknowledged answers."""
    writer = Writer(
        Orders(script=begun.script, url=url_of(place), skip=begun.steps, content=begun.content)
    )
    said = [writer.word() for _ in range(1 + chance.randrange(40))]
    time.sleep(chance.uniform(0, 0.004))
    said += writer.kill()
    assert said[0] == "open"
    return said[1:]


def check_after(begun: OnItsWay, place: Place, acknowledged: Sequence[str]) -> bool:
    """Check a registry whose writer was killed; return whether the command cut off was done."""
    done = begun.steps + len(acknowledged)
    undisturbed = begun.undisturbed
    longest = undisturbed.log_after(done + 1)
    assert acknowledged == undisturbed.answers[begun.steps : done]
    with open_at(place, content=begun.content) as stemma:
        log = list(stemma.replay())
        assert log == longest[: len(log)]
        assert len(log) in (len(undisturbed.log_after(done)), len(longest))
        check_content(stemma, log)
    check(place)
    with script_at(begun.script, place, skip=done, content=begun.content) as script:
        again = [script.step() for _ in range(3)]
    expected = undisturbed.log_after(done + 3)
    assert again == undisturbed.answers[done : done + 3]
    assert check(place) == expected
    if begun.script == "snapshot" and isinstance(place, Path):
        check_snapshots(place, expected)
    return len(log) == len(longest)


def check_snapshots(path: Path, log: Sequence[RecordedEvent]) -> None:
    """A snapshot is there, whole, and of a version that the stream has reached."""
    with closing(sqlite3.connect(path)) as raw:
        kept = raw.execute("SELECT stream, version, body FROM snapshot").fetchall()
    assert kept
    for stream, version, body in kept:
        events = [each.event for each in log if each.stream == stream][: version + 1]
        decider: Decider[Any, Any] = ARTIFACT if stream.startswith("artifact-") else COLLECTION
        assert len(events) == version + 1
        assert decider.snapshots is not None
        assert decider.snapshots.read(body) == decider.fold(events)


def check_content(stemma: Stemma, log: Sequence[RecordedEvent]) -> None:
    """The manifest of each logged version, and the files in it, are there and are sound."""
    for each in log:
        if isinstance(each.event, ArtifactLogged) and each.event.file_count > 1:
            entries = list(decode(stemma.content.read(each.event.manifest)))
            assert len(entries) == each.event.file_count
            for entry in entries:
                assert entry.blob is not None
                assert len(stemma.content.read_bytes(entry.blob)) == entry.size


@pytest.fixture(params=["link", "log", "snapshot"])
def begun(request: pytest.FixtureRequest, tmp_path: Path) -> Begun:
    steps = {"link": 1 + VERSIONS, "log": 1, "snapshot": 1}
    return Begun(request.param, tmp_path, steps=steps[request.param])


def kill_often(begun: Begun, folder: Path, *, times: int) -> int:
    """Kill as many writers, each in a copy of its own; return how many commands were done unheard."""
    chance = random.Random(SEED)
    unheard = 0
    for time_ in range(times):
        path = begun.copy(folder / f"killed-{time_}")
        acknowledged = killed_writing(begun, path, chance)
        unheard += check_after(begun, path, acknowledged)
        shutil.rmtree(path.parent)
    return unheard


def test_a_killed_writer_loses_nothing_that_it_acknowledged(begun: Begun, tmp_path: Path) -> None:
    kill_often(begun, tmp_path, times=1)


@pytest.mark.torture
def test_writers_killed_at_fifty_moments_lose_nothing(
    begun: Begun, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    unheard = kill_often(begun, tmp_path, times=50)
    tell(f"{begun.script}: 50 writers killed; {unheard} had done a command unheard")


def kill_one_after_the_other(going: OnItsWay, place: Place, *, times: int) -> int:
    """Kill as many writers, each of which goes on with what the others left."""
    chance = random.Random(SEED)
    unheard = 0
    for _ in range(times):
        acknowledged = killed_writing(going, place, chance)
        unheard += check_after(going, place, acknowledged)
        going.steps += len(acknowledged) + 3
    return unheard


def on_a_server(script: str, server: Server, content: Path) -> tuple[OnItsWay, str]:
    """Begin a registry in a schema of its own, with content on this disk; return it and its URL."""
    place = server.url(f"{script} in {content.parent.name}")
    steps = 1 + (VERSIONS if script == "link" else 0)
    return OnItsWay(script, place, steps=steps, content=str(content)), place


@pytest.mark.parametrize("script", ["link", "log"])
def test_a_killed_writer_loses_nothing_on_a_server(
    durable_server: Server, tmp_path: Path, script: str
) -> None:
    kill_one_after_the_other(*on_a_server(script, durable_server, tmp_path / "content"), times=2)


@pytest.mark.torture
@pytest.mark.parametrize("script", ["link", "log", "snapshot"])
def test_writers_killed_at_fifty_moments_lose_nothing_on_a_server(
    durable_server: Server, tmp_path: Path, script: str, tell: Callable[[str], None]
) -> None:
    going, place = on_a_server(script, durable_server, tmp_path / "content")
    unheard = kill_one_after_the_other(going, place, times=50)
    tell(f"{script}: 50 writers killed on a server; {unheard} had done a command unheard")


# --- among others ---------------------------------------------------------------------------


def kill_one_of_three(place: Place, chance: random.Random) -> tuple[bool, bool]:
    """Kill one of three writers that link into one collection; the others do not even notice.

    Returns:
        Whether it was still at it, and whether it had done a command unheard.
    """
    orders = [
        Task(
            url=url_of(place),
            entity="vision",
            commands=[
                Command(do="link", args=(f"{SOURCE}:v{i}", TARGET), kw={"aliases": ["staging"]})
                for i in range(process * 40, process * 40 + 40)
            ],
            say_at_once=True,
        )
        for process in range(3)
    ]
    with hired(orders) as workers:
        for worker in workers:
            worker.begin()
        victims = workers[0].answers()
        told = [next(victims) for _ in range(chance.randrange(1, 30))]
        time.sleep(chance.uniform(0, 0.004))
        workers[0].kill()
        answers = [[*told, *victims], *(list(worker.answers()) for worker in workers[1:])]
    assert failures(answers) == []
    assert refusals(answers) == []
    assert [len(own) for own in answers[1:]] == [40, 40]
    acknowledged = {each.result["version"]: each.result["index"] for own in answers for each in own}
    with open_at(place) as stemma:
        there = {version.id: version.index for version in stemma.versions(TARGET)}
    assert sorted(there.values()) == list(range(len(there)))
    assert acknowledged.items() <= there.items()
    unheard = len(there) - len(acknowledged)
    assert unheard in (0, 1)
    check(place)
    return len(answers[0]) < 40, unheard > 0


def test_others_go_on_when_a_writer_among_them_is_killed(new_place: Callable[[], Place]) -> None:
    kill_one_of_three(with_versions(new_place(), 120), random.Random(SEED))


@pytest.mark.torture
def test_others_go_on_when_writers_among_them_are_killed_fifty_times(
    new_place: Callable[[], Place], tell: Callable[[str], None]
) -> None:
    chance = random.Random(SEED)
    found = [kill_one_of_three(with_versions(new_place(), 120), chance) for _ in range(50)]
    at_it, unheard = (sum(each) for each in zip(*found, strict=True))
    tell(f"50 of three writers killed, {at_it} at work; {unheard} had done a command unheard")
