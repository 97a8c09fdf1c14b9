"""The page on notebooks, run as a notebook: cell by cell, in a kernel of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import nbformat
import pytest
from nbclient import NotebookClient

import stemmata
from tests.docs.reading import MARKDOWN

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "notebook.md"


@pytest.fixture
def shown(reading_room: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the cells of the page show, as HTML, by their last lines."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(reading_room / "jupyter"))
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "source": str(example.parsed),
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for example in MARKDOWN.parse(PAGE).examples()
    ]
    page = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    notebook = nbformat.reads(json.dumps(page), as_version=4)  # type: ignore[no-untyped-call]  # untyped there
    client = NotebookClient(
        notebook, timeout=60, resources={"metadata": {"path": str(reading_room)}}
    )
    client.execute()
    return {
        cell.source.strip().splitlines()[-1]: output.data["text/html"]
        for cell in notebook.cells
        for output in cell.outputs
        if output.output_type == "execute_result" and "text/html" in output.data
    }


@pytest.mark.skipif(sys.platform == "win32", reason="the kernel wants another event loop there")
def test_the_page_shows_cards_and_pictures_in_a_notebook(shown: dict[str, str]) -> None:
    version = shown['stemma.resolve("wandb-registry-model/Digits:production")']
    text = "".join(ET.fromstring(version).itertext())
    assert "wandb-registry-model/Digits:v0" in text
    assert "production" in text
    assert "vision/mnist/digits:v5" in text
    assert shown["artifact"] == version
    assert "promote" in shown["stemma.run(run.path)"]
    picture = shown['stemma.lineage("vision/mnist/images:v0")']
    root = ET.fromstring(f"<div>{picture}</div>")
    labels = [found.text for found in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"images:v0", "6 runs", "5 versions", "→ wandb-registry-model/Digits:v0"} <= set(labels)
    last = next(line for line in shown if "depth=1" in line)
    assert "more" in shown[last]


def test_what_is_shown_cannot_act(reading_room: Path) -> None:
    draft = stemmata.Artifact("digits", "model", description="<script>alert(1)</script>")
    assert "<script>" not in draft._repr_html_()
    with draft.new_file("f", "w") as file:
        file.write("x")
    with stemmata.init(project="mnist", config={"<img src=x>": "<b>"}) as run:
        logged = run.log_artifact(draft)
        logged.link("wandb-registry-model/<i>Digits", aliases=["<u>new"])
    with stemmata.open() as stemma:
        (registry, *_) = stemma.registries()
        (collection,) = stemma.collections("wandb-registry-model")
        linked = stemma.resolve("wandb-registry-model/<i>Digits")
        for value in (logged, run, linked, collection, registry, stemma.run(run.path)):
            html = value._repr_html_()
            tags = {found.tag for found in ET.fromstring(html).iter()}
            assert tags <= {"div", "span", "table", "tr", "td"}
        graph = stemma.lineage("wandb-registry-model/<i>Digits")
        tags = {found.tag.rpartition("}")[2] for found in ET.fromstring(graph._repr_html_()).iter()}
        assert tags == {"div", "svg", "g", "title", "rect", "text", "path"}
