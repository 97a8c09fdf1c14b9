"""How long after a command has returned a subscriber has its last event: same process, and another one."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import stemmata
from stemmata.stemma import Stemma
from stemmata_domain.recorded import RecordedEvent
from tests.benchmarks.measuring import Row, Timing
from tests.postgres import Server

GOAL = 0.05
_PATIENCE = 60.0

# The clock is that of the machine, the same in all processes.
FOLLOWING = """
import sys, time, stemmata
with stemmata.open(sys.argv[1], content="memory://") as stemma:
    with stemma.subscribe(after=int(sys.argv[2])) as events:
        print("ready", flush=True)
        for event in events:
            print(event.position, time.monotonic(), flush=True)
"""


def rows(folder: Path, *, rounds: int) -> Iterator[Row]:
    """Yield the rows of each store."""
    folder.mkdir()
    server = Server()
    try:
        for name, url in (
            ("memory", "memory://"),
            ("SQLite", f"sqlite:///{folder / 'registry.db'}"),
            ("PostgreSQL", server.url("following")),
        ):
            with stemmata.open(url, content="memory://", actor="host") as stemma:
                stemma.organize("Acme", entity="acme", teams=["vision"])
                yield _row(f"{name}: a subscriber of this process", _within(stemma, rounds))
                if name != "memory":
                    found = _beside(stemma, url, rounds)
                    yield _row(f"{name}: a subscriber of another process", found)
    finally:
        server.remove()


def _row(what: str, ours: Timing) -> Row:
    slowest = sorted(ours.times)[int(len(ours.times) * 0.99)]
    return Row(
        what=f"{what} has the event",
        ours=ours,
        goal="p99 ≤ 50 ms",
        reached=slowest <= GOAL,
        note=f"p99 {slowest * 1e3:.1f} ms",
    )


def _commands(stemma: Stemma, rounds: int) -> dict[int, float]:
    """Carry out commands with pauses; return when each had returned, by its last position."""
    returned: dict[int, float] = {}
    for n in range(rounds):
        # Of changing length, so that they do not keep in step with who polls.
        time.sleep(0.011 + (n * 7 % 10) / 1000)
        stemma.organize("Acme", people=[f"person-{stemma.position()}"])
        at = time.monotonic()
        returned[stemma.position()] = at
    return returned


def _within(stemma: Stemma, rounds: int) -> Timing:
    seen: dict[int, float] = {}

    def handle(event: RecordedEvent) -> None:
        seen[event.position] = time.monotonic()

    with stemma.subscribe(callback=handle, after=stemma.position()):
        returned = _commands(stemma, rounds)
        until = time.monotonic() + _PATIENCE
        while stemma.position() not in seen and time.monotonic() < until:
            time.sleep(0.01)
    return _latencies(seen, returned)


def _beside(stemma: Stemma, url: str, rounds: int) -> Timing:
    program = [sys.executable, "-c", FOLLOWING, url, str(stemma.position())]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        returned = _commands(stemma, rounds)
        seen: dict[int, float] = {}
        while stemma.position() not in seen:
            position, at = process.stdout.readline().split()
            seen[int(position)] = float(at)
        process.kill()
    return _latencies(seen, returned)


def _latencies(seen: dict[int, float], returned: dict[int, float]) -> Timing:
    return Timing(times=tuple(max(seen[p] - at, 0.0) for p, at in returned.items()))
