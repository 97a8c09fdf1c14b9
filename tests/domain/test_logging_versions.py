"""Logging: content becomes a version, once; who logged it and under what names is kept."""

from typing import Any

import pytest

from stemmata_domain.commands.edit import Delete
from stemmata_domain.errors import (
    InvalidAlias,
    InvalidMetadata,
    InvalidName,
    InvalidSetting,
    InvalidTag,
    InvalidType,
    NameTaken,
    NotAMember,
    TypeMismatch,
    UnknownEntity,
    UnknownRun,
)
from stemmata_domain.events import (
    AliasAdded,
    ArtifactCreated,
    ArtifactLogged,
    ArtifactProduced,
    NameClaimed,
)
from tests.domain.specification import (
    World,
    digest,
    logging,
    of_type,
    organized,
)


@pytest.fixture
def world() -> World:
    return organized()


# --- numbers and content --------------------------------------------------------------------


def test_the_first_version_takes_the_name_and_is_v0(world: World) -> None:
    events = world.done(logging("A", aliases=("best",)))
    claimed, created, logged, *aliases = events
    assert isinstance(claimed, NameClaimed)
    assert (claimed.scope, claimed.name) == ("in@vision/mnist", "digits")
    assert isinstance(created, ArtifactCreated)
    assert created.artifact == claimed.holder
    assert isinstance(logged, ArtifactLogged)
    assert (logged.version, logged.index) == (f"{created.artifact}:0", 0)
    assert aliases == [AliasAdded(alias="latest", index=0), AliasAdded(alias="best", index=0)]


def test_versions_count_from_0_in_the_order_of_logging(world: World) -> None:
    """Source sequence: v0, v1, … in commit order."""
    names = [world.log(content).name for content in ("A", "B", "C")]
    assert names == [f"vision/mnist/digits:v{n}" for n in range(3)]


def test_logging_equal_content_gives_the_version_that_has_it(world: World) -> None:
    """Log A, B, A: v0 (A, latest) and v1 (B); dedup is against any live version."""
    first, second, again = world.log("A"), world.log("B"), world.log("A")
    assert (first.is_new, second.is_new, again.is_new) == (True, True, False)
    assert (again.version, again.name) == (first.version, "vision/mnist/digits:v0")
    assert world.events()[-1] == AliasAdded(alias="latest", index=0, moved_from=1)


def test_equal_content_with_other_metadata_is_no_new_version(world: World) -> None:
    """Metadata, description and tags are no inputs of the digest."""
    world.log("A", metadata={"lr": 1}, description="first")
    again = world.log("A", metadata={"lr": 2}, description="second", tags=("new",))
    assert (again.index, again.is_new) == (0, False)


def test_equal_content_gets_the_aliases_asked_for(world: World) -> None:
    """The requested aliases go to the match."""
    world.log("A")
    world.log("B", aliases=("best",))
    events = world.done(logging("A", aliases=("best", "prod")))
    assert events == [
        AliasAdded(alias="latest", index=0, moved_from=1),
        AliasAdded(alias="best", index=0, moved_from=1),
        AliasAdded(alias="prod", index=0),
    ]


def test_equal_content_under_another_name_is_another_version(world: World) -> None:
    """Deduplication is within one artifact."""
    first, other = world.log("A"), world.log("A", name="numbers")
    elsewhere = world.log("A", project="svhn")
    assert len({first.artifact, other.artifact, elsewhere.artifact}) == 3
    assert (other.index, other.is_new, elsewhere.is_new) == (0, True, True)


def test_deleted_content_is_logged_as_a_new_version(world: World) -> None:
    """A deleted version no longer dedups, and numbers are never reused."""
    world.log("A")
    world.log("B")
    world.do(Delete(name="digits:v0", entity="vision", project="mnist"))
    again = world.log("A")
    assert (again.index, again.is_new) == (2, True)


def test_after_the_newest_was_deleted_numbers_go_on(world: World) -> None:
    world.log("A")
    world.do(Delete(name="digits:v0", entity="vision", project="mnist"))
    assert world.log("A").index == 1
    assert world.log("B").index == 2


def test_a_version_without_files_may_be_logged(world: World) -> None:
    """An empty artifact may be logged."""
    assert world.log("", file_count=0, size=0).index == 0


# --- who logged it --------------------------------------------------------------------------


def test_every_run_that_logs_a_version_has_it_as_output_and_the_first_is_its_creator(
    world: World,
) -> None:
    """Every logging run gets an output edge; `created_by` stays the first."""
    runs = [world.start(run).path for run in ("r1", "r2")]
    for run in runs:
        world.log("A", run=run)
    (logged,) = of_type(world.events(), ArtifactLogged)
    assert isinstance(logged, ArtifactLogged)
    assert logged.run == "vision/mnist/r1"
    produced = [r for r in world.store.read_all() if isinstance(r.event, ArtifactProduced)]
    assert [r.stream for r in produced] == [f"run-{run}" for run in runs]


def test_an_output_edge_names_the_version_and_its_number(world: World) -> None:
    run = world.start().path
    world.log("A")
    logged = world.log("B", run=run)
    assert world.events()[-1] == ArtifactProduced(
        version=logged.version, artifact=logged.artifact, source_index=1
    )


def test_a_run_that_logs_the_same_twice_has_it_as_output_once(world: World) -> None:
    run = world.start().path
    world.log("A", run=run)
    assert world.done(logging("A", run=run)) == []


def test_logging_without_a_run_makes_no_edge(world: World) -> None:
    assert of_type(world.done(logging("A")), ArtifactProduced) == []


def test_a_run_that_is_not_there_is_refused_by_its_path(world: World) -> None:
    world.refused(logging("A", run="vision/mnist/none"), UnknownRun, run="vision/mnist/none")


def test_a_run_may_log_into_another_project_of_its_team(world: World) -> None:
    """Logged artifacts keep their own project even if the run is elsewhere."""
    run = world.start(project="svhn").path
    assert world.log("A", run=run).name == "vision/mnist/digits:v0"


def test_only_those_who_may_act_in_a_runs_team_may_log_as_that_run(world: World) -> None:
    world.organize(teams=("audio",), people=("eve",))
    theirs = world.start(entity="vision").path
    world.refused(
        logging("A", entity="audio", run=theirs), NotAMember, by="eve", actor="eve", entity="vision"
    )


# --- names and types ------------------------------------------------------------------------


def test_a_name_has_one_type_in_its_project(world: World) -> None:
    """`cats`/dataset and `cats`/model cannot coexist in a project."""
    world.log("A")
    for content in "A", "B":
        world.refused(
            logging(content, type="dataset"),
            TypeMismatch,
            name="vision/mnist/digits",
            type="model",
            asked="dataset",
        )
    assert world.log("A", type="dataset", project="svhn").index == 0


def test_a_name_that_a_collection_has_is_taken(world: World) -> None:
    """A name is unique in its project, whatever has it."""
    world.log("A")
    world.link("digits:v0", "mnist/linked")
    world.refused(
        logging("B", name="linked"),
        NameTaken,
        thing="collection",
        name="linked",
        scope="vision/mnist",
    )


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "ü", "x" * 129])
def test_a_name_that_breaks_the_rule_is_refused(world: World, name: str) -> None:
    world.refused(logging(name=name), InvalidName, thing="artifact", name=name)


@pytest.mark.parametrize(
    ("type", "name"),
    [
        ("job", "digits"),
        ("wandb-history", "digits"),
        ("run_table", "run-1-table"),
        ("code", "source-main"),
    ],
)
def test_reserved_types_are_refused(world: World, type: str, name: str) -> None:
    """`job` and `wandb-…` for any name, `run_table` for `run-…`, `code` for `source-…`."""
    world.refused(logging(type=type, name=name), InvalidType, type=type)


@pytest.mark.parametrize(("type", "name"), [("code", "digits"), ("run_table", "t"), ("", "d")])
def test_other_types_are_free(world: World, type: str, name: str) -> None:
    assert world.log("A", type=type, name=name).index == 0


@pytest.mark.parametrize("alias", ["", "v0", "v12", "a/b", "a:b"])
def test_aliases_that_are_empty_or_look_like_versions_are_refused(world: World, alias: str) -> None:
    """Custom aliases that look like `vN`, or are empty, are refused."""
    world.refused(logging("A", aliases=("fine", alias)), InvalidAlias, alias=alias)


def test_tags_that_break_the_rule_are_refused(world: World) -> None:
    world.refused(logging("A", tags=("good", "no/slash")), InvalidTag, tag="no/slash")


@pytest.mark.parametrize("project", ["", "a/b", "a#b", "x" * 129])
def test_a_project_that_breaks_the_rule_is_refused(world: World, project: str) -> None:
    world.refused(logging(project=project), InvalidName, thing="project", name=project)


def test_nothing_is_logged_into_a_registry(world: World) -> None:
    """A registry holds collections only; versions get there by links."""
    world.refused(
        logging(project="wandb-registry-model"),
        InvalidName,
        thing="project",
        name="wandb-registry-model",
    )


def test_metadata_is_kept_as_json_and_refused_where_json_has_no_word(world: World) -> None:
    """At most 100 top-level keys; NaN becomes null; Infinity is refused; tuples become lists."""
    metadata: Any = {"nan": float("nan"), "pair": (1, 2), 3: "three"}
    world.log("A", metadata=metadata)
    (logged,) = of_type(world.events(), ArtifactLogged)
    assert isinstance(logged, ArtifactLogged)
    assert logged.metadata == {"nan": None, "pair": [1, 2], "3": "three"}
    world.refused(logging("B", metadata={"x": float("inf")}), InvalidMetadata)
    many: Any = {f"k{n}": n for n in range(101)}
    world.refused(logging("B", metadata=many), InvalidMetadata)


@pytest.mark.parametrize("key", [None, "k"])
def test_what_utf8_cannot_hold_is_refused_before_anything_is_appended(
    world: World, key: str | None
) -> None:
    world.refused(logging("A", description="\ud800"), InvalidSetting, key=key)


# --- places and people ----------------------------------------------------------------------


@pytest.mark.parametrize("entity", ["nobody", "acme", "", "\ud800"])
def test_versions_are_logged_under_a_team_or_a_person_only(world: World, entity: str) -> None:
    world.refused(logging(entity=entity), InvalidSetting if entity == "\ud800" else UnknownEntity)


def test_a_person_logs_under_themselves_and_in_their_teams(world: World) -> None:
    world.organize(teams=("audio",), people=("eve",))
    for entity in "eve", "audio":
        assert world.do(logging(entity=entity), actor="eve").is_new
    refusal = world.refused(logging(entity="vision"), NotAMember, by="eve", entity="vision")
    assert refusal.entities == ("audio", "eve")


def test_an_organizations_admin_acts_in_all_its_teams(world: World) -> None:
    world.organize(teams=("audio",), people=("eve",))
    assert world.do(logging(entity="audio"), actor="ada").is_new


def test_an_admin_of_one_organization_is_nobody_in_another(world: World) -> None:
    """One store holds many organizations; nothing leaks between them."""
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes",))
    world.refused(logging(entity="bio"), NotAMember, by="ada")


def test_somebody_whom_the_store_does_not_know_acts_for_the_host(world: World) -> None:
    assert world.do(logging(), actor="service-42").is_new


def test_content_is_told_apart_by_its_digest_alone(world: World) -> None:
    world.log("A")
    assert world.log("A", manifest="0" * 64, size=99).is_new is False
    assert world.log("A", digest=digest("B")).is_new is True
