"""`make bench`: every figure, as a table in Markdown. `--small` is for trying it out."""

from __future__ import annotations

import argparse
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.benchmarks import content, following, lineage, registry
from tests.benchmarks.measuring import Row, table


def rows(folder: Path, *, small: bool) -> Iterator[Row]:
    """Yield the rows as they are measured."""
    rounds = 50 if small else 400
    yield registry.importing(rounds=5 if small else 15)
    yield registry.link_and_alias(folder / "link", rounds=rounds, there=0)
    yield registry.link_and_alias(folder / "link-1000", rounds=rounds, there=200 if small else 1000)
    yield from registry.link_on_postgresql(rounds=rounds)
    yield from registry.resolve_and_list(folder / "read", rounds=rounds)
    large = 2_000 if small else 100_000
    yield from registry.growth(folder / "growth", small=10, large=large, rounds=rounds)
    yield from following.rows(folder / "following", rounds=rounds)
    yield from lineage.rows(folder / "lineage", small=small)
    (folder / "content").mkdir()
    yield from content.rows(folder / "content", small=small)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few rounds and few versions")
    parser.add_argument("--dir", type=Path, help="where to keep the stores that are measured")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="stemmata-bench-", dir=chosen.dir))
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}"
    )
    try:
        print(table(list(_reported(rows(folder, small=chosen.small)))))
    finally:
        shutil.rmtree(folder)


def _reported(found: Iterable[Row]) -> Iterator[Row]:
    for row in found:
        print(f"  measured: {row.what}", file=sys.stderr)
        yield row


if __name__ == "__main__":
    main()
