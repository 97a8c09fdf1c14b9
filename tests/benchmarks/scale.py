"""`make bench-scale`: how commands, questions, memory and files grow with the registry and its lineage.

All sizes together take hours and tens of gigabytes; `--versions` and `--edges` choose among them. Without
`--write` nothing is changed: the tables are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import machine
from tests.benchmarks.databases import Database, Postgres, databases
from tests.benchmarks.results import Load, Run, Timing
from tests.benchmarks.scale_results import Growth, Of, Step, table, write
from tests.benchmarks.workers import ROOT

VERSIONS = (10_000, 100_000, 1_000_000)
EDGES = (10_000, 100_000, 1_000_000, 5_000_000)
_STEPS = {
    "registry": ("fill-registry", "measure-registry", "start-registry", "rebuild-registry"),
    "lineage": ("fill-lineage", "measure-lineage"),
}


def grown(
    folder: Path,
    *,
    versions: Sequence[int] = VERSIONS,
    edges: Sequence[int] = EDGES,
    on: Sequence[str] = ("sqlite",),
    command: str = "make bench-scale",
) -> Growth:
    """Measure registries and graphs of these sizes, the small ones first."""
    began, before = _now(), machine.load()
    found = machine.versions()
    with databases(folder, on) as ready:
        for database in ready.values():
            if isinstance(database, Postgres):
                found["postgresql"] = database.version()
        steps = tuple(_steps(ready.values(), versions, edges))
        durability = {name: database.durability for name, database in ready.items()}
    commit, changed = machine.commit()
    return Growth(
        run=Run(
            command=command,
            commit=commit,
            changed=changed,
            began=began,
            ended=_now(),
            size=f"{max(versions, default=0)} versions, {max(edges, default=0)} edges",
            machine=machine.machine(folder),
            load=Load(before=before, after=machine.load()),
            versions=found,
            durability=durability,
        ),
        steps=steps,
    )


def _steps(
    ready: Iterable[Database],
    versions: Sequence[int],
    edges: Sequence[int],
) -> Iterator[Step]:
    kinds: tuple[tuple[Of, Sequence[int]], ...] = (("registry", versions), ("lineage", edges))
    for database in ready:
        for of, every in kinds:
            for size in every:
                yield _step(database, of, size)


def _step(database: Database, of: Of, size: int) -> Step:
    place = f"{of}_{size}"
    figures: dict[str, Timing] = {}
    peaks: dict[str, int] = {}
    file_bytes = 0
    for step in _STEPS[of]:
        found = _alone(step, database.url(place), size)
        name = step.partition("-")[0]
        peaks[name] = found["peak"]
        for what, timing in found["figures"].items():
            figures[what] = Timing.model_validate(timing)
        if name == "fill":
            database.settle(place)
            file_bytes = database.size(place)
        print(f"  {of}, {database.name}, {size:,}: {step} done", file=sys.stderr, flush=True)
    database.remove(place)
    return Step(
        of=of, on=database.name, size=size, figures=figures, peaks=peaks, file_bytes=file_bytes
    )


def _alone(step: str, url: str, size: int) -> dict[str, Any]:
    """Carry out a step in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.scaled", step, url, str(size)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _numbers(said: str) -> list[int]:
    return sorted(int(each.replace("_", "")) for each in said.split(",") if each)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where that is wanted."""
    parser = argparse.ArgumentParser(prog="make bench-scale", description=__doc__)
    parser.add_argument("--versions", type=_numbers, default=list(VERSIONS), help="with commas")
    parser.add_argument("--edges", type=_numbers, default=list(EDGES), help="with commas")
    parser.add_argument("--on", default="sqlite", help="databases, with commas")
    parser.add_argument("--dir", type=Path, help="a folder on the disk that is to be measured")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="for JSON, page and plots")
    words = list(sys.argv[1:] if arguments is None else arguments)
    chosen = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers end and files go
    for name in [name for name in os.environ if name.startswith(("STEMMATA_", "PG"))]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="stemmata-bench-", dir=chosen.dir))
    try:
        growth = grown(
            folder,
            versions=chosen.versions,
            edges=chosen.edges,
            on=[each for each in ("sqlite", "postgresql") if each in chosen.on.split(",")],
            command=machine.said("make bench-scale", words),
        )
    finally:
        shutil.rmtree(folder)
    for of, on in dict.fromkeys((step.of, step.on) for step in growth.steps):
        print("\n".join(table(growth, of, on)) + "\n")
    if chosen.write is not None:
        write(growth, chosen.write)


if __name__ == "__main__":
    main()
