"""Several processes that link into one collection: links a second, how long one waits, what fails."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.bench import TARGET, Bench, log_versions
from tests.benchmarks.peers.process import Peer, Process
from tests.benchmarks.results import Beside, Goal, Row, Taken, Timing, ahead, within
from tests.benchmarks.workers import Worker

_ROUNDS = 3


@dataclass
class Crowd:
    """Processes that do the same at once, and what came of it.

    Attributes:
        rounds: What one link took in each round, all processes together.
        waits: How long each link took for the one who asked.
    """

    workers: Sequence[Worker]
    rounds: list[Taken] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    errors: int = 0
    cause: str = ""

    def work(self, links: int, *, firsts: Sequence[int] = ()) -> None:
        """Have all of them link at once, each from a version of its own on."""
        start = time.perf_counter()
        for worker, first in zip(self.workers, firsts or [0] * len(self.workers), strict=True):
            worker.begin("links", links, first)
        answers = [worker.end() for worker in self.workers]
        wall = time.perf_counter() - start
        done = sum(len(answer["times"]) - answer["errors"] for answer in answers)
        cpu = sum(answer["cpu"] for answer in answers)
        self.rounds.append(Taken(wall / max(done, 1), cpu / max(done, 1)))
        for answer in answers:
            self.waits += answer["times"]
            self.errors += answer["errors"]
            self.cause = self.cause or answer["cause"]

    @property
    def timing(self) -> Timing:
        """What one link took, all processes together, and what one in a hundred waited."""
        waits = sorted(self.waits)
        return Timing.of(self.rounds, p99=waits[min(len(waits) - 1, int(len(waits) * 0.99))])

    @property
    def said(self) -> str:
        """Tell what failed."""
        return f"{self.errors} errors" + (f", the first {self.cause!r}" if self.cause else "")


def crowding(bench: Bench) -> Iterator[Row]:
    """Link in several processes at once: ours, raw, and each peer in its modes, in turns."""
    database, links, processes = bench.database, bench.size.links, bench.size.processes
    with ExitStack() as stack:
        with bench.registry("crowd") as stemma:
            log_versions(stemma, 0, processes * links * _ROUNDS)
        with closing(database.raw("crowd_raw")):
            pass
        ours = _crowd(stack, bench, "ours", database.url("crowd"))
        raw = _crowd(stack, bench, "raw", database.writer("crowd_raw"))
        peers = [_peer_crowd(stack, bench, peer) for peer in bench.peers]
        crowds = [crowd for found in peers for crowd in found]
        for turn in range(_ROUNDS):
            first = turn * processes * links
            ours.work(links, firsts=[first + number * links for number in range(processes)])
            raw.work(links)
            for _, crowd in crowds:
                # Each has versions of its own; what was linked before would not be linked anew.
                crowd.work(links, firsts=[turn * links] * processes)
        others = tuple(
            Beside(
                peer=process.peer.package,
                mode=process.mode.said,
                what=process.peer.link,
                timing=crowd.timing,
                durable=process.mode.durable,
                as_it_comes=process.mode.as_it_comes,
                note=f"{crowd.said}, {_density(process.do('numbers'))}",
            )
            for process, crowd in crowds
        )
    with bench.registry("crowd") as stemma:
        numbers = sorted(version.index for version in stemma.versions(TARGET))
    timing = ours.timing
    assert timing.p99 is not None
    wanted = processes * links * _ROUNDS
    sound = ours.errors == 0 and numbers == list(range(wanted))
    yield Row(
        id="crowd",
        on=database.name,
        what=f"{processes} processes × {links} links into one collection, each link",
        ours=timing,
        floor=raw.timing,
        floor_is=f"the same rows by {processes} processes",
        goals=(
            *ahead(5 if database.name == "sqlite" else 4, timing, others),
            within(0.050, timing.p99, what="p99 "),
            Goal(
                what="0 errors, dense",
                found=f"{ours.said}, {_density(numbers)}",
                reached=sound,
            ),
        ),
        peers=others,
        note=f"{1 / timing.median:.0f} links/s; raw {1 / raw.timing.median:.0f}/s",
    )


def _crowd(stack: ExitStack, bench: Bench, kind: str, place: str) -> Crowd:
    workers = []
    for _ in range(bench.size.processes):
        log = bench.folder / "crowd" / f"{kind}-{bench.database.name}.log"
        worker = Worker(sys.executable, "tests.benchmarks.writer", (kind, place), log=log)
        stack.callback(worker.close)
        workers.append(worker)
    return Crowd(workers)


def _peer_crowd(stack: ExitStack, bench: Bench, peer: Peer) -> Iterator[tuple[Process, Crowd]]:
    place = bench.database.others(f"crowd_{peer.module}")
    for mode in peer.modes_on(place):
        folder: Path = bench.folder / "crowd" / f"{peer.package}-{mode.word}"
        workers = []
        for number in range(bench.size.processes):
            process = Process(peer, mode, folder, place=place)
            stack.callback(process.close)
            if number == 0:
                process.do("found")
            if peer.package == "trackio":
                process.do("log", bench.size.links * _ROUNDS)
            workers.append(process)
        yield workers[0], Crowd(workers)


def _density(numbers: Sequence[int]) -> str:
    if len(set(numbers)) < len(numbers):
        return f"{len(numbers) - len(set(numbers))} numbers doubled"
    gaps = numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0
    return f"{gaps} gaps" if gaps else f"{len(numbers)} numbers, dense"
