"""Orders: `[+|-]field`, and how things stand in one.

What a thing has nothing of comes first. Whatever is equal stands in the order of ids, so that an order
is total, and the same for every store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from stemmata_domain.codec import time_text
from stemmata_domain.errors import InvalidOrder
from stemmata_domain.names import quoted, text_of
from stemmata_projections.search.evaluation import Facts
from stemmata_projections.search.fields import Field, Kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """A field to order by, and whether the greatest comes first."""

    field: Field
    descends: bool


def parse_order(given: str | None, kind: Kind) -> Order | None:
    """Return the order that `[+|-]field` means.

    Raises:
        InvalidOrder: Things of this kind are not ordered so; the refusal says how they are.
    """
    if given is None:
        return None
    text = text_of(given) or ""
    name = text[1:] if text[:1] in ("+", "-") else text
    field = kind.known.get(name)
    if field is None or not field.orders:
        raise InvalidOrder(order=quoted(given), known=kind.orders())
    return Order(field, text.startswith("-"))


def ordered(
    things: Iterable[T], order: Order, *, facts: Callable[[T], Facts], id: Callable[[T], str]
) -> list[T]:
    """Return things in an order, equal ones by id."""

    def place(thing: T) -> tuple[bool, str | float]:
        value = facts(thing)[order.field.name]
        match value:
            case str():
                return True, value
            case datetime():
                return True, time_text(value)
            case int() | float():
                return True, value
        return False, ""

    by_id = sorted(things, key=id)
    return sorted(by_id, key=place, reverse=order.descends)
