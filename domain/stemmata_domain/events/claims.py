"""Events of claims: who holds a name, and which command a key stands for.

A name is unique because there is one stream for each scope and name, and the last event in it says
who holds the name.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import JsonValue

from stemmata_domain.events.base import Event


class NameClaimed(Event):
    """A name belongs to `holder` within its scope, until it is released.

    `kind` says what the holder is: organization, team, person, registry, collection or artifact. In
    the scope `links` the name is the id of a version, and the holder the collection that linked it
    last; it is claimed where writers do not take turns.
    """

    topic: ClassVar[str] = "NameClaimed"
    scope: str
    name: str
    kind: str
    holder: str


class NameReleased(Event):
    """A name is free again."""

    topic: ClassVar[str] = "NameReleased"
    scope: str
    name: str


class CommandKeyed(Event):
    """A command with an idempotency key was carried out, with this result.

    `fingerprint` tells the command from any other, so that a key cannot serve two.
    """

    topic: ClassVar[str] = "CommandKeyed"
    key: str
    command: str
    fingerprint: str
    result: dict[str, JsonValue]
