"""`make bench`: every row, as JSON, a page in Markdown and plots.

`--small` and `--tiny` do less of everything, `--only PATTERN` some rows, `--on sqlite` one database.
Without `--write` nothing is changed: the table is printed.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import machine
from tests.benchmarks.bench import SIZES, Bench, Group, Size
from tests.benchmarks.content import content
from tests.benchmarks.crowding import crowding
from tests.benchmarks.databases import Database, Postgres, databases
from tests.benchmarks.following import following
from tests.benchmarks.growing import growing
from tests.benchmarks.importing import importing
from tests.benchmarks.lineage import lineage
from tests.benchmarks.lineage_beside import lineage_beside
from tests.benchmarks.linking import linking
from tests.benchmarks.peers.process import PEERS, Peer
from tests.benchmarks.reading import reading
from tests.benchmarks.rebuilding import rebuilding
from tests.benchmarks.report import table, write
from tests.benchmarks.results import Load, Results, Row, Run, shown

ON_EACH: Mapping[Group, Sequence[str]] = {
    linking: ("link", "link-into-many"),
    reading: ("resolve", "list", "resolve-as-of", "list-as-of"),
    growing: ("link-at-large", "resolve-at-large", "cold"),
    crowding: ("crowd",),
    following: ("follow", "follow-beside"),
    lineage_beside: ("lineage-beside",),
    lineage: (
        "lineage-near-ids",
        "lineage-near",
        "lineage-near-ids-as-of",
        "lineage-near-as-of",
        "lineage-far",
        "lineage-far-as-of",
        "lineage-far-asked",
        "lineage-far-whole",
    ),
    rebuilding: ("rebuild",),
}
"""The rows of each group that is run on each database."""

ONCE: Mapping[Group, Sequence[str]] = {
    importing: ("import",),
    content: (
        "store",
        "store-again",
        "read",
        "fetch",
        "files-put",
        "files-put-again",
        "files-fetch",
    ),
}
"""The rows of each group that needs no database."""


def measured(
    folder: Path,
    *,
    size: Size,
    on: Sequence[str] = ("sqlite", "postgresql"),
    peers: Sequence[Peer] = PEERS,
    only: str = "*",
    command: str = "make bench",
) -> Iterator[Results]:
    """Measure the rows whose id or `id@database` matches *only*; yield all so far after each one."""
    began, before = _now(), machine.load()
    states = [peer.found() for peer in peers]
    there = [peer for peer, state in zip(peers, states, strict=True) if state.version is not None]
    found = machine.versions()
    with databases(folder / "stores", on) as ready:
        for database in ready.values():
            if isinstance(database, Postgres):
                found["postgresql"] = database.version()
        durability = {name: database.durability for name, database in ready.items()}
        commit, changed = machine.commit()
        rows: list[Row] = []
        for row in _rows(folder, size, ready, there, only):
            rows.append(row)
            run = Run(
                command=command,
                commit=commit,
                changed=changed,
                began=began,
                ended=_now(),
                size=size.name,
                machine=machine.machine(folder),
                load=Load(before=before, after=machine.load()),
                versions=found,
                durability=durability,
            )
            yield Results(run=run, peers=tuple(states), rows=tuple(rows))


def _rows(
    folder: Path,
    size: Size,
    ready: Mapping[str, Database],
    peers: Sequence[Peer],
    only: str,
) -> Iterator[Row]:
    for name, database in ready.items():
        for group, ids in ON_EACH.items():
            if any(_chosen(id, name, only) for id in ids):
                own = folder / name / group.__name__
                own.mkdir(parents=True)
                bench = Bench(folder=own, size=size, database=database, peers=peers)
                yield from _told(group(bench), name, only)
    any_database = next(iter(ready.values()))
    for group, ids in ONCE.items():
        if any(_chosen(id, "–", only) for id in ids):
            own = folder / group.__name__
            own.mkdir()
            bench = Bench(folder=own, size=size, database=any_database, peers=peers)
            yield from _told(group(bench), "–", only)


def _told(rows: Iterable[Row], on: str, only: str) -> Iterator[Row]:
    for row in rows:
        if _chosen(row.id, on, only):
            print(f"  {row.id}, {on}: {shown(row.ours.median)}", file=sys.stderr, flush=True)
            yield row


def _chosen(id: str, on: str, only: str) -> bool:
    return fnmatch.fnmatch(id, only) or fnmatch.fnmatch(f"{id}@{on}", only)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write where that is wanted."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--small", dest="size", action="store_const", const="small")
    sizes.add_argument("--tiny", dest="size", action="store_const", const="tiny")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="such as 'link*@sqlite'")
    parser.add_argument("--on", default="sqlite,postgresql", help="databases, with commas")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out")
    parser.add_argument("--dir", type=Path, help="a folder on the disk that is to be measured")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="for JSON, page and plots")
    words = list(sys.argv[1:] if arguments is None else arguments)
    chosen = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers end and files go
    for name in [name for name in os.environ if name.startswith(("STEMMATA_", "PG"))]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="stemmata-bench-", dir=chosen.dir))
    folder.chmod(0o755)
    try:
        found = measured(
            folder,
            size=SIZES[chosen.size or "full"],
            on=[each for each in ("sqlite", "postgresql") if each in chosen.on.split(",")],
            peers=() if chosen.no_peers else PEERS,
            only=chosen.only,
            command=machine.said("make bench", words),
        )
        results: Results | None = None
        for results in found:
            if chosen.write is not None:
                # After each row: what a long run has found is not lost with it.
                write(results, chosen.write)
    finally:
        shutil.rmtree(folder)
    if results is None:
        parser.error(f"no row matches {chosen.only!r}")
    print(table(results.rows))


if __name__ == "__main__":
    main()
