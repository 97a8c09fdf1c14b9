"""Given events of organizations and people, then this is who is who."""

from __future__ import annotations

import pytest

from stemmata_domain.errors import UnknownOrganization
from stemmata_domain.paths import EntityFacts, EntityKind, OrganizationFacts
from stemmata_projections.version_index.views import Organization
from tests.projections.history import History, founded, joined

ACME = OrganizationFacts(id="org-acme", name="Acme Inc", entity="acme")
BETA = OrganizationFacts(id="org-beta", name="Beta", entity="beta")


@pytest.fixture(scope="module")
def history() -> History:
    """Ada administers acme and is in beta; bob is in acme's team nlp."""
    history = founded(founded(), name="Beta", entity="beta")
    joined(history, "bob", teams=("nlp",))
    joined(history, "ada", admin=True)
    joined(history, "ada", entity="beta", teams=("beta-team",))
    return history


def test_organizations_are_listed_by_name_with_teams_and_people(history: History) -> None:
    assert history.index().organizations.all() == [
        Organization(
            id="org-acme",
            name="Acme Inc",
            entity="acme",
            teams=("nlp", "vision"),
            people=("ada", "bob"),
        ),
        Organization(
            id="org-beta", name="Beta", entity="beta", teams=("beta-team",), people=("ada",)
        ),
    ]


def test_an_organization_is_found_by_id_entity_and_name(history: History) -> None:
    organizations = history.index().organizations
    found = organizations.by_id("org-beta")
    assert found.entity == "beta"
    assert organizations.named("beta") == organizations.named("Beta") == found
    for ask in (organizations.by_id, organizations.named):
        with pytest.raises(UnknownOrganization, match="'nobody' not found"):
            ask("nobody")


def test_an_entity_name_is_stronger_than_a_display_name(history: History) -> None:
    more = founded(History(history.recorded), name="acme", entity="gamma")
    assert more.index().organizations.named("acme").id == "org-acme"


def test_an_entity_is_a_team_a_person_or_an_organization(history: History) -> None:
    facts = history.index().organizations.facts
    assert facts("vision") == EntityFacts(kind=EntityKind.TEAM, organizations=(ACME,))
    assert facts("acme") == EntityFacts(kind=EntityKind.ORGANIZATION, organizations=(ACME,))
    assert facts("bob") == EntityFacts(kind=EntityKind.PERSON, organizations=(ACME,))
    assert facts("ada") == EntityFacts(kind=EntityKind.PERSON, organizations=(ACME, BETA))
    assert facts("nobody") == EntityFacts(kind=EntityKind.UNKNOWN)


def test_a_person_may_use_their_teams_and_those_that_they_administer(history: History) -> None:
    organizations = history.index().organizations
    assert organizations.teams_of_person("bob") == ("nlp",)
    assert organizations.teams_of_person("ada") == ("beta-team", "nlp", "vision")
    assert organizations.teams_of_person("nobody") == ()
    assert organizations.teams_of("org-acme") == ("nlp", "vision")
    assert organizations.teams_of("nobody") == ()


def test_who_was_who_at_a_position(history: History) -> None:
    joining = next(each.position for each in history.recorded if each.stream == "person-ada")
    before = history.index(at=joining - 1).organizations
    assert before.facts("ada") == EntityFacts(kind=EntityKind.PERSON)
    assert before.teams_of_person("ada") == ()
    after = history.index(at=joining).organizations
    assert after.facts("ada").organizations == (ACME,)
    assert after.teams_of_person("ada") == ("nlp", "vision")
    assert history.index(at=0).organizations.all() == []
