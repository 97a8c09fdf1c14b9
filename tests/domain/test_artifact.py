"""An artifact is a name in a project, of one type, under which versions are logged."""

from typing import Any

import pytest

from stemmata_domain.aggregates.artifact import (
    ARTIFACT,
    DeleteVersion,
    EditVersion,
    LogVersion,
)
from stemmata_domain.aggregates.collection import EditAliases
from stemmata_domain.errors import StillAliased, TypeMismatch, UnknownVersion
from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    DescriptionChanged,
    MetadataChanged,
    TeamCreated,
    VersionDeleted,
    VersionTagged,
    VersionUntagged,
)
from tests.domain.specification import digest, specify

artifact = specify(ARTIFACT)

CREATED = ArtifactCreated(
    artifact="a1", entity="vision", project="mnist", name="digits", type="model"
)
LATEST = AliasAdded(alias="latest", index=0)


def log(content: str, **changed: Any) -> LogVersion:
    fields: dict[str, Any] = {
        "artifact": "a1",
        "entity": "vision",
        "project": "mnist",
        "name": "digits",
        "type": "model",
        "digest": digest(content),
        "algorithm": "MD5",
        "manifest": digest(content) * 2,
        "size": 5,
        "file_count": 1,
    }
    return LogVersion(**{**fields, **changed})


def logged(content: str, index: int, **changed: Any) -> ArtifactLogged:
    fields: dict[str, Any] = {
        "version": f"a1:{index}",
        "index": index,
        "digest": digest(content),
        "algorithm": "MD5",
        "manifest": digest(content) * 2,
        "size": 5,
        "file_count": 1,
        "description": None,
        "metadata": {},
        "tags": (),
        "run": None,
    }
    return ArtifactLogged(**{**fields, **changed})


def alias(name: str, index: int, moved_from: int | None = None) -> AliasAdded:
    return AliasAdded(alias=name, index=index, moved_from=moved_from)


TWO = (CREATED, logged("A", 0), LATEST, logged("B", 1), alias("latest", 1, moved_from=0))


def test_the_first_version_creates_the_artifact_as_v0_with_latest() -> None:
    artifact.when(log("A")).then(CREATED, logged("A", 0), LATEST)


def test_a_version_keeps_all_that_was_said_of_it() -> None:
    said: dict[str, Any] = {
        "description": "first",
        "metadata": {"lr": 0.1},
        "tags": ("good", "small"),
        "run": "vision/mnist/r1",
    }
    artifact.when(log("A", **said)).then(CREATED, logged("A", 0, **said), LATEST)


def test_versions_are_numbered_in_the_order_of_logging_and_the_last_has_latest() -> None:
    """Source sequence: v0, v1, … in commit order; `latest` is always added."""
    artifact.given(CREATED, logged("A", 0), LATEST).when(log("B", aliases=("best",))).then(
        logged("B", 1), alias("latest", 1, moved_from=0), alias("best", 1)
    )


def test_content_that_is_there_makes_no_new_version() -> None:
    """The same digest as a committed version in the sequence makes no new version."""
    artifact.given(CREATED, logged("A", 0), LATEST).when(log("A")).then_nothing()


def test_content_of_any_live_version_counts_and_gets_the_aliases() -> None:
    """Log A, B, A: v0 (A, latest) and v1 (B); the aliases asked for go to the match."""
    artifact.given(*TWO).when(log("A", aliases=("best",))).then(
        alias("latest", 0, moved_from=1), alias("best", 0)
    )


def test_metadata_description_and_type_do_not_tell_content_apart() -> None:
    """Metadata and description are no inputs of the digest: changing only them changes nothing."""
    given = artifact.given(CREATED, logged("A", 0), LATEST)
    given.when(log("A", metadata={"lr": 1}, description="other")).then_nothing()


def test_tags_asked_for_go_to_the_version_that_has_the_content() -> None:
    tagged = logged("A", 0, tags=("good",))
    artifact.given(CREATED, tagged, LATEST).when(log("A", tags=("good", "new", "new"))).then(
        VersionTagged(version="a1:0", index=0, tag="new")
    )


def test_a_name_has_one_type() -> None:
    """An artifact cannot have versions of another type, be their content new or not."""
    for content in "A", "C":
        artifact.given(*TWO).when(log(content, type="dataset")).then_refused(
            TypeMismatch,
            thing="artifact",
            name="vision/mnist/digits",
            type="model",
            asked="dataset",
        )


def test_a_deleted_versions_content_is_logged_anew() -> None:
    """A deleted version no longer dedups, and its number is not given again."""
    gone = (*TWO, VersionDeleted(version="a1:0", index=0))
    artifact.given(*gone).when(log("A")).then(logged("A", 2), alias("latest", 2, moved_from=1))


def test_the_number_of_the_newest_version_is_not_given_again_either() -> None:
    gone = (
        *TWO,
        alias("latest", 0, moved_from=1),
        VersionDeleted(version="a1:1", index=1),
        AliasRemoved(alias="latest", index=0),
        VersionDeleted(version="a1:0", index=0),
    )
    artifact.given(*gone).when(log("B")).then(logged("B", 2), alias("latest", 2))


def test_deleting_moves_latest_to_the_newest_that_is_left() -> None:
    """`latest` moves, as a recorded event, to the newest live version when its version is removed."""
    artifact.given(*TWO).when(DeleteVersion(index=1)).then(
        alias("latest", 0, moved_from=1), VersionDeleted(version="a1:1", index=1)
    )


def test_deleting_the_only_version_ends_latest() -> None:
    artifact.given(CREATED, logged("A", 0), LATEST).when(DeleteVersion(index=0)).then(
        AliasRemoved(alias="latest", index=0), VersionDeleted(version="a1:0", index=0)
    )


def test_a_version_with_aliases_is_not_deleted() -> None:
    """Deleting a version with aliases is refused unless deleting them is asked for."""
    given = artifact.given(*TWO, alias("best", 1), alias("prod", 1))
    given.when(DeleteVersion(index=1)).then_refused(
        StillAliased, name="vision/mnist/digits:v1", aliases=("best", "prod")
    )
    given.when(DeleteVersion(index=1, delete_aliases=True)).then(
        alias("latest", 0, moved_from=1),
        AliasRemoved(alias="best", index=1),
        AliasRemoved(alias="prod", index=1),
        VersionDeleted(version="a1:1", index=1),
    )


def test_a_version_that_is_not_there_cannot_be_changed_or_deleted() -> None:
    gone = (*TWO, VersionDeleted(version="a1:0", index=0))
    for command in (
        DeleteVersion(index=0),
        EditVersion(index=0, description="x"),
        EditAliases(index=0, add=("x",)),
    ):
        artifact.given(*gone).when(command).then_refused(
            UnknownVersion, name="vision/mnist/digits", version="v0"
        )


def test_aliases_are_added_moved_and_removed() -> None:
    artifact.given(*TWO, alias("best", 0)).when(
        EditAliases(index=1, add=("best", "prod"), remove=("latest", "best"))
    ).then(
        alias("best", 1, moved_from=0),
        alias("prod", 1),
        AliasRemoved(alias="latest", index=1),
    )


def test_description_and_metadata_are_replaced() -> None:
    given = artifact.given(*TWO)
    given.when(EditVersion(index=0, description="new", metadata={"f1": 0.9})).then(
        DescriptionChanged(version="a1:0", index=0, description="new"),
        MetadataChanged(version="a1:0", index=0, metadata={"f1": 0.9}),
    )
    given.when(EditVersion(index=0, clear_description=True)).then(
        DescriptionChanged(version="a1:0", index=0, description=None)
    )
    given.when(EditVersion(index=0, metadata={})).then(
        MetadataChanged(version="a1:0", index=0, metadata={})
    )


def test_an_edit_that_says_nothing_changes_nothing() -> None:
    artifact.given(*TWO).when(EditVersion(index=0)).then_nothing()


def test_tags_are_added_and_removed_once() -> None:
    given = artifact.given(CREATED, logged("A", 0, tags=("good", "old")), LATEST)
    given.when(
        EditVersion(index=0, add_tags=("good", "new", "new"), remove_tags=("old", "old", "none"))
    ).then(
        VersionTagged(version="a1:0", index=0, tag="new"),
        VersionUntagged(version="a1:0", index=0, tag="old"),
    )


def test_tags_of_a_version_are_known_after_the_last_one_went() -> None:
    state = artifact.state(
        CREATED,
        logged("A", 0, tags=("good",)),
        VersionTagged(version="a1:0", index=0, tag="new"),
        VersionUntagged(version="a1:0", index=0, tag="good"),
    )
    assert dict(state.tags.items()) == {0: ("new",)}
    bare = ARTIFACT.fold([VersionUntagged(version="a1:0", index=0, tag="new")], state)
    assert len(bare.tags) == 0
    assert ARTIFACT.fold([VersionUntagged(version="a1:0", index=0, tag="new")], bare) == bare


def test_its_state_is_what_its_events_say() -> None:
    state = artifact.state(*TWO)
    assert (state.id, state.path, state.type) == ("a1", "vision/mnist/digits", "model")
    assert dict(state.line.versions.items()) == {0: "a1:0", 1: "a1:1"}
    assert dict(state.logged.items()) == {digest("A"): 0, digest("B"): 1}
    assert dict(state.digests.items()) == {0: digest("A"), 1: digest("B")}


def test_deleting_forgets_digest_and_tags() -> None:
    state = artifact.state(
        CREATED, logged("A", 0, tags=("good",)), VersionDeleted(version="a1:0", index=0)
    )
    assert (len(state.logged), len(state.digests), len(state.tags)) == (0, 0, 0)


@pytest.mark.parametrize(
    "event",
    [
        DescriptionChanged(version="a1:0", index=0, description="x"),
        MetadataChanged(version="a1:0", index=0, metadata={}),
        TeamCreated(team="x"),
    ],
    ids=lambda event: event.topic,
)
def test_what_no_decision_rests_on_leaves_the_state_as_it_is(event: Any) -> None:
    assert artifact.state(*TWO, event) == artifact.state(*TWO)
