"""What is known of the nodes and edges that a walk found, asked for many of them at once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias, cast

from stemmata_domain.codec import time_from
from stemmata_projections.frozen import maker
from stemmata_projections.lineage import queries as q
from stemmata_projections.lineage.nodes import Edge, LinkedName, RunNode, VersionNode
from stemmata_projections.lineage.rows import Rows
from stemmata_projections.lineage.walk import Walk

_version_node = maker(VersionNode)
_run_node = maker(RunNode)
_edge = maker(Edge)

_EdgeText: TypeAlias = tuple[str, str, str, Literal["used", "produced"], tuple[str, ...], str]


class Line(NamedTuple):
    """What an artifact or collection is called in full, without a number, and the type of what it has."""

    name: str
    type: str


class Known(NamedTuple):
    """What there is to know of some nodes, before links.

    Attributes:
        runs, versions: Rows by id.
        deleted: When versions were deleted, by id.
        lines: The artifacts of the versions, by id.
    """

    runs: Mapping[str, q.RunNodeRow]
    versions: Mapping[str, q.VersionNodeRow]
    deleted: Mapping[str, str]
    lines: dict[str, Line]

    def moment(self, node: str) -> str:
        """Return when a node came into being, as text that sorts."""
        run = self.runs.get(node)
        return self.versions[node][1] if run is None else run[1]

    def type(self, version: str) -> str:
        """Return the type of a version."""
        return self.lines[self.versions[version][3]].type

    def project(self, node: str) -> str:
        """Return the project of a node as `entity/project`."""
        if node in self.runs:
            return node.rpartition("/")[0]
        return self.lines[self.versions[node][3]].name.rpartition("/")[0]

    def title(self, node: str) -> str:
        """Return what people call a node."""
        if node in self.runs:
            return node
        _, _, _, artifact, number, *_ = self.versions[node]
        return f"{self.lines[artifact].name}:v{number}"


def known(rows: Rows, *, runs: Sequence[str], versions: Sequence[str]) -> Known:
    """Return what there is to know of runs and versions; also of versions that are deleted."""
    found = {row[0]: row for row in rows.among(q.VERSIONS_AMONG, versions)}
    missing = [version for version in versions if version not in found]
    found.update((row[0], (*row, [])) for row in rows.ever_among(q.VERSIONS_EVER, missing))
    return Known(
        runs={row[0]: row for row in rows.among(q.RUNS_AMONG, runs)},
        versions=found,
        deleted=dict(rows.among(q.TOMBSTONES_AMONG, missing)),
        lines=_lines(rows, {row[3] for row in found.values()}),
    )


def _lines(rows: Rows, ids: Iterable[str]) -> dict[str, Line]:
    wanted = sorted(ids)
    found = {row[0]: _line(row) for row in rows.among(q.LINES_AMONG, wanted)}
    gone = [id for id in wanted if id not in found]
    found.update((row[0], _line(row)) for row in rows.ever_among(q.LINES_AMONG, gone))
    return found


def _line(row: q.LineRow) -> Line:
    _, scope, name, type, registry = row
    place = scope if registry is None else f"wandb-registry-{registry}"
    return Line(f"{place}/{name}", type)


def run_nodes(
    facts: Known, generations: Mapping[str, int], matching: Iterable[str] | None
) -> dict[str, RunNode]:
    """Return nodes for the runs that have a generation; without *matching* all of them match."""
    chosen = None if matching is None else frozenset(matching)
    nodes = {}
    for path, started_at, started_by, name, job_type, state, finished_at in facts.runs.values():
        if path in generations:
            # By place, in the order of the class: names would cost half as much again.
            nodes[path] = _run_node(
                path,
                name,
                job_type,
                state,
                time_from(started_at),
                started_by,
                _time(finished_at),
                generations[path],
                chosen is None or path in chosen,
            )
    return nodes


def version_nodes(
    rows: Rows, facts: Known, generations: Mapping[str, int], matching: Iterable[str] | None
) -> dict[str, VersionNode]:
    """Return nodes for the versions that have a generation; without *matching* all of them match."""
    chosen = None if matching is None else frozenset(matching)
    wanted = [version for version in facts.versions if version in generations]
    links = _links(rows, wanted)
    nodes = {}
    for version in wanted:
        _, created_at, created_by, artifact, number, run, aliases = facts.versions[version]
        line = facts.lines[artifact]
        nodes[version] = _version_node(
            version,
            f"{line.name}:v{number}",
            line.type,
            time_from(created_at),
            created_by,
            run,
            cast("tuple[str, ...]", tuple(aliases)),
            links.get(version, ()),
            _time(facts.deleted.get(version)),
            generations[version],
            chosen is None or version in chosen,
        )
    return nodes


def _links(rows: Rows, versions: Sequence[str]) -> Mapping[str, tuple[LinkedName, ...]]:
    found: dict[str, dict[tuple[str, str, int], list[str]]] = {}
    asked = rows.among(q.LINKS_AMONG, versions, {"kind": "collection"})
    for version, linked_at, line, number, alias in asked:
        aliases = found.setdefault(version, {}).setdefault((linked_at, line, number), [])
        if alias is not None:
            aliases.append(alias)
    lines = _lines(rows, {line for links in found.values() for _, line, _ in links})
    return {
        version: tuple(
            LinkedName(name=f"{lines[line].name}:v{number}", aliases=tuple(sorted(aliases)))
            for (_, line, number), aliases in sorted(links.items())
        )
        for version, links in found.items()
    }


def edges(
    rows: Rows, walks: Sequence[Walk], facts: Known, nodes: Container[str]
) -> tuple[Edge, ...]:
    """Return the edges that walks followed between some nodes, oldest first."""
    found: dict[str, list[q.EdgeRow]] = {"used": [], "produced": []}
    for walk in walks:
        ends = nodes if len(walks) == 1 else {node for node in walk.steps if node in nodes}
        for of_runs, query in ((False, q.EDGES_OF_VERSIONS), (True, q.EDGES_OF_RUNS)):
            kind, to = walk.kind(of_runs=of_runs), 0 if of_runs else 1
            begun = [node for node in walk.followed(of_runs=of_runs) if node in nodes]
            asked = rows.among(query, begun, {"kind": kind})
            found[kind] += [row for row in asked if row[to] in ends]
    made = {row[:2]: row for row in found["produced"]}
    uses = {row[:2]: row for row in found["used"]}
    names = _names(rows, facts, found["used"])
    # As texts, which are sorted sooner than what is made of them.
    every: list[_EdgeText] = [
        (at, run, version, "produced", (), by) for version, run, _, _, at, by in made.values()
    ]
    for each in _several(found["used"]) if len(uses) < len(found["used"]) else ():
        version, run, _, _, at, by = each[0]
        through = tuple([names[line, number] for _, _, line, number, _, _ in each])
        every.append((at, version, run, "used", through, by))
        del uses[version, run]
    every += [
        (at, version, run, "used", (names[line, number],), by)
        for version, run, line, number, at, by in uses.values()
    ]
    every.sort()
    return tuple(
        [
            _edge(source, target, kind, through, time_from(at), by)
            for at, source, target, kind, through, by in every
        ]
    )


def _several(uses: Iterable[q.EdgeRow]) -> Iterator[list[q.EdgeRow]]:
    """Yield the rows of each use by several names, in the order in which it came to have them."""
    found: dict[tuple[str, str], dict[q.EdgeRow, None]] = {}
    for row in uses:
        # Walks in both directions may find the same row.
        found.setdefault(row[:2], {})[row] = None
    return (sorted(each, key=itemgetter(4, 2)) for each in found.values() if len(each) > 1)


def _names(rows: Rows, facts: Known, uses: Iterable[q.EdgeRow]) -> dict[tuple[str, int], str]:
    """Return the names by which versions were used."""
    used = {row[2:4] for row in uses}
    lines = facts.lines
    if others := {line for line, _ in used if line not in lines}:
        lines = {**lines, **_lines(rows, others)}
    return {(line, number): f"{lines[line].name}:v{number}" for line, number in used}


def _time(text: str | None) -> datetime | None:
    return None if text is None else time_from(text)
