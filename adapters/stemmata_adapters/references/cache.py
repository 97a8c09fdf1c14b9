"""Content that was fetched from elsewhere, kept for the next time.

- Content is found by its URL and ETag: the file `obj/etag/ab/cdef…`, named by the SHA-256 of the
  SHA-256 of the URL and that of the ETag, says under which SHA-256 the bytes stand. These are kept in
  a content store, and verified whenever they are taken from it.
- What is missing or spoilt counts as not kept; fetching it again heals it. So the folder may be
  deleted at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_adapters.content_stores.medium import medium_of
from stemmata_domain.content import FilePath
from stemmata_domain.errors import BlobMissing, DigestMismatch

_is_address = re.compile(rb"[0-9a-f]{64}").fullmatch


class ReferenceCache:
    """Content by URL and ETag. Any number of threads and processes may use it."""

    def __init__(self, directory: Path) -> None:
        """Touch nothing yet."""
        self.directory = directory.absolute()

    def known(self, url: str, etag: str) -> str | None:
        """Return the SHA-256 of the content that a URL has under an ETag; None if it is not kept."""
        try:
            found = self._place(url, etag).read_bytes()
        except OSError:
            return None
        return found.decode() if _is_address(found) else None

    def fetch(self, url: str, etag: str, destination: FilePath) -> bool:
        """Write kept content to a file, in place of what is there, and tell whether there was any."""
        address = self.known(url, etag)
        if address is None:
            return False
        try:
            self._content().fetch(address, destination)
        except (BlobMissing, DigestMismatch):
            return False
        return True

    def keep(self, url: str, etag: str, chunks: Iterable[bytes]) -> None:
        """Keep what *chunks* make together as the content that a URL has under an ETag.

        Raises:
            StoreUnavailable: The folder of the cache cannot be written.
        """
        blob = self._content().put_stream(chunks)
        place = self._place(url, etag)
        part = place.with_name(f".{token_hex(8)}.part")
        with medium_of(self.directory):
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.write_text(blob.sha256, encoding="ascii")
                part.replace(place)
            finally:
                part.unlink(missing_ok=True)

    def _content(self) -> DiskContentStore:
        return DiskContentStore.open(self.directory / "content")

    def _place(self, url: str, etag: str) -> Path:
        both = sha256(url.encode()).digest() + sha256(etag.encode()).digest()
        name = sha256(both).hexdigest()
        return self.directory / "obj" / "etag" / name[:2] / name[2:]
