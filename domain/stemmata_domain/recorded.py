"""An event as the log holds it: the fact, and the envelope that the store put around it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from stemmata_domain.events import Event


class Context(NamedTuple):
    """Who asks, when, and what ties the events of one command together.

    Attributes:
        actor: Handle of the person or service that acts.
        time: Moment of the command, in UTC.
        correlation: Id shared by all events of the command, or of the host's own larger operation.
        key: Idempotency key, if the caller gave one.
    """

    actor: str
    time: datetime
    correlation: str
    key: str | None


class RecordedEvent(NamedTuple):
    """An event with its place in the log.

    Attributes:
        position: Place in the whole store's order, from 1, growing.
        stream: Name of the stream, `category-id`.
        version: Place in the stream, from 0, without gaps.
        id: Id of this event, a UUIDv7 in hex.
    """

    position: int
    stream: str
    version: int
    id: str
    time: datetime
    actor: str
    correlation: str
    key: str | None
    event: Event
