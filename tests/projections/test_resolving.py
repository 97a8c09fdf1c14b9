"""A name that finds nothing is refused by the part of it that finds nothing."""

from __future__ import annotations

import pytest

from stemmata_domain.errors import (
    InvalidName,
    InvalidPath,
    OrganizationNeeded,
    Refused,
    UnknownArtifact,
    UnknownCollection,
    UnknownEntity,
    UnknownOrganization,
    UnknownRegistry,
    UnknownVersion,
    WrongOrganization,
)
from stemmata_domain.paths import parse_strict
from tests.projections.history import (
    History,
    added,
    collection,
    founded,
    joined,
    linked,
    registered,
    three_versions,
)


@pytest.fixture(scope="module")
def history() -> History:
    """Two organizations; Ada is in both, bob in the first."""
    history = founded(three_versions(), name="Beta", entity="beta")
    history.happened("registry-beta-own", registered("own", entity="beta", types=None))
    joined(history, "ada", admin=True, teams=("vision",))
    joined(history, "ada", entity="beta")
    joined(history, "bob", teams=("nlp",))
    history.happened("collection-beta", collection("beta", registry="beta-model", name="Digits"))
    return history


def refused(
    history: History,
    asked: str,
    error: type[Refused],
    /,
    *,
    seen_from: str | None = "vision",
    **facts: object,
) -> None:
    index = history.index(entity=seen_from)
    with pytest.raises(error) as raised:
        index.resolve(asked)
    assert type(raised.value) is error
    assert {fact: getattr(raised.value, fact) for fact in facts} == facts
    assert str(raised.value)


@pytest.mark.parametrize("name", ["", "a/b/c/d", ":v0", "vision//digits", "digits:", "/digits"])
def test_a_path_that_does_not_fit_the_grammar_is_refused(history: History, name: str) -> None:
    refused(history, name, InvalidPath)


@pytest.mark.parametrize(
    "name", ["nothing", "nothing:v0", "other/digits", "nlp/mnist/digits", "wandb-registry-/digits"]
)
def test_an_artifact_that_does_not_exist_is_refused_by_its_path(
    history: History, name: str
) -> None:
    refused(history, name, UnknownArtifact, name=name)


@pytest.mark.parametrize("alias", ["v3", "v99", "nothing", "Latest", "v-1", "a:b/c"])
def test_a_version_that_does_not_exist_is_refused_by_its_full_name(
    history: History, alias: str
) -> None:
    refused(history, f"digits:{alias}", UnknownVersion, name="vision/mnist/digits", version=alias)
    name = "wandb-registry-model/Digits"
    refused(history, f"{name}:{alias}", UnknownVersion, name=name, version=alias)


def test_an_alias_of_another_line_is_not_found(history: History) -> None:
    """Semantics §7: aliases are not shared between collections."""
    name = "wandb-registry-model/Digits"
    refused(history, f"{name}:best", UnknownVersion, name=name, version="best")
    refused(
        history,
        "digits:production",
        UnknownVersion,
        name="vision/mnist/digits",
        version="production",
    )


def test_a_line_without_versions_has_no_latest(history: History) -> None:
    name = "beta/wandb-registry-model/Digits"
    refused(
        history,
        name,
        UnknownVersion,
        seen_from="beta-team",
        name="wandb-registry-model/Digits",
        version="latest",
    )


@pytest.mark.parametrize("entity", ["vision", "acme", "bob"])
@pytest.mark.parametrize("prefix", ["", "acme/", "Acme Inc/"])
def test_a_registry_that_does_not_exist_is_refused_with_those_that_do(
    history: History, entity: str, prefix: str
) -> None:
    refused(
        history,
        f"{prefix}wandb-registry-nothing/Digits",
        UnknownRegistry,
        seen_from=entity,
        registry="nothing",
        organization="Acme Inc",
        known=("dataset", "model"),
    )


def test_a_collection_that_does_not_exist_is_refused_by_its_path(history: History) -> None:
    for entity in ("vision", "acme", "bob"):
        name = "wandb-registry-model/nothing:v0"
        refused(history, name, UnknownArtifact, seen_from=entity, name=name)
    with pytest.raises(UnknownCollection, match="'wandb-registry-model/nothing' not found"):
        history.index().collection(parse_strict("wandb-registry-model/nothing"))
    with pytest.raises(UnknownRegistry):
        history.index().collection(parse_strict("wandb-registry-nothing/Digits"))


@pytest.mark.parametrize("given", ["beta", "Beta", "nobody"])
def test_another_organization_than_the_entitys_is_refused(history: History, given: str) -> None:
    """Semantics §2: a team's registries are those of its own organization."""
    refused(
        history,
        f"{given}/wandb-registry-model/Digits",
        WrongOrganization,
        given=given,
        expected=("Acme Inc", "acme"),
        entity="vision",
    )


def test_an_entity_that_nobody_knows_is_refused(history: History) -> None:
    refused(
        history, "wandb-registry-model/Digits", UnknownEntity, seen_from="nobody", entity="nobody"
    )


def test_a_person_in_several_organizations_has_to_name_one(history: History) -> None:
    refused(
        history,
        "wandb-registry-model/Digits",
        OrganizationNeeded,
        seen_from="ada",
        entity="ada",
        organizations=("acme", "beta"),
    )
    assert history.index(entity="ada").resolve("acme/wandb-registry-model/Digits").line == "col"


@pytest.mark.parametrize("entity", ["vision", "nlp", "acme", "bob"])
@pytest.mark.parametrize("prefix", ["", "acme/", "Acme Inc/"])
def test_teams_people_and_the_organization_itself_reach_its_registries(
    history: History, entity: str, prefix: str
) -> None:
    found = history.index(entity=entity).resolve(f"{prefix}wandb-registry-model/Digits:production")
    assert (found.line, found.index) == ("col", 0)


def test_a_registry_of_another_organization_is_not_seen(history: History) -> None:
    refused(history, "wandb-registry-own/Digits", UnknownRegistry, registry="own")
    assert (
        history.index(entity="beta-team").registry_at(parse_strict("wandb-registry-own/Digits")).id
        == "beta-own"
    )


def test_without_an_entity_an_organization_has_to_be_named_if_there_are_several(
    history: History,
) -> None:
    refused(history, "wandb-registry-model/Digits", InvalidName, seen_from=None, thing="entity")
    refused(
        history,
        "nobody/wandb-registry-model/Digits",
        UnknownOrganization,
        seen_from=None,
        name="nobody",
    )
    for prefix in ("acme", "Acme Inc"):
        name = f"{prefix}/wandb-registry-model/Digits:production"
        assert history.index(entity=None).resolve(name).line == "col"


def test_without_an_entity_the_only_organization_is_meant() -> None:
    index = three_versions().index(entity=None)
    assert index.resolve("wandb-registry-model/Digits:production").line == "col"


def test_without_an_entity_and_an_organization_nothing_is_found() -> None:
    refused(History(), "wandb-registry-model/Digits", InvalidName, seen_from=None)
    refused(History(), "digits", UnknownArtifact, seen_from=None, name="digits")


def test_a_registry_of_an_organization_that_nobody_knows_is_refused(history: History) -> None:
    with pytest.raises(UnknownOrganization, match="'nobody' not found"):
        history.index().registry("model", "nobody")


def test_names_keep_their_spaces_and_their_case(history: History) -> None:
    more = History(history.recorded)
    more.happened("registry-g", registered("Golden Datasets", types=None))
    golden = collection("g", name="raw images é", registry="acme-Golden Datasets")
    more.happened("collection-g", golden, linked(0, 0), added("latest", 0))
    name = "wandb-registry-Golden Datasets/raw images é"
    assert more.index().resolve(name).full_name == f"{name}:v0"
    refused(more, "wandb-registry-golden datasets/raw images é", UnknownRegistry)
    refused(more, name.replace("raw", "Raw"), UnknownArtifact)
