"""A process that keeps views is killed at a random moment, while it catches up or rebuilds.

- The views are as the log makes them as soon as anybody opens the registry again, and not before.
- Others read and write meanwhile, and see no wrong answer at any moment.
- What a rebuild has left is dropped, and the next one can begin at once.

A registry is whatever has a URL: :class:`Place` says what is needed of a store to be tried here.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

import stemmata
from stemmata.stemma import Stemma
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_adapters.schemes import open_event_store
from stemmata_domain.commands.link import Link
from stemmata_domain.handling import CommandHandler
from stemmata_domain.ports import SerialisesWriters
from tests.stress.places import ENTITY, SOURCE, TARGET, url_of, with_versions
from tests.stress.projector import killed, started, word_of

SEED = 20260303
VERSIONS = 200


class Place(Protocol):
    """Where a registry is that is killed at again and again."""

    url: str
    content: str

    def copy(self, number: int) -> Place:
        """Return a new registry that is as this one was when it was begun."""
        ...

    def make_old(self) -> None:
        """Let the views be those of a release that laid their tables out otherwise."""
        ...

    def leftovers(self) -> list[str]:
        """Return the tables on the medium that belong to no view in use."""
        ...

    def drop(self) -> None:
        """Remove the registry."""
        ...


class File:
    """A registry in a SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = url_of(path)
        self.content = str(path.parent / "content")

    def copy(self, number: int) -> File:
        folder = self.path.parent.parent / f"{number}"
        shutil.copytree(self.path.parent, folder)
        return File(folder / self.path.name)

    def make_old(self) -> None:
        with closing(sqlite3.connect(self.path)) as raw, raw:
            raw.execute("UPDATE view SET schema = '0.' || schema")

    def leftovers(self) -> list[str]:
        with closing(sqlite3.connect(self.path)) as raw:
            tables = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            lines = raw.execute("SELECT projection FROM view")
            return [name for (name,) in (*tables, *lines) if "__beside_" in name]

    def drop(self) -> None:
        shutil.rmtree(self.path.parent)


@pytest.fixture(params=["sqlite"])
def place(tmp_path: Path) -> Place:
    """A registry with some versions, whose views have followed the whole log."""
    (tmp_path / "begun").mkdir()
    return File(with_versions(tmp_path / "begun" / "registry.db", VERSIONS))


@contextmanager
def opened(place: Place) -> Iterator[Stemma]:
    with stemmata.open(place.url, content=place.content, actor="ada", entity=ENTITY) as stemma:
        yield stemma


def append_without_views(place: Place, number: int) -> None:
    """Link versions as a release would that keeps none of our views."""
    with closing(open_event_store(place.url, ids=TimeOrderedIds())) as events:
        handler = CommandHandler(events, clock=SystemClock(), ids=TimeOrderedIds())
        assert isinstance(events, SerialisesWriters)
        with events.writing():
            for i in range(number):
                source, target = f"{SOURCE}:v{i % VERSIONS}", f"{TARGET} {i // VERSIONS}"
                handler.handle(Link(source=source, target=target, entity=ENTITY), actor="ada")


def check(place: Place) -> None:
    """The views have followed the log, and are what it makes of them; nothing is left beside them."""
    with opened(place) as stemma:
        found = stemma.diagnose()
        assert found.is_well, found.findings
        assert {each.behind for each in found.views} == {0}
        assert found.unfinished == ()
        report = stemma.verify()
        assert report.is_sound, report
        assert report.parked == ()
    assert place.leftovers() == []


# --- catching up ----------------------------------------------------------------------------


def kill_while_opening(place: Place, chance: random.Random) -> bool:
    """Kill a process that brings views up to the log; return whether it was at it."""
    process = started("open", place.url, content=place.content)
    time.sleep(chance.uniform(0, 1.1))
    said = killed(process)
    check(place)
    return bool(said) and said[-1] != "open"


def test_views_heal_when_a_process_was_killed_that_caught_up(place: Place) -> None:
    append_without_views(place, 1_500)
    kill_while_opening(place, random.Random(SEED))


@pytest.mark.torture
def test_views_heal_when_fifty_processes_were_killed_that_caught_up(
    place: Place, tell: Callable[[str], None]
) -> None:
    append_without_views(place, 4_000)
    chance = random.Random(SEED)
    caught = 0
    for number in range(50):
        copy = place.copy(number)
        caught += kill_while_opening(copy, chance)
        copy.drop()
    tell(
        f"50 processes killed that opened a registry, {caught} between the first page and the last"
    )


# --- views of another layout ----------------------------------------------------------------


def open_at_once(place: Place, chance: random.Random, *, kill: bool) -> None:
    """Let processes open a registry whose views are old, and kill one of them if so told."""
    append_without_views(place, 1_000)
    place.make_old()
    crew = [started("open", place.url, content=place.content) for _ in range(3)]
    if kill:
        time.sleep(chance.uniform(0, 0.8))
        killed(crew.pop())
    for each in crew:
        _ended_well(each)
    check(place)


def _ended_well(process: subprocess.Popen[str]) -> None:
    while word_of(process):
        pass
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(120) == 0


def test_views_of_an_older_layout_are_made_anew_by_all_who_open_them(place: Place) -> None:
    open_at_once(place, random.Random(SEED), kill=False)


@pytest.mark.torture
def test_views_of_an_older_layout_are_made_anew_though_some_are_killed(place: Place) -> None:
    chance = random.Random(SEED)
    for number in range(15):
        copy = place.copy(number)
        open_at_once(copy, chance, kill=True)
        copy.drop()


# --- rebuilding -----------------------------------------------------------------------------


def kill_while_rebuilding(place: Place, chance: random.Random) -> int:
    """Kill a process that rebuilds, while others read and write; return how many links they made."""
    process = started("rebuild", place.url, content=place.content)
    while word_of(process) != "open":
        pass
    done = threading.Event()
    wrong: list[object] = []
    links: list[int] = []
    with opened(place) as stemma:

        def write() -> None:
            for i in range(VERSIONS):
                if done.is_set():
                    return
                linked = stemma.link(f"{SOURCE}:v{i}", TARGET, aliases=["newest"])
                if stemma.resolve(f"{TARGET}:newest").index != linked.index:
                    wrong.append(("written", linked))
                links.append(linked.index)

        def read() -> None:
            """There are as many links as the newest one says, and never fewer than before."""
            newest = -1
            while not done.is_set():
                known = len(links) - 1
                if known < 0:
                    continue
                there = [version.index for version in stemma.versions(TARGET)]
                if there != list(range(len(there))) or len(there) <= max(known, newest):
                    wrong.append(("read", known, newest, there))
                newest = len(there) - 1

        threads = [threading.Thread(target=each) for each in (write, read)]
        for each in threads:
            each.start()
        time.sleep(chance.uniform(0, 0.9))
        killed(process)
        # What was left does not keep the next one out.
        stemma.rebuild(["search"])
        done.set()
        for each in threads:
            each.join(60)
    assert wrong == []
    check(place)
    return len(links)


def test_nobody_notices_that_a_process_was_killed_that_rebuilt(place: Place) -> None:
    append_without_views(place, 300)
    kill_while_rebuilding(place, random.Random(SEED))


@pytest.mark.torture
def test_nobody_notices_that_fifty_processes_were_killed_that_rebuilt(
    place: Place, tell: Callable[[str], None]
) -> None:
    append_without_views(place, 1_500)
    with opened(place):
        pass
    chance = random.Random(SEED)
    links = 0
    for number in range(50):
        copy = place.copy(number)
        links += kill_while_rebuilding(copy, chance)
        copy.drop()
    tell(f"50 processes killed that rebuilt, beside {links} links of others")
