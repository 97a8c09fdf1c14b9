"""Asking the audit trail: which events fit, page by page, each told as an entry.

The log is the trail; the view only finds places in it. How places are found at a cost that does not grow
with the log, whatever is asked:

- By actor or kind alone, in the order of an index.
- By things, which may be many: in stretches of the log that grow until a page is full.
- By things and something else: if few entries fit the rest, each of their events is asked what it
  concerns; otherwise both are joined within the stretches.
- By time: few entries are found by their times; many stand so dense that the log is followed. Times are
  compared, never taken for an order: one wrong clock hides nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import cast

from stemmata_domain.codec import time_text
from stemmata_domain.ports import EventStore
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit import queries as q
from stemmata_projections.audit.fold import things_of
from stemmata_projections.audit.log import Log
from stemmata_projections.audit.telling import Telling
from stemmata_projections.audit.things import Things
from stemmata_projections.audit.views import AuditEntry
from stemmata_projections.queries import Query
from stemmata_projections.tables import Value
from stemmata_projections.view_store import ViewStore

_FEW = 1_000
"""Up to how many entries are looked at one by one."""
_LOOK = 128
"""How many events are read at once to be asked what they concern."""
_STRETCH = 1_024
_GROWTH = 8

_FIRST_TIME, _LAST_TIME = "", "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What entries have to fit; what is None or empty, every entry fits.

    Attributes:
        things: Of each of these sets the event has to concern one.
        kinds: Topics of events.
        since: The earliest time.
        until: The time before which it has to be.
        after: The position before the first one.
        before: The position after the last one.
    """

    things: tuple[Things, ...] = ()
    actor: str | None = None
    kinds: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    after: int
    before: int
    newest_first: bool = False

    @property
    def is_timed(self) -> bool:
        """Whether times are bounded."""
        return self.since is not None or self.until is not None

    @property
    def times(self) -> tuple[str, str]:
        """The bounds of times as the view has times."""
        since = _FIRST_TIME if self.since is None else time_text(self.since)
        until = _LAST_TIME if self.until is None else time_text(self.until)
        return since, until


class AuditTrail:
    """The log by who, what, when and to which thing."""

    def __init__(self, views: ViewStore, events: EventStore) -> None:
        self._views = views
        self._events = events

    def entries(self, asked: Asked, *, most: int) -> tuple[list[AuditEntry], bool]:
        """Return up to *most* entries that fit, in order, and whether there are more."""
        log = Log(self._events)
        found = list(islice(self._fitting(asked, log, most + 1), most + 1))
        return Telling(self._views, log).entries(found[:most]), len(found) > most

    def events(self, asked: Asked) -> Iterator[RecordedEvent]:
        """Yield all events that fit, in order."""
        return self._fitting(asked, Log(self._events), _FEW)

    def _fitting(self, asked: Asked, log: Log, most: int) -> Iterator[RecordedEvent]:
        few = self._few(asked)
        if few is not None:
            return self._looked_at(few, asked.things, log)
        asked = self._bounded(asked)
        if not asked.things:
            return self._read(self._entries(asked, most), log, most)
        # The smallest set narrows the most.
        first, *rest = sorted(asked.things, key=len)
        found = self._concerning(asked, first, most)
        return self._looked_at(found, rest, log) if rest else self._read(found, log, most)

    def _read(self, positions: Iterable[int], log: Log, most: int) -> Iterator[RecordedEvent]:
        ahead = iter(positions)
        while batch := list(islice(ahead, most)):
            yield from log.at(batch)

    def _looked_at(
        self, positions: Iterable[int], things: Sequence[Things], log: Log
    ) -> Iterator[RecordedEvent]:
        ahead = iter(positions)
        while batch := list(islice(ahead, _LOOK)):
            for recorded in log.at(batch):
                concerned = things_of(recorded)
                if all(not concerned.isdisjoint(each) for each in things):
                    yield recorded

    def _few(self, asked: Asked) -> list[int] | None:
        """Return all entries that fit but for their things, None if they are not few or all fit."""
        if asked.is_timed:
            since, until = asked.times
            params: dict[str, Value] = {"since": since, "until": until, "most": _FEW + 1}
            rows = self._views.query(q.ENTRIES_IN_TIME, params)
            if len(rows) <= _FEW:
                found = (
                    position
                    for position, _, actor, topic in rows
                    if asked.after < position < asked.before
                    and asked.actor in (None, actor)
                    and (not asked.kinds or topic in asked.kinds)
                )
                return sorted(found, reverse=asked.newest_first)
        if asked.things and (asked.actor is not None or asked.kinds):
            positions = list(islice(self._entries(asked, _FEW + 1), _FEW + 1))
            if len(positions) <= _FEW:
                return positions
        return None

    def _bounded(self, asked: Asked) -> Asked:
        """Return the same question, with positions bounded by its times where that spares a search."""
        near = asked.until if asked.newest_first else asked.since
        if not asked.is_timed or (near is None and not asked.things):
            return asked
        since, until = asked.times
        [(first, last)] = self._views.query(q.ENDS_OF_TIME, {"since": since, "until": until})
        after, before = max(asked.after, (first or 1) - 1), min(asked.before, (last or 0) + 1)
        return replace(asked, after=after, before=before)

    def _entries(self, asked: Asked, most: int) -> Iterator[int]:
        """Yield the entries that fit but for their things."""
        ways = [self._of_topic(asked, topic, most) for topic in asked.kinds or (None,)]
        return heapq.merge(*ways, reverse=asked.newest_first)

    def _of_topic(self, asked: Asked, topic: str | None, most: int) -> Iterator[int]:
        query = q.entries(
            by_actor=asked.actor is not None,
            by_topic=topic is not None,
            timed=asked.is_timed,
            newest_first=asked.newest_first,
        )
        params = _params(asked, most)
        if topic is not None:
            params["topic"] = topic
        while rows := self._views.query(query, params):
            yield from (position for (position,) in rows)
            if len(rows) < most:
                return
            params["before" if asked.newest_first else "after"] = rows[-1][0]

    def _concerning(self, asked: Asked, things: Things, most: int) -> Iterator[int]:
        """Yield the entries that fit and concern one of *things*, whatever else they have to concern."""
        query = q.concerning(
            by_actor=asked.actor is not None,
            by_topic=bool(asked.kinds),
            timed=asked.is_timed,
            newest_first=asked.newest_first,
        )
        params = _params(asked, most)
        params["things"] = [*sorted(things)]
        if asked.kinds:
            params["topics"] = [*asked.kinds]
        after, before, width = asked.after, asked.before, _STRETCH
        while before - after > 1:
            if asked.newest_first:
                ends = max(after, before - width - 1), before
                before = ends[0] + 1
            else:
                ends = after, min(before, after + width + 1)
                after = ends[1] - 1
            params.update(after=ends[0], before=ends[1])
            found = yield from self._in_stretch(query, params, asked.newest_first)
            # The next one should hold a page: grouping makes a query see its whole stretch.
            width = min(width * _GROWTH, width * most // found) if found else width * _GROWTH

    def _in_stretch(
        self, query: Query[tuple[int, int]], params: dict[str, Value], newest_first: bool
    ) -> Generator[int, None, int]:
        """Yield what a query finds in a stretch of the log, and return how much it was."""
        found = 0
        while rows := self._views.query(query, params):
            yield from (position for position, _ in rows)
            found += len(rows)
            if len(rows) < cast("int", params["most"]):
                break
            params["before" if newest_first else "after"] = rows[-1][0]
        return found


def _params(asked: Asked, most: int) -> dict[str, Value]:
    params: dict[str, Value] = {"after": asked.after, "before": asked.before, "most": most}
    if asked.actor is not None:
        params["actor"] = asked.actor
    if asked.is_timed:
        params["since"], params["until"] = asked.times
    return params
