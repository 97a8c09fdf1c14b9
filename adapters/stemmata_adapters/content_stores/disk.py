"""The content store in a folder of the local disk.

- A blob is the file ``sha256/ab/cdef…``, named by its address, read-only. Whoever has the folder can
  check it with ``sha256sum``, and copy it with anything.
- New content is written in ``tmp``, forced to disk, renamed, and then the folder of its name is
  forced to disk. So a blob is whole or absent whenever the power goes, and there for good when the
  put has returned. What a killed process leaves in ``tmp`` is removed a day later.
- Content that is there already is compared, not written again; what does not compare is replaced.
  A put thus heals a blob that the disk has spoilt.
- Forcing small files one by one would cost one wait for the disk each. They are written a few at a
  time and forced on many threads, so that the file system takes many into one write of its journal.
  Flushing the whole file system at once would be faster still, and would wait for everything that
  anybody else on the machine is writing.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

from stemmata_adapters.content_stores.draft import Behind, Draft
from stemmata_adapters.content_stores.hashing import (
    Digests,
    digest_bytes,
    verified,
    verified_bytes,
)
from stemmata_adapters.content_stores.medium import force_folder, make_folder, medium_of
from stemmata_adapters.content_stores.meter import Meter
from stemmata_adapters.content_stores.pump import (
    BUFFER,
    Fill,
    fill_from_chunks,
    fill_from_file,
    pump,
)
from stemmata_adapters.content_stores.transfer import cores, in_parallel, save
from stemmata_adapters.local_files import path_in_url
from stemmata_domain.content import Blob, FilePath, Progress, content_address
from stemmata_domain.digests import DigestAlgorithm
from stemmata_domain.errors import BlobMissing, InvalidSetting

SMALL = BUFFER
"""Up to this size a file is read as a whole."""

_GROUP = 16
_AT_ONCE = 16
_FORGOTTEN_AFTER = 24 * 60 * 60
_PREFIXES = [f"{number:02x}" for number in range(256)]

_is_rest = re.compile(r"[0-9a-f]{62}").fullmatch


class DiskContentStore:
    """Blobs as files in a folder. Any number of threads and processes may use it."""

    def __init__(self, root: Path) -> None:
        """Describe a store that exists; `open` makes one where there is none."""
        self.root = root
        self._blobs = str(root / "sha256")
        self._drafts = str(root / "tmp")
        self._ready = False
        self._lock = Lock()

    @classmethod
    def open(cls, location: str | Path) -> DiskContentStore:
        """Open the store in a folder, given by its path or as ``file:///path``, or make one there.

        A store that this user may only read is opened too; putting content into it fails then.

        Raises:
            InvalidSetting: The URL does not name a folder of this machine.
            StoreUnavailable: The folder cannot be made or read.
        """
        store = cls(_folder(location).absolute())
        with medium_of(store.root):
            make_folder(Path(store._blobs))
        store.sweep()
        return store

    def __repr__(self) -> str:
        return f"DiskContentStore({str(self.root)!r})"

    def description(self) -> Mapping[str, str | int]:
        """Return what and where the folder is, for people."""
        return {"store": "folder", "file": str(self.root)}

    # --- putting ----------------------------------------------------------------------------

    def put_bytes(self, data: bytes, *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> Blob:
        if len(data) > SMALL:
            return self.put_stream((data,), algorithm=algorithm)
        blob = digest_bytes(data, algorithm=algorithm)
        self._store_small([(blob, data)])
        self._force_names([blob])
        return blob

    def put_stream(
        self, chunks: Iterable[bytes], *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5
    ) -> Blob:
        blob = self._store_large(fill_from_chunks(chunks), algorithm, Meter(None, total=0))
        self._force_names([blob])
        return blob

    def put_file(
        self,
        path: FilePath,
        *,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        progress: Progress | None = None,
    ) -> Blob:
        return self.put_files([path], algorithm=algorithm, progress=progress)[0]

    def put_files(
        self,
        paths: Iterable[FilePath],
        *,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        progress: Progress | None = None,
    ) -> Sequence[Blob]:
        sources = [os.fspath(path) for path in paths]
        sizes = [Path(source).stat().st_size for source in sources]
        meter = Meter(progress, total=sum(sizes))
        blobs: dict[int, Blob] = {}

        def put_small(places: Sequence[int]) -> None:
            group = []
            for place in places:
                with FileIO(sources[place]) as file:
                    data = file.readall()
                group.append((digest_bytes(data, algorithm=algorithm), data))
            self._store_small(group)
            for place, (blob, _) in zip(places, group, strict=True):
                blobs[place] = blob
                meter.add(blob.size)

        def put_large(place: int) -> None:
            with FileIO(sources[place]) as file:
                blobs[place] = self._store_large(fill_from_file(file), algorithm, meter)

        large = [place for place, size in enumerate(sizes) if size > SMALL]
        groups = _groups(sizes)
        in_parallel([partial(put_small, group) for group in groups], workers=_AT_ONCE)
        in_parallel([partial(put_large, place) for place in large], workers=max(2, cores()))
        self._force_names(blobs.values())
        meter.finish()
        return [blobs[place] for place in range(len(sources))]

    def _store_small(self, group: Sequence[tuple[Blob, bytes]]) -> None:
        with medium_of(self.root):
            self._make_ready()
            drafts: list[tuple[Draft, str]] = []
            try:
                for blob, data in group:
                    path = self._path(blob.sha256)
                    if not _same(path, data):
                        draft = Draft(self._drafts)
                        drafts.append((draft, path))
                        draft.write(memoryview(data))
                for draft, _ in drafts:
                    draft.settle()
                for draft, path in drafts:
                    draft.publish(path)
            finally:
                for draft, _ in drafts:
                    draft.discard()

    def _store_large(self, fill: Fill, algorithm: DigestAlgorithm, meter: Meter) -> Blob:
        digests = Digests(algorithm)
        with medium_of(self.root):
            self._make_ready()
            draft = Draft(self._drafts)

        def write(data: memoryview) -> None:
            with medium_of(self.root):
                draft.write(data)

        try:
            size = pump(fill, here=[write, *digests.here, meter.took], aside=digests.aside)
            blob = digests.blob(size)
            with medium_of(self.root):
                if not self._intact(blob):
                    draft.settle()
                    draft.publish(self._path(blob.sha256))
        finally:
            draft.discard()
        return blob

    def _intact(self, blob: Blob) -> bool:
        try:
            with FileIO(self._path(blob.sha256)) as file:
                if os.fstat(file.fileno()).st_size != blob.size:
                    return False
                taken = hashlib.sha256()
                behind = Behind(file.fileno())
                pump(fill_from_file(file), here=[behind.took], aside=taken.update)
        except OSError:
            return False  # what is missing or cannot be read is written anew
        return taken.hexdigest() == blob.sha256

    def _make_ready(self) -> None:
        if not self._ready:
            with self._lock:
                make_folder(Path(self._drafts))
                for missing in set(_PREFIXES).difference(_names(self._blobs)):
                    Path(self._blobs, missing).mkdir(exist_ok=True)
                # Also where nothing was missing: who made it may not have come that far yet.
                for folder in (self._blobs, str(self.root), str(self.root.parent)):
                    force_folder(folder)
                self._ready = True

    def _force_names(self, blobs: Iterable[Blob]) -> None:
        # Also of what was there already: who renamed it may not have come that far yet.
        with medium_of(self.root):
            folders = {f"{self._blobs}{os.sep}{blob.sha256[:2]}" for blob in blobs}
            in_parallel([partial(force_folder, each) for each in folders], workers=_AT_ONCE)

    # --- reading ----------------------------------------------------------------------------

    def read(self, sha256: str) -> Iterator[bytes]:
        where = self._where(sha256)
        self.size(sha256)
        return verified(self._chunks(sha256), sha256, where=where)

    def _chunks(self, sha256: str) -> Iterator[bytes]:
        with self._open(sha256) as file:
            while True:
                with medium_of(self.root):
                    chunk = file.read(BUFFER)
                if not chunk:
                    return
                yield chunk

    def read_bytes(self, sha256: str) -> bytes:
        with self._open(sha256) as file, medium_of(self.root):
            data = file.readall()
        return verified_bytes(data, sha256, where=self._where(sha256))

    def fetch(
        self, sha256: str, destination: FilePath, *, progress: Progress | None = None
    ) -> None:
        self.fetch_many([(sha256, destination)], progress=progress)

    def fetch_many(
        self, wanted: Iterable[tuple[str, FilePath]], *, progress: Progress | None = None
    ) -> None:
        everything = [(sha256, self.size(sha256), destination) for sha256, destination in wanted]
        meter = Meter(progress, total=sum(size for _, size, _ in everything))

        def fetch(sha256: str, size: int, destination: FilePath) -> None:
            with self._open(sha256) as file:
                from_file = fill_from_file(file)

                def fill(buffer: memoryview) -> int:
                    with medium_of(self.root):
                        return from_file(buffer)

                where = self._where(sha256)
                save(fill, destination, sha256=sha256, size=size, where=where, took=meter.took)

        in_parallel([partial(fetch, *each) for each in everything], workers=max(2, cores()))
        meter.finish()

    def has(self, sha256: str) -> bool:
        try:
            self.size(sha256)
        except BlobMissing:
            return False
        return True

    def size(self, sha256: str) -> int:
        path = Path(self._path(sha256))
        with medium_of(self.root):
            try:
                return path.stat().st_size
            except FileNotFoundError as error:
                raise BlobMissing(digest=sha256) from error

    def digests(self) -> Iterator[str]:
        for prefix in _PREFIXES:
            folder = f"{self._blobs}{os.sep}{prefix}"
            with medium_of(self.root):
                names = _names(folder)
            yield from (prefix + name for name in names if _is_rest(name))

    def close(self) -> None:
        """Do nothing: between calls, the store holds nothing open."""

    # --- the folder -------------------------------------------------------------------------

    def sweep(self) -> int:
        """Remove what writers have left in ``tmp`` more than a day ago, and return how many."""
        too_old = time.time() - _FORGOTTEN_AFTER
        swept = 0
        # Another process may sweep too, and a store may be one that this user may only read.
        with suppress(OSError):
            for left in os.scandir(self._drafts):
                with suppress(OSError):
                    if left.stat(follow_symlinks=False).st_mtime < too_old:
                        Path(left.path).unlink()
                        swept += 1
        return swept

    def _open(self, sha256: str) -> FileIO:
        path = self._path(sha256)
        with medium_of(self.root):
            try:
                return FileIO(path)
            except FileNotFoundError as error:
                raise BlobMissing(digest=sha256) from error

    def _path(self, sha256: str) -> str:
        address = content_address(sha256)
        return f"{self._blobs}{os.sep}{address[:2]}{os.sep}{address[2:]}"

    def _where(self, sha256: str) -> str:
        return f"the blob {self._path(sha256)}"


def _names(folder: str) -> list[str]:
    try:
        return [found.name for found in os.scandir(folder)]
    except FileNotFoundError:
        return []


def _same(path: str, data: bytes) -> bool:
    try:
        with FileIO(path) as file:
            return os.fstat(file.fileno()).st_size == len(data) and file.readall() == data
    except OSError:
        return False  # what is missing or cannot be read is written anew


def _groups(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Put the places of small files together: a few in a group, with no more bytes than one."""
    group: list[int] = []
    held = 0
    for place, size in enumerate(sizes):
        if size <= SMALL:
            if len(group) == _GROUP or (group and held + size > SMALL):
                yield group
                group = []
                held = 0
            group.append(place)
            held += size
    if group:
        yield group


def _folder(location: str | Path) -> Path:
    if isinstance(location, Path) or not location.startswith("file:"):
        return Path(location)
    url = urlsplit(location)
    named = url.path.strip("/") and not url.query and not url.fragment
    if url.netloc not in {"", "localhost"} or not named:
        rule = "give the folder of a content store by its path, or as file:///path"
        raise InvalidSetting(setting="content URL", value=location, rule=rule)
    return path_in_url(url.path)


def open_url(url: str) -> DiskContentStore:
    """Open the store in the folder that a `file:` URL names, making it if it is missing."""
    return DiskContentStore.open(url)
