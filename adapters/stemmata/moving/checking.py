"""Reading the file of a log, and what has to hold of it before anything of it is written to a store.

- It is whole: it ends with its last line, which counts the events and has the digest of all before.
- Each line is as the format writes it, and each event can be read by this release.
- Positions grow, and versions are dense in each stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from stemmata.moving.files import LogFile
from stemmata.moving.lines import LogFigures, Tally, check_header, read_event, read_last
from stemmata.moving.scratch import Counts
from stemmata_domain.codec import decode
from stemmata_domain.content import Progress
from stemmata_domain.errors import EventUnreadable, InvalidLog
from stemmata_domain.ports import KeptEvent


def check_log(file: LogFile, *, progress: Progress | None = None) -> LogFigures:
    """Return the figures of the log in *file*, which keeps all the rules.

    Args:
        progress: Called with how many bytes of the file were read, and of how many.

    Raises:
        InvalidLog: It breaks one.
    """
    tally = Tally()
    with closing(Counts()) as streams:
        for line, event in read_log(file, tally):
            _check(file, line, event, streams)
            if progress is not None and line % 1_000 == 0:
                progress(file.read, file.size)
    if progress is not None:
        progress(file.size, file.size)
    return tally.figures()


def read_log(file: LogFile, tally: Tally) -> Iterator[tuple[int, KeptEvent]]:
    """Give the number of each line that has an event, counted from 1, and the event.

    The end comes only after the last line has proved to be true of all before.

    Raises:
        InvalidLog: A line is not as the format has it, or not at its place.
    """
    number = 0
    figures: LogFigures | None = None
    for number, line in enumerate(file.lines(), 1):
        if figures is not None:
            rule = "something follows the last line of the log"
            raise InvalidLog(file=file.name, line=number, rule=rule)
        try:
            if number == 1:
                check_header(line)
                continue
            figures = read_last(line)
            if figures is not None:
                _check_figures(figures, tally.figures())
                continue
            event = read_event(line)
            if event.position <= tally.head:
                raise ValueError(f"position {event.position} does not come after {tally.head}")
        except ValueError as error:
            raise InvalidLog(file=file.name, line=number, rule=str(error)) from error
        tally.add_line(line, position=event.position)
        yield number, event
    if figures is None:
        rule = "the log has no last line, which tells how many events there are; it is not whole"
        raise InvalidLog(file=file.name, line=number + 1, rule=rule)


def _check_figures(said: LogFigures, found: LogFigures) -> None:
    if said.events != found.events:
        raise ValueError(f"it tells of {said.events} events, and there are {found.events}")
    if said.head != found.head:
        raise ValueError(f"it tells of the head {said.head}, and the last is {found.head}")
    if said.sha256 != found.sha256:
        raise ValueError("the digest of the lines before is another; the file was altered")


def _check(file: LogFile, number: int, event: KeptEvent, streams: Counts) -> None:
    try:
        envelope, _ = decode(event.topic, event.state, position=event.position)
        texts = (envelope.id, envelope.actor, envelope.correlation, envelope.key or "")
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("id, actor, correlation and key of an event are texts")
        if envelope.time.tzinfo is None:
            raise ValueError("the time of an event says its zone")
        expected = streams.count(event.stream)
        if event.version != expected:
            raise ValueError(
                f"version {event.version} of the stream {event.stream!r} is at the place of version "
                f"{expected}"
            )
    except (EventUnreadable, ValueError) as error:
        raise InvalidLog(file=file.name, line=number, rule=str(error)) from error
