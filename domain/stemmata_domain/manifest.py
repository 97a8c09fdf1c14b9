"""The list of an artifact's files, as it is stored.

- It is a manifest as W&B's clients write it: one JSON object, in UTF-8. Beside each digest stands
  the `blob`, the SHA-256 under which we keep the bytes; other readers pass over it.
- It is written with one entry on each line, sorted by path, so that ten million entries are read
  and written in the memory of a few. The same entries give the same bytes.
- A manifest of other making is read too, as a whole, up to 64 MiB; in an object, order says nothing.
- Whatever the bytes are, reading them gives sound entries or raises `InvalidManifest` or
  `InvalidEntryPath`; nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, NoReturn

from stemmata_domain.digests import (
    MANIFEST_HEADER,
    DigestAlgorithm,
    hasher,
    manifest_line,
    next_path,
)
from stemmata_domain.entries import Entry
from stemmata_domain.errors import InvalidManifest
from stemmata_domain.names import quoted

LONGEST_LINE = 1024 * 1024
LARGEST_WHOLE = 64 * 1024 * 1024

_POLICY = "wandb-storage-policy-v1"
_OPENING = (
    b'{"version":1,"storagePolicy":"wandb-storage-policy-v1",'
    b'"storagePolicyConfig":{"storageLayout":"V2"},"contents":{\n'
)
_CLOSING = "}}"
_PIECE = 64 * 1024


def encode(
    entries: Iterable[Entry], *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5
) -> Iterator[bytes]:
    """Write *entries*, which come sorted by path, in pieces of some 64 KiB.

    Files that were digested otherwise than by MD5 are marked so.

    Raises:
        InvalidManifest: The entries are not sorted, one occurs twice, was digested by another
            algorithm, or is longer than a line may be. Pieces may have been given out by then.
    """
    pieces = [_OPENING]
    held = 0
    last = None
    comma = ""
    for entry in entries:
        last = next_path(entry.path, after=last)
        line = f"{comma}{_line(entry, algorithm)}".encode()
        if len(line) > LONGEST_LINE:
            rule = f"The entry {entry.path!r} is longer than {LONGEST_LINE} bytes"
            raise InvalidManifest(rule=rule)
        comma = ",\n"
        pieces.append(line)
        held += len(line)
        if held >= _PIECE:
            yield b"".join(pieces)
            pieces = []
            held = 0
    pieces.append(f"{comma[1:]}{_CLOSING}\n".encode())
    yield b"".join(pieces)


def decode(chunks: Iterable[bytes] | bytes) -> Iterator[Entry]:
    """Read the entries, sorted by path, of a manifest that comes in chunks of any size.

    Entries are given out as they are read: one that breaks off has given out all before the break
    when it is refused.

    Raises:
        InvalidManifest: It is not a manifest, or not one that we can hold.
        InvalidEntryPath: A path would leave the artifact.
    """
    source = iter((chunks,) if isinstance(chunks, bytes) else chunks)
    start = b""
    while len(start) < len(_OPENING) and (chunk := next(source, None)) is not None:
        start += chunk
    if start.startswith(_OPENING):
        lines = _lines(chain((start[len(_OPENING) :],), source))
        yield from _decode_lines(map(_text, lines))
    else:
        yield from _decode_whole(chain((start,), source))


def _line(entry: Entry, algorithm: DigestAlgorithm) -> str:
    digest = _quoted(entry.digest)
    extra = dict(entry.extra) if entry.extra else {}
    if entry.ref is not None:
        size = f',"size":{entry.size}' if entry.size else ""
        line = f'{_quoted(entry.path)}:{{"digest":{digest}{size},"ref":{_quoted(entry.ref)}'
    else:
        if "alg" in extra:
            if entry.algorithm is not algorithm:
                rule = f"{entry.path!r} was digested by {entry.algorithm}, not by {algorithm}"
                raise InvalidManifest(rule=rule)
        elif algorithm is not DigestAlgorithm.MD5:
            extra["alg"] = algorithm.value
        blob = f',"blob":"{entry.blob}"' if entry.blob else ""
        line = f'{_quoted(entry.path)}:{{"digest":{digest},"size":{entry.size}{blob}'
    return f'{line},"extra":{_written(extra)}}}' if extra else line + "}"


_quoted = json.JSONEncoder(ensure_ascii=False).encode
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if b"\n" in chunk:
            *lines, rest = bytes(held).split(b"\n")
            yield from lines
            held = bytearray(rest)
        if len(held) > LONGEST_LINE:
            raise InvalidManifest(rule=f"A line is longer than {LONGEST_LINE} bytes")
    if held:
        yield bytes(held)


def _decode_lines(lines: Iterator[str]) -> Iterator[Entry]:
    last = None
    may_end = may_go_on = True
    for line in lines:
        if line == _CLOSING and may_end:
            if any(line.strip() for line in lines):
                raise InvalidManifest(rule="It goes on after its end")
            return
        if not may_go_on:
            raise InvalidManifest(rule=f"A comma is missing after {last!r}")
        may_go_on = line.endswith(",")
        may_end = not may_go_on
        entry = _entry_of_line(line.removesuffix(","))
        last = next_path(entry.path, after=last)
        yield entry
    raise InvalidManifest(rule="It breaks off before its end")


def _entry_of_line(line: str) -> Entry:
    if plain := _plain_line(line):
        path, digest, size, blob = plain.groups()
        return Entry(path=path, digest=digest, size=int(size), blob=blob)
    found = _loaded(f"{{{line}}}")
    if not isinstance(found, dict) or len(found) != 1:
        raise InvalidManifest(rule="A line does not hold one entry")
    [(path, fields)] = found.items()
    return _entry(path, fields)


# A file with a common name, as nearly every line: read three times faster than by the JSON decoder.
_plain_line = re.compile(
    r'"([\w\-./ ]+)":\{"digest":"([\w+/=]+)","size":(0|[1-9][0-9]{0,17}),"blob":"([0-9a-f]+)"\}',
    re.ASCII,
).fullmatch


def _decode_whole(chunks: Iterable[bytes]) -> Iterator[Entry]:
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) > LARGEST_WHOLE:
            rule = f"It is not written in lines, and is larger than {LARGEST_WHOLE} bytes"
            raise InvalidManifest(rule=rule)
    found = _loaded(_text(bytes(held)))
    if not isinstance(found, dict) or "version" not in found:
        raise InvalidManifest(rule="Must contain version field.")
    version = found["version"]
    if type(version) is not int or version != 1:
        raise InvalidManifest(rule=f"Invalid manifest version. Expected 1, found {quoted(version)}")
    if found.get("storagePolicy") != _POLICY:
        policy = quoted(found.get("storagePolicy"))
        raise InvalidManifest(rule=f"Expected the storage policy {_POLICY!r}, found {policy!r}")
    contents = found.get("contents")
    if not isinstance(contents, dict):
        raise InvalidManifest(rule="Must contain contents, a mapping of paths to entries")
    for path in sorted(contents):
        yield _entry(path, contents[path])


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as broken:
        raise InvalidManifest(rule=f"It is not UTF-8: {broken}") from None


def _loaded(text: str) -> object:
    try:
        found: object = _decoder.decode(text)
    except InvalidManifest:
        raise
    except RecursionError:
        raise InvalidManifest(rule="It is nested too deeply") from None
    except ValueError as broken:
        raise InvalidManifest(rule=f"It is not JSON: {broken}") from None
    return found


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidManifest(rule="A key occurs twice in one object")
    return found


def _refuse_constant(constant: str) -> NoReturn:
    raise InvalidManifest(rule=f"JSON has no {constant}")


_decoder = json.JSONDecoder(object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)


def _entry(path: str, fields: object) -> Entry:
    if not isinstance(fields, dict):
        raise InvalidManifest(rule=f"{path!r} is not described by an object")
    # An entry examines what it is made of.
    known: dict[str, Any] = {name: fields.get(name) for name in ("digest", "blob", "ref", "extra")}
    size = fields.get("size")
    return Entry(path=path, size=0 if size is None else size, **known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What an event says of a manifest."""

    digest: str
    count: int
    size: int


class ManifestDigest:
    """The digest, count and size of an artifact's entries, taken while they pass by."""

    __slots__ = ("_last", "_taken", "count", "size")

    def __init__(self, *, algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> None:
        self._taken = hasher(algorithm)
        self._taken.update(MANIFEST_HEADER)
        self._last: str | None = None
        self.count = 0
        self.size = 0

    def add(self, entry: Entry) -> None:
        """Count *entry*, the next in the order of paths.

        Raises:
            InvalidManifest: It does not come after the one before.
        """
        self._last = next_path(entry.path, after=self._last)
        self._taken.update(manifest_line(entry.path, entry.digest))
        self.count += 1
        self.size += entry.size

    def watch(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Give *entries* on as they are taken, and count them."""
        for entry in entries:
            self.add(entry)
            yield entry

    @property
    def hexdigest(self) -> str:
        """The artifact's digest, of what was counted so far."""
        return self._taken.hexdigest()

    @property
    def totals(self) -> Totals:
        """What was counted so far."""
        return Totals(digest=self.hexdigest, count=self.count, size=self.size)
