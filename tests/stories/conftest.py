"""What every story starts from: an empty folder, and a registry of its own in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import stemmata


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder whose settings keep everything inside it; no organization yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEMMATA_URL", f"sqlite:///{tmp_path / 'registry.db'}")
    monkeypatch.setenv("STEMMATA_CONTENT", str(tmp_path / "blobs"))
    monkeypatch.setenv("STEMMATA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("STEMMATA_ACTOR", "ci")
    yield tmp_path
    stemmata.teardown()


@pytest.fixture
def acme(workplace: Path) -> Path:
    """The working folder of a registry with one organization, two teams and two people."""
    with stemmata.open() as stemma:
        stemma.organize(
            "Acme Inc", entity="acme", teams=["vision", "speech"], people=["ada", "bob"]
        )
    return workplace
