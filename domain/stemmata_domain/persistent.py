"""A map that can be shared while it grows: each change gives a new map, and costs the same at any size.

A state that was loaded from a snapshot starts from what looks things up in its bytes, which is never
written to; what changes afterwards is laid over it in a dict. All maps that grew out of each other share
that dict, which is the newest one's. A map that was changed keeps what was different in it, and which map
came of it. Asked again, it takes the dict back, change by change: that is for a command which was refused
halfway, and no way to go to and fro. One thread at a time may use maps that grew out of each other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar, cast

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


class _Gone:
    """Marks a key of the base that was discarded."""


_GONE = _Gone()


class Base(Protocol[K, V_co]):
    """What a map can start from: a dict, or what is like one. Its values are not None."""

    def get(self, key: K, /) -> V_co | None:
        """Return the value of *key*, or None."""
        ...

    def items(self) -> Iterable[tuple[K, V_co]]:
        """Return the pairs."""
        ...

    def __contains__(self, key: K, /) -> bool: ...


class PersistentMap(Generic[K, V]):
    """An immutable mapping with cheap insertion, removal and bulk creation."""

    __slots__ = ("_base", "_key", "_newer", "_over", "_value")

    # A command makes several, and a long stream hundreds of thousands; hence as few calls as can be.

    def __init__(
        self, base: Base[K, V] | None = None, over: dict[K, V | _Gone] | None = None
    ) -> None:
        """Take *base* as it is; the caller must not change it afterwards."""
        self._base: Base[K, V] = cast("dict[K, V]", {}) if base is None else base
        self._over: dict[K, V | _Gone] | None = {} if over is None else over

    def get(self, key: K) -> V | None:
        """Return the value of *key*, or None."""
        over = self._over
        found = (self._taken_back() if over is None else over).get(key)
        if found is None:
            return self._base.get(key)
        return None if found is _GONE else cast("V", found)

    def insert(self, key: K, value: V) -> PersistentMap[K, V]:
        """Return a map in which *key* has *value*, which must not be None."""
        return self._with(key, value)

    def _with(self, key: K, value: V | _Gone) -> PersistentMap[K, V]:
        over = self._over
        if over is None:
            over = self._taken_back()
        if not over:
            # Where nothing has changed yet many may begin, who have nothing else in common.
            return PersistentMap(self._base, {key: value})
        newer = PersistentMap(self._base, over)
        self._over, self._newer = None, newer
        self._key, self._value = key, over.get(key)
        over[key] = value
        return newer

    def discard(self, key: K) -> PersistentMap[K, V]:
        """Return a map without *key*."""
        over = self._all_over()
        if key in self._base:
            return self if over.get(key) is _GONE else self._with(key, _GONE)
        if key not in over:
            return self
        newer = PersistentMap(self._base, over)
        self._over, self._newer = None, newer
        self._key, self._value = key, over.pop(key)
        return newer

    def _all_over(self) -> dict[K, V | _Gone]:
        """Return what has changed since the base, in the dict that is shared."""
        return self._taken_back() if self._over is None else self._over

    def _taken_back(self) -> dict[K, V | _Gone]:
        """Undo in the dict what newer maps have changed, which keep from now on what was undone."""
        older: list[PersistentMap[K, V]] = []
        each = self
        while each._over is None:
            older.append(each)
            each = each._newer
        over = each._over
        for each in reversed(older):
            key, value, newer = each._key, each._value, each._newer
            newer._over, newer._newer = None, each
            newer._key, newer._value = key, over.get(key)
            if value is None:
                del over[key]
            else:
                over[key] = value
        self._over = over
        return over

    def items(self) -> Iterator[tuple[K, V]]:
        """Yield the pairs, those that changed last of all.

        They are to be read before any map is changed or asked that this one grew out of, or into.
        """
        over = self._all_over()
        for key, value in self._base.items():
            if key not in over:
                yield key, value
        for key, found in over.items():
            if found is not _GONE:
                yield key, cast("V", found)

    def layers(self) -> tuple[Base[K, V], Iterator[tuple[K, V | None]]]:
        """Return what the map started from, and what has changed since: None for what was discarded."""
        over = ((key, None if found is _GONE else found) for key, found in self._all_over().items())
        return self._base, cast("Iterator[tuple[K, V | None]]", over)

    def __contains__(self, key: K) -> bool:
        return self.get(key) is not None

    def __len__(self) -> int:
        return sum(1 for _ in self.items())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PersistentMap):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    def __hash__(self) -> int:
        return hash(frozenset(self.items()))

    def __repr__(self) -> str:
        return f"PersistentMap({dict(self.items())!r})"
