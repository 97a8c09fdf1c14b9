"""Whether views are what the log makes of them: folded once more, and compared row by row.

How it stays right while others write: all is compared as of one position for each view, the last that
both folds have followed. Rows that begin later are left out, and rows that end later are taken to be
open, so that it does not matter what is applied while rows are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import orjson

from stemmata_domain.errors import StorageFailed, StoreUnavailable
from stemmata_domain.ports import EventStore
from stemmata_projections.log_check import LogCheck, LogReport
from stemmata_projections.projection import Projection
from stemmata_projections.runner import Progress, Runner
from stemmata_projections.tables import OPEN_END, Row, Table, Value
from stemmata_projections.view_store import ChecksItself, HeldRow, Parked, ViewStore

MOST_DIFFERENCES = 10

Kind = Literal["missing", "surplus", "different"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifference:
    """A row that is not as the log makes it.

    Attributes:
        kind: Whether it is missing in the view, surplus there, or different.
        key: The values of its key.
        valid_from: Position from which it holds.
        expected: What the log makes of it, if anything.
        found: What stands in the view, if anything.
    """

    kind: Kind
    key: Row
    valid_from: int
    expected: HeldRow | None
    found: HeldRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """How a table compares.

    Attributes:
        position: As of which it was compared.
        rows: How many rows the log makes of it.
        differences: How many are missing, surplus or different.
        first: The first of these, by key.
        fault: Why the table could not be read to its end, if it could not.
    """

    view: str
    table: str
    position: int
    rows: int
    differences: int
    first: tuple[RowDifference, ...]
    fault: str | None = None

    @property
    def agrees(self) -> bool:
        """Whether all rows are as the log makes them."""
        return not self.differences and self.fault is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How a registry's views compare with its log.

    Attributes:
        parked: Events that a view in use has not taken, and the fold made for comparing has not either.
        parked_in_use: Those that only a view in use has not taken: a rebuild will take them.
        parked_anew: Those that only the new fold could not take.
        faults: What the view store finds wrong with itself, besides.
    """

    log: LogReport
    tables: tuple[TableReport, ...]
    parked: tuple[Parked, ...]
    parked_in_use: tuple[Parked, ...]
    parked_anew: tuple[Parked, ...]
    faults: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many rows were compared."""
        return sum(each.rows for each in self.tables)

    @property
    def is_sound(self) -> bool:
        """Whether the log is whole and the views are what it makes of them."""
        apart = self.parked_in_use or self.parked_anew or self.faults
        return self.log.is_whole and not apart and all(each.agrees for each in self.tables)


def verify(
    events: EventStore,
    views: ViewStore,
    projections: Sequence[Projection],
    *,
    scratch: ViewStore,
    progress: Progress | None = None,
) -> Verified:
    """Compare *views* with what the log makes of them in *scratch*, which is empty.

    Memory is bounded, but for some hundred bytes for each stream.

    Args:
        progress: Called with the position that the new fold has reached, and that of the head.

    Raises:
        StorageFailed: A store cannot be read or written, or another release makes the views anew.
    """
    log = LogCheck(events)
    Runner(log, scratch, projections).catch_up(progress=progress)
    tables: list[TableReport] = []
    in_use, anew = set[_Place](), set[_Place]()
    held = {each[:2]: each for each in (*scratch.parked(), *views.parked())}
    for each in projections:
        # Asked after the fold, so that a view that is kept up is not behind it.
        position = min(views.checkpoint(each.name), scratch.checkpoint(each.name))
        tables += [_compare(each, table, views, scratch, position) for table in each.tables]
        if views.checkpoint(each.name) < position:
            why = "it was made anew meanwhile; verify again when it has caught up"
            raise StoreUnavailable(store=f"view {each.name!r}", why=why)
        in_use |= _parked(views, each.name, position)
        anew |= _parked(scratch, each.name, position)
    checks = (
        views.faults([table for each in projections for table in each.tables])
        if isinstance(views, ChecksItself)
        else ()
    )
    return Verified(
        log=log.report(),
        tables=tuple(tables),
        parked=tuple(held[each] for each in sorted(in_use & anew)),
        parked_in_use=tuple(held[each] for each in sorted(in_use - anew)),
        parked_anew=tuple(held[each] for each in sorted(anew - in_use)),
        faults=tuple(checks),
    )


_Place: TypeAlias = tuple[str, int]


def _parked(views: ViewStore, name: str, position: int) -> set[_Place]:
    return {
        (each.projection, each.position)
        for each in views.parked()
        if each.projection == name and each.position <= position
    }


def _compare(
    projection: Projection, table: Table, views: ViewStore, scratch: ViewStore, position: int
) -> TableReport:
    merge = _Merge(table)
    fault = None
    try:
        merge.run(_as_of(views, table, position), _as_of(scratch, table, position))
    except StorageFailed as error:
        fault = str(error)
    return TableReport(
        view=projection.name,
        table=table.name,
        position=position,
        rows=merge.rows,
        differences=merge.differences,
        first=tuple(merge.first),
        fault=fault,
    )


def _as_of(views: ViewStore, table: Table, position: int) -> Iterator[HeldRow]:
    for held in views.scan(table):
        if held.valid_from <= position:
            yield held if held.valid_to <= position else held._replace(valid_to=OPEN_END)


_Order: TypeAlias = tuple[object, ...]


class _Merge:
    """Two scans of a table, side by side."""

    def __init__(self, table: Table) -> None:
        self._key = [table.place(column) for column in table.key]
        self._json = [i for i, column in enumerate(table.columns) if column.kind == "json"]
        self.rows = 0
        self.differences = 0
        self.first: list[RowDifference] = []

    def run(self, found: Iterator[HeldRow], expected: Iterator[HeldRow]) -> None:
        ours, theirs = next(found, None), next(expected, None)
        while ours is not None or theirs is not None:
            if theirs is None or (ours is not None and self._order(ours) < self._order(theirs)):
                self._note("surplus", None, ours)
                ours = next(found, None)
            elif ours is None or self._order(theirs) < self._order(ours):
                self.rows += 1
                self._note("missing", theirs, None)
                theirs = next(expected, None)
            else:
                self.rows += 1
                if not self._same(ours, theirs):
                    self._note("different", theirs, ours)
                ours, theirs = next(found, None), next(expected, None)

    def _order(self, held: HeldRow) -> _Order:
        # Damage may have put a value of another kind in the place of a key.
        key = [(_RANKS.get(type(value), 3), value) for value in self._values(held)]
        return (*key, held.valid_from)

    def _values(self, held: HeldRow) -> Row:
        return tuple(held.row[place] for place in self._key)

    def _same(self, one: HeldRow, other: HeldRow) -> bool:
        # In Python, true equals 1; in JSON it does not.
        return one == other and all(
            _document(one.row[place]) == _document(other.row[place]) for place in self._json
        )

    def _note(self, kind: Kind, expected: HeldRow | None, found: HeldRow | None) -> None:
        self.differences += 1
        held = found or expected
        if held is not None and len(self.first) < MOST_DIFFERENCES:
            self.first.append(
                RowDifference(
                    kind=kind,
                    key=self._values(held),
                    valid_from=held.valid_from,
                    expected=expected,
                    found=found,
                )
            )


_RANKS: dict[type, int] = {type(None): 0, bool: 1, int: 1, float: 1, str: 2}


def _document(value: Value) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
