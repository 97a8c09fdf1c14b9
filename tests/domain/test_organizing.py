"""Organizations, teams, people, registries and collections, and the names they hold."""

from typing import Any

import pytest

from stemmata_domain.commands.link import Unlink
from stemmata_domain.commands.organize import (
    CORE_REGISTRIES,
    AcceptTypeIn,
    MakeCollection,
    MakeRegistry,
    Organize,
    RemoveCollection,
)
from stemmata_domain.errors import (
    InvalidName,
    InvalidPath,
    InvalidSetting,
    InvalidTag,
    InvalidType,
    NameTaken,
    NotAMember,
    OrganizationNeeded,
    TypeNotAccepted,
    UnknownArtifact,
    UnknownCollection,
    UnknownEntity,
    UnknownOrganization,
    UnknownRegistry,
    WrongOrganization,
)
from stemmata_domain.events import (
    CollectionCreated,
    CollectionDeleted,
    MemberJoined,
    NameClaimed,
    NameReleased,
    OrganizationFounded,
    PersonJoined,
    RegistryCreated,
    TeamCreated,
    TypeAccepted,
)
from tests.domain.specification import World, logging, of_type, organized


@pytest.fixture
def world() -> World:
    return organized()


# --- organizations --------------------------------------------------------------------------


def test_an_organization_is_founded_with_its_teams_and_people_in_one_append() -> None:
    world = World()
    organized = world.organize()
    assert (organized.entity, organized.is_new) == ("acme", True)
    correlations = {r.correlation for r in world.store.read_all()}
    assert len(correlations) == 1
    events = world.events()
    assert of_type(events, OrganizationFounded, TeamCreated) == [
        OrganizationFounded(organization=organized.organization, name="Acme Inc", entity="acme"),
        TeamCreated(team="vision"),
        TeamCreated(team="nlp"),
    ]


def test_the_first_person_of_a_new_organization_is_its_admin_and_all_join_all_teams() -> None:
    world = World()
    organization = world.organize(people=("ada", "bob")).organization
    assert of_type(world.events(), PersonJoined, MemberJoined) == [
        PersonJoined(person="ada", organization=organization, admin=True),
        MemberJoined(person="ada", organization=organization, team="vision"),
        MemberJoined(person="ada", organization=organization, team="nlp"),
        PersonJoined(person="bob", organization=organization, admin=False),
        MemberJoined(person="bob", organization=organization, team="vision"),
        MemberJoined(person="bob", organization=organization, team="nlp"),
    ]


def test_every_organization_starts_with_the_core_registries() -> None:
    """Models accepts `model`, Datasets accepts `dataset`, in every organization."""
    world = World()
    for name in "acme", "umbrella":
        before = world.store.head()
        founded = world.organize(name, entity=name, teams=(), people=())
        made = of_type(world.events(after=before), RegistryCreated)
        assert [
            (r.organization, r.name, r.accepted_types, r.visibility, r.core)
            for r in made
            if isinstance(r, RegistryCreated)
        ] == [
            (founded.organization, core, (core,), "organization", True) for core in CORE_REGISTRIES
        ]


def test_organizing_again_changes_nothing(world: World) -> None:
    command = Organize(name="Acme Inc", entity="acme", teams=("vision",), people=("ada",))
    assert world.done(command) == []
    assert world.do(command).is_new is False


def test_organizing_again_adds_what_is_missing(world: World) -> None:
    before = world.store.head()
    known = world.do(Organize(name="acme", teams=("audio",), people=("eve",)))
    assert known.is_new is False
    assert of_type(world.events(after=before), TeamCreated, PersonJoined, MemberJoined) == [
        TeamCreated(team="audio"),
        PersonJoined(person="eve", organization=known.organization, admin=False),
        MemberJoined(person="eve", organization=known.organization, team="audio"),
    ]


@pytest.mark.parametrize(
    ("name", "entity"),
    [("Acme Inc", "acme-inc"), ("R&D  (North)", "r-d-north"), ("snake_case", "snake_case")],
)
def test_an_entity_name_is_made_from_the_name_where_none_is_given(name: str, entity: str) -> None:
    assert World().do(Organize(name=name)).entity == entity


def test_a_name_that_suggests_no_entity_name_needs_one() -> None:
    World().refused(Organize(name="株式会社"), InvalidName, thing="entity")
    assert World().do(Organize(name="株式会社", entity="kk")).entity == "kk"


def test_an_organization_whose_name_is_its_entity_name_claims_it_once() -> None:
    world = World()
    world.do(Organize(name="acme"))
    claims = [e for e in world.events() if isinstance(e, NameClaimed) and e.kind == "organization"]
    assert [(claim.scope, claim.name) for claim in claims] == [
        ("entity", "acme"),
        ("organization", "acme"),
    ]


def test_a_known_organization_keeps_its_entity_name(world: World) -> None:
    world.refused(
        Organize(name="Acme Inc", entity="other"),
        NameTaken,
        thing="organization",
        name="Acme Inc",
        scope="this store, as 'acme'",
    )


@pytest.mark.parametrize(
    "command",
    [
        Organize(name="Umbrella", entity="acme"),  # another organization's
        Organize(name="Umbrella", entity="vision"),  # a team's
        Organize(name="Umbrella", entity="ada"),  # a person's
        Organize(name="Umbrella", teams=("vision",)),  # a team of another organization
        Organize(name="Umbrella", teams=("ada",)),
        Organize(name="Umbrella", people=("nlp",)),
        Organize(name="Umbrella", teams=("bio",), people=("bio",)),
    ],
    ids=str,
)
def test_an_entity_name_is_one_things_in_the_whole_store(world: World, command: Organize) -> None:
    world.refused(command, NameTaken, scope="this store")


def test_a_person_may_be_in_several_organizations(world: World) -> None:
    founded = world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("ada",))
    assert world.events()[-2:] == [
        PersonJoined(person="ada", organization=founded.organization, admin=True),
        MemberJoined(person="ada", organization=founded.organization, team="bio"),
    ]


def test_only_admins_and_the_host_add_to_an_organization(world: World) -> None:
    world.organize(teams=("audio",), people=("eve",))
    command = Organize(name="Acme Inc", people=("mallory",))
    refusal = world.refused(command, NotAMember, by="eve", actor="eve", entity="acme")
    assert refusal.entities == ("audio",)
    world.do(command, actor="ada")


@pytest.mark.parametrize(
    ("command", "thing"),
    [
        (Organize(name=""), "organization"),
        (Organize(name="a/b"), "organization"),
        (Organize(name="acme", entity="Acme"), "entity"),
        (Organize(name="acme", teams=("Vision",)), "entity"),
        (Organize(name="acme", people=("Ada Lovelace",)), "entity"),
    ],
    ids=str,
)
def test_names_that_break_the_rule_are_refused(command: Organize, thing: str) -> None:
    World().refused(command, InvalidName, thing=thing)


# --- registries -----------------------------------------------------------------------------


def make(name: str = "Golden Datasets", **changed: Any) -> MakeRegistry:
    fields: dict[str, Any] = {"name": name, "organization": "acme", **changed}
    return MakeRegistry(**fields)


def test_a_registry_is_made_as_asked(world: World) -> None:
    claimed, created = world.done(
        make(visibility="restricted", accepted_types=("a", "b", "a"), description="good ones")
    )
    assert isinstance(claimed, NameClaimed)
    assert isinstance(created, RegistryCreated)
    assert claimed.holder == created.registry
    assert created.model_dump(exclude={"registry", "organization"}) == {
        "name": "Golden Datasets",
        "visibility": "restricted",
        "accepted_types": ("a", "b"),
        "description": "good ones",
        "core": False,
    }


def test_no_accepted_types_means_all(world: World) -> None:
    (created,) = of_type(world.done(make()), RegistryCreated)
    assert isinstance(created, RegistryCreated)
    assert created.accepted_types is None


@pytest.mark.parametrize("name", ["model", "dataset", "Golden Datasets"])
def test_a_registrys_name_is_unique_in_its_organization(world: World, name: str) -> None:
    world.do(make())
    world.refused(
        make(name), NameTaken, thing="registry", name=name, scope="organization 'Acme Inc'"
    )
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes",))
    world.do(make("Golden Datasets", organization="umbrella"))


@pytest.mark.parametrize("organization", ["Acme Inc", "acme"])
def test_an_organization_is_named_by_either_name(world: World, organization: str) -> None:
    assert world.do(make(organization=organization)).name == "Golden Datasets"


def test_the_organization_follows_from_the_entity(world: World) -> None:
    for n, entity in enumerate(("vision", "ada", "acme")):
        assert world.do(make(f"r{n}", organization=None, entity=entity)).name == f"r{n}"


def test_an_organization_that_does_not_follow_has_to_be_named(world: World) -> None:
    world.organize("Umbrella", entity="umbrella", teams=(), people=("ada",))
    world.refused(make(organization=None, entity="ada"), OrganizationNeeded)
    world.refused(make(organization=None), OrganizationNeeded, organizations=())
    world.refused(make(organization=None, entity="nobody"), UnknownEntity)


def test_an_organization_that_is_not_there_is_refused(world: World) -> None:
    world.refused(make(organization="none"), UnknownOrganization, name="none")


def test_a_visibility_is_one_of_two(world: World) -> None:
    world.refused(make(visibility="public"), InvalidSetting, setting="visibility", value="public")


@pytest.mark.parametrize("name", ["", "x" * 114, "a?b", "a/b"])
def test_a_registrys_name_keeps_the_rule(world: World, name: str) -> None:
    """At most 113 characters, and none that a project may not have."""
    world.refused(make(name), InvalidName, thing="registry", name=name)


def test_a_name_of_113_characters_is_fine_and_can_be_linked_into(world: World) -> None:
    name = "x" * 113
    world.do(make(name))
    world.log("A")
    assert world.link("digits:v0", f"wandb-registry-{name}/Digits").index == 0


@pytest.mark.parametrize("type", ["", "a/b", "a:b", "x" * 129])
def test_accepted_types_keep_the_rule(world: World, type: str) -> None:
    world.refused(make(accepted_types=(type,)), InvalidType, type=type)
    accept = AcceptTypeIn(registry="model", type=type, organization="acme")
    world.refused(accept, InvalidType, type=type)


def test_only_people_of_an_organization_make_registries_in_it(world: World) -> None:
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes",))
    world.refused(make(), NotAMember, by="wes", entity="acme")
    accept = AcceptTypeIn(registry="model", type="x", organization="acme")
    world.refused(accept, NotAMember, by="wes", entity="acme")
    world.do(make(), actor="ada")


def test_a_registry_accepts_one_more_type(world: World) -> None:
    """Accepted types are add-only."""
    accept = AcceptTypeIn(registry="model", type="checkpoint", organization="acme")
    assert world.done(accept) == [TypeAccepted(type="checkpoint")]
    assert world.done(accept) == []


def test_a_registry_that_accepts_all_takes_no_type(world: World) -> None:
    world.do(make())
    accept = AcceptTypeIn(registry="Golden Datasets", type="x", entity="vision")
    world.refused(accept, InvalidType)


def test_a_registry_that_is_not_there_accepts_nothing(world: World) -> None:
    world.refused(
        AcceptTypeIn(registry="none", type="x", organization="acme"),
        UnknownRegistry,
        registry="none",
        organization="Acme Inc",
    )


# --- collections ----------------------------------------------------------------------------


def collect(target: str = "wandb-registry-model/Digits", **changed: Any) -> MakeCollection:
    fields: dict[str, Any] = {"target": target, "type": "model", "entity": "vision", **changed}
    return MakeCollection(**fields)


def remove(target: str = "wandb-registry-model/Digits", **changed: Any) -> RemoveCollection:
    fields: dict[str, Any] = {"target": target, "entity": "vision", **changed}
    return RemoveCollection(**fields)


def test_an_empty_collection_is_made_as_asked(world: World) -> None:
    _, created = world.done(collect(description="reads", tags=("a", "b", "a")))
    assert isinstance(created, CollectionCreated)
    assert created.scope == created.registry
    assert created.model_dump(exclude={"collection", "scope", "registry"}) == {
        "name": "Digits",
        "type": "model",
        "description": "reads",
        "tags": ("a", "b"),
    }


@pytest.mark.parametrize(
    ("target", "project", "scope"),
    [
        ("shared", None, "vision/uncategorized"),
        ("shared", "mnist", "vision/mnist"),
        ("svhn/shared", "mnist", "vision/svhn"),
        ("nlp/svhn/shared", "mnist", "nlp/svhn"),
    ],
)
def test_a_collection_may_be_in_a_project(
    world: World, target: str, project: str | None, scope: str
) -> None:
    _, created = world.done(collect(target, project=project))
    assert isinstance(created, CollectionCreated)
    assert (created.scope, created.registry) == (scope, None)


def test_a_name_is_unique_in_its_registry_and_in_its_project(world: World) -> None:
    world.do(collect())
    world.refused(collect(), NameTaken, thing="collection", name="Digits", scope="the registry")
    world.do(logging())
    taken = {"thing": "artifact", "name": "digits", "scope": "vision/mnist"}
    world.refused(collect("mnist/digits"), NameTaken, **taken)


def test_a_collections_type_has_to_be_accepted_and_not_reserved(world: World) -> None:
    world.refused(collect(type="dataset"), TypeNotAccepted, registry="model", type="dataset")
    world.refused(collect("mnist/shared", type="job"), InvalidType, type="job")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (collect("wandb-registry-model/Digits:v0"), InvalidPath),
        (collect("wandb-registry-none/Digits"), UnknownRegistry),
        (collect("umbrella/wandb-registry-model/Digits"), WrongOrganization),
        (collect("nobody/mnist/shared"), UnknownEntity),
        (collect("shared", project="wandb-registry-model"), InvalidName),
        (collect(tags=("a/b",)), InvalidTag),
        (remove("wandb-registry-model/none"), UnknownCollection),
        (remove("mnist/none"), UnknownCollection),
        (remove("wandb-registry-model/Digits:v0"), InvalidPath),
    ],
    ids=str,
)
def test_what_cannot_be_made_or_removed_is_refused(
    world: World, command: MakeCollection | RemoveCollection, error: type[Exception]
) -> None:
    world.refused(command, error)


def test_removing_a_collection_ends_it_and_frees_its_name(world: World) -> None:
    """Deleting a portfolio deletes only links; the source versions stay."""
    world.log("A")
    collection = world.link().collection
    events = world.done(remove())
    assert [type(event) for event in events] == [CollectionDeleted, NameReleased]
    world.refused(remove(), UnknownCollection, name="wandb-registry-model/Digits")
    gone = Unlink(name="wandb-registry-model/Digits:v0", entity="vision")
    world.refused(gone, UnknownArtifact, name="wandb-registry-model/Digits:v0")
    assert world.link().collection != collection


def test_an_artifact_is_not_removed_as_a_collection(world: World) -> None:
    world.log("A")
    world.refused(remove("mnist/digits"), UnknownCollection)


def test_only_members_and_the_organization_remove_collections(world: World) -> None:
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes",))
    world.do(collect())
    world.do(collect("mnist/shared"))
    world.refused(remove(), NotAMember, by="wes", entity="acme")
    world.refused(remove("vision/mnist/shared"), NotAMember, by="wes", entity="vision")
    world.do(remove(), actor="ada")
    world.do(remove("mnist/shared"), actor="ada")
