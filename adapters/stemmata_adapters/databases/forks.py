"""What becomes of open SQLite files when the process forks.

SQLite keeps a list, one for the whole process, of the files that are open and the locks that the
process holds on them. A fork inherits the list but not the locks. It would go on without them, and what
it writes would be lost when the parent closes the file. Therefore:

- What is not in use is closed before a fork, so that the fork starts without the file.
- A file that was in use (by a transaction, or by another thread) is refused to the fork.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something that has a file open."""

    path: Path

    def before_fork(self) -> None:
        """Close what is not in use, and let nothing be opened."""
        ...

    def after_fork_in_parent(self) -> None:
        """Go on."""
        ...

    def after_fork_in_child(self) -> bool:
        """Start anew; return whether the file was in use."""
        ...


_watched: WeakSet[Forkable] = WeakSet()
_carried: set[tuple[int, int] | None] = set()


def watch(forkable: Forkable) -> None:
    """Tell *forkable* of forks, as long as it lives."""
    _watch_forks()
    _watched.add(forkable)


def is_carried(path: Path) -> bool:
    """Return whether this process is a fork of one that had the file in use."""
    return bool(_carried) and _identity(path) in _carried - {None}


@cache
def _watch_forks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
        )


def _before() -> None:
    for each in list(_watched):
        each.before_fork()


def _after_in_parent() -> None:
    for each in list(_watched):
        each.after_fork_in_parent()


def _after_in_child() -> None:
    for each in list(_watched):
        if each.after_fork_in_child():
            _carried.add(_identity(each.path))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino)
