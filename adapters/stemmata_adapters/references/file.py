"""`file://`: content on a disk of this machine, or on one that is mounted here.

- A digest is the MD5 of the content. With `checksum=False` it is the MD5 of the URI, after symbolic
  links were followed, so that a link and its target have one digest; files are measured all the
  same, and folders expanded.
- A folder stands for all files under it. Symbolic links to files are among them, those to folders
  are not entered.
- A URI is taken as users write it: percent escapes are decoded, but `?` and `#` are characters like
  others, because files have such names and file URIs have neither query nor fragment.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

from stemmata_adapters.local_files import path_in_url
from stemmata_adapters.references.handler import (
    CHUNK,
    at_most,
    last_part,
    path_of,
    path_under,
    unavailable,
    uri_of,
)
from stemmata_domain.digests import b64_digest, hasher, uri_digest
from stemmata_domain.entries import Entry
from stemmata_domain.errors import (
    DigestMismatch,
    InvalidLocalPath,
    InvalidReference,
    ReferenceMissing,
    StemmataError,
)


class FileReferences:
    """References to files of this machine."""

    def entries(
        self, uri: str, *, name: str | None, checksum: bool, max_objects: int
    ) -> Iterator[Entry]:
        """Give an entry for a file, or one for each file under a folder."""
        path = _local(uri)
        try:
            if path.is_dir():
                for file in at_most(max_objects, _files(path), uri=uri):
                    relative = file.relative_to(path).as_posix()
                    yield _entry(file, path_under(name, relative), file.as_uri(), checksum)
            elif path.is_file():
                inside = path_of(uri, name=name, default=last_part(path.as_posix()))
                yield _entry(path, inside, uri, checksum)
            else:
                raise InvalidReference(uri=uri, rule="Path must be a valid file or directory path")
        except OSError as error:
            raise _failed(error, uri) from error

    def read(self, entry: Entry) -> Iterator[bytes]:
        """Give the content of a file, compared by its MD5."""
        uri = uri_of(entry)
        path = _local(uri)
        taken = hasher()
        try:
            if not path.is_file():
                raise ReferenceMissing(uri=uri, why="no such file")
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    taken.update(chunk)
                    yield chunk
            digest = b64_digest(taken)
            if entry.digest not in {digest, uri, uri_digest(path.resolve().as_uri())}:
                where = f"reference {uri!r}"
                raise DigestMismatch(where=where, expected=entry.digest, actual=digest)
        except ReferenceMissing:
            raise
        except OSError as error:
            raise _failed(error, uri) from error

    def close(self) -> None:
        """Do nothing: no connection is held."""


def _local(uri: str) -> Path:
    rest = uri.partition("://")[2]
    host, slash, inside = rest.partition("/")
    if host not in {"", "localhost"} or not slash:
        rule = "give an absolute path, as in file:///path/to/data (three slashes)"
        raise InvalidReference(uri=uri, rule=rule)
    path = path_in_url(f"/{inside}")
    if "\0" in str(path):
        raise InvalidReference(uri=uri, rule="no path has a NUL character")
    return path


def _files(folder: Path) -> Iterator[Path]:
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as found:
            for each in found:
                if each.is_dir(follow_symlinks=False):
                    waiting.append(Path(each.path))
                elif not each.is_dir():
                    yield Path(each.path)


def _entry(file: Path, path: str, uri: str, checksum: bool) -> Entry:
    found = file.stat()
    if not S_ISREG(found.st_mode):
        raise InvalidLocalPath(path=str(file))
    if not checksum:
        digest = uri_digest(file.resolve().as_uri())
        return Entry(path=path, digest=digest, size=found.st_size, ref=uri)
    taken, size = hasher(), 0
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            taken.update(chunk)
            size += len(chunk)
    return Entry(path=path, digest=b64_digest(taken), size=size, ref=uri)


def _failed(error: OSError, uri: str) -> StemmataError:
    if isinstance(error, FileNotFoundError):
        return InvalidLocalPath(path=str(error.filename or uri), rule="No file is there")
    return unavailable(uri, error)
