"""The databases that the same rows are measured on, each with its floor: nothing but its own client."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

from tests.benchmarks.raw import RawRegistry
from tests.benchmarks.raw_postgresql import PostgresRegistry
from tests.benchmarks.raw_rows import Rows, into_postgresql, into_sqlite
from tests.benchmarks.raw_sqlite import SqliteRegistry
from tests.postgres import Server

Found = tuple[object, ...]


class Database(Protocol):
    """Where registries can be made, and what the same costs without us.

    Attributes:
        name: As a URL's scheme says it.
        durability: What a command waits for.
    """

    name: str
    durability: str

    def url(self, place: str) -> str:
        """Return the URL of the registry at a place, a word; it is made when it is opened."""
        ...

    def raw(self, place: str) -> RawRegistry:
        """Make the tables of a registry at a place, to be written without us."""
        ...

    def writer(self, place: str) -> str:
        """Return what :mod:`tests.benchmarks.writer` opens a raw registry by, that is there."""
        ...

    def asked(self, place: str, statement: str, params: Mapping[str, object]) -> Sequence[Found]:
        """Return what a statement finds at a place; parameters are written as `:name` in it."""
        ...

    def insert(self, place: str, rows: Rows, *, batch: int) -> None:
        """Make the tables of views at a new place and write rows into them, so many at once."""
        ...

    def others(self, place: str) -> str | None:
        """Make a database for others in the same server; None where each has files of its own."""
        ...

    def settle(self, place: str) -> None:
        """Have the database do now what it would do later: checkpoint, statistics."""
        ...

    def remove(self, place: str) -> None:
        """Remove a registry."""
        ...

    def size(self, place: str) -> int:
        """Return how many bytes a registry takes on the disk."""
        ...


class Sqlite:
    """Files in a folder."""

    name = "sqlite"
    durability = "WAL, synchronous=FULL: one fsync for a command"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asking: dict[str, sqlite3.Connection] = {}

    def path(self, place: str) -> Path:
        """Return where a registry is."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{place}.db"

    def url(self, place: str) -> str:
        return f"sqlite:///{self.path(place)}"

    def raw(self, place: str) -> RawRegistry:
        return SqliteRegistry(self.path(place))

    def writer(self, place: str) -> str:
        return f"sqlite:{self.path(place)}"

    def asked(self, place: str, statement: str, params: Mapping[str, object]) -> Sequence[Found]:
        if place not in self._asking:
            self._asking[place] = opened = sqlite3.connect(self.path(place), cached_statements=512)
            opened.execute("PRAGMA cache_size=-16384")
        return self._asking[place].execute(statement, params).fetchall()

    def insert(self, place: str, rows: Rows, *, batch: int) -> None:
        into_sqlite(self.path(place), rows, batch=batch)

    def others(self, place: str) -> str | None:
        return None

    def settle(self, place: str) -> None:
        raw = sqlite3.connect(self.path(place))
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
        os.sync()  # what was filled is not to be written while a command waits for the disk

    def remove(self, place: str) -> None:
        path = self.path(place)
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink()

    def size(self, place: str) -> int:
        path = self.path(place)
        return sum(
            each.stat().st_size
            for each in (path, path.with_name(f"{path.name}-wal"))
            if each.exists()
        )

    def close(self) -> None:
        """Close what was opened to ask."""
        for each in self._asking.values():
            each.close()


class Postgres:
    """Schemas of a server of our own, durable as it comes."""

    name = "postgresql"
    durability = "fsync=on, synchronous_commit=on: one flush of its log for a command"

    def __init__(self, server: Server) -> None:
        self._server = server
        self._asking = server.connect()

    def url(self, place: str) -> str:
        return self._server.url(place)

    def raw(self, place: str) -> RawRegistry:
        return PostgresRegistry(self._server.conninfo, self.url(place), place)

    def writer(self, place: str) -> str:
        return f"postgresql:{place}:{self._server.conninfo}"

    def asked(self, place: str, statement: str, params: Mapping[str, object]) -> Sequence[Found]:
        # The planner chooses the order; told which one to take it does no better.
        statement = statement.replace("CROSS JOIN", "JOIN")
        for name, value in params.items():
            kind = '::text COLLATE "C"' if isinstance(value, str) else ""
            statement = re.sub(rf":{name}\b", f"%({name})s{kind}", statement)
        self._asking.execute("SELECT set_config('search_path', %s, false)", (place,))
        return self._asking.execute(statement, params, prepare=True).fetchall()

    def insert(self, place: str, rows: Rows, *, batch: int) -> None:
        into_postgresql(self._server.conninfo, place, rows, batch=batch)

    def settle(self, place: str) -> None:
        self._asking.execute("SELECT set_config('search_path', %s, false)", (place,))
        found = self._asking.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = %s", (place,)
        ).fetchall()
        for (table,) in found:
            self._asking.execute(f"VACUUM ANALYZE {table}".encode())
        self._asking.execute("CHECKPOINT")

    def remove(self, place: str) -> None:
        self._asking.execute(f"DROP SCHEMA {place} CASCADE".encode())

    def size(self, place: str) -> int:
        found = self._asking.execute(
            "SELECT sum(pg_total_relation_size(format('%%I.%%I', schemaname, tablename)::regclass))"
            "::bigint FROM pg_tables WHERE schemaname = %s",
            (place,),
        ).fetchone()
        assert found is not None
        return int(str(found[0]))

    def others(self, place: str) -> str | None:
        self._asking.execute(f"CREATE DATABASE {place}".encode())
        return f"postgresql://stem@/{place}?host={self._server.folder}"

    def version(self) -> str:
        """Return the release of the server."""
        found = self._asking.execute("SHOW server_version").fetchone()
        assert found is not None
        return str(found[0])

    def close(self) -> None:
        """Close what was opened to ask."""
        self._asking.close()


@contextmanager
def databases(folder: Path, names: Sequence[str]) -> Iterator[dict[str, Database]]:
    """Have the databases with these names ready, in this order."""
    found: dict[str, Database] = {}
    sqlite = Sqlite(folder / "sqlite")
    server: Server | None = None
    postgres: Postgres | None = None
    try:
        if "postgresql" in names:
            server = Server("shared_buffers=256MB", "max_wal_size=4GB")
            postgres = Postgres(server)
        for name in names:
            found[name] = postgres if name == "postgresql" and postgres is not None else sqlite
        yield found
    finally:
        sqlite.close()
        if postgres is not None:
            postgres.close()
        if server is not None:
            server.remove()


def client_version() -> str:
    """Return the release of the PostgreSQL client."""
    return psycopg.__version__
