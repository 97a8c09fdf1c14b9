"""Text within markup, where no name can be taken for more than text."""

from __future__ import annotations

import unicodedata
from html import escape

LETTER = 7.0
"""Width of a letter in the size of labels, on average and a little more."""
_WIDE = 12.5
# What ends lines, moves cursors, or turns the direction of writing; and what XML has no place for.
_INVISIBLE = frozenset(("Cc", "Cs", "Zl", "Zp"))
_NEVER = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"
)


def visible(text: str) -> str:
    """Return a text as one line in which nothing acts: what would, is shown as its escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(ascii(c)[1:-1] if _acts(c) else c for c in text)


def _acts(character: str) -> bool:
    return character in _NEVER or unicodedata.category(character) in _INVISIBLE


def marked(text: str) -> str:
    """Return a text as markup shows it: in an element as well as in an attribute."""
    return escape(visible(text), quote=True)


def width_of(text: str) -> float:
    """Return about how wide a label is."""
    return sum(_WIDE if unicodedata.east_asian_width(c) in "WF" else LETTER for c in text)


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters; of a longer one, its two ends."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[-end:]}"
