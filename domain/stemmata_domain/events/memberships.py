"""Events of a numbered line of versions, which artifacts and collections both keep."""

from __future__ import annotations

from typing import ClassVar

from stemmata_domain.events.base import Event


class AliasAdded(Event):
    """An alias names the version with this index; `moved_from` had it until now."""

    topic: ClassVar[str] = "AliasAdded"
    alias: str
    index: int
    moved_from: int | None = None


class AliasRemoved(Event):
    """An alias, which named the version with this index, names nothing."""

    topic: ClassVar[str] = "AliasRemoved"
    alias: str
    index: int
