"""Running the command line as a user does: as a program of its own, or quicker, in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stemmata.cli import main

PROGRAM = (sys.executable, "-m", "stemmata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of standard output, without what stands around them."""
        return [line.strip() for line in self.out.splitlines() if line.strip()]


def run(*arguments: str, stdin: str | None = None, **environment: str) -> Ended:
    """Run the program, with further environment variables."""
    ended = subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return Ended(code=ended.returncode, out=ended.stdout, err=ended.stderr)


def done(*arguments: str, **environment: str) -> Ended:
    """Run the program, which has to succeed and to complain of nothing."""
    ended = run(*arguments, **environment)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended


def document(*arguments: str, **environment: str) -> dict[str, Any]:
    """Run the program with `--json`, and return its one document."""
    loaded: dict[str, Any] = json.loads(done(*arguments, "--json", **environment).out)
    return loaded


def called(*arguments: str) -> Ended:
    """Call the program's entry point in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    return Ended(code=code, out=out.getvalue(), err=err.getvalue())


def succeeds(*arguments: str) -> Ended:
    """Call the entry point in this process; the command has to succeed and to complain of nothing."""
    ended = called(*arguments)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended


def answers(*arguments: str) -> Mapping[str, Any]:
    """Call the entry point in this process with `--json`, and return the document."""
    loaded: dict[str, Any] = json.loads(succeeds(*arguments, "--json").out)
    return loaded


def refused(*arguments: str, code: int = 1) -> str:
    """Call the entry point in this process; return the one line with which it refuses."""
    ended = called(*arguments)
    assert (ended.code, ended.out) == (code, ""), ended
    assert ended.err.startswith("stemmata: ")
    assert ended.err.endswith("\n")
    assert ended.err.count("\n") == 1, ended
    assert len(ended.err.splitlines()) == 1, ended
    return ended.err.removeprefix("stemmata: ").removesuffix("\n")
