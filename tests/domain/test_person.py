"""A person is a handle, which is a personal entity too, in any number of organizations and teams."""

import pytest

from stemmata_domain.aggregates.person import PERSON, JoinOrganization, JoinTeam
from stemmata_domain.events import MemberJoined, PersonJoined, TypeAccepted
from tests.domain.specification import specify

person = specify(PERSON)
JOINED = PersonJoined(person="ada", organization="o1", admin=False)
MEMBER = MemberJoined(person="ada", organization="o1", team="vision")


def test_a_person_joins_an_organization_once() -> None:
    person.when(JoinOrganization(person="ada", organization="o1")).then(JOINED)
    person.given(JOINED).when(JoinOrganization(person="ada", organization="o1")).then_nothing()


def test_joining_again_as_an_admin_gives_no_rights() -> None:
    again = JoinOrganization(person="ada", organization="o1", admin=True)
    person.given(JOINED).when(again).then_nothing()


def test_a_person_may_be_in_several_organizations() -> None:
    person.given(JOINED).when(JoinOrganization(person="ada", organization="o2", admin=True)).then(
        PersonJoined(person="ada", organization="o2", admin=True)
    )


def test_a_person_becomes_a_member_of_a_team_once() -> None:
    command = JoinTeam(person="ada", organization="o1", team="vision")
    person.given(JOINED).when(command).then(MEMBER)
    person.given(JOINED, MEMBER).when(command).then_nothing()


@pytest.mark.parametrize(
    ("entity", "organization", "allowed"),
    [
        ("ada", None, True),  # the personal entity
        ("vision", "o1", True),  # a team of theirs
        ("nlp", "o1", False),  # a team of the organization that they are not in
        ("audio", "o2", True),  # any team of an organization that they are an admin of
        ("audio", "o3", False),
        ("bob", None, False),
    ],
)
def test_a_person_acts_as_themselves_in_their_teams_and_as_admin_in_every_team(
    entity: str, organization: str | None, allowed: bool
) -> None:
    admin = PersonJoined(person="ada", organization="o2", admin=True)
    ada = person.state(JOINED, MEMBER, admin)
    assert ada.may_act_in(entity, organization) is allowed


def test_an_event_of_another_aggregate_leaves_a_person_as_they_are() -> None:
    assert person.state(JOINED, TypeAccepted(type="x")) == person.state(JOINED)
