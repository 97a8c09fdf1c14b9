"""What a command says, before anybody decides how it looks: a document and a page of blocks.

- The document is for programs: its keys are documented and stay.
- The page is for people: blocks, with an empty line between two of them.
- Both hold the same facts, complete; nothing here knows of a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Span:
    """Text in a style of its own, in rich's words."""

    text: str
    style: str


Text: TypeAlias = str | Span
Line: TypeAlias = Text | tuple[Text, ...]


def strong(text: str) -> Span:
    """Return text that catches the eye: the name that one came for."""
    return Span(text, "bold")


def faint(text: str) -> Span:
    """Return text that stands back: labels, and what is said in passing."""
    return Span(text, "dim")


def alarming(text: str) -> Span:
    """Return text that somebody has to know before going on."""
    return Span(text, "yellow")


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences, one below the other."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; without rows, nothing."""

    heads: tuple[str, ...]
    rows: Sequence[tuple[Text, ...]]
    title: Line = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one thing, each with its label; a fact may take several lines."""

    facts: tuple[tuple[str, Text | Sequence[Text]], ...]
    title: Line = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to copy, which are never broken."""

    text: str
    title: Line = ""


Block: TypeAlias = Lines | Table | Facts | Code


def sentences(*lines: Line) -> Lines:
    """Return a block of sentences."""
    return Lines(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """All that a command has to say."""

    document: Mapping[str, Json]
    page: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, whether it was asked for as a document, and the exit code that it comes with."""

    reply: Reply
    as_json: bool
    code: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """Lines that are said one by one while they are found, because together they may be too many.

    Attributes:
        at_once: Whether each is said as soon as it is found, because the next one may be long in coming.
    """

    lines: Iterator[str]
    at_once: bool = False
