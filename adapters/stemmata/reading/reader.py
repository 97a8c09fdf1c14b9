"""A handle that only reads: everything that can be asked, now or as of a moment."""

from __future__ import annotations

from stemmata.moments import Moment, parsed
from stemmata.reading.lineage import LineageQueries
from stemmata.reading.log import LogQueries
from stemmata.reading.names import NameQueries
from stemmata_domain.errors import InvalidMoment
from stemmata_projections.audit.moments import position_at


class Reader(NameQueries, LineageQueries, LogQueries):
    """Answers as the registry is, or as it was at a position.

    - A handle on a moment is pinned to it: it answers the same for ever.
    - It has no commands, and nothing to close: it is part of the handle that it came from.
    """

    def as_of(self, moment: Moment) -> Reader:
        """Return a handle on the registry as it was at a moment: a time, or a position of the log.

        Before the first event there is an empty registry, and a time to come means now.

        Raises:
            InvalidMoment: The time does not say its zone, or the log has not reached the position.
        """
        wanted = parsed(moment)
        head = self.position()
        if not isinstance(wanted, int):
            wanted = min(position_at(self._views, wanted, at=self.at), head)
        elif wanted > head:
            rule = f"the log has come to position {head}, and nobody knows what comes after"
            raise InvalidMoment(moment=str(wanted), rule=rule)
        return Reader(
            events=self._events,
            views=self._views,
            content=self.content,
            actor=self.actor,
            entity=self._entity,
            project=self._project,
            cache_dir=self.cache_dir,
            at=wanted,
        )
