"""Asking what came of what: a dataset, the models made of it, and who shows them to the world."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import stemmata
from stemmata.stemma import Stemma
from stemmata_domain.errors import (
    InvalidMoment,
    InvalidSetting,
    UnknownRun,
    UnknownVersion,
)
from stemmata_projections.lineage.nodes import RunNode, VersionNode
from tests.stories.command_line import answers, refused, succeeds

RAW, CLEAN, DIGITS = "vision/mnist/raw:v0", "vision/mnist/clean:v0", "vision/mnist/digits:v0"
LINKED = "wandb-registry-model/Digits"
PREPARE, TRAIN, TRY = "vision/mnist/prepare", "vision/mnist/train", "vision/lab/try"


def log(
    stemma: Stemma, name: str, type: str, *, run: str | None = None, entity: str = "vision"
) -> str:
    content = f"{name} {type}".encode().hex()[-32:].rjust(32, "0")
    manifest = content.rjust(64, "0")
    made = stemma.log(
        f"{entity}/mnist/{name}",
        type=type,
        manifest=manifest,
        digest=content,
        size=1,
        file_count=1,
        run=run,
    )
    return made.name


@pytest.fixture
def family(acme: Path) -> Iterator[Stemma]:
    """Raw → prepare → clean → train → digits, linked as production; and a run that only tried."""
    with stemmata.open(entity="vision") as stemma:
        log(stemma, "raw", "dataset")
        for run, project, takes, name, type in (
            ("prepare", "mnist", RAW, "clean", "dataset"),
            ("train", "mnist", CLEAN, "digits", "model"),
        ):
            stemma.start_run(run=run, entity="vision", project=project)
            stemma.use(takes, run=f"vision/{project}/{run}")
            log(stemma, name, type, run=f"vision/{project}/{run}")
            stemma.finish_run(f"vision/{project}/{run}")
        stemma.link(DIGITS, LINKED, aliases=["production"])
        stemma.start_run(run="try", entity="vision", project="lab")
        stemma.use(f"{LINKED}:production", run=TRY)
        yield stemma


def names(nodes: tuple[VersionNode | RunNode, ...]) -> list[str]:
    return [node.title for node in nodes]


def test_a_version_has_ancestors_and_descendants(family: Stemma) -> None:
    graph = family.lineage(CLEAN)
    assert names(graph.nodes) == [RAW, PREPARE, CLEAN, TRAIN, DIGITS, TRY]
    assert names(family.lineage(CLEAN, direction="upstream").nodes) == [RAW, PREPARE, CLEAN]
    assert names(graph.roots()) == [RAW]
    assert names(graph.leaves()) == [TRY]
    assert graph.how_to_go_on is None


def test_a_linked_name_shows_its_sources_graph_and_nodes_their_links(family: Stemma) -> None:
    graph = family.lineage(f"{LINKED}:production")
    assert graph == family.lineage(DIGITS)
    start = graph.node(graph.start)
    assert isinstance(start, VersionNode)
    assert [(link.name, link.aliases) for link in start.links] == [
        (f"{LINKED}:v0", ("latest", "production"))
    ]
    assert graph.edges[-1].through == (f"{LINKED}:v0",)


def test_a_run_can_be_the_start(family: Stemma) -> None:
    graph = family.lineage(run=TRAIN, depth=1)
    assert names(graph.nodes) == [CLEAN, TRAIN, DIGITS]
    assert graph.is_cut
    assert [(cut.title, cut.way) for cut in graph.cuts] == [
        (CLEAN, "upstream"),
        (DIGITS, "downstream"),
    ]


def test_filters_say_what_is_looked_for(family: Stemma) -> None:
    models = family.lineage(RAW, types=["model"])
    assert names(models.nodes) == [RAW, PREPARE, CLEAN, TRAIN, DIGITS]
    assert [node.title for node in models.nodes if node.matches] == [DIGITS]
    running = family.lineage(RAW, states=["running"])
    assert [node.title for node in running.nodes if node.matches] == [TRY]
    for project in ("lab", "vision/lab"):
        found = family.lineage(RAW, projects=[project])
        assert [node.title for node in found.nodes if node.matches] == [TRY]
    assert names(family.lineage(RAW, since="2999-01-01T00:00Z").nodes) == [RAW]
    assert names(family.lineage(RAW, until="1999-01-01T00:00Z").nodes) == [RAW]
    assert len(family.lineage(RAW, since="1999-01-01T00:00Z").nodes) == 6
    # One word is meant as one word.
    assert family.lineage(RAW, types="model") == models  # type: ignore[arg-type,unused-ignore]


def test_the_past_had_less(family: Stemma) -> None:
    last = [e.position for e in family.replay() if e.event.topic == "ArtifactUsed"][-1]
    then = family.as_of(last - 1)
    assert names(then.lineage(RAW).nodes) == [RAW, PREPARE, CLEAN, TRAIN, DIGITS]
    assert then.impact(RAW).totals.runs == 2
    with pytest.raises(UnknownRun):
        family.as_of(last - 2).lineage(run=TRY)


def test_a_deleted_version_is_still_an_ancestor_and_can_be_asked_about(family: Stemma) -> None:
    family.delete(CLEAN, delete_aliases=True)
    graph = family.lineage(DIGITS, direction="upstream")
    assert names(graph.nodes) == [RAW, PREPARE, CLEAN, TRAIN, DIGITS]
    assert family.lineage(CLEAN) == family.lineage("mnist/clean:v0")
    assert names(family.lineage(CLEAN, direction="upstream").nodes) == [RAW, PREPARE, CLEAN]
    assert [row.name for row in family.impact(CLEAN).rows] == [DIGITS]
    assert family.paths(RAW, DIGITS).shortest == tuple(node.id for node in graph.nodes)
    with pytest.raises(UnknownVersion):
        family.lineage("vision/mnist/clean:latest")
    with pytest.raises(UnknownVersion):
        family.lineage("vision/mnist/clean:v7")


def test_impact_tells_what_came_of_it_and_who_holds_on_to_it(family: Stemma) -> None:
    impact = family.impact(RAW)
    assert [(row.generation, row.name, row.type, row.runs) for row in impact.rows] == [
        (1, CLEAN, "dataset", (PREPARE,)),
        (2, DIGITS, "model", (TRAIN,)),
    ]
    assert impact.rows[1].links[0].aliases == ("latest", "production")
    assert [(run.id, run.state, run.generation) for run in impact.runs] == [
        (PREPARE, "finished", 1),
        (TRAIN, "finished", 2),
        (TRY, "running", 3),
    ]
    totals = impact.totals
    assert (totals.versions, totals.runs, totals.links, totals.registries) == (2, 3, 1, 1)
    assert totals.running == 1
    assert family.impact(RAW, depth=1).is_cut
    assert [row.name for row in family.impact(run=TRAIN).rows] == [DIGITS]
    nothing = family.impact(run=TRY)
    assert (nothing.rows, nothing.runs, nothing.is_cut) == ((), (), False)


def test_paths_lead_from_one_version_to_what_came_of_it(family: Stemma) -> None:
    found = family.paths(RAW, f"{LINKED}:production")
    assert found.shortest == tuple(node.id for node in found.graph.nodes)
    assert names(found.graph.nodes) == [RAW, PREPARE, CLEAN, TRAIN, DIGITS]
    assert (len(found.paths), found.is_cut) == (1, False)
    back = family.paths(DIGITS, RAW)
    assert (back.paths, back.shortest, names(back.graph.nodes)) == ((), None, [DIGITS])


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"name": RAW, "direction": "sideways"}, InvalidSetting),
        ({"name": RAW, "depth": -1}, InvalidSetting),
        ({"name": RAW, "depth": True}, InvalidSetting),
        ({"name": RAW, "limit": 0}, InvalidSetting),
        ({"name": RAW, "states": ["done"]}, InvalidSetting),
        ({"name": RAW, "types": [7]}, InvalidSetting),
        ({"name": RAW, "types": 7}, InvalidSetting),
        ({"name": RAW, "since": "2026-03-03"}, InvalidMoment),
        ({"name": RAW, "until": 7}, InvalidMoment),
        ({"name": RAW, "run": TRAIN}, InvalidSetting),
        ({}, InvalidSetting),
        ({"run": "vision/mnist/none"}, UnknownRun),
        ({"name": "vision/mnist/raw:v9"}, UnknownVersion),
        ({"name": f"{LINKED}:v9"}, UnknownVersion),
    ],
)
def test_what_cannot_be_asked_is_refused(
    family: Stemma, asked: Mapping[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        family.lineage(**asked)


@pytest.mark.parametrize("most", [0, -1, 1.5, True, None])
def test_a_number_of_paths_that_is_none_is_refused(family: Stemma, most: Any) -> None:
    with pytest.raises(InvalidSetting):
        family.paths(RAW, DIGITS, most=most)


# --- on the command line -------------------------------------------------------------------------


@pytest.fixture
def told(family: Stemma, monkeypatch: pytest.MonkeyPatch) -> Stemma:
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    return family


def test_the_terminal_shows_a_tree(told: Stemma) -> None:
    assert succeeds("lineage", "mnist/clean").out.splitlines() == [
        f"{CLEAN} (dataset; latest)",
        "",
        "Upstream, what it came from:",
        f"  └─ run {PREPARE} (finished)",
        f"     └─ {RAW} (dataset; latest)",
        "",
        "Downstream, what came of it:",
        f"  └─ run {TRAIN} (finished)",
        f"     └─ {DIGITS} (model; latest), linked as {LINKED}:v0 (latest, production)",
        f"        └─ run {TRY} (running)",
    ]
    up = succeeds("lineage", "mnist/clean", "--up").out
    assert "Upstream" in up
    assert "Downstream" not in up
    assert succeeds("lineage", "mnist/clean", "--up", "--down").out == (
        succeeds("lineage", "mnist/clean").out
    )
    assert "nothing that is recorded" in succeeds("lineage", RAW, "--up").out


def test_the_terminal_says_where_a_tree_is_cut(told: Stemma) -> None:
    tree = succeeds("lineage", RAW, "--down", "--depth", "1").out
    assert "… 1 more, not followed" in tree
    assert (
        f"This is not all: at {CLEAN}, 1 edge was not followed; ask with a greater depth than 1, "
        "or for the lineage of it." in tree
    )
    assert "greater limit than 2" in succeeds("lineage", RAW, "--limit", "2").out


def test_every_option_of_the_command_line_reaches_the_question(told: Stemma) -> None:
    def matching(*options: str) -> list[str]:
        graph = answers("lineage", RAW, *options)
        return [
            node["name"] if node["kind"] == "version" else node["id"]
            for node in graph["nodes"]
            if node["matches"]
        ]

    assert matching("--type", "model") == [DIGITS]
    assert matching("--type", "model", "--state", "running") == [DIGITS, TRY]
    assert matching("--project", "lab") == [TRY]
    assert matching("--since", "2999-01-01T00:00Z") == []
    assert matching("--until", "1999-01-01T00:00Z") == []
    run = answers("lineage", "--run", TRY, "--down")
    assert [node["id"] for node in run["nodes"]] == [TRY]
    past = told.position() - 1
    assert len(answers("lineage", RAW, "--as-of", str(past))["nodes"]) == 5


def test_formats_are_the_graphs_own(told: Stemma) -> None:
    graph = told.lineage(RAW)
    assert json.loads(succeeds("lineage", RAW, "--format", "json").out) == graph.to_json()
    assert answers("lineage", RAW) == graph.to_json()
    assert succeeds("lineage", RAW, "--format", "mermaid").out == graph.to_mermaid()
    assert succeeds("lineage", RAW, "--format", "dot").out == graph.to_dot()


def test_impact_is_a_table(told: Stemma) -> None:
    lines = succeeds("impact", RAW).lines
    assert lines[0] == f"Of {RAW} came 2 versions in 3 runs."
    assert lines[1:5] == [
        "Versions that an alias names: 2.",
        "Links of them: 1.",
        "Registries that have such links: 1.",
        "Runs that have not ended: 1.",
    ]
    (row,) = [line for line in lines if line.startswith("2") and DIGITS in line]
    assert f"{LINKED}:v0 (latest, production)" in row
    assert row.endswith(TRAIN)
    assert any(TRY in line and "running" in line for line in lines)
    assert answers("impact", RAW) == told.impact(RAW).to_json()
    assert succeeds("impact", "--run", TRY).lines == [f"Nothing that is recorded came of {TRY}."]
    assert "greater depth than 0" in succeeds("impact", RAW, "--depth", "0").out


def test_reach_is_counted_and_its_ids_are_in_the_document(told: Stemma) -> None:
    assert succeeds("reach", RAW).lines == [
        f"Of {RAW} came 2 versions and 3 runs, over 3 generations."
    ]
    linked = f"{LINKED}:production"
    assert succeeds("reach", linked, "--up").lines == [
        f"{linked} came from 2 versions and 2 runs, over 2 generations."
    ]
    assert succeeds("reach", "--run", TRY).lines == [f"Nothing that is recorded came of {TRY}."]
    assert succeeds("reach", RAW, "--up").lines == [f"{RAW} came from nothing that is recorded."]
    assert answers("reach", RAW) == told.reach(RAW).to_json()
    assert answers("reach", linked, "--up") == told.reach(linked, direction="upstream").to_json()
    past = told.position() - 3
    assert answers("reach", RAW, "--as-of", str(past)) == told.as_of(past).reach(RAW).to_json()
    assert "give the name of a version or the path of a run" in refused("reach")


def test_paths_are_shown_one_by_one(told: Stemma) -> None:
    assert succeeds("paths", RAW, f"{LINKED}:production").out.splitlines() == [
        RAW,
        f"  → run {PREPARE}",
        f"  → {CLEAN}",
        f"  → run {TRAIN}",
        f"  → {DIGITS}",
    ]
    assert answers("paths", RAW, DIGITS) == told.paths(RAW, DIGITS).to_json()
    assert succeeds("paths", DIGITS, RAW).lines == [f"No path is recorded from {DIGITS} to {RAW}."]


def test_the_command_line_says_that_there_are_more_paths(told: Stemma) -> None:
    told.start_run(run="again", entity="vision", project="mnist")
    told.use(CLEAN, run="vision/mnist/again")
    log(told, "digits", "model", run="vision/mnist/again")
    assert "There are more paths than 1; ask for more with --most." in (
        succeeds("paths", RAW, DIGITS, "--most", "1").out
    )
    assert len(answers("paths", RAW, DIGITS)["paths"]) == 2


def test_the_command_line_refuses_in_one_line(told: Stemma) -> None:
    assert "give the name of a version or the path of a run" in refused("lineage")
    assert "greater" not in refused("lineage", RAW, "--depth", "-1")
    assert "a run is one of" in refused("lineage", RAW, "--state", "done")
    assert "nowhere" in refused("impact", "vision/mnist/nowhere:v0")
    refused("lineage", RAW, "--format", "png", code=2)


def test_how_far_a_thing_reaches(family: Stemma) -> None:
    ids = {name: family.resolve(name).id for name in (RAW, CLEAN, DIGITS)}
    down = family.reach(RAW)
    assert down.versions == (ids[CLEAN], ids[DIGITS])
    assert down.runs == (PREPARE, TRAIN, TRY)
    assert (down.start, down.direction, down.generations, len(down)) == (
        ids[RAW],
        "downstream",
        3,
        5,
    )
    up = family.reach(f"{LINKED}:production", direction="upstream")
    assert (up.versions, up.runs) == ((ids[CLEAN], ids[RAW]), (TRAIN, PREPARE))
    assert family.reach(run=TRAIN).to_json() == {
        "start": TRAIN,
        "direction": "downstream",
        "versions": [ids[DIGITS]],
        "runs": [TRY],
        "generations": 2,
    }
    before = family.as_of(family.position() - 3).reach(RAW)
    assert TRY not in before.runs
    with pytest.raises(InvalidSetting, match="upstream, downstream"):
        family.reach(RAW, direction="both")  # type: ignore[arg-type]  # refused, it is both of them
    with pytest.raises(UnknownVersion):
        family.reach("vision/mnist/raw:v9")


def test_many_edges_in_memory_change_no_answer(
    family: Stemma,
) -> None:
    kept = family._kept_graph
    asked = family.lineage(RAW), family.impact(CLEAN), family.paths(RAW, DIGITS)
    kept.found(10**6)
    assert (family.lineage(RAW), family.impact(CLEAN), family.paths(RAW, DIGITS)) == asked
    assert kept.by(None) is not None
    family.start_run(run="again", entity="vision", project="lab")
    family.use(DIGITS, run="vision/lab/again")
    assert "vision/lab/again" in family.reach(RAW).runs
    assert kept.by(None) is not None
    family.rebuild()
    assert kept.by(None) is None
    assert "vision/lab/again" in family.reach(RAW).runs


@pytest.mark.parametrize("given", [-1, 1.5, True, "many"])
def test_how_many_edges_may_be_in_memory_is_a_number(acme: Path, given: Any) -> None:
    with pytest.raises(InvalidSetting, match="whole number from 0 on"):
        stemmata.open(entity="vision", graph_edges=given)


def test_without_edges_in_memory_all_is_answered_too(acme: Path, family: Stemma) -> None:
    with stemmata.open(entity="vision", graph_edges=0) as other:
        other._kept_graph.found(10**6)
        assert other.lineage(RAW) == family.lineage(RAW)
        assert other._kept_graph.by(None) is None
