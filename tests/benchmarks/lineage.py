"""Lineage in a graph of a million edges, beside raw recursion in SQL and a graph in memory."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import networkx as nx

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_projections.changes import Change, Open
from stemmata_projections.lineage.exploring import explore
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.lineage.reach import reach_of
from stemmata_projections.lineage.rows import Rows
from stemmata_projections.lineage.tables import EDGE, RUN
from stemmata_projections.lineage.walking import walked
from stemmata_projections.tables import OPEN_END, Value
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.version_index.tables import COLLECTION, MEMBER, VERSION
from stemmata_projections.view_store import ViewStore
from tests.benchmarks.measuring import Row, in_turns, take

_HAS_RUSTWORKX = find_spec("rustworkx") is not None
_TIME = "2026-03-03T12:00:00.000000Z"
_INPUTS, _OUTPUTS = 3, 2
_PAGE = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A view store with a graph, and the same graph of networkx."""

    views: ViewStore
    path: Path
    graph: nx.DiGraph
    head: int


def fill(folder: Path, *, edges: int) -> Filled:
    """Write runs that each take three versions, new ones rather than old, and make two."""
    folder.mkdir(parents=True)
    path = folder / "views.db"
    path.touch()
    views = SqliteViewStore(SqliteDatabase(path))
    views.prepare((VERSION_INDEX, LINEAGE))
    graph = nx.DiGraph()
    changes = list(enumerate(_changes(graph, edges), 1))
    for at in range(0, len(changes), _PAGE):
        page = changes[at : at + _PAGE]
        names = (VERSION_INDEX.name, LINEAGE.name)
        assert views.apply(names, page, after=at, upto=page[-1][0])
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Filled(views=views, path=path, graph=graph, head=len(changes))


def _changes(graph: nx.DiGraph, edges: int) -> Iterator[Change]:
    chance = random.Random(1)
    versions: list[str] = []

    def log(run: str | None) -> Iterator[Change]:
        number, artifact = len(versions) % 100, f"{len(versions) // 100:032x}"
        if number == 0:
            place = ("artifact", "vision/mnist", None, f"a{artifact}", "model", None)
            yield Open(COLLECTION, (artifact, *place, _TIME, "bench"))
        version = f"{artifact}:{number}"
        content: tuple[Value, ...] = ("d" * 32, "MD5", "m" * 64, 1, 1, None, {})
        yield Open(VERSION, (version, artifact, number, *content, _TIME, "bench", run))
        yield Open(MEMBER, (artifact, number, version, _TIME, "bench"))
        versions.append(version)

    for _ in range(10):
        yield from log(None)
    for n in range(edges // (_INPUTS + _OUTPUTS)):
        path = f"vision/mnist/run-{n:07}"
        about: tuple[Value, ...] = (
            "vision",
            "mnist",
            f"run-{n:07}",
            f"run {n}",
            "train",
            {},
            "finished",
        )
        yield Open(RUN, (path, *about, _TIME, "bench", _TIME))
        for back in range(_INPUTS):
            # One of the three is an old version, so that some have hundreds of users.
            oldest = 0 if back == 0 else max(0, len(versions) - 2_000)
            version = versions[chance.randrange(oldest, len(versions))]
            if not graph.has_edge(version, path):
                graph.add_edge(version, path)
                artifact, _, number = version.partition(":")
                row = (path, "used", version, artifact, int(number), _TIME, "bench")
                yield Open(EDGE, row)
        for _ in range(_OUTPUTS):
            yield from log(path)
            graph.add_edge(path, versions[-1])
            artifact, _, number = versions[-1].partition(":")
            yield Open(
                EDGE, (path, "produced", versions[-1], artifact, int(number), _TIME, "bench")
            )


def rows(folder: Path, *, small: bool) -> Iterator[Row]:
    """Yield what lineage costs near a version and all the way down, now and as of a position."""
    filled = fill(folder, edges=20_000 if small else 1_000_000)
    near = _with_about(filled.graph, nodes=300 if small else 1_500)
    root = max(list(filled.graph)[:10], key=lambda node: len(nx.descendants(filled.graph, node)))
    edges = filled.graph.number_of_edges()
    with closing(sqlite3.connect(filled.path)) as raw:
        raw.execute("PRAGMA cache_size=-16384")
        yield from _near(filled, raw, near, edges=edges, rounds=10 if small else 30)
        yield from _far(filled, raw, root, edges=edges, rounds=2 if small else 3)
    filled.views.close()


def _with_about(graph: nx.DiGraph, *, nodes: int) -> str:
    """Return a version with about so many nodes in three generations."""
    versions: list[str] = [node for node in list(graph)[10:] if ":" in node]
    step = max(1, len(versions) // 400)
    return min(versions[::step], key=lambda node: abs(_size(graph, node) - nodes))


def _size(graph: nx.DiGraph, start: str) -> int:
    return len(nx.single_source_shortest_path_length(graph, start, cutoff=6))


def _near(
    filled: Filled, raw: sqlite3.Connection, start: str, *, edges: int, rounds: int
) -> Iterator[Row]:
    views = filled.views

    def ids(at: int | None) -> int:
        with views.reading():
            (walk,) = walked(
                Rows(views, at=at),
                start,
                is_run=False,
                upstream=False,
                downstream=True,
                depth=3,
                limit=None,
            )
        return len(walk.steps)

    def whole(at: int | None) -> int:
        return len(explore(views, start, at=at, direction="downstream", depth=3).nodes)

    expected = _size(filled.graph, start)
    at = filled.head - 1
    assert ids(None) == whole(None) == whole(at) == ids(at) == _recursed(raw, start) == expected
    assert _recursed_with_rows(raw, start) == expected
    walk, recursion, answer, read, walk_then, answer_then = in_turns(
        lambda: ids(None),
        lambda: _recursed(raw, start),
        lambda: whole(None),
        lambda: _recursed_with_rows(raw, start),
        lambda: ids(at),
        lambda: whole(at),
        rounds=rounds,
    )
    what = f"3 generations down, {expected} nodes of {edges:,} edges"
    yield Row(
        what=f"lineage, {what}: ids and edges, and what lies beyond",
        ours=walk,
        floor=recursion,
        floor_is="raw recursive query, ids only",
        goal="≤ 2 × raw",
        reached=walk.median <= 2 * recursion.median,
    )
    yield Row(
        what=f"lineage, {what}: the whole answer",
        ours=answer,
        floor=read,
        floor_is="raw recursive query, and the rows of nodes and edges",
        goal="≤ 2 × raw",
        reached=answer.median <= 2 * read.median,
    )
    yield Row(
        what="the same walk as of a position",
        ours=walk_then,
        floor=walk,
        floor_is="now",
        goal="≤ 2 × now",
        reached=walk_then.median <= 2 * walk.median,
    )
    yield Row(
        what="the same answer as of a position",
        ours=answer_then,
        floor=answer,
        floor_is="now",
        goal="≤ 2 × now",
        reached=answer_then.median <= 2 * answer.median,
    )


def _far(
    filled: Filled, raw: sqlite3.Connection, root: str, *, edges: int, rounds: int
) -> Iterator[Row]:
    views = filled.views
    onward = {node: list(filled.graph.succ[node]) for node in filled.graph}
    compiled = _compiled(onward, root)

    def ids() -> int:
        with views.reading():
            (walk,) = walked(
                Rows(views, at=None),
                root,
                is_run=False,
                upstream=False,
                downstream=True,
                depth=None,
                limit=None,
            )
        return len(walk.steps)

    kept = KeptGraph(
        MemoryEventStore(ids=TimeOrderedIds()), views, most=2 * edges, worth=edges // 10
    )
    kept.found(edges)
    loading = take(kept.follow)

    def kept_ids(at: int | None) -> int:
        with views.reading():
            graph = kept.by(at)
            assert graph is not None
            (walk,) = walked(
                Rows(views, at=at, loaded=graph),
                root,
                is_run=False,
                upstream=False,
                downstream=True,
                depth=None,
                limit=None,
            )
        return walk.size

    def reach() -> int:
        return len(reach_of(views, root, kept=kept)) + 1

    def whole() -> int:
        return len(explore(views, root, direction="downstream").nodes)

    def loaded() -> int:
        found = {root}
        for node in (ahead := [root]):
            new = [other for other in onward.get(node, ()) if other not in found]
            found.update(new)
            ahead += new
        return len(found)

    expected = loaded()
    assert ids() == expected == _recursed(raw, root, depth=10**9)
    assert kept_ids(None) == reach() == expected
    walk, in_memory, quick, recursion, kept_walk, kept_reach, kept_then = in_turns(
        ids,
        loaded,
        compiled,
        lambda: _recursed(raw, root, depth=10**9),
        lambda: kept_ids(None),
        reach,
        lambda: kept_ids(filled.head - 1),
        rounds=rounds,
        warm_up=1,
    )
    (answer,) = in_turns(whole, rounds=1, warm_up=0)
    what = f"everything down, {expected:,} nodes of {edges:,} edges"
    beside = quick if _HAS_RUSTWORKX else None
    beside_is = "rustworkx on a loaded graph, numbers of nodes"
    yield Row(
        what=f"lineage, {what}: the walk in memory",
        ours=kept_walk,
        goal="≤ 2 × rustworkx on a loaded graph",
        reached=kept_walk.median <= 2 * quick.median if _HAS_RUSTWORKX else None,
        note=f"loaded in {loading:.1f} s",
        floor=beside,
        floor_is=beside_is,
    )
    yield Row(
        what=f"lineage, {what}: the ids, by the walk in memory (`reach`)",
        ours=kept_reach,
        goal="≤ 2 × rustworkx on a loaded graph",
        reached=kept_reach.median <= 2 * quick.median if _HAS_RUSTWORKX else None,
        floor=beside,
        floor_is=beside_is,
    )
    yield Row(
        what="the same walk in memory as of a position",
        ours=kept_then,
        floor=kept_walk,
        floor_is="now",
        goal="≤ 2 × now",
        reached=kept_then.median <= 2 * kept_walk.median,
    )
    yield Row(
        what=f"lineage, {what}: ids and edges, by asking the views",
        ours=walk,
        note=f"raw recursive query {recursion.median * 1e3:.0f} ms, the same search in Python on a"
        f" loaded graph {in_memory.median * 1e3:.0f} ms",
        floor=beside,
        floor_is=beside_is,
    )
    yield Row(
        what=f"lineage, {what}: the whole answer",
        ours=answer,
        floor=recursion,
        floor_is="raw recursive query, ids only",
    )


def _compiled(onward: Mapping[str, Sequence[str]], root: str) -> Callable[[], int]:
    """Return the search by rustworkx, where it is installed: it is no part of what tests need."""
    if not _HAS_RUSTWORKX:
        return lambda: 0
    rustworkx = import_module("rustworkx")
    graph = rustworkx.PyDiGraph()
    places = {node: graph.add_node(node) for node in onward}
    graph.add_edges_from_no_data(
        [(places[node], places[other]) for node, others in onward.items() for other in others]
    )
    return lambda: len(rustworkx.descendants(graph, places[root])) + 1


# --- the floor -----------------------------------------------------------------------------------

# Only versions go through the recursion, each over the runs between; so the query stays simple.
_DOWN = f"""
WITH RECURSIVE down(node, depth) AS (
  SELECT :start, 0
  UNION
  SELECT o.version, depth + 2
  FROM down
  CROSS JOIN view_edge AS i ON i.version = node AND i.kind = 'used'
    AND i.span = 0 AND i.valid_to = {OPEN_END}
  CROSS JOIN view_edge AS o ON o.run = i.run AND o.kind = 'produced'
    AND o.span = 0 AND o.valid_to = {OPEN_END}
  WHERE depth < :depth
), version(id, depth) AS (SELECT node, min(depth) FROM down GROUP BY node)
"""
# Without a depth, so that each node is gone on from once.
_ALL_DOWN = _DOWN.replace("down(node, depth)", "down(node)").replace(":start, 0", ":start")
_ALL_DOWN = _ALL_DOWN.replace("SELECT o.version, depth + 2", "SELECT o.version").replace(
    "WHERE depth < :depth", ""
)
_ALL_DOWN = _ALL_DOWN.replace(
    "version(id, depth) AS (SELECT node, min(depth) FROM down GROUP BY node)",
    "version(id) AS (SELECT node FROM down)",
)
_RUNS = f"""
SELECT DISTINCT e.run FROM version CROSS JOIN view_edge AS e
ON e.version = version.id AND e.kind = 'used' AND e.span = 0 AND e.valid_to = {OPEN_END}
"""


def _recursed(raw: sqlite3.Connection, start: str, *, depth: int = 6) -> int:
    """Return how many nodes raw SQL finds."""
    if depth > 100:
        params: dict[str, object] = {"start": start}
        versions = raw.execute(f"{_ALL_DOWN} SELECT id FROM version", params).fetchall()
        runs = raw.execute(f"{_ALL_DOWN} {_RUNS}", params).fetchall()
        return len(versions) + len(runs)
    params = {"start": start, "depth": depth}
    versions = raw.execute(f"{_DOWN} SELECT id, depth FROM version", params).fetchall()
    runs = raw.execute(f"{_DOWN} {_RUNS} WHERE depth < :depth", params).fetchall()
    return len(versions) + len(runs)


def _recursed_with_rows(raw: sqlite3.Connection, start: str) -> int:
    """Read also what is known of the nodes and of the edges between them, as rows."""
    params = {"start": start, "depth": 6}
    versions = raw.execute(
        f"{_DOWN} SELECT version.depth, v.id, v.created_at, v.created_by, v.run, v.number, c.scope,"
        " c.name, c.type, t.deleted_at FROM version"
        f" CROSS JOIN view_version v ON v.id = version.id AND v.valid_to = {OPEN_END}"
        f" CROSS JOIN view_collection c ON c.id = v.artifact AND c.valid_to = {OPEN_END}"
        f" LEFT JOIN view_tombstone t ON t.version = v.id AND t.valid_to = {OPEN_END}",
        params,
    ).fetchall()
    raw.execute(
        f"{_DOWN} SELECT version.id, c.scope, c.name, m.number, a.alias FROM version"
        f" CROSS JOIN view_member m ON m.version = version.id AND m.span = 0"
        f" CROSS JOIN view_collection c ON c.id = m.collection AND c.valid_to = {OPEN_END}"
        " LEFT JOIN view_alias a ON a.collection = m.collection AND a.number = m.number"
        " AND a.span = 0",
        params,
    ).fetchall()
    runs = raw.execute(
        f"{_DOWN} SELECT r.path, r.name, r.job_type, r.state, r.started_at, r.started_by,"
        f" r.finished_at FROM ({_RUNS} WHERE depth < :depth) AS n"
        f" CROSS JOIN view_run r ON r.path = n.run AND r.valid_to = {OPEN_END}",
        params,
    ).fetchall()
    raw.execute(
        f"{_DOWN} SELECT e.version, e.run, e.through, e.number, e.at, e.by FROM version"
        f" CROSS JOIN view_edge e ON e.version = version.id AND e.kind = 'used' AND e.span = 0"
        " WHERE depth < :depth",
        params,
    ).fetchall()
    raw.execute(
        f"{_DOWN} SELECT e.version, e.run, e.at, e.by FROM ({_RUNS} WHERE depth < :depth) AS n"
        " CROSS JOIN view_edge e ON e.run = n.run AND e.kind = 'produced' AND e.span = 0",
        params,
    ).fetchall()
    return len(versions) + len(runs)
