"""Reading old shapes of events as the newest.

An upcaster lifts a payload by one schema number. It is kept for ever, like the events that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue

Payload = dict[str, JsonValue]
Upcaster = Callable[[Payload], Payload]

UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""For a topic and a schema number, what lifts such a payload to the next number."""


def lift(
    topic: str,
    payload: Payload,
    *,
    schema: int,
    newest: int,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Payload:
    """Return *payload* in the newest shape.

    Raises:
        LookupError: A step has no upcaster, or the payload is newer than this release.
    """
    if schema > newest:
        raise LookupError(f"it has schema {schema}, this release reads up to {newest}")
    for step in range(schema, newest):
        if (topic, step) not in upcasters:
            raise LookupError(f"nothing lifts it from schema {step}")
        payload = upcasters[topic, step](payload)
    return payload
