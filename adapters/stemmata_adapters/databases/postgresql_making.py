"""Making the tables of a schema of PostgreSQL, or lifting older ones, whoever else is at it too.

The table `stemmata` says which parts a schema has, and how many steps each has taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stemmata_adapters.databases.postgresql_connections import Session
from stemmata_adapters.databases.postgresql_turns import BEGIN
from stemmata_adapters.databases.steps import Step, lacking
from stemmata_domain.errors import StoreUnavailable

OF_ANOTHER = "it holds tables of another program; choose another schema"


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema, and how an error names it."""

    name: str
    store: str

    @property
    def prefix(self) -> str:
        """What stands before the name of each table."""
        return f"{_quoted(self.name)}."

    def taken(self, session: Session, part: str) -> int:
        """Return how many steps a part has taken.

        Raises:
            psycopg.Error: There is no such schema, or it has no parts.
        """
        parts = session.fetch(f"SELECT part, steps FROM {self.prefix}stemmata")
        return next((steps for name, steps in parts if name == part), 0)

    def lift(self, session: Session, part: str, steps: Sequence[Step]) -> None:
        """Take the steps that a part lacks, in one transaction.

        Raises:
            psycopg.Error: The server cannot, or refuses.
            StoreTooNew: A newer release has written this part.
            StoreUnavailable: The schema is another program's.
        """
        session.execute(BEGIN)
        session.fetch(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", (f"stemmata {self.name}",)
        )
        tables = session.fetch(
            "SELECT c.relname FROM pg_catalog.pg_class c"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1",
            (self.name,),
        )
        if not tables:
            self._make(session)
        elif ("stemmata",) not in tables:
            raise StoreUnavailable(store=self.store, why=OF_ANOTHER)
        taken = self.taken(session, part)  # somebody may have been here since
        if taken:
            # Who has older tables open may be writing.
            session.execute(f"LOCK TABLE {self.prefix}turn IN EXCLUSIVE MODE")
        for step in lacking(taken, steps, store=self.store):
            for statement in step:
                session.execute(statement)
        added = (
            f"INSERT INTO {self.prefix}stemmata VALUES ($1, $2)"
            " ON CONFLICT (part) DO UPDATE SET steps = excluded.steps"
        )
        session.execute(added, (part, len(steps)))
        session.execute("COMMIT")

    def _make(self, session: Session) -> None:
        encoding = session.fetch("SELECT current_setting('server_encoding')")[0][0]
        if encoding != "UTF8":
            why = f"the database has the encoding {encoding}, and a registry needs UTF8"
            raise StoreUnavailable(store=self.store, why=why)
        there = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1"
        # Who may not make a schema may yet use one that was made for them.
        if not session.fetch(there, (self.name,)):
            session.execute(f"CREATE SCHEMA {_quoted(self.name)}")
        session.execute(
            f"CREATE TABLE {self.prefix}stemmata (part text PRIMARY KEY, steps bigint NOT NULL)"
        )
        session.execute(f"CREATE TABLE {self.prefix}turn ()")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
