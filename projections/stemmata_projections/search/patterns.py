r"""Regular expressions that cannot hang: RE2's, whose time grows with the text and never faster.

- The syntax is RE2's, which is most of Perl's without look-around and back-references.
- A pattern is searched for anywhere in a text, as upper and lower case stand; `^`, `$` and `(?i)` say
  otherwise.
- A pattern is bounded in length, and so is the program that it becomes: `\pL{1000}` would be short and
  yet large.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol, cast

from stemmata_domain.errors import InvalidPattern

LONGEST = 1000
LARGEST_PROGRAM = 5000

_MEMORY = 4 * 1024 * 1024


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: bytes) -> object | None:
        """Return something if the pattern is found in a text in UTF-8."""
        ...


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Pattern:
    """Return *pattern*, ready for use.

    Raises:
        InvalidPattern: It is too long or too large, not well-formed, or asks for what takes more than
            linear time.
    """
    # Loaded with the first pattern: most questions have none, and `import stemmata` has none.
    import re2

    if len(pattern) > LONGEST:
        raise InvalidPattern(
            pattern=f"{pattern[:20]}…", why=f"it is longer than {LONGEST} characters"
        )
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        program = re2.compile(pattern.encode(), options)
    except UnicodeEncodeError:
        raise InvalidPattern(pattern=pattern, why="it cannot be written as UTF-8") from None
    except re2.error as error:
        raise InvalidPattern(pattern=pattern, why=_why(error)) from None
    if program.programsize > LARGEST_PROGRAM:
        raise InvalidPattern(pattern=pattern, why=_TOO_LARGE)
    return cast("Pattern", program)


_TOO_LARGE = "it is too large; repeat less, or repeat smaller parts"
_PERL = "invalid perl operator: "
_ESCAPE = "invalid escape sequence: "


def _why(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if text.startswith((_PERL, _ESCAPE)) and text.removeprefix(_PERL).startswith(_LOOKS):
        return f"look-around takes more than linear time ({text})"
    if text.startswith(_ESCAPE) and text[-1:].isdigit():
        return f"back-references take more than linear time ({text})"
    return _TOO_LARGE if "too large" in text else text


_LOOKS = ("(?=", "(?!", "(?<")
