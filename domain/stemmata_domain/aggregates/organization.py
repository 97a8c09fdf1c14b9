"""The organization: a display name, an entity name, and teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from stemmata_domain.decider import Decider
from stemmata_domain.events import Event, OrganizationFounded, TeamCreated

CATEGORY = "organization"


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization as its events left it; before the first one its id is empty."""

    id: str = ""
    name: str = ""
    entity: str = ""
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOrganization:
    """Bring an organization into being."""

    id: str
    name: str
    entity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTeam:
    """Add a team, unless it is there."""

    team: str


Command = FoundOrganization | CreateTeam


def decide(state: Organization, command: Command) -> Sequence[Event]:
    """Answer a command."""
    match command:
        case FoundOrganization():
            return (
                OrganizationFounded(
                    organization=command.id, name=command.name, entity=command.entity
                ),
            )
        case CreateTeam(team=team):
            return () if team in state.teams else (TeamCreated(team=team),)
        case _:
            assert_never(command)


def evolve(state: Organization, event: Event) -> Organization:
    """Return the state after *event*."""
    match event:
        case OrganizationFounded():
            return Organization(id=event.organization, name=event.name, entity=event.entity)
        case TeamCreated():
            return replace(state, teams=(*state.teams, event.team))
        case _:
            return state


ORGANIZATION: Decider[Organization, Command] = Decider(
    category=CATEGORY, initial=Organization(), decide=decide, evolve=evolve
)
