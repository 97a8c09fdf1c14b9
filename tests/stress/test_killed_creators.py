"""A process is killed at a random moment while it creates registries, as by `kill -9`.

- Every registry that was said to be there is there; at most one more is begun.
- The next process completes what was begun, and works there as if nobody had been before.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from tests.postgres import Server
from tests.stress.agreement import check
from tests.stress.places import Place
from tests.stress.undisturbed import Undisturbed, script_at
from tests.stress.writer import Orders, Writer

SEED = 20260303


class Nursery(Protocol):
    """Where registry after registry is created, each under the next number.

    Attributes:
        url: With `NUMBER` in it.
    """

    url: str

    def place(self, number: int) -> Place:
        """Return where the one with a number is."""
        ...

    def begun(self) -> list[int]:
        """Return the numbers of those of which anything is there."""
        ...

    def lacks_views(self, number: int) -> bool:
        """Tell whether a registry has a log, but no views yet."""
        ...


class Folder:
    """Files of a folder."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self._path = path
        self.url = f"sqlite:///{path}/NUMBER.db"

    def place(self, number: int) -> Path:
        return self._path / f"{number}.db"

    def begun(self) -> list[int]:
        return sorted(int(path.stem) for path in self._path.glob("*.db"))

    def lacks_views(self, number: int) -> bool:
        with closing(sqlite3.connect(self.place(number))) as raw:
            tables = raw.execute("SELECT name FROM sqlite_schema").fetchall()
        return ("event",) in tables and ("view",) not in tables


class Schemas:
    """Schemas of a server, whose names begin alike."""

    def __init__(self, server: Server, name: str) -> None:
        self._server = server
        self._name = name
        self.url = server.url(f"{name} NUMBER")

    def place(self, number: int) -> str:
        return self._server.url(f"{self._name} {number}")

    def begun(self) -> list[int]:
        found = "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)"
        with self._server.connect() as raw:
            rows = raw.execute(found, (f"{self._name} ",)).fetchall()
        return sorted(int(str(name).rpartition(" ")[2]) for (name,) in rows)

    def lacks_views(self, number: int) -> bool:
        with self._server.connect() as raw:
            parts = raw.execute(f'SELECT part FROM "{self._name} {number}".stemmata').fetchall()
        return parts == [("log",)]


_numbers = count()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_nursery(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Nursery]:
    """Gives one after the other, of which nobody has heard."""
    if request.param == "sqlite":
        return lambda: Folder(tmp_path / f"{next(_numbers)}")
    server: Server = request.getfixturevalue("durable_server")
    return lambda: Schemas(server, f"created {next(_numbers)}")


def seconds_to_create(nursery: Nursery) -> float:
    """Let a process create two registries, and return how long the second takes, more or less."""
    writer = Writer(Orders(script="create", url=nursery.url))
    writer.word()
    began = time.monotonic()
    writer.word()
    took = time.monotonic() - began
    writer.kill()
    return took


def kill_while_creating(
    nursery: Nursery, chance: random.Random, *, within: float
) -> tuple[bool, bool]:
    """Kill a process that creates registry after registry; each of them opens and works.

    Returns:
        Whether one was begun that was not said to be there, and whether it had a log but no views.
    """
    writer = Writer(Orders(script="create", url=nursery.url))
    said = [writer.word() for _ in range(chance.randrange(4))]
    time.sleep(chance.uniform(0, within))
    said += writer.kill()
    there = len(said)
    assert said == [f"{number}" for number in range(there)]
    begun = nursery.begun()
    # A server may yet carry out what the killed has asked of it.
    assert begun in ([*range(there)], [*range(there + 1)])
    is_begun = there in begun
    lacks_views = is_begun and nursery.lacks_views(there)
    undisturbed = Undisturbed("link")
    for number in range(max(0, there - 1), there + 1):
        place = nursery.place(number)
        with script_at("link", place) as script:
            answers = [script.step() for _ in range(3)]
        assert check(place) == undisturbed.log_after(3)
        assert answers == undisturbed.answers
    return is_begun, lacks_views


def test_a_registry_whose_creation_was_killed_is_created_by_the_next_process(
    new_nursery: Callable[[], Nursery],
) -> None:
    kill_while_creating(new_nursery(), random.Random(SEED), within=0.1)


@pytest.mark.torture
def test_creation_killed_at_fifty_moments_is_completed(
    new_nursery: Callable[[], Nursery], tell: Callable[[str], None]
) -> None:
    within = seconds_to_create(new_nursery())
    chance = random.Random(SEED)
    found = [kill_while_creating(new_nursery(), chance, within=within) for _ in range(50)]
    begun, logs = (sum(each) for each in zip(*found, strict=True))
    tell(
        f"50 processes killed that created registries, {begun} with one begun; {logs} had a log only"
    )
    assert begun > 0
