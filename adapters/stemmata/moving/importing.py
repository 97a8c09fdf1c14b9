"""Filling a registry with the log of a file.

The file is read twice: once to check it as a whole, before anything is written, and once to write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from stemmata.moving.checking import check_log, read_log
from stemmata.moving.files import LogFile, log_file, spooled
from stemmata.moving.filling import Filling, read_back
from stemmata.moving.lines import LogFigures, Tally
from stemmata.moving.places import make_ready, opened_target
from stemmata.moving.telling import Silent, TellsProgress
from stemmata_adapters.schemes import without_password
from stemmata_domain.content import FilePath
from stemmata_domain.errors import StoreUnavailable
from stemmata_domain.ports import KeptEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What was imported, and the proof of it.

    Attributes:
        log: The figures of the file, and of what was read back from the store; they are the same.
        written: How many events were written, as opposed to being there already.
    """

    log: LogFigures
    written: int


def import_log(
    source: FilePath | BinaryIO,
    url: str,
    *,
    views: str | None = None,
    progress: TellsProgress | None = None,
) -> Imported:
    """Fill the log at *url*, which is empty or where this was begun, with that of a file or a stream.

    Args:
        views: URL of the views, if they are not to be with the log.

    Raises:
        InvalidLog: The file is not a whole log of this format; nothing was written.
        OtherLog: The registry holds something else; nothing was written.
        StorageFailed: The store cannot be opened or written; to import again goes on from there.
        OSError: The file cannot be read.
    """
    telling = progress or Silent()
    named = without_password(url)
    with _opened(source) as file:
        figures = check_log(file, progress=telling.bytes("Checking the file"))
        with opened_target(url) as target:
            log = _events(file)
            filling = Filling(target, log, named=named, source=file.name, upto=figures.head)
            filling.compare(telling.events("Comparing what is there"))
            filling.write(telling.events("Writing events"))
            found = read_back(
                target, upto=target.head(), progress=telling.events("Proving the import")
            )
    if found != figures:
        why = f"what was read back is not what the file says: {found}, and not {figures}"
        raise StoreUnavailable(store=named, why=why)
    make_ready(url, views, filling.long, telling)
    return Imported(log=figures, written=filling.written)


def _opened(source: FilePath | BinaryIO) -> AbstractContextManager[LogFile]:
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        return log_file(source)
    return spooled(source, name="standard input")


def _events(file: LogFile) -> Iterator[KeptEvent]:
    return (event for _, event in read_log(file, Tally()))
