"""The current run of a context: what an artifact that is saved without a run is logged by."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from stemmata.stemma import Stemma


class ActiveRun(NamedTuple):
    """A run that goes on, and the handle that it writes through."""

    stemma: Stemma
    path: str


CURRENT: ContextVar[ActiveRun | None] = ContextVar("stemmata_run", default=None)
