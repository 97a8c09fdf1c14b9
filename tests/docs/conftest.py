"""The place in which a document is read: an empty folder, and a registry of its own."""

from pathlib import Path

import pytest


@pytest.fixture
def reading_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new working folder, with settings that keep everything inside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEMMATA_URL", f"sqlite:///{tmp_path / 'registry.db'}")
    monkeypatch.setenv("STEMMATA_CONTENT", (tmp_path / "blobs").as_uri())
    monkeypatch.setenv("STEMMATA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("STEMMATA_ARTIFACT_DIR", str(tmp_path / "artifacts"))
    monkeypatch.setenv("STEMMATA_ACTOR", "ada")
    return tmp_path
