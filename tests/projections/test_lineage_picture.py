"""What a picture of a lineage graph shows of its nodes, and what it says where it cannot."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from stemmata_projections.lineage.nodes import Cut, Edge, LinkedName, Node, RunNode, VersionNode
from stemmata_projections.lineage.views import Graph
from tests.projections.history import NOON

SVG = "{http://www.w3.org/2000/svg}"


def version(id: str, *, links: int = 0, deleted: bool = False, type: str = "model") -> VersionNode:
    return VersionNode(
        id=id,
        name=f"vision/mnist/{id}:v0",
        type=type,
        created_at=NOON,
        created_by="ada",
        run=None,
        aliases=("latest",) if links else (),
        links=tuple(
            LinkedName(name=f"wandb-registry-model/L{n}:v0", aliases=("production",) if n else ())
            for n in range(links)
        ),
        deleted_at=NOON if deleted else None,
        generation=0,
        matches=True,
    )


def run(id: str, *, job: str | None = "train", state: str = "finished") -> RunNode:
    return RunNode(
        id=f"vision/mnist/{id}",
        name=id,
        job_type=job,
        state=state,
        started_at=NOON,
        started_by="ada",
        finished_at=None,
        generation=0,
        matches=True,
    )


def graph(*nodes: Node, edges: str = "", cuts: tuple[Cut, ...] = ()) -> Graph:
    """A graph that starts at its first node; an edge is written `a>b`."""
    known = {node.id.rpartition("/")[2]: node.id for node in nodes}
    found = [pair.split(">") for pair in edges.split()]
    return Graph(
        start=nodes[0].id,
        direction="both",
        nodes=nodes,
        edges=tuple(
            Edge(source=known[a], target=known[b], kind="used", through=(), at=NOON, by="ada")
            for a, b in found
        ),
        cuts=cuts,
        depth=1,
    )


def labels(shown: Graph) -> list[str]:
    svg = shown.to_svg()
    assert svg is not None
    return [found.text or "" for found in ET.fromstring(svg).iter(f"{SVG}text")]


def hints(shown: Graph) -> str:
    svg = shown.to_svg()
    assert svg is not None
    return "\n".join(found.text or "" for found in ET.fromstring(svg).iter(f"{SVG}title"))


def test_a_version_has_type_name_place_aliases_and_links() -> None:
    assert labels(graph(version("a", links=2))) == [
        *("model", "a:v0", "vision/mnist", "latest"),
        "→ wandb-registry-model/L0:v0",
        *("→ wandb-registry-model/L1:v0", "↳ production"),
    ]


def test_of_many_links_some_are_shown_and_all_are_hinted_at() -> None:
    shown = graph(version("a", links=5))
    assert labels(shown)[-1] == "…"
    assert "wandb-registry-model/L4:v0" not in "".join(labels(shown))
    assert "→ wandb-registry-model/L4:v0" in hints(shown)


def test_a_run_has_job_name_place_and_state() -> None:
    assert labels(graph(run("r1", state="running"))) == [
        *("run, train", "r1", "vision/mnist", "running")
    ]
    assert labels(graph(run("r1", job=None)))[0] == "run"


def test_what_is_deleted_is_grey_and_says_so() -> None:
    svg = graph(version("a", deleted=True)).to_svg()
    assert svg is not None
    assert "deleted 2026-03-03" in svg
    assert "#e8f0fe" not in svg
    many = graph(version("root"), *(version(f"d{n}", deleted=True) for n in range(6)))
    assert "6 deleted versions" in labels(many)


def test_a_cut_is_drawn_and_told() -> None:
    node = run("r1")
    up = Cut(node="a", title="a", is_run=False, way="upstream", edges=3, bound="depth")
    down = Cut(node=node.id, title="r1", is_run=True, way="downstream", edges=40, bound="depth")
    lost = Cut(node="z", title="zz", is_run=False, way="upstream", edges=1, bound="limit")
    shown = graph(version("a"), node, edges="a>r1", cuts=(up, down, lost))
    assert {"3 more", "40 more"} <= set(labels(shown))
    html = shown._repr_html_()
    assert html.count("stroke-dasharray") == 4
    assert shown.how_to_go_on is not None
    assert shown.how_to_go_on in "".join(ET.fromstring(f"<p>{html}</p>").itertext())


def test_what_is_linked_is_not_lost_among_what_is_not() -> None:
    shown = graph(version("root"), *(version(f"m{n}", links=n == 3) for n in range(8)))
    assert {"7 versions", "m3:v0"} <= set(labels(shown))


def test_a_graph_too_large_for_a_picture_is_told_in_figures() -> None:
    nodes: list[Node] = [version("v0", type="t0")]
    edges = []
    for n in range(1, 400):
        nodes.append(version(f"v{n}", type=f"t{n % 11}") if n % 2 == 0 else run(f"v{n}"))
        edges.append(f"v{n - 1}>v{n}")
    shown = graph(*nodes, edges=" ".join(edges))
    assert shown.to_svg() is None
    text = "".join(ET.fromstring(shown._repr_html_()).itertext())
    assert "200: " in text
    assert "…" in text
    assert "too large to be seen" in text
