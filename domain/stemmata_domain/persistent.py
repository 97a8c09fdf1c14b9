"""A map that can be shared while it grows: each change gives a new map, and costs the same at any size.

A state that was loaded from a snapshot starts from what looks things up in its bytes, and one that was
folded from a plain dict; what changes afterwards is laid over it in a hash trie. What is below is never
written to, so any number of states may share it.

Where many changes come at once and nobody sees what is in between, as when a long stream is folded, the
maps of a state are let `grow` in place, and are `settled` when it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Generic, Protocol, TypeVar, cast

from rpds import HashTrieMap

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)
State = TypeVar("State")


class _Gone:
    """Marks a key of the base that was discarded."""


_GONE = _Gone()
_NOTHING_OVER: HashTrieMap[object, object] = HashTrieMap()


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

    __slots__ = ("_base", "_over")

    def __init__(self, base: Base[K, V] | None = None) -> None:
        """Take *base* as it is; the caller must not change it afterwards."""
        self._base: Base[K, V] = cast("dict[K, V]", {}) if base is None else base
        self._over = cast("HashTrieMap[K, V | _Gone]", _NOTHING_OVER)

    def _with(self, over: HashTrieMap[K, V | _Gone]) -> PersistentMap[K, V]:
        changed: PersistentMap[K, V] = PersistentMap.__new__(PersistentMap)
        changed._base = self._base
        changed._over = over
        return changed

    def get(self, key: K) -> V | None:
        """Return the value of *key*, or None."""
        found = self._over.get(key)
        if found is None:
            return self._base.get(key)
        return None if found is _GONE else cast("V", found)

    def insert(self, key: K, value: V) -> PersistentMap[K, V]:
        """Return a map in which *key* has *value*, which must not be None."""
        return self._with(self._over.insert(key, value))

    def discard(self, key: K) -> PersistentMap[K, V]:
        """Return a map without *key*."""
        if key in self._base:
            return self._with(self._over.insert(key, _GONE))
        return self._with(self._over.remove(key)) if key in self._over else self

    def items(self) -> Iterator[tuple[K, V]]:
        """Yield the pairs, those that changed last of all."""
        over = self._over
        for key, value in self._base.items():
            if key not in over:
                yield key, value
        for key, found in over.items():
            if found is not _GONE:
                yield key, cast("V", found)

    def layers(self) -> tuple[Base[K, V], Iterator[tuple[K, V | None]]]:
        """Return what the map started from, and what has changed since: None for what was discarded."""
        over = ((key, None if found is _GONE else found) for key, found in self._over.items())
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


class _Growing(PersistentMap[K, V]):
    """A map that is changed in place, and gives itself."""

    __slots__ = ("_own",)

    def __init__(self, grown_from: PersistentMap[K, V]) -> None:
        self._base = grown_from._base
        self._own: dict[K, V | _Gone] = dict(grown_from._over.items())
        # What is read and not changed is read in both kinds alike.
        self._over = cast("HashTrieMap[K, V | _Gone]", self._own)

    def insert(self, key: K, value: V) -> PersistentMap[K, V]:
        self._own[key] = value
        return self

    def discard(self, key: K) -> PersistentMap[K, V]:
        if key in self._base:
            self._own[key] = _GONE
        else:
            self._own.pop(key, None)
        return self

    def settled(self) -> PersistentMap[K, V]:
        if isinstance(self._base, dict) and not self._base:
            # Nothing was there to be gone from.
            return PersistentMap(cast("dict[K, V]", self._own))
        return PersistentMap(self._base)._with(HashTrieMap(self._own))


def growing(state: State) -> State:
    """Return a state equal to *state*, a data class, whose maps are changed in place.

    Only who holds it alone may change it: nothing that was made from it before stays what it was.
    """
    return _with_maps(state, lambda kept: kept if isinstance(kept, _Growing) else _Growing(kept))


def settled(state: State) -> State:
    """Return *state*, which is used no more, as one whose maps can be shared again."""
    return _with_maps(state, lambda kept: kept.settled() if isinstance(kept, _Growing) else kept)


def _with_maps(
    state: State, change: Callable[[PersistentMap[Any, Any]], PersistentMap[Any, Any]]
) -> State:
    # A class is a data class too, but no state is one.
    if not is_dataclass(state) or isinstance(state, type):
        return state
    changed: dict[str, object] = {}
    for field in fields(state):
        value = getattr(state, field.name)
        if isinstance(value, PersistentMap):
            changed[field.name] = change(value)
        elif is_dataclass(value):
            changed[field.name] = _with_maps(value, change)
    return replace(state, **changed)
