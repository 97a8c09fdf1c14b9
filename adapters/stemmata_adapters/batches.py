"""Long work that is done in batches, so that it takes the memory of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from stemmata_adapters.content_stores.meter import Meter
from stemmata_domain.content import Progress

Thing = TypeVar("Thing")


def batched(things: Iterable[Thing], size: int) -> Iterator[list[Thing]]:
    """Give *things* in lists of *size*, the last of them shorter."""
    source = iter(things)
    while some := list(islice(source, size)):
        yield some


def part_of(meter: Meter) -> Progress:
    """Return what takes the progress of one batch, and counts it as progress of the whole."""
    before = 0

    def told(done: int, _: int) -> None:
        nonlocal before
        meter.add(done - before)
        before = done

    return told
