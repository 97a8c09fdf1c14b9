"""Linking, resolving and listing in a SQLite registry, beside the same rows written and read raw."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import stemmata
from stemmata.stemma import PROJECTIONS, Stemma
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.aggregates.versions import version_id
from stemmata_domain.events import (
    AliasAdded,
    ArtifactCreated,
    ArtifactLogged,
    CollectionCreated,
    Event,
    NameClaimed,
    VersionLinked,
)
from stemmata_domain.ports import NO_STREAM, Append
from stemmata_domain.recorded import Context
from stemmata_projections.runner import Runner
from tests.benchmarks.measuring import Row, Timing, in_turns, take
from tests.benchmarks.raw_postgresql import RawPostgres
from tests.benchmarks.raw_sqlite import RawRegistry
from tests.postgres import Server

ENTITY = "vision"
SOURCE = "vision/mnist/digits"
TARGET = "wandb-registry-model/Digits"


@contextmanager
def registry(folder: Path) -> Iterator[Stemma]:
    """Open a registry in *folder*, with an organization and a team."""
    url = f"sqlite:///{folder / 'registry.db'}"
    with stemmata.open(url, actor="bench", entity=ENTITY, project="mnist") as stemma:
        stemma.organize("Bench", entity="bench", teams=[ENTITY])
        yield stemma


def log_versions(stemma: Stemma, start: int, number: int) -> None:
    """Log *number* versions of the source."""
    for i in range(start, start + number):
        stemma.log(
            SOURCE, type="model", manifest=f"{i:064x}", digest=f"{i:032x}", size=1, file_count=1
        )


def link_and_alias(folder: Path, *, rounds: int, there: int) -> Row:
    """Link a version and give it an alias, with *there* versions and aliases in the collection."""
    with registry(folder / "ours") as stemma, closing(RawRegistry(folder / "raw.db")) as raw:
        log_versions(stemma, 0, there + rounds + 10)
        for i in range(there):
            stemma.link(f"{SOURCE}:v{i}", TARGET, aliases=[f"alias-{i}"])
            raw.link(i, alias=f"alias-{i}")
        ours, floor = count(there), count(there)

        def link() -> None:
            stemma.link(f"{SOURCE}:v{next(ours)}", TARGET, aliases=["staging"])

        linked, written = in_turns(
            link, lambda: raw.link(next(floor), alias="staging"), rounds=rounds
        )
    ratio = written.median / linked.median
    return Row(
        what="link + alias, durable and visible"
        + (f", {there} versions and aliases there" if there else ""),
        ours=linked,
        floor=written,
        floor_is="same rows, one transaction",
        goal="≥ 0.75 of raw",
        reached=ratio >= 0.75,
        note=f"{ratio:.2f} of raw, {1 / linked.median:.0f}/s",
    )


def link_on_postgresql(*, rounds: int) -> list[Row]:
    """Link a version and give it an alias in PostgreSQL, and resolve the alias."""
    server = Server()
    try:
        with (
            stemmata.open(
                server.url("ours"),
                content="memory://",
                actor="bench",
                entity=ENTITY,
                project="mnist",
            ) as stemma,
            closing(RawPostgres(server)) as raw,
        ):
            stemma.organize("Bench", entity="bench", teams=[ENTITY])
            log_versions(stemma, 0, rounds + 10)
            ours, floor = count(), count()

            def link() -> None:
                stemma.link(f"{SOURCE}:v{next(ours)}", TARGET, aliases=["staging"])

            linked, written = in_turns(
                link, lambda: raw.link(next(floor), alias="staging"), rounds=rounds
            )
    finally:
        server.remove()
    ratio = written.median / linked.median
    return [
        Row(
            what="PostgreSQL: link + alias, durable and visible",
            ours=linked,
            floor=written,
            floor_is="same rows, one transaction, one round trip",
            goal="≥ 0.6 of raw",
            reached=ratio >= 0.6,
            note=f"{ratio:.2f} of raw, {1 / linked.median:.0f}/s",
        )
    ]


def resolve_and_list(folder: Path, *, rounds: int) -> list[Row]:
    """Resolve an alias, and list 1000 versions with their aliases."""
    with registry(folder / "ours") as stemma, closing(RawRegistry(folder / "raw.db")) as raw:
        log_versions(stemma, 0, 1000)
        raw.log(1000)
        for i in range(1000):
            stemma.link(f"{SOURCE}:v{i}", TARGET, aliases=[f"alias-{i}"])
            raw.link(i, alias=f"alias-{i}")
        resolved, joined = in_turns(
            lambda: stemma.resolve(f"{TARGET}:alias-500"),
            lambda: raw.resolve("alias-500"),
            rounds=rounds * 5,
        )
        listed, selected = in_turns(
            lambda: stemma.versions(TARGET), raw.list, rounds=max(5, rounds // 10)
        )
    return [
        Row(
            what="resolve `collection:alias`",
            ours=resolved,
            floor=joined,
            floor_is="indexed join",
            goal="≤ 4 × raw",
            reached=resolved.median <= 4 * joined.median,
        ),
        Row(
            what="list 1000 versions with aliases",
            ours=listed,
            floor=selected,
            floor_is="join and aliases",
            goal="≤ 3 × raw",
            reached=listed.median <= 3 * selected.median,
        ),
    ]


def growth(folder: Path, *, small: int, large: int, rounds: int) -> list[Row]:
    """Link and resolve at *small* and at *large* versions, and the first command of a new process."""
    with registry(folder / "small") as little:
        log_versions(little, 0, small + rounds + 10)
        for i in range(small):
            little.link(f"{SOURCE}:v{i}", TARGET, aliases=[f"alias-{i % 100}"])
        spare = rounds + 20
        fill(folder / "large" / "registry.db", versions=large, spare=spare)
        with registry(folder / "large") as big:
            at_small, at_large = count(small), count(large)

            def link_small() -> None:
                little.link(f"{SOURCE}:v{next(at_small)}", TARGET, aliases=["staging"])

            def link_large() -> None:
                big.link(f"{SOURCE}:v{next(at_large)}", TARGET, aliases=["staging"])

            link_large()
            few, many = in_turns(link_small, link_large, rounds=rounds)
            name = f"{TARGET}:alias-1"
            found_few, found_many = in_turns(
                lambda: little.resolve(name), lambda: big.resolve(name), rounds=rounds * 5
            )
    cold = Timing(
        times=tuple(
            cold_process(folder / "large" / "registry.db", large + spare - 10 + i) for i in range(5)
        )
    )
    return [
        Row(
            what=f"link at {large:,} versions",
            ours=many,
            floor=few,
            floor_is=f"at {small}",
            goal="≤ 1.3 × small",
            reached=many.median <= 1.3 * few.median,
        ),
        Row(
            what=f"resolve at {large:,} versions",
            ours=found_many,
            floor=found_few,
            floor_is=f"at {small}",
            goal="≤ 1.3 × small",
            reached=found_many.median <= 1.3 * found_few.median,
        ),
        Row(
            what=f"cold process, first link on {large:,} versions, after import",
            ours=cold,
            goal="≤ 150 ms",
            reached=cold.median <= 0.150,
        ),
    ]


def fill(path: Path, *, versions: int, spare: int) -> None:
    """Write a registry with *versions* links, and *spare* versions that are not linked yet.

    Commands would write the same events one by one; here they are appended in large batches.
    """
    path.parent.mkdir(parents=True)
    with registry(path.parent) as stemma:
        model = next(each for each in stemma.registries() if each.name == "model")
    ids = TimeOrderedIds()
    artifact, collection = ids.new(), ids.new()
    database = SqliteDatabase(path)
    events = SqliteEventStore(database, ids=ids)
    sources = list(_source_events(artifact, versions + spare))
    links = list(_link_events(artifact, collection, model.id, versions))
    context = Context("bench", datetime.now(UTC), ids.new(), None)
    names = {
        "name-in@vision/mnist:digits": _claim("in@vision/mnist", "digits", "artifact", artifact),
        f"name-in@{model.id}:Digits": _claim(f"in@{model.id}", "Digits", "collection", collection),
    }
    for stream, event in names.items():
        events.append([Append(stream, NO_STREAM, (event,))], context)
    for stream, every in ((f"artifact-{artifact}", sources), (f"collection-{collection}", links)):
        for at in range(0, len(every), 5_000):
            events.append([Append(stream, at - 1, tuple(every[at : at + 5_000]))], context)
    Runner(events, SqliteViewStore(database), PROJECTIONS).catch_up()
    database.close()


def _claim(scope: str, name: str, kind: str, holder: str) -> Event:
    return NameClaimed(scope=scope, name=name, kind=kind, holder=holder)


def _source_events(artifact: str, versions: int) -> Iterator[Event]:
    yield ArtifactCreated(
        artifact=artifact, entity=ENTITY, project="mnist", name="digits", type="model"
    )
    for i in range(versions):
        yield ArtifactLogged(
            version=version_id(artifact, i),
            index=i,
            digest=f"{i:032x}",
            algorithm="MD5",
            manifest=f"{i:064x}",
            size=1,
            file_count=1,
            description=None,
            metadata={},
            tags=(),
            run=None,
        )
        yield AliasAdded(alias="latest", index=i, moved_from=i - 1 if i else None)


def _link_events(artifact: str, collection: str, registry: str, versions: int) -> Iterator[Event]:
    yield CollectionCreated(
        collection=collection,
        scope=registry,
        registry=registry,
        name="Digits",
        type="model",
        description=None,
        tags=(),
    )
    for i in range(versions):
        yield VersionLinked(
            version=version_id(artifact, i), artifact=artifact, source_index=i, index=i
        )
        yield AliasAdded(alias="latest", index=i, moved_from=i - 1 if i else None)
        alias = f"alias-{i % 1000}"
        yield AliasAdded(alias=alias, index=i, moved_from=i - 1000 if i >= 1000 else None)


_COLD = """
import sys, time
import stemmata, stemmata.stemma, stemmata.opening
start = time.perf_counter()
stemma = stemmata.open(sys.argv[1], actor="bench", entity="vision", project="mnist")
stemma.link(sys.argv[2], sys.argv[3], aliases=["cold"])
print(time.perf_counter() - start)
"""


def cold_process(path: Path, index: int) -> float:
    """Return how long a new process takes, once it has imported, to link the version *index*."""
    name = f"{SOURCE}:v{index}"
    ran = subprocess.run(
        [sys.executable, "-c", _COLD, f"sqlite:///{path}", name, TARGET],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(ran.stdout)


def importing(*, rounds: int) -> Row:
    """Import stemmata, beside importing what it stands on."""

    def run(program: str) -> None:
        subprocess.run([sys.executable, "-c", program], check=True)

    idle = min(take(lambda: run("pass")) for _ in range(rounds))
    ours, floor = in_turns(
        lambda: run("import stemmata"),
        lambda: run("import pydantic, eventsourcing"),
        rounds=rounds,
        warm_up=1,
    )
    used, opened = in_turns(
        lambda: run("import stemmata; stemmata.open"),
        lambda: run(
            "import pydantic, eventsourcing, eventsourcing.persistence; pydantic.BaseModel"
        ),
        rounds=rounds,
        warm_up=1,
    )
    return Row(
        what="`import stemmata`",
        ours=ours,
        floor=floor,
        floor_is="import pydantic, eventsourcing",
        goal="≤ 1.2 × floor",
        reached=ours.median <= 1.2 * floor.median,
        note=f"with the front door loaded {used.median * 1e3:.0f} ms beside"
        f" {opened.median * 1e3:.0f} ms; an empty interpreter takes {idle * 1e3:.0f} ms",
    )
