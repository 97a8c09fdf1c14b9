"""The command line: the registry for people at a terminal, and for scripts.

- A command says all it has to say at once, when it has succeeded: text, or with `--json` one document.
  Only `replay`, whose answer may be longer than memory, says it line by line.
- A refusal is one line on standard error, nothing on standard output, and exit code 1; a command line
  that cannot be understood is the same with exit code 2. Ctrl-C ends with 130, a reader that went away
  with 141, as shells count signals.
- What is said does not depend on a terminal; colours, folding and progress bars do.
- A command is described in a light module and carried out in another one, which is imported when the
  command runs: asking for help loads neither stores nor models.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

_INTERRUPTED = 130
_READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line, the process's own if none is given, and return the exit code."""
    try:
        from stemmata.cli.program import run

        return run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        return _READER_GONE
    except Exception as error:
        from stemmata.cli.refusal import refusal

        refused = refusal(error)
        if refused is None:
            raise
        sys.stderr.write(f"{refused.line}\n")
        return refused.code
