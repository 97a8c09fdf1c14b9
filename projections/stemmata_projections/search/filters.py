"""Filters as trees: what a parsed filter is made of.

The language is like MongoDB's, and the same for every store, since it is evaluated here. A tree is
frozen and bounded, so that whatever became one can be evaluated.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TypeAlias

from stemmata_projections.search.fields import Field
from stemmata_projections.search.patterns import Pattern
from stemmata_projections.search.values import Ordered, Sense, Value

# --- tests of one value ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IsOneOf:
    """The value, or an item of it, equals one of these: `$eq` of one, `$in` of several.

    Attributes:
        identities: Of what it may equal.
        operands: The same as they were given, for who looks things up.
        null: Whether nothing at all will do, too.
        deep: Whether lists or mappings are among them.
    """

    identities: frozenset[Hashable]
    operands: tuple[Value, ...]
    null: bool
    deep: bool


@dataclass(frozen=True, slots=True)
class HasAll:
    """Each of these equals the value or an item of it: `$all`."""

    identities: frozenset[Hashable]


@dataclass(frozen=True, slots=True)
class Compares:
    """The value, or an item of it, is before or behind another: `$gt`, `$gte`, `$lt`, `$lte`."""

    sense: Sense
    operand: Ordered


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a value, or there is none: `$exists`."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class Matches:
    """A pattern is found in the text, or in an item of it: `$regex`."""

    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Contains:
    """The text, or an item of it, has this text in it; or a list has it as an item: `$contains`."""

    part: str | None
    identity: Hashable


@dataclass(frozen=True, slots=True)
class HasSize:
    """The list has this many items: `$size`."""

    size: int


@dataclass(frozen=True, slots=True)
class Fails:
    """Not all of these tests hold: `$not`, `$ne`, `$nin`."""

    tests: tuple[Test, ...]


Test: TypeAlias = IsOneOf | HasAll | Compares | Exists | Matches | Contains | HasSize | Fails

# --- filters of things -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Where:
    """A field, or what its steps lead to in the metadata, passes all of these tests."""

    field: Field
    steps: tuple[str, ...]
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Every:
    """Each of these holds: `$and`, and several keys side by side. Of none, everything."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these holds: `$or`."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Neither:
    """None of these holds: `$nor`, and `$not` of one."""

    parts: tuple[Filter, ...]


Filter: TypeAlias = Where | Every | Some | Neither

EVERYTHING = Every(())
