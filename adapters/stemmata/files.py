"""The files of a version: looked at, downloaded, and compared with a folder.

- Nothing is taken on trust. Whatever a manifest says, every path in it is examined before the first
  byte is written, and nothing is ever written outside of the folder that the caller named: not by
  way of the path, and not through symbolic links that stand in that folder.
- A file appears whole or not at all, and only after its content was verified.
- A file that is there with the right content is not touched. A symbolic link in its place is
  replaced, never followed. Where links in the folder bring two files to one place, that is refused.
- A manifest is read as a stream, each time, so that a version may have millions of files.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Lock
from typing import BinaryIO, cast

from stemmata_adapters.batches import batched, part_of
from stemmata_adapters.comparing import compare, holds, may_hold, side_by_side
from stemmata_adapters.content_stores.meter import Meter
from stemmata_adapters.content_stores.transfer import cores, in_parallel
from stemmata_adapters.folder import Folder, local_parts
from stemmata_adapters.references.schemes import References
from stemmata_adapters.spool import EntrySpool
from stemmata_domain.content import ContentStore, FilePath, Progress
from stemmata_domain.entries import Entry, entry_path
from stemmata_domain.errors import (
    FileMissing,
    InvalidEntryPath,
    InvalidManifest,
    NotASingleFile,
    ReferenceMissing,
    UnexpectedFile,
    UnknownEntry,
    UnsafePath,
)
from stemmata_domain.manifest import decode

_AT_ONCE = 512
_ASKED_AT_ONCE = 16
_SMALL = 8 * 1024 * 1024
_CHUNK = 1024 * 1024


class VersionFiles:
    """The files of one version. Any number of threads may use them."""

    def __init__(
        self,
        content: ContentStore,
        *,
        manifest: str,
        name: str,
        cache_dir: Path,
        references: References | None = None,
    ) -> None:
        """Read nothing yet.

        Args:
            content: Where the manifest and the files are.
            manifest: SHA-256 of the manifest, hex.
            name: What refusals call the version.
            cache_dir: Where content that is fetched from elsewhere is kept.
            references: What fetches it; None for the usual.
        """
        self.name = name
        self._content = content
        self._manifest = manifest
        self._cache_dir = cache_dir
        self._references = references
        self._lock = Lock()
        self._looked = False
        self._index: EntrySpool | None = None
        self._count: int | None = None

    # --- looking ----------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Entry]:
        """Give the entries, sorted by path.

        Raises:
            BlobMissing: The manifest is not in the content store.
            InvalidManifest: It is none.
            InvalidEntryPath: It has a path that would leave the artifact.
        """
        return decode(self._content.read(self._manifest))

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(1 for _ in self)
        return self._count

    def get(self, path: str) -> Entry:
        """Return the entry at *path*.

        Raises:
            UnknownEntry: There is none.
        """
        name = self._known(path)
        with self._lock:
            if self._looked and self._index is None:
                index = EntrySpool(artifact=self.name)
                index.add_all(self)
                self._index = index
            # One question is answered while reading on; many are worth an index.
            self._looked = True
        if self._index is not None:
            return self._index.get(name)
        for entry in self:
            if entry.path == name:
                return entry
            if entry.path > name:
                break
        raise UnknownEntry(path=path, artifact=self.name)

    def under(self, folder: str) -> Iterator[Entry]:
        """Give the entries under *folder*, sorted by path, with paths as they are in the whole."""
        return self._starting(f"{self._known(folder)}/")

    def open(self, path: str) -> BinaryIO:
        """Return the content of a file, open for reading; all of it was verified before.

        Raises:
            UnknownEntry: There is no such file.
            BlobMissing: Its content is not in the content store.
            DigestMismatch: Its content is not what it should be.
            ReferenceMissing: It is a reference, and nothing is there any more.
        """
        entry = self.get(path)
        blob = _stored(entry)
        if blob is not None and entry.size <= _SMALL:
            return BytesIO(self._content.read_bytes(blob))
        opened = cast(BinaryIO, TemporaryFile())  # noqa: SIM115 -- for the caller to close
        try:
            if blob is not None:
                for chunk in self._content.read(blob):
                    opened.write(chunk)
            else:
                with self._reach() as references, TemporaryDirectory() as folder:
                    fetched = Path(folder) / "content"
                    references.fetch(entry, fetched)
                    with fetched.open("rb") as source:
                        shutil.copyfileobj(source, opened, _CHUNK)
            opened.seek(0)
        except BaseException:
            opened.close()
            raise
        return opened

    def _starting(self, text: str) -> Iterator[Entry]:
        for entry in self:
            if entry.path.startswith(text):
                yield entry
            elif entry.path > text:
                return

    def _known(self, path: str) -> str:
        try:
            return entry_path(path)
        except InvalidEntryPath:
            raise UnknownEntry(path=path, artifact=self.name) from None

    # --- downloading ------------------------------------------------------------------------

    def download(
        self,
        root: FilePath,
        *,
        path_prefix: str | None = None,
        allow_missing_references: bool = False,
        progress: Progress | None = None,
    ) -> Path:
        """Write the files into *root*, and return it.

        Files that are there with the right content stay untouched, others with the same path are
        overwritten. What else is there stays.

        Args:
            root: A folder; made if it is missing.
            path_prefix: Only files whose path begins with this text, be it a folder's name or not.
            allow_missing_references: Whether references are left out whose content is not there.
            progress: Is told the bytes done, and of how many.

        Raises:
            InvalidManifest: The manifest is none, or not one whose files are here.
            InvalidEntryPath: A path, wanted or not, would leave the folder; nothing was written.
            UnsafePath: A symbolic link in the folder leads out of it, or a file to where another is.
            BlobMissing: Content is not in the content store.
            DigestMismatch: Content is not what it should be.
            ReferenceMissing: Content of a reference is not there.
            StoreUnavailable: The folder cannot be written, or whoever has content does not answer.
        """
        prefix = path_prefix or ""
        meter = Meter(progress, total=self._examine(prefix))
        folder = Folder(root)
        with folder.being("written"), self._reach() as references:
            folder.make()
            for some in batched(self._starting(prefix), _AT_ONCE):
                places = [(entry, folder.place_for(entry.path)) for entry in some]
                self._bring(places, references, meter, allow_missing=allow_missing_references)
            if folder.has_detours:
                self._look_again(folder, prefix, allow_missing=allow_missing_references)
        meter.finish()
        return Path(root)

    def checkout(
        self,
        root: FilePath,
        *,
        allow_missing_references: bool = False,
        progress: Progress | None = None,
    ) -> Path:
        """Make *root* hold the files of the version and nothing else, and return it.

        Raises:
            StemmataError: As by `download`. Where the manifest is to blame, nothing was deleted.
        """
        self._examine("")
        folder = Folder(root)
        with folder.being("written"):
            for entry, found in side_by_side(iter(self), folder.files()):
                if entry is None and found is not None:
                    folder.root.joinpath(found).unlink()
            folder.prune()
        return self.download(
            root, allow_missing_references=allow_missing_references, progress=progress
        )

    def file(self, root: FilePath, *, progress: Progress | None = None) -> Path:
        """Download the only file into *root*, and return its path.

        Raises:
            NotASingleFile: There are several, or none.
            StemmataError: As by `download`.
        """
        if len(self) != 1:
            raise NotASingleFile(artifact=self.name, count=len(self))
        (entry,) = self
        self.download(root, progress=progress)
        return Path(root, *local_parts(entry.path))

    def _examine(self, prefix: str) -> int:
        """Return how many bytes the entries with a prefix have, once all entries are sound."""
        size = 0
        begun: list[str] = []
        for entry in self:
            local_parts(entry.path)
            _stored(entry)
            # What begins with the same text stands together in a sorted list.
            while begun and not entry.path.startswith(begun[-1]):
                begun.pop()
            for file in begun:
                if entry.path.startswith(f"{file}/"):
                    rule = f"{file!r} would have to be a file and a folder at once"
                    raise InvalidEntryPath(path=entry.path, rule=rule)
            begun.append(entry.path)
            if entry.path.startswith(prefix):
                size += entry.size
        return size

    def _bring(
        self,
        places: list[tuple[Entry, Path]],
        references: References,
        meter: Meter,
        *,
        allow_missing: bool,
    ) -> None:
        absent: list[tuple[Entry, Path]] = []
        looks: list[Callable[[], None]] = []

        def look(entry: Entry, place: Path) -> None:
            if holds(entry, place, references):
                meter.add(entry.size)
            else:
                absent.append((entry, place))

        def fetch(entry: Entry, place: Path) -> None:
            try:
                references.fetch(entry, place)
            except ReferenceMissing:
                if not allow_missing:
                    raise
            meter.add(entry.size)

        for entry, place in places:
            if may_hold(entry, place):
                looks.append(partial(look, entry, place))
            else:
                absent.append((entry, place))
        in_parallel(looks, workers=max(2, cores()))
        stored = [(entry.blob, place) for entry, place in absent if entry.blob is not None]
        self._content.fetch_many(stored, progress=part_of(meter))
        in_parallel(
            [partial(fetch, entry, place) for entry, place in absent if entry.blob is None],
            workers=_ASKED_AT_ONCE,
        )

    def _look_again(self, folder: Folder, prefix: str, *, allow_missing: bool) -> None:
        """Refuse what was written by way of a link, if it is not there, or two files are one.

        A link can only have been replaced since, so what is still reached is what was written.

        Raises:
            UnsafePath: A file is missing, or another one has its place.
        """
        taken: set[str] = set()
        for entry in self._starting(prefix):
            place = folder.path_of(entry.path)
            may_be_left_out = allow_missing and entry.ref is not None and place.parent.is_dir()
            if may_be_left_out and not os.path.lexists(place):
                continue
            real = os.path.realpath(place)
            if real in taken or place.is_symlink() or not place.is_file():
                rule = "by a symbolic link, something else has the same place in"
                raise UnsafePath(path=entry.path, root=str(folder.root), rule=rule)
            taken.add(real)

    # --- comparing --------------------------------------------------------------------------

    def verify(self, root: FilePath, *, progress: Progress | None = None) -> int:
        """Compare the files in *root* with those of the version.

        References are not compared; how many were passed over is returned, and warned of.

        Raises:
            UnexpectedFile: There is a file that the version has not.
            FileMissing: There is not one that it has.
            DigestMismatch: One has other content.
            StoreUnavailable: The folder cannot be read.
        """
        folder = Folder(root)
        meter = Meter(progress, total=self._examine("") if progress else 0)
        skipped = 0

        def members() -> Iterator[Entry]:
            nonlocal skipped
            for entry, found in side_by_side(iter(self), folder.files()):
                if entry is None:
                    raise UnexpectedFile(path=str(folder.root / (found or "")), artifact=self.name)
                if entry.ref is not None:
                    skipped += 1
                elif found is None:
                    raise FileMissing(path=entry.path, artifact=self.name, root=str(folder.root))
                else:
                    yield entry

        def member(entry: Entry) -> None:
            compare(entry, folder.path_of(entry.path))
            meter.add(entry.size)

        with folder.being("read"):
            for some in batched(members(), _AT_ONCE):
                in_parallel([partial(member, entry) for entry in some], workers=max(2, cores()))
        meter.finish()
        if skipped:
            warnings.warn(f"skipped verification of {skipped} references", stacklevel=2)
        return skipped

    @contextmanager
    def _reach(self) -> Iterator[References]:
        if self._references is not None:
            yield self._references
            return
        references = References(cache=self._cache_dir)
        try:
            yield references
        finally:
            references.close()


def _stored(entry: Entry) -> str | None:
    """Return the SHA-256 of a file's content; None for a reference."""
    if entry.blob is None and entry.ref is None:
        rule = f"{entry.path!r} has neither a blob nor a ref: its content is not here"
        raise InvalidManifest(rule=rule)
    return entry.blob
