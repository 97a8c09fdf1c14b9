"""Writing the log of a registry to a file or a stream, as `stemmata.moving.lines` says."""

from __future__ import annotations

from typing import IO

from stemmata.moving.files import appearing
from stemmata.moving.filling import Source
from stemmata.moving.lines import HEADER, LogFigures, Tally, check_exportable, last_line
from stemmata.moving.pages import kept_events
from stemmata.moving.places import opened_source
from stemmata_domain.content import FilePath, Progress
from stemmata_domain.errors import EventUnreadable


def export_log(
    url: str, destination: FilePath | IO[bytes], *, progress: Progress | None = None
) -> LogFigures:
    """Write the log at *url*, up to its head when the work begins, and return its figures.

    A file appears whole or not at all, in place of what stood there; one whose name ends with `.gz` is
    compressed. To a stream, what was written before an error stays, without the last line.

    Args:
        progress: Called with the position reached, and that of the last event.

    Raises:
        EventUnreadable: The bytes of an event are damaged, so that no line can hold them.
        StorageFailed: The log cannot be opened or read.
        OSError: The destination cannot be written.
    """
    with opened_source(url) as source:
        if isinstance(destination, str) or hasattr(destination, "__fspath__"):
            with appearing(destination) as file:
                return _write(source, file, progress)
        return _write(source, destination, progress)


def _write(source: Source, file: IO[bytes], progress: Progress | None) -> LogFigures:
    head = source.head()
    tally = Tally()
    file.write(HEADER)
    for event in kept_events(source, upto=head):
        line = tally.add(event)
        try:
            check_exportable(event, line)
        except ValueError as error:
            raise EventUnreadable(
                topic=event.topic, position=event.position, why=str(error)
            ) from error
        file.write(line)
        if progress is not None and tally.events % 1_000 == 0:
            progress(event.position, head)
    file.write(last_line(tally.figures()))
    if progress is not None:
        progress(head, head)
    return tally.figures()
