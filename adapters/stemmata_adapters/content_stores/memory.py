"""The content store in memory: for tests, and the shortest statement of what a store does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

from stemmata_adapters.content_stores.hashing import digest_bytes, verified, verified_bytes
from stemmata_adapters.content_stores.meter import Meter
from stemmata_adapters.content_stores.pump import fill_from_chunks
from stemmata_adapters.content_stores.transfer import save
from stemmata_domain.content import Blob, FilePath, Progress, content_address
from stemmata_domain.digests import DigestAlgorithm
from stemmata_domain.errors import BlobMissing

_CHUNK = 1024 * 1024


class MemoryContentStore:
    """Blobs in a dictionary, gone with the process. Any number of threads may use it.

    It holds files whole, and works on one at a time.
    """

    def __init__(self) -> None:
        # Threads share it without a lock: each put is one assignment of bytes that nobody changes.
        self._blobs: dict[str, bytes] = {}

    def put_bytes(self, data: bytes, *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> Blob:
        blob = digest_bytes(data, algorithm=algorithm)
        self._blobs[blob.sha256] = bytes(data)
        return blob

    def put_stream(
        self, chunks: Iterable[bytes], *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5
    ) -> Blob:
        return self.put_bytes(b"".join(chunks), algorithm=algorithm)

    def put_file(
        self,
        path: FilePath,
        *,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        progress: Progress | None = None,
    ) -> Blob:
        return self.put_files([path], algorithm=algorithm, progress=progress)[0]

    def put_files(
        self,
        paths: Iterable[FilePath],
        *,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        progress: Progress | None = None,
    ) -> Sequence[Blob]:
        sources = [Path(path) for path in paths]
        meter = Meter(progress, total=sum(source.stat().st_size for source in sources))
        blobs = []
        for source in sources:
            blobs.append(self.put_bytes(source.read_bytes(), algorithm=algorithm))
            meter.add(blobs[-1].size)
        meter.finish()
        return blobs

    def read(self, sha256: str) -> Iterator[bytes]:
        data = BytesIO(self._held(sha256))
        return verified(iter(lambda: data.read(_CHUNK), b""), sha256, where=_where(sha256))

    def read_bytes(self, sha256: str) -> bytes:
        return verified_bytes(self._held(sha256), sha256, where=_where(sha256))

    def fetch(
        self, sha256: str, destination: FilePath, *, progress: Progress | None = None
    ) -> None:
        self.fetch_many([(sha256, destination)], progress=progress)

    def fetch_many(
        self, wanted: Iterable[tuple[str, FilePath]], *, progress: Progress | None = None
    ) -> None:
        everything = [(sha256, self._held(sha256), destination) for sha256, destination in wanted]
        meter = Meter(progress, total=sum(len(data) for _, data, _ in everything))
        for sha256, data, destination in everything:
            fill = fill_from_chunks((data,))
            save(
                fill,
                destination,
                sha256=sha256,
                size=len(data),
                where=_where(sha256),
                took=meter.took,
            )
        meter.finish()

    def has(self, sha256: str) -> bool:
        return content_address(sha256) in self._blobs

    def size(self, sha256: str) -> int:
        return len(self._held(sha256))

    def digests(self) -> Iterator[str]:
        return iter(list(self._blobs))

    def close(self) -> None:
        """Do nothing: the content lives as long as the store is referred to."""

    def _held(self, sha256: str) -> bytes:
        try:
            return self._blobs[content_address(sha256)]
        except KeyError as error:
            raise BlobMissing(digest=sha256) from error


def _where(sha256: str) -> str:
    return f"the blob {sha256} in memory"


def open_url(url: str) -> MemoryContentStore:  # noqa: ARG001 (every scheme is called alike)
    """Return a new, empty store, whatever follows `memory://`."""
    return MemoryContentStore()
