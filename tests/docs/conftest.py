"""The place in which a document is read: a folder with a file, and a registry of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stemmata
from tests.postgres import shared_server


@pytest.fixture
def database_of_host(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """For a page about PostgreSQL, the URL of a database that the reader has already."""
    path: Path = request.node.callspec.params["path"]
    if "DATABASE_URL" not in path.read_text(encoding="utf-8"):
        yield
        return
    server = shared_server()
    monkeypatch.setenv("DATABASE_URL", f"postgresql:///postgres?{server.parameters}")
    yield
    with server.connect() as connection:
        connection.execute("DROP SCHEMA IF EXISTS registry CASCADE")


@pytest.fixture
def reading_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new working folder, with settings that keep everything inside it.

    The reader has a file to log, `model.bin`, and has founded an organization with a team.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # a page may lay a package on it
    monkeypatch.setenv("STEMMATA_URL", f"sqlite:///{tmp_path / 'registry.db'}")
    monkeypatch.setenv("STEMMATA_CONTENT", (tmp_path / "blobs").as_uri())
    monkeypatch.setenv("STEMMATA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("STEMMATA_ARTIFACT_DIR", str(tmp_path / "artifacts"))
    monkeypatch.setenv("STEMMATA_ACTOR", "ada")
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    (tmp_path / "model.bin").write_bytes(b"weights")
    with stemmata.open() as stemma:
        stemma.organize("Acme", teams=["vision"])
    yield tmp_path
    stemmata.teardown()
