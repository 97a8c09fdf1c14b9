"""Events as bytes, and back.

An event is stored as its topic and one JSON object: the envelope, with the payload under `event`.
The bytes are final; they are never written again in another form.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from stemmata_domain.errors import EventUnreadable, InvalidSetting
from stemmata_domain.events import TOPICS, Event
from stemmata_domain.events.upcasting import lift
from stemmata_domain.recorded import Context


class Envelope(NamedTuple):
    """What stands around a payload, but for its place in the log."""

    id: str
    time: datetime
    actor: str
    correlation: str
    key: str | None


class _Shape(NamedTuple):
    write: Callable[[Event], bytes]
    read: Callable[[object], Event]


@cache
def _shape(event: type[Event]) -> _Shape:
    # The schema of an event is built here, at its first use, because building is deferred.
    event.model_rebuild()
    return _Shape(
        event.__pydantic_serializer__.to_json, event.__pydantic_validator__.validate_python
    )


@lru_cache(maxsize=64)
def time_text(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with microseconds, which sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def time_from(text: str) -> datetime:
    """Return the moment that :func:`time_text` wrote."""
    return datetime.fromisoformat(text)


@lru_cache(maxsize=64)
def _around(context: Context) -> bytes:
    head = orjson.dumps(
        {
            "time": time_text(context.time),
            "actor": context.actor,
            "correlation": context.correlation,
            **({} if context.key is None else {"key": context.key}),
        }
    )
    return b"," + head[1:-1]


def encode(event: Event, *, id: str, context: Context) -> bytes:
    """Return the bytes of *event* and its envelope.

    Raises:
        InvalidSetting: A text in them cannot be written as UTF-8.
    """
    kind = type(event)
    try:
        payload = _shape(kind).write(event)
        around = _around(context)
    except (PydanticSerializationError, orjson.JSONEncodeError) as error:
        rule = f"it cannot be written as JSON ({error})"
        raise InvalidSetting(setting="event", value=kind.topic, rule=rule) from error
    return b'{"id":"%b"%b,"schema":%d,"event":%b}' % (
        id.encode(),
        around,
        kind.schema_number,
        payload,
    )


def decode(topic: str, state: bytes, *, position: int | None = None) -> tuple[Envelope, Event]:
    """Return what :func:`encode` wrote, in the newest shape.

    Raises:
        EventUnreadable: The topic or the shape is unknown here, or the bytes are damaged.
    """
    kind = TOPICS.get(topic)
    if kind is None:
        why = "the topic is unknown; a newer release may have written it"
        raise EventUnreadable(topic=topic, position=position, why=why)
    try:
        body: dict[str, Any] = orjson.loads(state)
        payload = body["event"]
        if body["schema"] != kind.schema_number:
            payload = lift(topic, payload, schema=body["schema"], newest=kind.schema_number)
        event = _shape(kind).read(payload)
        envelope = Envelope(
            body["id"],
            time_from(body["time"]),
            body["actor"],
            body["correlation"],
            body.get("key"),
        )
    except (orjson.JSONDecodeError, ValidationError, LookupError, TypeError, ValueError) as error:
        raise EventUnreadable(topic=topic, position=position, why=str(error)) from error
    return envelope, event
