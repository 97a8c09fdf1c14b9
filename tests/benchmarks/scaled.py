"""One step of a measurement of growth, in a process of its own, so that its memory is its own.

`scaled STEP URL SIZE` prints what it found as a line of JSON; the steps are the keys of `STEPS`.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import count

from stemmata.stemma import Stemma
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.schemes import open_event_store, open_view_store
from stemmata_projections.lineage.exploring import explore
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.lineage.reach import reach_of
from stemmata_projections.version_index.fold import VERSION_INDEX
from tests.benchmarks.bench import SOURCE, TARGET, open_at
from tests.benchmarks.filling import fill
from tests.benchmarks.lineage_filling import written
from tests.benchmarks.measuring import Action, in_turns, take
from tests.benchmarks.results import Timing

SPARE = 200
_ROUNDS = 50
_FEW = 3
_MOST = 100_000_000
_FIRST = f"{0:032x}:0"

Found = dict[str, Timing]


def fill_registry(url: str, size: int) -> Found:
    """Append the log of a registry, and have the views follow."""
    return {"fill": once(lambda: fill(url, versions=size, spare=SPARE))}


def measure_registry(url: str, size: int) -> Found:
    """Measure commands and questions in a collection of so many versions."""
    opened: list[Stemma] = []
    found = {"open, just filled": once(lambda: opened.append(open_at(url)))}
    with opened[0] as stemma:
        index = count(size)
        first = once(lambda: stemma.link(f"{SOURCE}:v{next(index)}", TARGET, aliases=["staging"]))
        found |= {"first link, no snapshot kept": first}
        found |= timed(_commands(stemma, index, size), rounds=_ROUNDS)
        found |= timed(_questions(stemma, size), rounds=_ROUNDS)
        found |= timed({"list all": lambda: stemma.versions(TARGET)}, rounds=_FEW)
    return found


def start_cold(url: str, size: int) -> Found:
    """Open the registry and link once, in a new process that finds what the last one left."""
    opened: list[Stemma] = []
    found = {"cold: open": once(lambda: opened.append(open_at(url)))}
    with opened[0] as stemma:
        name = f"{SOURCE}:v{size + SPARE - 1}"
        return found | {"cold: first link": once(lambda: stemma.link(name, TARGET))}


def _commands(stemma: Stemma, index: count[int], size: int) -> Mapping[str, Action]:
    named, unlinked, new = count(1), count(size // 4), count(size + SPARE + 10**8)

    def log() -> object:
        n = next(new)
        return stemma.log(
            SOURCE, type="model", manifest=f"{n:064x}", digest=f"{n:032x}", size=1, file_count=1
        )

    return {
        "link": lambda: stemma.link(f"{SOURCE}:v{next(index)}", TARGET, aliases=["staging"]),
        "log": log,
        "move an alias": lambda: stemma.edit_aliases(f"{TARGET}:v{next(named)}", add=["moving"]),
        "tag": lambda: stemma.edit(f"{SOURCE}:v{next(named)}", add_tags=["good"]),
        "unlink": lambda: stemma.unlink(f"{TARGET}:v{next(unlinked)}"),
    }


def _questions(stemma: Stemma, size: int) -> Mapping[str, Action]:
    then = stemma.as_of(stemma.position() // 2)
    name, middle = f"{TARGET}:alias-1", f"{TARGET}:v{size // 2}"
    return {
        "resolve an alias": lambda: stemma.resolve(name),
        "resolve a number": lambda: stemma.resolve(middle),
        "resolve as of": lambda: then.resolve(name),
        "audit, one version": lambda: stemma.audit(middle),
        "audit, newest 100": lambda: stemma.audit(newest_first=True),
        "find versions, 100": lambda: stemma.find_versions(limit=100),
        "usage of a version": lambda: stemma.usage(middle),
        "lineage of a version": lambda: stemma.lineage(middle),
    }


def rebuild_registry(url: str, size: int) -> Found:
    """Rebuild all views."""
    del size
    with open_at(url) as stemma:
        return {"rebuild": once(stemma.rebuild)}


def fill_lineage(url: str, size: int) -> Found:
    """Write a graph of so many edges."""

    def write() -> None:
        events, views, _ = written(url, edges=size, join=lambda _from, _to: None)
        views.close()
        events.close()

    return {"fill": once(write)}


def measure_lineage(url: str, size: int) -> Found:
    """Ask about versions in the middle of the graph, and how far the first one reaches."""
    with (
        closing(open_event_store(url, ids=TimeOrderedIds())) as events,
        closing(open_view_store(url, beside=events)) as views,
    ):
        views.prepare((VERSION_INDEX, LINEAGE))  # finds where they stand
        middle = count(size // 5)
        kept = KeptGraph(events, views, most=_MOST, worth=1)

        def near(at: int | None) -> Action:
            def ask() -> object:
                number = next(middle)
                start = f"{number // 100:032x}:{number % 100}"
                return explore(views, start, at=at, direction="downstream", depth=3)

            return ask

        def reached() -> int:
            kept.follow()
            return len(reach_of(views, _FIRST, kept=kept))

        head = views.checkpoint(LINEAGE.name)
        found = timed(
            {"3 generations": near(None), "3 generations, as of": near(head - 1)}, rounds=_ROUNDS
        )
        asked: list[int] = []
        found |= {
            "reach of the first, asked": once(lambda: asked.append(len(reach_of(views, _FIRST))))
        }
        kept.found(_MOST)
        found |= {"load the graph": once(kept.follow)}
        assert reached() == asked[0] > 0
        return found | timed({"reach of the first, in memory": reached}, rounds=_FEW)


def timed(actions: Mapping[str, Action], *, rounds: int) -> Found:
    """Time actions in turns, by their names."""
    timings = in_turns(*actions.values(), rounds=rounds, warm_up=1)
    return dict(zip(actions, timings, strict=True))


def once(action: Action) -> Timing:
    """Time what can be done once."""
    return Timing.of([take(action)])


STEPS: Mapping[str, Callable[[str, int], Found]] = {
    "fill-registry": fill_registry,
    "measure-registry": measure_registry,
    "start-registry": start_cold,
    "rebuild-registry": rebuild_registry,
    "fill-lineage": fill_lineage,
    "measure-lineage": measure_lineage,
}


def main() -> None:
    """Carry out the step that the command line names."""
    step, url, size = sys.argv[1:]
    found = STEPS[step](url, int(size))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    figures = {name: timing.model_dump() for name, timing in found.items()}
    print(json.dumps({"figures": figures, "peak": peak * unit}))


if __name__ == "__main__":
    main()
