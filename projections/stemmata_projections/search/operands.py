"""The operands of a filter: each operator with what it takes, made into a test.

Every value that stands in a filter passes here. It is counted, so that a filter is bounded as a whole,
and refused where it is none of those that JSON has (or a moment, for a field that holds moments).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import cast

from stemmata_domain.errors import InvalidFilter
from stemmata_domain.names import quoted, text_of, unstorable, version_index
from stemmata_projections.search.fields import Field
from stemmata_projections.search.filters import (
    Compares,
    Contains,
    Exists,
    HasAll,
    HasSize,
    IsOneOf,
    Matches,
    Test,
)
from stemmata_projections.search.patterns import compiled
from stemmata_projections.search.values import Sense, Value, identity

DEEPEST = 32
MOST_VALUES = 20_000
LONGEST_TEXTS = 1_000_000


class Operands:
    """Reads the values of one filter, and keeps count of them."""

    def __init__(self) -> None:
        self._values = MOST_VALUES
        self._room = LONGEST_TEXTS

    def count(self, *, texts: int = 0) -> None:
        """Take note of one more value.

        Raises:
            InvalidFilter: There are too many by now.
        """
        self._values -= 1
        self._room -= texts
        if self._values < 0:
            raise InvalidFilter(rule=f"it has more than {MOST_VALUES} values")
        if self._room < 0:
            raise InvalidFilter(rule=f"its texts are longer than {LONGEST_TEXTS} characters")

    def test(self, operator: str, operand: object, field: Field) -> Test:
        """Return the test that *operator* with *operand* stands for.

        Raises:
            InvalidFilter: There is no such operator, or it does not take this operand.
        """
        match operator:
            case "$eq" | "$ne":
                return self.equal((operand,), field)
            case "$in" | "$nin":
                return self.equal(self._listed(operator, operand), field)
            case "$all":
                values = self._completed(self._listed(operator, operand), field)
                return HasAll(frozenset(identity(each) for each in values))
            case "$gt" | "$gte" | "$lt" | "$lte":
                return self._compared(operator, operand, field)
            case "$exists":
                if type(operand) is bool:
                    return Exists(operand)
                raise _takes(operator, "true or false", operand)
            case "$regex":
                return self._pattern(operand)
            case "$contains":
                return self._contained(operand, field)
            case "$size":
                if type(operand) is int and operand >= 0:
                    return HasSize(operand)
                raise _takes(operator, "a whole number from 0 on", operand)
        known = ", ".join(OPERATORS)
        raise InvalidFilter(rule=f"there is no operator {operator!r}; there are: {known}")

    def equal(self, operands: tuple[object, ...], field: Field) -> IsOneOf:
        """Return the test for being equal to one of some operands."""
        values = self._completed(operands, field)
        return IsOneOf(
            identities=frozenset(identity(each) for each in values),
            operands=values,
            null=None in values,
            deep=any(isinstance(each, (list, dict)) for each in values),
        )

    def _completed(self, operands: tuple[object, ...], field: Field) -> tuple[Value, ...]:
        return tuple(_as_held(self._value(each), field) for each in operands)

    def _compared(self, operator: Sense, operand: object, field: Field) -> Compares:
        value = _as_held(self._value(operand), field)
        if isinstance(value, bool) or not isinstance(value, (int, float, str, datetime)):
            raise _takes(operator, "a number or a text", operand)
        return Compares(operator, value)

    def _pattern(self, operand: object) -> Matches:
        value = self._value(operand)
        if not isinstance(value, str):
            raise _takes("$regex", "a text", operand)
        return Matches(compiled(value))

    def _contained(self, operand: object, field: Field) -> Contains:
        value = self._value(operand)
        if not isinstance(value, str):
            return Contains(None, identity(value))
        if not value.startswith(field.completed):
            value = field.completed + value
        return Contains(value, identity(value))

    def _listed(self, operator: str, operand: object) -> tuple[object, ...]:
        if isinstance(operand, (list, tuple, set, frozenset)):
            return tuple(operand)
        raise _takes(operator, "a list", operand)

    def _value(self, operand: object, depth: int = 0) -> Value:
        """Return an operand as a value of ours."""
        text = text_of(operand)
        self.count(texts=0 if text is None else len(text))
        if text is not None:
            return _sound(text)
        match operand:
            case None | bool():
                return operand
            case int():
                return int(operand)
            case float() if math.isfinite(operand):
                return float(operand)
            case date():
                return _moment(operand)
            case _ if depth > DEEPEST:
                raise InvalidFilter(rule=f"it is nested deeper than {DEEPEST} levels")
            case list() | tuple():
                return [cast("None", self._value(each, depth + 1)) for each in operand]
            case Mapping():
                return {
                    self._key(key): cast("None", self._value(each, depth + 1))
                    for key, each in operand.items()
                }
        raise InvalidFilter(rule=f"{quoted(operand)} is nothing that could be compared with")

    def _key(self, key: object) -> str:
        text = text_of(key)
        if text is None:
            raise InvalidFilter(rule=f"keys must be text, not {quoted(key)}")
        self.count(texts=len(text))
        return _sound(text)


OPERATORS = (
    *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin"),
    *("$and", "$or", "$nor", "$not", "$exists", "$regex", "$contains", "$size", "$all"),
)


def _takes(operator: str, what: str, operand: object) -> InvalidFilter:
    return InvalidFilter(rule=f"{operator} takes {what}, not {quoted(operand)}")


def _sound(text: str) -> str:
    if unstorable(text):
        raise InvalidFilter(rule=f"{text!r} has what no text here can have")
    return text


def _moment(value: date) -> datetime:
    """Return a moment that was given as an object: a date begins in UTC, a time tells its zone."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.utcoffset() is None:
        rule = f"{value.isoformat(sep=' ')} has no time zone; give one, or give the time as a text"
        raise InvalidFilter(rule=rule)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidFilter(rule=f"{value.isoformat()} is out of range in UTC") from None


def _as_held(value: Value, field: Field) -> Value:
    """Return an operand as the field holds what it is compared with."""
    match field.holds, value:
        case ("text", str()):
            return value if value.startswith(field.completed) else field.completed + value
        case ("version", str()):
            number = version_index(value)
            return value if number is None else number
        case ("time", str()):
            return _parsed(value, field)
        case ("time", datetime() | None):
            return value
        case ("time", _):
            raise InvalidFilter(rule=_TIME.format(field=field.name, value=quoted(value)))
        case (_, datetime()):
            raise InvalidFilter(
                rule=f"{field.name!r} holds no times, as {value.isoformat()} is one"
            )
    return value


_TIME = "{field!r} takes YYYY-MM-DD[ HH:MM:SS] in UTC, or ISO 8601 with a time zone, not {value!r}"


def _parsed(text: str, field: Field) -> datetime:
    try:
        # Weeks and other rarities of ISO 8601 differ between Pythons; a date has dashes in all.
        found = datetime.fromisoformat(text) if text[4:5] == "-" and text[7:8] == "-" else None
        if found is not None and found.utcoffset() is None:
            found = found.replace(tzinfo=UTC)
        if found is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidFilter(rule=_TIME.format(field=field.name, value=text))
