"""A handle that only reads: everything that can be asked, now or as of a moment."""

from __future__ import annotations

from stemmata.moments import Moment
from stemmata.reading.audit import AuditQueries
from stemmata.reading.lineage import LineageQueries
from stemmata.reading.log import LogQueries
from stemmata.reading.names import NameQueries
from stemmata.reading.search import SearchQueries
from stemmata.reading.usage import UsageQueries


class Reader(NameQueries, LineageQueries, UsageQueries, LogQueries, AuditQueries, SearchQueries):
    """Answers as the registry is, or as it was at a position.

    - What answers a question is imported when one like it is first asked: who only writes, or resolves
      names, does not wait for it.
    - A handle on a moment is pinned to it: it answers the same for ever.
    - It has no commands, and nothing to close: it is part of the handle that it came from.
    """

    def as_of(self, moment: Moment) -> Reader:
        """Return a handle on the registry as it was at a moment: a time, or a position of the log.

        Before the first event there is an empty registry, and a time to come means now.

        Raises:
            InvalidMoment: The time does not say its zone, or the log has not reached the position.
        """
        return Reader(
            events=self._events,
            views=self._views,
            content=self.content,
            actor=self.actor,
            entity=self._entity,
            project=self._project,
            cache_dir=self.cache_dir,
            kept_graph=self._kept_graph,
            at=self.position_at(moment),
        )
