"""The port of view stores: where views are kept and asked.

The contract suite in `stemmata_adapters.contracts` is the full statement of what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

from stemmata_domain.ports import EventStore
from stemmata_projections.changes import Change
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row, Table, Value

Params = Mapping[str, Value]
Found = TypeVar("Found", bound=Row)


class Parked(NamedTuple):
    """An event that a projection could not take: its view is what the others have made of it.

    Attributes:
        position: Of the event.
        cause: What went wrong, in words.
    """

    projection: str
    position: int
    cause: str


class Unfinished(NamedTuple):
    """A view that is built beside the one in use, or the room of one that stood there.

    Attributes:
        position: How far it has followed the log.
        is_left: Whoever was at it is gone.
    """

    projection: str
    position: int
    is_left: bool


class HeldRow(NamedTuple):
    """A row with the range of positions over which it holds; `OPEN_END` if it has not ended."""

    row: Row
    valid_from: int
    valid_to: int


class ViewStore(Protocol):
    """Keeps the tables of projections, each with the position up to which it has followed the log.

    - A page of changes and the checkpoint are written together or not at all.
    - What was written is seen by every query that begins later.
    - A query sees one state of all tables, be it asked of now or of a position.
    """

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables of *projections* where they are missing or have another schema.

        A view that was made anew is empty and starts at checkpoint 0.
        """
        ...

    def checkpoint(self, projection: str) -> int:
        """Return the position up to which the view of *projection* has followed the log.

        It is 0 where there is no such view of the schema that was prepared.
        """
        ...

    def apply(
        self,
        projections: Sequence[str],
        changes: Iterable[tuple[int, Change]],
        *,
        after: int,
        upto: int,
        parked: Sequence[Parked] = (),
    ) -> bool:
        """Apply the changes of the events after one position up to another, in their order.

        Each change comes with the position of its event, and is folded as it is asked for: what a fold
        raises comes out of *changes*. Nothing is done, and False returned, unless
        the views of all *projections* stand at *after*, in the schemas that they were prepared with.

        Args:
            parked: Events among them whose changes are left out, to be remembered with the page.

        Raises:
            ChangeImpossible: A change cannot be made, such as opening a row whose key is open, ending
                one of a permanent table, or a value that the store cannot hold; nothing is applied.
                During an append that it takes part in, the append has to be undone. There a store may
                also tell of it as late as at the append's end, which then undoes itself, by
                `ViewsCannotTake`; tried again, the change is told of here.
            StorageFailed: The store cannot be written; nothing is applied.
        """
        ...

    def parked(self) -> Sequence[Parked]:
        """Return the events that views could not take, by projection and position.

        They are forgotten when their view is made anew.
        """
        ...

    def query(
        self, query: Query[Found], params: Params, *, at: int | None = None, ever: bool = False
    ) -> Sequence[Found]:
        """Return the rows that *query* finds now, or as they were at a position.

        With *ever* it finds every row that held at any time, up to the position if one is given; a row
        that ended later than that is given as the table has it.
        """
        ...

    def scan(self, table: Table) -> Iterator[HeldRow]:
        """Give every row of a table that ever held, by the values of its key and by where it begins.

        Text is sorted by code points. Memory is bounded; what is applied meanwhile may be missed.
        """
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Let all queries inside, on this thread, see the one state that the first of them sees."""
        ...

    def close(self) -> None:
        """Let go of what the store holds open."""
        ...


class ViewsBeside(ViewStore, Protocol):
    """Views that are built while others of the same names are in use."""

    def take_place(self) -> bool:
        """Put these views in the place of those in use, in one step: no query sees anything between.

        Nothing is done, and False returned, while one of those in use has followed the log further. Who
        is reading is waited for where a store needs that; but within a block that holds the right to
        append it is not, and False may be returned for that too: end the block, and try again.

        Raises:
            StoreUnavailable: Another release keeps one of those in use in another shape, or somebody
                who has to be waited for goes on reading.
        """
        ...


@runtime_checkable
class RebuildsBeside(Protocol):
    """A view store that can build views anew beside those in use."""

    def beside(self, projections: Sequence[Projection]) -> AbstractContextManager[ViewsBeside]:
        """Hold the only right to rebuild, and give empty views beside those in use.

        When the block ends without their having taken place, they are dropped. What a process that died
        has left is dropped when views are prepared, or built anew.

        Raises:
            StoreUnavailable: Somebody else is at it.
        """
        ...

    def unfinished(self) -> Sequence[Unfinished]:
        """Return the views that stand beside those in use."""
        ...


@runtime_checkable
class SharesTransactions(Protocol):
    """A view store that can take part in the appends of an event store beside it."""

    def joins(self, events: EventStore) -> bool:
        """Tell whether changes applied during an append of *events* become visible with it."""
        ...


@runtime_checkable
class ChecksItself(Protocol):
    """A view store that can look for damage which the rows do not show, as in an index."""

    def faults(self, tables: Sequence[Table]) -> Sequence[str]:
        """Return what is wrong, in words; it takes as long as reading everything."""
        ...
