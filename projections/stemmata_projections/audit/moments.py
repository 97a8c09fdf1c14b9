"""Which position of the log a moment is."""

from __future__ import annotations

from datetime import datetime

from stemmata_domain.codec import time_text
from stemmata_projections.audit import queries as q
from stemmata_projections.view_store import ViewStore


def position_at(views: ViewStore, moment: datetime, *, at: int | None = None) -> int:
    """Return the position of the last event that had happened by *moment*, 0 if none had.

    With *at*, what the log holds beyond that position does not count, whatever time it has.

    Last is the one of the latest time, and of several of one time the one furthest in the log. So one
    event that a wrong clock has stamped misplaces no other moment than its own.
    """
    found = views.query(q.LAST_BY, {"moment": time_text(moment), "most": 1}, at=at)
    return found[0][0] if found else 0
