"""Standard output: where an answer goes, all at once, when a command has succeeded."""

from __future__ import annotations

import io
import json
import os
import sys

from stemmata.cli.page import Answer, Reply


def say(answer: Answer) -> None:
    """Write an answer to standard output.

    Raises:
        BrokenPipeError: Whoever read it has gone.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # An answer must not fail because the terminal's alphabet lacks a letter of a name.
        sys.stdout.reconfigure(errors="backslashreplace")
    if answer.as_json:
        text = _document(answer.reply)
    else:
        from stemmata.cli.drawing import drawn

        text = drawn(answer.reply.page, sys.stdout)
    sys.stdout.write(text)
    sys.stdout.flush()


def _document(reply: Reply) -> str:
    # In UTF-8 a name reads as it is; elsewhere as JSON's own escapes, which every parser reads.
    escaped = (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"
    document = json.dumps(reply.document, ensure_ascii=escaped, indent=2, allow_nan=False)
    return f"{document}\n"


def let_go() -> None:
    """Send what is left of standard output nowhere, so that the process ends without complaint."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
