"""The adapters of other packages use what is public: names without an underscore, and none of our tests."""

import ast
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "plugins"
FILES = sorted(FOLDER.rglob("*.py"))
PACKAGES = sorted(FOLDER.glob("*/pyproject.toml"))


def private(code: str) -> Iterator[str]:
    """What a module uses that it should not."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names):
                modules = [f"{module}.{alias.name}" for alias in names]
            case ast.Attribute(value=ast.Name(id="self")):
                continue
            case ast.Attribute(attr=name) if name.startswith("_") and not name.endswith("__"):
                yield name
                continue
            case _:
                continue
        for module in modules:
            parts = module.split(".")
            if parts[0] == "tests" or any(p.startswith("_") and p != "__future__" for p in parts):
                yield module


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_an_adapter_of_another_package_uses_nothing_private(path: Path) -> None:
    assert list(private(path.read_text(encoding="utf-8"))) == []


def test_what_is_private_would_be_noticed() -> None:
    code = """
        import tests.docs.reading
        from tests import conftest
        from stemmata_adapters import _x
        from stemmata_adapters._x import y
        store._rows
        self.store._rows
        self._rows
        import stemmata_adapters
        from __future__ import annotations
    """
    found = sorted(private("\n".join(line.strip() for line in code.splitlines())))
    assert found == [
        "_rows",
        "_rows",
        "stemmata_adapters._x",
        "stemmata_adapters._x.y",
        "tests.conftest",
        "tests.docs.reading",
    ]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_it_is_installed_as_any_package_is(path: Path) -> None:
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    for group, schemes in project["entry-points"].items():
        installed = {each.name: each.value for each in entry_points(group=group)}
        assert schemes.items() <= installed.items(), "run make .venv/dev"


def test_there_are_some() -> None:
    assert [path.parent.name for path in PACKAGES] == ["duckdb", "umadb"]
