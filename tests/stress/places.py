"""Registries that stress tests begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

import stemmata
from stemmata.stemma import PROJECTIONS, Stemma
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_adapters.schemes import open_event_store, open_view_store
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.commands.link import Link
from stemmata_domain.commands.log import Log
from stemmata_domain.handling import CommandHandler
from stemmata_domain.ports import EventStore, SerialisesWriters
from stemmata_projections.runner import Runner
from stemmata_projections.view_store import ViewStore

ENTITY = "vision"
PROJECT = "mnist"
SOURCE = f"{ENTITY}/{PROJECT}/digits"
TARGET = "wandb-registry-model/Digits"


Place: TypeAlias = Path | str
"""Where a registry is: a SQLite file, or a URL."""


def url_of(place: Place) -> str:
    """Return the URL of the registry at a place."""
    return place if isinstance(place, str) else f"sqlite:///{place}"


def content_for(url: str) -> str | None:
    """Return where content is kept where a URL alone does not say; nobody reads it again there."""
    return None if url.startswith(("sqlite:", "memory:")) else "memory://"


def open_at(
    place: Place, *, content: str | None = None, actor: str = "ada", entity: str | None = ENTITY
) -> Stemma:
    """Open the registry at a place."""
    url = url_of(place)
    return stemmata.open(url, content=content or content_for(url), actor=actor, entity=entity)


@contextmanager
def stores_at(place: Place) -> Iterator[tuple[EventStore, ViewStore]]:
    """Open the two stores of the registry at a place."""
    url = url_of(place)
    with closing(open_event_store(url, ids=TimeOrderedIds())) as events:
        yield events, open_view_store(url, beside=events)


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


P = TypeVar("P", bound=Place)


def founded(place: P) -> P:
    """Make a registry with an organization, two teams and two people; return its place."""
    with open_at(place) as stemma:
        stemma.organize("Acme Inc", entity="acme", teams=[ENTITY, "speech"], people=["ada", "bob"])
    return place


def with_versions(place: P, number: int, *, source: str = SOURCE) -> P:
    """Make a founded registry in which *number* versions of *source* are logged; return its place."""
    founded(place)
    log_versions(place, number, source=source)
    return place


def log_versions(place: Place, number: int, *, source: str = SOURCE) -> None:
    """Log *number* versions of *source* in one transaction, which makes it quick."""
    entity, project, name = source.split("/")
    with stores_at(place) as (events, views):
        assert isinstance(events, SerialisesWriters)
        runner = Runner(events, views, PROJECTIONS)
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


def link_without_views(place: Place, number: int) -> None:
    """Link *number* versions, out of 200, as if by a release that keeps none of our views."""
    with closing(open_event_store(url_of(place), ids=TimeOrderedIds())) as events:
        handler = CommandHandler(events, clock=SystemClock(), ids=TimeOrderedIds())
        assert isinstance(events, SerialisesWriters)
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
