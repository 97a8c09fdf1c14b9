"""However a named subscriber dies and comes again, it handles every event, in order, without gaps."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

import stemmata
from stemmata.stemma import Stemma
from stemmata.subscriptions.subscription import Subscription

KINDS = ["TeamCreated", "MemberJoined", "PersonJoined"]


class AtLeastOnce(RuleBasedStateMachine):
    """One name, whose holder handles some events and then leaves in one way or another."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.url = f"sqlite:///{self.folder / 'registry.db'}"
        self.stemma = self.opened()
        self.handled: list[int] = []
        self.people = 0
        self.kinds: list[str] = []
        self.start = 0

    def opened(self) -> Stemma:
        return stemmata.open(self.url, content="memory://", actor="host")

    def teardown(self) -> None:
        try:
            self.follow(10_000, save_every=1_000, leave="at the end")
            wanted = [
                event.position for event in self.stemma.replay(after=self.start, kinds=self.kinds)
            ]
            assert list(dict.fromkeys(self.handled)) == wanted
        finally:
            self.stemma.close()
            shutil.rmtree(self.folder)

    @initialize(after=st.integers(0, 3), kinds=st.lists(st.sampled_from(KINDS)))
    def found(self, after: int, kinds: list[str]) -> None:
        self.stemma.organize("Acme", entity="acme", teams=["vision"], people=["ada"])
        self.kinds, self.start = kinds, after
        self.stemma.subscribe(name="billing", after=after).close()

    @rule(number=st.integers(1, 5))
    def work(self, number: int) -> None:
        people = [f"person-{self.people + n}" for n in range(number)]
        self.people += number
        self.stemma.organize("Acme", people=people)

    @rule(
        number=st.integers(0, 12),
        save_every=st.integers(1, 5),
        leave=st.sampled_from(["killed", "in the block", "at the end", "with the handle"]),
    )
    def follow(self, number: int, save_every: int, leave: str) -> None:
        last = self.handled[-1] if self.handled else self.start
        # The cursor counts, wherever a new name would begin.
        after = self.stemma.position()
        events = self.stemma.subscribe(
            name="billing", after=after, kinds=self.kinds, save_every=save_every, timeout=0
        )
        before = len(self.handled)
        self.handle(events, number)
        if len(self.handled) > before:
            # It begins where it ended, or a bounded number of events before that; never after.
            assert self.missed(last, self.handled[before]) == []
        if leave == "in the block":
            with events:
                pass
        elif leave == "at the end":
            self.handled += [event.position for event in events]
            events.close()
        elif leave == "with the handle":
            self.stemma.close()
            self.stemma = self.opened()
        else:
            # As a process that was killed: what was not saved is gone, and so is what it held.
            self.forget(events)

    def handle(self, events: Subscription, number: int) -> None:
        for _ in range(number):
            event = next(events, None)
            if event is None:
                break
            self.handled.append(event.position)

    def missed(self, last: int, first: int) -> list[int]:
        replayed = self.stemma.replay(after=last, until=first - 1, kinds=self.kinds)
        return [event.position for event in replayed]

    def forget(self, events: Subscription) -> None:
        other = self.opened()
        self.stemma, dead = other, self.stemma
        dead._events.close()
        dead._views.close()
        events.close()


TestAtLeastOnce = AtLeastOnce.TestCase
TestAtLeastOnce.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
