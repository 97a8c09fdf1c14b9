"""What the audit trail answers with: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from stemmata_domain.codec import time_text
from stemmata_domain.events import Event

Shape = dict[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What something happened to, by the name that it has or had, also when it is gone.

    Attributes:
        kind: organization, team, person, registry, collection, artifact, version, run, name or key.
        id: What no other thing has: an id, the path of a run, the name of a team or person.
        name: What people call it, such as `wandb-registry-model/Digits:v3`.
    """

    kind: str
    id: str
    name: str

    def to_json(self) -> Shape:
        """Return the thing as documents have it."""
        return {"kind": self.kind, "id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was `before` and is `after`; None where there was or is nothing.

    Attributes:
        what: Such as `alias production`, `description`, `metadata.accuracy`, `tag` or `state`.
    """

    what: str
    before: JsonValue
    after: JsonValue

    def to_json(self) -> Shape:
        """Return the change as documents have it."""
        return {"what": self.what, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One event, told: who, when, what, to which thing, from what to what, and through what.

    Attributes:
        kind: Topic of the event.
        what: What was done, as a clause whose subject is the actor.
        changes: Empty if the event repeated what was so already.
        run: Path of the run that did it.
        key: Idempotency key of the command.
        correlation: Id shared by all events of the command, or of the host's own larger operation.
    """

    position: int
    id: str
    at: datetime
    actor: str
    kind: str
    thing: Thing
    what: str
    changes: tuple[Change, ...]
    run: str | None
    key: str | None
    correlation: str
    event: Event

    def to_json(self) -> Shape:
        """Return the entry as documents have it."""
        return {
            "position": self.position,
            "id": self.id,
            "at": time_text(self.at),
            "actor": self.actor,
            "kind": self.kind,
            "thing": self.thing.to_json(),
            "what": self.what,
            "changes": [each.to_json() for each in self.changes],
            "run": self.run,
            "key": self.key,
            "correlation": self.correlation,
            "event": self.event.model_dump(mode="json"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasPeriod:
    """What an alias named, from when to when; a gap is a period too, in which it named nothing.

    Attributes:
        line: Id of the artifact or collection; a name that was deleted and taken again has several.
        name: Name of the artifact or collection.
        index: The number N of `vN` in it, None in a gap.
        version: Id of the version, the same for the source and all links.
        source: `entity/project/artifact:vN` of where the version was logged.
        since_by: Who made it so.
        until: When that ended, None while it holds.
        until_by: Who ended it.
    """

    line: str
    name: str
    alias: str
    index: int | None
    version: str | None
    source: str | None
    since: datetime
    since_position: int
    since_by: str
    until: datetime | None
    until_position: int | None
    until_by: str | None

    @property
    def full_name(self) -> str | None:
        """Name of the version by its number, None in a gap."""
        return None if self.index is None else f"{self.name}:v{self.index}"

    def to_json(self) -> Shape:
        """Return the period as documents have it."""
        return {
            "name": self.name,
            "alias": self.alias,
            "version": None if self.index is None else f"v{self.index}",
            "version_id": self.version,
            "full_name": self.full_name,
            "source": self.source,
            "since": time_text(self.since),
            "since_position": self.since_position,
            "since_by": self.since_by,
            "until": None if self.until is None else time_text(self.until),
            "until_position": self.until_position,
            "until_by": self.until_by,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """A thing that is different between two moments, and in what.

    Attributes:
        how: Whether it came, went, or is another.
    """

    thing: Thing
    how: Literal["added", "removed", "changed"]
    changes: tuple[Change, ...]

    def to_json(self) -> Shape:
        """Return the difference as documents have it."""
        changes: list[JsonValue] = [each.to_json() for each in self.changes]
        return {**self.thing.to_json(), "how": self.how, "changes": changes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is different between two positions, each group by name; what changed there and back is not.

    Attributes:
        start: The position compared from; it may be the later one.
        end: The position compared to.
        organizations: Organizations, their teams and people.
        collections: Artifacts and collections, with their tags.
        versions: As they were logged, deleted or edited, without aliases and tags.
        links: Versions in collections.
        tags: Of versions.
        uses: Inputs of runs.
        outputs: Outputs of runs.
    """

    start: int
    end: int
    organizations: tuple[Differing, ...] = ()
    registries: tuple[Differing, ...] = ()
    collections: tuple[Differing, ...] = ()
    versions: tuple[Differing, ...] = ()
    links: tuple[Differing, ...] = ()
    aliases: tuple[Differing, ...] = ()
    tags: tuple[Differing, ...] = ()
    runs: tuple[Differing, ...] = ()
    uses: tuple[Differing, ...] = ()
    outputs: tuple[Differing, ...] = ()

    def groups(self) -> dict[str, tuple[Differing, ...]]:
        """Return all groups by what they are called."""
        return {name: getattr(self, name) for name in GROUPS}

    def __bool__(self) -> bool:
        """Whether anything is different."""
        return any(self.groups().values())

    def to_json(self) -> Shape:
        """Return the difference as documents have it."""
        groups: Shape = {
            name: [each.to_json() for each in group] for name, group in self.groups().items()
        }
        return {"from": self.start, "to": self.end, **groups}


GROUPS = (
    *("organizations", "registries", "collections", "versions", "links"),
    *("aliases", "tags", "runs", "uses", "outputs"),
)
"""The groups of a difference, from the largest things to the smallest."""
