"""What came of what: what `stemmata lineage`, `reach`, `impact` and `paths` say."""

from __future__ import annotations

from collections.abc import Iterator

from stemmata.cli.page import Block, Code, Line, Reply, Table, Text, alarming, sentences, strong
from stemmata.cli.printable import clock_time, counted
from stemmata_projections.lineage.impact import Impact, ImpactRow
from stemmata_projections.lineage.nodes import LinkedName, Node, RunNode
from stemmata_projections.lineage.paths import Paths
from stemmata_projections.lineage.reach import Reach
from stemmata_projections.lineage.views import Graph


def lineage(graph: Graph, form: str) -> Reply:
    """Show a graph as a tree, or in the language of a diagram: `mermaid` or `dot`."""
    return Reply(document=graph.to_json(), page=tuple(_lineage(graph, form)))


def _lineage(graph: Graph, form: str) -> Iterator[Block]:
    match form:
        case "mermaid":
            yield Code(graph.to_mermaid())
        case "dot":
            yield Code(graph.to_dot())
        case _:
            first, *rest = graph.to_tree().splitlines()
            yield sentences(strong(first), *rest)
            yield from _cut(graph.how_to_go_on)


def reach(found: Reach, name: str) -> Reply:
    """Say how much came of what has this name, or how much it came from."""
    start = strong(name)
    versions, runs = counted(len(found.versions), "version"), counted(len(found.runs), "run")
    far = f"over {counted(found.generations, 'generation')}"
    match found.direction, len(found):
        case "downstream", 0:
            line: Line = ("Nothing that is recorded came of ", start, ".")
        case "upstream", 0:
            line = (start, " came from nothing that is recorded.")
        case "downstream", _:
            line = ("Of ", start, f" came {versions} and {runs}, {far}.")
        case _:
            line = (start, f" came from {versions} and {runs}, {far}.")
    return Reply(document=found.to_json(), page=(sentences(line),))


def impact(found: Impact) -> Reply:
    """Show what came of a version or a run as tables."""
    return Reply(
        document=found.to_json(),
        page=(
            sentences(*_summary(found)),
            Table(
                ("Generation", "Version", "Type", "Aliases", "Linked as", "Through the run"),
                [_row(row) for row in found.rows],
                title="Versions",
            ),
            Table(
                ("Generation", "Run", "Job type", "State", "Started (UTC)"),
                [_run(run) for run in found.runs],
                title="Runs",
            ),
            *_cut(found.how_to_go_on),
        ),
    )


def _summary(found: Impact) -> Iterator[Line]:
    totals, start = found.totals, strong(found.start.title)
    if not totals.runs and not totals.versions:
        yield "Nothing that is recorded came of ", start, "."
        return
    much = f"{counted(totals.versions, 'version')} in {counted(totals.runs, 'run')}"
    yield "Of ", start, f" came {much}."
    for count, what in (
        (totals.aliased, "Versions that an alias names"),
        (totals.links, "Links of them"),
        (totals.registries, "Registries that have such links"),
        (totals.deleted, "Versions that are deleted"),
        (totals.running, "Runs that have not ended"),
    ):
        if count:
            yield f"{what}: {count}."


def _row(row: ImpactRow) -> tuple[Text, ...]:
    name = f"{row.name} (deleted)" if row.deleted_at is not None else row.name
    return (
        str(row.generation),
        strong(name),
        row.type,
        ", ".join(row.aliases),
        ", ".join(map(_link, row.links)),
        ", ".join(row.runs),
    )


def _link(link: LinkedName) -> str:
    return f"{link.name} ({', '.join(link.aliases)})" if link.aliases else link.name


def _run(run: RunNode) -> tuple[Text, ...]:
    started = f"{clock_time(run.started_at)} by {run.started_by}"
    return (str(run.generation), strong(run.id), run.job_type or "", run.state, started)


def paths(found: Paths, target: str) -> Reply:
    """Show the paths to *target* one by one."""
    by_id = {node.id: node for node in found.graph.nodes}
    if not found.paths:
        start = strong(by_id[found.source].title)
        line: Line = ("No path is recorded from ", start, " to ", strong(target), ".")
        return Reply(document=found.to_json(), page=(sentences(line),))
    blocks: list[Block] = [
        sentences(*(_step(by_id[id], at) for at, id in enumerate(path))) for path in found.paths
    ]
    if found.is_cut:
        more = f"There are more paths than {len(found.paths)}; ask for more with --most."
        blocks.append(sentences(alarming(more)))
    return Reply(document=found.to_json(), page=tuple(blocks))


def _step(node: Node, place: int) -> Line:
    if isinstance(node, RunNode):
        return f"  → run {node.id}"
    return strong(node.title) if place == 0 else ("  → ", strong(node.title))


def _cut(how_to_go_on: str | None) -> Iterator[Block]:
    if how_to_go_on is not None:
        yield sentences(alarming(how_to_go_on))
