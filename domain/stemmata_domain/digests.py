"""The digests by which W&B's clients know content.

- A file's digest is the standard Base64 of its MD5, or of its XXH128 where an artifact asks for it.
- An artifact's digest is the hex of the same algorithm over a header line and one line
  ``path:digest`` for each entry, in the order of the paths' code points. Nothing else goes in: not
  sizes, not metadata, not names.
- These digests tell whether content is the same. They are no protection: content is stored under
  its SHA-256.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol, assert_never

from stemmata_domain.errors import InvalidManifest, InvalidSetting
from stemmata_domain.names import quoted

MANIFEST_HEADER = b"wandb-artifact-manifest-v1\n"


class DigestAlgorithm(StrEnum):
    """How the files of an artifact are digested."""

    MD5 = "MD5"
    XXH128 = "XXH128"


class Hasher(Protocol):
    """A digest that is being taken."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...

    def hexdigest(self) -> str: ...


def digest_algorithm(value: str) -> DigestAlgorithm:
    """Return the algorithm called *value*.

    Raises:
        InvalidSetting: There is none of that name.
    """
    try:
        return DigestAlgorithm(value)
    except ValueError:
        rule = f"expected one of: {', '.join(DigestAlgorithm)}"
        raise InvalidSetting(setting="digest_algorithm", value=quoted(value), rule=rule) from None


def hasher(algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> Hasher:
    """Return a digest of nothing yet."""
    match algorithm:
        case DigestAlgorithm.MD5:
            return hashlib.md5(usedforsecurity=False)
        case DigestAlgorithm.XXH128:
            # Few artifacts ask for it, and it is a compiled module to load.
            import xxhash

            return xxhash.xxh3_128()
        case _:
            assert_never(algorithm)


def b64_digest(taken: Hasher) -> str:
    """Return a file's digest, from the bytes given to *taken* so far."""
    return b64encode(taken.digest()).decode("ascii")


def content_digest(
    chunks: Iterable[bytes], *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5
) -> str:
    """Return the digest of a file that is read in *chunks*."""
    taken = hasher(algorithm)
    for chunk in chunks:
        taken.update(chunk)
    return b64_digest(taken)


def md5_b64(data: bytes) -> str:
    """Return the MD5 of *data* in Base64."""
    return content_digest((data,))


def uri_digest(uri: str) -> str:
    """Return the digest of a `file://` reference whose content is not to be read.

    The caller resolves symbolic links first, so that a link and its target have one digest.
    """
    return md5_b64(uri.encode())


def b64_of_hex(digest: str) -> str:
    """Return a hex digest in Base64.

    Raises:
        InvalidManifest: It is not hex.
    """
    try:
        return b64encode(bytes.fromhex(digest)).decode("ascii")
    except ValueError:
        raise InvalidManifest(rule=f"Not a hex digest: {digest!r}") from None


def hex_of_b64(digest: str) -> str:
    """Return a Base64 digest in hex.

    Raises:
        InvalidManifest: It is not Base64.
    """
    try:
        return b64decode(digest, validate=True).hex()
    except (binascii.Error, ValueError):
        raise InvalidManifest(rule=f"Not a Base64 digest: {digest!r}") from None


def manifest_line(path: str, digest: str) -> bytes:
    """Return what one entry adds to an artifact's digest."""
    return f"{path}:{digest}\n".encode()


def manifest_digest(
    entries: Iterable[tuple[str, str]], *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5
) -> str:
    """Return the digest of an artifact from the paths and digests of its entries.

    Raises:
        InvalidManifest: The paths do not grow strictly.
    """
    taken = hasher(algorithm)
    taken.update(MANIFEST_HEADER)
    last = None
    for path, digest in entries:
        last = next_path(path, after=last)
        taken.update(manifest_line(path, digest))
    return taken.hexdigest()


def next_path(path: str, *, after: str | None) -> str:
    """Return *path*, the next of a manifest.

    Raises:
        InvalidManifest: It does not come *after* the one before.
    """
    if after is not None and path <= after:
        what = f"{path!r} occurs twice" if path == after else f"{path!r} stands after {after!r}"
        raise InvalidManifest(rule=f"Paths must be sorted, each once: {what}")
    return path
