"""What is different between two positions of the log, row by row.

The folds of the views say which rows the events in between touch, and make of what was so at the first
position what is so at the second. So the cost is that of these events, however large the registry is;
and what changed there and back is not different.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.queries import rows_with
from stemmata_projections.audit.sameness import same
from stemmata_projections.changes import Amend, Change, Close, Open
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.tables import Row, Table, Value
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.view_store import ViewStore

_PROJECTIONS = (VERSION_INDEX, LINEAGE)


@dataclass(slots=True)
class _Touched:
    """The rows of a table that were touched, by their keys: as they were, and as they are.

    Rows stand by the first column of their key too, by which several of them may end at once.
    """

    was: dict[Row, Row | None] = field(default_factory=dict)
    now: dict[Row, Row | None] = field(default_factory=dict)
    keys: dict[Value, list[Row]] = field(default_factory=dict)

    def know(self, key: Row, row: Row | None) -> None:
        """Note a row as it was, None if there was none."""
        if key not in self.was:
            self.was[key] = self.now[key] = row
            self.keys.setdefault(key[0], []).append(key)


class Differences:
    """Rows of the views at one position, and at a later one."""

    def __init__(self, views: ViewStore, *, after: int) -> None:
        self._views = views
        self._after = after
        self._tables: dict[Table, _Touched] = {}

    def follow(self, events: Iterable[RecordedEvent]) -> None:
        """Note what events change; they are those after the position, in order."""
        for recorded in events:
            for projection in _PROJECTIONS:
                for change in projection.project(recorded):
                    self._note(change)

    def of(self, table: Table) -> Iterator[tuple[Row | None, Row | None]]:
        """Yield the rows of a table that are different, as they were and are; None where none is."""
        touched = self._tables.get(table, _Touched())
        for key, was in touched.was.items():
            if not same(was, touched.now[key]):
                yield was, touched.now[key]

    def _note(self, change: Change) -> None:
        touched = self._tables.setdefault(change.table, _Touched())
        if isinstance(change, Open):
            key = _key(change.table, change.row)
            touched.know(key, None)
            touched.now[key] = change.row
            return
        for key in self._reached(touched, change):
            row = touched.now[key]
            if row is not None and _has(change.table, row, change.where):
                touched.now[key] = (
                    _amended(change.table, row, change.values)
                    if isinstance(change, Amend)
                    else None
                )

    def _reached(self, touched: _Touched, change: Close | Amend) -> list[Row]:
        """Return the keys of the rows that a change may reach."""
        table, where = change.table, change.where
        if where.keys() >= {*table.key}:
            key = tuple(where[column] for column in table.key)
            if key not in touched.was:
                self._look_up(touched, table, where)
            return [key] if key in touched.was else []
        self._look_up(touched, table, where)
        return [*touched.keys.get(where[table.key[0]], ())]

    def _look_up(self, touched: _Touched, table: Table, where: Mapping[str, Value]) -> None:
        query = rows_with(table, tuple(where))
        for row in self._views.query(query, where, at=self._after):
            touched.know(_key(table, row), row)


def _key(table: Table, row: Row) -> Row:
    return tuple(row[table.place(column)] for column in table.key)


def _has(table: Table, row: Row, where: Mapping[str, Value]) -> bool:
    return all(row[table.place(column)] == value for column, value in where.items())


def _amended(table: Table, row: Row, values: Mapping[str, Value]) -> Row:
    changed = list(row)
    for column, value in values.items():
        changed[table.place(column)] = value
    return tuple(changed)
