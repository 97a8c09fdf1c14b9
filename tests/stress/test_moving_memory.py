"""Memory of moving a log: it does not grow with the log."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from stemmata.moving.exporting import export_log
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_domain.events import AliasAdded
from stemmata_domain.ports import NO_STREAM, Append
from stemmata_domain.recorded import Context
from tests.stress.crew import ROOT
from tests.stress.places import url_of

FEW = 1_000
MARGIN = 2 * 1024 * 1024
"""In bytes: what the caches of SQLite and of the interpreter may differ by."""

# Traced is what Python holds; what SQLite holds is bounded by its cache.
CHILD = """
import json, sys, tracemalloc
from pathlib import Path
from stemmata.moving.copying import _copy
from stemmata.moving.telling import Silent
from stemmata.moving.exporting import export_log
from stemmata.moving.checking import check_log
from stemmata.moving.files import log_file
from stemmata.moving.places import opened_source, opened_target
source, target, file, how = sys.argv[1:]
tracemalloc.start()
if how == "copy":
    with opened_source(source) as events, opened_target(target) as filled:
        _copy(events, filled, None, str(Path(file).parent / "blobs"), (source, target), False, Silent())
elif how == "export":
    export_log(source, file)
else:
    with log_file(file) as opened:
        check_log(opened)
print(json.dumps(tracemalloc.get_traced_memory()[1]))
"""


def log_of(path: Path, number: int) -> Path:
    """Make a log of so many events, nearly all in streams of their own; return its path."""
    context = Context("ada", SystemClock().now(), "c" * 32, None)
    with closing(SqliteEventStore(SqliteDatabase(path), ids=TimeOrderedIds())) as store:
        for begin in range(0, number, 1_000):
            store.append(
                [
                    Append(
                        f"artifact-{begin + n:032x}",
                        NO_STREAM,
                        (AliasAdded(alias="a" * 200, index=n, moved_from=None),),
                    )
                    for n in range(1_000)
                ],
                context,
            )
    return path


def peak(source: Path, folder: Path, how: str) -> int:
    """Return how many bytes Python held at most while a log was moved."""
    folder.mkdir()
    file = folder / "log.jsonl"
    if how == "check":
        export_log(url_of(source), file)
    urls = (url_of(source), url_of(folder / "copy.db"))
    child = subprocess.run(
        [sys.executable, "-c", CHILD, *urls, str(file), how],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: int = json.loads(child.stdout)
    return found


def check_peaks(folder: Path, how: str, *, many: int) -> None:
    """See that many events take no more memory than few."""
    logs = {number: log_of(folder / f"{number}.db", number) for number in (FEW, many)}
    peaks = [peak(log, folder / str(number), how) for number, log in logs.items()]
    assert peaks[1] < peaks[0] + MARGIN, peaks


@pytest.mark.parametrize("how", ["copy", "export", "check"])
def test_six_times_the_events_take_no_more_memory(tmp_path: Path, how: str) -> None:
    check_peaks(tmp_path, how, many=6_000)


@pytest.mark.torture
@pytest.mark.parametrize("how", ["copy", "export", "check"])
def test_fifty_times_the_events_take_no_more_memory(tmp_path: Path, how: str) -> None:
    check_peaks(tmp_path, how, many=50_000)
