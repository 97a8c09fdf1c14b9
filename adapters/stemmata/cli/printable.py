"""Text from the registry, made safe for a terminal, and for code that is copied from it.

- A name may hold anything but a few characters; what would move the cursor, change colours or turn the
  direction of writing is shown as its escape instead.
- Python's literals and the shell's words say exactly what the name is.
"""

from __future__ import annotations

import shlex
import unicodedata
from datetime import UTC, datetime

_INVISIBLE = frozenset(("Cc", "Cs", "Zl", "Zp"))
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNITS = ("kB", "MB", "GB", "TB", "PB")


def printable(text: str, *, keep: str = "") -> str:
    """Return *text* with what a terminal would obey, save the characters in *keep*, escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or not _is_obeyed(c) else _escape(c) for c in text)


def one_line(text: str) -> str:
    """Return *text* as one line, its line ends and tabs as spaces."""
    return printable(" ".join(part for part in text.replace("\t", " ").splitlines() if part))


def literal(text: str) -> str:
    """Return *text* as a Python string literal in double quotes."""
    body = "".join(f"\\{c}" if c in '"\\' else _escape(c) if _is_obeyed(c) else c for c in text)
    return f'"{body}"'


def word(text: str) -> str:
    """Return *text* as one word of a POSIX shell."""
    return shlex.quote(text)


def _is_obeyed(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE or character in _TURNING


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def size_of(count: int) -> str:
    """Return a number of bytes as people read it, in powers of 1000."""
    if count < 1000:
        return f"{count} B"
    scaled = float(count)
    for unit in _UNITS:
        scaled /= 1000
        # What would be rounded to 1000 is the next unit's 1.
        if scaled < 999.5 or unit == _UNITS[-1]:
            return f"{scaled:.1f} {unit}" if scaled < 99.95 else f"{scaled:.0f} {unit}"
    raise AssertionError(count)


def counted(count: int, thing: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def to_the_second(moment: datetime) -> str:
    """Return a moment in ISO 8601, UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def clock_time(moment: datetime) -> str:
    """Return a moment as tables show it: UTC, to the minute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
