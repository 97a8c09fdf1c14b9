"""trackio's artifact registry, through its public API: `of_trackio FOLDER MODE`.

A link is a link there too: a version logged before, put into a collection under an alias.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.serving import serve, times_of

TARGET = "registry-models/Digits"


class Trackio:
    """A registry with one collection."""

    def __init__(self, folder: str, mode: str) -> None:
        os.environ["TRACKIO_DIR"] = folder
        if mode == "full":
            os.environ["TRACKIO_SQLITE_SYNCHRONOUS"] = "FULL"
        import trackio

        self._trackio, self._folder = trackio, Path(folder)
        self._run = trackio.init(project="mnist", name=f"run-{os.getpid()}")
        self._logged: list[Any] = []

    def found(self) -> None:
        """Make what versions are put into."""
        self._trackio.Api().create_registry("models").create_collection("Digits", "model")

    def log(self, number: int) -> None:
        """Log versions of a byte or two, to be linked later."""
        path = self._folder / f"model-{os.getpid()}.bin"
        for _ in range(number):
            artifact = self._trackio.Artifact(f"digits-{os.getpid()}", "model")
            path.write_text(f"{os.getpid()} {len(self._logged)}")
            artifact.add_file(str(path), name="model.bin")
            self._logged.append(self._run.log_artifact(artifact))

    def link(self, index: int, alias: str) -> str:
        """Link a version that was logged."""
        return str(self._logged[index].link(TARGET, aliases=[alias]).version)

    def fill(self, number: int) -> None:
        """Link versions, each with an alias of its own."""
        for i in range(number):
            self.link(i, f"alias-{i}")

    def resolve(self, alias: str) -> str:
        """Find the version that an alias points to; the run is recorded as its user."""
        return str(self._run.use_artifact(f"{TARGET}:{alias}").version)

    def listed(self) -> int:
        """Read all versions with their aliases."""
        return len(self._trackio.Api().registry("models").collection("Digits").links)

    def links(self, number: int, first: int) -> dict[str, Any]:
        """Link as fast as it goes, beside others who do the same."""
        return times_of(lambda n: self.link(first + n, "staging"), number)

    def numbers(self) -> list[int]:
        """Return the numbers of all versions."""
        links = self._trackio.Api().registry("models").collection("Digits").links
        return sorted(int(each["collection_version"]) for each in links)

    def durability(self) -> str:
        """Return the mode of the registry's file."""
        db = sqlite3.connect(self._folder / "registry-models.db")
        synchronous = os.environ.get("TRACKIO_SQLITE_SYNCHRONOUS", "NORMAL")
        mode = db.execute("PRAGMA journal_mode").fetchone()[0]
        return f"journal_mode={mode}, synchronous={synchronous}"


if __name__ == "__main__":
    serve(lambda: Trackio(sys.argv[1], sys.argv[2]))
