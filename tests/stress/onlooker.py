"""Somebody who reads what others write, and holds it against the log."""

from __future__ import annotations

from collections.abc import Sequence

from stemmata.stemma import Stemma
from stemmata_domain.errors import Refused
from stemmata_domain.events import VersionLinked


class Onlooker:
    """Reads collections through one handle, from which nobody unlinks anything.

    Views may neither lead nor lag: a link is seen once it is in the log, and not before.
    """

    def __init__(self, stemma: Stemma, collections: Sequence[str], *, after: int = 0) -> None:
        """Look at *collections*, in which all is linked that is linked after a position."""
        self._stemma = stemma
        self._collections = collections
        self._read = after
        self._logged = 0

    def look(self) -> int:
        """Return how many links are seen, which is as many as the log has at that moment."""
        before = self._in_the_log()
        seen = sum(self._seen(name) for name in self._collections)
        after = self._in_the_log()
        assert before <= seen <= after, (before, seen, after)
        return seen

    def _in_the_log(self) -> int:
        until = self._stemma.position()
        for _ in self._stemma.replay(after=self._read, until=until, kinds=[VersionLinked.topic]):
            self._logged += 1
        self._read = until
        return self._logged

    def _seen(self, name: str) -> int:
        try:
            there = [version.index for version in self._stemma.versions(name)]
        except Refused:  # perhaps not even the entity is there; then the log has no link either
            return 0
        assert there == list(range(len(there))), (name, there)
        return len(there)
