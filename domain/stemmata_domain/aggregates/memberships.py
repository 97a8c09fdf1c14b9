"""A numbered line of versions with aliases: what an artifact and a collection have in common.

- Numbers start at 0, grow by one and are never given again.
- An alias names one version of the line; given to another version, it moves.
- `latest` is an alias like any other, but when its version leaves it moves to the newest that is left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from stemmata_domain.events import AliasAdded, AliasRemoved, Event
from stemmata_domain.persistent import PersistentMap

LATEST = "latest"
_NEAR = 100


class Memberships(NamedTuple):
    """Which version has which number, and which alias names which number."""

    # A named tuple, and built by hand: every event of a long stream makes one, and a frozen data class
    # takes three times as long to make, `replace` longer still. What is read of a map is read before it
    # is changed, because the newest map has what all share.

    next_index: int = 0
    newest: int | None = None
    versions: PersistentMap[int, str] = PersistentMap()
    indexes: PersistentMap[str, int] = PersistentMap()
    aliases: PersistentMap[str, int] = PersistentMap()
    aliases_on: PersistentMap[int, tuple[str, ...]] = PersistentMap()

    def with_version(self, index: int, version: str) -> Memberships:
        """Return the line with one more version."""
        return Memberships(
            index + 1,
            index,
            self.versions.insert(index, version),
            self.indexes.insert(version, index),
            self.aliases,
            self.aliases_on,
        )

    def without_version(self, index: int) -> Memberships:
        """Return the line without the version of this number."""
        version = self.versions.get(index)
        if version is None:
            return self
        return Memberships(
            self.next_index,
            self.newest_but(index),
            self.versions.discard(index),
            self.indexes.discard(version),
            self.aliases,
            self.aliases_on,
        )

    def with_alias(self, alias: str, index: int) -> Memberships:
        """Return the line in which *alias* names *index*, and nothing else."""
        aliases_on = self._bare_of(alias)
        named = (*(aliases_on.get(index) or ()), alias)
        return self._with_aliases(
            self.aliases.insert(alias, index), aliases_on.insert(index, named)
        )

    def without_alias(self, alias: str) -> Memberships:
        """Return the line in which *alias* names nothing."""
        if alias not in self.aliases:
            return self
        aliases_on = self._bare_of(alias)
        return self._with_aliases(self.aliases.discard(alias), aliases_on)

    def _with_aliases(
        self, aliases: PersistentMap[str, int], aliases_on: PersistentMap[int, tuple[str, ...]]
    ) -> Memberships:
        return Memberships(
            self.next_index, self.newest, self.versions, self.indexes, aliases, aliases_on
        )

    def _bare_of(self, alias: str) -> PersistentMap[int, tuple[str, ...]]:
        index = self.aliases.get(alias)
        if index is None:
            return self.aliases_on
        named = self.aliases_on.get(index) or ()
        if len(named) == 1:
            return self.aliases_on.discard(index)
        return self.aliases_on.insert(index, tuple(other for other in named if other != alias))

    def aliases_of(self, index: int) -> tuple[str, ...]:
        """Return the aliases that name *index*, in the order in which they came."""
        return self.aliases_on.get(index) or ()

    def newest_but(self, index: int) -> int | None:
        """Return the highest number in use other than *index*."""
        if self.newest is None or self.newest != index:
            return self.newest
        for near in range(index - 1, max(index - _NEAR, 0) - 1, -1):
            if near in self.versions:
                return near
        return max((number for number, _ in self.versions.items() if number < index), default=None)


def adding(line: Memberships, index: int, aliases: Iterable[str]) -> Iterator[Event]:
    """Yield what makes each of *aliases* name *index*; nothing for one that does already."""
    for alias in dict.fromkeys(aliases):
        holder = line.aliases.get(alias)
        if holder != index:
            yield AliasAdded(alias=alias, index=index, moved_from=holder)


def removing(
    line: Memberships, index: int, aliases: Iterable[str], *, but: Collection[str] = ()
) -> Iterator[Event]:
    """Yield what takes *aliases* from *index*; nothing for one that it does not have, or in *but*."""
    for alias in dict.fromkeys(aliases):
        if line.aliases.get(alias) == index and alias not in but:
            yield AliasRemoved(alias=alias, index=index)


def leaving(line: Memberships, index: int) -> Iterator[Event]:
    """Yield what becomes of the aliases when the version *index* leaves the line."""
    heir = line.newest_but(index)
    for alias in line.aliases_of(index):
        if alias == LATEST and heir is not None:
            yield AliasAdded(alias=alias, index=heir, moved_from=index)
        else:
            yield AliasRemoved(alias=alias, index=index)
