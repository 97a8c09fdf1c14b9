"""Content: bytes that are stored under their SHA-256, and what the domain asks of such a store.

- The SHA-256 is the address: the same bytes have one place, whatever they are called.
- The digests by which W&B's clients know the bytes are taken in the same pass over them.
- What a put has returned is durable. A crash before that leaves a blob that nothing refers to, or
  none, never one whose bytes are not what its address says.
- What is read is hashed again on its way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, assert_never

from stemmata_domain.digests import DigestAlgorithm
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.names import quoted, text_of

_is_address = re.compile(r"[0-9a-f]{64}").fullmatch


class NamesFile(Protocol):
    """A path, such as `pathlib.Path`: whatever the standard library opens beside text."""

    def __fspath__(self) -> str: ...


FilePath: TypeAlias = str | NamesFile

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many bytes are done, and of how many.

Calls come from any thread but one at a time; the first number never falls and never passes the
second, the second stays the same, and the last call of what succeeds gives both alike. An exception
that a call raises stops the work and reaches whoever asked for it.
"""


def content_address(value: str) -> str:
    """Return *value* if it is the address of content: 64 hex digits in lower case.

    Raises:
        InvalidSetting: It is not, and must not become part of a path.
    """
    text = text_of(value)
    if text is not None and _is_address(text):
        return text
    rule = "the address of content is its SHA-256, 64 hex digits in lower case"
    raise InvalidSetting(setting="content address", value=quoted(value), rule=rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """What is known of bytes that were stored or digested."""

    sha256: str
    """Hex: the address."""
    md5: str
    """Base64: how W&B's clients know a file."""
    size: int
    xxh128: str | None = None
    """Base64: how they know it where an artifact asks for XXH128; None if that was not taken."""

    def digest(self, algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> str:
        """Return the digest that an artifact's entry has.

        Raises:
            InvalidSetting: It was not taken; ask for it where the content is put or digested.
        """
        match algorithm:
            case DigestAlgorithm.MD5:
                return self.md5
            case DigestAlgorithm.XXH128:
                if self.xxh128 is None:
                    rule = f"sha256:{self.sha256} was put without it"
                    raise InvalidSetting(setting="digest_algorithm", value=algorithm, rule=rule)
                return self.xxh128
            case _:
                assert_never(algorithm)


class ContentStore(Protocol):
    """A store of blobs, each under the SHA-256 of its bytes; any number of threads may use it.

    Every implementation passes `stemmata_adapters.contracts.content_store.ContentStoreContract`.

    - When a put returns, its content is durable and reads back as it was, also where something
      else stood under that address before. Putting it again changes nothing.
    - A file that changes while it is put becomes the blob of the bytes that were read: addressed by
      them, sized by them.
    - Nothing is ever visible half written, neither in the store nor where it is fetched to.

    With `algorithm` other than MD5, that digest is taken too. All of these raise `InvalidSetting`
    for what is no address, and `StoreUnavailable` if the store's medium fails. What is wrong with a
    file of the caller's own is an `OSError`, as ever.
    """

    def put_bytes(self, data: bytes, *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> Blob:
        """Store *data*."""
        ...

    def put_stream(
        self, chunks: Iterable[bytes], *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5
    ) -> Blob:
        """Store what *chunks* of any size make together, in bounded memory where it can be."""
        ...

    def put_file(
        self,
        path: FilePath,
        *,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        progress: Progress | None = None,
    ) -> Blob:
        """Store what a file holds, reading it once."""
        ...

    def put_files(
        self,
        paths: Iterable[FilePath],
        *,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        progress: Progress | None = None,
    ) -> Sequence[Blob]:
        """Store what files hold, several at once, and return the blobs in the order of *paths*.

        If one cannot be read, its error is raised; others may have been stored by then.
        """
        ...

    def read(self, sha256: str) -> Iterator[bytes]:
        """Give a blob in chunks, verifying it on the way.

        The last chunk is held back until all is verified, so who has seen the end without an error
        has seen the right bytes; who acts on chunks before the end acts on what may be wrong.

        Raises:
            BlobMissing: There is none; raised by the call.
            DigestMismatch: The bytes are not what the address says; raised before the last chunk.
        """
        ...

    def read_bytes(self, sha256: str) -> bytes:
        """Return a blob, verified.

        Raises:
            BlobMissing: There is none.
            DigestMismatch: The bytes are not what the address says.
        """
        ...

    def fetch(
        self, sha256: str, destination: FilePath, *, progress: Progress | None = None
    ) -> None:
        """Write a blob to a file, verified, in place of what is there.

        The folder is made if it is missing. The file appears whole or not at all: what stood there
        stays until the last byte is verified. It is not forced to disk, as it can be had again.

        Raises:
            BlobMissing: There is none.
            DigestMismatch: The bytes are not what the address says.
        """
        ...

    def fetch_many(
        self, wanted: Iterable[tuple[str, FilePath]], *, progress: Progress | None = None
    ) -> None:
        """Write blobs to files, several at once; *wanted* are addresses and destinations.

        Nothing is written if one is missing. If one does not verify, that is raised; others may
        have been written by then, each of them whole.

        Raises:
            BlobMissing: There is none under one of the addresses.
            DigestMismatch: The bytes of one are not what its address says.
        """
        ...

    def has(self, sha256: str) -> bool:
        """Tell whether a blob is there, without reading it."""
        ...

    def size(self, sha256: str) -> int:
        """Return how many bytes a blob has in the store, without reading it.

        Raises:
            BlobMissing: There is none.
        """
        ...

    def digests(self) -> Iterator[str]:
        """Give the addresses of all blobs, in no order. A blob that comes meanwhile may be missed."""
        ...

    def close(self) -> None:
        """Let go of what the store holds open. Closing again does nothing."""
        ...
