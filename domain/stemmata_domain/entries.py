r"""One file of an artifact: where it stands in there, and what it holds.

- A path is relative, with forward slashes, and stays inside: no ``..``, no root, no drive, whatever
  system reads it. ``a//b``, ``./a`` and ``a/`` are written ``a/b``, ``a`` and ``a``.
- A backslash is a character like others where files may have it in their names; a path that would
  leave the artifact where it separates is refused everywhere.
- A line feed is refused: the lines over which an artifact's digest is taken would be ambiguous.
- A path has at most 4096 bytes in UTF-8, as much as Linux opens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stemmata_domain.digests import DigestAlgorithm
from stemmata_domain.errors import InvalidEntryPath, InvalidManifest, InvalidMetadata
from stemmata_domain.metadata import JsonValue, normalize
from stemmata_domain.names import quoted, text_of, unstorable

LONGEST_PATH = 4096
GREATEST_SIZE = 2**63 - 1

_is_plain = re.compile(r"[\w\-][\w\-. ]*(?:/[\w\-][\w\-. ]*)*", re.ASCII).fullmatch
_is_anchored = re.compile(r"/|\\|[A-Za-z]:").match
_between = re.compile(r"[/\\]").split
_is_digest = re.compile(r"[^\n\x00\ud800-\udfff]+").fullmatch
_is_ref = re.compile(r"[^\x00\ud800-\udfff]+").fullmatch
_is_blob = re.compile(r"[0-9a-f]{64}").fullmatch
_refused_by_windows = re.compile(r'[<>:"|?*\x00-\x1f]|[. ]\Z').search
_is_device = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE
).fullmatch


def entry_path(value: str) -> str:
    """Return the path of a file inside an artifact, in its normal form.

    Raises:
        InvalidEntryPath: It is not a relative path that stays inside, or cannot be kept.
    """
    text = text_of(value)
    if text is None:
        rule = f"must be text, not {type(value).__name__}"
        raise InvalidEntryPath(path=quoted(value), rule=rule)
    if _is_plain(text) and len(text) <= LONGEST_PATH:
        return text
    if unstorable(text) is not None or "\n" in text:
        rule = "NUL, a line feed, or what is no valid Unicode cannot be kept in a path"
        raise InvalidEntryPath(path=text, rule=rule)
    normal = "/".join(segment for segment in text.split("/") if segment not in {"", "."})
    # The text itself may start with a root; what remains of it may have a drive.
    if not normal or _is_anchored(text) or _is_anchored(normal) or ".." in _between(normal):
        raise InvalidEntryPath(path=text)
    if len(normal.encode()) > LONGEST_PATH:
        raise InvalidEntryPath(path=text, rule=f"a path has at most {LONGEST_PATH} bytes in UTF-8")
    return normal


def local_path_parts(path: str, *, windows: bool) -> tuple[str, ...]:
    """Return the folders and the name under which an entry is written to disk.

    Nothing is taken on trust: a manifest may have been written by anybody.

    Raises:
        InvalidEntryPath: Written there, the file would leave the folder, reach a device, or be
            another than its name says.
    """
    if entry_path(path) != path:
        raise InvalidEntryPath(path=path, rule="it is not in its normal form")
    if not windows:
        return tuple(path.split("/"))
    parts = tuple(_between(path))
    for part in parts:
        if not part or _refused_by_windows(part) or _is_device(part):
            raise InvalidEntryPath(path=path, rule=f"Windows cannot hold a file called {part!r}")
    return parts


def _fits(value: object, rule: Callable[[str], object]) -> bool:
    return isinstance(value, str) and rule(value) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of an artifact, or a reference to content elsewhere.

    An entry that exists is sound: making one from anything else raises `InvalidEntryPath` or
    `InvalidManifest`.
    """

    path: str
    digest: str
    """As W&B's clients write it; a reference may have an ETag or its own URI here."""
    size: int = 0
    blob: str | None = None
    """The SHA-256 under which the bytes are stored; None for a reference."""
    ref: str | None = None
    extra: Mapping[str, JsonValue] | None = None

    def __post_init__(self) -> None:
        # Nearly every entry is a file with a common name, and there may be millions.
        try:
            if (
                _is_plain(self.path)
                and len(self.path) <= LONGEST_PATH
                and _is_digest(self.digest)
                and type(self.size) is int
                and 0 <= self.size <= GREATEST_SIZE
                and self.blob is not None
                and _is_blob(self.blob)
                and self.ref is None
                and self.extra is None
            ):
                return
        except TypeError:  # something that should be text is none, and is told below
            pass
        self._examine()

    def _examine(self) -> None:
        if entry_path(self.path) != self.path:
            raise InvalidEntryPath(path=self.path, rule="it is not in its normal form")
        if not _fits(self.digest, _is_digest):
            raise self._refused("digest", self.digest)
        if type(self.size) is not int or not 0 <= self.size <= GREATEST_SIZE:
            raise self._refused("size", self.size)
        if self.blob is not None and not _fits(self.blob, _is_blob):
            raise self._refused("blob", self.blob)
        if self.ref is not None and not _fits(self.ref, _is_ref):
            raise self._refused("ref", self.ref)
        if self.blob is not None and self.ref is not None:
            raise InvalidManifest(rule=f"{self.path!r} has both a blob and a ref")
        if self.extra is not None:
            object.__setattr__(self, "extra", self._sound_extra() or None)

    @property
    def algorithm(self) -> DigestAlgorithm:
        """How the file was digested.

        Raises:
            InvalidManifest: By an algorithm that nobody here knows.
        """
        named = (self.extra or {}).get("alg", DigestAlgorithm.MD5.value)
        for algorithm in DigestAlgorithm:
            if named == algorithm.value:
                return algorithm
        raise self._refused("digest algorithm", named)

    def _sound_extra(self) -> dict[str, JsonValue]:
        if not isinstance(self.extra, Mapping):
            raise self._refused("extra", self.extra)
        try:
            return normalize(self.extra)
        except InvalidMetadata as refused:
            rule = f"{self.path!r} has an extra that cannot be kept: {refused.rule}"
            raise InvalidManifest(rule=rule) from None

    def _refused(self, field: str, value: object) -> InvalidManifest:
        return InvalidManifest(rule=f"{self.path!r} has no usable {field}: {quoted(value)!r}")
