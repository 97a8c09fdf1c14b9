"""Editing and deleting versions: what belongs to the version is one for the source and its links."""

from typing import Any

import pytest

from stemmata_domain.commands.edit import Delete, Edit
from stemmata_domain.commands.link import EditAliasesOf, Unlink
from stemmata_domain.commands.run import Use
from stemmata_domain.errors import (
    InvalidMetadata,
    InvalidSetting,
    InvalidTag,
    MetadataNotAMapping,
    NotAMember,
    StillAliased,
    StillLinked,
    UnknownVersion,
)
from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    DescriptionChanged,
    MetadataChanged,
    VersionDeleted,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from tests.domain.specification import World, organized


@pytest.fixture
def world() -> World:
    world = organized()
    world.log("A", tags=("old",))
    world.link()
    return world


def edit(name: str = "digits:v0", *, entity: str = "vision", **changes: Any) -> Edit:
    return Edit(name=name, entity=entity, project="mnist", **changes)


def delete(name: str = "digits:v0", **how: Any) -> Delete:
    return Delete(name=name, entity="vision", project="mnist", **how)


# --- editing --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits:v0", "wandb-registry-model/Digits:latest"])
def test_an_edit_through_a_link_is_an_edit_of_the_source(world: World, name: str) -> None:
    """Description, metadata and tags live on the version: source and links share them."""
    version = world.log("A").version
    command = edit(
        name, description="new", metadata={"f1": 0.9}, add_tags=("good",), remove_tags=("old",)
    )
    before = world.store.head()
    assert world.do(command).version == version
    assert world.events(after=before) == [
        DescriptionChanged(version=version, index=0, description="new"),
        MetadataChanged(version=version, index=0, metadata={"f1": 0.9}),
        VersionTagged(version=version, index=0, tag="good"),
        VersionUntagged(version=version, index=0, tag="old"),
    ]
    artifact = version.partition(":")[0]
    assert {r.stream for r in world.store.read_all(after=before)} == {f"artifact-{artifact}"}


def test_an_edit_through_a_link_is_of_its_source_whatever_number_the_link_has(
    world: World,
) -> None:
    world.log("B")
    third = world.log("C").version
    assert world.link("digits:v2").index == 1
    assert world.done(edit("wandb-registry-model/Digits:v1", description="third")) == [
        DescriptionChanged(version=third, index=2, description="third")
    ]


def test_a_description_is_cleared_by_name(world: World) -> None:
    (changed,) = world.done(edit(clear_description=True))
    assert isinstance(changed, DescriptionChanged)
    assert changed.description is None


def test_metadata_is_kept_as_json_and_refused_where_json_has_no_word(world: World) -> None:
    """NaN becomes null; Infinity is refused; a list at the top is refused."""
    metadata: Any = {"nan": float("nan"), "pair": (1, 2)}
    (changed,) = world.done(edit(metadata=metadata))
    assert isinstance(changed, MetadataChanged)
    assert changed.metadata == {"nan": None, "pair": [1, 2]}
    world.refused(edit(metadata={"x": float("-inf")}), InvalidMetadata)
    world.refused(edit(metadata=[1]), MetadataNotAMapping)


def test_tags_that_break_the_rule_are_refused(world: World) -> None:
    world.refused(edit(add_tags=("",)), InvalidTag, tag="")


def test_a_tag_that_is_both_added_and_removed_is_added(world: World) -> None:
    assert world.done(edit(add_tags=("old",), remove_tags=("old",))) == []
    (tagged,) = world.done(edit(add_tags=("new",), remove_tags=("new",)))
    assert isinstance(tagged, VersionTagged)


def test_only_members_edit_a_source_and_the_organization_its_links(world: World) -> None:
    world.organize(teams=("audio",), people=("eve",))
    command = edit("vision/mnist/digits:v0", description="x")
    world.refused(command, NotAMember, by="eve", entity="vision")
    world.do(edit("wandb-registry-model/Digits:v0", description="x"), actor="eve")


# --- deleting -------------------------------------------------------------------------------


def test_a_version_without_links_and_aliases_is_deleted(world: World) -> None:
    world.log("B")
    version = world.log("A", name="other").version
    world.log("B", name="other")
    assert world.done(delete("other:v0")) == [VersionDeleted(version=version, index=0)]


def test_a_linked_version_is_not_deleted(world: World) -> None:
    """Deleting a source version that is linked is refused with the list of links."""
    links = ((world.link().collection, 0),)
    names = ("wandb-registry-model/Digits:v0",)
    world.refused(
        delete(links=links, link_names=names),
        StillLinked,
        name="vision/mnist/digits:v0",
        links=names,
    )


def test_force_deletes_and_unlinks_one_event_each(world: World) -> None:
    """`force=True` deletes and unlinks, one event each, in one append."""
    world.link("digits:v0", "wandb-registry-model/Numbers", "prod")
    links = (
        (world.link().collection, 0),
        (world.link("digits:v0", "wandb-registry-model/Numbers").collection, 0),
    )
    version = world.log("A", aliases=("best",)).version
    assert world.done(delete(links=links, force=True)) == [
        AliasRemoved(alias="latest", index=0),
        VersionUnlinked(version=version, index=0),
        AliasRemoved(alias="latest", index=0),
        AliasRemoved(alias="prod", index=0),
        VersionUnlinked(version=version, index=0),
        AliasRemoved(alias="latest", index=0),
        AliasRemoved(alias="best", index=0),
        VersionDeleted(version=version, index=0),
    ]
    for name in ("digits:v0", "wandb-registry-model/Digits:v0", "wandb-registry-model/Numbers"):
        world.refused(edit(name), UnknownVersion)


def test_latest_moves_in_the_source_and_in_each_collection(world: World) -> None:
    """`latest` moves, as a recorded event, to the newest live version when its version is removed."""
    other = world.log("B").version
    linked = world.link("digits:v1")
    assert world.done(delete("digits:v1", links=((linked.collection, 1),), force=True)) == [
        AliasAdded(alias="latest", index=0, moved_from=1),
        VersionUnlinked(version=other, index=1),
        AliasAdded(alias="latest", index=0, moved_from=1),
        VersionDeleted(version=other, index=1),
    ]


def test_a_link_that_is_gone_by_now_does_not_stand_in_the_way(world: World) -> None:
    """What the caller knows of the links may be old; only links of this very version count."""
    collection = world.link().collection
    world.do(Unlink(name="wandb-registry-model/Digits:v0", entity="vision"))
    assert isinstance(world.done(delete(links=((collection, 0),)))[-1], VersionDeleted)


def test_links_of_other_versions_are_left_alone(world: World) -> None:
    world.log("B")
    other = world.link("digits:v1")
    events = world.done(delete(links=((other.collection, other.index),), force=True))
    assert [event for event in events if isinstance(event, VersionUnlinked)] == []


def test_a_version_with_aliases_is_deleted_only_with_them(world: World) -> None:
    """Deleting a version with aliases is refused unless `delete_aliases` is passed."""
    world.log("A", aliases=("best",))
    world.refused(delete(), StillAliased, name="vision/mnist/digits:v0", aliases=("best",))
    assert isinstance(world.done(delete(delete_aliases=True))[-1], VersionDeleted)


def test_latest_alone_does_not_stand_in_the_way(world: World) -> None:
    assert isinstance(world.done(delete())[-1], VersionDeleted)


def test_a_link_cannot_be_deleted_as_a_version(world: World) -> None:
    world.refused(
        delete("wandb-registry-model/Digits:v0"),
        InvalidSetting,
        rule="is a link; unlink it instead",
    )


def test_deleting_twice_is_refused(world: World) -> None:
    world.do(delete())
    world.refused(delete(), UnknownVersion, name="vision/mnist/digits", version="v0")


def test_latest_of_an_emptied_artifact_is_not_found(world: World) -> None:
    """`:latest` with no live version left: not found."""
    world.do(delete())
    world.refused(edit("digits:latest"), UnknownVersion, version="latest")
    world.refused(edit("digits"), UnknownVersion, version="latest")


def test_only_members_delete(world: World) -> None:
    world.organize(teams=("audio",), people=("eve",))
    world.refused(delete("vision/mnist/digits:v0"), NotAMember, by="eve", entity="vision")
    world.do(delete(), actor="ada")


def test_a_link_that_outlives_its_source_can_be_unlinked_and_no_more(world: World) -> None:
    """A link made behind the back of a deletion does not act for the version that is gone."""
    run = world.start().path
    world.do(delete())
    link = "wandb-registry-model/Digits:v0"
    world.refused(edit(link, description="x"), UnknownVersion, name="vision/mnist/digits")
    world.refused(Use(run=run, name=link), UnknownVersion, name="vision/mnist/digits")
    world.do(EditAliasesOf(name=link, add=("broken",), entity="vision"))
    world.do(Unlink(name=link, entity="vision"))
