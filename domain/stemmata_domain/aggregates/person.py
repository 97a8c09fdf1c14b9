"""The person: a handle, which is a personal entity too, in any number of organizations and teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from stemmata_domain.decider import Decider
from stemmata_domain.events import Event, MemberJoined, PersonJoined

CATEGORY = "person"


@dataclass(frozen=True, slots=True)
class Person:
    """A person as their events left them; before the first one the handle is empty.

    `organizations` has, for each organization's id, whether the person is an admin of it; `teams` has
    for each team the organization's id.
    """

    handle: str = ""
    organizations: tuple[tuple[str, bool], ...] = ()
    teams: tuple[tuple[str, str], ...] = ()

    def may_act_in(self, entity: str, organization: str | None) -> bool:
        """Return whether the person may log to *entity*, a team of *organization* or a person."""
        return (
            entity == self.handle
            or any(team == entity for team, _ in self.teams)
            or any(admin and own == organization for own, admin in self.organizations)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOrganization:
    """Make a person part of an organization."""

    person: str
    organization: str
    admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTeam:
    """Make a person a member of a team."""

    person: str
    organization: str
    team: str


Command = JoinOrganization | JoinTeam


def decide(state: Person, command: Command) -> Sequence[Event]:
    """Answer a command; joining again changes nothing."""
    match command:
        case JoinOrganization(person=person, organization=organization, admin=admin):
            if any(own == organization for own, _ in state.organizations):
                return ()
            return (PersonJoined(person=person, organization=organization, admin=admin),)
        case JoinTeam(person=person, organization=organization, team=team):
            if (team, organization) in state.teams:
                return ()
            return (MemberJoined(person=person, organization=organization, team=team),)
        case _:
            assert_never(command)


def evolve(state: Person, event: Event) -> Person:
    """Return the state after *event*."""
    match event:
        case PersonJoined():
            return replace(
                state,
                handle=event.person,
                organizations=(*state.organizations, (event.organization, event.admin)),
            )
        case MemberJoined():
            return replace(state, teams=(*state.teams, (event.team, event.organization)))
        case _:
            return state


PERSON: Decider[Person, Command] = Decider(
    category=CATEGORY, initial=Person(), decide=decide, evolve=evolve
)
