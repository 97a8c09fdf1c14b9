"""The contracts in pyproject.toml hold, and each of them would notice."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

LINT = "from importlinter.cli import lint_imports_command as lint; lint()"

BREAKERS: Mapping[str, Mapping[str, str]] = {
    "one-way": {
        "domain/stemmata_domain/trespass.py": "import stemmata_projections",
        "projections/stemmata_projections/trespass.py": "import stemmata_adapters",
        "adapters/stemmata_adapters/trespass.py": "import stemmata",
    },
    "no-cycles": {
        "domain/stemmata_domain/chicken.py": "import stemmata_domain.egg",
        "domain/stemmata_domain/egg.py": "import stemmata_domain.chicken",
    },
    "pure-domain": {"domain/stemmata_domain/trespass.py": "{forbidden}"},
    "pure-projections": {"projections/stemmata_projections/trespass.py": "{forbidden}"},
    "optional-clients": {"adapters/stemmata_adapters/trespass.py": "{forbidden}"},
    "terminal": {"adapters/stemmata/trespass.py": "{forbidden}"},
}


@pytest.fixture
def copy(tmp_path: Path, project: Path, packages: list[Path]) -> Path:
    for package in packages:
        shutil.copytree(
            package,
            tmp_path / package.relative_to(project),
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copy(project / "pyproject.toml", tmp_path)
    return tmp_path


def lint(root: Path) -> tuple[int, str]:
    linting = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=root,
        env={
            "PYTHONPATH": os.pathsep.join(
                str(root / part) for part in ("domain", "projections", "adapters")
            ),
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return linting.returncode, linting.stdout + linting.stderr


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    declared: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return declared


def test_the_code_keeps_every_contract(copy: Path) -> None:
    code, said = lint(copy)
    assert code == 0, said
    assert f"{len(contracts())} kept, 0 broken" in said


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract["id"])
def test_a_contract_that_is_broken_fails_the_check_by_its_name(
    copy: Path, contract: dict[str, Any]
) -> None:
    forbidden = contract.get("forbidden_modules", [])
    for path, text in BREAKERS[contract["id"]].items():
        imports = "\n".join(f"import {module}" for module in forbidden)
        (copy / path).write_text(text.format(forbidden=imports) + "\n", encoding="utf-8")
    code, said = lint(copy)
    assert code == 1, said
    assert re.search(rf"{re.escape(contract['name'])} BROKEN", said)
    # Clients of databases are forbidden to the pure packages twice.
    twice = contract["id"].startswith("pure") and "psycopg" in forbidden
    assert f"{2 if twice else 1} broken" in said
    for module in forbidden:
        assert re.search(rf"trespass -> {re.escape(module)} ", said), f"{module} goes unnoticed"
