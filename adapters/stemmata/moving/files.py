"""Files of logs: written whole or not at all, and read within bounds.

A file whose name ends with `.gz` is compressed; the lines in it are the same.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryFile
from typing import IO, BinaryIO, cast

from stemmata.moving.lines import LONGEST_LINE
from stemmata_adapters.content_stores.medium import force, force_folder
from stemmata_domain.content import FilePath
from stemmata_domain.errors import InvalidLog

_COMPRESSED = ".gz"
_CHUNK = 1024 * 1024


@contextmanager
def appearing(path: FilePath) -> Iterator[IO[bytes]]:
    """Give a file to write to, which takes its place at *path* when the block ends, forced to disk.

    If the block ends by an exception, what stood there stays.

    Raises:
        OSError: It cannot be written, or something else than a file stands there.
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        raise FileExistsError(None, "it is not a file; for a pipe, write to '-'", os.fspath(path))
    part = place.with_name(f".{token_hex(8)}.part")
    try:
        with part.open("xb") as raw:
            if _is_compressed(path):
                with _compressing(raw) as compressed:
                    yield compressed
            else:
                yield raw
            raw.flush()
            force(raw.fileno())
        part.replace(place)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename is None:
            error.filename = os.fspath(path)  # a write does not say of which file
        raise
    force_folder(str(place.parent))


def _is_compressed(path: FilePath) -> bool:
    return os.fspath(path).endswith(_COMPRESSED)


def _compressing(raw: BinaryIO) -> IO[bytes]:
    # Without a name and a time, so that the same log makes the same file.
    return cast("IO[bytes]", gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0))


class LogFile:
    """A file whose lines are read from the start, as often as needed."""

    def __init__(self, file: BinaryIO, *, name: str, compressed: bool = False) -> None:
        """Read *file*, which can be sought in and is closed by whoever opened it."""
        self._file = file
        self._compressed = compressed
        self.name = name
        file.seek(0, os.SEEK_END)
        self.size = file.tell()

    @property
    def read(self) -> int:
        """How many bytes of the file were read since it was begun."""
        return min(self._file.tell(), self.size)

    def lines(self) -> Iterator[bytes]:
        """Give the lines with their ends, from the start.

        Raises:
            InvalidLog: A line has no end or too long a one, or the file cannot be decompressed.
        """
        self._file.seek(0)
        number = 0
        lines = gzip.GzipFile(fileobj=self._file, mode="rb") if self._compressed else self._file
        while True:
            number += 1
            try:
                line = lines.readline(LONGEST_LINE + 1)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                rule = f"it cannot be decompressed ({error})"
                raise InvalidLog(file=self.name, line=number, rule=rule) from error
            if not line:
                return
            if len(line) > LONGEST_LINE:
                rule = f"a line has at most {LONGEST_LINE} bytes"
                raise InvalidLog(file=self.name, line=number, rule=rule)
            if not line.endswith(b"\n"):
                rule = "it breaks off within the line; the file is not whole"
                raise InvalidLog(file=self.name, line=number, rule=rule)
            yield line


@contextmanager
def log_file(path: FilePath) -> Iterator[LogFile]:
    """Open the file of a log.

    Raises:
        OSError: It cannot be opened.
    """
    with Path(path).open("rb") as file:
        yield LogFile(file, name=os.fspath(path), compressed=_is_compressed(path))


@contextmanager
def spooled(stream: BinaryIO, *, name: str) -> Iterator[LogFile]:
    """Take a stream into a temporary file, because a log is read twice.

    Raises:
        OSError: The temporary file cannot be written.
    """
    with TemporaryFile() as file:
        while chunk := stream.read(_CHUNK):
            file.write(chunk)
        file.flush()
        yield LogFile(cast("BinaryIO", file), name=name)
