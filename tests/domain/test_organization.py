"""An organization has a display name, an entity name, and teams that are each created once."""

from stemmata_domain.aggregates.organization import ORGANIZATION, CreateTeam, FoundOrganization
from stemmata_domain.events import OrganizationFounded, TeamCreated
from tests.domain.specification import specify

organization = specify(ORGANIZATION)
FOUNDED = OrganizationFounded(organization="o1", name="Acme Inc", entity="acme")


def test_an_organization_is_founded_with_a_display_name_and_an_entity_name() -> None:
    command = FoundOrganization(id="o1", name="Acme Inc", entity="acme")
    organization.when(command).then(FOUNDED)


def test_a_team_is_created_once() -> None:
    organization.given(FOUNDED).when(CreateTeam(team="vision")).then(TeamCreated(team="vision"))
    there = organization.given(FOUNDED, TeamCreated(team="vision"))
    there.when(CreateTeam(team="vision")).then_nothing()
    there.when(CreateTeam(team="nlp")).then(TeamCreated(team="nlp"))


def test_its_state_is_what_its_events_say() -> None:
    state = organization.state(FOUNDED, TeamCreated(team="vision"), TeamCreated(team="nlp"))
    assert (state.id, state.name, state.entity) == ("o1", "Acme Inc", "acme")
    assert state.teams == ("vision", "nlp")


def test_an_event_of_another_aggregate_leaves_it_as_it_is() -> None:
    from stemmata_domain.events import TypeAccepted

    assert organization.state(FOUNDED, TypeAccepted(type="x")) == organization.state(FOUNDED)
