"""What a command costs: one wait for the disk, and no more work in a large collection than in a small one."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stemmata.moving.copying import copy
from stemmata.moving.exporting import export_log
from stemmata.moving.importing import import_log
from stemmata.stemma import PROJECTIONS, Stemma
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.commands.link import Link
from stemmata_domain.handling import CommandHandler
from stemmata_domain.ports import NO_STREAM, Snapshot
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.runner import Runner
from tests.stress.crew import ROOT
from tests.stress.places import (
    ENTITY,
    SOURCE,
    TARGET,
    assembled,
    founded,
    log_versions,
    open_at,
    url_of,
    with_versions,
)

pytestmark = pytest.mark.xdist_group("the cost of a command")

SMALL, LARGE = 10, 5_000


@dataclass(slots=True)
class Meter:
    """Counts what a database is asked to do.

    Attributes:
        statements: The statements, with their values left out.
        steps: Instructions of SQLite's own machine, in tens: what the statements made it do.
        events: Events that were read from streams.
        while_others_wait: How many of these while nobody else could write.
    """

    statements: list[str] = field(default_factory=list)
    steps: int = 0
    events: int = 0
    while_others_wait: int = 0

    def watch(self, connection: sqlite3.Connection) -> None:
        """Count what is done on a connection."""
        connection.set_trace_callback(lambda text: self.statements.append(_shape(text)))
        connection.set_progress_handler(self._step, 10)

    def _step(self) -> int:
        self.steps += 1
        return 0


def _shape(statement: str) -> str:
    return re.sub(r"'(?:[^']|'')*'|\bx'[0-9a-f]*'|\b\d+\b", "?", statement)


class MeteredEventStore(SqliteEventStore):
    """An event store that counts the events that are read from its streams."""

    meter: Meter
    _writes = False

    def read_stream(
        self, stream: str, *, after: int = NO_STREAM, limit: int | None = None
    ) -> Sequence[RecordedEvent]:
        found = super().read_stream(stream, after=after, limit=limit)
        self.meter.events += len(found)
        if self._writes:
            self.meter.while_others_wait += len(found)
        return found

    @contextmanager
    def writing(self) -> Iterator[None]:
        with super().writing():
            self._writes = True
            try:
                yield
            finally:
                self._writes = False


@contextmanager
def metered(path: Path) -> Iterator[tuple[Stemma, Meter]]:
    """Open a registry, and count what is done in it."""
    database = SqliteDatabase(path)
    events = MeteredEventStore(database, ids=TimeOrderedIds())
    events.meter = meter = Meter()
    with assembled(events, database) as stemma:
        meter.watch(database.connection())
        with database.writing() as writer:
            meter.watch(writer)
        meter.statements.clear()
        meter.steps = meter.events = 0
        yield stemma, meter


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A small and a large registry: so many versions, all but five linked under an alias of their own."""
    folder = tmp_path_factory.mktemp("cost")
    made = {}
    for size in (SMALL, LARGE):
        path = made[size] = founded(folder / f"{size}.db")
        log_versions(path, size + 5)
        link_all(path, size)
    return made


def link_all(path: Path, number: int) -> None:
    """Link versions in one transaction, which makes it quick."""
    database = SqliteDatabase(path)
    events = SqliteEventStore(database, ids=TimeOrderedIds())
    inline = Runner(events, SqliteViewStore(database), PROJECTIONS).inline
    handler = CommandHandler(events, clock=SystemClock(), ids=TimeOrderedIds(), inline=inline)
    with events.writing():
        for i in range(number):
            aliases = ("staging", f"n{i}")
            link = Link(source=f"{SOURCE}:v{i}", target=TARGET, aliases=aliases, entity=ENTITY)
            handler.handle(link, actor="ada")
    events.close()


def copied(registries: dict[int, Path], folder: Path, size: int) -> Path:
    return Path(shutil.copy(registries[size], folder / f"{size}.db"))


def test_the_work_of_a_link_does_not_grow_with_the_collection(
    registries: dict[int, Path], tmp_path: Path
) -> None:
    small, large = (link_once(copied(registries, tmp_path, size), size) for size in (SMALL, LARGE))
    assert small.statements == large.statements
    assert (small.events, large.events) == (0, 0)
    assert large.steps <= small.steps * 1.1 + 2


def link_once(path: Path, size: int) -> Meter:
    """Link one version more, in a process that has linked before."""
    with metered(path) as (stemma, meter):
        stemma.link(f"{SOURCE}:v{size}", TARGET, aliases=["staging"])
        meter.statements.clear()
        meter.steps = meter.events = 0
        stemma.link(f"{SOURCE}:v{size + 1}", TARGET, aliases=["staging"])
        return meter


def test_the_work_of_a_link_after_another_process_linked_does_not_grow_with_the_collection(
    registries: dict[int, Path], tmp_path: Path
) -> None:
    small, large = (link_after(copied(registries, tmp_path, size), size) for size in (SMALL, LARGE))
    assert small.statements == large.statements
    # What the other one did, and no more.
    assert small.events == large.events == 3
    assert large.steps <= small.steps * 1.1 + 2


def link_after(path: Path, size: int) -> Meter:
    with metered(path) as (stemma, meter), open_at(path) as other:
        stemma.link(f"{SOURCE}:v{size}", TARGET, aliases=["staging"])
        other.link(f"{SOURCE}:v{size + 1}", TARGET, aliases=["staging"])
        meter.statements.clear()
        meter.steps = meter.events = 0
        stemma.link(f"{SOURCE}:v{size + 2}", TARGET, aliases=["staging"])
        return meter


@pytest.mark.parametrize("snapshots", [True, False])
def test_a_process_that_has_much_to_read_first_lets_others_write_meanwhile(
    registries: dict[int, Path], tmp_path: Path, snapshots: bool
) -> None:
    path = copied(registries, tmp_path, LARGE)
    if not snapshots:
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("DELETE FROM snapshot")
            raw.commit()
    with metered(path) as (stemma, meter):
        linked = stemma.link(f"{SOURCE}:v{LARGE}", TARGET, aliases=["staging"])
        assert linked.index == LARGE
        assert meter.events > (0 if snapshots else 2 * LARGE)
        assert meter.while_others_wait < 600


@pytest.mark.parametrize("how", ["copied", "imported"])
def test_the_first_command_on_what_was_moved_reads_short_tails_only(
    registries: dict[int, Path], tmp_path: Path, how: str
) -> None:
    source, target = copied(registries, tmp_path, LARGE), tmp_path / "moved.db"
    with closing(sqlite3.connect(source)) as raw:
        # What the source has of snapshots is not believed, and need not be there.
        raw.execute("UPDATE snapshot SET body = x'00'")
        raw.commit()
    if how == "copied":
        copy(url_of(source), url_of(target))
    else:
        export_log(url_of(source), tmp_path / "log")
        import_log(tmp_path / "log", url_of(target))
    with metered(target) as (stemma, meter):
        assert stemma.link(f"{SOURCE}:v{LARGE}", TARGET, aliases=["staging"]).index == LARGE
        # Names, organizations and registries have no snapshots, and short streams.
        assert meter.events < 40


@pytest.mark.parametrize(
    "name", [f"{TARGET}:staging", f"{TARGET}:v3", TARGET, f"{SOURCE}:v3", f"acme/{TARGET}:n4"]
)
def test_the_work_of_resolving_does_not_grow_with_the_collection(
    registries: dict[int, Path], tmp_path: Path, name: str
) -> None:
    meters = []
    for size in (SMALL, LARGE):
        with metered(copied(registries, tmp_path, size)) as (stemma, meter):
            stemma.resolve(name)
            meters.append(meter)
    small, large = meters
    assert small.statements == large.statements
    assert large.steps <= small.steps * 1.1 + 2


def test_of_the_processes_that_see_a_stream_grow_one_keeps_a_snapshot(tmp_path: Path) -> None:
    path = with_versions(tmp_path / "registry.db", 100)
    kept: list[tuple[str, int]] = []

    class Watched(SqliteEventStore):
        def save_snapshot(self, snapshot: Snapshot) -> None:
            kept.append((snapshot.stream, snapshot.version))
            super().save_snapshot(snapshot)

    stores = [Watched(SqliteDatabase(path), ids=TimeOrderedIds()) for _ in range(4)]
    handlers = [
        CommandHandler(store, clock=SystemClock(), ids=TimeOrderedIds(), snapshot_after=30)
        for store in stores
    ]
    for n in range(100):
        link = Link(source=f"{SOURCE}:v{n}", target=TARGET, entity=ENTITY)
        handlers[n % 4].handle(link, actor="ada")
    for store in stores:
        store.close()
    of_collection = [version for stream, version in kept if stream.startswith("collection-")]
    assert len(of_collection) == 200 // 30
    assert len(kept) - len(of_collection) == 1


# --- the disk -------------------------------------------------------------------------------

_LINKED = ((1, 10), (11, 40), (41, 540))
_SYNC = re.compile(r"\b(?:fsync|fdatasync|sync_file_range|msync)\(")


@pytest.mark.torture
def test_a_link_waits_for_the_disk_once(tmp_path: Path, tell: Callable[[str], None]) -> None:
    """Needs strace: `apt install strace`, and the right to trace one's own processes."""
    if shutil.which("strace") is None:
        pytest.fail("this test needs strace, which is not installed: apt install strace")
    path = with_versions(tmp_path / "registry.db", 561)
    with open_at(path) as stemma:
        stemma.link(f"{SOURCE}:v0", TARGET)
    few, more, many = (syncs(path, first, last, tmp_path) for first, last in _LINKED)
    tell(f"{few} syncs for 10 links, {more} for 30, {many} for 500 with SQLite's checkpoints")
    assert more - few == 20  # so few links do not fill the write-ahead log
    # Now and then SQLite moves its write-ahead log into the database, which takes three.
    assert many - few <= 490 * 1.1


def syncs(path: Path, first: int, last: int, folder: Path) -> int:
    """Return how often a process that links versions one by one waits for the disk."""
    program = (
        "import sys, stemmata\n"
        "url, source, target, first, last = sys.argv[1:]\n"
        "with stemmata.open(url, actor='ada', entity='vision') as stemma:\n"
        "    for i in range(int(first), int(last) + 1):\n"
        "        stemma.link(f'{source}:v{i}', target, aliases=['staging'])\n"
    )
    trace = folder / "trace"
    calls = "trace=fsync,fdatasync,sync_file_range,msync"
    python = [sys.executable, "-c", program, url_of(path), SOURCE, TARGET, str(first), str(last)]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", calls, "-o", str(trace), *python],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return len(_SYNC.findall(trace.read_text()))
