"""The log itself, told from the folded log: moments, entries, and what they concern."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.properties.folded import Folded, Refusal

Told = Any


def as_of(model: Folded, moment: datetime | str | int) -> Told:
    """Return the position that a moment is."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, int):
        if moment > model.position:
            raise Refusal("InvalidMoment")
        return moment
    if moment.tzinfo is None:
        raise Refusal("InvalidMoment")
    happened = [(each.time, each.position) for each in model.trail if each.time <= moment]
    return max(happened)[1] if happened else 0
