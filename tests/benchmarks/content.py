"""Storing, reading and fetching content on disk, beside the least that the same bytes cost."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from itertools import count
from pathlib import Path

from stemmata_adapters.content_stores.disk import DiskContentStore
from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import take
from tests.benchmarks.results import Row, Taken, Timing, at_most

MIB = 1024 * 1024
KIB = 1024
FORCING_THREADS = 16
"""With fewer, the file system forces small files more slowly; with more, no faster."""


def one_large_file(folder: Path, *, size: int, rounds: int) -> Iterator[Row]:
    """Measure one file: put, put again, read, fetch."""
    folder.mkdir(parents=True)
    source = folder / "source"
    with FileIO(source, "w") as file:
        for _ in range(size // MIB):
            file.write(os.urandom(MIB))
        os.fsync(file.fileno())
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    store = DiskContentStore.open(folder / "store")
    blob = store.root / "sha256" / sha256[:2] / sha256[2:]
    copied = folder / "copied"
    turns = Turns()
    for _ in range(rounds):
        turns.take("md5", lambda: digest(source, "md5"))
        forget(source)
        turns.take("sha256", lambda: digest(source, "sha256"))
        forget(source)
        turns.take("copy", lambda: copy(source, copied))
        copied.unlink()
        turns.take("put", lambda: store.put_file(source))
        turns.take("put again", lambda: store.put_file(source))
        forget(blob)
        turns.take("read", lambda: sum(map(len, store.read(sha256))))
        forget(blob)
        turns.take("fetch", lambda: store.fetch(sha256, copied))
        copied.unlink()
        blob.unlink()
    named = f"one file of {size // MIB} MiB"
    md5, sha = ("MD5 alone, from memory", "SHA-256 alone, from disk")
    yield turns.row(
        "put",
        "md5",
        id="store",
        what=f"put {named}, durably",
        floor_is=md5,
        most=1.25,
        of="MD5 alone",
    )
    yield turns.row(
        "put again", "md5", id="store-again", what=f"put {named} that is there", floor_is=md5
    )
    yield turns.row("read", "sha256", id="read", what=f"read {named}, verified", floor_is=sha)
    yield turns.row(
        "fetch", "copy", id="fetch", what=f"fetch {named}, verified", floor_is="copy, from disk"
    )


def many_small_files(folder: Path, *, files: int, rounds: int) -> Iterator[Row]:
    """Measure many files of 1 KiB: put, put again, fetch."""
    (folder / "sources").mkdir(parents=True)
    everything = [os.urandom(KIB) for _ in range(files)]
    sources = [folder / "sources" / f"{number:05}" for number in range(files)]
    for source, data in zip(sources, everything, strict=True):
        source.write_bytes(data)
    turns = Turns()
    # Nothing is removed between the rounds: ext4 keeps away from inodes that were freed seconds ago,
    # and creating files next to many of those takes ten times as long.
    new = (folder / f"{number}" for number in count())
    for _ in range(rounds):
        turns.take("unforced", lambda: write(everything, next(new)))
        turns.take("forced", lambda: force(write(everything, next(new))))
        store = DiskContentStore.open(next(new))
        turns.take("put", lambda: store.put_files(sources))  # noqa: B023 -- called at once
        turns.take("put again", lambda: store.put_files(sources))  # noqa: B023 -- called at once
        there, out = list(store.digests()), next(new)
        wanted = [(sha256, out / sha256) for sha256 in there]
        turns.take("fetch", lambda: store.fetch_many(wanted))  # noqa: B023 -- called at once
    named = f"{files} files of 1 KiB"
    forced = f"written, then fsync on {FORCING_THREADS} threads"
    for ours, floor, what, floor_is in (
        ("put", "forced", f"put {named}, durably", forced),
        ("put again", "unforced", f"put {named} that are there", "written"),
        ("fetch", "unforced", f"fetch {named}, verified", "written"),
    ):
        name = f"files-{ours.replace(' ', '-')}"
        yield turns.row(ours, floor, id=name, what=what, floor_is=floor_is, files=files)


def digest(path: Path, name: str) -> None:
    """Digest a file with the standard library."""
    with FileIO(path) as file:
        hashlib.file_digest(file, name)


def forget(path: Path) -> None:
    """Have the next reader of a file wait for the disk, where the system can be asked to."""
    if hasattr(os, "posix_fadvise"):
        with FileIO(path) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def copy(source: Path, target: Path) -> None:
    """Copy through memory, as any download does."""
    buffer = memoryview(bytearray(MIB))
    with FileIO(source) as file, FileIO(target, "w") as other:
        while size := file.readinto(buffer):
            other.write(buffer[:size])


def write(everything: list[bytes], folder: Path) -> Path:
    """Write files into one folder, without waiting for the disk."""
    folder.mkdir()
    for number, data in enumerate(everything):
        file = os.open(f"{folder}/{number}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(file, data)
        os.close(file)
    return folder


def force(folder: Path) -> None:
    """Wait until all files in a folder, and their names, are on the disk."""
    paths = [found.path for found in os.scandir(folder)]

    def force_some(first: int) -> None:
        for path in paths[first::FORCING_THREADS]:
            force_one(path)

    with ThreadPoolExecutor(FORCING_THREADS) as threads:
        list(threads.map(force_some, range(FORCING_THREADS)))
    force_one(str(folder))


def force_one(path: str) -> None:
    """Wait until one file is on the disk."""
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.close(file)


class Turns:
    """Times of several things that are done in turns, each on a disk that has nothing left to do."""

    def __init__(self) -> None:
        self.times: dict[str, list[Taken]] = {}

    def take(self, name: str, action: Callable[[], object]) -> None:
        """Time *action*."""
        os.sync()
        self.times.setdefault(name, []).append(take(action))

    def row(
        self,
        ours: str,
        floor: str,
        *,
        id: str,
        what: str,
        floor_is: str,
        most: float | None = None,
        of: str = "",
        files: int | None = None,
    ) -> Row:
        """Return two of the things side by side; the ratio may be at *most* so much."""
        mine, least = Timing.of(self.times[ours]), Timing.of(self.times[floor])
        return Row(
            id=id,
            on="–",
            what=what,
            ours=mine,
            floor=least,
            floor_is=floor_is,
            goals=() if most is None else (at_most(most, mine, least, of=of),),
            note="" if files is None else f"{files / mine.median:.0f} files/s",
        )


def content(bench: Bench) -> Iterator[Row]:
    """Put, read and fetch one large file, and many small ones."""
    size, folder = bench.size, bench.folder / "content"
    folder.mkdir()
    rounds = {"full": 7, "small": 3}.get(size.name, 2)
    yield from one_large_file(folder / "large", size=size.file, rounds=rounds)
    yield from many_small_files(folder / "small", files=size.files, rounds=min(rounds, 5))
