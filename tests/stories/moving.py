"""A registry with content that can be moved, and ways to look at what came of it past the library."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import stemmata
from stemmata.draft import Draft

Row = tuple[int, str, int, str, bytes]


def url_of(path: Path) -> str:
    """Return the URL of the registry in a file."""
    return f"sqlite:///{path}"


def with_files(path: Path, versions: int = 3) -> Path:
    """Make a registry in which versions with two files each are logged; return its path."""
    with stemmata.open(url_of(path), content=f"{path}.content", actor="ada") as stemma:
        stemma.organize("Acme Inc", entity="acme", teams=["vision"], people=["ada"])
    log_files(path, range(versions))
    return path


def log_files(path: Path, numbers: range) -> None:
    """Log a version for each number, and link it."""
    with stemmata.open(url_of(path), content=f"{path}.content", actor="ada") as stemma:
        for number in numbers:
            with closing(Draft(stemma.content)) as draft:
                for name in ("a.txt", "é.bin"):
                    with draft.new_file(name, "wb") as file:
                        file.write(f"{name} {number}".encode() * 1_000)
                sealed = draft.seal()
            logged = stemma.log(
                "vision/mnist/digits",
                type="model",
                manifest=sealed.manifest,
                digest=sealed.digest,
                size=sealed.size,
                file_count=sealed.file_count,
                metadata={"number": number, "text": "é🙂\u2028"},
            )
            stemma.link(logged.name, "wandb-registry-model/Digits", aliases=["staging"])


def rows(path: Path) -> list[Row]:
    """Return the log in a SQLite file, past the library."""
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(
            "SELECT position, stream, version, topic, state FROM event ORDER BY position"
        ).fetchall()


def blobs(folder: Path) -> dict[str, bytes]:
    """Return all blobs in the folder of a content store, past the library."""
    return {
        file.parent.name + file.name: file.read_bytes()
        for file in (folder / "sha256").glob("*/*")
        if file.is_file()
    }


class Meddling:
    """Somebody who changes a byte of the log in a SQLite file when it is about to be proved."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def events(self, what: str) -> None:
        if what.startswith("Proving"):
            with closing(sqlite3.connect(self._path)) as raw, raw:
                raw.execute(
                    "UPDATE event SET state = CAST(state || ' ' AS BLOB) WHERE position = 3"
                )

    def bytes(self, what: str) -> None:
        pass


def content_of(path: Path) -> Path:
    """Return the folder in which a registry has its content."""
    return path.with_name(f"{path.name}.content")
