"""A process that keeps views is killed at a random moment, while it catches up or rebuilds.

- The views are as the log makes them as soon as anybody opens the registry again, and not before.
- Others read and write meanwhile, and see no wrong answer at any moment.
- What a rebuild has left is dropped, and the next one can begin at once.
"""

from __future__ import annotations

import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from stemmata.moving.copying import copy as copy_registry
from tests.stress import agreement
from tests.stress.begun import (
    PATIENCE,
    VERSIONS,
    Database,
    File,
    Place,
    opened,
)
from tests.stress.onlooker import Onlooker
from tests.stress.places import SOURCE, TARGET, link_without_views, with_versions
from tests.stress.projector import killed, started, word_of

SEED = 20260303


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A registry with some versions, whose views have followed the whole log."""
    (tmp_path / "begun").mkdir()
    file = File(with_versions(tmp_path / "begun" / "registry.db", VERSIONS))
    if request.param == "sqlite":
        yield file
        return
    database = Database(request.getfixturevalue("postgres"), file.content)
    copy_registry(file.url, database.url, target_content=file.content)
    yield database
    database.drop()


def check(place: Place) -> None:
    """Who opens the registry next heals it.

    The views have followed the log, and are what it makes of them; nothing is left beside them.
    """
    with opened(place) as stemma:
        collections = [f"{TARGET} {number}" for number in range(stemma.position() // VERSIONS)]
        Onlooker(stemma, [TARGET, *collections]).look()
        assert {each.behind for each in stemma.diagnose().views} == {0}
        report = stemma.verify()
        assert report.is_sound, report
        assert report.parked_in_use == report.parked_anew == ()
    if place.settle():
        # What is held for the dead is left alone, until it is held no more.
        with opened(place):
            pass
    assert place.leftovers() == []
    with opened(place) as stemma:
        found = stemma.diagnose()
        assert found.is_well, found.findings
        assert found.unfinished == ()


# --- catching up ----------------------------------------------------------------------------


def kill_while_opening(place: Place, moments: Iterable[float]) -> int:
    """Kill processes that bring views up to the log; return how many were at it.

    Each of them begins with what those before it have left, which is what the log was at some position.
    """
    caught = 0
    for moment in moments:
        process = started("open", place.url, content=place.content)
        time.sleep(moment)
        caught += "open" not in killed(process)
        agreement.check(place.url, views_behind=True)
    check(place)
    return caught


def seconds_to_open(place: Place) -> float:
    """Let a process bring views up to the log, and return how long that takes, more or less."""
    process = started("open", place.url, content=place.content)
    began = time.monotonic()
    while word_of(process) != "open":
        pass
    took = time.monotonic() - began
    killed(process)
    return took


def test_views_heal_when_a_process_was_killed_that_caught_up(place: Place) -> None:
    link_without_views(place.url, 500)
    kill_while_opening(place, [0.05, 0.3])


@pytest.mark.torture
def test_views_heal_when_fifty_processes_were_killed_that_caught_up(
    place: Place, tell: Callable[[str], None]
) -> None:
    link_without_views(place.url, 4_000)
    whole = place.copy(50)
    within = seconds_to_open(whole)
    whole.drop()
    chance = random.Random(SEED)
    caught = 0
    for number in range(10):
        copy = place.copy(number)
        caught += kill_while_opening(copy, [chance.uniform(0, within) for _ in range(5)])
        copy.drop()
    tell(f"50 processes killed that opened a registry, {caught} before it was open")
    assert caught > 0


# --- views of another layout ----------------------------------------------------------------


def open_at_once(place: Place, chance: random.Random, *, links: int, kill: bool) -> None:
    """Let processes open a registry whose views are old, and kill one of them if so told."""
    link_without_views(place.url, links)
    place.make_old()
    crew = [started("open", place.url, content=place.content) for _ in range(3)]
    if kill:
        time.sleep(chance.uniform(0, 0.8))
        killed(crew.pop())
    for each in crew:
        _ended_well(each)
    check(place)


def _ended_well(process: subprocess.Popen[str]) -> list[str]:
    """Wait for the end of a process, and return what it has said."""
    assert process.stdout is not None
    with process.stdout:
        said = process.stdout.read().split()
    assert process.wait(PATIENCE) == 0
    return said


def test_views_of_an_older_layout_are_made_anew_by_all_who_open_them(place: Place) -> None:
    open_at_once(place, random.Random(SEED), links=200, kill=False)


@pytest.mark.torture
def test_views_of_an_older_layout_are_made_anew_though_some_are_killed(place: Place) -> None:
    chance = random.Random(SEED)
    for number in range(15):
        copy = place.copy(number)
        open_at_once(copy, chance, links=1_000, kill=True)
        copy.drop()


# --- rebuilding -----------------------------------------------------------------------------


def kill_while_rebuilding(
    place: Place, chance: random.Random, *, writers: int = 0, within: float = 0.9
) -> tuple[int, bool]:
    """Kill a process that rebuilds, while others read and write.

    So many *writers* are processes of their own, the first of which is killed as well; one is a thread
    with the handle of a reader.

    Returns:
        How many links were acknowledged, and whether a rebuild was on its way.
    """
    process = started("rebuild", place.url, content=place.content)
    while word_of(process) != "open":
        pass
    done = threading.Event()
    wrong: list[object] = []
    links: list[int] = []
    with opened(place) as stemma:
        begun = stemma.position()
        share = VERSIONS // (writers + 1)
        beside = [
            started(
                "write",
                place.url,
                content=place.content,
                numbers=range(share * number, share * (number + 1)),
                after=begun,
            )
            for number in range(1, writers + 1)
        ]

        def write() -> None:
            for i in range(share):
                if done.is_set():
                    return
                linked = stemma.link(f"{SOURCE}:v{i}", TARGET, aliases=["newest"])
                if stemma.resolve(f"{TARGET}:newest").index != linked.index:
                    wrong.append(("written", linked))
                links.append(linked.index)

        def read() -> None:
            onlooker = Onlooker(stemma, [TARGET], after=begun)
            while not done.is_set():
                onlooker.look()

        def noting(act: Callable[[], None]) -> Callable[[], None]:
            def noted() -> None:
                try:
                    act()
                except BaseException as error:  # noqa: BLE001 -- the main thread fails by it
                    wrong.append(error)

            return noted

        threads = [threading.Thread(target=noting(each)) for each in (write, read)]
        for each in threads:
            each.start()
        time.sleep(chance.uniform(0, within))
        said = killed(process)
        links_of_others = [_links_of(killed(writer)) for writer in beside[:1]]
        # What was left does not keep the next one out.
        stemma.rebuild(["search"])
        done.set()
        for each in threads:
            each.join(PATIENCE)
        links_of_others += [_links_of(_ended_well(writer)) for writer in beside[1:]]
        seen = Onlooker(stemma, [TARGET], after=begun).look()
    assert wrong == []
    for own in links_of_others:
        links += own
    assert len(set(links)) == len(links)
    assert set(links) <= set(range(seen))
    # Who was killed may have linked once more than anybody heard of.
    assert seen - len(links) in ((0, 1) if writers else (0,))
    check(place)
    return len(links), not said or said[-1] != "rebuilt"


def _links_of(said: Sequence[str]) -> list[int]:
    """Return which links a writer has said to be acknowledged."""
    return [int(word) for word in said[said.index("open") + 1 :]] if "open" in said else []


def test_nobody_notices_that_a_process_was_killed_that_rebuilt(place: Place) -> None:
    kill_while_rebuilding(place, random.Random(SEED), writers=1, within=0.3)


@pytest.mark.torture
@pytest.mark.parametrize("writers", [0, 2])
def test_nobody_notices_that_fifty_processes_were_killed_that_rebuilt(
    place: Place, writers: int, tell: Callable[[str], None]
) -> None:
    link_without_views(place.url, 1_500)
    with opened(place):
        pass
    chance = random.Random(SEED)
    links = within = 0
    for number in range(50):
        copy = place.copy(number)
        linked, was_on_its_way = kill_while_rebuilding(copy, chance, writers=writers)
        copy.drop()
        links += linked
        within += was_on_its_way
    tell(
        f"50 processes killed that rebuilt, {within} on their way, "
        f"beside {links} links of a thread and {writers} processes"
    )
    assert within > 0
