"""How far a named subscription has come, as the event store remembers it."""

from __future__ import annotations

import time

from stemmata_domain.errors import AbilityMissing, InvalidMoment
from stemmata_domain.ports import EventStore, KeepsCursors

_SECONDS = 1.0


class Cursor:
    """A position that follows a subscription, and is saved in batches.

    What is saved lags behind what was handled and is never ahead of it, so that who goes on from there
    may handle a few events again and misses none.
    """

    def __init__(self, store: KeepsCursors, name: str, *, position: int, every: int) -> None:
        self.name = name
        self._store = store
        self._every = every
        self._saved = self._position = position
        self._moves = 0
        self._moved_at = 0.0

    def move(self, position: int) -> None:
        """Follow to a position up to which all is handled; it is saved soon."""
        if self._position == self._saved:
            self._moved_at = time.monotonic()
        self._position = position
        self._moves += 1

    def save_if_due(self) -> None:
        """Save the position after so many events, or so much time.

        Raises:
            StorageFailed: It cannot be saved; the next one will be tried.
        """
        if self._position == self._saved:
            return
        if self._moves >= self._every or time.monotonic() - self._moved_at >= _SECONDS:
            self.save()

    def save(self) -> None:
        """Save the position.

        Raises:
            StorageFailed: It cannot be saved.
        """
        if self._position != self._saved:
            self._store.save_cursor(self.name, self._position)
            self._saved = self._position
            self._moves = 0


def cursor_of(store: EventStore, name: str, *, after: int, every: int) -> tuple[Cursor, int]:
    """Return the cursor called *name*, and the position from which it goes on.

    If there is none yet, it begins after a position, and is saved at once: what is appended from now on
    is not missed, whatever becomes of us.

    Raises:
        AbilityMissing: The store keeps no cursors.
        InvalidMoment: The log ends before the position.
        StorageFailed: The store cannot be used.
    """
    kept = cursors_in(store)
    found = kept.load_cursor(name)
    position = check_reached(store, after if found is None else found)
    if found is None:
        kept.save_cursor(name, position)
    return Cursor(kept, name, position=position, every=every), position


def cursors_in(store: EventStore) -> KeepsCursors:
    """Return *store* as what keeps cursors.

    Raises:
        AbilityMissing: It does not.
    """
    if isinstance(store, KeepsCursors):
        return store
    way = "Subscribe without a name, and remember the position of what was handled yourself"
    raise AbilityMissing(store="event store", ability="keep cursors", way=way)


def check_reached(store: EventStore, position: int) -> int:
    """Return a position that the log has reached.

    Raises:
        InvalidMoment: It has not: whoever waited for it would miss what comes before.
    """
    head = store.head()
    if position > head:
        rule = f"the log has come to position {head}; what comes before this one would be missed"
        raise InvalidMoment(moment=str(position), rule=rule)
    return position
