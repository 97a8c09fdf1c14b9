"""A UmaDB server of one's own for each test: on loopback, at a free port, with its file in a new folder."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from stemmata_domain.errors import StoreUnavailable
from stemmata_umadb import UmaRecorder

SERVER = (sys.executable, "-c", "from umadb.umadb_server_cli import main; main()")


@contextmanager
def serving(file: Path, port: int) -> Iterator[str]:
    """Run a server, and give the address that reaches it."""
    arguments = ("--listen", f"127.0.0.1:{port}", "--db-path", str(file))
    server = subprocess.Popen(
        [*SERVER, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while not _listens(port):
            assert server.poll() is None, f"the server ended with {server.returncode}"
            assert time.monotonic() < until, "the server does not begin to listen"
            time.sleep(0.01)
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()
        server.wait()


def _listens(port: int) -> bool:
    try:
        UmaRecorder(f"http://127.0.0.1:{port}").close()
    except StoreUnavailable:
        return False
    return True


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        port: int = asking.getsockname()[1]
        return port


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a server without events."""
    with serving(tmp_path / "uma.db", free_port()) as address:
        yield address
