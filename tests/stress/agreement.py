"""What must hold of a registry, whatever was done to it: its log is sound, and its views follow it.

The rules of the log are said again here in the plainest way, on purpose without the aggregates.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from stemmata.stemma import PROJECTIONS
from stemmata_adapters.databases.sqlite import Kind, SqliteDatabase
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactLogged,
    CollectionDeleted,
    NameClaimed,
    NameReleased,
    VersionDeleted,
    VersionLinked,
    VersionUnlinked,
)
from stemmata_domain.ports import EventStore
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.queries import Query, Step, fields
from stemmata_projections.runner import Runner
from stemmata_projections.tables import Row, Table
from stemmata_projections.view_store import ChecksItself, ViewStore
from tests.stress.places import Place, stores_at

TABLES = tuple(table for projection in PROJECTIONS for table in projection.tables)

_EVERY_ROW: dict[Table, Query[Row]] = {
    table: Query(
        (Step("row", table, {}),), fields("row", *(column.name for column in table.columns))
    )
    for table in TABLES
}


def check(place: Place, *, views_behind: bool = False) -> list[RecordedEvent]:
    """Check the registry at a place against all that must hold, and return its log.

    With *views_behind* its views may lag; then they are those of an earlier position.
    """
    with stores_at(place) as (store, views):
        views.prepare(PROJECTIONS)
        # A server may yet carry out what somebody has asked of it who was killed.
        with views.reading():
            events = whole_log(store)
            check_log(events)
            _check_views(place, store, views, behind=views_behind)
    return events


def whole_log(store: EventStore) -> list[RecordedEvent]:
    """Return all events of *store*."""
    events: list[RecordedEvent] = []
    while page := store.read_all(after=len(events), limit=5_000):
        events += page
    return events


# --- the log --------------------------------------------------------------------------------


def check_log(events: Sequence[RecordedEvent]) -> None:
    """Check a log, given from its beginning to its end."""
    assert [each.position for each in events] == list(range(1, len(events) + 1))
    assert len({each.id for each in events}) == len(events)
    versions: dict[str, int] = defaultdict(int)
    for each in events:
        assert each.version == versions[each.stream], each
        versions[each.stream] += 1
    _check_commands(events)
    _check_names(events)
    _check_lines(events)


def _check_commands(events: Iterable[RecordedEvent]) -> None:
    """The events of one command stand together, with one actor, time and key."""
    seen: dict[str, RecordedEvent] = {}
    before: RecordedEvent | None = None
    for each in events:
        first = seen.setdefault(each.correlation, each)
        if first is not each:
            assert before is not None
            assert before.correlation == each.correlation, f"{each} stands apart from {first}"
            assert (first.actor, first.time, first.key) == (each.actor, each.time, each.key)
        before = each


def _check_names(events: Iterable[RecordedEvent]) -> None:
    """At every position a name has at most one holder in its scope."""
    holders: dict[tuple[str, str], str] = {}
    for each in events:
        match each.event:
            case NameClaimed(scope=scope, name=name, holder=holder):
                assert (scope, name) not in holders, each
                holders[scope, name] = holder
            case NameReleased(scope=scope, name=name):
                del holders[scope, name]
            case _:
                pass


def _check_lines(events: Iterable[RecordedEvent]) -> None:
    """At every position: dense numbers, one holder of an alias, one version of a content.

    And no link without its source.
    """
    lines: dict[str, _Line] = defaultdict(_Line)
    deleted: set[str] = set()
    linked: dict[str, set[str]] = defaultdict(set)
    for each in events:
        line = lines[each.stream]
        match each.event:
            case ArtifactLogged(index=index, version=version, digest=digest):
                assert digest not in line.digests.values(), f"{each} was logged before"
                line.add(index, version)
                line.digests[index] = digest
            case VersionLinked(index=index, version=version):
                assert version not in line.versions.values(), f"{each} was linked before"
                assert version not in deleted, f"{each} has no source any more"
                line.add(index, version)
                linked[version].add(each.stream)
            case VersionUnlinked(index=index, version=version):
                assert line.versions.pop(index) == version
                linked[version].remove(each.stream)
                line.check_aliases()
            case VersionDeleted(index=index, version=version):
                assert line.versions.pop(index) == version
                assert not linked[version], f"{each} is still linked in {linked[version]}"
                del line.digests[index]
                deleted.add(version)
                line.check_aliases()
            case CollectionDeleted():
                for version in line.versions.values():
                    linked[version].remove(each.stream)
                line.versions.clear()
                line.aliases.clear()
            case AliasAdded(alias=alias, index=index, moved_from=moved_from):
                assert index in line.versions, each
                assert line.aliases.get(alias) == moved_from != index, each
                line.aliases[alias] = index
            case AliasRemoved(alias=alias, index=index):
                assert line.aliases.pop(alias) == index, each
            case _:
                pass


class _Line:
    """An artifact or collection, as its events so far left it."""

    def __init__(self) -> None:
        self.counted = 0
        self.versions: dict[int, str] = {}
        self.aliases: dict[str, int] = {}
        self.digests: dict[int, str] = {}

    def add(self, index: int, version: str) -> None:
        assert index == self.counted, f"v{index} comes after {self.counted} versions"
        self.counted += 1
        self.versions[index] = version

    def check_aliases(self) -> None:
        assert set(self.aliases.values()) <= self.versions.keys()


# --- the views ------------------------------------------------------------------------------


def _check_views(place: Place, store: EventStore, found: ViewStore, *, behind: bool) -> None:
    """The views stand at the head of the log, and are what a rebuild makes of it."""
    fresh = rebuilt(store)
    for projection in PROJECTIONS:
        at = found.checkpoint(projection.name)
        assert at == store.head() or (behind and at < store.head()), projection.name
        for table in projection.tables:
            assert _rows(found, table, None) == _rows(fresh, table, at), (table.name, at)
    if behind:
        return
    # The ranges over which rows hold, too, on disk.
    with TemporaryDirectory() as folder:
        other = Path(folder, "rebuilt.db")
        database = SqliteDatabase(other)
        database.create((), kind=Kind.VIEWS)
        with closing(SqliteViewStore(database)) as anew:
            Runner(store, anew, PROJECTIONS).catch_up()
            for table in TABLES:
                assert list(found.scan(table)) == list(anew.scan(table)), table.name
        if isinstance(place, Path):
            assert _rows_on_disk(place) == _rows_on_disk(other)
    if isinstance(found, ChecksItself):
        assert found.faults(TABLES) == []


def rebuilt(events: EventStore) -> ViewStore:
    """Return new views in memory that have followed the whole log."""
    views = MemoryViewStore()
    Runner(events, views, PROJECTIONS).catch_up()
    return views


def _rows(views: ViewStore, table: Table, at: int | None) -> list[Row]:
    return sorted(views.query(_EVERY_ROW[table], {}, at=at), key=repr)


def _rows_on_disk(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as raw:
        return {
            table.name: sorted(raw.execute(f"SELECT * FROM view_{table.name}"), key=repr)
            for table in TABLES
        }
