"""Maps written down so that they are open at once: what is asked for is looked up in the bytes.

- A column has a value for each number, in blocks of neighbouring numbers. A block is decoded when it is
  first asked for, and only blocks that have changed are encoded when the column is written again.
- An index finds the number of a key. It holds hashes and numbers, sorted; the keys themselves are asked
  of a column.
- All of it is under a checksum, so that nothing is decided by damaged bytes.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Generic, TypeVar
from zlib import compress, crc32, decompress

import orjson

from stemmata_domain.persistent import PersistentMap

V = TypeVar("V")

_BLOCK_BITS = 8
_IN_BLOCK = (1 << _BLOCK_BITS) - 1
_NUMBER_BITS = 32
_NUMBER = (1 << _NUMBER_BITS) - 1
_WIDTH = 4
_FAST = 1


class PackedColumn(Generic[V]):
    """What numbers have, as it was written."""

    __slots__ = ("_decoded", "_read", "blocks")

    def __init__(self, blocks: Mapping[int, memoryview], read: Callable[[Any], V]) -> None:
        """Take the blocks by their places; *read* makes a value of what JSON has for it."""
        self.blocks = blocks
        self._read = read
        self._decoded: dict[int, list[Any]] = {}

    def get(self, number: int) -> V | None:
        """Return what the number has, or None."""
        place = number >> _BLOCK_BITS
        row = self._decoded.get(place)
        if row is None:
            row = self._decoded[place] = self.row(place)
        at = number & _IN_BLOCK
        found = row[at] if at < len(row) else None
        return None if found is None else self._read(found)

    def row(self, place: int) -> list[Any]:
        """Return a block as JSON has it, to be changed at will."""
        block = self.blocks.get(place)
        row: list[Any] = [] if block is None else orjson.loads(decompress(block))
        return row

    def items(self) -> Iterator[tuple[int, V]]:
        """Yield the numbers that have something, and what they have."""
        for place in self.blocks:
            for number, found in enumerate(self.row(place), place << _BLOCK_BITS):
                if found is not None:
                    yield number, self._read(found)

    def __contains__(self, number: int) -> bool:
        return self.get(number) is not None


class PackedIndex:
    """The numbers of keys, as they were written."""

    __slots__ = ("_keys", "entries")

    def __init__(self, entries: memoryview, keys: Callable[[int], Collection[str]]) -> None:
        """Take the sorted entries; *keys* tells what a number is called."""
        self.entries = entries
        self._keys = keys

    def get(self, key: str) -> int | None:
        """Return the number of a key, or None."""
        hashed = _hash(key)
        at = bisect_left(self.entries, hashed << _NUMBER_BITS)
        for entry in self.entries[at:]:
            if entry >> _NUMBER_BITS != hashed:
                break
            if key in self._keys(entry & _NUMBER):
                return int(entry & _NUMBER)
        return None

    def items(self) -> Iterator[tuple[str, int]]:
        """Yield the keys and their numbers."""
        for entry, _ in groupby(self.entries):
            number = entry & _NUMBER
            for key in self._keys(number):
                if _hash(key) == entry >> _NUMBER_BITS:
                    yield key, number

    def is_alone(self, key: str, number: int) -> bool:
        """Whether no other key of the number has the same entry."""
        return sum(_hash(other) == _hash(key) for other in self._keys(number)) == 1

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None


def _hash(key: str) -> int:
    # A name that was asked for may be no valid text, and is then nobody's.
    return crc32(key.encode("utf-8", "surrogatepass"))


def _entry(key: str, number: int) -> int:
    if number >> _NUMBER_BITS:
        rule = f"{number} does not fit into an index"
        raise OverflowError(rule)
    return _hash(key) << _NUMBER_BITS | number


Part = Mapping[int, bytes | memoryview]
"""Bytes by their places."""


def column(values: PersistentMap[int, Any]) -> Part:
    """Return a column of what JSON can hold."""
    base, over = values.layers()
    packed = base if isinstance(base, PackedColumn) else None
    written: dict[int, bytes | memoryview] = {} if packed is None else dict(packed.blocks)
    changes: defaultdict[int, list[tuple[int, Any]]] = defaultdict(list)
    for number, value in values.items() if packed is None else over:
        changes[number >> _BLOCK_BITS].append((number & _IN_BLOCK, value))
    for place, changed in changes.items():
        row = [] if packed is None else packed.row(place)
        row += [None] * (1 + max(at for at, _ in changed) - len(row))
        for at, value in changed:
            row[at] = value
        # Neighbours are much alike: ids of versions take a tenth of the room then.
        written[place] = compress(orjson.dumps(row), _FAST)
    return written


def index(values: PersistentMap[str, int]) -> Part:
    """Return an index.

    Raises:
        OverflowError: A number is negative, or 2**32 or more.
    """
    base, over = values.layers()
    if isinstance(base, PackedIndex):
        changes = list(over)
        gone = {
            _entry(key, number)
            for key, _ in changes
            if (number := base.get(key)) is not None and base.is_alone(key, number)
        }
        entries = base.entries.tolist()
        if gone:
            entries = [entry for entry in entries if entry not in gone]
    else:
        changes, entries = list(values.items()), []
    entries += [_entry(key, number) for key, number in changes if number is not None]
    # What was sorted before is one run to the sort, which costs little then.
    entries.sort()
    return {0: array("Q", entries).tobytes()}


def pack(facts: Mapping[str, object], parts: Mapping[str, Part]) -> bytes:
    """Return what :class:`Packed` reads.

    Args:
        facts: What is small, as JSON can hold it.
        parts: Columns and indexes, by their names.
    """
    sizes = {
        name: (list(part), [len(chunk) for chunk in part.values()]) for name, part in parts.items()
    }
    head = orjson.dumps((facts, sizes))
    chunks: list[bytes | memoryview] = [len(head).to_bytes(_WIDTH, "little"), head]
    for part in parts.values():
        chunks += part.values()
    return b"".join([_checksum(chunks), *chunks])


def _checksum(chunks: Iterable[bytes | memoryview]) -> bytes:
    # Indexes are in the machine's own order of bytes: to another kind of machine they are damaged.
    found = crc32(sys.byteorder.encode())
    for chunk in chunks:
        found = crc32(chunk, found)
    return found.to_bytes(_WIDTH, "little")


class Packed:
    """Columns and indexes in one piece of bytes.

    Attributes:
        facts: What is small, from JSON.
    """

    def __init__(self, body: bytes) -> None:
        """Find where things are; nothing else is decoded.

        Raises:
            ValueError, LookupError, TypeError: The bytes are damaged, or of another kind.
        """
        whole = memoryview(body)
        if _checksum([whole[_WIDTH:]]) != whole[:_WIDTH]:
            rule = "the bytes are not those that were written"
            raise ValueError(rule)
        at = 2 * _WIDTH + int.from_bytes(whole[_WIDTH : 2 * _WIDTH], "little")
        self.facts, sizes = orjson.loads(whole[2 * _WIDTH : at])
        self._parts: dict[str, dict[int, memoryview]] = {}
        for name, (places, lengths) in sizes.items():
            part = self._parts[name] = {}
            for place, length in zip(places, lengths, strict=True):
                part[place] = whole[at : at + length]
                at += length

    def column(self, name: str, read: Callable[[Any], V]) -> PersistentMap[int, V]:
        """Return a column as a map; *read* makes a value of what JSON has for it."""
        return PersistentMap(PackedColumn(self._parts[name], read))

    def index(self, name: str, keys: Callable[[int], Collection[str]]) -> PersistentMap[str, int]:
        """Return an index as a map; *keys* tells what a number is called."""
        return PersistentMap(PackedIndex(self._parts[name][0].cast("Q"), keys))
