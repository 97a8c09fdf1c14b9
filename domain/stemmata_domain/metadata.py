"""What may be kept as the metadata of a version: JSON, and nothing that JSON cannot say.

- Metadata is a mapping, or the JSON text of one, of at most 100 keys; nested values are free.
- NaN becomes null. Infinity is refused: JSON has no word for it.
- Keys become text as JSON would write them; two keys that become the same are refused.
- Tuples, sets and arrays become lists (a set in a settled order), dates their ISO 8601 text.
- Integers keep within 64 bits and nesting within 100 levels, because the parsers that will read it,
  here and in other languages, stop somewhere behind that; the whole within 8 MiB and half a million
  values.
- What cannot be kept is refused, with the place where it stands.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import TypeAlias

from stemmata_domain.errors import InvalidMetadata, MetadataNotAMapping
from stemmata_domain.names import text_of, unstorable

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"

MOST_KEYS = 100
DEEPEST = 100
LARGEST = 8 * 1024 * 1024
MOST_VALUES = 500_000

_SMALLEST_INT = -(2**63)
_GREATEST_INT = 2**64 - 1
_OUT_OF_RANGE = "Out of range float values are not JSON compliant"


def normalize(value: object) -> dict[str, JsonValue]:
    """Return *value* as JSON would read it back; the caller's objects are left alone.

    None and an empty text are no metadata: an empty mapping.

    Raises:
        MetadataNotAMapping: It is something else than a mapping or the JSON text of one.
        InvalidMetadata: It has too many keys, or something that cannot be kept.
    """
    text = text_of(value)
    if text is not None:
        value = _loaded(text) if text else None
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MetadataNotAMapping(got=type(value).__name__)
    if len(value) > MOST_KEYS:
        rule = f"Artifact must not have more than {MOST_KEYS} metadata keys."
        raise InvalidMetadata(rule=rule)
    normal = _Normalization().mapping(value, None)
    if len(_written(normal).encode()) > LARGEST:
        raise _too_large()
    return normal


def _loaded(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_doubles)
    except InvalidMetadata:
        raise
    except RecursionError:
        raise InvalidMetadata(rule=f"it is nested deeper than {DEEPEST} levels") from None
    except ValueError as broken:
        raise InvalidMetadata(rule=f"it is no JSON text: {broken}") from None


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping: dict[str, object] = {}
    for name, value in pairs:
        if name in mapping:
            raise InvalidMetadata(rule=f"the key {name!r} occurs twice")
        mapping[name] = value
    return mapping


def _written(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _too_large() -> InvalidMetadata:
    return InvalidMetadata(rule=f"it is larger than {LARGEST} bytes as JSON")


def _too_many() -> InvalidMetadata:
    return InvalidMetadata(rule=f"it has more than {MOST_VALUES} values")


def _integer(number: int, where: _Place | None) -> int:
    if not _SMALLEST_INT <= number <= _GREATEST_INT:
        raise InvalidMetadata(rule=f"{_at(where)} is an integer of more than 64 bits")
    return int(number)


def _at(where: _Place | None) -> str:
    steps = []
    while where is not None:
        where, step = where
        steps.append(f"[{step!r}]")
    return "metadata" + "".join(reversed(steps))


_Place: TypeAlias = "tuple[_Place | None, str | int]"


class _Normalization:
    """One walk over somebody's objects, with the room that is left."""

    __slots__ = ("_around", "_room", "_values")

    def __init__(self) -> None:
        # Both count down on the way: a few objects that refer to each other many times over would
        # otherwise fill the memory before the text is measured.
        self._room = LARGEST
        self._values = MOST_VALUES
        self._around: set[int] = set()

    def mapping(self, value: Mapping[object, object], where: _Place | None) -> dict[str, JsonValue]:
        normal: dict[str, JsonValue] = {}
        self._enter(value, where)
        for key, inner in value.items():
            name = self._key(key, where)
            if name in normal:
                rule = f"{_at(where)} has two keys that are written {name!r}"
                raise InvalidMetadata(rule=rule)
            normal[name] = self._value(inner, (where, name))
        self._around.remove(id(value))
        return normal

    def _list(
        self, value: object, inners: Iterable[object], where: _Place | None
    ) -> list[JsonValue]:
        self._enter(value, where)
        normal = [self._value(inner, (where, index)) for index, inner in enumerate(inners)]
        self._around.remove(id(value))
        return normal

    def _value(self, value: object, where: _Place) -> JsonValue:
        self._values -= 1
        if self._values < 0:
            raise _too_many()
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value, where)
        if isinstance(value, int):
            return _integer(value, where)
        if isinstance(value, float):
            if math.isinf(value):
                raise InvalidMetadata(rule=f"{_OUT_OF_RANGE}: {_at(where)}")
            return None if math.isnan(value) else float(value)
        if isinstance(value, Mapping):
            return self.mapping(value, where)
        if isinstance(value, (list, tuple)):
            return self._list(value, value, where)
        if isinstance(value, (set, frozenset)):
            return sorted(self._list(value, value, where), key=_written)
        if isinstance(value, (date, time)):
            return self._text(value.isoformat(), where)
        return self._converted(value, where)

    def _converted(self, value: object, where: _Place) -> JsonValue:
        """Return the value of an array or a number of numpy's kind."""
        self._enter(value, where)
        self._values += 1  # what it becomes is counted, not the object itself
        try:
            size = getattr(value, "size", None)
            if isinstance(size, int) and size > self._values:
                raise _too_many()
            convert = getattr(value, "tolist", None) or getattr(value, "item", None)
            plain = convert() if callable(convert) else value
        except InvalidMetadata:
            raise
        except Exception:  # noqa: BLE001 -- an object of somebody else's may fail in any way
            plain = value
        if plain is value:
            kind = type(value).__name__
            raise InvalidMetadata(rule=f"{_at(where)} is of type {kind}, which JSON cannot hold")
        normal = self._value(plain, where)
        self._around.remove(id(value))
        return normal

    def _key(self, key: object, where: _Place | None) -> str:
        if isinstance(key, str):
            return self._text(key, where)
        if key is None or isinstance(key, bool):
            return _written(key)
        if isinstance(key, int):
            return str(_integer(key, where))
        if isinstance(key, float) and not math.isfinite(key):
            raise InvalidMetadata(rule=f"{_OUT_OF_RANGE}: a key of {_at(where)}")
        if isinstance(key, float):
            return repr(float(key))
        rule = f"a key of {_at(where)} must be str, int, float, bool or None, not "
        raise InvalidMetadata(rule=rule + type(key).__name__)

    def _text(self, value: str, where: _Place | None) -> str:
        text = str.__str__(value)
        if (found := unstorable(text)) is not None:
            raise InvalidMetadata(
                rule=f"{_at(where)} has the character {found!r}, which cannot be kept"
            )
        self._room -= len(text)
        if self._room < 0:
            raise _too_large()
        return text

    def _enter(self, value: object, where: _Place | None) -> None:
        if id(value) in self._around:
            raise InvalidMetadata(rule=f"{_at(where)} contains itself")
        if len(self._around) >= DEEPEST:
            raise InvalidMetadata(rule=f"{_at(where)} is nested deeper than {DEEPEST} levels")
        self._around.add(id(value))
