"""A lock between processes that waits in the kernel's queue instead of sleeping and trying again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

from stemmata_domain.errors import StoreUnavailable

if sys.platform != "win32":
    import fcntl


class FileLock:
    """An exclusive lock on a file of its own. It may be entered again by its holder.

    The caller sees to it that only one thread uses it at a time. A process that dies lets go of it.
    Where the platform has no such lock, it does nothing, and the database's own locking serves alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._depth = 0

    def __enter__(self) -> None:
        if self._depth == 0 and sys.platform != "win32":
            fcntl.flock(self._open(), fcntl.LOCK_EX)
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth == 0 and self._file is not None and sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def take_at_once(self) -> bool:
        """Take the lock if nobody has it, and tell whether it was taken; closing the file lets go of it."""
        if sys.platform != "win32":
            try:
                fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def _open(self) -> int:
        if self._file is None:
            try:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._file = os.open(self._path, flags, 0o666)
            except OSError as error:
                why = f"cannot be opened ({error.strerror})"
                raise StoreUnavailable(store=str(self._path), why=why) from error
        return self._file

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
