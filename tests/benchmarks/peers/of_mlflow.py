"""MLflow's model registry, through its client, on a database of its own: `of_mlflow URI MODE`.

Its nearest to a link is a new version of a registered model, with an alias set in a second call.
"""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

from tests.benchmarks.serving import serve, times_of

MODEL = "Digits"


class Mlflow:
    """A registry with one model."""

    def __init__(self, uri: str, mode: str) -> None:
        from mlflow import MlflowClient

        self._path = uri.removeprefix("sqlite:///") if uri.startswith("sqlite:") else None
        if self._path is not None and mode == "wal":
            # It stays in the file; their own connections find it there.
            db = sqlite3.connect(self._path)
            db.execute("PRAGMA journal_mode=WAL")
            db.close()
        self._client = MlflowClient(tracking_uri=uri, registry_uri=uri)

    def found(self) -> None:
        """Make what versions are put into."""
        self._client.create_registered_model(MODEL)

    def link(self, index: int, alias: str) -> str:
        """Make a version and have an alias point to it."""
        made = self._client.create_model_version(MODEL, f"s3://bucket/digits/{index}")
        self._client.set_registered_model_alias(MODEL, alias, made.version)
        return str(made.version)

    def fill(self, number: int) -> None:
        """Make versions, each with an alias of its own."""
        for i in range(number):
            self.link(i, f"alias-{i}")

    def resolve(self, alias: str) -> int:
        """Find the version that an alias points to."""
        return int(self._client.get_model_version_by_alias(MODEL, alias).version)

    def listed(self) -> int:
        """Read all versions with their aliases."""
        found: list[Any] = []
        token = None
        while token != "":
            page = self._client.search_model_versions(
                f"name='{MODEL}'", max_results=10_000, page_token=token
            )
            found += page
            token = page.token or ""
        return len(found)

    def links(self, number: int, first: int) -> dict[str, Any]:
        """Link as fast as it goes, beside others who do the same."""
        return times_of(lambda n: self.link(first + n, "staging"), number)

    def numbers(self) -> list[int]:
        """Return the numbers of all versions."""
        found = self._client.search_model_versions(f"name='{MODEL}'", max_results=10_000)
        return sorted(int(each.version) for each in found)

    def durability(self) -> str:
        """Return the mode of the file."""
        if self._path is None:
            return "the server's"
        db = sqlite3.connect(self._path)
        return f"journal_mode={db.execute('PRAGMA journal_mode').fetchone()[0]}"


if __name__ == "__main__":
    serve(lambda: Mlflow(sys.argv[1], sys.argv[2]))
