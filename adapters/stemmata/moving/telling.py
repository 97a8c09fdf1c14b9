"""Whom to tell how far work has come that has several parts."""

from __future__ import annotations

from typing import Protocol

from stemmata_domain.content import Progress


class TellsProgress(Protocol):
    """Gives what to call with progress, or None, for each part of the work as it begins."""

    def events(self, what: str) -> Progress | None:
        """Begin a part that counts events: position reached, and position of the last event."""
        ...

    def bytes(self, what: str) -> Progress | None:
        """Begin a part that counts bytes: done, and of how many."""
        ...


class Silent:
    """Tells nobody."""

    def events(self, what: str) -> Progress | None:
        """Begin a part that counts events."""

    def bytes(self, what: str) -> Progress | None:
        """Begin a part that counts bytes."""
