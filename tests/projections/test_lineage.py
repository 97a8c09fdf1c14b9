"""Given events of runs, then this is what came of what."""

from __future__ import annotations

import pytest

from stemmata_domain.errors import UnknownRun
from stemmata_domain.events import ArtifactProduced, ArtifactUsed, RunFinished
from stemmata_projections.lineage.graph import Run, RunOfVersion, VersionOfRun
from tests.projections.history import History, artifact, founded, logged, moment, started

R1, R2 = "run-vision/mnist/r1", "run-vision/mnist/r2"


def used(source: int, *, through: str = "art", index: int | None = None) -> ArtifactUsed:
    return ArtifactUsed(
        version=f"art:{source}",
        artifact="art",
        source_index=source,
        through=through,
        through_index=source if index is None else index,
    )


def produced(source: int, artifact: str = "art") -> ArtifactProduced:
    return ArtifactProduced(version=f"{artifact}:{source}", artifact=artifact, source_index=source)


@pytest.fixture
def history() -> History:
    history = artifact(artifact(founded()), "other", name="others", project="p2", type="dataset")
    return history.happened("artifact-art", logged(0), logged(1)).happened(
        "artifact-other", logged(0, artifact="other")
    )


def test_a_run_has_what_it_was_started_with(history: History) -> None:
    history.happened(R1, started("r1"), actor="bob")
    assert history.graph().run("vision/mnist/r1") == Run(
        path="vision/mnist/r1",
        entity="vision",
        project="mnist",
        id="r1",
        name="name of r1",
        job_type="train",
        config={"lr": 0.1, "nested": {"a": None}},
        state="running",
        started_at=moment(history.head),
        started_by="bob",
        finished_at=None,
    )


def test_a_run_ends_in_a_state_and_was_running_before(history: History) -> None:
    history.happened(R1, started("r1"), RunFinished(state="crashed"), actor="bob")
    ended = history.graph().run("vision/mnist/r1")
    assert (ended.state, ended.finished_at) == ("crashed", moment(history.head))
    assert (ended.started_by, ended.config["lr"]) == ("bob", 0.1)
    before = history.graph(at=history.head - 1).run("vision/mnist/r1")
    assert (before.state, before.finished_at) == ("running", None)


def test_a_run_that_never_began_is_unknown(history: History) -> None:
    with pytest.raises(UnknownRun, match="'vision/mnist/r1' not found"):
        history.graph().run("vision/mnist/r1")
    history.happened(R1, started("r1"))
    with pytest.raises(UnknownRun):
        history.graph(at=history.head - 1).run("vision/mnist/r1")


def test_users_are_found_through_whatever_they_addressed(history: History) -> None:
    """Semantics §10: `used_by` finds the runs that used the artifact or any of its links."""
    history.happened(R1, started("r1")).happened(R2, started("r2"))
    history.happened(R2, used(1)).happened(R1, used(1, through="col", index=7), used(0))
    graph = history.graph()
    assert graph.users_of("art:1") == [
        RunOfVersion(
            run=graph.run("vision/mnist/r2"), through="art", index=1, at=moment(history.head - 2)
        ),
        RunOfVersion(
            run=graph.run("vision/mnist/r1"), through="col", index=7, at=moment(history.head - 1)
        ),
    ]
    assert [each.run.id for each in graph.users_of("art:0")] == ["r1"]
    assert graph.users_of("nothing") == graph.producers_of("art:1") == []


def test_a_run_that_used_a_version_in_two_ways_is_found_twice(history: History) -> None:
    history.happened(R1, started("r1"), used(1), used(1, through="col", index=0))
    assert [each.through for each in history.graph().users_of("art:1")] == ["art", "col"]
    assert [each.through for each in history.graph().used_by_run("vision/mnist/r1")] == [
        "art",
        "col",
    ]


def test_every_run_that_logged_a_version_produced_it(history: History) -> None:
    """Semantics §D: every logging run gets an output edge; the first one made it."""
    history.happened(R2, started("r2"), produced(0)).happened(R1, started("r1"), produced(0))
    graph = history.graph()
    assert [each.run.id for each in graph.producers_of("art:0")] == ["r2", "r1"]
    assert [(each.through, each.index) for each in graph.producers_of("art:0")] == [("art", 0)] * 2
    assert graph.users_of("art:0") == []


def test_a_run_knows_its_inputs_and_outputs_in_their_order(history: History) -> None:
    """Semantics §10: a version keeps its own project even if the run is elsewhere."""
    history.happened(R1, started("r1"), produced(0, "other"), used(1), used(0), produced(1))
    graph = history.graph()
    assert graph.used_by_run("vision/mnist/r1") == [
        VersionOfRun(
            version="art:1",
            name="vision/mnist/digits:v1",
            type="model",
            through="art",
            index=1,
            at=moment(history.head - 2),
        ),
        VersionOfRun(
            version="art:0",
            name="vision/mnist/digits:v0",
            type="model",
            through="art",
            index=0,
            at=moment(history.head - 1),
        ),
    ]
    assert [(each.name, each.type) for each in graph.produced_by_run("vision/mnist/r1")] == [
        ("vision/p2/others:v0", "dataset"),
        ("vision/mnist/digits:v1", "model"),
    ]
    assert graph.used_by_run("nothing") == graph.produced_by_run("nothing") == []


def test_edges_begin_at_their_event(history: History) -> None:
    history.happened(R1, started("r1"), used(0), produced(1))
    past = history.graph(at=history.head - 1)
    assert [each.version for each in past.used_by_run("vision/mnist/r1")] == ["art:0"]
    assert past.produced_by_run("vision/mnist/r1") == []
    assert past.producers_of("art:1") == []
    assert history.graph(at=history.head - 2).users_of("art:0") == []


def test_what_happened_at_one_moment_is_told_in_the_order_of_the_log(history: History) -> None:
    history.happened(R2, started("r2")).happened(R1, started("r1"))
    noon = moment(0)
    for stream, event in (
        (R2, used(0, through="zz")),
        (R1, used(1)),
        (R1, used(0, through="links")),
        (R1, used(0)),
    ):
        history.happened(stream, event)
        history.recorded[-1] = history.recorded[-1]._replace(time=noon)
    users = [(each.run.id, each.through) for each in history.graph().users_of("art:0")]
    assert users == [("r2", "zz"), ("r1", "links"), ("r1", "art")]
    inputs = history.graph().used_by_run("vision/mnist/r1")
    assert [(each.version, each.through) for each in inputs] == [
        ("art:1", "art"),
        ("art:0", "links"),
        ("art:0", "art"),
    ]
