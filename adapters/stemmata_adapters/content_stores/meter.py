"""Progress of work that several threads share."""

from __future__ import annotations

from threading import Lock

from stemmata_domain.content import Progress


class Meter:
    """Adds up what several threads have done, and tells it."""

    def __init__(self, progress: Progress | None, *, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0
        self._told = -1
        self._lock = Lock()

    def add(self, size: int) -> None:
        """Count *size* more bytes as done."""
        if self._progress is not None:
            with self._lock:
                # A file may have grown since it was measured.
                self._done = min(self._done + size, self._total)
                self._tell(self._progress)

    def took(self, data: memoryview) -> None:
        """Count *data* as done."""
        self.add(len(data))

    def finish(self) -> None:
        """Tell that all is done, if nobody knows yet."""
        if self._progress is not None:
            with self._lock:
                self._done = self._total
                self._tell(self._progress)

    def _tell(self, progress: Progress) -> None:
        if self._done > self._told:
            self._told = self._done
            progress(self._done, self._total)
