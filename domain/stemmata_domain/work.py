"""The work of one command: what it reads, and what it has decided so far.

Decisions on several aggregates are gathered here and appended at once. A decision sees what was decided
before it within the same work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from stemmata_domain.decider import Decider
from stemmata_domain.events import Event
from stemmata_domain.ports import Append, IdSource
from stemmata_domain.states import States

State = TypeVar("State")
Command = TypeVar("Command")


class Work:
    """Reads states, takes decisions, and ends as one append."""

    def __init__(
        self, states: States, *, actor: str, time: datetime, ids: IdSource, alone: bool = True
    ) -> None:
        """Begin.

        Args:
            alone: Whether nobody else appends until this work has.
        """
        self.actor = actor
        self.time = time
        self.alone = alone
        self._states = states
        self._ids = ids
        self._expected: dict[str, int] = {}
        self._decided: dict[str, list[Event]] = {}
        self._seen: dict[str, Any] = {}  # a state of the decider that each stream belongs to

    def new_id(self) -> str:
        """Return an id for something that this command creates."""
        return self._ids.new()

    def state(self, decider: Decider[State, Command], key: str) -> State:
        """Return the state of the aggregate *key*, with what was decided here."""
        stream = decider.stream(key)
        if stream in self._seen:
            seen: State = self._seen[stream]
            return seen
        loaded = self._states.load(decider, stream)
        self._expected[stream] = loaded.version
        self._seen[stream] = loaded.state
        return loaded.state

    def decide(
        self, decider: Decider[State, Command], key: str, command: Command
    ) -> Sequence[Event]:
        """Let the aggregate *key* answer *command*; return the events.

        Raises:
            Refused: The aggregate declines.
        """
        state = self.state(decider, key)
        events = decider.decide(state, command)
        if events:
            stream = decider.stream(key)
            self._decided.setdefault(stream, []).extend(events)
            self._seen[stream] = decider.fold(events, state)
        return events

    @property
    def states_after(self) -> dict[str, object]:
        """The states of the streams that were decided on, after the decisions."""
        return {stream: self._seen[stream] for stream in self._decided}

    def appends(self) -> list[Append]:
        """Return what is to be appended, nothing if nothing was decided.

        If others may append meanwhile, it holds only if the aggregates that were merely read are
        unchanged too.
        """
        if not self._decided:
            return []
        appends = [
            Append(stream, self._expected[stream], tuple(events))
            for stream, events in self._decided.items()
        ]
        if not self.alone:
            appends += [
                Append(stream, expected, ())
                for stream, expected in self._expected.items()
                if stream not in self._decided
            ]
        return appends
