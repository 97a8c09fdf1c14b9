"""Events of a registry: the shared place whose collections versions are linked into."""

from __future__ import annotations

from typing import ClassVar, Literal

from stemmata_domain.events.base import Event

Visibility = Literal["organization", "restricted"]


class RegistryCreated(Event):
    """A registry was created; `accepted_types` of None accepts every type."""

    topic: ClassVar[str] = "RegistryCreated"
    registry: str
    organization: str
    name: str
    visibility: Visibility
    accepted_types: tuple[str, ...] | None
    description: str | None
    core: bool


class TypeAccepted(Event):
    """The registry accepts one more artifact type, for good."""

    topic: ClassVar[str] = "TypeAccepted"
    type: str
