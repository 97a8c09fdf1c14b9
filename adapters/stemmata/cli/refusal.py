"""What becomes of an error: one line on standard error, and an exit code.

- What is raised on purpose, and what the system says of the caller's own files, is a refusal: 1.
- A command line that cannot be understood: 2, with the way to its help.
- Everything else is a defect of this program, and stays an exception.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from stemmata.cli.printable import one_line, printable, word
from stemmata_domain.errors import PersonalEntity, StemmataError, UnknownRegistry

_REFUSED = 1
_MISUNDERSTOOD = 2
_BEFORE_THE_COMMAND = ("--url", "--content", "--actor", "--entity", "--version")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What standard error and the shell are told."""

    line: str
    code: int


@runtime_checkable
class _Context(Protocol):
    @property
    def command_path(self) -> str: ...


@runtime_checkable
class _Misunderstanding(Protocol):
    """A usage error of click, which typer takes from click or brings along, by its release."""

    def format_message(self) -> str: ...


def refusal(error: Exception) -> Refusal | None:
    """Return how *error* is told, None if it is a defect."""
    if isinstance(error, StemmataError):
        return _refusal(". ".join((str(error).rstrip("."), *_way_out(error))), _REFUSED)
    if isinstance(error, OSError):
        return _refusal(_of_system(error), _REFUSED)
    if isinstance(error, _Misunderstanding):
        return _refusal(_of_usage(error), _MISUNDERSTOOD)
    return None


def _refusal(sentence: str, code: int) -> Refusal:
    return Refusal(f"stemmata: {one_line(sentence)}", code)


def _way_out(error: StemmataError) -> Iterator[str]:
    """Yield what happened besides, and how this program does what a sentence says for Python."""
    yield from getattr(error, "__notes__", ())
    match error:
        case PersonalEntity():
            yield "On the command line: --entity TEAM, or STEMMATA_ENTITY"
        case UnknownRegistry(registry=registry):
            yield f"On the command line: stemmata registry create {word(registry)}"


def _of_system(error: OSError) -> str:
    why = error.strerror or str(error) or type(error).__name__
    names = [name for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    shown = [name if isinstance(name, str) else name.decode(errors="replace") for name in names]
    return (
        f"{' -> '.join(printable(name) or repr(name) for name in shown)}: {why}" if shown else why
    )


def _of_usage(error: _Misunderstanding) -> str:
    message = error.format_message().rstrip()
    if message and message[-1] not in ".?!)":
        message += "."
    context = getattr(error, "ctx", None)
    path = context.command_path if isinstance(context, _Context) else "stemmata"
    option = getattr(error, "option_name", None)
    if option in _BEFORE_THE_COMMAND and path != "stemmata":
        words = path.removeprefix("stemmata ")
        return f"{message} It stands before the command: stemmata {option} ... {words}"
    return f"{message} Try '{path} --help'"
