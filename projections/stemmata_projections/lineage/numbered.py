"""Ids of nodes that are known by their numbers."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload


class NumberedIds(Sequence[str]):
    """Ids of nodes of a graph in memory: how many there are is known at once, each is got when it is read.

    It equals a tuple of the same ids.
    """

    __slots__ = ("_ids", "_numbers")

    def __init__(self, ids: Sequence[str], levels: Iterable[list[int]]) -> None:
        """Know nodes by numbers, level by level; *ids* has the id of each number."""
        self._ids = ids
        self._numbers = array("i")
        for level in levels:
            self._numbers.fromlist(level)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(map(self._ids.__getitem__, self._numbers[index]))
        return self._ids[self._numbers[index]]

    def __iter__(self) -> Iterator[str]:
        return map(self._ids.__getitem__, self._numbers)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, tuple | NumberedIds):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))
