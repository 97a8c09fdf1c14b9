"""Who copies a registry or imports a log is killed at a random moment, as by `kill -9`, and starts again.

- At any moment the target holds a beginning of the source's log, event by event as it is there, and
  whole blobs.
- Who opens the target on the way finds a registry of that beginning, with views that neither lead nor lag.
- The same command goes on from there, whether anybody did or not, and in the end all is the same.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

import stemmata
from stemmata.moving.copying import copy
from stemmata.moving.exporting import export_log
from stemmata_adapters.content_stores.disk import DiskContentStore
from tests.postgres import Server
from tests.stories.moving import Row, blobs, rows
from tests.stress.crew import ROOT
from tests.stress.mover import Orders, command_line
from tests.stress.onlooker import Onlooker
from tests.stress.places import ENTITY, TARGET, link_without_views, url_of, with_versions
from tests.stress.sides import Side, postgres_side, side

SEED = 20260303
PATIENCE = 120
VERSIONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A registry that is to be moved, and how."""

    orders: Callable[[Side, Path], Orders]
    place: Callable[[Path], Side]
    log: list[Row]
    content: dict[str, bytes]


@pytest.fixture(scope="module")
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with so many links, each of two events, and with content of many sizes."""
    path = with_versions(tmp_path_factory.mktemp("begun") / "registry.db", VERSIONS)
    link_without_views(path, request.param)
    store = DiskContentStore.open(Path(f"{path}.content"))
    for number in range(40):
        store.put_bytes(bytes([number]) * 3**number if number < 12 else b"%d" % number * 40_000)
    return path


@pytest.fixture(scope="module")
def sources(begun: Path, postgres: Server) -> Iterator[dict[str, str]]:
    """The same log in a store of each kind, by its URL."""
    with_it = postgres_side(postgres)
    content = f"{begun}.content"
    copy(url_of(begun), with_it.url, source_content=content, target_content=content)
    yield {"sqlite": url_of(begun), "postgresql": with_it.url}
    with_it.remove()


WAYS = [
    ("copy", "sqlite", "sqlite"),
    ("copy", "sqlite", "postgresql"),
    ("copy", "postgresql", "sqlite"),
    ("import", "file", "sqlite"),
    ("import", "file", "postgresql"),
]


@pytest.fixture(params=WAYS, ids="-".join)
def moving(
    request: pytest.FixtureRequest, begun: Path, sources: dict[str, str], postgres: Server
) -> Moving:
    how, source, target = request.param
    content = Path(f"{begun}.content")
    file = begun.with_name("log.jsonl")
    if how == "import" and not file.exists():
        export_log(url_of(begun), file)

    def orders(target: Side, folder: Path) -> Orders:
        if how == "import":
            return Orders(source=str(file), target=target.url)
        return Orders(
            source=sources[source],
            target=target.url,
            source_content=str(content),
            target_content=str(folder / "blobs"),
        )

    return Moving(
        orders=orders,
        place=lambda folder: side(target, folder / "registry.db", postgres),
        log=rows(begun),
        content=blobs(content) if how == "copy" else {},
    )


def start(orders: Orders) -> subprocess.Popen[str]:
    """Start a mover, and return when it is about to move."""
    mover = subprocess.Popen(
        [sys.executable, *command_line(orders)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert mover.stdout is not None
    assert mover.stdout.readline() == "ready\n"
    return mover


def said(mover: subprocess.Popen[str], *, words: int | None = None) -> list[str]:
    """Return so many words of a mover, or all until it has ended."""
    assert mover.stdout is not None
    return [line.strip() for line in islice(mover.stdout, words)]


def kill(mover: subprocess.Popen[str]) -> None:
    """Kill a mover."""
    mover.kill()
    assert mover.stdout is not None
    mover.stdout.close()
    mover.wait(PATIENCE)


def undisturbed(orders: Orders) -> int:
    """Let a mover do all that there is to do; return how often it told of progress."""
    with start(orders) as mover:
        words = said(mover)
    assert words[-1] == "done"
    assert mover.returncode == 0
    return len(words)


def check_on_the_way(moving: Moving, target: Side, folder: Path) -> int:
    """See that what is there is a beginning; return how many events there are."""
    found = target.rows()
    assert found == moving.log[: len(found)]
    held = blobs(folder / "blobs")
    assert held.items() <= moving.content.items()
    # Content comes first: an event without its content is never there.
    assert not found or held == moving.content
    return len(found)


def check_opened(target: Side, folder: Path) -> None:
    """Whoever opens what is there so far finds it well: it heals by itself."""
    with stemmata.open(
        target.url, content=str(folder / "blobs"), actor="ada", entity=ENTITY
    ) as stemma:
        log = stemma.position()
        collections = [f"{TARGET} {number}" for number in range(log // VERSIONS + 1)]
        Onlooker(stemma, collections).look()
        report = stemma.verify()
        assert report.is_sound, report
        assert stemma.position() == log


def kill_on_the_way(
    moving: Moving, target: Side, folder: Path, chance: random.Random, *, words: int
) -> list[int]:
    """Kill movers at random moments, then let one end; return how many events each kill left."""
    folder.mkdir()
    orders = moving.orders(target, folder)
    left = []
    for _ in range(chance.randint(1, 3)):
        mover = start(orders)
        said(mover, words=chance.randrange(words))
        time.sleep(chance.uniform(0, 0.02))
        kill(mover)
        left.append(check_on_the_way(moving, target, folder))
        if chance.random() < 0.5:
            check_opened(target, folder)
    assert left == sorted(left)
    undisturbed(orders)
    assert target.rows() == moving.log
    assert blobs(folder / "blobs") == moving.content
    target.check()
    check_opened(target, folder)
    return left


def kill_often(moving: Moving, folder: Path, *, times: int) -> list[int]:
    """Kill as many movers, more or less, and return how many events each kill left."""
    (folder / "whole").mkdir()
    whole = moving.place(folder / "whole")
    words = undisturbed(moving.orders(whole, folder / "whole"))
    whole.remove()
    chance = random.Random(SEED)
    left: list[int] = []
    while len(left) < times:
        place = folder / f"killed-{len(left)}"
        target = moving.place(place)
        left += kill_on_the_way(moving, target, place, chance, words=words)
        target.remove()
    return left


@pytest.mark.parametrize("begun", [300], indirect=True)
def test_who_was_killed_while_moving_goes_on_where_they_ended(
    moving: Moving, tmp_path: Path
) -> None:
    kill_often(moving, tmp_path, times=1)


@pytest.mark.torture
@pytest.mark.parametrize("begun", [2_500], indirect=True)
def test_movers_killed_at_fifty_moments_go_on_where_they_ended(
    moving: Moving, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    left = kill_often(moving, tmp_path, times=50)
    events = len(moving.log)
    within = sum(0 < each < events for each in left)
    tell(f"{len(left)} movers of {events} events killed; {within} with a part of the log written")
    assert within > 0
