"""What a run of the benchmarks found, as a document: rows, peers, the machine, and how it was run.

- Times are seconds. A timing is the median of rounds that took turns with whatever it is compared with,
  its quartiles, and the median of processor time, of this process and the children it waited for.
- A row is reached if all its goals are.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

SCHEMA = 1
"""Changes when documents of an older schema can no longer be read as this one."""


class Taken(NamedTuple):
    """What doing something once took, in seconds: on the wall and on the processor."""

    wall: float
    cpu: float


class Document(BaseModel):
    """A part of the results."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Timing(Document):
    """Times of one thing, in seconds."""

    median: float = Field(ge=0)
    lower: float = Field(ge=0, description="the lower quartile")
    upper: float = Field(ge=0, description="the upper quartile")
    cpu: float = Field(ge=0, description="median of the processor time")
    rounds: int = Field(ge=1)
    p99: float | None = Field(default=None, description="where single times are of interest")

    @classmethod
    def of(cls, taken: Sequence[Taken], *, p99: float | None = None) -> Timing:
        """Sum up what several rounds took."""
        walls = sorted(each.wall for each in taken)
        lower, upper = walls[0], walls[-1]
        if len(walls) >= 4:
            lower, _, upper = statistics.quantiles(walls, n=4)
        return cls(
            median=statistics.median(walls),
            lower=lower,
            upper=upper,
            cpu=statistics.median(each.cpu for each in taken),
            rounds=len(walls),
            p99=p99,
        )


class Beside(Document):
    """The nearest thing that a peer does, in the same turns."""

    peer: str
    mode: str = Field(description="how it was set up, and so what it makes durable")
    what: str = Field(description="its own calls")
    timing: Timing
    durable: bool = Field(description="whether a command that returned survives a loss of power")
    as_it_comes: bool = Field(description="or set up otherwise by us, to see it at its best")
    note: str = ""


class Goal(Document):
    """What is wanted of a row, and what was found."""

    what: str
    found: str
    reached: bool


class Row(Document):
    """One line of the table: ours, the floor beside it if there is one, and the peers."""

    id: str
    on: str = Field(description="the database, or `–` where none is touched")
    what: str
    ours: Timing
    floor: Timing | None = None
    floor_is: str = ""
    goals: tuple[Goal, ...] = ()
    peers: tuple[Beside, ...] = ()
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the floor ours takes."""
        return None if self.floor is None else self.ours.median / self.floor.median

    @property
    def reached(self) -> bool | None:
        """Whether all goals are; None where there are none."""
        return all(goal.reached for goal in self.goals) if self.goals else None


class PeerFound(Document):
    """A peer that was to be compared with: what is there of it, and what it does not do."""

    name: str
    version: str | None = Field(description="None where it could not be installed")
    why_absent: str = ""
    lacks: tuple[str, ...] = ()


class Machine(Document):
    """Where it was run."""

    processor: str
    cores: int
    memory: int = Field(description="bytes")
    system: str
    file_system: str = Field(description="that of the stores that were measured")


class Load(Document):
    """How busy the machine was, by its load averages over 1, 5 and 15 minutes."""

    before: tuple[float, float, float]
    after: tuple[float, float, float]


class Run(Document):
    """How, where and when."""

    command: str
    commit: str = Field(description="the last one that changed the product")
    changed: bool = Field(description="whether files of the product differed from it")
    began: str
    ended: str
    size: str = Field(description="`full`, `small` or `tiny`")
    machine: Machine
    load: Load
    versions: dict[str, str]
    durability: dict[str, str] = Field(description="of each database")


class Results(Document):
    """All of it."""

    schema_number: int = SCHEMA
    run: Run
    peers: tuple[PeerFound, ...]
    rows: tuple[Row, ...]


def at_most(times: float, ours: Timing, other: Timing, *, of: str) -> Goal:
    """Want ours to take at most so many times the other."""
    ratio = ours.median / other.median
    return Goal(what=f"≤ {times:g} × {of}", found=f"{ratio:.2f}", reached=ratio <= times)


def at_least(share: float, ours: Timing, other: Timing, *, of: str) -> Goal:
    """Want ours to be at least so fast, as a share of the other."""
    ratio = other.median / ours.median
    return Goal(what=f"≥ {share:g} of {of}", found=f"{ratio:.2f}", reached=ratio >= share)


def within(seconds: float, found: float, *, what: str = "") -> Goal:
    """Want a time to be at most so many seconds."""
    return Goal(what=f"{what}≤ {shown(seconds)}", found=shown(found), reached=found <= seconds)


def ahead(times: float, ours: Timing, peers: Sequence[Beside]) -> tuple[Goal, ...]:
    """Want ours to be so many times faster than the best peer: as they come, and as we set them up."""
    goals = []
    for as_it_comes, named in ((True, "as it comes"), (False, "set up by hand")):
        some = [each for each in peers if each.as_it_comes is as_it_comes]
        if some:
            best = min(some, key=lambda each: each.timing.median)
            ratio = best.timing.median / ours.median
            found = f"{ratio:.1f} ({best.peer}, {best.mode})"
            what = f"≥ {times:g} × the best peer {named}"
            goals.append(Goal(what=what, found=found, reached=ratio >= times))
    return tuple(goals)


def shown(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.2f} ms"
    return f"{seconds:.2f} s"
