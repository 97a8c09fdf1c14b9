"""The files of an artifact, and what may be changed of it.

- A logged version's content is fixed; adding or removing raises `ArtifactFinalizedError`.
- Content goes into the content store when it is added, so that later edits of a file do not matter.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, overload

from pydantic import JsonValue

from stemmata.draft import BinaryMode, Draft, TextMode
from stemmata.files import VersionFiles
from stemmata.sdk.errors import ArtifactFinalizedError, ArtifactNotLoggedError
from stemmata.sdk.facts import ArtifactFacts
from stemmata.sdk.handles import handle
from stemmata.settings import settings
from stemmata.stemma import Stemma
from stemmata_domain.digests import digest_algorithm as algorithm_named
from stemmata_domain.entries import Entry
from stemmata_domain.metadata import normalize
from stemmata_domain.names import artifact_name, artifact_type
from stemmata_projections.runner import Progress
from stemmata_projections.version_index.views import Version


class ArtifactContent(ArtifactFacts):
    """What an artifact holds, and what may be changed of it."""

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: object = None,
        *,
        digest_algorithm: str = "MD5",
    ) -> None:
        """Start a draft.

        Raises:
            ValueError: The name or type is invalid or reserved, or the metadata cannot be stored.
            TypeError: The metadata are no mapping.
        """
        self._name = artifact_name(name)
        self._type = artifact_type(type, name=name)
        self._description = description
        self._metadata = normalize({} if metadata is None else metadata)
        self._aliases: list[str] = []
        self._tags: list[str] = []
        self._algorithm = algorithm_named(digest_algorithm)
        self._draft: Draft | None = None
        self._stemma: Stemma | None = None
        self._version: Version | None = None

    def _become(self, stemma: Stemma, version: Version) -> None:
        self._stemma = stemma
        self._version = version
        self._name = version.name
        self._type = version.type
        self._description = version.description
        self._metadata = dict(version.metadata)
        self._aliases = list(version.aliases)
        self._tags = list(version.tags)

    def _store(self, attribute: str) -> Stemma:
        self._logged(attribute)
        assert self._stemma is not None
        return self._stemma

    def _content(self, attribute: str) -> Draft:
        if self._version is not None:
            raise ArtifactFinalizedError(attribute=attribute, artifact=self._name)
        if self._draft is None:
            self._stemma = handle()
            self._draft = Draft(self._stemma.content, algorithm=self._algorithm)
        return self._draft

    # --- what it holds and where it is ----------------------------------------------------

    @property
    def digest(self) -> str:
        """Digest of the content, hex; equal content has the same digest."""
        return self._content("digest").digest if self._version is None else self._version.digest

    @property
    def size(self) -> int:
        """Bytes of all files together, references included."""
        return self._content("size").size if self._version is None else self._version.size

    # --- what may be changed ----------------------------------------------------------------

    @property
    def description(self) -> str | None:
        """What it is, in Markdown. Shared by the source and all links."""
        return self._description

    @description.setter
    def description(self, value: str | None) -> None:
        self._description = value

    @property
    def metadata(self) -> dict[str, JsonValue]:
        """Facts about it, as JSON. Shared by the source and all links."""
        return self._metadata

    @metadata.setter
    def metadata(self, value: object) -> None:
        self._metadata = normalize(value)

    @property
    def aliases(self) -> list[str]:
        """The aliases in the artifact or collection that it was found in; not the number."""
        self._logged("aliases")
        return self._aliases

    @aliases.setter
    def aliases(self, value: Iterable[str]) -> None:
        self._logged("aliases")
        self._aliases = list(value)

    @property
    def tags(self) -> list[str]:
        """The tags. Shared by the source and all links."""
        self._logged("tags")
        return self._tags

    @tags.setter
    def tags(self, value: Iterable[str]) -> None:
        self._logged("tags")
        self._tags = list(value)

    def _save_changes(self, saved: Version) -> None:
        stemma = self._store("save")
        aliases, tags = set(self._aliases), set(self._tags)
        add = tuple(a for a in self._aliases if a not in saved.aliases)
        remove = tuple(a for a in saved.aliases if a not in aliases)
        metadata = normalize(self._metadata)
        if add or remove:
            stemma.edit_aliases(saved.qualified_name, add=add, remove=remove)
        changed = self._description != saved.description
        if changed or metadata != saved.metadata or tags != set(saved.tags):
            stemma.edit(
                saved.qualified_name,
                description=self._description if changed else None,
                clear_description=changed and self._description is None,
                metadata=metadata if metadata != saved.metadata else None,
                add_tags=tuple(t for t in self._tags if t not in saved.tags),
                remove_tags=tuple(t for t in saved.tags if t not in tags),
            )
        self._reload()

    def _reload(self) -> None:
        version = self._logged("save")
        stemma = self._store("save")
        index = stemma.index_without_defaults
        self._become(stemma, index.resolve_in(version.line, version.version))

    def _log(
        self,
        stemma: Stemma,
        *,
        run: str,
        aliases: Sequence[str] = (),
        tags: Sequence[str] = (),
    ) -> None:
        version = self._version
        if version is not None:
            sealed = (version.manifest, version.digest, version.size, version.file_count)
            name = f"{version.source_entity}/{version.source_project}/{version.source_collection}"
        else:
            stored = self._content("save").seal()
            sealed = (stored.manifest, stored.digest, stored.size, stored.file_count)
            name = self._name
        manifest, digest, size, file_count = sealed
        logged = stemma.log(
            name,
            type=self._type,
            manifest=manifest,
            digest=digest,
            size=size,
            file_count=file_count,
            algorithm=self._algorithm.value,
            description=self._description,
            metadata=self._metadata,
            tags=tags,
            aliases=aliases,
            run=run,
        )
        if self._draft is not None:
            self._draft.close()
            self._draft = None
        index = stemma.index_without_defaults
        self._become(stemma, index.resolve_in(logged.artifact, f"v{logged.index}"))

    # --- content ----------------------------------------------------------------------------

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        *,
        policy: str = "mutable",
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Entry:
        """Add a file, under its own name unless another is given.

        Raises:
            ValueError: It is no file, or other content is at the path already.
        """
        draft = self._content("add_file")
        return draft.add_file(
            local_path, name, policy=policy, overwrite=overwrite, progress=progress
        )

    def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """Add what a directory holds, at the root or under *name*. Symlinks are followed."""
        draft = self._content("add_dir")
        draft.add_dir(local_path, name, overwrite=overwrite, progress=progress)

    @overload
    def new_file(
        self, name: str, mode: TextMode = "x", encoding: str | None = None
    ) -> AbstractContextManager[IO[str]]: ...

    @overload
    def new_file(
        self, name: str, mode: BinaryMode, encoding: None = None
    ) -> AbstractContextManager[IO[bytes]]: ...

    def new_file(
        self, name: str, mode: TextMode | BinaryMode = "x", encoding: str | None = None
    ) -> AbstractContextManager[IO[str] | IO[bytes]]:
        """Return a context manager that gives a file to write to, which is added when it closes.

        Raises:
            ValueError: The mode is `x`, and something is at the path.
        """
        return self._content("new_file").new_file(name, mode, encoding)

    def add_reference(
        self,
        uri: str,
        name: str | None = None,
        *,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> Sequence[Entry]:
        """Add what is at a URI without storing it: `file:`, `http:`, `https:`, `s3:`, `gs:` or other.

        Args:
            name: Path in the artifact; needed for schemes of which nothing is known.
            checksum: Whether to look at what is there; otherwise the URI stands for it.
            max_objects: How many files a directory or prefix may have.

        Raises:
            ValueError: It is no URI, or finds too many objects.
        """
        draft = self._content("add_reference")
        return draft.add_reference(uri, name, checksum=checksum, max_objects=max_objects)

    def remove(self, item: str | os.PathLike[str] | Entry) -> None:
        """Remove a file, or a directory with everything under it.

        Raises:
            FileNotFoundError: There is none.
        """
        self._content("remove").remove(item if isinstance(item, Entry) else os.fspath(item))

    def _files(self, attribute: str) -> VersionFiles:
        version = self._logged(attribute)
        stemma = self._store(attribute)
        return VersionFiles(
            stemma.content,
            manifest=version.manifest,
            name=self.source_name,
            cache_dir=stemma.cache_dir,
        )

    def files(self, names: Sequence[str] | None = None) -> list[Entry]:
        """Return the files in the order of their paths; only those of *names*, if they are given.

        Raises:
            KeyError: A name is not in the artifact.
        """
        files = self._files("files")
        if names is None:
            return list(files)
        return [files.get(name) for name in names]

    def get_entry(self, name: str) -> Entry:
        """Return the file at a path.

        Raises:
            KeyError: There is none.
        """
        if self._version is not None:
            return self._files("get_entry").get(name)
        raise ArtifactNotLoggedError(attribute="get_entry", artifact=self._name)

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        path_prefix: str | None = None,
        allow_missing_references: bool = False,
        progress: Progress | None = None,
    ) -> str:
        """Write the files below *root*, and return it.

        Files that are there with the right content are not touched; others are not deleted.

        Args:
            root: `artifacts/ARTIFACT:vN` where it is not given, after the source's name.
            path_prefix: Only files whose path begins with this text.

        Raises:
            ValueError: A path would leave *root*, or content is not what its digest says.
        """
        files = self._files("download")
        place = self._place(root, self.source_name)
        files.download(
            place,
            path_prefix=path_prefix,
            allow_missing_references=allow_missing_references,
            progress=progress,
        )
        return str(place)

    def checkout(self, root: str | os.PathLike[str] | None = None) -> str:
        """Make *root* hold the files of the artifact and nothing else, and return it."""
        files = self._files("checkout")
        place = self._place(root, self.source_collection)
        files.checkout(place)
        return str(place)

    def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """Compare *root* with the artifact.

        Raises:
            ValueError: A file is missing, is not a member, or has other content.
        """
        self._files("verify").verify(self._place(root, self.source_name))

    def _place(self, root: str | os.PathLike[str] | None, name: str) -> Path:
        if root is not None:
            return Path(root)
        # A colon cannot stand in a file's name on Windows.
        return settings().artifact_dir / (
            name.replace(":", "-") if sys.platform == "win32" else name
        )
