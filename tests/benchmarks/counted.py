"""What is counted: each kind of command and the main questions, in a small and in a large registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stemmata.stemma import Stemma
from tests.benchmarks.counting import Counter, Counts

SMALL, LARGE = 100, 10_000

SOURCE = "vision/mnist/digits"
TARGET = "wandb-registry-model/Digits"
_REPEATED = 10
_FIRST = 3  # to fill caches, which a process that has worked before has filled
_RUN = "vision/mnist/training"

Act = Callable[[Stemma, int], object]
"""Does something for the time that it is told, counted from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Something to be counted, and what must be there before, which is not."""

    what: str
    act: Act
    before: Act | None = None


def measured(folder: Path, size: int) -> dict[str, Counts]:
    """Return what each thing asks for in a registry in which *size* versions are linked."""
    counter = Counter(folder / f"{size}.db")
    try:
        _fill(counter, size)
        return {each.what: _counts(counter, each) for each in (*COMMANDS, *QUESTIONS)}
    finally:
        counter.close()


def _fill(counter: Counter, size: int) -> None:
    stemma = counter.stemma
    with counter.events.writing():
        stemma.organize("Acme Inc", entity="acme", teams=["vision"], people=["ada", "bob"])
        stemma.start_run(run="training")
        for n in range(size):
            _log(stemma, n, SOURCE)
            stemma.link(f"{SOURCE}:v{n}", TARGET, aliases=["staging", f"n{n}"])
        for n in range(3):
            stemma.use(f"{TARGET}:v{n}", run=_RUN)
            _log(stemma, n, "vision/mnist/trained", run=_RUN)


def _counts(counter: Counter, counted: Counted) -> Counts:
    stemma, times = counter.stemma, iter(range(_FIRST + _REPEATED))
    if counted.before is not None:
        with counter.events.writing():
            # One more than is done: what has `latest` costs more to take away.
            for n in range(_FIRST + _REPEATED + 1):
                counted.before(stemma, n)
    for _ in range(_FIRST):
        counted.act(stemma, next(times))
    return counter.counts(lambda: counted.act(stemma, next(times)), repeated=_REPEATED)


def _log(stemma: Stemma, n: int, name: str, *, run: str | None = None) -> str:
    logged = stemma.log(
        name,
        type="model",
        manifest=f"{n:064x}",
        digest=f"{n:032x}",
        size=1,
        file_count=1,
        run=run,
    )
    return logged.name


def _more(name: str) -> Act:
    """Return what logs versions of an artifact of its own."""
    return lambda stemma, n: _log(stemma, n, f"vision/mnist/{name}")


def _linked(name: str) -> Act:
    def act(stemma: Stemma, n: int) -> object:
        _more(name)(stemma, n)
        return stemma.link(f"vision/mnist/{name}:v{n}", TARGET, aliases=[f"{name}-{n}"])

    return act


COMMANDS = (
    Counted(
        what="found an organization with a team",
        act=lambda stemma, n: stemma.organize(f"Org {n}", entity=f"org{n}", teams=[f"team{n}"]),
    ),
    Counted(what="create a registry", act=lambda stemma, n: stemma.create_registry(f"Own{n}")),
    Counted(
        what="accept a type",
        before=lambda stemma, n: stemma.create_registry(f"Mine{n}", accepted_types=["model"]),
        act=lambda stemma, n: stemma.accept_type(f"Mine{n}", "dataset"),
    ),
    Counted(
        what="create a collection",
        act=lambda stemma, n: stemma.create_collection(
            f"wandb-registry-model/Empty {n}", type="model"
        ),
    ),
    Counted(
        what="delete a collection",
        before=lambda stemma, n: stemma.create_collection(
            f"wandb-registry-model/Gone {n}", type="model"
        ),
        act=lambda stemma, n: stemma.delete_collection(f"wandb-registry-model/Gone {n}"),
    ),
    Counted(what="log", act=lambda stemma, n: _log(stemma, n + 1_000_000, SOURCE)),
    Counted(what="log what is there", act=lambda stemma, _: _log(stemma, 1_000_005, SOURCE)),
    Counted(what="log the first of an artifact", act=lambda stemma, n: _more(f"new{n}")(stemma, n)),
    Counted(
        what="link with an alias",
        before=_more("linked"),
        act=lambda stemma, n: stemma.link(f"vision/mnist/linked:v{n}", TARGET, aliases=["staging"]),
    ),
    Counted(
        what="link with an alias, under a key",
        before=_more("keyed"),
        act=lambda stemma, n: stemma.link(
            f"vision/mnist/keyed:v{n}", TARGET, aliases=["staging"], key=f"key {n}"
        ),
    ),
    Counted(
        what="link what is linked",
        act=lambda stemma, _: stemma.link(f"{SOURCE}:v3", TARGET, aliases=["n3"]),
    ),
    Counted(
        what="link into a collection that is missing",
        act=lambda stemma, n: stemma.link(f"{SOURCE}:v3", f"wandb-registry-model/New {n}"),
    ),
    Counted(
        what="move an alias",
        act=lambda stemma, n: stemma.edit_aliases(f"{TARGET}:v{n % 2}", add=["production"]),
    ),
    Counted(
        what="remove an alias",
        act=lambda stemma, n: stemma.edit_aliases(f"{TARGET}:n{n + 20}", remove=[f"n{n + 20}"]),
    ),
    Counted(
        what="unlink",
        before=_linked("unlinked"),
        act=lambda stemma, n: stemma.unlink(f"{TARGET}:unlinked-{n}"),
    ),
    Counted(
        what="edit a description and a tag",
        act=lambda stemma, n: stemma.edit(
            f"{TARGET}:v4", description=f"of {n}", add_tags=[f"t{n}"]
        ),
    ),
    Counted(
        what="edit metadata",
        act=lambda stemma, n: stemma.edit(f"{TARGET}:v4", metadata={"accuracy": n}),
    ),
    Counted(
        what="delete a version",
        before=_more("deleted"),
        act=lambda stemma, n: stemma.delete(f"vision/mnist/deleted:v{n}", delete_aliases=True),
    ),
    Counted(
        what="delete a version that is linked",
        before=_linked("ended"),
        act=lambda stemma, n: stemma.delete(f"vision/mnist/ended:v{n}", force=True),
    ),
    Counted(what="start a run", act=lambda stemma, n: stemma.start_run(run=f"run{n}")),
    Counted(what="use", act=lambda stemma, n: stemma.use(f"{TARGET}:v{n + 5}", run=_RUN)),
    Counted(
        what="log as a run",
        act=lambda stemma, n: _log(stemma, n + 2_000_000, SOURCE, run=_RUN),
    ),
    Counted(
        what="finish a run",
        before=lambda stemma, n: stemma.start_run(run=f"ending{n}"),
        act=lambda stemma, n: stemma.finish_run(f"vision/mnist/ending{n}"),
    ),
)

QUESTIONS = (
    Counted(what="resolve an alias", act=lambda stemma, _: stemma.resolve(f"{TARGET}:staging")),
    Counted(what="resolve a number", act=lambda stemma, _: stemma.resolve(f"{TARGET}:v3")),
    Counted(
        what="resolve an alias as of a position",
        act=lambda stemma, _: stemma.as_of(stemma.position() // 2).resolve(f"{TARGET}:staging"),
    ),
    Counted(what="list all versions", act=lambda stemma, _: stemma.versions(TARGET)),
    Counted(
        what="list a page of versions",
        act=lambda stemma, _: stemma.find_versions(within=TARGET, limit=20),
    ),
    Counted(what="list registries", act=lambda stemma, _: stemma.registries()),
    Counted(
        what="list collections", act=lambda stemma, _: stemma.collections("wandb-registry-dataset")
    ),
    Counted(what="links of a version", act=lambda stemma, _: stemma.links(f"{SOURCE}:v5")),
    Counted(
        what="lineage", act=lambda stemma, _: stemma.lineage("vision/mnist/trained:v1", depth=1)
    ),
    Counted(
        what="lineage as of a position",
        act=lambda stemma, _: stemma.as_of(stemma.position() - 5).lineage(
            "vision/mnist/trained:v1", depth=1
        ),
    ),
    Counted(what="impact", act=lambda stemma, _: stemma.impact(f"{TARGET}:v1")),
    Counted(what="usage of a version", act=lambda stemma, _: stemma.usage(f"{TARGET}:v1")),
    Counted(
        what="page of the trail, of a collection",
        act=lambda stemma, _: stemma.audit(TARGET, limit=20),
    ),
    Counted(
        what="page of the trail, the newest of all",
        act=lambda stemma, _: stemma.audit(newest_first=True, limit=20),
    ),
    Counted(
        what="search for a word",
        act=lambda stemma, _: stemma.search("digits", limit=20),
    ),
)
