"""A program that opens a registry and is killed, as if by a power cut, at some SQL statement."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

import stemmata


def main(url: str, statement: int) -> None:
    """Open the registry at *url*; say how many statements there were, if it came to the end."""
    counting = count(1)
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def step(_: str) -> None:
        if next(counting) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*args, **options)
        connection.set_trace_callback(step)
        return connection

    vars(sqlite3)["connect"] = traced
    stemmata.open(url, content="memory://").close()
    sys.stdout.write(f"{next(counting) - 1}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
