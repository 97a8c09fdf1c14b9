"""Answers that come page by page.

A cursor says where the next page starts, and to which question it belongs. It is opaque: a text that
may be kept, sent and given back, and nothing else. It holds no secret and is no permission.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import orjson
from pydantic import JsonValue

from stemmata_domain.errors import InvalidCursor, InvalidSetting
from stemmata_domain.names import quoted, text_of

T = TypeVar("T", covariant=True)

LONGEST_PAGE = 10_000
_LONGEST_CURSOR = 10_000
_CHECK = 8


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of what there is, in order.

    Attributes:
        cursor: Asks for the next page if it is given with the same question; None if this is the last.
    """

    items: tuple[T, ...]
    cursor: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def page_size(limit: int) -> int:
    """Return *limit* if a page may have this size.

    Raises:
        InvalidSetting: It is no whole number from 1 to 10,000.
    """
    if type(limit) is not int or not 1 <= limit <= LONGEST_PAGE:
        rule = f"give a whole number from 1 to {LONGEST_PAGE}"
        raise InvalidSetting(setting="limit", value=quoted(limit), rule=rule)
    return limit


def cursor_of(question: Sequence[JsonValue], place: Sequence[JsonValue]) -> str:
    """Return the cursor that goes on at *place* within the answer to *question*."""
    body = orjson.dumps(place)
    return urlsafe_b64encode(_check(question, body) + body).decode().rstrip("=")


def place_in(question: Sequence[JsonValue], cursor: str) -> Sequence[JsonValue]:
    """Return the place that :func:`cursor_of` put into a cursor.

    Raises:
        InvalidCursor: It is none, or belongs to another question.
    """
    if (text_of(cursor) or "") != cursor or len(cursor) > _LONGEST_CURSOR:
        raise InvalidCursor(cursor=quoted(cursor), rule="it is no cursor that a page came with")
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        place = orjson.loads(raw[_CHECK:])
    except ValueError as error:
        rule = "it is no cursor that a page came with"
        raise InvalidCursor(cursor=quoted(cursor), rule=rule) from error
    exact = cursor == urlsafe_b64encode(raw).decode().rstrip("=")
    if not exact or _check(question, raw[_CHECK:]) != raw[:_CHECK] or not isinstance(place, list):
        rule = "it belongs to another question, or was changed; ask as for the page it came with"
        raise InvalidCursor(cursor=quoted(cursor), rule=rule)
    return cast("Sequence[JsonValue]", place)


def _check(question: Sequence[JsonValue], body: bytes) -> bytes:
    asked = orjson.dumps(question, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(asked + b"\n" + body).digest()[:_CHECK]
