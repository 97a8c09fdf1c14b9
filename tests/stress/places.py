"""Registries that stress tests begin with."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import stemmata
from stemmata.stemma import PROJECTIONS, Stemma
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.commands.link import Link
from stemmata_domain.commands.log import Log
from stemmata_domain.handling import CommandHandler
from stemmata_projections.runner import Runner

ENTITY = "vision"
PROJECT = "mnist"
SOURCE = f"{ENTITY}/{PROJECT}/digits"
TARGET = "wandb-registry-model/Digits"


def url_of(path: Path) -> str:
    """Return the URL of the registry in the file *path*."""
    return f"sqlite:///{path}"


def open_at(path: Path, *, actor: str = "ada", entity: str | None = ENTITY) -> Stemma:
    """Open the registry in the file *path*."""
    return stemmata.open(url_of(path), actor=actor, entity=entity)


def assembled(events: SqliteEventStore, database: SqliteDatabase) -> Stemma:
    """Open the registry in *database* by its parts, so that a test can reach them."""
    return Stemma(
        events=events,
        views=SqliteViewStore(database),
        content=MemoryContentStore(),
        clock=SystemClock(),
        ids=TimeOrderedIds(),
        actor="ada",
        entity=ENTITY,
        cache_dir=database.path.parent,
    )


def founded(path: Path) -> Path:
    """Make a registry with an organization, two teams and two people; return its path."""
    with open_at(path) as stemma:
        stemma.organize("Acme Inc", entity="acme", teams=[ENTITY, "speech"], people=["ada", "bob"])
    return path


def with_versions(path: Path, number: int, *, source: str = SOURCE) -> Path:
    """Make a founded registry in which *number* versions of *source* are logged; return its path."""
    founded(path)
    log_versions(path, number, source=source)
    return path


def log_versions(path: Path, number: int, *, source: str = SOURCE) -> None:
    """Log *number* versions of *source* in one transaction, which makes it quick."""
    entity, project, name = source.split("/")
    database = SqliteDatabase(path)
    with closing(SqliteEventStore(database, ids=TimeOrderedIds())) as events:
        runner = Runner(events, SqliteViewStore(database), PROJECTIONS)
        handler = CommandHandler(
            events, clock=SystemClock(), ids=TimeOrderedIds(), inline=runner.inline
        )
        with events.writing():
            for i in range(number):
                handler.handle(
                    Log(
                        entity=entity,
                        project=project,
                        name=name,
                        type="model",
                        digest=digest(i),
                        algorithm="MD5",
                        manifest=manifest(i),
                        size=1,
                        file_count=1,
                    ),
                    actor="ada",
                )


def link_without_views(path: Path, number: int) -> None:
    """Link *number* versions, out of 200, as if by a release that keeps none of our views."""
    with closing(SqliteEventStore(SqliteDatabase(path), ids=TimeOrderedIds())) as events:
        handler = CommandHandler(events, clock=SystemClock(), ids=TimeOrderedIds())
        with events.writing():
            for i in range(number):
                source, target = f"{SOURCE}:v{i % 200}", f"{TARGET} {i // 200}"
                handler.handle(Link(source=source, target=target, entity=ENTITY), actor="ada")


def digest(number: int) -> str:
    """Return a digest of made-up content."""
    return f"{number:032x}"


def manifest(number: int) -> str:
    """Return the address of a made-up manifest."""
    return f"{number:064x}"
