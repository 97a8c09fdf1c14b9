"""How values compare, whatever they are: no comparison fails, none depends on a store.

- Values of different classes (numbers, texts, flags, times, lists, mappings, null) are never equal, and
  neither is before the other. A flag is not a number.
- Numbers compare by value, whether they are whole or not; texts by their code points.
- Lists are equal item by item, mappings key by key, in whatever order the keys stand.
- Flags, lists and mappings have no order.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import JsonValue

Value: TypeAlias = JsonValue | datetime
Ordered: TypeAlias = int | float | str | datetime
Sense: TypeAlias = Literal["$gt", "$gte", "$lt", "$lte"]

DEEPEST = 120
"""Nesting at which values stop to be equal to anything; what is stored ends before it."""


def identity(value: Value, *, depth: int = 0) -> Hashable:
    """Return what is equal for two values if and only if they are.

    Values nested deeper than :data:`DEEPEST` share one identity, which no filter can name.
    """
    match value:
        case None:
            return None
        case bool():
            return ("flag", value)
        case int() | float():
            return ("number", value)
        case str():
            return value
        case datetime():
            return ("time", value)
        case _ if depth > DEEPEST:
            return ("deep",)
        case list():
            return ("list", *(identity(each, depth=depth + 1) for each in value))
    return (
        "mapping",
        frozenset((key, identity(each, depth=depth + 1)) for key, each in value.items()),
    )


def is_before(value: Value, sense: Sense, other: Ordered) -> bool:
    """Return whether a value stands to another as *sense* says; false where they do not compare."""
    match value, other:
        case (bool(), _) | (_, bool()):
            return False
        case (int() | float() as left, int() | float() as right):
            return _holds(left < right, left == right, sense)
        case (str() as text, str() as second):
            return _holds(text < second, text == second, sense)
        case (datetime() as moment, datetime() as later):
            return _holds(moment < later, moment == later, sense)
    return False


def _holds(less: bool, equal: bool, sense: Sense) -> bool:
    match sense:
        case "$lt":
            return less
        case "$lte":
            return less or equal
        case "$gt":
            return not less and not equal
        case "$gte":
            return not less


def reached(value: Value, steps: tuple[str, ...]) -> list[Value]:
    """Return all values to which *steps* lead, from key to key.

    - A key that has dots itself is found too: `a.b` leads to `{"a": {"b": …}}` and to `{"a.b": …}`.
    - In a list a whole number leads to the item of this place; every key leads on through each item
      that is a mapping.
    """
    found: list[Value] = []
    _reach(value, steps, found, set())
    return found


def _reach(
    value: Value, steps: tuple[str, ...], found: list[Value], been: set[tuple[int, int]]
) -> None:
    if not steps:
        found.append(value)
        return
    # Through a list there are two ways on. Lists in lists would double the work at each level if what
    # was looked at once, with the same steps left, were looked at again.
    here = (id(value), len(steps))
    if here in been:
        return
    been.add(here)
    match value:
        case dict():
            for end in range(1, len(steps) + 1):
                key = ".".join(steps[:end])
                if key in value:
                    _reach(value[key], steps[end:], found, been)
        case list():
            place = _place(steps[0])
            if place is not None and place < len(value):
                _reach(value[place], steps[1:], found, been)
            for each in value:
                if isinstance(each, dict):
                    _reach(each, steps, found, been)


def _place(step: str) -> int | None:
    return int(step) if len(step) < _DIGITS and step.isascii() and step.isdigit() else None


_DIGITS = 10
