"""The changes of a page, gathered by table, so that a table is written in few statements.

What a page opens and ends again is written as it was in the end. So the order within a table is this:
what was there before is ended, then all that the page has opened is written. Who writes a page asks for
each change whether it can be gathered; if not, what is waiting is to be written first.
"""

from __future__ import annotations

from collections.abc import Mapping

from stemmata_projections.tables import OPEN_END, Row, Table, Value


class TablePage:
    """What a page changes in one table.

    Attributes:
        ended: By some columns, the values by which rows that were there before end, and where they do.
        opened: By their keys, rows that are open, and the positions from which they hold.
        finished: Rows that were opened and have ended, and their ranges.
        new: Keys of those for which none was open before, if all is well.
    """

    __slots__ = ("_key", "_keys_with", "_way", "ended", "finished", "new", "opened", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.ended: dict[tuple[str, ...], dict[Row, int]] = {}
        self.opened: dict[Row, tuple[Row, int]] = {}
        self.finished: list[tuple[Row, int, int]] = []
        self.new: list[Row] = []
        self._key = tuple(map(table.place, table.key))
        self._keys_with: dict[Value, dict[Row, None]] = {}
        self._way: dict[Value, tuple[str, ...]] = {}

    def open(self, position: int, row: Row) -> bool:
        """Gather a row that is opened; its key may not be open here."""
        key = tuple([row[place] for place in self._key])
        if key in self.opened:
            return False
        self.opened[key] = row, position
        self._keys_with.setdefault(key[0], {})[key] = None
        return True

    def close(self, position: int, where: Mapping[str, Value]) -> bool:
        """Gather that rows end; they have to be looked for by the first column of the key at least."""
        first, columns, values = self.table.key[0], tuple(where), tuple(where.values())
        if None in values:
            return True  # nothing equals it
        # The same rows could be ended in two ways, and which of them was first would be lost.
        if first not in where or self._way.get(where[first], columns) != columns:
            return False
        ended = self.ended.setdefault(columns, {})
        for key in self._matching(where):
            row, begin = self._take(key)
            self.finished.append((row, begin, position))
            if values not in ended:
                self.new.append(key)
        ended.setdefault(values, position)
        self._way[where[first]] = columns
        return True

    def amend(self, position: int, where: Mapping[str, Value], values: Mapping[str, Value]) -> bool:
        """Gather that a row goes on with other values; it has to be one that was opened here."""
        key = tuple([where.get(column) for column in self.table.key])
        if (
            len(where) != len(key)
            or key not in self.opened
            or not values.keys().isdisjoint(self.table.key)
        ):
            return False
        row, begin = self.opened[key]
        amended = list(row)
        for name, value in values.items():
            amended[self.table.place(name)] = value
        self.finished.append((row, begin, position))
        self.opened[key] = tuple(amended), position
        return True

    def _matching(self, where: Mapping[str, Value]) -> list[Row]:
        if len(where) == len(self._key) and all(column in where for column in self.table.key):
            key = tuple([where[column] for column in self.table.key])
            return [key] if key in self.opened else []
        wanted = [(self.table.place(column), value) for column, value in where.items()]
        return [
            key
            for key in self._keys_with.get(where[self.table.key[0]], ())
            if all(self.opened[key][0][place] == value for place, value in wanted)
        ]

    def _take(self, key: Row) -> tuple[Row, int]:
        del self._keys_with[key[0]][key]
        return self.opened.pop(key)

    def rows(self) -> list[tuple[Row, int, int]]:
        """Return all rows to be written, with their ranges."""
        return [*self.finished, *((row, begin, OPEN_END) for row, begin in self.opened.values())]
