"""Files and folders of this machine, as they become part of an artifact.

- Symbolic links are followed, to files and to folders. Empty folders give nothing.
- What cannot be read is named, and never passed over: a version that lacks a file would look whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stemmata_domain.errors import InvalidLocalPath, StemmataError


def path_in_url(path: str) -> Path:
    """Return what the path of a `file:` URL names on this machine."""
    # Imported here because it brings all of HTTP and TLS along, which few processes need.
    from urllib.request import url2pathname

    return Path(url2pathname(path))


def files_under(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give the files under a folder, in no order, with their paths from there.

    Raises:
        InvalidLocalPath: A folder is inside itself by way of links, or something is no file.
    """
    waiting = [(folder, "", frozenset({_identity(folder)}))]
    while waiting:
        place, above, within = waiting.pop()
        with os.scandir(place) as found:
            for each in found:
                path = Path(each.path)
                if each.is_file():
                    yield f"{above}{each.name}", path
                elif not each.is_dir():
                    raise InvalidLocalPath(path=each.path)
                elif (identity := _identity(path)) in within:
                    rule = "Symbolic links lead back to a folder that they are in"
                    raise InvalidLocalPath(path=each.path, rule=rule)
                else:
                    waiting.append((path, f"{above}{each.name}/", within | {identity}))


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def size_under(folder: Path) -> int:
    """Return how many bytes the files under a folder have."""
    return sum(file.stat().st_size for _, file in files_under(folder))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise what goes wrong inside as a failure of the file or folder at *path*.

    Raises:
        InvalidLocalPath: It cannot be read.
    """
    try:
        yield
    except StemmataError:
        raise
    except OSError as error:
        rule = f"Cannot read ({error.strerror or error})"
        raise InvalidLocalPath(path=str(error.filename or path), rule=rule) from error
