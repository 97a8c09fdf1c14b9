"""Time and ids from the machine."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from time import time_ns

_RANDOM_BITS = 62


class SystemClock:
    """The machine's clock, which never goes back within a process."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the moment in UTC, not before one that was returned earlier."""
        with self._mutex:
            self._last = max(self._last, datetime.now(UTC))
            return self._last


class TimeOrderedIds:
    """UUIDv7 ids (RFC 9562): 48 bits of milliseconds, then a counter, then random bits."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._milliseconds = 0
        self._counter = 0

    def new(self) -> str:
        """Return a new id as 32 hex digits; ids of one process grow."""
        with self._mutex:
            now = time_ns() // 1_000_000
            if now > self._milliseconds:
                self._milliseconds, self._counter = now, 0
            else:
                self._counter += 1
                if self._counter == 1 << 12:
                    self._milliseconds, self._counter = self._milliseconds + 1, 0
            head = self._milliseconds << 16 | 0x7 << 12 | self._counter
        tail = 0b10 << _RANDOM_BITS | int.from_bytes(os.urandom(8)) >> 2
        return f"{head << 64 | tail:032x}"
