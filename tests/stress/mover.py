"""A process that moves a registry, to be killed on its way."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from stemmata.moving.copying import copy
from stemmata.moving.importing import import_log
from stemmata_domain.content import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What to move: a registry with its content, or the log in a file if no content is named."""

    source: str
    target: str
    source_content: str | None = None
    target_content: str | None = None


def command_line(orders: Orders) -> list[str]:
    """Return the arguments that start a mover."""
    return ["-m", "tests.stress.mover", json.dumps(asdict(orders))]


class Saying:
    """Says a word whenever there is progress, so that somebody can kill at that moment."""

    def events(self, what: str) -> Progress:
        """Begin a part that counts events."""
        return lambda done, _: _say(f"{what}: {done}")

    def bytes(self, what: str) -> Progress:
        """Begin a part that counts bytes."""
        return lambda done, _: _say(f"{what}: {done}")


def main(arguments: Sequence[str]) -> None:
    """Say that all is ready, move, and say that it is done."""
    orders = Orders(**json.loads(arguments[0]))
    _say("ready")
    if orders.target_content is None:
        import_log(orders.source, orders.target, progress=Saying())
    else:
        copied = copy(
            orders.source,
            orders.target,
            source_content=orders.source_content,
            target_content=orders.target_content,
            progress=Saying(),
        )
        assert copied.source == copied.target
    _say("done")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
