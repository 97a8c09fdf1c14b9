"""The sdist and the wheel hold all that is ours, and a host gets nothing else from them."""

import tarfile
import zipfile
from collections.abc import Mapping
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

from tests.packaging.distributions import Distributions

PROJECT = Path(__file__).parents[2]
PACKAGES = {
    "stemmata_domain": "domain",
    "stemmata_projections": "projections",
    "stemmata": "adapters",
    "stemmata_adapters": "adapters",
}

pytestmark = pytest.mark.xdist_group("distributions")


def source_files() -> dict[str, bytes]:
    """What the four packages hold on disk, by the path under which it is imported."""
    return {
        file.relative_to(PROJECT / root).as_posix(): file.read_bytes()
        for package, root in PACKAGES.items()
        for file in (PROJECT / root / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def wheel_files(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


def installed(wheel: Mapping[str, bytes]) -> dict[str, bytes]:
    """The part of a wheel that is not about the wheel."""
    return {name: body for name, body in wheel.items() if ".dist-info/" not in name}


@pytest.fixture
def wheel(distributions: Distributions) -> dict[str, bytes]:
    return wheel_files(distributions.wheel)


@pytest.fixture
def metadata(wheel: Mapping[str, bytes]) -> Mapping[str, str]:
    (body,) = (body for name, body in wheel.items() if name.endswith(".dist-info/METADATA"))
    return dict(Parser().parsestr(body.decode()).items())


def test_the_wheel_holds_every_file_of_the_four_packages_and_nothing_else(
    wheel: Mapping[str, bytes],
) -> None:
    assert installed(wheel) == source_files()


def test_the_wheel_installs_no_top_level_package_but_our_four(wheel: Mapping[str, bytes]) -> None:
    assert {PurePosixPath(name).parts[0] for name in installed(wheel)} == set(PACKAGES)


def test_every_package_in_the_wheel_is_marked_as_typed(wheel: Mapping[str, bytes]) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(wheel)


def test_the_sdist_holds_every_file_of_the_four_packages(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as sdist:
        held = {
            PurePosixPath(*PurePosixPath(member.name).parts[1:]).as_posix()
            for member in sdist
            if member.isfile()
        }
    expected = {f"{PACKAGES[name.split('/')[0]]}/{name}" for name in source_files()}
    assert expected <= held
    assert {"pyproject.toml", "README.md", "Makefile", "docs/LICENSE"} <= held
    assert not any("__pycache__" in name or name.startswith(".venv") for name in held)


def test_a_wheel_made_from_the_sdist_is_the_wheel_made_from_the_tree(
    distributions: Distributions,
) -> None:
    assert wheel_files(distributions.wheel_from_sdist) == wheel_files(distributions.wheel)


def test_the_wheel_brings_its_licence_and_one_command(
    wheel: Mapping[str, bytes], metadata: Mapping[str, str]
) -> None:
    about = {
        name.split(".dist-info/")[1]: body for name, body in wheel.items() if ".dist-info/" in name
    }
    assert metadata["License-Expression"] == "Apache-2.0"
    assert about["licenses/docs/LICENSE"] == (PROJECT / "docs/LICENSE").read_bytes()
    assert about["entry_points.txt"].decode().split() == [
        "[console_scripts]",
        "stemmata",
        "=",
        "stemmata.cli:main",
    ]
