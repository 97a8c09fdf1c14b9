"""A writer is killed at a random moment, as by `kill -9`, and another process goes on.

- Every command that was acknowledged is in the log; at most one more is, and then as a whole.
- The log is that of the same commands carried out undisturbed, to the byte of every id.
- The views follow the log, every version's manifest and files can be read, and the work goes on: the
  command that was cut off is repeated under its idempotency key and counts once.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
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
from tests.stress.crew import ROOT, failures, hired, refusals
from tests.stress.places import (
    SOURCE,
    TARGET,
    Place,
    link_without_views,
    open_at,
    url_of,
    with_versions,
)
from tests.stress.worker import Command
from tests.stress.worker import Orders as Task
from tests.stress.writer import VERSIONS, Orders, Script, command_line

SEED = 20260303


class Undisturbed:
    """A script carried out in memory, as far as anybody asks: what its steps answer and log."""

    def __init__(self, script: str) -> None:
        self._script = Script(script, "memory://")
        self.answers: list[str] = []
        self.events: list[RecordedEvent] = []
        self._lengths = [0]

    def log_after(self, steps: int) -> list[RecordedEvent]:
        """Return the log after so many steps."""
        while len(self.answers) < steps:
            self.answers.append(self._script.step())
            self.events += self._script.stemma.replay(after=len(self.events))
            self._lengths.append(len(self.events))
        return self.events[: self._lengths[steps]]


class OnItsWay:
    """A registry in which the first steps of a script are done."""

    def __init__(self, script: str, place: Place, *, steps: int) -> None:
        self.script = script
        self.steps = steps
        self.undisturbed = Undisturbed(script)
        with script_at(script, place, skip=0) as begun:
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


class script_at:  # noqa: N801 -- reads as the context manager that it is
    """A script that goes on in the registry at a place."""

    def __init__(self, script: str, place: Place, *, skip: int) -> None:
        self._script = Script(script, url_of(place))
        self._script.skip(skip)

    def __enter__(self) -> Script:
        return self._script

    def __exit__(self, *_: object) -> None:
        self._script.stemma.close()


def start(orders: Orders) -> subprocess.Popen[str]:
    """Start a writer, and return when it is about to open its registry."""
    writer = subprocess.Popen(
        [sys.executable, *command_line(orders)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert json.loads(_line(writer)) == "ready"
    return writer


def _line(writer: subprocess.Popen[str]) -> str:
    assert writer.stdout is not None
    return writer.stdout.readline()


def kill(writer: subprocess.Popen[str]) -> list[str]:
    """Kill a writer, and return what it had said by then."""
    writer.kill()
    assert writer.stdout is not None
    with writer.stdout:
        rest = writer.stdout.read()
    writer.wait()
    # A word that the pipe had not got to its end was not said.
    return [json.loads(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]


def killed_writing(begun: OnItsWay, place: Place, chance: random.Random) -> list[str]:
    """Let a writer go on with a script, kill it at some moment; return its acknowledged answers."""
    writer = start(Orders(script=begun.script, url=url_of(place), skip=begun.steps))
    said = [json.loads(_line(writer)) for _ in range(1 + chance.randrange(40))]
    time.sleep(chance.uniform(0, 0.004))
    said += kill(writer)
    assert said[0] == "open"
    return said[1:]


def check_after(begun: OnItsWay, place: Place, acknowledged: Sequence[str]) -> bool:
    """Check a registry whose writer was killed; return whether the command cut off was done."""
    done = begun.steps + len(acknowledged)
    undisturbed = begun.undisturbed
    longest = undisturbed.log_after(done + 1)
    assert acknowledged == undisturbed.answers[begun.steps : done]
    with open_at(place) as stemma:
        log = list(stemma.replay())
        assert log == longest[: len(log)]
        assert len(log) in (len(undisturbed.log_after(done)), len(longest))
        check_content(stemma, log)
    check(place)
    with script_at(begun.script, place, skip=done) as script:
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


@pytest.fixture
def server_url() -> Iterator[str]:
    """A place on a durable server of the test's own."""
    server = Server()
    yield server.url("registry")
    server.remove()


def kill_one_after_the_other(going: OnItsWay, place: Place, *, times: int) -> int:
    """Kill as many writers, each of which goes on with what the others left."""
    chance = random.Random(SEED)
    unheard = 0
    for _ in range(times):
        acknowledged = killed_writing(going, place, chance)
        unheard += check_after(going, place, acknowledged)
        going.steps += len(acknowledged) + 3
    return unheard


def test_a_killed_writer_loses_nothing_on_a_server(server_url: str) -> None:
    going = OnItsWay("link", server_url, steps=1 + VERSIONS)
    kill_one_after_the_other(going, server_url, times=2)


@pytest.mark.torture
@pytest.mark.parametrize("script", ["link", "snapshot"])
def test_writers_killed_at_fifty_moments_lose_nothing_on_a_server(
    server_url: str, script: str, tell: Callable[[str], None]
) -> None:
    going = OnItsWay(script, server_url, steps=1 + (VERSIONS if script == "link" else 0))
    unheard = kill_one_after_the_other(going, server_url, times=50)
    tell(f"{script}: 50 writers killed on a server; {unheard} had done a command unheard")


# --- among others ---------------------------------------------------------------------------


def kill_one_of_three(path: Path, chance: random.Random) -> None:
    """Kill one of three writers that link into one collection; the others do not even notice."""
    orders = [
        Task(
            url=url_of(path),
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
    with open_at(path) as stemma:
        there = {version.id: version.index for version in stemma.versions(TARGET)}
    assert sorted(there.values()) == list(range(len(there)))
    assert acknowledged.items() <= there.items()
    assert len(there) - len(acknowledged) in (0, 1)
    check(path)


def test_others_go_on_when_a_writer_among_them_is_killed(tmp_path: Path) -> None:
    kill_one_of_three(with_versions(tmp_path / "registry.db", 120), random.Random(SEED))


@pytest.mark.torture
def test_others_go_on_when_writers_among_them_are_killed_fifty_times(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    for time_ in range(50):
        kill_one_of_three(with_versions(tmp_path / f"{time_}.db", 120), chance)


# --- opening --------------------------------------------------------------------------------


def kill_while_creating(folder: Path, chance: random.Random) -> None:
    """Kill a process that creates registry after registry; each of them opens and works."""
    folder.mkdir()
    writer = start(Orders(script="create", url=str(folder), skip=0))
    said = [json.loads(_line(writer)) for _ in range(chance.randrange(4))]
    time.sleep(chance.uniform(0, 0.03))
    said += kill(writer)
    begun = sorted(folder.glob("*.db"), key=lambda path: int(path.stem))
    assert len(begun) - len(said) in (0, 1)
    assert [path.name for path in begun[: len(said)]] == said
    undisturbed = Undisturbed("link")
    for path in begun[-2:]:
        with script_at("link", path, skip=0) as script:
            answers = [script.step() for _ in range(3)]
        assert check(path) == undisturbed.log_after(3)
        assert answers == undisturbed.answers


def test_a_registry_whose_creation_was_killed_is_created_by_the_next_process(
    tmp_path: Path,
) -> None:
    kill_while_creating(tmp_path / "killed", random.Random(SEED))


@pytest.mark.torture
def test_creation_killed_at_fifty_moments_is_completed(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    for time_ in range(50):
        kill_while_creating(tmp_path / f"killed-{time_}", chance)


# --- views that are behind ------------------------------------------------------------------


def kill_while_catching_up(behind: Path, folder: Path, moments: Iterator[float]) -> int:
    """Kill processes that open a registry with views that are behind; return how many were cut off.

    Each of them begins with what those before it have left.
    """
    folder.mkdir()
    path = Path(shutil.copy(behind, folder / "registry.db"))
    cut_off = 0
    for moment in moments:
        writer = start(Orders(script="link", url=url_of(path), skip=0))
        time.sleep(moment)
        cut_off += "open" not in kill(writer)
        check(path, views_behind=True)
    with open_at(path) as stemma:
        last = stemma.versions(f"{TARGET} 0")[-1].full_name
        again = stemma.link(f"{SOURCE}:v0", f"{TARGET} 0", aliases=["after"])
        assert (again.index, stemma.resolve(f"{TARGET} 0:after").index) == (0, 0)
        assert stemma.resolve(f"{TARGET} 0").full_name == last
    check(path)
    return cut_off


def test_views_are_caught_up_after_a_process_was_killed_doing_so(tmp_path: Path) -> None:
    behind = with_versions(tmp_path / "behind.db", 200)
    link_without_views(behind, 3_000)
    assert kill_while_catching_up(behind, tmp_path / "killed", iter([0.02, 0.05])) > 0


@pytest.mark.torture
def test_views_are_caught_up_after_fifty_processes_were_killed_doing_so(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    chance = random.Random(SEED)
    behind = with_versions(tmp_path / "behind.db", 200)
    link_without_views(behind, 10_000)
    cut_off = 0
    for time_ in range(10):
        moments = iter([chance.uniform(0, 0.15) for _ in range(5)])
        cut_off += kill_while_catching_up(behind, tmp_path / f"killed-{time_}", moments)
    tell(f"{cut_off} of 50 processes were killed before they had opened the registry")
    assert cut_off > 10
