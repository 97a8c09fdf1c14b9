"""Linking and unlinking: the same version, under numbers and aliases of each collection's own."""

import pytest

from stemmata_domain.commands.edit import Delete
from stemmata_domain.commands.link import EditAliasesOf, Link, Unlink
from stemmata_domain.commands.organize import (
    AcceptTypeIn,
    MakeCollection,
    MakeRegistry,
    RemoveCollection,
)
from stemmata_domain.errors import (
    InvalidAlias,
    InvalidName,
    InvalidPath,
    NameTaken,
    NotALink,
    NotAMember,
    PersonalEntity,
    TypeMismatch,
    TypeNotAccepted,
    UnknownArtifact,
    UnknownEntity,
    UnknownOrganization,
    UnknownRegistry,
    UnknownVersion,
    WrongOrganization,
)
from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    CollectionCreated,
    CollectionDeleted,
    NameClaimed,
    VersionLinked,
    VersionUnlinked,
)
from tests.domain.specification import World, logging, of_type, organized


@pytest.fixture
def world() -> World:
    world = organized()
    world.log("A")
    return world


def link(
    source: str = "digits:v0",
    target: str = "wandb-registry-model/Digits",
    *aliases: str,
    entity: str = "vision",
    project: str | None = "mnist",
) -> Link:
    return Link(source=source, target=target, aliases=aliases, entity=entity, project=project)


def unlink(name: str, *, entity: str = "vision", project: str | None = "mnist") -> Unlink:
    return Unlink(name=name, entity=entity, project=project)


# --- the collection -------------------------------------------------------------------------


def test_a_missing_collection_is_created_with_the_versions_type(world: World) -> None:
    """The collection is created if missing, and takes its type from the artifact."""
    claimed, created, linked, latest = world.done(link())
    assert isinstance(claimed, NameClaimed)
    assert isinstance(created, CollectionCreated)
    assert isinstance(linked, VersionLinked)
    assert (claimed.kind, claimed.name, claimed.holder) == (
        "collection",
        "Digits",
        created.collection,
    )
    assert (created.name, created.type, created.registry) == ("Digits", "model", created.scope)
    assert (linked.index, linked.source_index) == (0, 0)
    assert latest == AliasAdded(alias="latest", index=0)


def test_a_link_is_known_by_its_full_name(world: World) -> None:
    """Full name: `wandb-registry-NAME/COLLECTION:vN`."""
    linked = world.link()
    assert linked.name == "wandb-registry-model/Digits:v0"
    assert world.link("digits:v0", "shared").name == "vision/mnist/shared:v0"


def test_a_registry_is_not_created(world: World) -> None:
    """The registry must exist already."""
    world.refused(
        link(target="wandb-registry-none/Digits"),
        UnknownRegistry,
        registry="none",
        organization="Acme Inc",
    )


def test_the_registry_has_to_accept_the_type(world: World) -> None:
    """Auto-creation has to satisfy the registry's accepted types."""
    world.refused(
        link(target="wandb-registry-dataset/Digits"),
        TypeNotAccepted,
        registry="dataset",
        type="model",
        accepted=("dataset",),
    )
    world.do(AcceptTypeIn(registry="dataset", type="model", organization="acme"))
    assert world.link("digits:v0", "wandb-registry-dataset/Digits").index == 0


def test_a_collection_of_another_type_is_refused(world: World) -> None:
    """An existing collection of another type refuses the link."""
    world.do(MakeRegistry(name="all", organization="acme"))
    world.link("digits:v0", "wandb-registry-all/Digits")
    world.log("A", name="scans", type="dataset")
    world.refused(
        link("scans:v0", "wandb-registry-all/Digits"),
        TypeMismatch,
        name="Digits",
        type="model",
        asked="dataset",
    )


def test_a_collection_that_was_created_empty_takes_links(world: World) -> None:
    world.do(MakeCollection(target="wandb-registry-model/Digits", type="model", entity="vision"))
    assert of_type(world.done(link()), CollectionCreated) == []


@pytest.mark.parametrize("name", ["My Digits", "数字", "🙂"])
def test_a_collections_name_may_hold_spaces_and_every_script(world: World, name: str) -> None:
    """Spaces stand literally in paths; there is no encoding."""
    linked = world.link("digits:v0", f"wandb-registry-model/{name}")
    assert linked.name == f"wandb-registry-model/{name}:v0"
    assert world.link(f"wandb-registry-model/{name}:v0", "wandb-registry-model/Other").index == 0


def test_the_same_name_in_two_registries_is_two_collections(world: World) -> None:
    world.do(MakeRegistry(name="all", organization="acme"))
    first, second = world.link(), world.link("digits:v0", "wandb-registry-all/Digits")
    assert first.collection != second.collection


# --- numbers --------------------------------------------------------------------------------


def test_numbers_of_a_collection_count_links_and_not_logs(world: World) -> None:
    """A source v1 may be registry v0."""
    world.log("B")
    linked = world.link("digits:v1")
    assert (linked.index, linked.version) == (0, world.log("B").version)


def test_links_of_several_artifacts_interleave(world: World) -> None:
    """Three sources linked in turn are v0, v1, v2, and only v2 has `latest`."""
    for n in range(3):
        world.log("A", name=f"test-artifact-{n}")
    links = [world.link(f"test-artifact-{n}:v0") for n in range(3)]
    assert [each.index for each in links] == [0, 1, 2]
    edited = world.do(
        EditAliasesOf(name="wandb-registry-model/Digits:latest", entity="vision", add=("x",))
    )
    assert (edited.index, edited.aliases) == (2, ("latest", "x"))


def test_one_version_may_be_linked_into_several_collections(world: World) -> None:
    """Links share the version and nothing else: numbers and aliases are each collection's own."""
    world.log("B")
    world.link("digits:v0")
    first = world.link("digits:v1", "wandb-registry-model/Digits", "staging")
    second = world.link("digits:v1", "wandb-registry-model/Numbers", "prod")
    assert first.version == second.version
    assert (first.index, second.index) == (1, 0)


def test_relinking_gives_the_same_number_and_adds_aliases(world: World) -> None:
    """Re-linking is idempotent: same number; `latest` stays unless asked for by name."""
    world.log("B")
    world.link("digits:v0")
    world.link("digits:v1")
    assert world.done(link()) == []
    assert world.done(link("digits:v0", "wandb-registry-model/Digits", "staging")) == [
        AliasAdded(alias="staging", index=0)
    ]
    assert world.done(link("digits:v0", "wandb-registry-model/Digits", "latest")) == [
        AliasAdded(alias="latest", index=0, moved_from=1)
    ]
    assert world.link().index == 0


def test_a_number_is_not_given_again_after_an_unlink(world: World) -> None:
    world.link()
    world.do(unlink("wandb-registry-model/Digits:v0"))
    assert world.link().name == "wandb-registry-model/Digits:v1"


def test_a_collection_recreated_under_a_deleted_name_starts_again(world: World) -> None:
    """It is a new collection with its own id and numbers from v0; the old one stays in the log."""
    first = world.link()
    world.do(RemoveCollection(target="wandb-registry-model/Digits", entity="vision"))
    second = world.link()
    assert second.index == 0
    assert second.collection != first.collection
    old = [r.event for r in world.store.read_stream(f"collection-{first.collection}")]
    assert old[-1] == CollectionDeleted(collection=first.collection)


# --- aliases --------------------------------------------------------------------------------


def test_aliases_of_the_source_and_of_its_links_are_apart(world: World) -> None:
    """Source aliases do not propagate to the link, nor the other way round."""
    world.do(logging("A", aliases=("best",)))
    world.link("digits:best", "wandb-registry-model/Digits", "staging")
    world.refused(
        link("wandb-registry-model/Digits:best", "wandb-registry-model/X"), UnknownVersion
    )
    world.refused(link("digits:staging"), UnknownVersion, version="staging")


def test_an_alias_moves_within_its_collection(world: World) -> None:
    """Assigning an alias to another version moves it."""
    world.log("B")
    world.link("digits:v0", "wandb-registry-model/Digits", "prod")
    assert world.done(link("digits:v1", "wandb-registry-model/Digits", "prod"))[1:] == [
        AliasAdded(alias="latest", index=1, moved_from=0),
        AliasAdded(alias="prod", index=1, moved_from=0),
    ]


@pytest.mark.parametrize("alias", ["", "v0", "v12", "v٣", "a/b", "a:b"])
def test_aliases_that_are_empty_or_look_like_versions_are_refused(world: World, alias: str) -> None:
    """Custom aliases that look like `vN`, or are empty, are refused."""
    world.refused(link("digits:v0", "wandb-registry-model/Digits", alias), InvalidAlias)
    world.link()
    edit = EditAliasesOf(name="wandb-registry-model/Digits:v0", entity="vision", add=(alias,))
    world.refused(edit, InvalidAlias, alias=alias)


@pytest.mark.parametrize("alias", ["V1", "v", "v1a", "v-1", "🚀", "two words"])
def test_other_aliases_are_free(world: World, alias: str) -> None:
    """An unknown alias is created on the fly."""
    world.link("digits:v0", "wandb-registry-model/Digits", alias)
    assert world.link(f"wandb-registry-model/Digits:{alias}", "wandb-registry-model/X").index == 0


def test_latest_moves_to_the_newest_that_is_left(world: World) -> None:
    """`:latest` after its version is removed is the newest live version; none left: not found."""
    newest = world.log("B").version
    world.link("digits:v0")
    world.link("digits:v1")
    assert world.done(unlink("wandb-registry-model/Digits:v1")) == [
        AliasAdded(alias="latest", index=0, moved_from=1),
        VersionUnlinked(version=newest, index=1),
    ]
    world.do(unlink("wandb-registry-model/Digits:latest"))
    world.refused(
        unlink("wandb-registry-model/Digits:latest"),
        UnknownVersion,
        name="wandb-registry-model/Digits",
        version="latest",
    )


def test_a_path_without_an_alias_means_latest(world: World) -> None:
    """A name with no alias is resolved as `latest`."""
    world.log("B")
    assert world.link("digits").version == world.log("B").version


def test_aliases_are_edited_where_the_name_finds_the_version_and_only_there(world: World) -> None:
    """Aliases are each membership's own; they can be added to and removed from a link."""
    world.link("digits:v0", "wandb-registry-model/Digits", "old")
    edited = world.do(
        EditAliasesOf(
            name="wandb-registry-model/Digits:old",
            add=("new", "old", "kept"),
            remove=("old", "kept", "latest", "none"),
            entity="vision",
        )
    )
    assert edited.aliases == ("old", "new", "kept")
    source = world.do(
        EditAliasesOf(name="digits:v0", add=("best",), entity="vision", project="mnist")
    )
    assert source.aliases == ("latest", "best")


def test_latest_may_be_removed_and_is_then_not_found(world: World) -> None:
    world.link()
    remove = EditAliasesOf(name="wandb-registry-model/Digits", remove=("latest",), entity="vision")
    assert world.done(remove) == [AliasRemoved(alias="latest", index=0)]
    world.refused(remove, UnknownVersion, version="latest")


def test_a_version_alias_that_nobody_has_is_not_found(world: World) -> None:
    """`v01` and `v٣` look like version numbers; nobody has them."""
    world.link()
    for alias in ("v1", "v01", "v٣", "none"):
        world.refused(unlink(f"wandb-registry-model/Digits:{alias}"), UnknownVersion, version=alias)


# --- what may be linked where ---------------------------------------------------------------


def test_a_link_of_a_link_links_its_source(world: World) -> None:
    """Linking a linked artifact links its source."""
    world.log("B")
    source = world.link("digits:v1")
    again = world.link("wandb-registry-model/Digits:v0", "wandb-registry-model/Numbers")
    assert again.version == source.version
    (linked,) = of_type(world.events()[-2:], VersionLinked)
    assert isinstance(linked, VersionLinked)
    assert (linked.source_index, linked.index) == (1, 0)


def test_a_link_is_linked_into_its_own_collection_without_effect(world: World) -> None:
    world.link()
    assert world.done(link("wandb-registry-model/Digits:v0")) == []


def test_versions_of_a_personal_entity_cannot_be_linked_into_a_registry(world: World) -> None:
    """Personal-entity artifacts must be logged again under a team."""
    world.log("A", entity="ada")
    world.refused(
        link("ada/mnist/digits:v0", "acme/wandb-registry-model/Digits", entity="ada"),
        PersonalEntity,
        entity="ada",
        teams=("vision", "nlp"),
    )


@pytest.mark.parametrize("prefix", ["Acme Inc", "acme"])
def test_an_organization_is_named_by_its_display_name_or_its_entity_name(
    world: World, prefix: str
) -> None:
    assert world.link("digits:v0", f"{prefix}/wandb-registry-model/Digits").index == 0


def test_an_organization_that_is_named_is_found_without_an_entity(world: World) -> None:
    """A host that has no entity of its own names the organization before the registry."""
    world.link()
    world.refused(
        unlink("umbrella/wandb-registry-model/Digits:v0", entity=""),
        UnknownOrganization,
        name="umbrella",
    )
    world.refused(unlink("wandb-registry-model/Digits:v0", entity=""), InvalidName, thing="entity")
    assert world.do(unlink("acme/wandb-registry-model/Digits:v0", entity="")).index == 0


def test_another_organization_is_refused(world: World) -> None:
    """The artifact's team must be in the organization of the registry."""
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes",))
    world.refused(
        link(target="umbrella/wandb-registry-model/Digits"),
        WrongOrganization,
        given="umbrella",
        expected=("Acme Inc", "acme"),
    )
    world.refused(link(target="nowhere/wandb-registry-model/Digits"), WrongOrganization)


def test_the_organization_is_that_of_the_source_and_not_of_the_caller(world: World) -> None:
    """Linking resolves the organization with the source artifact's entity."""
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes",))
    theirs = world.link("vision/mnist/digits:v0", entity="bio")
    assert theirs.collection == world.link().collection


def test_two_organizations_registries_of_one_name_are_apart(world: World) -> None:
    """Nothing leaks between organizations."""
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes",))
    world.log("A", entity="bio")
    ours, theirs = world.link(), world.link("digits:v0", entity="bio")
    assert ours.name == theirs.name
    assert ours.collection != theirs.collection
    assert theirs.index == 0


def test_a_version_may_be_linked_into_its_own_teams_projects(world: World) -> None:
    """`COLL` and `PROJECT/COLL` are link targets in the run's own team."""
    assert world.link("digits:v0", "shared").name == "vision/mnist/shared:v0"
    assert world.link("digits:v0", "svhn/shared").name == "vision/svhn/shared:v0"
    assert world.link("digits:v0", "vision/x/shared").name == "vision/x/shared:v0"


def test_a_target_without_a_project_is_in_the_callers_project_or_else_in_the_sources(
    world: World,
) -> None:
    given = world.link("vision/mnist/digits:v0", "shared", project="svhn")
    assert given.name == "vision/svhn/shared:v0"
    none = world.link("vision/mnist/digits:v0", "shared", project=None)
    assert none.name == "vision/mnist/shared:v0"


def test_a_version_cannot_be_linked_into_another_teams_projects(world: World) -> None:
    """Linking is only allowed within the same team or to the organization's registry."""
    world.refused(link(target="nlp/mnist/shared"), WrongOrganization, given="nlp")


def test_a_name_that_an_artifact_has_is_taken_for_a_collection(world: World) -> None:
    """A name is unique in its project, whatever has it."""
    world.refused(
        link(target="digits"), NameTaken, thing="artifact", name="digits", scope="vision/mnist"
    )


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("wandb-registry-model/Digits:v0", InvalidPath),
        ("a/b/c/d", InvalidPath),
        ("", InvalidPath),
        ("wandb-registry-model/", InvalidPath),
        ("a?b/c", InvalidName),
        ("wandb-registry-model/a/Digits", InvalidPath),
        ("wandb-registry-model/" + "x" * 129, InvalidName),
    ],
)
def test_a_target_that_is_no_path_of_a_collection_is_refused(
    world: World, target: str, error: type[Exception]
) -> None:
    world.refused(link(target=target), error)


def test_a_project_that_is_a_registry_has_to_be_named_in_the_target(world: World) -> None:
    """What is linked without naming a registry does not land in the project that looks like one."""
    world.refused(
        link("vision/mnist/digits:v0", "Digits", project="wandb-registry-model"), InvalidName
    )


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("none:v0", UnknownArtifact),
        ("digits:v9", UnknownVersion),
        ("digits:none", UnknownVersion),
        ("wandb-registry-model/none:v0", UnknownArtifact),
        ("wandb-registry-none/none:v0", UnknownRegistry),
        ("a/b/c/d:v0", InvalidPath),
        ("digits:", InvalidPath),
    ],
)
def test_a_source_that_is_not_there_is_refused(
    world: World, source: str, error: type[Exception]
) -> None:
    world.refused(link(source), error)


def test_a_deleted_version_cannot_be_linked(world: World) -> None:
    world.do(Delete(name="digits:v0", entity="vision", project="mnist"))
    world.refused(link(), UnknownVersion, version="v0")


def test_a_link_whose_source_is_gone_is_not_spread(world: World) -> None:
    """A link that a deletion did not know of does not make further links."""
    world.link()
    world.do(Delete(name="digits:v0", entity="vision", project="mnist"))
    world.refused(
        link("wandb-registry-model/Digits:v0", "wandb-registry-model/Numbers"),
        UnknownVersion,
        name="vision/mnist/digits",
        version="v0",
    )


def test_a_person_links_within_their_organizations_only(world: World) -> None:
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes",))
    command = link("vision/mnist/digits:v0")
    refusal = world.refused(command, NotAMember, by="wes", actor="wes", entity="acme")
    assert refusal.entities == ("bio", "wes")
    world.do(command, actor="ada")


def test_a_person_of_the_organization_may_link_into_its_registries(world: World) -> None:
    world.organize(teams=("audio",), people=("eve",))
    assert world.do(link("vision/mnist/digits:v0"), actor="eve").index == 0
    world.refused(link("vision/mnist/digits:v0", "shared"), NotAMember, by="eve", entity="vision")


def test_an_entity_that_is_not_there_finds_nothing(world: World) -> None:
    world.refused(link("wandb-registry-model/x:v0", entity="nobody"), UnknownEntity)


# --- unlinking ------------------------------------------------------------------------------


def test_unlinking_leaves_the_source_and_other_links(world: World) -> None:
    """The source and other links are unaffected."""
    world.link()
    world.link("digits:v0", "wandb-registry-model/Numbers")
    gone = world.do(unlink("wandb-registry-model/Digits:v0"))
    assert gone.name == "wandb-registry-model/Digits:v0"
    assert world.done(link("wandb-registry-model/Numbers:v0", "wandb-registry-model/Numbers")) == []
    assert world.link("digits:v0", "wandb-registry-model/Third").index == 0


def test_a_source_cannot_be_unlinked(world: World) -> None:
    """A source is no link; it can only be deleted."""
    world.refused(unlink("digits:latest"), NotALink, name="vision/mnist/digits:v0")


def test_a_link_in_a_project_is_unlinked_by_its_team_only(world: World) -> None:
    world.organize(teams=("audio",), people=("eve",))
    world.link("digits:v0", "shared")
    world.refused(unlink("vision/mnist/shared:v0"), NotAMember, by="eve", entity="vision")
    assert world.do(unlink("shared:v0"), actor="ada").index == 0


def test_a_link_in_a_registry_is_unlinked_by_its_organization_only(world: World) -> None:
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes",))
    world.link()
    world.refused(unlink("wandb-registry-model/Digits:v0"), NotAMember, by="wes", entity="acme")


def test_an_emptied_collection_stays(world: World) -> None:
    """Emptying a collection leaves it in place."""
    first = world.link()
    world.do(unlink("wandb-registry-model/Digits:v0"))
    assert world.link().collection == first.collection
