"""Events handed to a function, on a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from stemmata.subscriptions.subscription import Subscription
from stemmata_domain.errors import EventUnreadable, HandlingFailed, StorageFailed
from stemmata_domain.recorded import RecordedEvent

Handle = Callable[[RecordedEvent], object]
OnError = Callable[[BaseException, RecordedEvent, int], object]

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 5.0
_log = logging.getLogger("stemmata")


class Delivery:
    """A subscription whose events a function handles, one after the other, on a thread of its own.

    - An event is handled when the function returns.
    - What it raises is tried again, a bounded number of times with growing pauses. Then the delivery
      stops: it never goes past an event that was not handled.
    - Why it stopped is in `failure`, in the log of the program, and raised by the next `close`.
    """

    def __init__(
        self, subscription: Subscription, handle: Handle, *, attempts: int, on_error: OnError | None
    ) -> None:
        """Begin."""
        self.failure: BaseException | None = None
        """Why it stopped before it was closed."""
        self._subscription = subscription
        self._handle = handle
        self._attempts = attempts
        self._on_error = on_error
        self._closing = threading.Event()
        self._told = False
        name = f"stemmata-subscription {subscription.name or ''}".rstrip()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def name(self) -> str | None:
        """Under which the store remembers the position."""
        return self._subscription.name

    @property
    def position(self) -> int:
        """Up to here all is handled, or was passed over."""
        return self._subscription.position

    @property
    def is_running(self) -> bool:
        """Whether events are still handled as they come."""
        return self._thread.is_alive()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or has ended."""
        return self._subscription.is_closed

    def _run(self) -> None:
        try:
            with self._subscription:
                while (event := self._next()) is not None and self._is_handled(event):
                    pass
        except BaseException as error:  # noqa: BLE001 (whatever ends this thread is told)
            self.failure = error
            _log.error("%s", _stopped(self), exc_info=error)

    def _next(self) -> RecordedEvent | None:
        attempt = 0
        while True:
            attempt += 1
            try:
                return next(self._subscription, None)
            except EventUnreadable:
                raise
            except StorageFailed:
                # A server that is started again, a disk that is full: it may pass.
                if attempt >= self._attempts or not self._pause(attempt):
                    raise

    def _is_handled(self, event: RecordedEvent) -> bool:
        """Handle an event; return False if it was closed before that was done."""
        attempt = 0
        while not self._closing.is_set():
            attempt += 1
            try:
                self._handle(event)
            except Exception as error:
                if self._on_error is not None:
                    self._on_error(error, event, attempt)
                if attempt >= self._attempts:
                    raise HandlingFailed(
                        subscription=self.name,
                        position=event.position,
                        event=event.event.topic,
                        attempts=attempt,
                        why=f"{type(error).__name__}: {error}",
                    ) from error
                self._pause(attempt)
            else:
                return True
        return False

    def _pause(self, attempt: int) -> bool:
        """Wait before the next attempt; return False if it was closed meanwhile."""
        return not self._closing.wait(min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it ends, for some seconds at most; tell whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def close(self) -> None:
        """End it: the event that is being handled is the last one. The position is saved then.

        Raises:
            HandlingFailed: It had stopped, because an event could not be handled; told once.
            EventUnreadable, StorageFailed: It had stopped, because the log could not be read.
        """
        self.end()
        if self.failure is not None and not self._told:
            self._told = True
            raise self.failure

    def end(self) -> None:
        """End it, whatever became of it."""
        self._subscription.close()
        self._closing.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.end()


def _stopped(delivery: Delivery) -> str:
    called = "A subscription" if delivery.name is None else f"The subscription {delivery.name!r}"
    return f"{called} stopped after position {delivery.position}"
