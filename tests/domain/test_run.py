"""A run has inputs and outputs, each once, and ends in one state."""

import pytest

from stemmata_domain.aggregates.run import (
    RUN,
    FinishRun,
    ProduceVersion,
    StartRun,
    UseVersion,
    path_of,
)
from stemmata_domain.errors import RunNotActive, UnknownRun
from stemmata_domain.events import (
    ArtifactProduced,
    ArtifactUsed,
    RunFinished,
    RunStarted,
    TeamCreated,
)
from tests.domain.specification import specify

run = specify(RUN)

STARTED = RunStarted(
    run="r1", entity="vision", project="mnist", name="train", job_type="fit", config={"lr": 0.1}
)


def use(through: str = "c1", index: int = 3) -> UseVersion:
    return UseVersion(
        version="a1:0", artifact="a1", source_index=0, through=through, through_index=index
    )


def used(through: str = "c1", index: int = 3) -> ArtifactUsed:
    return ArtifactUsed(
        version="a1:0", artifact="a1", source_index=0, through=through, through_index=index
    )


PRODUCE = ProduceVersion(version="a1:0", artifact="a1", source_index=0)
PRODUCED = ArtifactProduced(version="a1:0", artifact="a1", source_index=0)
FINISHED = RunFinished(state="finished")


def test_a_run_starts_once() -> None:
    start = StartRun(
        run="r1", entity="vision", project="mnist", name="train", job_type="fit", config={"lr": 0.1}
    )
    run.when(start).then(STARTED)
    run.given(STARTED).when(start).then_refused(RunNotActive, run="vision/mnist/r1")


def test_a_version_is_an_input_with_the_collection_through_which_it_was_addressed() -> None:
    """Using a version records an input edge with what it was addressed through."""
    run.given(STARTED).when(use()).then(used())


def test_using_a_version_again_adds_nothing() -> None:
    """Using is idempotent."""
    run.given(STARTED, used()).when(use()).then_nothing()


def test_using_a_version_through_another_collection_is_another_input() -> None:
    run.given(STARTED, used()).when(use("c2", 0)).then(used("c2", 0))


def test_a_version_is_an_output_once() -> None:
    run.given(STARTED).when(PRODUCE).then(PRODUCED)
    run.given(STARTED, PRODUCED).when(PRODUCE).then_nothing()


def test_a_version_may_be_input_and_output_of_one_run() -> None:
    run.given(STARTED, PRODUCED).when(use("a1", 0)).then(used("a1", 0))


def test_a_run_ends_in_one_state() -> None:
    given = run.given(STARTED)
    given.when(FinishRun()).then(FINISHED)
    given.when(FinishRun(state="crashed")).then(RunFinished(state="crashed"))
    ended = run.given(STARTED, FINISHED)
    ended.when(FinishRun()).then_nothing()
    ended.when(FinishRun(state="failed")).then_refused(
        RunNotActive, run="vision/mnist/r1", rule="has ended already, as finished"
    )


def test_a_finished_run_may_still_use_and_produce() -> None:
    """Versions may be attached to finished runs."""
    ended = run.given(STARTED, FINISHED)
    ended.when(use()).then(used())
    ended.when(PRODUCE).then(PRODUCED)


@pytest.mark.parametrize(
    "command", [use(), PRODUCE, FinishRun()], ids=lambda command: type(command).__name__
)
def test_a_run_that_never_began_can_do_nothing(
    command: UseVersion | ProduceVersion | FinishRun,
) -> None:
    run.when(command).then_refused(UnknownRun)


def test_its_state_is_what_its_events_say() -> None:
    state = run.state(STARTED, used(), PRODUCED, FINISHED)
    assert state.path == path_of("vision", "mnist", "r1") == "vision/mnist/r1"
    assert (state.entity, state.project, state.state) == ("vision", "mnist", "finished")


def test_an_event_of_another_aggregate_leaves_it_as_it_is() -> None:
    assert run.state(STARTED, TeamCreated(team="x")) == run.state(STARTED)
