"""Progress bars: on standard error, only where somebody watches, and only once there is progress."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal, TypeAlias

Progress: TypeAlias = Callable[[int, int], None]


@contextmanager
def bar(what: str, *, counting: Literal["bytes", "events"]) -> Iterator[Progress | None]:
    """Give something to call with what is done and what there is; draw it, and clear it in the end."""
    if not sys.stderr.isatty():
        yield None
        return
    with ExitStack() as stack:
        drawn: Progress | None = None

        def progress(done: int, total: int) -> None:
            nonlocal drawn
            if drawn is None:
                # What draws takes longer to load than most commands take.
                drawn = stack.enter_context(_drawn(what, in_bytes=counting == "bytes"))
            drawn(done, total)

        yield progress


@contextmanager
def _drawn(what: str, *, in_bytes: bool) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bars

    columns: list[ProgressColumn] = [TextColumn("{task.description}", markup=False), BarColumn()]
    columns += [DownloadColumn(), TransferSpeedColumn()] if in_bytes else [MofNCompleteColumn()]
    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    with Bars(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
