"""The changes of a page, gathered by table, so that a table is written in few statements.

What a page opens and ends again is written once, as it was in the end. So the order within a table is
this: what was there before is ended, then all that the page has opened is written. A change that cannot
be gathered, because it depends on rows that were there before, stands alone between two pages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from operator import itemgetter
from typing import NamedTuple, cast

from stemmata_projections.changes import Amend, Change, Close, Open, refuse_ending_rows_of
from stemmata_projections.tables import Row, Table, Value


class Alone(NamedTuple):
    """A change that could not be gathered."""

    position: int
    change: Close | Amend


class TablePage:
    """What a page changes in one table.

    Attributes:
        ended: By some columns, the values by which rows that were there before end, and where they do.
        finished: Rows that were opened and have ended; behind the columns stand both positions.
        new: Keys of those for which none was open before, if all is well.
        unsought: All that was opened, as long as no row of it was looked for.
    """

    __slots__ = (
        "_by_first",
        "_key",
        "_opened",
        "_way",
        "ended",
        "finished",
        "new",
        "table",
        "unsought",
    )

    def __init__(self, table: Table) -> None:
        self.table = table
        self.ended: dict[tuple[str, ...], dict[Row, int]] = {}
        self.finished: list[Row] = []
        self.new: dict[Row, None] = {}
        self._key = _key_of(table)
        # Most tables only grow: what they are given has no need of keys until a row is looked for.
        self.unsought: list[Row] | None = []
        self._opened: dict[Row, Row] = {}
        self._by_first: dict[Value, dict[Row, None]] | None = None
        self._way: dict[Value, tuple[str, ...]] = {}

    @property
    def opened(self) -> Collection[Row]:
        """Rows that are open; behind the columns stands the position from which they hold."""
        return self._opened.values() if self.unsought is None else self.unsought

    @property
    def is_empty(self) -> bool:
        """Whether nothing was gathered."""
        return not (self.opened or self.finished or self.ended)

    def gather(self, position: int, change: Change) -> bool:
        """Gather a change after those before it; return whether it could be."""
        if type(change) is Open:
            return self._open((*change.row, position))
        if self.unsought is not None and not self._know_keys(self.unsought):
            return False
        if type(change) is Close:
            return self._close(position, change.where)
        return self._amend(position, cast("Amend", change))

    def _open(self, row: Row) -> bool:
        if self.unsought is not None:
            self.unsought.append(row)
            return True
        key = self._key.of_row(row)
        if key in self._opened:
            return False
        self._opened[key] = row
        if self._by_first is not None:
            self._by_first.setdefault(key[0], {})[key] = None
        return True

    def _know_keys(self, rows: list[Row]) -> bool:
        """Keep rows by their keys from now on; return whether none has the key of another."""
        opened = {self._key.of_row(row): row for row in rows}
        if len(opened) < len(rows):
            return False
        self._opened, self.unsought = opened, None
        return True

    def _close(self, position: int, where: Mapping[str, Value]) -> bool:
        columns, values = tuple(where), tuple(where.values())
        if None in values:
            return True  # nothing equals it
        first = where.get(self.table.key[0])
        # Rows that were there before could be ended in two ways, and which of them came first would be
        # lost; so it has to be told by the first column of the key that this does not happen.
        if first is None or self._way.setdefault(first, columns) != columns:
            return False
        ended = self.ended.get(columns, ())
        key = self._key.of_where(where)
        keys = self._matching(where, first) if key is None else (key,)
        for each in keys:
            row = self._opened.pop(each, None)
            if row is not None:
                self.finished.append((*row, position))
                if self._by_first is not None:
                    del self._by_first[each[0]][each]
                if values not in ended:
                    self.new[each] = None
        if key is None or key not in self.new:
            self.ended.setdefault(columns, {}).setdefault(values, position)
        return True

    def _matching(self, where: Mapping[str, Value], first: Value) -> list[Row]:
        if self._by_first is None:
            self._by_first = {}
            for key in self._opened:
                self._by_first.setdefault(key[0], {})[key] = None
        wanted = [(self.table.place(column), value) for column, value in where.items()]
        return [
            key
            for key in self._by_first.get(first, ())
            if all(self._opened[key][place] == value for place, value in wanted)
        ]

    def _amend(self, position: int, change: Amend) -> bool:
        """Gather that a row goes on with other values; it has to be one that was opened here."""
        key = self._key.of_where(change.where)
        row = None if key is None else self._opened.get(key)
        if key is None or row is None or not change.values.keys().isdisjoint(self.table.key):
            return False
        amended = [*row[:-1], position]
        for name, value in change.values.items():
            amended[self.table.place(name)] = value
        self.finished.append((*row, position))
        self._opened[key] = tuple(amended)
        return True


class _Pages(dict[Table, TablePage]):
    def __missing__(self, table: Table) -> TablePage:
        made = self[table] = TablePage(table)
        return made


def gathered(
    changes: Iterable[tuple[int, Change]], *, store: str
) -> tuple[list[TablePage | Alone], list[TablePage]]:
    """Return changes, each with its position, gathered: first what is written in this order, then the rest.

    Raises:
        ChangeImpossible: A change ends rows of a permanent table of *store*.
    """
    before: list[TablePage | Alone] = []
    pages = _Pages()
    for position, change in changes:
        page = pages[change.table]
        if type(change) is Open:
            # Nearly all that happens, and so without a call.
            if page.unsought is not None:
                page.unsought.append((*change.row, position))
                continue
        else:
            refuse_ending_rows_of(change.table, store=store)
        if page.gather(position, change):
            continue
        if not page.is_empty:
            before.append(page)
            del pages[change.table]
            if pages[change.table].gather(position, change):
                continue
        before.append(Alone(position, cast("Close | Amend", change)))
    return before, list(pages.values())


class _Key(NamedTuple):
    """What tells the key of a row, and of what is looked for: None if it is not the whole key alone."""

    of_row: Callable[[Row], Row]
    of_where: Callable[[Mapping[str, Value]], Row | None]


@cache
def _key_of(table: Table) -> _Key:
    """Return what tells keys of a table; stores ask it for each page, and there are few tables."""
    wanted = set(table.key)
    places = [table.place(column) for column in table.key]

    def of_where(where: Mapping[str, Value]) -> Row | None:
        return tuple([where[each] for each in table.key]) if where.keys() == wanted else None

    if len(places) == 1:
        (place,) = places
        return _Key(lambda row: (row[place],), of_where)
    return _Key(cast("Callable[[Row], Row]", itemgetter(*places)), of_where)
