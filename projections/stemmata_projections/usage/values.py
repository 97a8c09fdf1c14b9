"""What usage answers with: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from stemmata_domain.codec import time_text

Json = dict[str, JsonValue]
UsageKind = Literal["version", "artifact", "collection", "registry", "project"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How often something was used: each run counts once for each version and each name it used.

    Attributes:
        uses: Runs, versions and names that go together.
        runs: Runs, each once.
        people: Those who used it, each once.
        first: When it was used first; None if never.
    """

    uses: int = 0
    runs: int = 0
    people: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def to_json(self) -> Json:
        """Return the figures as documents have them."""
        return {
            "uses": self.uses,
            "runs": self.runs,
            "people": self.people,
            "first": None if self.first is None else time_text(self.first),
            "last": None if self.last is None else time_text(self.last),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who used something, through one name.

    Attributes:
        who: The actor of the runs' use.
        through: Full name by which it was addressed: with `:vN` where a version is asked about.
        is_gone: Whether the collection of this name has been deleted since.
    """

    who: str
    through: str
    is_gone: bool
    figures: Figures

    def to_json(self) -> Json:
        """Return the user as documents have it."""
        about: Json = {"who": self.who, "through": self.through, "is_gone": self.is_gone}
        counted = {k: v for k, v in self.figures.to_json().items() if k != "people"}
        return {**about, **counted}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The use of a version of a collection, or of a collection of a registry.

    Attributes:
        name: Full name.
        is_gone: Whether it has left, or was deleted, since it was used.
        through: Uses by this name.
        total: Uses by any name, of what is here still.
    """

    name: str
    is_gone: bool
    through: Figures
    total: Figures

    def to_json(self) -> Json:
        """Return the part as documents have it."""
        return {
            "name": self.name,
            "is_gone": self.is_gone,
            "through": self.through.to_json(),
            "total": self.total.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Who used something, through which name, how often, first and last.

    Attributes:
        name: Full name.
        through: Uses by this name or, of a registry, by a name in it; also of versions that have left
            it since.
        total: Uses by any name of the version, or of the versions that are in it.
        users: Who used it and by which name, those of most uses first; of a registry only by names in
            it.
        parts: Of a collection its versions by number, of a registry its collections by name, with
            those that have gone; of a version nothing.
    """

    kind: UsageKind
    name: str
    through: Figures
    total: Figures
    users: tuple[User, ...]
    parts: tuple[Part, ...] = ()

    @property
    def unused(self) -> tuple[Part, ...]:
        """The parts that are here and that nobody has used by any name."""
        return tuple(part for part in self.parts if not part.is_gone and not part.total.uses)

    def to_json(self) -> Json:
        """Return the usage as documents have it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "through": self.through.to_json(),
            "total": self.total.to_json(),
            "users": [user.to_json() for user in self.users],
            "parts": [part.to_json() for part in self.parts],
        }


@dataclass(frozen=True, slots=True)
class UnusedVersion:
    """A version that no run has used by any name.

    Attributes:
        id: Id of the version, the same for the source and all links.
        full_name: With `:vN`, as the artifact or collection has it in which it was looked for.
        aliases: There, in alphabetical order.
        size: Bytes of all files together.
    """

    id: str
    full_name: str
    type: str
    aliases: tuple[str, ...]
    size: int
    file_count: int
    created_at: datetime
    created_by: str

    def to_json(self) -> Json:
        """Return the version as documents have it."""
        return {
            "full_name": self.full_name,
            "type": self.type,
            "aliases": list(self.aliases),
            "size": self.size,
            "file_count": self.file_count,
            "created_at": time_text(self.created_at),
            "created_by": self.created_by,
        }
