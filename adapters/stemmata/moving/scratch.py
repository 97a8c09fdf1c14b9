"""Numbers by text in a temporary file: what would fit into memory for small logs only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from stemmata_domain.errors import StoreUnavailable


class Counts:
    """How often each of many texts was counted."""

    def __init__(self) -> None:
        with _said():
            self._kept = sqlite3.connect("", isolation_level=None)  # a file that nobody else sees
            self._kept.execute(
                "CREATE TABLE count (text TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID"
            )
            self._kept.execute("BEGIN")

    def count(self, text: str) -> int:
        """Count a text, and return how often it was counted before.

        Raises:
            StoreUnavailable: The temporary file cannot be written.
        """
        with _said():
            found = self._kept.execute("SELECT n FROM count WHERE text = ?", (text,)).fetchone()
            before: int = 0 if found is None else found[0]
            self._kept.execute("INSERT OR REPLACE INTO count VALUES (?, ?)", (text, before + 1))
        return before

    def close(self) -> None:
        """Forget everything."""
        self._kept.close()


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailable(store="a temporary file", why=str(error)) from error
