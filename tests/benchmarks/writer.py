"""A process that links into one collection beside others: `writer ours URL` or `writer raw PLACE`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.bench import SOURCE, TARGET, open_at
from tests.benchmarks.raw import RawRegistry
from tests.benchmarks.raw_postgresql import PostgresRegistry
from tests.benchmarks.raw_sqlite import SqliteRegistry
from tests.benchmarks.serving import serve, times_of


class Ours:
    """Links through the front door."""

    def __init__(self, url: str) -> None:
        self._stemma = open_at(url)

    def links(self, number: int, first: int) -> dict[str, Any]:
        """Link *number* versions from *first* on."""
        return times_of(
            lambda n: self._stemma.link(f"{SOURCE}:v{first + n}", TARGET, aliases=["staging"]),
            number,
        )


class Raw:
    """Writes the same rows without us."""

    def __init__(self, place: str) -> None:
        kind, _, rest = place.partition(":")
        self._raw: RawRegistry
        if kind == "postgresql":
            schema, _, conninfo = rest.partition(":")
            self._raw = PostgresRegistry(conninfo, "", schema, make=False)
        else:
            self._raw = SqliteRegistry(Path(rest), make=False)

    def links(self, number: int, first: int) -> dict[str, Any]:
        """Link the next version, *number* times."""
        return times_of(lambda _: self._raw.link_next(alias="staging"), number)


if __name__ == "__main__":
    serve(lambda: {"ours": Ours, "raw": Raw}[sys.argv[1]](sys.argv[2]))
