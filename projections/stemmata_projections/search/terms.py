"""Terms: the words by which texts are found, and those that a question asks for.

- A text is taken in Unicode's NFKC form without upper and lower case, so that full-width letters and
  ligatures are the letters they stand for.
- Words end at whatever is neither letter, digit nor mark: `digits-v2` has `digits` and `v2`.
- A word has its parts as terms too: `ResNet50` is found by `resnet50`, by `net` and by `50`.
- Scripts that do without spaces (Chinese characters, kana, Thai, …) are found by each two neighbours,
  and by the last one for itself; a question of one letter finds it as the beginning of such a pair.
- What is very long is cut: a term to 64 characters, a text to its first 100 000 characters and its
  first 2000 different terms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_TERM = 64
LONGEST_TEXT = 100_000
MOST_TERMS = 2000
MOST_WORDS = 100

_HEAD = 2

_SPACELESS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Myanmar, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # kana, with the signs that repeat
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_runs = re.compile(f"[{_SPACELESS}]+|[^{_SPACELESS}]+").findall
# Where a word goes over from one part to the next: camelCase, HTTPServer, resnet50, 3d.
_parts = re.compile(r"[A-Z]+(?![^\dA-Z])|[A-Z]?[^\dA-Z]+|\d+").findall


def terms(text: str) -> frozenset[str]:
    """Return the terms by which *text* is found."""
    found: dict[str, None] = {}
    for run, is_spaceless in _words(text[:LONGEST_TEXT]):
        for term in _pairs(run, last=True) if is_spaceless else _word_terms(run):
            found[term] = None
            if len(found) == MOST_TERMS:
                return frozenset(found)
    return frozenset(found)


def head(term: str) -> str:
    """Return the beginning of a term, by which terms with a common beginning are narrowed down."""
    return term[:_HEAD]


@dataclass(frozen=True, slots=True)
class Asked:
    """The terms that a question asks for: whole ones, and what one more has to begin with.

    Attributes:
        beginning: None where the question ends with what is whole anyway.
    """

    whole: tuple[str, ...]
    beginning: str | None

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is asked for, as by punctuation alone."""
        return not self.whole and self.beginning is None


def asked(text: str) -> Asked:
    """Return what a question asks for; its last word may be unfinished."""
    whole: dict[str, None] = {}
    beginning = None
    for run, is_spaceless in _words(text[:LONGEST_TEXT]):
        if beginning is not None:
            whole[beginning] = None
            beginning = None
        if is_spaceless and len(run) > 1:
            whole.update(dict.fromkeys(_pairs(run, last=False)))
        else:
            beginning = _folded(run)[:LONGEST_TERM]
    if beginning is not None and beginning in whole:
        beginning = None
    return Asked(tuple(whole), beginning)


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the words of a text as they stand, each with whether its script does without spaces."""
    normal = unicodedata.normalize("NFKC", text)
    spaced = "".join(each if _is_of_word(each) else " " for each in normal)
    for word in spaced.split():
        for run in _runs(word):
            yield run, bool(_is_spaceless(run))


_is_spaceless = re.compile(f"[{_SPACELESS}]").match


def _is_of_word(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter)[0] == "M"


def _word_terms(word: str) -> Iterator[str]:
    yield _folded(word)[:LONGEST_TERM]
    parts = _parts(word)
    if len(parts) > 1:
        # A lone letter would be found by everybody and tell nobody anything.
        for part in (each for each in parts if len(each) > 1 or each.isdigit()):
            yield _folded(part)[:LONGEST_TERM]


def _pairs(run: str, *, last: bool) -> Iterator[str]:
    folded = _folded(run)
    for place in range(len(folded) - 1):
        yield folded[place : place + 2]
    if last:
        yield folded[-1]


def _folded(word: str) -> str:
    # Folding can undo the normal form, and the normal form the folding: once more settles it.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
