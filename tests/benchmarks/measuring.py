"""How figures are taken and shown.

What is compared runs in turns within one process and one run, so that both see the same machine; the
figure is the median of the turns, and the spread is from the lower to the upper quartile.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times of the same thing, in seconds."""

    times: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self.times)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The lower and the upper quartile."""
        if len(self.times) < 4:
            return min(self.times), max(self.times)
        lower, _, upper = statistics.quantiles(self.times, n=4)
        return lower, upper


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: ours, the floor beside it if there is one, and the goal."""

    what: str
    ours: Timing
    floor: Timing | None = None
    floor_is: str = ""
    goal: str = ""
    reached: bool | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the floor ours takes."""
        return None if self.floor is None else self.ours.median / self.floor.median


def take(action: Callable[[], object]) -> float:
    """Return how long *action* takes, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def in_turns(*actions: Callable[[], object], rounds: int, warm_up: int = 3) -> list[Timing]:
    """Run *actions* one after the other, *rounds* times, and return the times of each."""
    for _ in range(warm_up):
        for action in actions:
            action()
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(rounds):
        for action, own in zip(actions, times, strict=True):
            own.append(take(action))
    return [Timing(times=tuple(own)) for own in times]


def shown(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.2f} ms"
    return f"{seconds:.2f} s"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [
        "| what | ours | quartiles | floor | ours ÷ floor | goal | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in rows]
    return "\n".join(lines)


def _cells(row: Row) -> Iterable[str]:
    lower, upper = row.ours.quartiles
    yield row.what
    yield shown(row.ours.median)
    yield f"{shown(lower)} – {shown(upper)}"
    yield "–" if row.floor is None else f"{shown(row.floor.median)} ({row.floor_is})"
    yield "–" if row.ratio is None else f"{row.ratio:.2f}"
    yield row.goal or "–"
    yield {None: "–", True: "yes", False: "**no**"}[row.reached] + (
        f" ({row.note})" if row.note else ""
    )
