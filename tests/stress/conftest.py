"""What stress tests share: a way to tell figures, and places for registries."""

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.stress.places import Place


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Show a line to whoever runs the tests, whether they pass or not."""

    def show(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return show


@pytest.fixture(scope="session")
def durable_server() -> Iterator[Server]:
    """A PostgreSQL server that waits for the disk, as it comes."""
    server = Server()
    yield server
    server.remove()


_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Place]:
    """Gives place after place where no registry is yet: files, or schemas of a durable server."""
    if request.param == "sqlite":
        return lambda: tmp_path / f"{next(_numbers)}.db"
    server: Server = request.getfixturevalue("durable_server")
    return lambda: server.url(f"new {next(_numbers)}")
