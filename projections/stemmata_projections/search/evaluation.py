"""Tells whether a thing passes a filter; the same for every store, and without any failure.

- A field that holds a list (tags, aliases, lists in the metadata) passes a test if one of its items
  does, or the list as a whole.
- What is not there equals null and nothing else, has no order, and does not exist; it passes `$ne`,
  `$nin` and `$not`, which turn the answer round. So does an empty list of tags or aliases.
- A null in the metadata exists, and equals null.
- Patterns and `$contains` see a version's number as `vN`, and moments as ISO 8601 in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias, assert_never

from stemmata_domain.codec import time_text
from stemmata_projections.search.fields import Field
from stemmata_projections.search.filters import (
    Compares,
    Contains,
    Every,
    Exists,
    Fails,
    Filter,
    HasAll,
    HasSize,
    IsOneOf,
    Matches,
    Neither,
    Some,
    Test,
    Where,
)
from stemmata_projections.search.values import Value, identity, is_before, reached

Facts: TypeAlias = Mapping[str, Value]
"""What is known of a thing: a value for each field, by the field's own name. None is nothing."""


def passes(facts: Facts, filter: Filter) -> bool:
    """Return whether a thing passes a filter."""
    match filter:
        case Where(field, steps, tests):
            values = _found(facts, field, steps)
            return all(_holds(test, values, field) for test in tests)
        case Every(parts):
            return all(passes(facts, part) for part in parts)
        case Some(parts):
            return any(passes(facts, part) for part in parts)
        case Neither(parts):
            return not any(passes(facts, part) for part in parts)
        case _:
            assert_never(filter)


def _found(facts: Facts, field: Field, steps: tuple[str, ...]) -> list[Value]:
    """Return the values of a field; none if it is not there."""
    value = facts[field.name]
    if steps:
        return reached(value, steps)
    return [] if value is None else [value]


def _holds(test: Test, values: list[Value], field: Field) -> bool:
    match test:
        case IsOneOf(identities, _, null, deep):
            if null and _is_missing(values, field):
                return True
            return any(identity(each) in identities for each in _each(values, whole=deep))
        case HasAll(identities):
            has = {identity(each) for each in _each(values)}
            return bool(identities) and identities <= has
        case Compares(sense, operand):
            return any(is_before(each, sense, operand) for each in _each(values, whole=False))
        case Exists(wanted):
            return wanted is not _is_missing(values, field)
        case Matches(pattern):
            found = (_text(each, field) for each in _each(values, whole=False))
            return any(pattern.search(text.encode()) for text in found if text is not None)
        case Contains(part, whole):
            return _contains(values, part, whole, field)
        case HasSize(size):
            return any(isinstance(each, list) and len(each) == size for each in values)
        case Fails(tests):
            return not all(_holds(each, values, field) for each in tests)
        case _:
            assert_never(test)


def _is_missing(values: list[Value], field: Field) -> bool:
    return not values or (field.holds == "names" and values == [[]])


def _each(values: list[Value], *, whole: bool = True) -> list[Value]:
    """Return the values with the items of those that are lists; *whole*, those lists themselves too."""
    each: list[Value] = []
    for value in values:
        if isinstance(value, list):
            each += value
            if not whole:
                continue
        each.append(value)
    return each


def _contains(values: list[Value], part: str | None, whole: object, field: Field) -> bool:
    if part is not None:
        texts = (_text(each, field) for each in _each(values, whole=False))
        return any(part in text for text in texts if text is not None)
    lists = (each for each in values if isinstance(each, list))
    return any(identity(item) == whole for items in lists for item in items)


def _text(value: Value, field: Field) -> str | None:
    """Return how patterns see a value, if they do."""
    match value:
        case str():
            return value
        case datetime():
            return time_text(value)
        case int() if field.holds == "version":
            return f"v{value}"
    return None
