"""When a put into the content store on disk has returned, the power may go.

That cannot be tried here, but it rests on an order that can be watched: bytes are forced to disk
before they get their name, and the folder of the name after. The real calls are made; they are only
written down.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stemmata_adapters.content_stores.disk import DiskContentStore

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="tells open files by /proc"
)

Watched = list[tuple[str, str]]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    seen: Watched = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(file: int) -> None:
        fsync(file)
        seen.append(("forced", str(Path(f"/proc/self/fd/{file}").readlink())))

    def watched_replace(source: str, target: str) -> None:
        replace(source, target)
        seen.append((f"named {target}", source))

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    return seen


def check_order(watched: Watched, blobs: list[Path]) -> None:
    for blob in blobs:
        [(named, draft)] = [
            (place, source)
            for place, (what, source) in enumerate(watched)
            if what == f"named {blob}"
        ]
        assert ("forced", draft) in watched[:named]
        assert ("forced", str(blob.parent)) in watched[named:]


def path_of(store: DiskContentStore, sha256: str) -> Path:
    return store.root / "sha256" / sha256[:2] / sha256[2:]


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
@pytest.mark.parametrize("way", ["put_bytes", "put_stream", "put_file"])
def test_bytes_are_forced_to_disk_before_they_are_named_and_the_name_after(
    tmp_path: Path, watched: Watched, size: int, way: str
) -> None:
    store = DiskContentStore.open(tmp_path / "store")
    data = os.urandom(size)
    source = tmp_path / "source"
    source.write_bytes(data)
    puts: dict[str, Callable[[], object]] = {
        "put_bytes": lambda: store.put_bytes(data),
        "put_stream": lambda: store.put_stream([data]),
        "put_file": lambda: store.put_file(source),
    }
    puts[way]()
    check_order(watched, [path_of(store, sha256) for sha256 in store.digests()])


def test_all_of_many_files_are_durable(tmp_path: Path, watched: Watched) -> None:
    store = DiskContentStore.open(tmp_path / "store")
    sources = []
    for number in range(100):
        sources.append(tmp_path / str(number))
        sources[-1].write_bytes(os.urandom(number + 1 if number else 2_000_000))
    blobs = store.put_files(sources)
    check_order(watched, [path_of(store, blob.sha256) for blob in blobs])


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_content_that_another_has_just_put_is_durable_too(
    tmp_path: Path, watched: Watched, size: int
) -> None:
    data = os.urandom(size)
    first = DiskContentStore.open(tmp_path)
    path = path_of(first, first.put_bytes(data).sha256)
    second = DiskContentStore.open(tmp_path)
    watched.clear()
    second.put_bytes(data)
    forced = [where for what, where in watched if what == "forced"]
    for folder in (path.parent, tmp_path / "sha256", tmp_path):
        assert str(folder) in forced


def test_the_folders_of_a_new_store_are_durable(tmp_path: Path, watched: Watched) -> None:
    store = DiskContentStore.open(tmp_path / "new" / "and" / "deep")
    store.put_bytes(b"hello")
    forced = [where for what, where in watched if what == "forced"]
    for folder in ("", "new", "new/and", "new/and/deep", "new/and/deep/sha256"):
        assert str(tmp_path / folder) in forced
