"""A disk that is full, or a place that may not be written, while a registry is moved.

The error is one line; of the log whole pages are there, of a file nothing; and with room it goes on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from stemmata.moving.exporting import export_log
from stemmata.moving.filling import Filling
from stemmata.moving.pages import kept_events
from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_domain.errors import StoreUnavailable
from tests.stories.moving import blobs, rows
from tests.stress.agreement import check
from tests.stress.crew import ROOT
from tests.stress.places import link_without_views, url_of, with_versions

WITH_ROOM_FOR = """
import resource, runpy, sys
most = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
runpy.run_module("stemmata", run_name="__main__", alter_sys=True)
"""
"""Files that would grow beyond so many bytes fail to, as on a full disk."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = with_versions(tmp_path_factory.mktemp("source") / "registry.db", 200)
    link_without_views(path, 1_000)
    with closing(DiskContentStore.open(Path(f"{path}.content"))) as store:
        for size in (10, 1_000, 900_000, 3_000_000):
            store.put_bytes(b"x" * size)
    return path


def moved(*arguments: str, most: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command, with room for files of so many bytes."""
    program: Sequence[str] = ["-m", "stemmata"]
    if most is not None:
        program = ["-c", WITH_ROOM_FOR, str(most)]
    return subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def refused(*arguments: str, most: int) -> str:
    """Run a command that finds no room, and return the line that it says."""
    ended = moved(*arguments, most=most)
    assert (ended.returncode, ended.stdout) == (1, ""), ended
    assert ended.stderr.startswith("stemmata: ")
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


limited = pytest.mark.skipif(os.name == "nt", reason="there, no file can be kept from growing")


@limited
@pytest.mark.parametrize("most", [100_000, 1_000_000, 1_500_000])
def test_a_copy_that_finds_no_room_goes_on_when_there_is(
    source: Path, tmp_path: Path, most: int
) -> None:
    target = tmp_path / "copy.db"
    arguments = ("copy", url_of(source), url_of(target))
    refused(*arguments, "--to-content", str(tmp_path / "blobs"), most=most)
    held = blobs(tmp_path / "blobs")
    assert held.items() <= blobs(Path(f"{source}.content")).items()
    assert rows(target) == []  # content comes first, and did not fit
    there = ("--from-content", f"{source}.content", "--to-content", f"{source}.content")
    refused(*arguments, *there, most=most)
    found = rows(target)
    assert found == rows(source)[: len(found)]
    ended = moved(*arguments, "--to-content", str(tmp_path / "blobs"))
    assert (ended.returncode, ended.stderr) == (3, ""), ended  # manifests here are made up
    assert rows(target) == rows(source)
    assert blobs(tmp_path / "blobs") == blobs(Path(f"{source}.content"))
    check(target)


@limited
@pytest.mark.parametrize("most", [100_000, 1_000_000, 1_500_000])
def test_an_import_that_finds_no_room_goes_on_when_there_is(
    source: Path, tmp_path: Path, most: int
) -> None:
    target, file = tmp_path / "copy.db", str(tmp_path / "log.jsonl")
    export_log(url_of(source), file)
    arguments = ("--url", url_of(target), "import", file)
    refused(*arguments, most=most)
    found = rows(target)
    assert found == rows(source)[: len(found)]
    ended = moved(*arguments)
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    assert rows(target) == rows(source)
    check(target)


@limited
@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
def test_an_export_that_finds_no_room_leaves_nothing(
    source: Path, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    said = refused("--url", url_of(source), "export", str(file), most=60_000)
    assert f"{file}: File too large" in said
    assert list(tmp_path.iterdir()) == []


def filling(source: SqliteEventStore, target: SqliteEventStore) -> Filling:
    head = source.head()
    log = kept_events(source, upto=head)
    return Filling(target, log, named="target", source="source", upto=head)


@pytest.fixture
def opened(source: Path) -> Callable[[], SqliteEventStore]:
    return lambda: SqliteEventStore(SqliteDatabase(source), ids=TimeOrderedIds())


def test_a_page_that_does_not_fit_is_not_there_in_part(
    opened: Callable[[], SqliteEventStore], source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    database = SqliteDatabase(target)
    with (
        closing(opened()) as there,
        closing(SqliteEventStore(database, ids=TimeOrderedIds())) as to,
    ):
        with database.writing() as writer:
            writer.execute("PRAGMA max_page_count=250")
        work = filling(there, to)
        work.compare()
        with pytest.raises(StoreUnavailable, match="full"):
            work.write()
        left = rows(target)
        assert 0 < len(left) == work.written < len(rows(source))
        assert left == rows(source)[: len(left)]
        with database.writing() as writer:
            writer.execute("PRAGMA max_page_count=100000")
        again = filling(there, to)
        again.compare()
        again.write()
        assert again.written == len(rows(source)) - len(left)
    assert rows(target) == rows(source)


def test_a_target_that_may_only_be_read_is_not_written(
    opened: Callable[[], SqliteEventStore], tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    SqliteEventStore(SqliteDatabase(target), ids=TimeOrderedIds()).close()
    only_read = SqliteEventStore(SqliteDatabase(target, read_only=True), ids=TimeOrderedIds())
    with closing(opened()) as there, closing(only_read) as to:
        work = filling(there, to)
        work.compare()
        with pytest.raises(StoreUnavailable, match="readonly"):
            work.write()
    assert rows(target) == []
