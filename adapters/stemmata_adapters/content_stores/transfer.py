"""Work on many files at once, and files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable
from io import FileIO
from pathlib import Path
from secrets import token_hex
from threading import Thread

from stemmata_adapters.content_stores.hashing import check
from stemmata_adapters.content_stores.pump import Fill, Take, is_started, pump
from stemmata_domain.content import FilePath


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_parallel(tasks: Iterable[Callable[[], object]], *, workers: int) -> None:
    """Do *tasks*, the calling thread among the *workers*.

    The first error keeps what has not begun from beginning, and is raised when the rest has ended.
    """
    waiting = deque(tasks)
    errors: list[BaseException] = []

    def work() -> None:
        while not errors:
            try:
                task = waiting.popleft()
            except IndexError:
                return
            try:
                task()
            except BaseException as error:  # noqa: BLE001 -- raised on the calling thread
                errors.append(error)

    # Not an executor: those refuse work while the interpreter exits.
    helpers = [
        Thread(target=work, name="stemmata-transfer", daemon=True)
        for _ in range(min(workers, len(waiting)) - 1)
    ]
    try:
        helpers = [helper for helper in helpers if is_started(helper)]
        work()
        for helper in helpers:
            helper.join()
    except BaseException:
        waiting.clear()
        raise
    if errors:
        raise errors[0]


def save(
    fill: Fill, destination: FilePath, *, sha256: str, size: int, where: str, took: Take
) -> None:
    """Write what *fill* gives to a file, once it has proved to be what it should be.

    Raises:
        DigestMismatch: It is not; the destination is as it was.
    """
    target = Path(destination)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the destination, so that it can take its place at one stroke; not named after it,
    # because that name may be as long as names can be.
    part = target.with_name(f".{token_hex(8)}.part")
    taken = hashlib.sha256()
    try:
        with FileIO(part, "x") as file:
            pump(
                fill,
                here=[lambda data: write_all(file.fileno(), data), took],
                aside=taken.update,
                expected=size,
            )
        check(taken.hexdigest(), sha256, where=where)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_all(file: int, data: memoryview) -> None:
    """Write all of *data*, in as many steps as the system takes."""
    while data:
        data = data[os.write(file, data) :]
