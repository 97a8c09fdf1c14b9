"""What a filter lets see before it is evaluated: what it is about, and which few things can pass."""

from __future__ import annotations

from collections.abc import Iterable

from stemmata_projections.search.filters import (
    Every,
    Filter,
    IsOneOf,
    Where,
)

MOST_VALUES = 50
"""Values that are looked up one by one; of more, everything is looked at."""


def mentioned(filter: Filter) -> frozenset[str]:
    """Return the names of the fields that a filter asks for."""
    if isinstance(filter, Where):
        return frozenset((filter.field.name,))
    return frozenset(name for part in filter.parts for name in mentioned(part))


def divided(filter: Filter, names: Iterable[str]) -> tuple[Filter, Filter]:
    """Return what of a filter asks for nothing but some fields, and the rest of it; both have to hold."""
    allowed = frozenset(names)
    parts = _conjuncts(filter)
    first = tuple(part for part in parts if mentioned(part) <= allowed)
    rest = tuple(part for part in parts if not mentioned(part) <= allowed)
    return Every(first), Every(rest)


def texts_for(filter: Filter, name: str) -> tuple[str, ...] | None:
    """Return texts of which a field has to be one, if a filter says so; None if it leaves it open."""
    found = _operands(filter, name)
    if found is None:
        return None
    # What is no text is no name of anything, and passes nowhere.
    return tuple(each for each in found if isinstance(each, str))


def numbers_for(filter: Filter, name: str) -> tuple[int, ...] | None:
    """Return numbers of which a field has to be one, if a filter says so; None if it leaves it open."""
    found = _operands(filter, name)
    if found is None:
        return None
    return tuple(
        int(each)
        for each in found
        if isinstance(each, (int, float))
        and not isinstance(each, bool)
        and each == int(each)
        and 0 <= each < _LARGEST
    )


_LARGEST = 2**62


def _operands(filter: Filter, name: str) -> tuple[object, ...] | None:
    found = [
        test.operands
        for part in _conjuncts(filter)
        if isinstance(part, Where) and part.field.name == name and not part.steps
        for test in part.tests
        if isinstance(test, IsOneOf) and not test.null and not test.deep
    ]
    fewest = min(found, key=len, default=None)
    return None if fewest is None or len(fewest) > MOST_VALUES else fewest


def _conjuncts(filter: Filter) -> tuple[Filter, ...]:
    if isinstance(filter, Every):
        return tuple(part for each in filter.parts for part in _conjuncts(each))
    return (filter,)
