"""What a lineage graph knows of its nodes and edges, and how it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pydot
import pytest

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.events import (
    ArtifactProduced,
    ArtifactUsed,
    CollectionDeleted,
    RunFinished,
    RunStarted,
    VersionDeleted,
)
from stemmata_projections.lineage.exploring import explore
from stemmata_projections.lineage.impact import impact_in
from stemmata_projections.lineage.nodes import Edge, LinkedName, RunNode, VersionNode
from stemmata_projections.lineage.selection import Sought
from stemmata_projections.lineage.views import Graph
from stemmata_projections.view_store import ViewStore
from tests.projections.history import PROJECTIONS, History, artifact, logged, moment, three_versions
from tests.projections.pedigree import Pedigree

R1, R2 = "vision/mnist/r1", "vision/mnist/r2"

Given = Callable[[History], ViewStore]


@pytest.fixture(params=["memory", "sqlite"])
def views(request: pytest.FixtureRequest, tmp_path: Path) -> Given:
    """What follows a history, in memory and in SQLite."""

    def followed(history: History) -> ViewStore:
        if request.param == "memory":
            store: ViewStore = MemoryViewStore()
        else:
            (tmp_path / "views.db").touch()
            store = SqliteViewStore(SqliteDatabase(tmp_path / "views.db"))
        store.prepare(PROJECTIONS)
        changes = [
            (each.position, change)
            for each in history.recorded
            for projection in PROJECTIONS
            for change in projection.project(each)
        ]
        names = [projection.name for projection in PROJECTIONS]
        assert store.apply(names, changes, after=0, upto=history.head)
        return store

    return followed


def run(history: History, path: str, *events: object, name: str = "") -> History:
    entity, project, id = path.split("/")
    stream = f"run-{path}"
    if not any(each.stream == stream for each in history.recorded):
        begun = RunStarted(
            run=id, entity=entity, project=project, name=name or id, job_type="train", config={}
        )
        history.happened(stream, begun, actor="bob")
    return history.happened(stream, *events)  # type: ignore[arg-type]  # any events of runs


def used(source: int, *, through: str = "art", index: int | None = None) -> ArtifactUsed:
    return ArtifactUsed(
        version=f"art:{source}",
        artifact="art",
        source_index=source,
        through=through,
        through_index=source if index is None else index,
    )


def produced(source: int) -> ArtifactProduced:
    return ArtifactProduced(version=f"art:{source}", artifact="art", source_index=source)


@pytest.fixture
def history() -> History:
    """v0 was used by r1, in itself and through its link, and r1 produced v1, which r2 used."""
    history = run(three_versions(), R1, used(0), used(0, through="col", index=1), produced(1))
    return run(history, R2, used(1), RunFinished(state="failed"))


def only(graph: Graph, id: str) -> VersionNode:
    node = graph.node(id)
    assert isinstance(node, VersionNode)
    return node


def test_nodes_and_edges_have_all_that_is_known_of_them(history: History, views: Given) -> None:
    graph = explore(views(history), "art:0")
    head = history.head
    assert graph == Graph(
        start="art:0",
        direction="both",
        nodes=(
            VersionNode(
                id="art:0",
                name="vision/mnist/digits:v0",
                type="model",
                created_at=moment(10),
                created_by="ada",
                run=None,
                aliases=(),
                links=(LinkedName(name="wandb-registry-model/Digits:v1", aliases=("latest",)),),
                deleted_at=None,
                generation=0,
                matches=True,
            ),
            RunNode(
                id=R1,
                name="r1",
                job_type="train",
                state="running",
                started_at=moment(head - 6),
                started_by="bob",
                finished_at=None,
                generation=1,
                matches=True,
            ),
            VersionNode(
                id="art:1",
                name="vision/mnist/digits:v1",
                type="model",
                created_at=moment(12),
                created_by="ada",
                run=None,
                aliases=(),
                links=(LinkedName(name="wandb-registry-model/Digits:v0", aliases=("production",)),),
                deleted_at=None,
                generation=1,
                matches=True,
            ),
            RunNode(
                id=R2,
                name="r2",
                job_type="train",
                state="failed",
                started_at=moment(head - 2),
                started_by="bob",
                finished_at=moment(head),
                generation=2,
                matches=True,
            ),
        ),
        edges=(
            Edge(
                source="art:0",
                target=R1,
                kind="used",
                through=("vision/mnist/digits:v0", "wandb-registry-model/Digits:v1"),
                at=moment(head - 5),
                by="ada",
            ),
            Edge(
                source=R1,
                target="art:1",
                kind="produced",
                through=(),
                at=moment(head - 3),
                by="ada",
            ),
            Edge(
                source="art:1",
                target=R2,
                kind="used",
                through=("vision/mnist/digits:v1",),
                at=moment(head - 1),
                by="ada",
            ),
        ),
    )


def test_a_deleted_version_stays_with_its_name_and_what_came_of_it(
    history: History, views: Given
) -> None:
    history.happened("artifact-art", VersionDeleted(version="art:1", index=1))
    store = views(history)
    graph = explore(store, "art:0")
    gone = only(graph, "art:1")
    assert (gone.name, gone.deleted_at) == ("vision/mnist/digits:v1", moment(history.head))
    assert (gone.created_at, gone.created_by) == (moment(12), "ada")
    assert gone.is_deleted
    assert R2 in graph
    assert only(explore(store, "art:0", at=history.head - 1), "art:1").deleted_at is None
    (row,) = impact_in(explore(store, "art:0", direction="downstream")).rows
    assert (row.id, row.deleted_at) == ("art:1", moment(history.head))


def test_a_use_through_a_collection_that_is_gone_still_says_its_name(
    history: History, views: Given
) -> None:
    history.happened("collection-col", CollectionDeleted(collection="col"))
    graph = explore(views(history), "art:0")
    assert only(graph, "art:0").links == ()
    assert graph.edges[0].through[1] == "wandb-registry-model/Digits:v1"


def test_as_of_a_position_a_graph_is_as_it_was(history: History, views: Given) -> None:
    store = views(history)
    for position in range(10, history.head + 1):
        then = explore(views_of(history.until(position)), "art:0")
        assert explore(store, "art:0", at=position) == then, position


def views_of(history: History) -> ViewStore:
    return history.views()


def test_a_run_starts_a_graph_with_its_inputs_and_outputs(history: History, views: Given) -> None:
    store = views(history)
    graph = explore(store, R1, is_run=True, depth=1)
    assert [(node.id, node.generation) for node in graph.nodes] == [
        ("art:0", -1),
        (R1, 0),
        ("art:1", 1),
    ]
    assert [(cut.node, cut.way, cut.edges, cut.bound) for cut in graph.cuts] == [
        ("art:1", "downstream", 1, "depth")
    ]
    alone = explore(store, R1, is_run=True, depth=0)
    assert [node.id for node in alone.nodes] == [R1]
    assert {(cut.way, cut.edges) for cut in alone.cuts} == {("upstream", 1), ("downstream", 1)}


def test_what_is_sought_by_time_begins_with_since_and_ends_before_until(
    history: History, views: Given
) -> None:
    store = views(history)

    def found(*, since: int, until: int = 10_000) -> list[str]:
        sought = Sought(since=moment(since), until=moment(until))
        return [node.id for node in explore(store, "art:0", sought=sought).nodes if node.matches]

    head = history.head
    assert found(since=10, until=12) == ["art:0"]
    assert found(since=12, until=head - 6) == ["art:1"]
    assert found(since=head - 6) == [R1, R2]
    assert found(since=head - 5, until=head - 2) == []


def test_roots_and_leaves_are_where_a_graph_begins_and_ends(history: History, views: Given) -> None:
    graph = explore(views(history), "art:1")
    assert [node.id for node in graph.roots()] == ["art:0"]
    assert [node.id for node in graph.leaves()] == [R2]


# --- how it is said that there is more -----------------------------------------------------------


def test_a_graph_that_is_whole_says_nothing_of_bounds(history: History, views: Given) -> None:
    graph = explore(views(history), "art:0", depth=2, limit=4)
    assert not graph.is_cut
    assert graph.how_to_go_on is None
    assert "not followed" not in graph.to_tree() + graph.to_mermaid() + graph.to_dot()


def test_a_cut_graph_says_where_and_how_to_go_on(history: History, views: Given) -> None:
    store = views(history)
    by_depth = explore(store, "art:0", depth=1)
    assert by_depth.how_to_go_on == (
        "This is not all: at vision/mnist/digits:v1, 1 edge was not followed; "
        "ask with a greater depth than 1, or for the lineage of it."
    )
    by_limit = explore(store, "art:1", limit=1)
    assert by_limit.how_to_go_on == (
        "This is not all: at 2 nodes, 2 edges were not followed; ask with a greater limit than 1, "
        "or for the lineage of one of them, such as vision/mnist/digits:v1."
    )
    for graph in (by_depth, by_limit):
        for text in (graph.to_tree(), graph.to_mermaid(), graph.to_dot()):
            assert text.count("1 more, not followed") == len(graph.cuts)


def test_a_cut_behind_a_node_that_a_filter_left_out_is_said_too(
    history: History, views: Given
) -> None:
    graph = explore(views(history), "art:0", depth=1, sought=Sought(types=("nothing",)))
    assert [node.id for node in graph.nodes] == ["art:0"]
    assert graph.is_cut
    for text in (graph.to_tree(), graph.to_mermaid(), graph.to_dot()):
        assert "eyond vision/mnist/digits:v1: 1 more, not followed" in text


# --- the tree --------------------------------------------------------------------------------------


def test_a_tree_shows_each_direction_and_marks_what_it_has_shown(
    history: History, views: Given
) -> None:
    run(history, R2, produced(0))
    assert explore(views(history), "art:0").to_tree().splitlines() == [
        "vision/mnist/digits:v0 (model), linked as wandb-registry-model/Digits:v1 (latest)",
        "",
        "Upstream, what it came from:",
        "  └─ run vision/mnist/r2 (train, failed)",
        "     └─ vision/mnist/digits:v1 (model), linked as wandb-registry-model/Digits:v0 (production)",
        "        └─ run vision/mnist/r1 (train, running)",
        "           └─ vision/mnist/digits:v0 (shown above)",
        "",
        "Downstream, what came of it:",
        "  └─ run vision/mnist/r1 (train, running)",
        "     └─ vision/mnist/digits:v1 (model), linked as wandb-registry-model/Digits:v0 (production)",
        "        └─ run vision/mnist/r2 (train, failed)",
        "           └─ vision/mnist/digits:v0 (shown above)",
    ]


def test_a_tree_calls_a_run_by_its_own_name_too_if_it_has_one(
    history: History, views: Given
) -> None:
    graph = explore(views(history), "art:0", direction="downstream")
    nodes = [
        replace(node, name="nightly run") if isinstance(node, RunNode) else node
        for node in graph.nodes
    ]
    tree = replace(graph, nodes=tuple(nodes)).to_tree()
    assert "  └─ run vision/mnist/r1 nightly run (train, running)" in tree.splitlines()


def test_a_tree_marks_what_was_looked_for(history: History, views: Given) -> None:
    sought = Sought(states=("failed",))
    graph = explore(views(history), "art:0", direction="downstream", sought=sought)
    tree = graph.to_tree()
    assert [line.strip(" └─") for line in tree.splitlines() if "* run" in line] == [
        "* run vision/mnist/r2 (train, failed)"
    ]
    assert tree.endswith("* is what was looked for; all else is on the way to it.\n")


def test_a_deep_tree_goes_on_at_the_margin_and_leaves_out_nothing() -> None:
    pedigree = Pedigree()
    at = pedigree.log("a")
    for n in range(500):
        step = pedigree.run(f"r{n}")
        pedigree.use(step, at)
        at = pedigree.log("a")
        pedigree.produce(step, at)
    tree = explore(pedigree.in_memory(), "a:0", direction="downstream").to_tree()
    lines = tree.splitlines()
    assert max(map(len, lines)) < 200
    for n in range(500):
        assert sum(f"run vision/mnist/r{n} (" in line for line in lines) == 1
    assert sum("(goes on below)" in line for line in lines) == 24
    assert sum(line.endswith(", continued:") for line in lines) == 24


# --- diagrams --------------------------------------------------------------------------------------

HOSTILE = (
    'quo"ted',
    "back\\slash",
    "trailing\\",
    "end",
    "<b>bold</b>",
    "a --> b",
    "]}) ;",
    "new\nline",
    "tab\tand \x1b[31m",
    "#quot; &quot; &amp;",
    "`code` **bold**",
    "%% comment",
    "日本語\u3000é",
    "line\u2028end",
    "\u202eturned",
    "\\N \\l",
    "graph TD; x",
    "${x}|y|",
    "emoji 🧬",
)


def hostile(history: History) -> History:
    for n, name in enumerate(HOSTILE):
        id = f"h{n}"
        artifact(history, id, name=name, type=name)
        history.happened(f"artifact-{id}", logged(0, artifact=id))
        use = ArtifactUsed(
            version=f"{id}:0", artifact=id, source_index=0, through=id, through_index=0
        )
        run(history, f"vision/mnist/{n}", produced(0), use, name=name)
    return history


def shown(name: str) -> str:
    """The name as one line, with escapes for what would act in it."""
    return "".join(ascii(c)[1:-1] if c in "\n\t\x1b\u202e\u2028" else c for c in name)


# The reader of DOT warns of what it itself calls.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_dot_is_read_back_as_the_same_graph_whatever_the_names(views: Given) -> None:
    graph = explore(views(hostile(three_versions())), "art:0")
    found = pydot.graph_from_dot_data(graph.to_dot())
    assert found is not None
    (read,) = found
    nodes = {node.get_name(): node for node in read.get_nodes()}
    assert list(nodes) == [f"n{n}" for n in range(len(graph.nodes))]
    assert {(edge.get_source(), edge.get_destination()) for edge in read.get_edges()} == {
        (f"n{place(graph, edge.source)}", f"n{place(graph, edge.target)}") for edge in graph.edges
    }
    for n, node in enumerate(graph.nodes):
        quoted = nodes[f"n{n}"].get("label")
        lines = [unescaped(line) for line in re.split(r"(?<!\\)(?:\\\\)*\\n", quoted[1:-1])]
        if isinstance(node, VersionNode) and node.id != "art:0":
            name = HOSTILE[int(node.id[1:-2])]
            assert lines == [f"{shown(name)}: vision/mnist/{shown(name)}:v0"]


def unescaped(line: str) -> str:
    return re.sub(r"\\(.)", r"\1", line).replace("&amp;", "&")


def place(graph: Graph, id: str) -> int:
    return [node.id for node in graph.nodes].index(id)


MERMAID_NODE = re.compile(r'  (n\d+)(\[|\(\[)"([^"]*)"(\]|\]\)):::(version|run|deleted)')
MERMAID_EDGE = re.compile(r"  (n\d+) --> (n\d+)")
MERMAID_REST = re.compile(r"flowchart LR|  classDef [\w]+ [-\w:#,]+|  class n\d+ start")


def test_mermaid_has_a_node_and_an_edge_for_each_whatever_the_names(views: Given) -> None:
    graph = explore(views(hostile(three_versions())), "art:0")
    labels, edges = {}, set()
    for line in graph.to_mermaid().splitlines():
        if drawn := MERMAID_NODE.fullmatch(line):
            labels[drawn[1]] = drawn[3]
        elif joined := MERMAID_EDGE.fullmatch(line):
            edges.add((joined[1], joined[2]))
        else:
            assert MERMAID_REST.fullmatch(line), line
    assert len(labels) == len(graph.nodes)
    assert edges == {
        (f"n{place(graph, edge.source)}", f"n{place(graph, edge.target)}") for edge in graph.edges
    }
    for n, node in enumerate(graph.nodes):
        lines = [
            re.sub(r"#(\d+);", lambda code: chr(int(code[1])), line)
            for line in labels[f"n{n}"].split("<br/>")
        ]
        # Outside of its codes a label has letters, digits and a few harmless marks.
        assert re.fullmatch(r"[\w\s\-./:,]*", re.sub(r"#\d+;|<br/>", "", labels[f"n{n}"]))
        if isinstance(node, VersionNode) and node.id != "art:0":
            name = HOSTILE[int(node.id[1:-2])]
            assert lines == [f"{shown(name)}: vision/mnist/{shown(name)}:v0"]


def test_diagrams_show_aliases_links_and_deletion(history: History, views: Given) -> None:
    history.happened("artifact-art", VersionDeleted(version="art:1", index=1))
    graph = explore(views(history), "art:0")
    mermaid, dot = graph.to_mermaid(), graph.to_dot()
    assert (
        '["model: vision/mnist/digits:v0<br/>linked as wandb-registry-model/Digits:v1, latest"]'
        in mermaid
    )
    assert 'label="vision/mnist/r2\\ntrain, failed"' in dot
    assert re.search(r'"model: vision/mnist/digits:v1[^"]*<br/>deleted"\]:::deleted', mermaid)


def test_json_is_a_document_of_plain_values(history: History, views: Given) -> None:
    graph = explore(views(history), "art:0", depth=1)
    document = json.loads(json.dumps(graph.to_json()))
    assert document == graph.to_json()
    assert set(document) == {
        *("start", "direction", "nodes", "edges", "is_cut", "cuts", "how_to_go_on")
    }
    assert [node["kind"] for node in document["nodes"]] == ["version", "run", "version"]
    assert document["edges"][0] == {
        "source": "art:0",
        "target": R1,
        "kind": "used",
        "through": ["vision/mnist/digits:v0", "wandb-registry-model/Digits:v1"],
        "at": "2026-03-03T12:00:24.123456Z",
        "by": "ada",
    }
    assert document["cuts"] == [
        {
            "node": "art:1",
            "kind": "version",
            "title": "vision/mnist/digits:v1",
            "way": "downstream",
            "edges": 1,
            "bound": "depth",
        }
    ]


def test_impact_counts_what_somebody_holds_on_to(history: History, views: Given) -> None:
    impact = impact_in(explore(views(history), "art:0", direction="downstream"))
    assert impact.start.id == "art:0"
    (row,) = impact.rows
    assert (row.generation, row.name, row.type) == (1, "vision/mnist/digits:v1", "model")
    assert (row.runs, row.aliases) == ((R1,), ())
    assert row.links == (
        LinkedName(name="wandb-registry-model/Digits:v0", aliases=("production",)),
    )
    totals = impact.totals
    assert (totals.versions, totals.deleted, totals.aliased) == (1, 0, 1)
    assert (totals.links, totals.registries) == (1, 1)
    assert (totals.runs, totals.running) == (2, 1)
    document = impact.to_json()
    assert json.loads(json.dumps(document)) == document
    assert document["totals"] == {
        "versions": 1,
        "deleted": 0,
        "aliased": 1,
        "links": 1,
        "registries": 1,
        "runs": 2,
        "running": 1,
    }
