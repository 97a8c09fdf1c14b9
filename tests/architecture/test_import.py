"""`import stemmata` is light: a host pays for nothing that it does not use."""

import subprocess
import sys

import pytest

OPTIONAL = ["httpx", "boto3", "botocore", "google.cloud.storage", "psycopg"]
COMMAND_LINE = ["click", "rich", "typer"]


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after *statement*."""
    asking = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(asking.stdout.split())


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return loaded_by("import stemmata")


@pytest.mark.parametrize("module", OPTIONAL)
def test_importing_stemmata_loads_no_optional_client(loaded: set[str], module: str) -> None:
    assert module not in loaded


@pytest.mark.parametrize("module", COMMAND_LINE)
def test_importing_stemmata_loads_nothing_of_the_command_line(
    loaded: set[str], module: str
) -> None:
    assert module not in loaded


@pytest.mark.parametrize("module", ["httpx", "boto3", "google.cloud.storage", "rich", "typer"])
def test_a_module_that_is_loaded_is_seen(module: str) -> None:
    pytest.importorskip(module)
    assert module in loaded_by(f"import {module}")


def test_importing_stemmata_starts_no_thread_and_prints_nothing() -> None:
    asking = subprocess.run(
        [sys.executable, "-c", "import stemmata, threading; assert threading.active_count() == 1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asking.returncode, asking.stdout, asking.stderr) == (0, "", "")
