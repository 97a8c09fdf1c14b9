"""Snapshots of the long streams of a log that was filled from elsewhere.

They are made by folding what the log holds now, and by nothing else: whoever wrote the log may have
known less, or meant ill.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from stemmata_domain.aggregates.artifact import ARTIFACT
from stemmata_domain.aggregates.collection import COLLECTION
from stemmata_domain.decider import Decider
from stemmata_domain.errors import StorageFailed
from stemmata_domain.ports import EventStore, KeepsSnapshots, KeptEvent
from stemmata_domain.states import SNAPSHOT_AFTER, States

_DECIDERS: Mapping[str, Decider[Any, Any]] = {
    each.category: each for each in (ARTIFACT, COLLECTION)
}


class LongStreams:
    """The streams of a log that are worth a snapshot, found as its events pass.

    It remembers no more than one stream for as many events as make it long.

    Attributes:
        last: Version of the last event of each.
    """

    def __init__(self) -> None:
        """Know of none yet."""
        self.last: dict[str, int] = {}

    def note(self, event: KeptEvent) -> None:
        """See an event pass."""
        if event.version >= SNAPSHOT_AFTER - 1 and event.stream.partition("-")[0] in _DECIDERS:
            self.last[event.stream] = event.version

    def keep_snapshots(
        self, store: EventStore, *, progress: Callable[[int, int], object] | None = None
    ) -> None:
        """Fold them one by one, and keep a snapshot of each that has none or an old one.

        What cannot be read or kept is left to the first command that needs it: a store without
        snapshots is whole.

        Args:
            progress: Called with how many events were folded, and how many there are.
        """
        if not isinstance(store, KeepsSnapshots):
            return
        total = sum(self.last.values()) + len(self.last)
        passed = 0

        def tell(more: int) -> None:
            if progress is not None:
                progress(min(passed + more, total), total)

        for stream, last in self.last.items():
            # Of its own, so that one state at a time is in memory.
            states = States(store, told=tell)
            with suppress(StorageFailed):
                states.begin()
                states.load(_DECIDERS[stream.partition("-")[0]], stream)
                for snapshot in states.snapshots_due():
                    store.save_snapshot(snapshot)
            passed += last + 1
            tell(0)
