"""Subscribing to the log of a handle."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import overload
from weakref import WeakSet

from stemmata import moments
from stemmata.operating import Operator
from stemmata.subscriptions.cursor import check_reached, cursor_of, cursors_in
from stemmata.subscriptions.delivery import Delivery, Handle, OnError
from stemmata.subscriptions.subscription import Subscription
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.names import quoted, setting
from stemmata_projections.audit.kinds import kinds_of

_NAME = "subscription"


class Subscriptions:
    """Those that a handle has open."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._open: WeakSet[Subscription] = WeakSet()
        self._deliveries: WeakSet[Delivery] = WeakSet()

    def add(self, subscription: Subscription) -> None:
        """Keep a subscription in mind.

        Raises:
            InvalidSetting: One of the same name is open.
        """
        with self._mutex:
            for each in self._open:
                if each.name == subscription.name is not None and not each.is_closed:
                    rule = "this handle has one of that name open; close it, or choose another name"
                    raise InvalidSetting(setting=_NAME, value=str(each.name), rule=rule)
            self._open.add(subscription)

    def deliver(self, delivery: Delivery) -> None:
        """Keep a delivery in mind."""
        with self._mutex:
            self._deliveries.add(delivery)

    def close(self) -> None:
        """End all, and wait for deliveries to be at their end."""
        with self._mutex:
            subscriptions, deliveries = list(self._open), list(self._deliveries)
        for each in subscriptions:
            each.close()
        for delivery in deliveries:
            delivery.end()


class Subscriber(Operator):
    """Events as they come."""

    _subscriptions: Subscriptions

    @overload
    def subscribe(
        self,
        *,
        after: int = ...,
        name: str | None = ...,
        kinds: Iterable[str] = ...,
        timeout: float | None = ...,
        save_every: int = ...,
    ) -> Subscription: ...

    @overload
    def subscribe(
        self,
        *,
        callback: Handle,
        after: int = ...,
        name: str | None = ...,
        kinds: Iterable[str] = ...,
        timeout: float | None = ...,
        save_every: int = ...,
        attempts: int = ...,
        on_error: OnError | None = ...,
    ) -> Delivery: ...

    def subscribe(
        self,
        *,
        callback: Handle | None = None,
        after: int = 0,
        name: str | None = None,
        kinds: Iterable[str] = (),
        timeout: float | None = None,
        save_every: int = 100,
        attempts: int = 5,
        on_error: OnError | None = None,
    ) -> Subscription | Delivery:
        """Follow the log after a position: what is there, and what is appended later by anybody.

        Without *callback* the events are given one by one, to be iterated over; with it, it is called
        with each of them, on a thread of its own, until the delivery is closed. Either way no event is
        left out, and none comes before an earlier one.

        With a *name* the store remembers how far it has come, and the next of that name goes on there:
        every event is handled at least once, and after a crash a few are handled again. Of one name,
        open one at a time: a handle refuses a second one, and two processes get every event each.

        Args:
            after: Where a name begins that the store does not know yet; one that it knows goes on.
            kinds: Topics of events; without one, all of them.
            timeout: Seconds without an event after which it ends; 0 ends at the head of the log.
            save_every: After how many events, at most, the position is saved; it is so each second, too.
            attempts: How often an event is handed to *callback* before the delivery stops.
            on_error: Called with what *callback* raised, the event, and the number of the attempt.

        Raises:
            InvalidSetting: A name, a kind or a number cannot be used.
            InvalidMoment: The log has not reached the position.
            AbilityMissing: The store keeps no cursors.
            StorageFailed: The store cannot be used.
        """
        start = moments.position(after, what="after")
        wanted = frozenset(kinds_of(kinds))
        if timeout is not None:
            timeout = _seconds(timeout)
        save_every = _number(save_every, what="save_every")
        attempts = _number(attempts, what="attempts")
        if name is None:
            cursor = None
            start = check_reached(self._events, start)
        else:
            if not setting(name, what=_NAME):
                raise InvalidSetting(setting=_NAME, value="", rule="cannot be empty")
            cursor, start = cursor_of(self._events, name, after=start, every=save_every)
        subscription = Subscription(
            self._events,
            after=start,
            kinds=wanted,
            cursor=cursor,
            timeout=timeout,
            keep_up=self._runner.catch_up if self._runner.is_inline else _nothing,
        )
        self._subscriptions.add(subscription)
        if callback is None:
            return subscription
        delivery = Delivery(subscription, callback, attempts=attempts, on_error=on_error)
        self._subscriptions.deliver(delivery)
        return delivery

    def cursors(self) -> Mapping[str, int]:
        """Return how far each named subscription has come.

        Raises:
            AbilityMissing: The store keeps no cursors.
        """
        return cursors_in(self._events).cursors()

    def drop_cursor(self, name: str) -> None:
        """Forget how far a named subscription has come; the next of that name begins anew.

        Raises:
            AbilityMissing: The store keeps no cursors.
        """
        cursors_in(self._events).drop_cursor(setting(name, what=_NAME))


def _nothing() -> None:
    """Do nothing: these views are brought up to the log by each question."""


def _seconds(value: float) -> float:
    if type(value) not in (int, float) or not value >= 0:
        rule = "give a number of seconds, from 0"
        raise InvalidSetting(setting="timeout", value=quoted(value), rule=rule)
    return float(value)


def _number(value: int, *, what: str) -> int:
    if type(value) is not int or value < 1:
        raise InvalidSetting(
            setting=what, value=quoted(value), rule="give a whole number from 1 on"
        )
    return value
