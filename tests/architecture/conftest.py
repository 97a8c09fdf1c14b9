"""The project as it lies on disk, for tests of its shape."""

import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the project."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def settings(project: Path) -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def packages(project: Path, settings: dict[str, Any]) -> list[Path]:
    """The folders of the four packages."""
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    return [project / folder for folder in wheel["packages"]]
