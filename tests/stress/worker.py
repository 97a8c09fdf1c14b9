"""A process of its own that works on a registry: ``python -m tests.stress.worker``.

It reads its orders as one line of JSON, opens the registry, says so, waits for the word to begin, carries
out command after command through the front door, and tells what came of each.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import datetime
from time import perf_counter
from typing import Any

from stemmata.stemma import Stemma
from stemmata_domain.errors import StemmataError
from tests.stress.places import open_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A method of the front door, with what it is called with.

    The method `open` opens another registry, in place of the one that was open.
    """

    do: str
    args: tuple[Any, ...] = ()
    kw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a worker is to do.

    Attributes:
        open_first: Whether the registry is open before the worker says that it is ready.
        say_at_once: Whether each answer is told before the next command, or all at the end.
    """

    url: str
    commands: list[Command]
    actor: str = "ada"
    entity: str | None = None
    open_first: bool = True
    say_at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a command: a result, a refusal of ours, or a failure, which is a bug."""

    seconds: float
    result: Any = None
    refusal: str | None = None
    failure: str | None = None


def carry_out(orders: Orders) -> Iterator[Answer]:
    """Say that everything is ready, wait for the word, and yield an answer to each command."""
    with ExitStack() as stack:

        def opened(url: str) -> Stemma:
            stack.close()
            return stack.enter_context(open_at(url, actor=orders.actor, entity=orders.entity))

        stemma = opened(orders.url) if orders.open_first else None
        say("ready")
        sys.stdin.readline()
        for command in orders.commands:
            began = perf_counter()
            result: object = None
            refusal = failure = None
            try:
                if command.do == "open":
                    stemma = opened(*command.args)
                else:
                    stemma = stemma or opened(orders.url)
                    result = getattr(stemma, command.do)(*command.args, **command.kw)
            except StemmataError as error:
                refusal = f"{type(error).__name__}: {error}"
            except Exception:  # noqa: BLE001 -- whatever it is, the parent shall see it
                failure = traceback.format_exc()
            yield Answer(
                seconds=perf_counter() - began,
                result=_plain(result),
                refusal=refusal,
                failure=failure,
            )


def _plain(result: object) -> object:
    if isinstance(result, list):
        return [_plain(each) for each in result]
    if is_dataclass(result) and not isinstance(result, type):
        return {
            key: value for key, value in asdict(result).items() if not isinstance(value, datetime)
        }
    return None


def say(word: object) -> None:
    """Tell the parent something, as a line of JSON."""
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Do as the line on standard input says."""
    read = json.loads(sys.stdin.readline())
    orders = Orders(**{**read, "commands": [Command(**each) for each in read["commands"]]})
    answers = carry_out(orders)
    if orders.say_at_once:
        for answer in answers:
            say(asdict(answer))
    else:
        for each in list(answers):
            say(asdict(each))


if __name__ == "__main__":
    main()
