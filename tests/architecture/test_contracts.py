"""The contracts ship: whoever installs Stemmata and pytest can subclass them, and finds them listed."""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from stemmata_adapters import contracts

MODULES = [module.name for module in iter_modules(contracts.__path__)]
NEEDED = {"pytest", "eventsourcing", "pydantic"}


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}"


@pytest.mark.parametrize("module", MODULES)
def test_a_contract_needs_pytest_and_what_stemmata_needs(module: str) -> None:
    found = import_module(f"stemmata_adapters.contracts.{module}")
    roots = {name.partition(".")[0] for name in imported(Path(f"{found.__file__}"))}
    ours = {name for name in roots if name.startswith("stemmata")}
    assert roots - ours - NEEDED - set(sys.stdlib_module_names) == set()


def test_every_contract_is_listed(project: Path) -> None:
    page = (project / "docs/reference/contracts.md").read_text(encoding="utf-8")
    for module in MODULES:
        found = import_module(f"stemmata_adapters.contracts.{module}")
        for name, value in vars(found).items():
            own = getattr(value, "__module__", "") == found.__name__
            if own and name.endswith("Contract") and not name.startswith("_"):
                assert f"{module}.{name}" in f"{contracts.__doc__}", name
                assert f"`{name}`" in page, name
