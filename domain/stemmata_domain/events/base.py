"""What every event is made of.

- An event is a fact: frozen, and closed against unknown fields.
- Its topic is a name of its own, never the place of its class, so that code can move.
- Its schema number says which shape the payload has; old shapes are lifted by upcasters.
- It speaks of the domain only. Who, when and where in the log stand in the envelope that the store
  puts around it (:class:`stemmata_domain.recorded.RecordedEvent`).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """A fact that has happened; named in the past tense, never edited."""

    # Schemas are built at the first use: a host that imports us pays for the events that it touches.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    topic: ClassVar[str]
    schema_number: ClassVar[int] = 1
