"""A file on its way to become a blob.

- It is written under a name of its own, forced to disk, and only then given the blob's name: at every
  moment a blob's name stands for all of its bytes or does not exist.
- While a large file is written, what was written is sent to the disk at once, so that little is left
  to wait for at the end; then it leaves the page cache. Otherwise a blob of many gigabytes would push
  everything else out of memory, and finding fresh pages for it takes longer than hashing it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from secrets import token_hex

from stemmata_adapters.content_stores.medium import force
from stemmata_adapters.content_stores.transfer import write_all

_STEP = 8 * 1024 * 1024
_LEFT_IN_CACHE = 64 * 1024 * 1024
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_READ_ONLY = 0o444


class Behind:
    """Keeps little of an open file in memory, following behind who reads or writes it in order."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._size = 0
        self._seen = 0

    def took(self, data: memoryview) -> None:
        """Note that *data* was read or written."""
        self._size += len(data)
        if self._size - self._seen >= _STEP and hasattr(os, "posix_fadvise"):
            # Linux answers the advice by beginning to write what is dirty, without waiting, and by
            # forgetting what is clean: the second call forgets what the first one sent, long ago.
            step = self._size - self._seen
            os.posix_fadvise(self._file, self._seen, step, os.POSIX_FADV_DONTNEED)
            if (old := self._seen - _LEFT_IN_CACHE) >= 0:
                os.posix_fadvise(self._file, old, step, os.POSIX_FADV_DONTNEED)
            self._seen = self._size


class Draft:
    """A file of its own in *folder*, open for writing. One thread at a time uses it."""

    def __init__(self, folder: str) -> None:
        self._path = f"{folder}{os.sep}{token_hex(16)}"
        self._file: int | None = os.open(self._path, _NEW, _READ_ONLY)
        self._behind = Behind(self._file)

    def write(self, data: memoryview) -> None:
        """Add *data* at the end."""
        assert self._file is not None
        write_all(self._file, data)
        self._behind.took(data)

    def settle(self) -> None:
        """Return when all that was written is on the disk."""
        assert self._file is not None
        force(self._file)
        os.close(self._file)
        self._file = None

    def publish(self, path: str) -> None:
        """Give the settled file its name, in place of whatever had it."""
        os.replace(self._path, path)  # noqa: PTH105 -- once for each of many small files
        self._path = ""

    def discard(self) -> None:
        """Remove the file, unless it was published."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._path:
            with suppress(OSError):  # what cannot be removed now, a sweep will remove
                os.unlink(self._path)  # noqa: PTH108 -- as above
            self._path = ""
