"""The handles that a process holds open: one for each registry that the environment has described.

A handle is opened when it is first needed, as the environment says at that moment.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from stemmata.opening import open as open_registry
from stemmata.settings import Settings, settings
from stemmata.stemma import Stemma


class Handles:
    """Open handles, by the settings and the working folder that they were opened with."""

    def __init__(self) -> None:
        self.forget()

    def get(self) -> Stemma:
        """Return the handle that the environment describes, opening it if no one has."""
        key = (Path.cwd(), settings())
        with self._mutex:
            if key not in self._open:
                self._open[key] = open_registry()
            return self._open[key]

    def close(self) -> None:
        """Close all; new ones may be opened."""
        with self._mutex:
            while self._open:
                self._open.popitem()[1].close()

    def forget(self) -> None:
        """Know of no handle: those of a parent process are not closed by its fork."""
        self._mutex = threading.RLock()
        self._open: dict[tuple[Path, Settings], Stemma] = {}


_HANDLES = Handles()


def handle() -> Stemma:
    """Return the handle that the environment describes, opening it if no one has."""
    return _HANDLES.get()


def close_handles() -> None:
    """Close the handles that this process has opened; new ones may be opened."""
    _HANDLES.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_HANDLES.forget)
