"""A registry that is begun once, and copied for each process that is to be killed there.

It is whatever has a URL: :class:`Place` says what is needed of a store to be tried here.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg

import stemmata
from stemmata.stemma import Stemma
from tests.postgres import Server
from tests.stress.places import ENTITY, url_of

VERSIONS = 200
PATIENCE = 120


class Place(Protocol):
    """Where a registry is that is killed at again and again."""

    url: str
    content: str

    def copy(self, number: int) -> Place:
        """Return a new registry that is as this one was when it was begun."""
        ...

    def make_old(self) -> None:
        """Let the views be those of a release that laid their tables out otherwise."""
        ...

    def settle(self) -> bool:
        """Wait until all is let go of what the killed held; return whether that takes any time."""
        ...

    def leftovers(self) -> list[str]:
        """Return the tables on the medium that belong to no view in use."""
        ...

    def drop(self) -> None:
        """Remove the registry."""
        ...


class File:
    """A registry in a SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = url_of(path)
        self.content = str(path.parent / "content")

    def copy(self, number: int) -> File:
        folder = self.path.parent.parent / f"{number}"
        shutil.copytree(self.path.parent, folder)
        return File(folder / self.path.name)

    def make_old(self) -> None:
        with closing(sqlite3.connect(self.path)) as raw, raw:
            raw.execute("UPDATE view SET schema = '0.' || schema")

    def settle(self) -> bool:
        return False

    def leftovers(self) -> list[str]:
        with closing(sqlite3.connect(self.path)) as raw:
            tables = raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            lines = raw.execute("SELECT projection FROM view")
            return [name for (name,) in (*tables, *lines) if "__beside_" in name]

    def drop(self) -> None:
        shutil.rmtree(self.path.parent)


_databases = count()


class Database:
    """A registry in a database of its own, on a server that goes on when its clients are killed."""

    def __init__(self, server: Server, content: str, *, template: str = "template1") -> None:
        self._server = server
        self._name = f"killed_{next(_databases)}"
        with server.connect() as raw:
            raw.execute(f"CREATE DATABASE {self._name} TEMPLATE {template}")
        self.url = server.url("stemmata", dbname=self._name)
        self.content = content

    def _connect(self) -> psycopg.Connection[tuple[str]]:
        return psycopg.connect(self._server.conninfo, dbname=self._name, autocommit=True)

    def copy(self, number: int) -> Database:
        return Database(self._server, self.content, template=self._name)

    def make_old(self) -> None:
        with closing(self._connect()) as raw:
            raw.execute("UPDATE stemmata.view SET schema = '0.' || schema")

    def settle(self) -> bool:
        until = time.monotonic() + PATIENCE
        others = "SELECT query FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        others += " AND backend_type = 'client backend'"
        with closing(self._connect()) as raw:
            while found := raw.execute(others, (self._name,)).fetchall():
                assert time.monotonic() < until, found
                time.sleep(0.01)
        return True

    def leftovers(self) -> list[str]:
        with closing(self._connect()) as raw:
            # An index keeps its name when its table takes the place of another.
            tables = raw.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'beside%'"
            )
            lines = raw.execute(
                "SELECT projection FROM stemmata.view WHERE projection LIKE '%beside%'"
            )
            return [name for (name,) in (*tables.fetchall(), *lines.fetchall())]

    def drop(self) -> None:
        with self._server.connect() as raw:
            raw.execute(f"DROP DATABASE {self._name} WITH (FORCE)")


@contextmanager
def opened(place: Place) -> Iterator[Stemma]:
    with stemmata.open(place.url, content=place.content, actor="ada", entity=ENTITY) as stemma:
        yield stemma
