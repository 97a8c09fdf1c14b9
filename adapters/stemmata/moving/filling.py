"""Filling a store with a log, of which it may hold a beginning.

A page is written at once or not at all. So whatever ends the work, the store holds the log up to some
event, and who starts again goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from stemmata.moving.lines import LogFigures, Tally
from stemmata.moving.pages import in_pages, kept_events, kept_pages
from stemmata_domain.errors import OtherLog, StoreUnavailable
from stemmata_domain.long_streams import LongStreams
from stemmata_domain.ports import EventStore, HandsOverEvents, KeptEvent, TakesOverEvents

Progress: TypeAlias = Callable[[int, int], None]


class Source(EventStore, HandsOverEvents, Protocol):
    """An event store that hands over what it keeps."""


class Target(EventStore, TakesOverEvents, Protocol):
    """An event store that takes over what another one kept."""


def source_in(store: EventStore, *, named: str) -> Source:
    """Return *store* as one that hands over its events.

    Raises:
        StoreUnavailable: It cannot.
    """
    if isinstance(store, HandsOverEvents):
        return store
    raise StoreUnavailable(store=named, why="a store of this kind cannot hand over its events")


def target_in(store: EventStore, *, named: str) -> Target:
    """Return *store* as one that takes over events.

    Raises:
        StoreUnavailable: It cannot.
    """
    if isinstance(store, TakesOverEvents):
        return store
    why = "a store of this kind cannot take over events at the positions that they have elsewhere"
    raise StoreUnavailable(store=named, why=why)


class Filling:
    """A log on its way into a store: first `compare`, then `write`.

    Attributes:
        tally: Of all events of the log that have passed.
        long: Those of its streams that are worth a snapshot.
        written: How many were written, as opposed to being there already.
    """

    def __init__(
        self, target: Target, log: Iterator[KeptEvent], *, named: str, source: str, upto: int
    ) -> None:
        """Do nothing yet.

        Args:
            named: How an error names the target.
            source: How it names where the log comes from.
            upto: Position of the log's last event.
        """
        self._target = target
        self._log = log
        self._named = named
        self._source = source
        self._upto = upto
        self._head = 0
        self.tally = Tally()
        self.long = LongStreams()
        self.written = 0

    def compare(self, progress: Progress | None = None) -> None:
        """See that what the target holds is the beginning of the log.

        Args:
            progress: Called with the position reached, and that of the log's last event.

        Raises:
            OtherLog: It holds something else; nothing was written.
        """
        self._head = self._target.head()
        for page in kept_pages(self._target, upto=self._head):
            for there in page:
                event = next(self._log, None)
                if event != there:
                    first = min(each.position for each in (event, there) if each is not None)
                    raise OtherLog(store=self._named, source=self._source, position=first)
                self._pass(there)
            if progress is not None:
                progress(self.tally.head, self._upto)

    def write(self, progress: Progress | None = None) -> None:
        """Write what the target lacks of the log.

        Raises:
            StorageFailed: It cannot be written, or somebody else has written to it; of the log, whole
                pages may have been.
        """
        for page in in_pages(self._log):
            self._target.take_over(page, after=self._head)
            for event in page:
                self._pass(event)
            self._head = page[-1].position
            self.written += len(page)
            if progress is not None:
                progress(self._head, self._upto)

    def _pass(self, event: KeptEvent) -> None:
        self.tally.add(event)
        self.long.note(event)


def read_back(store: HandsOverEvents, *, upto: int, progress: Progress | None = None) -> LogFigures:
    """Return the figures of what a store holds up to a position, read from the store."""
    tally = Tally()
    for event in kept_events(store, upto=upto):
        tally.add(event)
        if progress is not None and tally.events % 1_000 == 0:
            progress(event.position, upto)
    return tally.figures()
