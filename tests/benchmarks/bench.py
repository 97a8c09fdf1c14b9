"""What every group of rows is given: where to work, how much of it, on which database, beside which peers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import stemmata
from stemmata.stemma import Stemma
from tests.benchmarks.databases import Database
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.peers.process import Peer, Process, at_work
from tests.benchmarks.results import Beside, Row, Timing

ENTITY = "vision"
SOURCE = "vision/mnist/digits"
TARGET = "wandb-registry-model/Digits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is done.

    Attributes:
        rounds: Of what takes about a millisecond.
        there: Versions, each with an alias, that a collection holds in some rows.
        large: Versions of a large collection.
        edges: Of lineage.
        peer_edges: Of the lineage that a peer is given too.
        processes: That link at once.
        links: Of each of them, in a round.
        rebuilt: Links in the log that views are rebuilt from.
        file: Bytes of one large file of content.
        files: How many small files of content.
    """

    name: str
    rounds: int
    there: int
    large: int
    edges: int
    peer_edges: int
    processes: int
    links: int
    rebuilt: int
    file: int
    files: int


_MIB = 1024 * 1024

SIZES = {
    size.name: size
    for size in (
        Size(
            name="full",
            rounds=100,
            there=1000,
            large=100_000,
            edges=1_000_000,
            peer_edges=30_000,
            processes=8,
            links=60,
            rebuilt=20_000,
            file=1024 * _MIB,
            files=10_000,
        ),
        Size(
            name="small",
            rounds=50,
            there=200,
            large=2_000,
            edges=20_000,
            peer_edges=2_000,
            processes=8,
            links=10,
            rebuilt=1_000,
            file=128 * _MIB,
            files=1_000,
        ),
        Size(
            name="tiny",
            rounds=4,
            there=10,
            large=50,
            edges=500,
            peer_edges=200,
            processes=2,
            links=3,
            rebuilt=20,
            file=_MIB,
            files=10,
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a group of rows works with; the database is not used by groups that need none."""

    folder: Path
    size: Size
    database: Database
    peers: Sequence[Peer]

    @contextmanager
    def registry(self, place: str) -> Iterator[Stemma]:
        """Open a registry with an organization and a team."""
        with open_at(self.database.url(place)) as stemma:
            if not stemma.organizations():
                stemma.organize("Bench", entity="bench", teams=[ENTITY])
            yield stemma

    @contextmanager
    def at_work(self, place: str) -> Iterator[list[Process]]:
        """Have the peers at work that can be on this database."""
        uri = self.database.others(f"{place}_others")
        with at_work(self.folder / "peers" / place, self.peers, postgresql=uri) as found:
            yield found


Group = Callable[[Bench], Iterator[Row]]


def open_at(url: str) -> Stemma:
    """Open the registry at a URL."""
    return stemmata.open(url, content="memory://", actor="bench", entity=ENTITY, project="mnist")


def log_versions(stemma: Stemma, start: int, number: int) -> None:
    """Log *number* versions of the source."""
    for i in range(start, start + number):
        stemma.log(
            SOURCE, type="model", manifest=f"{i:064x}", digest=f"{i:032x}", size=1, file_count=1
        )


def beside(
    ours: Callable[[], object],
    floor: Callable[[], object],
    peers: Sequence[tuple[Process, str, Callable[[], object]]],
    *,
    rounds: int,
    calls: int = 1,
) -> tuple[Timing, Timing, tuple[Beside, ...]]:
    """Time ours, the floor and what peers do, each peer's action with what it calls, in turns."""
    timings = in_turns(ours, floor, *(action for _, _, action in peers), rounds=rounds, calls=calls)
    found = tuple(
        Beside(
            peer=process.peer.package,
            mode=process.mode.said,
            what=what,
            timing=timing,
            durable=process.mode.durable,
            as_it_comes=process.mode.as_it_comes,
        )
        for (process, what, _), timing in zip(peers, timings[2:], strict=True)
    )
    return timings[0], timings[1], found
