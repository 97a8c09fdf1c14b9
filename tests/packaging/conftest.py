"""The distributions, built once, and a virtual environment that holds the wheel alone."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.packaging.distributions import Consumer, Distributions

PROJECT = Path(__file__).parents[2]


def build(*arguments: str | Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", *arguments, PROJECT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The sdist, a wheel made from it, and a wheel made from the tree."""
    through_sdist = tmp_path_factory.mktemp("through-sdist")
    build("--outdir", through_sdist)
    straight = tmp_path_factory.mktemp("straight")
    build("--wheel", "--outdir", straight)
    (sdist,) = through_sdist.glob("*.tar.gz")
    (wheel_from_sdist,) = through_sdist.glob("*.whl")
    (wheel,) = straight.glob("*.whl")
    return Distributions(sdist=sdist, wheel=wheel, wheel_from_sdist=wheel_from_sdist)


@pytest.fixture
def consumer(distributions: Distributions, tmp_path: Path) -> Consumer:
    """A new environment into which the wheel has been unpacked, as an installer does it."""
    home = tmp_path / "consumer"
    venv.create(home, with_pip=False, symlinks=True)
    packages = Path(
        sysconfig.get_path(
            "purelib", scheme="venv", vars={"base": str(home), "platbase": str(home)}
        )
    )
    with zipfile.ZipFile(distributions.wheel) as wheel:
        wheel.extractall(packages)
    # The dependencies come from the environment that runs the tests. A folder named by a .pth file
    # has its own .pth files left alone, so the editable install of the source tree stays unseen.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    scripts = Path(sysconfig.get_path("scripts", scheme="venv", vars={"base": str(home)}))
    return Consumer(python=scripts / "python", packages=packages)
