"""The port of view stores: where views are kept and asked.

The contract suite in `stemmata_adapters.contracts` is the full statement of what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar, runtime_checkable

from stemmata_domain.ports import EventStore
from stemmata_projections.changes import Change
from stemmata_projections.projection import Projection
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row, Value

Params = Mapping[str, Value]
Found = TypeVar("Found", bound=Row)


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
    ) -> bool:
        """Apply the changes of the events after one position up to another, in their order.

        Each change comes with the position of its event. Nothing is done, and False returned, unless
        the views of all *projections* stand at *after*, in the schemas that they were prepared with.

        Raises:
            StorageFailed: A change cannot be made, such as opening a row whose key is open; nothing is
                applied.
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

    def reading(self) -> AbstractContextManager[None]:
        """Let all queries inside, on this thread, see the one state that the first of them sees."""
        ...

    def close(self) -> None:
        """Let go of what the store holds open."""
        ...


@runtime_checkable
class SharesTransactions(Protocol):
    """A view store that can take part in the appends of an event store beside it."""

    def joins(self, events: EventStore) -> bool:
        """Tell whether changes applied during an append of *events* become visible with it."""
        ...
