"""Standard output: where an answer goes, all at once, when a command has succeeded.

A feed goes there line by line. What refuses it is known before its first line; should the store fail
later, the exit code tells that what was said is not all.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from itertools import chain
from typing import TextIO

from stemmata.cli.page import Answer, Feed, Json, Reply


def say(answer: Answer) -> None:
    """Write an answer to standard output.

    Raises:
        OSError: It could not be written whole, as when whoever reads it has gone.
    """
    if answer.as_json:
        text = _document(answer.reply)
    else:
        from stemmata.cli.drawing import drawn

        text = drawn(answer.reply.page, sys.stdout)
    _write((text,), sys.stdout)


def feed(lines: Feed) -> None:
    """Write lines to standard output while they are found.

    Raises:
        OSError: They could not be written whole, as when whoever reads them has gone.
    """
    first = next(lines.lines, None)
    if first is not None:
        said = (f"{line}\n" for line in chain((first,), lines.lines))
        _write(said, sys.stdout, at_once=lines.at_once)


def one_document(document: Json) -> str:
    """Return a document on one line."""
    return json.dumps(document, ensure_ascii=_escaped(), allow_nan=False)


def _document(reply: Reply) -> str:
    document = json.dumps(reply.document, ensure_ascii=_escaped(), indent=2, allow_nan=False)
    return f"{document}\n"


def _escaped() -> bool:
    """Tell whether names need JSON's own escapes; in UTF-8 they read as they are."""
    return (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"


def _write(parts: Iterable[str], file: TextIO, *, at_once: bool = False) -> None:
    file.flush()
    try:
        number = file.fileno()
    except OSError:
        file.writelines(parts)
        return
    # With a buffer of our own: Python's, which PYTHONUNBUFFERED takes away, would lose without a word
    # what a full disk or a closed pipe did not take. And with escapes of our own: an answer must not
    # fail because the terminal's alphabet lacks a letter of a name.
    with open(
        number, "w", encoding=file.encoding, errors="backslashreplace", closefd=False
    ) as whole:
        for part in parts:
            whole.write(part)
            if at_once:
                whole.flush()
