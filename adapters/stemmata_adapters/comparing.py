"""Entries beside the files that they describe."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from stemmata_adapters.references.schemes import References
from stemmata_domain.digests import content_digest
from stemmata_domain.entries import Entry
from stemmata_domain.errors import DigestMismatch, StoreUnavailable

_CHUNK = 1024 * 1024


def may_hold(entry: Entry, place: Path) -> bool:
    """Tell whether it is worth reading what stands at *place*: not, if it is a symbolic link.

    Raises:
        StoreUnavailable: A folder stands there.
    """
    try:
        found = place.lstat()
    except FileNotFoundError:
        return False
    if S_ISDIR(found.st_mode):
        why = "it is in the way: the artifact has a file there"
        raise StoreUnavailable(store=str(place), why=why)
    return S_ISREG(found.st_mode) and (entry.blob is None or entry.size == found.st_size)


def holds(entry: Entry, place: Path, references: References) -> bool:
    """Tell whether the file at *place* is known to have the content of an entry."""
    try:
        if entry.blob is None:
            return references.is_at(entry, place)
        with place.open("rb") as file:
            return file_digest(file, "sha256").hexdigest() == entry.blob
    except OSError:  # what cannot be read is replaced
        return False


def compare(entry: Entry, place: Path) -> None:
    """Compare the file at *place* with an entry.

    Raises:
        DigestMismatch: It has other content, or is no file.
    """
    expected = entry.digest if entry.blob is None else f"sha256:{entry.blob}"
    if not S_ISREG(place.stat().st_mode):
        actual = "what is no file"
    else:
        with place.open("rb") as file:
            if entry.blob is None:
                chunks = iter(lambda: file.read(_CHUNK), b"")
                actual = content_digest(chunks, algorithm=entry.algorithm)
            else:
                actual = f"sha256:{file_digest(file, 'sha256').hexdigest()}"
    if actual != expected:
        raise DigestMismatch(where=f"file: {entry.path}", expected=expected, actual=actual)


def side_by_side(
    entries: Iterator[Entry], found: Iterator[str]
) -> Iterator[tuple[Entry | None, str | None]]:
    """Give entries and files with equal paths together, and the others alone; both come sorted."""
    entry, path = next(entries, None), next(found, None)
    while entry is not None or path is not None:
        if path is None or (entry is not None and entry.path < path):
            yield entry, None
            entry = next(entries, None)
        elif entry is None or path < entry.path:
            yield None, path
            path = next(found, None)
        else:
            yield entry, path
            entry, path = next(entries, None), next(found, None)
