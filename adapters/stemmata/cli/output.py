"""Standard output: where an answer goes, all at once, when a command has succeeded."""

from __future__ import annotations

import json
import sys
from typing import TextIO

from stemmata.cli.page import Answer, Reply


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
    _write(text, sys.stdout)


def _document(reply: Reply) -> str:
    # In UTF-8 a name reads as it is; elsewhere as JSON's own escapes, which every parser reads.
    escaped = (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"
    document = json.dumps(reply.document, ensure_ascii=escaped, indent=2, allow_nan=False)
    return f"{document}\n"


def _write(text: str, file: TextIO) -> None:
    file.flush()
    try:
        number = file.fileno()
    except OSError:
        file.write(text)
        return
    # With a buffer of our own: Python's, which PYTHONUNBUFFERED takes away, would lose without a word
    # what a full disk or a closed pipe did not take. And with escapes of our own: an answer must not
    # fail because the terminal's alphabet lacks a letter of a name.
    with open(
        number, "w", encoding=file.encoding, errors="backslashreplace", closefd=False
    ) as whole:
        whole.write(text)
