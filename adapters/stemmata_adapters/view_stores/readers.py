"""How what databases hold becomes what was given to them: flags are kept as numbers, JSON as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, cast

import orjson

from stemmata_projections.tables import Row, Value

Reader: TypeAlias = Callable[[Value], Value]


def given_out(rows: Sequence[Row], readers: Sequence[tuple[int, Reader]]) -> Sequence[Row]:
    """Return rows as they are asked for; *readers* stand with the places of what they read."""
    if not readers:
        return rows
    found: list[Row] = []
    for row in rows:
        values = list(row)
        for place, reader in readers:
            values[place] = reader(values[place])
        found.append(tuple(values))
    return found


def _flag(stored: Value) -> Value:
    return None if stored is None else bool(stored)


def _from_json_text(stored: Value) -> Value:
    return None if stored is None else cast("Value", orjson.loads(cast("str", stored)))


READERS: Mapping[str, Reader] = {"json": _from_json_text, "flag": _flag}
