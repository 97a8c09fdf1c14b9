"""How figures are taken.

What is compared runs in turns within one run, so that all of it sees the same machine. What runs in a
process of its own times itself there, and hands over what it took.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from tests.benchmarks.results import Taken, Timing

Action = Callable[[], object]
"""Something to be timed; one that returns what it took has timed itself."""


def take(action: Action) -> Taken:
    """Return how long *action* takes."""
    cpu, start = processor_time(), time.perf_counter()
    found = action()
    wall = time.perf_counter() - start
    return found if isinstance(found, Taken) else Taken(wall, processor_time() - cpu)


def processor_time() -> float:
    """Return the processor time of this process and of the children it has waited for."""
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


def in_turns(*actions: Action, rounds: int, warm_up: int = 3, calls: int = 1) -> list[Timing]:
    """Run *actions* one after the other, *rounds* times, and return the times of each.

    Args:
        calls: How often an action is run in each of its turns. What takes microseconds would else find
            the processor's caches full of what the others had there.
    """
    for _ in range(warm_up):
        for action in actions:
            action()
    taken: list[list[Taken]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, own in zip(actions, taken, strict=True):
            own += [take(action) for _ in range(calls)]
    return [Timing.of(own) for own in taken]
