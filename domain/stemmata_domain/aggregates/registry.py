"""The registry: which types it accepts, and who may see it.

- `accepted_types` of None accepts every type.
- An accepted type is never taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from stemmata_domain.decider import Decider
from stemmata_domain.errors import InvalidType, TypeNotAccepted
from stemmata_domain.events import Event, RegistryCreated, TypeAccepted, Visibility

CATEGORY = "registry"


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry as its events left it; before the first one its id is empty."""

    id: str = ""
    organization: str = ""
    name: str = ""
    visibility: Visibility = "organization"
    accepted_types: tuple[str, ...] | None = None
    core: bool = False

    def check_type(self, type: str) -> None:
        """Refuse a type that the registry does not accept.

        Raises:
            TypeNotAccepted: With the types that it accepts.
        """
        if self.accepted_types is not None and type not in self.accepted_types:
            raise TypeNotAccepted(registry=self.name, type=type, accepted=self.accepted_types)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRegistry:
    """Create a registry in an organization."""

    id: str
    organization: str
    name: str
    visibility: Visibility = "organization"
    accepted_types: tuple[str, ...] | None = None
    description: str | None = None
    core: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptType:
    """Accept one more type; nothing happens if it is accepted already."""

    type: str


Command = CreateRegistry | AcceptType


def decide(state: Registry, command: Command) -> Sequence[Event]:
    """Answer a command.

    Raises:
        InvalidType: The registry accepts all types, so that there is none to add.
    """
    match command:
        case CreateRegistry():
            return (
                RegistryCreated(
                    registry=command.id,
                    organization=command.organization,
                    name=command.name,
                    visibility=command.visibility,
                    accepted_types=command.accepted_types,
                    description=command.description,
                    core=command.core,
                ),
            )
        case AcceptType(type=type_):
            if state.accepted_types is None:
                raise InvalidType(
                    type=type_, rule=f"cannot be added: registry {state.name!r} accepts all types"
                )
            return () if type_ in state.accepted_types else (TypeAccepted(type=type_),)
        case _:
            assert_never(command)


def evolve(state: Registry, event: Event) -> Registry:
    """Return the state after *event*."""
    match event:
        case RegistryCreated():
            return Registry(
                id=event.registry,
                organization=event.organization,
                name=event.name,
                visibility=event.visibility,
                accepted_types=event.accepted_types,
                core=event.core,
            )
        case TypeAccepted():
            return replace(state, accepted_types=(*(state.accepted_types or ()), event.type))
        case _:
            return state


REGISTRY: Decider[Registry, Command] = Decider(
    category=CATEGORY, initial=Registry(), decide=decide, evolve=evolve
)
