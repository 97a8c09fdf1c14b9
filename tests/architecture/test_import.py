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


ANSWERING = [
    *("stemmata.files", "stemmata_projections.audit.trail", "stemmata_projections.audit.comparing"),
    *("stemmata_projections.lineage.exploring", "stemmata_projections.lineage.impact"),
    *("stemmata_projections.search.index", "stemmata_projections.search.text"),
    *("stemmata_projections.usage.index", "stemmata_projections.pictures.svg"),
]


@pytest.fixture(scope="module")
def at_work() -> set[str]:
    return loaded_by(
        "import stemmata\n"
        "with stemmata.open('memory://', content='memory://', actor='ada') as stemma:\n"
        "    stemma.organize('Acme', teams=['vision'])\n"
        "    team = stemma.within(entity='vision', project='mnist')\n"
        "    team.log('digits', type='model', manifest='0' * 64, digest='0' * 32, size=1, file_count=1)\n"
        "    team.link('digits:v0', 'wandb-registry-model/Digits')\n"
        "    assert team.resolve('wandb-registry-model/Digits').index == 0"
    )


@pytest.mark.parametrize("module", [*ANSWERING, "http.client", "ssl"])
def test_who_links_and_resolves_loads_nothing_that_answers_other_questions(
    at_work: set[str], module: str
) -> None:
    assert module not in at_work


@pytest.mark.parametrize("module", ANSWERING)
def test_a_module_that_answers_questions_is_there(module: str) -> None:
    assert module in loaded_by(f"import {module}")


def test_importing_stemmata_starts_no_thread_and_prints_nothing() -> None:
    asking = subprocess.run(
        [sys.executable, "-c", "import stemmata, threading; assert threading.active_count() == 1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asking.returncode, asking.stdout, asking.stderr) == (0, "", "")
