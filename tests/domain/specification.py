"""How tests of decisions are written: given these events, when this is asked, then that has happened.

- :func:`specify` is for the rules of one aggregate, on its decider alone.
- :class:`World` is for rules that span aggregates: commands are carried out against the event store
  in memory, with a clock and ids that every run has the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pytest

from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_domain.commands.link import Link, Linked
from stemmata_domain.commands.log import Log, Logged
from stemmata_domain.commands.organize import Organize, Organized
from stemmata_domain.commands.run import RunPath, Start
from stemmata_domain.errors import Refused
from stemmata_domain.handling import CommandHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stemmata_domain.decider import Decider
    from stemmata_domain.events import Event
    from stemmata_domain.handling import Command as CommandOf
    from stemmata_domain.ports import EventStore

State = TypeVar("State")
Command = TypeVar("Command")
R = TypeVar("R")
Error = TypeVar("Error", bound=Exception)


# --- one aggregate --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command: events, or a refusal."""

    events: tuple[Event, ...] = ()
    refusal: Refused | None = None

    def then(self, *events: Event) -> None:
        """These events, in this order, and no others."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.events == events

    def then_nothing(self) -> None:
        """Accepted, and there was nothing to do."""
        self.then()

    def then_refused(self, error: type[Refused], **facts: object) -> None:
        """Declined by this very rule, with these facts."""
        assert type(self.refusal) is error, self.refusal or self.events
        check_facts(self.refusal, facts)


@dataclass(frozen=True, slots=True)
class Given(Generic[State, Command]):
    """An aggregate with a history."""

    decider: Decider[State, Command]
    state: State

    def when(self, command: Command) -> Outcome:
        """Ask it something."""
        try:
            return Outcome(tuple(self.decider.decide(self.state, command)))
        except Refused as refusal:
            return Outcome(refusal=refusal)


@dataclass(frozen=True, slots=True)
class Specification(Generic[State, Command]):
    """The rules of one kind of aggregate."""

    decider: Decider[State, Command]

    def given(self, *events: Event) -> Given[State, Command]:
        """After these events."""
        return Given(self.decider, self.decider.fold(events))

    def when(self, command: Command) -> Outcome:
        """Before any event."""
        return self.given().when(command)

    def state(self, *events: Event) -> State:
        """What the events left."""
        return self.decider.fold(events)


def specify(decider: Decider[State, Command]) -> Specification[State, Command]:
    """Return the specification of an aggregate."""
    return Specification(decider)


def check_facts(error: Exception, facts: dict[str, object]) -> None:
    """See that an error carries these facts, and makes a sentence of them."""
    assert {name: getattr(error, name) for name in facts} == facts
    assert str(error)


# --- several aggregates ---------------------------------------------------------------------

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


class TickingClock:
    """A clock that is one second further each time it is asked."""

    def __init__(self, start: datetime = NOON) -> None:
        self._next = start

    def now(self) -> datetime:
        moment = self._next
        self._next += timedelta(seconds=1)
        return moment


class CountedIds:
    """Ids 1, 2, 3, … in hex."""

    def __init__(self, first: int = 1) -> None:
        self._next = first

    def new(self) -> str:
        self._next += 1
        return f"{self._next - 1:032x}"


def digest(content: str) -> str:
    """Return a digest in the shape of a manifest's, for some content."""
    return content.encode().hex().rjust(32, "0")


@dataclass
class World:
    """An organization's store in memory, and somebody who acts in it."""

    store: EventStore = field(default_factory=lambda: MemoryEventStore(ids=CountedIds(1 << 64)))
    ids: CountedIds = field(default_factory=CountedIds)
    actor: str = "host"
    handler: CommandHandler = field(init=False)

    def __post_init__(self) -> None:
        self.handler = self.another_handler()

    def another_handler(self, **options: Any) -> CommandHandler:
        """A handler on the same store that knows nothing yet, as another process would have it."""
        return CommandHandler(self.store, clock=TickingClock(), ids=self.ids, **options)

    def do(self, command: CommandOf[R], *, actor: str | None = None, key: str | None = None) -> R:
        """Carry out a command."""
        return self.handler.handle(command, actor=actor or self.actor, key=key)

    def events(self, *, after: int = 0) -> list[Event]:
        """All events after a position."""
        return [r.event for r in self.store.read_all(after=after, limit=1_000_000)]

    def done(self, command: CommandOf[object], *, actor: str | None = None) -> list[Event]:
        """Carry out a command and return the events that it came to."""
        before = self.store.head()
        self.do(command, actor=actor)
        return self.events(after=before)

    def refused(
        self,
        command: CommandOf[object],
        error: type[Error],
        /,
        *,
        by: str | None = None,
        key: str | None = None,
        **facts: object,
    ) -> Error:
        """See that a command is declined by this very rule, and that nothing is appended."""
        with self.nothing_appended(), pytest.raises(error) as raised:
            self.do(command, actor=by, key=key)
        assert type(raised.value) is error
        check_facts(raised.value, facts)
        return raised.value

    @contextmanager
    def nothing_appended(self) -> Iterator[None]:
        """See that nothing is appended."""
        before = self.store.head()
        yield
        assert self.events(after=before) == []

    # What most tests begin with.

    def organize(
        self,
        name: str = "Acme Inc",
        *,
        entity: str = "acme",
        teams: Sequence[str] = ("vision", "nlp"),
        people: Sequence[str] = ("ada",),
    ) -> Organized:
        return self.do(Organize(name=name, entity=entity, teams=tuple(teams), people=tuple(people)))

    def log(self, content: str = "A", **changed: Any) -> Logged:
        return self.do(logging(content, **changed))

    def link(
        self,
        source: str = "digits:v0",
        target: str = "wandb-registry-model/Digits",
        *aliases: str,
        entity: str = "vision",
        project: str | None = "mnist",
    ) -> Linked:
        return self.do(
            Link(source=source, target=target, aliases=aliases, entity=entity, project=project)
        )

    def start(self, run: str = "r1", *, entity: str = "vision", project: str = "mnist") -> RunPath:
        return self.do(Start(entity=entity, project=project, run=run, name=run))


def organized(actor: str = "host") -> World:
    """Return a world with an organization, its teams `vision` and `nlp`, and its admin `ada`."""
    world = World(actor=actor)
    world.organize()
    return world


def logging(content: str = "A", **changed: Any) -> Log:
    """Return the command that logs some content as `vision/mnist/digits`, of type `model`."""
    fields: dict[str, Any] = {
        "entity": "vision",
        "project": "mnist",
        "name": "digits",
        "type": "model",
        "digest": digest(content),
        "algorithm": "MD5",
        "manifest": digest(content) * 2,
        "size": len(content),
        "file_count": 1,
    }
    return Log(**{**fields, **changed})


def of_type(events: Sequence[Event], *kinds: type[Event]) -> list[Event]:
    """Return those of the events that are of these kinds."""
    return [event for event in events if isinstance(event, kinds)]
