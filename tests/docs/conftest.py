"""The place in which a document is read: a folder with a file, and a registry of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stemmata


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
