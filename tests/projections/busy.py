"""A registry at work: commands that between them make every kind of event that a view folds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.commands.edit import Delete, Edit
from stemmata_domain.commands.link import EditAliasesOf, Link, Unlink
from stemmata_domain.commands.log import Log, Logged
from stemmata_domain.commands.organize import (
    AcceptTypeIn,
    MakeCollection,
    MakeRegistry,
    Organize,
    RemoveCollection,
)
from stemmata_domain.commands.run import Finish, Start, Use
from stemmata_domain.handling import CommandHandler
from stemmata_domain.ports import EventStore
from stemmata_projections.runner import Runner
from stemmata_projections.tables import Row, Table

DIGITS = "wandb-registry-model/Digits"


class SteadyClock:
    """A clock that goes on by a millisecond each time."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 3, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now


def sqlite_events(path: Path) -> SqliteEventStore:
    return SqliteEventStore(SqliteDatabase(path), ids=TimeOrderedIds())


def sqlite_views(events: SqliteEventStore) -> SqliteViewStore:
    """Return views in the file of the events."""
    return SqliteViewStore(events.recorder.database)


def handler(events: EventStore, runner: Runner | None = None) -> CommandHandler:
    """Return a handler that keeps the runner's views inline, if they can be."""
    inline = runner.inline if runner is not None and runner.is_inline else None
    return CommandHandler(events, clock=SteadyClock(), ids=TimeOrderedIds(), inline=inline)


def log(content: str, **changed: Any) -> Log:
    """Return the command that logs some content as `vision/mnist/digits`."""
    fields: dict[str, Any] = {
        "entity": "vision",
        "project": "mnist",
        "name": "digits",
        "type": "model",
        "digest": content.encode().hex().rjust(32, "0"),
        "algorithm": "MD5",
        "manifest": "0" * 64,
        "size": len(content),
        "file_count": 1,
        "metadata": {"content": content},
    }
    return Log(**{**fields, **changed})


def organize(handler: CommandHandler) -> None:
    handler.handle(
        Organize(name="Acme Inc", entity="acme", teams=("vision",), people=("ada", "bob")),
        actor="host",
    )


def work(handler: CommandHandler, *, rounds: int = 2) -> None:
    """Carry out commands of every kind."""

    def do(command: Any) -> Any:
        return handler.handle(command, actor="ada")

    organize(handler)
    do(MakeRegistry(name="Own", organization="acme", accepted_types=("model",)))
    do(AcceptTypeIn(registry="Own", type="dataset", organization="acme"))
    for n in range(rounds):
        run = f"vision/mnist/r{n}"
        do(Start(entity="vision", project="mnist", run=f"r{n}", name="train", config={"n": n}))
        versions: list[Logged] = [
            do(log(f"{n} {m}", run=run, tags=("t",), aliases=("best",))) for m in range(3)
        ]
        do(log(f"{n} 0", run=run))
        for version in versions:
            do(Link(source=version.name, target=DIGITS, aliases=("staging",), entity="vision"))
        do(Link(source=versions[0].name, target=DIGITS, aliases=("production",), entity="vision"))
        do(
            MakeCollection(
                target="wandb-registry-Own/Kept", type="model", tags=("u",), entity="vision"
            )
        )
        do(Link(source=versions[1].name, target="wandb-registry-Own/Kept", entity="vision"))
        do(Use(run=run, name=f"{DIGITS}:production"))
        do(Use(run=run, name=versions[1].name))
        do(
            Edit(
                name=f"{DIGITS}:staging",
                description=f"edit {n}",
                metadata={"edited": n},
                add_tags=("v",),
                remove_tags=("t",),
                entity="vision",
            )
        )
        do(EditAliasesOf(name=f"{DIGITS}:staging", remove=("staging",), entity="vision"))
        do(Unlink(name=f"{DIGITS}:latest", entity="vision"))
        do(Delete(name=versions[2].name, delete_aliases=True, entity="vision"))
        do(RemoveCollection(target="wandb-registry-Own/Kept", entity="vision"))
        do(Finish(run=run))


def stored(path: Path, table: Table) -> list[tuple[Row, int, int]]:
    """Return the rows of a view in a SQLite file, with the ranges over which they hold, sorted."""
    columns = ", ".join(column.name for column in table.columns)
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute(f"SELECT valid_from, valid_to, {columns} FROM view_{table.name}")
        found = [(tuple(row), begin, end) for begin, end, *row in rows]
    return sorted(found, key=repr)
