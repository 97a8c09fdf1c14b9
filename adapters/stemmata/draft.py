"""A draft: the files of a version that is still being put together.

- What is added goes into the content store at once, in one pass over its bytes. Files may change
  afterwards, or be deleted: the draft has what was read.
- A draft holds entries only, and these in bounded memory, so it may have millions of them.
- A call that is refused has added nothing. Blobs it has stored by then stay behind without a
  reference to them; they cost space, and harm nothing.
- A draft is no version: sealing it stores its manifest, and logging that makes the version.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Literal, TypeAlias, overload

from stemmata_adapters.batches import batched, part_of
from stemmata_adapters.content_stores.meter import Meter
from stemmata_adapters.local_files import files_under, reading, size_under
from stemmata_adapters.references.schemes import References
from stemmata_adapters.spool import EntrySpool
from stemmata_domain.content import Blob, ContentStore, FilePath, Progress
from stemmata_domain.digests import DigestAlgorithm, content_digest
from stemmata_domain.entries import Entry, entry_path
from stemmata_domain.errors import EntryTaken, InvalidLocalPath, InvalidSetting
from stemmata_domain.manifest import ManifestDigest, encode

TextMode: TypeAlias = Literal["x", "w", "xt", "wt", "x+", "w+"]
BinaryMode: TypeAlias = Literal["xb", "wb", "xb+", "wb+"]

_POLICIES = ("mutable", "immutable")
_AT_ONCE = 512
_is_mode = re.compile(r"[wx](?:[bt]?\+?|\+[bt])").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredManifest:
    """What logging a version takes of its content.

    Attributes:
        manifest: SHA-256 under which the manifest stands in the content store, hex.
        digest: Digest of the artifact, hex.
        size: Bytes of all entries together, those of references included.
        file_count: How many entries there are.
    """

    manifest: str
    digest: str
    algorithm: DigestAlgorithm
    size: int
    file_count: int


class Draft:
    """Files and references by path, with their content stored. Any number of threads may add."""

    def __init__(
        self,
        content: ContentStore,
        *,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        name: str = "draft",
        references: References | None = None,
    ) -> None:
        """Start with nothing.

        Args:
            content: Where content goes.
            algorithm: How files, and the whole, are digested.
            name: What a refusal calls the draft.
            references: What asks for content elsewhere; None for the usual.
        """
        self.algorithm = algorithm
        self._content = content
        self._entries = EntrySpool(artifact=name)
        self._references = References() if references is None else references
        self._disconnect = weakref.finalize(self, self._references.close)
        if references is not None:
            self._disconnect.detach()  # whoever brought them may go on using them

    @classmethod
    def from_entries(
        cls,
        content: ContentStore,
        entries: Iterable[Entry],
        *,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        name: str = "draft",
        references: References | None = None,
    ) -> Draft:
        """Start with *entries*, whose content stands in *content*, such as those of a version.

        Files that were digested by another algorithm are read and digested by this one.

        Raises:
            BlobMissing: Content that has to be read is not there.
        """
        draft = cls(content, algorithm=algorithm, name=name, references=references)
        draft._entries.add_all(map(draft._digested, entries))
        return draft

    def close(self) -> None:
        """Let go of the entries; content that was stored stays. Closing again does nothing."""
        self._entries.close()
        self._disconnect()

    # --- adding -----------------------------------------------------------------------------

    def add_file(
        self,
        local_path: FilePath,
        name: str | None = None,
        *,
        policy: str = "mutable",
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Entry:
        """Store a file and add it, under its own name unless another is given.

        Args:
            local_path: The file.
            name: Its path in the artifact.
            policy: `mutable` or `immutable`, whether the file may change afterwards; either is safe.
            overwrite: Whether other content at the same path is replaced.
            progress: Is told the bytes done, and of how many.

        Raises:
            InvalidLocalPath: It is no file, or cannot be read.
            InvalidEntryPath: The name cannot be a path in an artifact.
            InvalidSetting: The policy is none of the two.
            EntryTaken: Other content is there, and was not to be overwritten.
        """
        if policy not in _POLICIES:
            rule = f"expected one of: {', '.join(_POLICIES)}"
            raise InvalidSetting(setting="policy", value=str(policy), rule=rule)
        file = Path(local_path)
        if not file.is_file():
            raise InvalidLocalPath(path=str(file))
        path = entry_path(file.name if name is None else name)
        with reading(file):
            blob = self._content.put_file(file, algorithm=self.algorithm, progress=progress)
        entry = self._entry(path, blob)
        self._entries.add(entry, overwrite=overwrite)
        return entry

    def add_dir(
        self,
        local_path: FilePath,
        name: str | None = None,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """Store all files under a folder and add them, at the root or under *name*.

        Symbolic links are followed, empty folders left out.

        Args:
            local_path: The folder.
            name: The folder in the artifact.
            overwrite: Whether other content at the same paths is replaced.
            progress: Is told the bytes done, and of how many.

        Raises:
            InvalidLocalPath: It is no folder, or one of its files is none or cannot be read.
            InvalidEntryPath: A path cannot be one in an artifact.
            EntryTaken: Other content is at one of the paths, and was not to be overwritten.
        """
        folder = Path(local_path)
        if not folder.is_dir():
            raise InvalidLocalPath(path=str(folder), rule="Path is not a directory")
        inside = f"{entry_path(name)}/" if name else ""
        # All at once at the end, so that a folder is added as a whole or not at all.
        added = EntrySpool()
        try:
            with reading(folder):
                meter = Meter(progress, total=size_under(folder) if progress else 0)
                for some in batched(files_under(folder), _AT_ONCE):
                    paths = [entry_path(f"{inside}{relative}") for relative, _ in some]
                    files = [file for _, file in some]
                    blobs = self._content.put_files(
                        files, algorithm=self.algorithm, progress=part_of(meter)
                    )
                    added.add_all(map(self._entry, paths, blobs))
            self._entries.add_all(added, overwrite=overwrite)
            meter.finish()
        finally:
            added.close()

    @overload
    def new_file(
        self, name: str, mode: TextMode = "x", encoding: str | None = None
    ) -> AbstractContextManager[IO[str]]: ...

    @overload
    def new_file(
        self, name: str, mode: BinaryMode, encoding: None = None
    ) -> AbstractContextManager[IO[bytes]]: ...

    @overload
    def new_file(
        self, name: str, mode: str, encoding: str | None = None
    ) -> AbstractContextManager[IO[str] | IO[bytes]]: ...

    def new_file(
        self, name: str, mode: str = "x", encoding: str | None = None
    ) -> AbstractContextManager[IO[str] | IO[bytes]]:
        """Return a context manager that gives a file to write to.

        What it holds is stored and added when the block ends, and forgotten when the block raises.

        Args:
            name: The path in the artifact.
            mode: `x` refuses a path that has an entry, `w` replaces it; with `b` for bytes.
            encoding: Of text; UTF-8 where none is given. Line ends are written as they are.

        Raises:
            InvalidSetting: No file can be written in this mode or encoding.
            InvalidEntryPath: The name cannot be a path in an artifact.
            EntryTaken: The mode is `x`, and something is there.
        """
        _check_mode(mode, encoding)
        path = entry_path(name)
        if "x" in mode and path in self._entries:
            raise EntryTaken(path=path)
        return self._written(path, mode, encoding)

    def add_reference(
        self,
        uri: str,
        name: str | None = None,
        *,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> list[Entry]:
        """Add what is at a URI without storing it, and return the entries.

        Args:
            uri: `file:`, `http:`, `https:`, `s3:` or `gs:`; any other is only remembered.
            name: The path in the artifact; the folder, where there are many objects.
            checksum: Whether to look at what is there; otherwise the URI stands for it.
            max_objects: More than so many are refused.

        Raises:
            InvalidReference: It is no URI, cannot be used, or stands for too many objects.
            ReferenceMissing: Nothing is there.
            EntryTaken: Other content is at one of the paths.
            StoreUnavailable: Whoever should answer does not.
            ExtraMissing: The client that is needed is not installed.
        """
        found = list(
            self._references.entries(uri, name=name, checksum=checksum, max_objects=max_objects)
        )
        self._entries.add_all(found)
        return found

    def remove(self, item: str | Entry) -> None:
        """Remove an entry, or all entries under a folder.

        Raises:
            UnknownEntry: There is neither.
        """
        self._entries.remove(item.path if isinstance(item, Entry) else item)

    # --- looking ----------------------------------------------------------------------------

    def get(self, path: str) -> Entry:
        """Return the entry at *path*.

        Raises:
            UnknownEntry: There is none.
        """
        return self._entries.get(path)

    def entries(self) -> Iterator[Entry]:
        """Give the entries, sorted by path."""
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """How many bytes all entries have together, those of references included."""
        return self._entries.size

    @property
    def digest(self) -> str:
        """The digest of the artifact as it is now, hex; taken over all entries each time."""
        taken = ManifestDigest(algorithm=self.algorithm)
        for entry in self._entries:
            taken.add(entry)
        return taken.hexdigest

    def seal(self) -> StoredManifest:
        """Store the manifest of what is in the draft now, and return what a version takes of it.

        Raises:
            InvalidManifest: An entry is longer than a manifest can hold.
            StoreUnavailable: The content store fails.
        """
        taken = ManifestDigest(algorithm=self.algorithm)
        lines = encode(taken.watch(self._entries), algorithm=self.algorithm)
        manifest = self._content.put_stream(lines).sha256
        return StoredManifest(
            manifest=manifest,
            digest=taken.hexdigest,
            algorithm=self.algorithm,
            size=taken.size,
            file_count=taken.count,
        )

    # --- inside -----------------------------------------------------------------------------

    @contextmanager
    def _written(self, path: str, mode: str, encoding: str | None) -> Iterator[IO[str] | IO[bytes]]:
        with TemporaryDirectory(prefix="stemmata-", ignore_cleanup_errors=True) as folder:
            place = Path(folder) / "new"
            binary = "b" in mode
            with place.open(
                mode,
                encoding=None if binary else encoding or "utf-8",
                newline=None if binary else "\n",
            ) as file:
                yield file
            blob = self._content.put_file(place, algorithm=self.algorithm)
        self._entries.add(self._entry(path, blob), overwrite="x" not in mode)

    def _entry(self, path: str, blob: Blob) -> Entry:
        digest = blob.digest(self.algorithm)
        return Entry(
            path=path, digest=digest, size=blob.size, blob=blob.sha256, extra=self._extra()
        )

    def _extra(self) -> dict[str, str] | None:
        return None if self.algorithm is DigestAlgorithm.MD5 else {"alg": self.algorithm.value}

    def _digested(self, entry: Entry) -> Entry:
        if entry.blob is None or entry.algorithm is self.algorithm:
            return entry
        kept = {key: value for key, value in (entry.extra or {}).items() if key != "alg"}
        digest = content_digest(self._content.read(entry.blob), algorithm=self.algorithm)
        return replace(entry, digest=digest, extra={**kept, **(self._extra() or {})} or None)


def _check_mode(mode: str, encoding: str | None) -> None:
    if not _is_mode(mode):
        rule = "use 'x' for a new file or 'w' for one that may be replaced, with 'b' for bytes"
        raise InvalidSetting(setting="mode", value=mode, rule=rule)
    if encoding is not None:
        try:
            "".encode(encoding)
        except LookupError as error:
            rule = str(error)
        else:
            if "b" not in mode:
                return
            rule = "bytes have none"
        raise InvalidSetting(setting="encoding", value=encoding, rule=rule)
