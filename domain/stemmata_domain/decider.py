"""The shape of an aggregate: a state and two pure functions.

`decide` answers a command with events, or declines it by raising a refusal. `evolve` gives the state
after an event. A state is the fold of the events of one stream, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

from stemmata_domain.events import Event

State = TypeVar("State")
Command = TypeVar("Command", contravariant=True)


@dataclass(frozen=True, slots=True)
class Snapshots(Generic[State]):
    """How a state is written down, so that a new process need not fold a long stream.

    `schema` changes with the shape; a snapshot of another schema is ignored and the stream is folded.
    """

    schema: int
    write: Callable[[State], bytes]
    read: Callable[[bytes], State]


@dataclass(frozen=True, slots=True)
class Decider(Generic[State, Command]):
    """One kind of aggregate.

    Attributes:
        category: First part of the stream's name, `category-id`.
        initial: The state before the first event.
    """

    category: str
    initial: State
    decide: Callable[[State, Command], Sequence[Event]]
    evolve: Callable[[State, Event], State]
    snapshots: Snapshots[State] | None = None

    def stream(self, key: str) -> str:
        """Return the name of the stream of the aggregate *key*."""
        return f"{self.category}-{key}"

    def fold(self, events: Iterable[Event], state: State | None = None) -> State:
        """Return the state after *events*."""
        return reduce(self.evolve, events, self.initial if state is None else state)
