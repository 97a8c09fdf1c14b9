"""The handles that a process holds open: one for each registry that the environment has described.

A handle is opened when it is first needed, as the environment says at that moment.
"""

from __future__ import annotations

import os
import threading

from stemmata.opening import open as open_registry
from stemmata.settings import Settings, settings
from stemmata.stemma import Stemma

_mutex = threading.RLock()
_handles: dict[tuple[int, str, Settings], Stemma] = {}


def handle() -> Stemma:
    """Return the handle that the environment describes, opening it if no one has."""
    key = (os.getpid(), os.getcwd(), settings())
    with _mutex:
        if key not in _handles:
            _handles[key] = open_registry()
        return _handles[key]


def close_handles() -> None:
    """Close the handles that this process has opened; new ones may be opened."""
    with _mutex:
        mine = [key for key in _handles if key[0] == os.getpid()]
        for key in mine:
            _handles.pop(key).close()


def _in_child() -> None:
    # The child of a fork opens handles of its own; its parent's mutex may be held by nobody there.
    global _mutex
    _mutex = threading.RLock()
    _handles.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
