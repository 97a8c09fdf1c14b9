"""Takes all digests of content in one pass over it, and verifies content against its address."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import Protocol

from stemmata_adapters.content_stores.meter import Meter
from stemmata_adapters.content_stores.pump import Take, fill_from_file, pump
from stemmata_domain.content import Blob, FilePath, Progress
from stemmata_domain.digests import DigestAlgorithm
from stemmata_domain.errors import DigestMismatch


def digest_bytes(data: bytes, *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> Blob:
    """Return the blob that *data* makes, without storing it."""
    digests = Digests(algorithm)
    digests.update(data)
    return digests.blob(len(data))


def digest_file(
    path: FilePath,
    *,
    algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
    progress: Progress | None = None,
) -> Blob:
    """Return the blob that a file makes, without storing it; the file is read once."""
    digests = Digests(algorithm)
    meter = Meter(progress, total=Path(path).stat().st_size)
    with FileIO(path) as file:
        size = pump(fill_from_file(file), here=[*digests.here, meter.took], aside=digests.aside)
    meter.finish()
    return digests.blob(size)


def verified(chunks: Iterable[bytes], sha256: str, *, where: str) -> Iterator[bytes]:
    """Give *chunks* again, the last of them only if all of them together are what they should be.

    Raises:
        DigestMismatch: They are not.
    """
    taken = hashlib.sha256()
    held: bytes | None = None
    for chunk in chunks:
        if held is not None:
            yield held
        taken.update(chunk)
        held = chunk
    check(taken.hexdigest(), sha256, where=where)
    if held is not None:
        yield held


def verified_bytes(data: bytes, sha256: str, *, where: str) -> bytes:
    """Return *data* if it is what it should be.

    Raises:
        DigestMismatch: It is not.
    """
    check(hashlib.sha256(data).hexdigest(), sha256, where=where)
    return data


def check(actual: str, expected: str, *, where: str) -> None:
    """Compare two addresses.

    Raises:
        DigestMismatch: They differ.
    """
    if actual != expected:
        raise DigestMismatch(where=where, expected=f"sha256:{expected}", actual=f"sha256:{actual}")


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...

    def digest(self) -> bytes: ...


class Digests:
    """The digests of one content, as they are being taken.

    Either `update` is given everything, or each of `here` and `aside` is.
    """

    def __init__(self, algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> None:
        # Some hosts forbid MD5 as a protection; here it only names content.
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()
        self._xxh128 = _xxh128() if algorithm is DigestAlgorithm.XXH128 else None

    @property
    def here(self) -> list[Take]:
        """The digests to take on the thread that also reads and writes."""
        faster: list[Take] = [self._sha256.update]
        return faster if self._xxh128 is None else [*faster, self._xxh128.update]

    @property
    def aside(self) -> Take:
        """The slowest digest."""
        return self._md5.update

    def update(self, data: bytes) -> None:
        """Take *data* into all of them."""
        self._md5.update(data)
        self._sha256.update(data)
        if self._xxh128 is not None:
            self._xxh128.update(data)

    def blob(self, size: int) -> Blob:
        """Return the blob of what was taken."""
        return Blob(
            sha256=self._sha256.hexdigest(),
            md5=_base64(self._md5),
            size=size,
            xxh128=None if self._xxh128 is None else _base64(self._xxh128),
        )


def _xxh128() -> _Hash:
    # Few artifacts ask for it, and it is a compiled module to load.
    import xxhash

    return xxhash.xxh3_128()


def _base64(taken: _Hash) -> str:
    return b64encode(taken.digest()).decode("ascii")
