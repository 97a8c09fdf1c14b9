"""The entries of a draft, or of a manifest that is looked things up in, however many there are.

- They stand in a private SQLite database that has no name: it spills to a temporary file when it
  outgrows its cache of a few MiB, and is gone when it is closed or the process ends.
- Adding a path again with the same digest replaces the entry; with another digest it is refused,
  unless overwriting was asked for.
- No file may stand where another file needs a folder: `a` beside `a/b` could be logged, but never
  be downloaded. So the second one is refused when it is added.
- Entries come in the order of their paths' code points, as Python sorts text and as manifests are
  written: SQLite compares UTF-8 bytes, which is the same order.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

from stemmata_adapters.batches import batched
from stemmata_domain.entries import Entry, entry_path
from stemmata_domain.errors import EntryTaken, InvalidEntryPath, StoreUnavailable, UnknownEntry

_PAGE = 1000
_AT_ONCE = 400  # fewer than any build of SQLite takes as values of one query
_MOST_FOLDERS = 50_000
_CACHE_KIB = 16 * 1024
_COLUMNS = "path, digest, size, blob, ref, extra"
_AFTER_SLASH = "0"  # the code point behind "/": what is under a folder sorts before it


def folders_of(path: str) -> Iterator[str]:
    """Give the folders that *path* stands in, the innermost first."""
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        yield path


class EntrySpool:
    """Entries by path, in bounded memory. Any number of threads may use it."""

    def __init__(self, *, artifact: str = "draft") -> None:
        """Hold no entries yet.

        Args:
            artifact: What a refusal calls the whole.
        """
        self.artifact = artifact
        self._lock = RLock()
        self._count = 0
        self._size = 0
        # Folders known to hold something, so that the many files of one are not asked for each.
        self._folders: set[str] = set()
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._close = weakref.finalize(self, self._database.close)
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._database.execute(
            "CREATE TABLE entry (path TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL,"
            " blob TEXT, ref TEXT, extra TEXT) WITHOUT ROWID"
        )
        self._database.execute("CREATE TABLE folder (path TEXT PRIMARY KEY) WITHOUT ROWID")

    def close(self) -> None:
        """Let go of the entries. Closing again does nothing."""
        with self._lock:
            self._close()

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """How many bytes all entries have together."""
        return self._size

    # --- changing ---------------------------------------------------------------------------

    def add(self, entry: Entry, *, overwrite: bool = False) -> None:
        """Add *entry*; the same content at the same path is replaced silently.

        Raises:
            EntryTaken: Other content is there, and it was not to be overwritten.
            InvalidEntryPath: A file is where this one needs a folder, or the other way round.
        """
        self.add_all((entry,), overwrite=overwrite)

    def add_all(self, entries: Iterable[Entry], *, overwrite: bool = False) -> None:
        """Add *entries*, all of them or none. Nobody else adds while they come.

        Raises:
            EntryTaken: Other content is at one of the paths, and it was not to be overwritten.
            InvalidEntryPath: A file is where one needs a folder, or the other way round.
        """
        with self._together():
            for some in batched(entries, _AT_ONCE):
                self._add(some, overwrite=overwrite)

    def remove(self, path: str) -> None:
        """Remove the entry at *path*, or all entries under the folder *path*.

        Raises:
            UnknownEntry: There is neither.
        """
        name = self._known(path)
        with self._together():
            count = self._count
            for entry in self._select("path = ?", name) or self._under(name):
                self._count -= 1
                self._size -= entry.size
            if self._count == count:
                raise UnknownEntry(path=path, artifact=self.artifact)
            self._folders.clear()
            self._database.execute(
                "DELETE FROM entry WHERE path = ? OR path > ? AND path < ?",
                (name, f"{name}/", name + _AFTER_SLASH),
            )

    # --- looking ----------------------------------------------------------------------------

    def get(self, path: str) -> Entry:
        """Return the entry at *path*.

        Raises:
            UnknownEntry: There is none.
        """
        name = self._known(path)
        with self._alone():
            for entry in self._select("path = ?", name):
                return entry
        raise UnknownEntry(path=path, artifact=self.artifact)

    def __contains__(self, path: str) -> bool:
        """Tell whether an entry has exactly this path."""
        with self._alone():
            return bool(self._select("path = ?", path))

    def __iter__(self) -> Iterator[Entry]:
        """Give the entries, sorted by path. What is added meanwhile behind the last one comes too."""
        return self._pages(after="", before=None)

    def under(self, folder: str) -> Iterator[Entry]:
        """Give the entries under *folder*, sorted by path, with paths as they are in the whole."""
        return self._under(self._known(folder))

    # --- inside -----------------------------------------------------------------------------

    def _known(self, path: str) -> str:
        try:
            return entry_path(path)
        except InvalidEntryPath:
            raise UnknownEntry(path=path, artifact=self.artifact) from None

    def _select(self, condition: str, *values: str) -> list[Entry]:
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM entry WHERE {condition}", values)
        return [_entry(row) for row in rows]

    def _under(self, folder: str) -> Iterator[Entry]:
        return self._pages(after=f"{folder}/", before=folder + _AFTER_SLASH)

    def _pages(self, *, after: str, before: str | None) -> Iterator[Entry]:
        # Not one cursor, which would see changes at random and keep others from closing.
        condition = "path > ? AND path < ?" if before is not None else "path > ?"
        while True:
            bounds = (after,) if before is None else (after, before)
            with self._alone():
                page = self._select(f"{condition} ORDER BY path LIMIT {_PAGE}", *bounds)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].path

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                why = f"the entries of {self.artifact!r} cannot be kept: {error}"
                raise StoreUnavailable(store="Temporary files", why=why) from error

    @contextmanager
    def _together(self) -> Iterator[None]:
        with self._alone():
            count, size = self._count, self._size
            self._database.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._count, self._size = count, size
                self._folders.clear()
                # A full disk has rolled back already.
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _add(self, entries: Sequence[Entry], *, overwrite: bool) -> None:
        wanted: dict[str, Entry] = {}
        for entry in entries:
            earlier = wanted.setdefault(entry.path, entry)
            if earlier.digest != entry.digest and not overwrite:
                raise EntryTaken(path=entry.path)
            wanted[entry.path] = entry
        size = sum(entry.size for entry in wanted.values())
        added = set(wanted)
        for path, digest, old_size in self._among("path, digest, size FROM entry", wanted):
            if wanted[path].digest != digest and not overwrite:
                raise EntryTaken(path=path)
            size -= old_size
            added.remove(path)
        folders = self._new_folders(added)
        self._refuse_file_as_folder(added, folders)
        self._database.executemany("INSERT OR IGNORE INTO folder VALUES (?)", zip(folders))
        self._database.executemany(
            "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?)", map(_row, wanted.values())
        )
        self._count += len(added)
        self._size += size
        if len(self._folders) > _MOST_FOLDERS:
            self._folders.clear()
        self._folders.update(folders)

    def _new_folders(self, paths: Iterable[str]) -> set[str]:
        new: set[str] = set()
        for path in paths:
            for folder in folders_of(path):
                if folder in new or folder in self._folders:
                    break
                new.add(folder)
        return new

    def _refuse_file_as_folder(self, paths: set[str], folders: set[str]) -> None:
        files = [path for (path,) in self._among("path FROM entry", folders)]
        for file in (*files, *paths & folders):
            inside = next(path for path in paths if path.startswith(f"{file}/"))
            raise _both(file, inside)
        # A folder stays in the table when it has been emptied, so it is looked into.
        for (folder,) in self._among("path FROM folder", paths):
            for entry in self._under(folder):
                raise _both(folder, entry.path)

    def _among(self, what: str, paths: Iterable[str]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for some in batched(paths, _AT_ONCE):
            marks = ",".join("?" * len(some))
            found += self._database.execute(f"SELECT {what} WHERE path IN ({marks})", some)
        return found


def _row(entry: Entry) -> tuple[str, str, int, str | None, str | None, str | None]:
    extra = json.dumps(dict(entry.extra)) if entry.extra else None
    return (entry.path, entry.digest, entry.size, entry.blob, entry.ref, extra)


def _entry(row: tuple[str, str, int, str | None, str | None, str | None]) -> Entry:
    path, digest, size, blob, ref, extra = row
    found = None if extra is None else json.loads(extra)
    return Entry(path=path, digest=digest, size=size, blob=blob, ref=ref, extra=found)


def _both(file: str, inside: str) -> InvalidEntryPath:
    rule = f"{file!r} would have to be a file and a folder at once, which no disk can hold"
    return InvalidEntryPath(path=inside, rule=rule)
