"""Linking and resolving in a large collection beside a small one, and the first command of a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import count

from tests.benchmarks.bench import SOURCE, TARGET, Bench, log_versions
from tests.benchmarks.filling import fill
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.results import Row, Taken, Timing, at_most, within

_SMALL = 10
_COLD_ROUNDS = 9


def growing(bench: Bench) -> Iterator[Row]:
    """Link and resolve at ten and at a hundred thousand versions; a cold process there."""
    database, rounds, large = bench.database, bench.size.rounds, bench.size.large
    spare = rounds + 20 + _COLD_ROUNDS
    fill(database.url("large"), versions=large, spare=spare)
    with bench.registry("small") as little, bench.registry("large") as big:
        log_versions(little, 0, _SMALL + rounds + 10)
        for i in range(_SMALL):
            little.link(f"{SOURCE}:v{i}", TARGET, aliases=[f"alias-{i}"])
        database.settle("small")
        database.settle("large")
        at_small, at_large = count(_SMALL), count(large)
        few, many = in_turns(
            lambda: little.link(f"{SOURCE}:v{next(at_small)}", TARGET, aliases=["staging"]),
            lambda: big.link(f"{SOURCE}:v{next(at_large)}", TARGET, aliases=["staging"]),
            rounds=rounds,
        )
        name = f"{TARGET}:alias-1"
        found_few, found_many = in_turns(
            lambda: little.resolve(name), lambda: big.resolve(name), rounds=rounds, calls=5
        )
        first = next(at_large)
    yield Row(
        id="link-at-large",
        on=database.name,
        what=f"link at {large:,} versions",
        ours=many,
        floor=few,
        floor_is=f"at {_SMALL}",
        goals=(at_most(1.3, many, few, of=f"at {_SMALL}"),),
    )
    yield Row(
        id="resolve-at-large",
        on=database.name,
        what=f"resolve at {large:,} versions",
        ours=found_many,
        floor=found_few,
        floor_is=f"at {_SMALL}",
        goals=(at_most(1.3, found_many, found_few, of=f"at {_SMALL}"),),
    )
    cold = Timing.of([cold_link(database.url("large"), first + i) for i in range(_COLD_ROUNDS)])
    yield Row(
        id="cold",
        on=database.name,
        what=f"cold process, open and first link on {large:,} versions, after import",
        ours=cold,
        goals=(within(0.150, cold.median),),
    )


_COLD = """
import sys, time
import stemmata, stemmata.stemma, stemmata.opening
if sys.argv[1].startswith("postgresql"):
    import stemmata_adapters.view_stores.postgresql
else:
    import stemmata_adapters.view_stores.sqlite
start, cpu = time.perf_counter(), time.process_time()
stemma = stemmata.open(
    sys.argv[1], content="memory://", actor="bench", entity="vision", project="mnist"
)
stemma.link(sys.argv[2], sys.argv[3], aliases=["cold"])
print(time.perf_counter() - start, time.process_time() - cpu)
"""


def cold_link(url: str, index: int) -> Taken:
    """Return how long a new process takes, once it has imported, to open and to link a version."""
    ran = subprocess.run(
        [sys.executable, "-c", _COLD, url, f"{SOURCE}:v{index}", TARGET],
        check=True,
        capture_output=True,
        text=True,
    )
    wall, cpu = ran.stdout.split()
    return Taken(float(wall), float(cpu))
