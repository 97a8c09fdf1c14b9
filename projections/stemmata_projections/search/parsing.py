"""Reads filters: from a mapping, or from the JSON text of one, into a tree.

- Every key of a mapping is a field or one of `$and`, `$or`, `$nor`, `$not`; several keys are all meant.
- What stands under a field is a value to be equal to, or a mapping of operators, all of which are meant.
- A filter is bounded in depth, in values and in text; beyond that it is refused, and not walked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from stemmata_domain.errors import DuplicateFilterFields, InvalidFilter, UnknownFilterFields
from stemmata_domain.names import quoted, text_of
from stemmata_projections.search.fields import Field, Kind
from stemmata_projections.search.filters import (
    EVERYTHING,
    Every,
    Fails,
    Filter,
    Neither,
    Some,
    Test,
    Where,
)
from stemmata_projections.search.operands import DEEPEST, LONGEST_TEXTS, Operands

MOST_STEPS = 50


def parse_filter(given: Mapping[str, object] | str | None, kind: Kind) -> Filter:
    """Return the tree of a filter for things of one kind; None and an empty one let all pass.

    Raises:
        InvalidFilter: It does not fit the language; the refusal says where.
    """
    text = text_of(given)
    found = _loaded(text) if text is not None else given
    if found is None:
        return EVERYTHING
    return _Reading(kind).filter(found, depth=0)


def _loaded(text: str) -> object:
    if len(text) > LONGEST_TEXTS:
        raise InvalidFilter(rule=f"it is longer than {LONGEST_TEXTS} characters")
    try:
        return json.loads(text, object_pairs_hook=_without_doubles)
    except InvalidFilter:
        raise
    except RecursionError:
        raise InvalidFilter(rule=f"it is nested deeper than {DEEPEST} levels") from None
    except ValueError as broken:
        raise InvalidFilter(rule=f"it is no JSON text: {broken}") from None


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for name, value in pairs:
        if name in mapping:
            raise DuplicateFilterFields(fields=(name, name))
        mapping[name] = value
    return mapping


class _Reading:
    """One walk over somebody's filter."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._operands = Operands()

    def filter(self, given: object, *, depth: int) -> Filter:
        if not isinstance(given, Mapping):
            raise InvalidFilter(rule=f"give a mapping of fields, not {quoted(given)}")
        self._enter(depth)
        keys = [self._key(key) for key in given]
        self._check(keys)
        parts = [
            self._logical(key, value, depth=depth)
            if key.startswith("$")
            else self._where(key, value, depth=depth)
            for key, value in zip(keys, given.values(), strict=True)
        ]
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _logical(self, operator: str, given: object, *, depth: int) -> Filter:
        if operator == "$not":
            return Neither((self.filter(given, depth=depth + 1),))
        if not isinstance(given, (list, tuple)) or not given:
            raise InvalidFilter(rule=f"{operator} takes a list of filters, not {quoted(given)}")
        parts = tuple(self.filter(each, depth=depth + 1) for each in given)
        match operator:
            case "$and":
                return Every(parts)
            case "$or":
                return Some(parts)
            case _:
                return Neither(parts)

    def _where(self, path: str, given: object, *, depth: int) -> Where:
        root, *steps = path.split(".")
        field = self._kind.known[root]
        if steps and field.holds != "metadata":
            raise InvalidFilter(rule=f"{path!r}: only metadata has something behind a dot")
        if len(steps) > MOST_STEPS:
            raise InvalidFilter(rule=f"{path[:40]!r}… has more than {MOST_STEPS} steps")
        return Where(field, tuple(steps), self._tests(field, given, depth=depth + 1))

    def _tests(self, field: Field, given: object, *, depth: int) -> tuple[Test, ...]:
        if not isinstance(given, Mapping):
            return (self._operands.equal((given,), field),)
        keys = [self._key(key) for key in given]
        operators = [key for key in keys if key.startswith("$")]
        if not operators:
            return (self._operands.equal((given,), field),)
        if len(operators) < len(keys):
            rule = f"under {field.name!r}, operators and keys stand side by side"
            raise InvalidFilter(rule=rule)
        self._enter(depth)
        return tuple(
            self._test(operator, operand, field, depth=depth)
            for operator, operand in zip(keys, given.values(), strict=True)
        )

    def _test(self, operator: str, operand: object, field: Field, *, depth: int) -> Test:
        match operator:
            case "$not":
                if not isinstance(operand, Mapping):
                    raise InvalidFilter(rule=f"$not takes operators, not {quoted(operand)}")
                return Fails(self._tests(field, operand, depth=depth + 1))
            case "$ne" | "$nin":
                return Fails((self._operands.test(operator, operand, field),))
            case "$and" | "$or" | "$nor":
                rule = f"{operator} stands beside fields, not under {field.name!r}"
                raise InvalidFilter(rule=rule)
        return self._operands.test(operator, operand, field)

    def _enter(self, depth: int) -> None:
        if depth > DEEPEST:
            raise InvalidFilter(rule=f"it is nested deeper than {DEEPEST} levels")
        self._operands.count()

    def _key(self, key: object) -> str:
        text = text_of(key)
        if text is None:
            raise InvalidFilter(rule=f"keys must be text, not {quoted(key)}")
        self._operands.count(texts=len(text))
        return text

    def _check(self, keys: Sequence[str]) -> None:
        """Refuse fields that there are not, and two names of one field."""
        known = self._kind.known
        unknown = []
        named: dict[tuple[str, str], list[str]] = {}
        for key in keys:
            root, _, rest = key.partition(".")
            if key.startswith("$"):
                if key not in _LOGICAL:
                    rule = f"there is no operator {key!r} beside fields; there are: "
                    raise InvalidFilter(rule=rule + ", ".join(_LOGICAL))
            elif root not in known:
                unknown.append(root)
            else:
                named.setdefault((known[root].name, rest), []).append(key)
        if unknown:
            raise UnknownFilterFields(fields=tuple(unknown), known=tuple(known))
        doubles = [each for each in named.values() if len(each) > 1]
        if doubles:
            raise DuplicateFilterFields(fields=tuple(doubles[0]))


_LOGICAL = ("$and", "$or", "$nor", "$not")
