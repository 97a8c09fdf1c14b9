"""Events of an organization: the teams that share registries."""

from __future__ import annotations

from typing import ClassVar

from stemmata_domain.events.base import Event


class OrganizationFounded(Event):
    """An organization came into being, with a display name and an entity name."""

    topic: ClassVar[str] = "OrganizationFounded"
    organization: str
    name: str
    entity: str


class TeamCreated(Event):
    """A team, which is an entity that projects belong to, was created."""

    topic: ClassVar[str] = "TeamCreated"
    team: str
