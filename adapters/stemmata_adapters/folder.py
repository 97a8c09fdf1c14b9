"""A folder of the caller's, which is filled, compared and tidied up, and never left.

- What is written gets its place by the path of an entry. The path is examined again here, whoever
  has examined it before, and so is every folder on the way that is there already: one that is a
  symbolic link, or a junction, out of the folder is refused.
- A link to a folder within is used, and remembered: two paths may then mean one place.
- What is looked through is what stands in the folder itself: links are not entered.
- The caller may name the folder by a link. That one is followed.
- Nobody else may plant links while files are being written; against that, no portable call helps.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stemmata_domain.content import FilePath
from stemmata_domain.entries import local_path_parts
from stemmata_domain.errors import StemmataError, StoreUnavailable, UnsafePath

_WINDOWS = sys.platform == "win32"
_MOST_KNOWN = 50_000


def local_parts(path: str) -> tuple[str, ...]:
    """Return the folders and the name that an entry's file has on this machine.

    Raises:
        InvalidEntryPath: It would leave the folder, or no file can have this name here.
    """
    return local_path_parts(path, windows=_WINDOWS)


class Folder:
    """A folder that files are written to. One thread at a time gives places.

    Attributes:
        has_detours: Whether a symbolic link was on the way to a place that was given.
    """

    def __init__(self, root: FilePath) -> None:
        """Touch nothing yet."""
        self.root = Path(os.path.realpath(root))
        self.has_detours = False
        self._within = os.path.normcase(f"{str(self.root).rstrip(os.sep)}{os.sep}")
        self._known: set[str] = set()

    def make(self) -> None:
        """Make the folder if it is missing."""
        self.root.mkdir(parents=True, exist_ok=True)

    def path_of(self, path: str) -> Path:
        """Return where the file of an entry belongs.

        Raises:
            InvalidEntryPath: It would leave the folder, or no file can have this name here.
        """
        return self.root.joinpath(*local_parts(path))

    def place_for(self, path: str) -> Path:
        """Return where to write the file of an entry, and make the folders on the way.

        Raises:
            InvalidEntryPath: It would leave the folder, or no file can have this name here.
            UnsafePath: A symbolic link on the way leads out.
            StoreUnavailable: Something else stands in the way.
        """
        place = self.path_of(path)
        above = str(place.parent)
        if above not in self._known:
            on_the_way = place.parent.relative_to(self.root).parts
            for number in range(1, len(on_the_way) + 1):
                self._enter(self.root.joinpath(*on_the_way[:number]), path)
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._known.add(above)
        return place

    def _enter(self, folder: Path, path: str) -> None:
        with suppress(FileExistsError):
            folder.mkdir()
            return
        real = os.path.normcase(f"{os.path.realpath(folder)}{os.sep}")
        if not real.startswith(self._within):
            raise UnsafePath(path=path, root=str(self.root))
        if real != os.path.normcase(f"{folder}{os.sep}"):
            self.has_detours = True
        if not folder.is_dir():
            why = "it is in the way: the artifact has a folder there"
            raise StoreUnavailable(store=str(folder), why=why)

    def files(self) -> Iterator[str]:
        """Give the paths of all that is no folder, as an artifact has them, sorted alike.

        Symbolic links are given, whatever they lead to, and not entered.
        """
        return _files(str(self.root), "") if self.root.is_dir() else iter(())

    def prune(self) -> None:
        """Remove folders in which nothing is left."""
        for folder, _, _ in os.walk(self.root, topdown=False):
            if folder != str(self.root):
                with suppress(OSError):  # it has something left
                    Path(folder).rmdir()

    @contextmanager
    def being(self, what: str) -> Iterator[None]:
        """Raise what goes wrong inside as a failure of the folder.

        Args:
            what: What is done with it: `written` or `read`.

        Raises:
            StoreUnavailable: The disk is full, or this user may not do that here, for example.
        """
        try:
            yield
        except StemmataError:
            raise
        except OSError as error:
            where = error.filename2 or error.filename
            which = f" ({os.fsdecode(where)})" if isinstance(where, str | bytes) else ""
            why = f"cannot be {what}: {error.strerror or error}{which}"
            raise StoreUnavailable(store=str(self.root), why=why) from error


def _files(folder: str, above: str) -> Iterator[str]:
    with os.scandir(folder) as found:
        # A folder sorts as its files do, whose paths go on with a slash.
        names = sorted(
            f"{each.name}/" if each.is_dir(follow_symlinks=False) else each.name for each in found
        )
    for name in names:
        if name.endswith("/"):
            yield from _files(f"{folder}{os.sep}{name[:-1]}", f"{above}{name}")
        else:
            yield f"{above}{name}"
