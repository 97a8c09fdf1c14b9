"""Snapshots of states that hold many versions, as compact JSON.

A line of 100 000 versions is read back in a few tens of milliseconds, because lists are turned into
plain dicts without an object per version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar, cast

import orjson

from stemmata_domain.aggregates.memberships import Memberships
from stemmata_domain.decider import Snapshots
from stemmata_domain.persistent import PersistentMap

State = TypeVar("State")


class LineJson(TypedDict):
    """`versions` has the version's id, or null, at the place of each number."""

    versions: list[str | None]
    aliases: dict[str, int]


def snapshots(
    schema: int,
    to_json: Callable[[State], dict[str, object]],
    from_json: Callable[[dict[str, object]], State],
) -> Snapshots[State]:
    """Return how a state that has a JSON form is written down and read back."""
    return Snapshots(
        schema=schema,
        write=lambda state: orjson.dumps(to_json(state)),
        read=lambda body: from_json(orjson.loads(body)),
    )


def line_to_json(line: Memberships) -> LineJson:
    """Return the line as JSON."""
    return {
        "versions": by_index(line.versions, line.next_index),
        # Version by version, because the order of a version's aliases is part of the state.
        "aliases": {a: index for index, names in line.aliases_on.items() for a in names},
    }


def line_from_json(body: object) -> Memberships:
    """Return the line that :func:`line_to_json` wrote."""
    line = cast("LineJson", body)
    versions = {i: version for i, version in enumerate(line["versions"]) if version is not None}
    aliases_on: dict[int, tuple[str, ...]] = {}
    for alias, index in line["aliases"].items():
        aliases_on[index] = (*aliases_on.get(index, ()), alias)
    return Memberships(
        next_index=len(line["versions"]),
        newest=next(reversed(versions), None),
        versions=PersistentMap(versions),
        indexes=PersistentMap({version: i for i, version in versions.items()}),
        aliases=PersistentMap(line["aliases"]),
        aliases_on=PersistentMap(aliases_on),
    )


def by_index(values: PersistentMap[int, str], length: int) -> list[str | None]:
    """Return the values at the places of their keys, None where there is none."""
    row: list[str | None] = [None] * length
    for index, value in values.items():
        row[index] = value
    return row
