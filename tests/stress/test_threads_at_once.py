"""Threads that work with one handle at the same time."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from threading import Barrier, Thread
from time import perf_counter
from typing import TypeVar

import pytest

import stemmata
from stemmata.stemma import Stemma
from stemmata_domain.commands.link import Linked
from stemmata_domain.errors import NameTaken, Refused
from tests.stress.agreement import check, check_log
from tests.stress.crew import percentile
from tests.stress.places import (
    ENTITY,
    SOURCE,
    TARGET,
    digest,
    founded,
    manifest,
    open_at,
    with_versions,
)

T = TypeVar("T")


def in_threads(number: int, work: Callable[[int], T]) -> list[T]:
    """Let threads begin *work* at the same moment, each with its number; return what they return."""
    barrier = Barrier(number)

    def begin(thread: int) -> T:
        barrier.wait()
        return work(thread)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


def link_each(stemma: Stemma, thread: int, each: int) -> list[tuple[Linked, float]]:
    """Link versions of the thread's own; return the links and how long each took."""
    made = []
    for i in range(thread * each, (thread + 1) * each):
        began = perf_counter()
        linked = stemma.link(f"{SOURCE}:v{i}", TARGET, aliases=[f"by-{thread}", "staging"])
        made.append((linked, perf_counter() - began))
        assert stemma.resolve(f"{TARGET}:v{linked.index}").id == linked.version
    return made


def overtakings(made: list[list[tuple[Linked, float]]]) -> list[int]:
    """Return how many links of others came between two of the same thread, each time."""
    return [
        later.index - earlier.index - 1
        for own in made
        for (earlier, _), (later, _) in pairwise(own)
    ]


def assert_dense(stemma: Stemma, made: list[list[tuple[Linked, float]]]) -> None:
    links = [linked for own in made for linked, _ in own]
    assert sorted(linked.index for linked in links) == list(range(len(links)))
    assert {version.id: version.index for version in stemma.versions(TARGET)} == {
        linked.version: linked.index for linked in links
    }


def test_threads_of_one_handle_get_dense_numbers_and_see_what_they_wrote(tmp_path: Path) -> None:
    """Semantics §3.2: a collection counts versions v0, v1, … in the order in which they are linked."""
    path = with_versions(tmp_path / "registry.db", 8 * 100)
    with open_at(path) as stemma:
        made = in_threads(8, lambda thread: link_each(stemma, thread, 100))
        assert_dense(stemma, made)
    check(path)


def test_no_thread_is_passed_over_while_others_write(tmp_path: Path) -> None:
    path = with_versions(tmp_path / "registry.db", 8 * 50)
    with open_at(path) as stemma:

        def link(thread: int) -> list[tuple[Linked, float]]:
            mine = range(thread * 50, (thread + 1) * 50)
            return [(stemma.link(f"{SOURCE}:v{i}", TARGET), 0.0) for i in mine]

        made = in_threads(8, link)
    # Each of the seven others once; a thread that the machine keeps from asking misses turns.
    assert percentile(overtakings(made), 90) <= 10


def test_threads_of_handles_in_one_process_get_dense_numbers(tmp_path: Path) -> None:
    path = with_versions(tmp_path / "registry.db", 4 * 40)

    def work(thread: int) -> list[tuple[Linked, float]]:
        with open_at(path) as own:
            return link_each(own, thread, 40)

    made = in_threads(4, work)
    with open_at(path) as stemma:
        assert_dense(stemma, made)
    check(path)


def test_threads_in_memory_get_dense_numbers() -> None:
    with stemmata.open("memory://", actor="ada", entity=ENTITY) as stemma:
        stemma.organize("Acme Inc", entity="acme", teams=[ENTITY], people=["ada"])
        for n in range(8 * 40):
            log(stemma, SOURCE, n)
        made = in_threads(8, lambda thread: link_each(stemma, thread, 40))
        assert_dense(stemma, made)
        check_log(list(stemma.replay()))


def log(stemma: Stemma, name: str, content: int) -> object:
    return stemma.log(
        name,
        type="model",
        manifest=manifest(content),
        digest=digest(content),
        size=1,
        file_count=1,
    )


@pytest.mark.parametrize("where", ["sqlite", "memory"])
def test_threads_that_do_everything_at_once_leave_a_sound_log(tmp_path: Path, where: str) -> None:
    path = tmp_path / "registry.db"
    url = "memory://" if where == "memory" else f"sqlite:///{path}"
    with stemmata.open(url, actor="ada", entity=ENTITY) as stemma:
        stemma.organize("Acme Inc", entity="acme", teams=[ENTITY], people=["ada"])
        in_threads(6, lambda thread: do_anything(stemma, random.Random(thread), 200))
        check_log(list(stemma.replay()))
    if where == "sqlite":
        check(path)


def do_anything(stemma: Stemma, chance: random.Random, times: int) -> None:
    """Carry out commands, many of which others are carrying out too; refusals are fine."""
    sources = [f"{ENTITY}/mnist/{name}" for name in ("digits", "letters")]
    targets = [f"wandb-registry-{name}" for name in ("model/A", "model/B", "new/A")]
    run = f"{ENTITY}/mnist/run"

    def version() -> str:
        return f"{chance.choice(sources + targets)}:v{chance.randrange(6)}"

    def alias() -> list[str]:
        return [chance.choice(["staging", "production", "latest"])]

    acts: list[Callable[[], object]] = [
        lambda: log(stemma, chance.choice(sources), chance.randrange(12)),
        lambda: stemma.link(version(), chance.choice(targets), aliases=alias()),
        lambda: stemma.edit_aliases(version(), add=alias(), remove=alias()),
        lambda: stemma.edit(version(), add_tags=alias(), remove_tags=alias()),
        lambda: stemma.unlink(version()),
        lambda: stemma.delete(version(), delete_aliases=True, force=chance.random() < 0.5),
        lambda: stemma.create_registry("new"),
        lambda: stemma.delete_collection(chance.choice(targets)),
        lambda: stemma.start_run(project="mnist", run="run"),
        lambda: stemma.use(version(), run=run),
        lambda: stemma.versions(chance.choice(sources + targets)),
        lambda: stemma.history(version()),
    ]
    for _ in range(times):
        with suppress(Refused):
            chance.choice(acts)()


def test_of_threads_that_create_the_same_at_once_one_does(tmp_path: Path) -> None:
    path = founded(tmp_path / "registry.db")
    with open_at(path) as stemma:

        def create(_: int) -> list[bool]:
            made = []
            for n in range(20):
                try:
                    stemma.create_registry(f"Registry {n}")
                    made.append(True)
                except NameTaken:
                    made.append(False)
            return made

        for each in zip(*in_threads(8, create), strict=True):
            assert each.count(True) == 1
        assert len(stemma.registries()) == 2 + 20
    check(path)


def test_threads_that_come_and_go_leave_nothing_open(tmp_path: Path) -> None:
    path = with_versions(tmp_path / "registry.db", 300)

    def visit(stemma: Stemma, number: int) -> None:
        stemma.link(f"{SOURCE}:v{number}", TARGET)
        assert stemma.resolve(TARGET).index == number

    with open_at(path) as stemma:
        visit(stemma, 0)
        before = open_files()
        for number in range(1, 300):
            thread = Thread(target=visit, args=(stemma, number))
            thread.start()
            thread.join()
        assert open_files() <= before + 10
    check(path)


def open_files() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


@pytest.mark.torture
def test_eight_threads_link_two_thousand_versions(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    path = with_versions(tmp_path / "registry.db", 2_000)
    with open_at(path) as stemma:
        made = in_threads(8, lambda thread: link_each(stemma, thread, 250))
        assert_dense(stemma, made)
    check(path)
    seconds = [took for own in made for _, took in own]
    rate = 1 / (sum(seconds) / len(seconds) / 8)
    tell(
        f"2000 links by 8 threads: {rate:.0f}/s, p50 {percentile(seconds, 50) * 1e3:.1f} ms, "
        f"p99 {percentile(seconds, 99) * 1e3:.1f} ms, worst {max(seconds) * 1e3:.1f} ms; overtaken "
        f"p99 {percentile(overtakings(made), 99)}, at most {max(overtakings(made))} times"
    )
