"""Events from a position on, those to come included, for whoever asks for one after the other."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from stemmata.subscriptions.cursor import Cursor
from stemmata_domain.errors import EventUnreadable, StorageFailed
from stemmata_domain.ports import EventStore, TellsOfAppends, Watch
from stemmata_domain.recorded import RecordedEvent

_PAGE = 500
_SLICE = 0.1
"""How long a closed subscription waits on, at most, in seconds."""
_POLL = 0.02


class Subscription:
    """An iterator over recorded events, in the order of the log and without gaps.

    - It waits for the next event, and ends when it is closed, or when none has come for the timeout. It
      may then be asked again, and goes on.
    - An event counts as handled when the next one is asked for. Who leaves the loop early has not
      handled the last one.
    - What an event has changed, a query of the same handle shows already.
    - One thread at a time may iterate; any may close.
    """

    def __init__(
        self,
        events: EventStore,
        *,
        after: int,
        kinds: frozenset[str],
        cursor: Cursor | None,
        timeout: float | None,
        keep_up: Callable[[], object],
    ) -> None:
        self.position = after
        """Where we are: up to here all is handled, or was passed over."""
        self._events = events
        self._kinds = kinds
        self._cursor = cursor
        self._timeout = timeout
        self._keep_up = keep_up
        self._page: deque[RecordedEvent] = deque()
        self._page_size = _PAGE
        self._read_to = after
        self._given: int | None = None
        self._watch: Watch | None = None
        self._closed = False

    @property
    def name(self) -> str | None:
        """Under which the store remembers the position."""
        return None if self._cursor is None else self._cursor.name

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RecordedEvent:
        """Return the next event.

        Raises:
            EventUnreadable: This release cannot read it; it is not passed over.
            StorageFailed: The log cannot be read, or the position not be saved; asking again may help.
            StopIteration: The subscription was closed, or the time is up.
        """
        given, self._given = self._given, None
        if given is not None:
            self._move(given)
        until = None if self._timeout is None else time.monotonic() + self._timeout
        while not self._closed:
            self._save_if_due()
            following = self._following()
            if following is not None:
                self._given = following.position
                return following
            if not self._page and not self._read() and not self._wait(until):
                break
        # If the store was closed meanwhile, all that is lost is that a few events come again.
        self._save(whatever_happens=self._closed)
        if self._closed:
            self._let_go()
        raise StopIteration

    def _move(self, position: int) -> None:
        self.position = position
        if self._cursor is not None:
            self._cursor.move(position)

    def _following(self) -> RecordedEvent | None:
        while self._page:
            event = self._page.popleft()
            if not self._kinds or event.event.topic in self._kinds:
                return event
            self._move(event.position)
        return None

    def _read(self) -> bool:
        """Read a page, and tell whether there is anything."""
        try:
            if self._watch is None:
                # Watched before it is read, so that what is appended in between is not slept over.
                self._watch = _watch(self._events)
            page = self._events.read_all(after=self._read_to, limit=self._page_size)
        except EventUnreadable:
            if self._page_size == 1:
                raise
            # Those before it can be read, one by one.
            self._page_size = 1
            return True
        except StorageFailed:
            if self._closed:
                return False
            raise
        if not page:
            return False
        self._read_to = page[-1].position
        self._page.extend(page)
        with suppress(StorageFailed):  # a view that cannot follow does not hold up the log
            self._keep_up()
        return True

    def _wait(self, until: float | None) -> bool:
        """Wait for an append, a moment at most; tell whether there is time left."""
        left = _SLICE if until is None else min(_SLICE, until - time.monotonic())
        if left <= 0 or self._closed:
            return False
        assert self._watch is not None
        self._watch.wait(left)
        return True

    def _save_if_due(self) -> None:
        if self._cursor is not None:
            self._cursor.save_if_due()

    def _save(self, *, whatever_happens: bool) -> None:
        if self._cursor is None:
            return
        try:
            self._cursor.save()
        except StorageFailed:
            if not whatever_happens:
                raise

    def close(self) -> None:
        """End the iteration: at once, or when the event is handled that was given last.

        It only makes a note, so that any thread and any signal handler may call it. The position is
        saved by who iterates, when they ask for the next event or leave the block.
        """
        self._closed = True

    def _let_go(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close, and save the position of what was handled."""
        self.close()
        self._let_go()
        self._save(whatever_happens=error is not None)


def _watch(events: EventStore) -> Watch:
    return events.watch() if isinstance(events, TellsOfAppends) else _Polling()


class _Polling:
    """Looks again soon, where a store does not tell of appends."""

    def __init__(self) -> None:
        self._ended = threading.Event()

    def wait(self, timeout: float) -> None:
        self._ended.wait(min(timeout, _POLL))

    def close(self) -> None:
        self._ended.set()
