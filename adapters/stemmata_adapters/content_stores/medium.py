"""What a disk is asked for, so that it holds: files forced to it, and its failures named.

A file is durable when it was forced to disk and the folder that names it was too.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stemmata_domain.errors import StoreUnavailable

if sys.platform == "darwin":
    import fcntl

_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than the file system or `ulimit -f` allows",
}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FOLDER = {errno.EEXIST, errno.ENOTDIR}
_NOT_FOR_FOLDERS = {errno.EINVAL, errno.ENOTSUP}


def unavailable(root: Path, error: OSError) -> StoreUnavailable:
    """Return what to raise where the disk of the store at *root* has failed."""
    told = error.strerror or type(error).__name__
    if error.errno in _FULL:
        why = (
            f"{_FULL[error.errno]}; the content was not stored. Make room, or move the store to a "
            "larger disk, then try again"
        )
    elif error.errno in _FORBIDDEN:
        why = f"it may not be written or read by this user, or is mounted read-only ({told})"
    elif error.errno in _NO_FOLDER:
        why = "it, or something above it, is a file and no folder"
    else:
        why = f"the disk failed ({told})"
    return StoreUnavailable(store=str(root), why=why)


@contextmanager
def medium_of(root: Path) -> Iterator[None]:
    """Raise what goes wrong inside as the failure of the store at *root*.

    Raises:
        StoreUnavailable: The disk has failed.
    """
    try:
        yield
    except OSError as error:
        raise unavailable(root, error) from error


def force(file: int) -> None:
    """Return when an open file's bytes are on the disk."""
    if sys.platform == "darwin":
        # There, fsync leaves the bytes in the drive's own cache.
        fcntl.fcntl(file, fcntl.F_FULLFSYNC)
    else:
        os.fsync(file)


def force_folder(path: str) -> None:
    """Return when the names in a folder are on the disk."""
    if sys.platform == "win32":
        return  # NTFS keeps a journal of names, and a folder cannot be opened there
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    except OSError as error:
        # Some network file systems have no such call; their servers answer for names.
        if error.errno not in _NOT_FOR_FOLDERS:
            raise
    finally:
        os.close(folder)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, and return when they are on the disk."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    force_folder(str(path.parent))
