"""What is known of the nodes and edges that a walk found, asked for many of them at once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import NamedTuple

from stemmata_domain.codec import time_from
from stemmata_projections.frozen import maker
from stemmata_projections.lineage import queries as q
from stemmata_projections.lineage.nodes import Edge, LinkedName, RunNode, VersionNode
from stemmata_projections.lineage.rows import Rows
from stemmata_projections.lineage.walk import Walk

_version_node = maker(VersionNode)
_run_node = maker(RunNode)
_edge = maker(Edge)


class Line(NamedTuple):
    """What an artifact or collection is called in full, without a number, and the type of what it has."""

    name: str
    type: str


class Known(NamedTuple):
    """What there is to know of some nodes, before links and aliases.

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
        _, _, _, artifact, number, _ = self.versions[node]
        return f"{self.lines[artifact].name}:v{number}"


def known(rows: Rows, *, runs: Sequence[str], versions: Sequence[str]) -> Known:
    """Return what there is to know of runs and versions; also of versions that are deleted."""
    found = {row[0]: row for row in rows.among(q.VERSIONS_AMONG, versions)}
    missing = [version for version in versions if version not in found]
    found.update((row[0], row) for row in rows.ever_among(q.VERSIONS_AMONG, missing))
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
    aliases: dict[str, list[str]] = {}
    for version, alias in rows.among(q.ALIASES_AMONG, wanted):
        aliases.setdefault(version, []).append(alias)
    links = _links(rows, wanted)
    nodes = {}
    for version in wanted:
        _, created_at, created_by, artifact, number, run = facts.versions[version]
        line = facts.lines[artifact]
        nodes[version] = _version_node(
            version,
            f"{line.name}:v{number}",
            line.type,
            time_from(created_at),
            created_by,
            run,
            tuple(sorted(aliases[version])) if version in aliases else (),
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


def edges(rows: Rows, walks: Sequence[Walk], nodes: Container[str]) -> list[Edge]:
    """Return the edges that walks followed between some nodes, oldest first."""
    uses: dict[tuple[str, str], list[q.EdgeRow]] = {}
    made: dict[tuple[str, str], q.EdgeRow] = {}
    for walk in walks:
        followed = [node for node in walk.followed() if node in nodes]
        for of_runs, query in ((False, q.EDGES_OF_VERSIONS), (True, q.EDGES_OF_RUNS)):
            kind = walk.kind(of_runs=of_runs)
            begun = [node for node in followed if walk.is_run(node) == of_runs]
            for row in rows.among(query, begun, {"kind": kind}):
                to = row[0] if of_runs else row[1]
                if to not in walk.steps or to not in nodes:
                    continue
                ends = row[:2]
                if kind == "produced":
                    made[ends] = row
                elif ends not in uses:
                    uses[ends] = [row]
                elif row not in uses[ends]:
                    uses[ends].append(row)
    lines = _lines(rows, {row[2] for rows in uses.values() for row in rows})
    found = [*map(_made, made.values()), *(_use(rows, lines) for rows in uses.values())]
    found.sort(key=attrgetter("at", "source", "target"))
    return found


def _made(row: q.EdgeRow) -> Edge:
    version, run, _, _, at, by = row
    return _edge(run, version, "produced", (), time_from(at), by)


def _use(rows: list[q.EdgeRow], lines: Mapping[str, Line]) -> Edge:
    if len(rows) > 1:
        rows.sort(key=itemgetter(4, 2))
    version, run, _, _, at, by = rows[0]
    through = tuple([f"{lines[line].name}:v{number}" for _, _, line, number, _, _ in rows])
    return _edge(version, run, "used", through, time_from(at), by)


def _time(text: str | None) -> datetime | None:
    return None if text is None else time_from(text)
