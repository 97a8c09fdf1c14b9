"""Who in this process waits for appends, to be woken by whoever appends."""

from __future__ import annotations

import threading
from typing import Protocol
from weakref import ReferenceType, ref


class Sleeper(Protocol):
    """Somebody who waits."""

    def wake(self) -> None:
        """End a wait, or the next one."""
        ...

    def end(self) -> None:
        """End all waits for good."""
        ...


class Sleepers:
    """Those who wait, as long as they live. Any number of threads may come, go and wake."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        # Replaced as a whole, so that whoever appends goes through them without a lock.
        self._all: tuple[ReferenceType[Sleeper], ...] = ()

    def add(self, sleeper: Sleeper) -> None:
        """Wake *sleeper* from now on."""
        with self._mutex:
            self._all = (*(each for each in self._all if each() is not None), ref(sleeper))

    def discard(self, sleeper: Sleeper) -> None:
        """Wake *sleeper* no more."""
        with self._mutex:
            self._all = tuple(each for each in self._all if each() not in (None, sleeper))

    def wake(self) -> None:
        """Wake all."""
        for each in self._all:
            sleeper = each()
            if sleeper is not None:
                sleeper.wake()

    def end(self) -> None:
        """End all waits for good."""
        for each in self._all:
            sleeper = each()
            if sleeper is not None:
                sleeper.end()
