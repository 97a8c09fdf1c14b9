"""Runs: what they use and produce, through which name it was addressed, and how they end."""

from typing import Any

import pytest

from stemmata_domain.commands.organize import MakeCollection
from stemmata_domain.commands.run import Finish, Start, Use
from stemmata_domain.errors import (
    InvalidName,
    InvalidSetting,
    NotAMember,
    RunNotActive,
    TypeMismatch,
    UnknownArtifact,
    UnknownEntity,
    UnknownRun,
    UnknownVersion,
)
from stemmata_domain.events import ArtifactUsed, RunFinished, RunStarted
from tests.domain.specification import World, organized

RUN = "vision/mnist/r1"


@pytest.fixture
def world() -> World:
    world = organized()
    world.log("A")
    world.log("B")
    world.start()
    return world


def test_a_run_starts_with_its_config(world: World) -> None:
    command = Start(
        entity="vision",
        project="svhn",
        run="r1",
        name="train",
        job_type="fit",
        config={"lr": 0.1, "layers": [1, 2]},
    )
    assert world.done(command) == [
        RunStarted(
            run="r1",
            entity="vision",
            project="svhn",
            name="train",
            job_type="fit",
            config={"lr": 0.1, "layers": [1, 2]},
        )
    ]
    world.refused(command, RunNotActive, run="vision/svhn/r1")


def test_a_run_without_an_id_gets_one_that_no_other_has(world: World) -> None:
    # Ids are counted here, so what comes next is known.
    after = int(world.ids.new(), 16)
    world.start(f"{after + 1:08x}")
    last = int(world.ids.new(), 16)
    world.start(f"{last + 2:08x}")
    path = world.do(Start(entity="vision", project="mnist")).path
    started = world.events()[-1]
    assert isinstance(started, RunStarted)
    assert path == f"vision/mnist/{started.run}"
    assert started.name == started.run == f"{last + 3:08x}"


def test_the_same_id_in_another_project_is_another_run(world: World) -> None:
    assert world.start("r1", project="svhn").path == "vision/svhn/r1"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (Start(entity="nobody", project="p", run="r", name=""), UnknownEntity),
        (Start(entity="vision", project="", run="r", name=""), InvalidName),
        (Start(entity="vision", project="a/b", run="r", name=""), InvalidName),
        (Start(entity="vision", project="wandb-registry-model", run="r", name=""), InvalidName),
        (Start(entity="vision", project="p", run="a/b", name=""), InvalidName),
    ],
    ids=str,
)
def test_a_run_needs_a_place_and_an_id(
    world: World, command: Start, error: type[Exception]
) -> None:
    world.refused(command, error)


def test_a_run_without_an_id_gets_one_that_no_run_of_the_project_has(world: World) -> None:
    taken = f"{world.ids._next + 1:032x}"[-8:]
    world.start(taken)
    started = world.do(Start(entity="vision", project="mnist"))
    assert started.path.startswith("vision/mnist/")
    run = started.path.rpartition("/")[2]
    assert (len(run), run) != (8, taken)
    event = world.events()[-1]
    assert isinstance(event, RunStarted)
    assert (event.run, event.name) == (run, run)


def test_a_start_that_is_repeated_under_its_key_is_one_run(world: World) -> None:
    first = world.do(Start(entity="vision", project="mnist"), key="k")
    assert world.do(Start(entity="vision", project="mnist"), key="k") == first
    assert world.do(Start(entity="vision", project="mnist"), key="l") != first


def test_using_a_source_records_the_artifact_it_was_addressed_through(world: World) -> None:
    """An input edge run ← artifact, with what it was addressed through."""
    version = world.log("A")
    (used,) = world.done(Use(run=RUN, name="digits:v0"))
    assert used == ArtifactUsed(
        version=version.version,
        artifact=version.artifact,
        source_index=0,
        through=version.artifact,
        through_index=0,
    )


def test_using_a_link_records_the_collection_it_was_addressed_through(world: World) -> None:
    """Uses of a version through any of its links are uses of the version."""
    linked = world.link("digits:v1", "wandb-registry-model/Digits", "prod")
    before = world.store.head()
    used = world.do(Use(run=RUN, name="wandb-registry-model/Digits:prod"))
    assert (used.line, used.index, used.version) == (linked.collection, 0, linked.version)
    (event,) = world.events(after=before)
    assert isinstance(event, ArtifactUsed)
    assert (event.version, event.source_index) == (linked.version, 1)
    assert (event.through, event.through_index) == (linked.collection, 0)


def test_using_again_adds_nothing(world: World) -> None:
    """Using is idempotent."""
    world.do(Use(run=RUN, name="digits:v0"))
    assert world.done(Use(run=RUN, name="digits:v0")) == []
    assert len(world.done(Use(run=RUN, name="digits:v1"))) == 1


def test_using_by_another_name_is_another_edge(world: World) -> None:
    world.link("digits:v0")
    assert len(world.done(Use(run=RUN, name="digits:v0"))) == 1
    assert len(world.done(Use(run=RUN, name="wandb-registry-model/Digits:v0"))) == 1


def test_names_are_completed_by_the_runs_entity_and_project(world: World) -> None:
    world.log("C", project="svhn", name="numbers")
    world.do(Use(run=RUN, name="digits:v0"))
    world.do(Use(run=RUN, name="svhn/numbers:v0"))
    world.do(Use(run=RUN, name="vision/svhn/numbers:latest"))
    world.refused(Use(run=RUN, name="numbers:v0"), UnknownArtifact, name="numbers:v0")


def test_a_type_that_is_given_has_to_be_the_versions(world: World) -> None:
    """Type given and different is refused."""
    world.do(Use(run=RUN, name="digits:v0", type="model"))
    world.refused(
        Use(run=RUN, name="digits:v1", type="dataset"), TypeMismatch, type="model", asked="dataset"
    )


def test_a_version_that_is_not_there_is_not_used(world: World) -> None:
    world.refused(Use(run=RUN, name="digits:v9"), UnknownVersion, version="v9")
    world.do(MakeCollection(target="wandb-registry-model/E", type="model", entity="vision"))
    world.refused(Use(run=RUN, name="wandb-registry-model/E"), UnknownVersion, version="latest")


def test_a_run_that_is_not_there_uses_and_ends_nothing(world: World) -> None:
    world.refused(
        Use(run="vision/mnist/none", name="digits:v0"), UnknownRun, run="vision/mnist/none"
    )
    world.refused(Finish(run="vision/mnist/none"), UnknownRun, run="vision/mnist/none")


def test_only_members_act_for_a_run(world: World) -> None:
    world.organize(teams=("audio",), people=("eve",))
    for command in (
        Use(run=RUN, name="digits:v0"),
        Finish(run=RUN),
        Start(entity="vision", project="mnist", run="r2", name=""),
    ):
        world.refused(command, NotAMember, by="eve", entity="vision")


@pytest.mark.parametrize(
    ("name", "by", "fine"),
    [
        ("digits:v0", "ada", True),
        ("wes/p/own:v0", "ada", False),
        ("bio/p/cells:v0", "ada", False),
        ("bio/p/cells:v0", "eve", True),
        ("wes/p/own:v0", "eve", True),
        ("ada/p/own:v0", "ada", True),
        ("bio/p/cells:v0", "host", True),
    ],
)
def test_a_person_uses_what_belongs_to_their_organizations(
    world: World, name: str, by: str, fine: bool
) -> None:
    """One store holds many organizations; nothing passes from one to another by somebody of one."""
    world.organize(teams=("vision",), people=("eve",))
    world.organize("Umbrella", entity="umbrella", teams=("bio",), people=("wes", "eve"))
    world.log("C", entity="bio", project="p", name="cells")
    world.log("D", entity="wes", project="p", name="own")
    world.log("E", entity="ada", project="p", name="own")
    command = Use(run=RUN, name=name)
    if fine:
        world.do(command, actor=by)
    else:
        world.refused(command, NotAMember, by=by, entity=name.partition("/")[0])


@pytest.mark.parametrize("state", ["", "running", "FINISHED", None, 7])
def test_a_run_ends_in_a_state_that_there_is(world: World, state: Any) -> None:
    world.refused(Finish(run=RUN, state=state), InvalidSetting, setting="state of a run")


def test_a_run_ends_in_one_of_a_few_states(world: World) -> None:
    state: Any = "exploded"
    world.refused(Finish(run=RUN, state=state), InvalidSetting, value="exploded")


def test_a_run_ends_once(world: World) -> None:
    assert world.done(Finish(run=RUN, state="failed")) == [RunFinished(state="failed")]
    assert world.done(Finish(run=RUN, state="failed")) == []
    world.refused(Finish(run=RUN), RunNotActive, run=RUN)


def test_a_finished_run_may_still_use_and_log(world: World) -> None:
    """Committed artifacts may be attached to finished runs."""
    world.do(Finish(run=RUN))
    assert len(world.done(Use(run=RUN, name="digits:v0"))) == 1
    assert world.log("C", run=RUN).is_new
