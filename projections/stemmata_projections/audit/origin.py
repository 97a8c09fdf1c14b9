"""Of which log views were made: views that are kept apart from it may be handed another."""

from __future__ import annotations

from stemmata_domain.codec import time_text
from stemmata_domain.errors import EventUnreadable
from stemmata_domain.ports import EventStore
from stemmata_projections.audit import queries as q
from stemmata_projections.audit.fold import AUDIT
from stemmata_projections.view_store import ViewStore


def may_follow(events: EventStore, views: ViewStore) -> bool:
    """Tell whether *views* can have followed *events*: the last entry of theirs is in that log.

    Views that are ahead of the log cannot.
    """
    reached = views.checkpoint(AUDIT.name)
    if reached > events.head():
        return False
    for position, at, actor, topic in views.query(q.ENTRIES_AT, {"positions": [reached]}):
        try:
            (recorded,) = events.read_all(after=position - 1, limit=1)
        except EventUnreadable:
            # It has been damaged since; views go on with what can be read.
            return True
        found = (recorded.position, time_text(recorded.time), recorded.actor, recorded.event.topic)
        return found == (position, at, actor, topic)
    return True
