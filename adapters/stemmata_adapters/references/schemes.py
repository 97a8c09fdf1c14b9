"""The way in to references: chooses the handler of a scheme, and brings content to files.

What servers have is kept in a cache as far as its ETag is known; it is taken from there without
asking the server, so that a version that was downloaded once can be downloaded again offline.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import file_digest
from pathlib import Path
from secrets import token_hex

from stemmata_adapters.references.cache import ReferenceCache
from stemmata_adapters.references.file import FileReferences
from stemmata_adapters.references.gs import GsReferences
from stemmata_adapters.references.handler import (
    CHUNK,
    MAX_OBJECTS,
    ReferenceHandler,
    is_tracked,
    uri_of,
)
from stemmata_adapters.references.http import HttpReferences
from stemmata_adapters.references.other import OtherReferences
from stemmata_adapters.references.s3 import S3References
from stemmata_domain.digests import content_digest
from stemmata_domain.entries import Entry
from stemmata_domain.errors import InvalidReference, InvalidSetting
from stemmata_domain.names import quoted, text_of, unstorable

_CACHED = {"http", "https", "s3", "gs"}
# Two letters at least: C:\data is a path.
_scheme = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):", re.ASCII).match


class References:
    """References of all schemes. Any number of threads may use them."""

    def __init__(
        self,
        *,
        cache: Path | None = None,
        s3_endpoint: str | None = None,
        handlers: Mapping[str, ReferenceHandler] | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            cache: The folder in which content from servers is kept; None for nowhere.
            s3_endpoint: Where a store other than Amazon's answers for `s3://`.
            handlers: Handlers of further schemes, or instead of the ones here.
        """
        web = HttpReferences()
        self._cache = None if cache is None else ReferenceCache(cache)
        self._other = OtherReferences()
        self._handlers: dict[str, ReferenceHandler] = {
            "file": FileReferences(),
            "http": web,
            "https": web,
            "s3": S3References(endpoint=s3_endpoint),
            "gs": GsReferences(),
            **(handlers or {}),
        }

    def close(self) -> None:
        """Close all connections. What is used afterwards connects again."""
        for handler in self._handlers.values():
            handler.close()

    def entries(
        self,
        uri: str,
        *,
        name: str | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> Iterator[Entry]:
        """Give an entry for the content at *uri*, or one for each object under it.

        Args:
            uri: Where the content is.
            name: The path in the artifact; the folder, where *uri* is one.
            checksum: Whether to ask for sizes and digests; if not, nobody is asked for anything.
            max_objects: More than so many are refused; ten million where it is None.

        Raises:
            InvalidReference: It is no URI, cannot be used, or stands for more than *max_objects*.
            ReferenceMissing: Nothing is there.
            StoreUnavailable: Whoever should answer does not.
            ExtraMissing: The client that is needed is not installed.
        """
        text = text_of(uri)
        scheme = "" if text is None else _scheme_of(text)
        if text is None or not scheme:
            rule = "References must be URIs. To reference a local file, use file://"
            raise InvalidReference(uri=quoted(uri), rule=rule)
        if unstorable(text) is not None or "\n" in text:
            rule = "NUL, a line feed, or what is no valid Unicode cannot be kept in a URI"
            raise InvalidReference(uri=text, rule=rule)
        most = MAX_OBJECTS if max_objects is None else max_objects
        if most < 1:
            rule = "at least one object must be allowed"
            raise InvalidSetting(setting="max_objects", value=str(most), rule=rule)
        handler = self._handler(scheme)
        return handler.entries(text, name=name, checksum=checksum, max_objects=most)

    def fetch(self, entry: Entry, destination: Path) -> None:
        """Write the content of a reference to a file, in place of what is there.

        The folder has to exist. The file appears whole or not at all. What fails with the file is
        an `OSError`.

        Raises:
            DigestMismatch: It is other content than was referenced.
            ReferenceMissing: Nothing is there any more.
            InvalidReference: Content of this scheme cannot be had.
            StoreUnavailable: Whoever should answer does not, or the cache cannot be written.
            ExtraMissing: The client that is needed is not installed.
        """
        uri = uri_of(entry)
        scheme = _scheme_of(uri)
        handler = self._handler(scheme)
        if self._cache is not None and scheme in _CACHED and is_tracked(entry):
            if self._cache.fetch(uri, entry.digest, destination):
                return
            self._cache.keep(uri, entry.digest, handler.read(entry))
            if self._cache.fetch(uri, entry.digest, destination):
                return
            # Somebody empties the cache at this moment; we can do without.
        _write(handler.read(entry), destination)

    def is_at(self, entry: Entry, path: Path) -> bool:
        """Tell whether a file is known to hold the content of a reference, without asking anybody.

        What fails with the file is an `OSError`.
        """
        uri = uri_of(entry)
        scheme = _scheme_of(uri)
        if scheme == "file":
            with path.open("rb") as file:
                return content_digest(iter(lambda: file.read(CHUNK), b"")) == entry.digest
        if self._cache is None or scheme not in _CACHED or not is_tracked(entry):
            return False
        address = self._cache.known(uri, entry.digest)
        if address is None:
            return False
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest() == address

    def _handler(self, scheme: str) -> ReferenceHandler:
        return self._handlers.get(scheme, self._other)


def _scheme_of(uri: str) -> str:
    found = _scheme(uri)
    return found[1].lower() if found else ""


def _write(chunks: Iterable[bytes], destination: Path) -> None:
    # Beside the destination, so that it can take its place at one stroke; not named after it,
    # because that name may be as long as names can be.
    part = destination.with_name(f".{token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)
