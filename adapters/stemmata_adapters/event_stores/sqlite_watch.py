"""Noticing commits to a SQLite file: at once in this process, by the file's change counter elsewhere."""

from __future__ import annotations

import threading
import time

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_domain.errors import StoreUnavailable

_POLL_SECONDS = 0.005


class SqliteWatch:
    """Notices commits, appends among them; for one thread."""

    def __init__(self, database: SqliteDatabase) -> None:
        """Begin to notice.

        Raises:
            StoreUnavailable: The file cannot be read.
        """
        self._database = database
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._seen = self._stamp()
        database.sleepers.add(self)

    def _stamp(self) -> tuple[object, int]:
        # Numbers of one connection only can be compared, and a thread may get another one.
        return self._database.connection(), self._database.change_counter()

    def wait(self, timeout: float) -> None:
        """Return as soon as anything was committed; see the port.

        Raises:
            StoreUnavailable: The file cannot be read.
        """
        until = time.monotonic() + timeout
        while True:
            # Before the counter is asked, so that a commit in between is not slept over.
            self._woken.clear()
            if self._ended.is_set():
                return
            try:
                stamp = self._stamp()
            except StoreUnavailable:
                if self._ended.is_set():
                    return
                raise
            left = until - time.monotonic()
            if stamp != self._seen or left <= 0:
                self._seen = stamp
                return
            self._woken.wait(min(left, _POLL_SECONDS))

    def wake(self) -> None:
        """End a wait, or the next one, if there was a commit."""
        self._woken.set()

    def close(self) -> None:
        """End the watch; see the port."""
        self.end()
        self._database.sleepers.discard(self)

    def end(self) -> None:
        """End all waits for good."""
        self._ended.set()
        self._woken.set()
