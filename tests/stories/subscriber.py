"""A program that follows a registry by name, and writes down which events it has handled."""

from __future__ import annotations

import sys
from pathlib import Path

import stemmata


def main(url: str, name: str, path: str, last: int) -> None:
    """Append the positions of events to a file, until one of them is *last*."""
    with (
        stemmata.open(url, content="memory://", actor="host") as stemma,
        Path(path).open("a", buffering=1) as handled,
        stemma.subscribe(name=name, save_every=7) as events,
    ):
        for event in events:
            handled.write(f"{event.position}\n")
            if event.position == last:
                events.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
