"""Linking a version under an alias: into an empty collection, and into one that holds many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

from tests.benchmarks.bench import SOURCE, TARGET, Bench, beside, log_versions
from tests.benchmarks.peers.process import Process
from tests.benchmarks.results import Goal, Row, Timing, ahead, at_least, at_most

_CALLS = 4


def linking(bench: Bench) -> Iterator[Row]:
    """Link and alias, in an empty collection and with many versions and aliases there."""
    empty = _link(bench, there=0)
    yield empty
    full = _link(bench, there=bench.size.there)
    as_empty = at_most(1.3, full.ours, empty.ours, of="in an empty collection")
    yield full.model_copy(update={"goals": (*full.goals, as_empty)})


def _link(bench: Bench, *, there: int) -> Row:
    place, rounds = f"link_{there}", bench.size.rounds
    database = bench.database
    with (
        bench.registry(place) as stemma,
        closing(database.raw(f"{place}_raw")) as raw,
        bench.at_work(place) as peers,
    ):
        log_versions(stemma, 0, there + rounds + 20)
        for process in peers:
            if process.peer.package == "trackio":
                process.do("log", there + rounds + 20)
            process.do("fill", there)
        for i in range(there):
            stemma.link(f"{SOURCE}:v{i}", TARGET, aliases=[f"alias-{i}"])
            raw.link(i, alias=f"alias-{i}")
        database.settle(place)
        database.settle(f"{place}_raw")
        ours, floor = count(there), count(there)
        linked, written, others = beside(
            lambda: stemma.link(f"{SOURCE}:v{next(ours)}", TARGET, aliases=["staging"]),
            lambda: raw.link(next(floor), alias="staging"),
            [(each, each.peer.link, _linker(each, there)) for each in peers],
            rounds=rounds // _CALLS,
            calls=_CALLS,
        )
    return Row(
        id="link" if there == 0 else "link-into-many",
        on=database.name,
        what="link + alias, durable and visible"
        + (f", {there} versions and aliases there" if there else ""),
        ours=linked,
        floor=written,
        floor_is="the same rows in one transaction",
        goals=_goals(bench, linked, written) + ahead(_times(bench), linked, others),
        peers=others,
        note=f"{1 / linked.median:.0f} links/s",
    )


def _goals(bench: Bench, linked: Timing, written: Timing) -> tuple[Goal, ...]:
    share = 0.6 if bench.database.name == "postgresql" else 0.75
    return (at_least(share, linked, written, of="raw"),)


def _times(bench: Bench) -> float:
    return 4 if bench.database.name == "postgresql" else 5


def _linker(process: Process, there: int) -> Callable[[], object]:
    index = count(there)
    return lambda: process.timed("link", next(index), "staging")
