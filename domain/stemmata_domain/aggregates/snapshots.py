"""Snapshots of states that hold many versions.

What a line knows both ways is written once: an index finds the number of a version or an alias, and the
column says what a number has. So a state of any size is open at once, and only what a command asks of it
is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypedDict, TypeVar

from stemmata_domain.aggregates.memberships import Memberships
from stemmata_domain.decider import Snapshots
from stemmata_domain.packed import Packed, Part, column, index, pack
from stemmata_domain.persistent import PersistentMap

State = TypeVar("State")


class LineFacts(TypedDict):
    """What is small of a line."""

    next_index: int
    newest: int | None


def snapshots(
    schema: int,
    facts: Callable[[State], dict[str, object]],
    parts: Callable[[State], dict[str, Part]],
    read: Callable[[Packed], State],
) -> Snapshots[State]:
    """Return how a state that has facts, columns and indexes is written down and read back."""
    return Snapshots(
        schema=schema,
        write=lambda state: pack(facts(state), parts(state)),
        read=lambda body: read(Packed(body)),
    )


def line_facts(line: Memberships) -> LineFacts:
    """Return what is small of a line."""
    return {"next_index": line.next_index, "newest": line.newest}


def line_parts(line: Memberships) -> dict[str, Part]:
    """Return what is large of a line."""
    return {
        "versions": column(line.versions),
        "indexes": index(line.indexes),
        "aliases_on": column(line.aliases_on),
        "aliases": index(line.aliases),
    }


def line_from(packed: Packed, facts: LineFacts) -> Memberships:
    """Return the line that was written."""
    versions = packed.column("versions", str)
    aliases_on: PersistentMap[int, tuple[str, ...]] = packed.column("aliases_on", tuple)
    return Memberships(
        next_index=facts["next_index"],
        newest=facts["newest"],
        versions=versions,
        indexes=packed.index("indexes", only(versions)),
        aliases=packed.index("aliases", lambda number: aliases_on.get(number) or ()),
        aliases_on=aliases_on,
    )


def only(values: PersistentMap[int, str]) -> Callable[[int], Collection[str]]:
    """Return what tells the one key of a number, or that it has none."""

    def keys(number: int) -> Collection[str]:
        found = values.get(number)
        return () if found is None else (found,)

    return keys
