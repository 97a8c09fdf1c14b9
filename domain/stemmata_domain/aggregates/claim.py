"""Claims: a name has one holder in its scope, an idempotency key stands for one command.

What links a version and what deletes it have no stream in common. Where writers do not take turns, both
append to the claim of the version's links, so that one of two at the same time decides again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from pydantic import JsonValue

from stemmata_domain.decider import Decider
from stemmata_domain.errors import NameTaken
from stemmata_domain.events import CommandKeyed, Event, NameClaimed, NameReleased


@dataclass(frozen=True, slots=True)
class Claim:
    """Who holds a name; nobody does while the holder is empty."""

    kind: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimName:
    """Take a name in a scope for a holder of some kind."""

    scope: str
    name: str
    kind: str
    holder: str
    scope_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseName:
    """Give a name back."""

    scope: str
    name: str


Command = ClaimName | ReleaseName


def decide(state: Claim, command: Command) -> Sequence[Event]:
    """Answer a command.

    Raises:
        NameTaken: Somebody else holds the name.
    """
    match command:
        case ClaimName(scope=scope, name=name, kind=kind, holder=holder):
            if state.holder == holder and state.kind == kind:
                return ()
            if state.holder:
                raise NameTaken(thing=state.kind, name=name, scope=command.scope_name)
            return (NameClaimed(scope=scope, name=name, kind=kind, holder=holder),)
        case ReleaseName(scope=scope, name=name):
            return (NameReleased(scope=scope, name=name),) if state.holder else ()
        case _:
            assert_never(command)


def evolve(state: Claim, event: Event) -> Claim:
    """Return the state after *event*."""
    match event:
        case NameClaimed():
            return Claim(kind=event.kind, holder=event.holder)
        case NameReleased():
            return Claim()
        case _:
            return state


CLAIM: Decider[Claim, Command] = Decider(
    category="name", initial=Claim(), decide=decide, evolve=evolve
)


LINKS = "links"
"""The scope in which a version's id is held by the collection that has linked it last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLink:
    """Say that a collection links the version."""

    version: str
    collection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLinks:
    """Say that the version will not be linked any more."""

    version: str


def _note(_: Claim, command: NoteLink | EndLinks) -> Sequence[Event]:
    match command:
        case NoteLink(version=version, collection=collection):
            return (NameClaimed(scope=LINKS, name=version, kind="collection", holder=collection),)
        case EndLinks(version=version):
            return (NameReleased(scope=LINKS, name=version),)
        case _:
            assert_never(command)


LINKING: Decider[Claim, NoteLink | EndLinks] = Decider(
    category=LINKS, initial=Claim(), decide=_note, evolve=evolve
)


@dataclass(frozen=True, slots=True)
class KeyedCommand:
    """What an idempotency key stands for; nothing while the fingerprint is empty."""

    command: str = ""
    fingerprint: str = ""
    result: tuple[tuple[str, JsonValue], ...] = ()


def _keyed(state: KeyedCommand, event: Event) -> KeyedCommand:
    match event:
        case CommandKeyed():
            return KeyedCommand(event.command, event.fingerprint, tuple(event.result.items()))
        case _:
            return state


def _key(state: KeyedCommand, command: CommandKeyed) -> Sequence[Event]:
    return () if state.fingerprint else (command,)


KEY: Decider[KeyedCommand, CommandKeyed] = Decider(
    category="key", initial=KeyedCommand(), decide=_key, evolve=_keyed
)
