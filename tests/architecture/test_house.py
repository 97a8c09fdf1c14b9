"""Four packages in three source roots, and every tool is told of all of them."""

from pathlib import Path
from typing import Any

ROOTS = ("domain", "projections", "adapters")


def test_a_source_root_holds_our_packages_and_nothing_else(
    project: Path, packages: list[Path]
) -> None:
    # A folder or module laid beside them would be a package that the wheel leaves out.
    found = {
        entry
        for root in ROOTS
        for entry in (project / root).iterdir()
        if entry.name != "__pycache__"
    }
    assert found == set(packages)


def test_every_package_says_that_it_is_typed(packages: list[Path]) -> None:
    for package in packages:
        assert (package / "__init__.py").is_file()
        assert (package / "py.typed").is_file()


def test_every_folder_of_a_package_is_a_package(packages: list[Path]) -> None:
    # A folder without __init__.py imports all the same, but the layers do not see into it.
    folders = {module.parent for package in packages for module in package.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_layers_and_the_type_checker_leave_no_package_out(
    packages: list[Path], settings: dict[str, Any]
) -> None:
    names = {package.name for package in packages}
    tools = settings["tool"]
    (layers,) = (
        contract["layers"]
        for contract in tools["importlinter"]["contracts"]
        if contract["id"] == "one-way"
    )
    assert set(layers) == names
    assert set(tools["importlinter"]["root_packages"]) == names
    assert {Path(folder).name for folder in tools["mypy"]["files"]} == names | {"tests"}
    assert set(tools["coverage"]["run"]["source_pkgs"]) == names


def test_the_top_level_holds_what_the_owner_fixed_and_no_code(project: Path) -> None:
    fixed = {*ROOTS, "docs", "tests", "pyproject.toml", "README.md", "Makefile"}
    assert fixed <= {entry.name for entry in project.iterdir()}
    code = [*project.glob("*.py"), *project.glob("[!.]*/__init__.py")]
    assert code == [project / "tests" / "__init__.py"]
