"""The page on moving a registry is carried out as it stands, line by line, in a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stemmata
from tests.postgres import Server
from tests.stories.moving import blobs, rows
from tests.stress.sides import postgres_side

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "move.md"


def commands(page: str) -> Iterator[str]:
    """Give the command lines of a page, in order."""
    for block in re.findall(r"^```console\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            assert line.startswith("$ "), line
            yield line.removeprefix("$ ")


NO_CONTENT = "These are the events. Content moves by 'stemmata copy', or by copying its folder."


@pytest.fixture
def page(reading_room: Path) -> str:
    """The page, in a room with a registry that has a version to move, and places of its own."""
    with stemmata.init(project="mnist") as run:
        run.log_artifact("model.bin", name="digits", type="model").link(
            "wandb-registry-model/Digits"
        )
    stemmata.teardown()
    text = PAGE.read_text(encoding="utf-8")
    assert "/srv/blobs" in text
    return text.replace("/srv/blobs", str(reading_room / "srv-blobs"))


def carried_out(lines: list[str], room: Path, **environment: str) -> None:
    """Carry out command lines in one shell, which stops at the first that fails."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=room,
        env={**os.environ, "PATH": programs, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended
    assert set(ended.stderr.splitlines()) <= {NO_CONTENT}, ended


needs_shell = pytest.mark.skipif(shutil.which("bash") is None, reason="the page is for a shell")


@needs_shell
def test_the_page_does_what_it_says(page: str, reading_room: Path, postgres: Server) -> None:
    lines = list(commands(page))
    if shutil.which("jq") is None:
        lines = [line.partition(" | jq")[0] for line in lines]
    with_it = postgres_side(postgres)
    carried_out(lines, reading_room, POSTGRES=with_it.url)
    moved, restored, backup = (
        reading_room / name / "registry.db" for name in ("moved", "restored", "backup")
    )
    log = rows(reading_room / "registry.db")
    assert rows(moved) == rows(restored) == rows(backup) == with_it.rows() == log
    held = blobs(reading_room / "blobs")
    for place in (moved, backup, restored):
        assert blobs(place.with_name("registry.db.content")) == held
    assert blobs(reading_room / "srv-blobs") == held
    with_it.remove()
