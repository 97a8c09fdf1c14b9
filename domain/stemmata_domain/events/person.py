"""Events of a person, who may belong to several organizations and teams.

They stand in a stream of the person's own, so that what is known of a person is in one place. The
log keeps handles only, never names or addresses.
"""

from __future__ import annotations

from typing import ClassVar

from stemmata_domain.events.base import Event


class PersonJoined(Event):
    """A person joined an organization; the handle is the name of the personal entity too."""

    topic: ClassVar[str] = "PersonJoined"
    person: str
    organization: str
    admin: bool


class MemberJoined(Event):
    """A person became a member of a team of an organization."""

    topic: ClassVar[str] = "MemberJoined"
    person: str
    organization: str
    team: str
