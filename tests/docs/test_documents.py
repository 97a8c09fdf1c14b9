"""What the documents and docstrings show, happens; where they point to, there is something."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.reading import read

PROJECT = Path(__file__).parents[2]
DOCUMENTS = sorted([PROJECT / "README.md", *PROJECT.glob("docs/**/*.md")])
MODULES = sorted(
    module
    for root in ("domain", "projections", "adapters")
    for module in PROJECT.glob(f"{root}/**/*.py")
    if re.search(r">>> |code-block:: python", module.read_text(encoding="utf-8"))
)

FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def prose(path: Path) -> str:
    return FENCED.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """The fragments under which a document's headings are found."""
    titles = (heading["title"].lower() for heading in HEADING.finditer(prose(path)))
    return {re.sub(r"[^\w\- ]", "", title).strip().replace(" ", "-") for title in titles}


def links(path: Path) -> Iterator[tuple[Path, str]]:
    """The links of a document to others of the project, as file and fragment."""
    for link in LINK.finditer(prose(path)):
        if "://" not in link["target"]:
            file, _, fragment = link["target"].partition("#")
            yield (path.parent / file).resolve() if file else path, fragment


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
@pytest.mark.usefixtures("reading_room", "database_of_host")
def test_a_document_runs(path: Path) -> None:
    read(path)


@pytest.mark.usefixtures("reading_room")
def test_the_examples_in_docstrings_run() -> None:
    for module in MODULES:
        assert read(module) > 0, f"the example in {name(module)} is in a form that is not run"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_the_links_of_a_document_lead_somewhere(path: Path) -> None:
    dead = [
        f"{target.name}#{fragment}"
        for target, fragment in links(path)
        if not target.exists() or (fragment and fragment not in anchors(target))
    ]
    assert dead == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    ahead = [PROJECT / "README.md"]
    while ahead:
        path = ahead.pop()
        if path not in reached and path.suffix == ".md":
            reached.add(path)
            ahead.extend(target for target, _ in links(path))
    assert [name(path) for path in DOCUMENTS if path not in reached] == []
