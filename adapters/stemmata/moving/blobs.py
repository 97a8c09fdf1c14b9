"""Copying content: every blob of one store into another, each hashed where it is read and written.

What the target holds already is read there and hashed too, so that in the end each blob was proved
whole by its own address, whoever wrote it; one that is not is written again. Who only wants to go on
quickly may have sizes compared instead, and is told of how many blobs no more is known than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from threading import Lock

from stemmata_adapters.content_stores.meter import Meter
from stemmata_adapters.content_stores.transfer import in_parallel
from stemmata_domain.content import Blob, ContentStore, Progress
from stemmata_domain.errors import DigestMismatch

_SMALL = 1024 * 1024
_AT_ONCE = 8
_GROUP = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobFigures:
    """What a content store holds.

    Attributes:
        size: In bytes, of all of them.
    """

    blobs: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobsCopied:
    """What became of the blobs of a source.

    Attributes:
        source: What it holds.
        target: What the other one holds of it, each hashed on being written or read there.
        written: How many were written, as opposed to being there already.
        by_size: How many of the target's were only compared by size.
        damaged: Addresses under which the source itself has other bytes; the first few of them.
        damaged_count: How many there are.
    """

    source: BlobFigures
    target: BlobFigures
    written: int
    by_size: int
    damaged: tuple[str, ...]
    damaged_count: int


def figures_of(store: ContentStore) -> BlobFigures:
    """Return how much a store holds, by what it says of itself."""
    blobs = size = 0
    for sha256 in store.digests():
        blobs += 1
        size += store.size(sha256)
    return BlobFigures(blobs=blobs, size=size)


class CopyingBlobs:
    """Copies blobs, several at once, in the memory of a few."""

    def __init__(self, source: ContentStore, target: ContentStore, *, by_size: bool) -> None:
        self._source = source
        self._target = target
        self._by_size = by_size
        self._lock = Lock()
        self._blobs = self._size = 0
        self._held = self._held_size = 0
        self._written = self._unread = 0
        self._damaged: list[str] = []
        self._damaged_count = 0

    def copy(self, progress: Progress | None = None) -> BlobsCopied:
        """Copy what the target lacks, and tell what there is in the end.

        Raises:
            StoreUnavailable: One of the stores has failed; blobs that were copied stay.
        """
        meter = Meter(progress, total=figures_of(self._source).size if progress else 0)
        for group in _groups(self._source.digests()):
            tasks: list[Callable[[], object]] = [
                partial(self._copy, sha256, meter) for sha256 in group
            ]
            in_parallel(tasks, workers=_AT_ONCE)
        meter.finish()
        return BlobsCopied(
            source=BlobFigures(blobs=self._blobs, size=self._size),
            target=BlobFigures(blobs=self._held, size=self._held_size),
            written=self._written,
            by_size=self._unread,
            damaged=tuple(sorted(self._damaged)),
            damaged_count=self._damaged_count,
        )

    def _copy(self, sha256: str, meter: Meter) -> None:
        size = self._source.size(sha256)
        there = self._there(sha256, size)
        try:
            if not there:
                self._write(sha256, size)
        except DigestMismatch:
            # A sound copy that the target may have is not to be counted: the source has no equal.
            self._count(size, damaged=sha256)
        else:
            self._count(size, written=not there)
        meter.add(size)

    def _there(self, sha256: str, size: int) -> bool:
        if not self._target.has(sha256) or self._target.size(sha256) != size:
            return False
        if self._by_size:
            return True
        try:
            for _ in self._target.read(sha256):
                pass
        except DigestMismatch:
            return False
        return True

    def _write(self, sha256: str, size: int) -> None:
        put: Blob
        if size <= _SMALL:
            put = self._target.put_bytes(self._source.read_bytes(sha256))
        else:
            put = self._target.put_stream(self._source.read(sha256))
        assert put.sha256 == sha256  # a source whose bytes are others has raised

    def _count(self, size: int, *, written: bool = False, damaged: str | None = None) -> None:
        with self._lock:
            self._blobs += 1
            self._size += size
            if damaged is not None:
                self._damaged_count += 1
                if len(self._damaged) < MOST_NAMED:
                    self._damaged.append(damaged)
                return
            self._held += 1
            self._held_size += size
            self._written += written
            self._unread += self._by_size and not written


MOST_NAMED = 20
"""So many addresses are told in full; of more, how many."""


def _groups(digests: Iterator[str]) -> Iterator[list[str]]:
    while group := list(islice(digests, _GROUP)):
        yield group
