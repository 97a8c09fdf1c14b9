"""How long after a command has returned a subscriber has its last event: same process, and another one."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import stemmata
from stemmata.stemma import Stemma
from stemmata_domain.recorded import RecordedEvent
from tests.benchmarks.bench import Bench
from tests.benchmarks.results import Row, Taken, Timing, within

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


def following(bench: Bench) -> Iterator[Row]:
    """Follow from this process and from another one."""
    on, rounds, url = bench.database.name, bench.size.rounds, bench.database.url("following")
    with stemmata.open(url, content="memory://", actor="host") as stemma:
        stemma.organize("Acme", entity="acme", teams=["vision"])
        yield _row("follow", on, "a subscriber of this process", _within(stemma, rounds))
        found = _beside(stemma, url, rounds)
        yield _row("follow-beside", on, "a subscriber of another process", found)


def _row(id: str, on: str, what: str, ours: Timing) -> Row:
    assert ours.p99 is not None
    goals = (within(GOAL, ours.p99, what="p99 "),)
    return Row(id=id, on=on, what=f"{what} has the event", ours=ours, goals=goals)


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
    # Who waits for an event uses no processor.
    taken = [Taken(max(seen[p] - at, 0.0), 0.0) for p, at in returned.items()]
    walls = sorted(each.wall for each in taken)
    return Timing.of(taken, p99=walls[int(len(walls) * 0.99)])
