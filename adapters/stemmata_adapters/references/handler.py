"""What a scheme of references is asked for, and what the handlers of schemes have in common.

- An entry that is a reference holds the URI (`ref`) and whatever tells later whether the content is
  still the same (`digest`): an ETag, an MD5, or the URI itself where nothing better is known.
- `checksum=False` asks nobody: the digest is the URI, and folders are not expanded.
- What is read is compared with the digest; other content than was referenced is never given out as
  the one that was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import basename
from typing import Protocol, TypeVar

from stemmata_domain.entries import Entry, entry_path
from stemmata_domain.errors import (
    DigestMismatch,
    InvalidEntryPath,
    InvalidReference,
    StoreUnavailable,
)

Thing = TypeVar("Thing")

MAX_OBJECTS = 10_000_000
CHUNK = 1024 * 1024


class ReferenceHandler(Protocol):
    """Knows one scheme of URIs. Any number of threads may use it."""

    def entries(
        self, uri: str, *, name: str | None, checksum: bool, max_objects: int
    ) -> Iterator[Entry]:
        """Give an entry for the content at *uri*, or one for each object under it.

        Args:
            uri: Where the content is.
            name: The path in the artifact; the folder, where *uri* is one.
            checksum: Whether to ask for sizes and digests; if not, nobody is asked for anything.
            max_objects: More than so many are refused.

        Raises:
            InvalidReference: The URI cannot be used, or stands for more objects than allowed.
            ReferenceMissing: Nothing is there.
            StoreUnavailable: Whoever should answer does not.
            ExtraMissing: The client that is needed is not installed.
        """
        ...

    def read(self, entry: Entry) -> Iterator[bytes]:
        """Give the content of a reference in chunks.

        Raises:
            DigestMismatch: It is other content than was referenced; at the latest after the last
                chunk.
            ReferenceMissing: Nothing is there any more.
            InvalidReference: Content of this scheme cannot be read.
            StoreUnavailable: Whoever should answer does not.
            ExtraMissing: The client that is needed is not installed.
        """
        ...

    def close(self) -> None:
        """Let go of connections. Closing again does nothing."""
        ...


def path_of(uri: str, *, name: str | None, default: str) -> str:
    """Return the path in the artifact: *name*, or else *default*.

    Raises:
        InvalidReference: The default cannot be a path.
        InvalidEntryPath: The name cannot.
    """
    if name is not None:
        return entry_path(name)
    try:
        return entry_path(default)
    except InvalidEntryPath:
        raise unnamed(uri) from None


def path_under(name: str | None, relative: str) -> str:
    """Return the path in the artifact of what has the path *relative* in a referenced folder."""
    return entry_path(relative if name is None else f"{entry_path(name)}/{relative}")


def last_part(path: str) -> str:
    """Return what a file at *path* is called."""
    return basename(path.rstrip("/"))


def unnamed(uri: str) -> InvalidReference:
    """Return what to raise where no name follows from a URI."""
    return InvalidReference(uri=uri, rule="You must pass name=…, none follows from the URI")


def at_most(max_objects: int, things: Iterable[Thing], *, uri: str) -> Iterator[Thing]:
    """Give *things*.

    Raises:
        InvalidReference: There are more than *max_objects*.
    """
    for number, thing in enumerate(things):
        if number >= max_objects:
            rule = f"Exceeded {max_objects} objects tracked, pass max_objects to add_reference"
            raise InvalidReference(uri=uri, rule=rule)
        yield thing


def uri_of(entry: Entry) -> str:
    """Return where the content of a reference is.

    Raises:
        InvalidReference: The entry is a file of the artifact itself.
    """
    if entry.ref is None:
        raise InvalidReference(uri=entry.path, rule="it is a file of the artifact, no reference")
    return entry.ref


def is_tracked(entry: Entry) -> bool:
    """Tell whether there is a digest to compare with: not, if the URI stands in its place."""
    return entry.digest != entry.ref


def compare(entry: Entry, *, digest: str) -> None:
    """Compare the digest of what was found with that of what was referenced.

    Raises:
        DigestMismatch: They differ.
    """
    if is_tracked(entry) and digest != entry.digest:
        where = f"reference {entry.ref!r}"
        raise DigestMismatch(where=where, expected=entry.digest, actual=digest)


def sized(entry: Entry, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Give *chunks*, the content of a reference.

    Raises:
        DigestMismatch: They have another size than was referenced.
    """
    size = 0
    for chunk in chunks:
        size += len(chunk)
        yield chunk
    if entry.size not in {0, size}:
        where = f"reference {entry.ref!r}"
        raise DigestMismatch(where=where, expected=f"{entry.size} bytes", actual=f"{size} bytes")


def unavailable(uri: str, error: Exception) -> StoreUnavailable:
    """Return what to raise where the one who should answer for *uri* does not."""
    return StoreUnavailable(store=uri, why=f"{type(error).__name__}: {error}")
