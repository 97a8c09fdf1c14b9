"""The changes of a page, written in few statements.

DuckDB takes as long for a statement that touches one row as for one that touches a thousand. So what
ends or begins by its whole key waits, table by table, until something else must see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import duckdb
import orjson

from stemmata_domain.errors import ChangeImpossible
from stemmata_duckdb import sql
from stemmata_projections.changes import Amend, Change, Close, Open, refuse_ending_rows_of
from stemmata_projections.tables import OPEN_END, Row, Table, Value

Key = tuple[Value, ...]


class Page:
    """Makes changes in a transaction of the writer's."""

    def __init__(self, writer: duckdb.DuckDBPyConnection, *, store: str) -> None:
        self._writer = writer
        self._store = store
        self._waiting: dict[Table, _Waiting] = {}

    def make(self, position: int, change: Change) -> None:
        """Make a change, or have it wait.

        Raises:
            ChangeImpossible: It opens a row whose key is open, or ends one of a permanent table.
        """
        table = change.table
        if not isinstance(change, Open):
            refuse_ending_rows_of(table, store=self._store)
        waiting = self._waiting.get(table)
        if waiting is None:
            waiting = self._waiting[table] = _Waiting(table)
        match change:
            case Open(row=row):
                if not waiting.open(position, row):
                    raise self._taken(table)
            case Close(where=where) if set(where) == set(table.key):
                waiting.close(position, where)
            case Close(where=where):
                self._write(waiting)
                self._close(table, position, where)
            case Amend(where=where, values=values):
                self._write(waiting)
                found = self._writer.execute(sql.open_rows(table, where), [*where.values()])
                rows = [given(table, row) for row in found.fetchall()]
                self._close(table, position, where)
                amended = {table.place(name): value for name, value in values.items()}
                for row in rows:
                    waiting.reopen(position, [amended.get(n, v) for n, v in enumerate(row)])

    def end(self) -> None:
        """Write what waits."""
        for waiting in self._waiting.values():
            self._write(waiting)

    def _close(self, table: Table, position: int, where: Mapping[str, Value]) -> None:
        self._writer.execute(sql.close_rows(table, where), [position, *where.values()])

    def _write(self, waiting: _Waiting) -> None:
        table = waiting.table
        if waiting.free:
            found = self._writer.execute(sql.count_open(table), _columns(waiting.free)).fetchone()
            if found is not None and found[0]:
                raise self._taken(table)
        if waiting.closed:
            ended = [(*key, position) for key, position in waiting.closed.items()]
            self._writer.execute(sql.close_keys(table), _columns(ended))
        rows = [*waiting.ended, *waiting.opened.values()]
        if rows:
            self._writer.execute(sql.insert(table), _columns(rows))
        waiting.clear()

    def _taken(self, table: Table) -> ChangeImpossible:
        why = f"it opens a row of {table.name} whose key is open"
        return ChangeImpossible(store=self._store, why=why)


class _Waiting:
    """What is to be written of one table.

    Attributes:
        free: Keys that no stored row may have open.
        closed: Keys of stored rows that end, and where.
        ended: Rows that begin and end within what waits.
        opened: Rows that begin and stay, by their keys.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._key = [table.place(column) for column in table.key]
        self.clear()

    def clear(self) -> None:
        self.free: list[Key] = []
        self.closed: dict[Key, int] = {}
        self.ended: list[Row] = []
        self.opened: dict[Key, Row] = {}

    def open(self, position: int, row: Sequence[Value]) -> bool:
        key = tuple(row[place] for place in self._key)
        if key in self.opened:
            return False
        if key not in self.closed:
            self.free.append(key)
        self._add(key, position, row)
        return True

    def reopen(self, position: int, row: Sequence[Value]) -> None:
        """Open a row whose key has just been closed in the table."""
        self._add(tuple(row[place] for place in self._key), position, row)

    def _add(self, key: Key, position: int, row: Sequence[Value]) -> None:
        self.opened[key] = (*stored(self.table, row), position, OPEN_END)

    def close(self, position: int, where: Mapping[str, Value]) -> None:
        key = tuple(where[column] for column in self.table.key)
        opened = self.opened.pop(key, None)
        if opened is not None:
            self.ended.append((*opened[:-1], position))
        else:
            self.closed.setdefault(key, position)


def _columns(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def stored(table: Table, row: Sequence[Value]) -> Row:
    """Return a row as the file has it."""
    return tuple(
        orjson.dumps(value).decode() if column.kind == "json" and value is not None else value
        for column, value in zip(table.columns, row, strict=True)
    )


def given(table: Table, row: Sequence[Value]) -> Row:
    """Return a row as it was given."""
    return tuple(
        from_json(value) if column.kind == "json" else value
        for column, value in zip(table.columns, row, strict=True)
    )


def from_json(value: Value) -> Value:
    """Return what a JSON text says."""
    return None if value is None else cast("Value", orjson.loads(cast("str", value)))
