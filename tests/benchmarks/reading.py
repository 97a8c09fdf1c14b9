"""Resolving an alias and listing a collection of a thousand: now, as of a position, beside raw and peers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from tests.benchmarks.bench import SOURCE, TARGET, Bench, beside, log_versions
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.peers.process import Process
from tests.benchmarks.results import Row, ahead, at_most


def reading(bench: Bench) -> Iterator[Row]:
    """Resolve and list, now and as of a position in the middle of the links."""
    database, there, rounds = bench.database, bench.size.there, bench.size.rounds
    with (
        bench.registry("read") as stemma,
        closing(database.raw("read_raw")) as raw,
        bench.at_work("read") as peers,
    ):
        log_versions(stemma, 0, there)
        raw.log(there)
        for process in peers:
            if process.peer.package == "trackio":
                process.do("log", there)
            process.do("fill", there)
        for i in range(there):
            stemma.link(f"{SOURCE}:v{i}", TARGET, aliases=[f"alias-{i}"])
            raw.link(i, alias=f"alias-{i}")
        head = stemma.position()
        for i in range(there):  # half of what there is has ended
            stemma.edit_aliases(f"{TARGET}:v{(i + 1) % there}", add=[f"alias-{i}"])
        then = stemma.as_of(head)
        database.settle("read")
        database.settle("read_raw")
        alias = f"alias-{there // 2}"
        assert stemma.resolve(f"{TARGET}:{alias}").index == there // 2 + 1
        assert then.resolve(f"{TARGET}:{alias}").index == there // 2
        resolved, joined, others = beside(
            lambda: stemma.resolve(f"{TARGET}:{alias}"),
            lambda: raw.resolve(alias),
            [(each, each.peer.resolve, _timed(each, "resolve", alias)) for each in peers],
            rounds=max(1, rounds // 5),
            calls=20,
        )
        yield Row(
            id="resolve",
            on=database.name,
            what=f"resolve `collection:alias`, {there} aliases there",
            ours=resolved,
            floor=joined,
            floor_is="indexed join",
            goals=(at_most(4, resolved, joined, of="raw"), *ahead(4, resolved, others)),
            peers=others,
        )
        few = max(3, rounds // 10)
        listed, selected, others = beside(
            lambda: stemma.versions(TARGET),
            raw.listed,
            [(each, each.peer.listed, _timed(each, "listed")) for each in peers],
            rounds=few,
            calls=3,
        )
        yield Row(
            id="list",
            on=database.name,
            what=f"list {there} versions with aliases",
            ours=listed,
            floor=selected,
            floor_is="join, and aliases",
            goals=(at_most(3, listed, selected, of="raw"),),
            peers=others,
        )
        now, before = in_turns(
            lambda: stemma.resolve(f"{TARGET}:{alias}"),
            lambda: then.resolve(f"{TARGET}:{alias}"),
            rounds=rounds,
            calls=5,
        )
        yield Row(
            id="resolve-as-of",
            on=database.name,
            what="resolve as of a position, every alias has moved since",
            ours=before,
            floor=now,
            floor_is="now",
            goals=(at_most(2, before, now, of="now"),),
        )
        now, before = in_turns(
            lambda: stemma.versions(TARGET), lambda: then.versions(TARGET), rounds=few
        )
        yield Row(
            id="list-as-of",
            on=database.name,
            what=f"list {there} versions as of a position",
            ours=before,
            floor=now,
            floor_is="now",
            goals=(at_most(2, before, now, of="now"),),
        )


def _timed(process: Process, do: str, *args: object) -> Callable[[], object]:
    return lambda: process.timed(do, *args)
