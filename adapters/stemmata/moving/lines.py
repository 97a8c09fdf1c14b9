"""A log as JSON Lines: how each line is written, and what may be read.

- The first line names the format, the last one counts the events and has a digest of all lines before.
- An event's line ends with its stored bytes as they are, which are JSON and final.
- There is one way to write a log: whatever differs from it by a byte is refused. So a log that was
  read and written again is the same file.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import orjson

from stemmata_adapters.event_stores.following import LARGEST
from stemmata_domain.ports import KeptEvent

FORMAT = "stemmata-log"
VERSION = 1
HEADER = b'{"format":"stemmata-log","version":1}\n'
LONGEST_LINE = 256 * 1024 * 1024
"""In bytes, with the line's end."""

_STRING = rb'"(?:[^"\\]|\\.)*"'
_NUMBER = rb"0|[1-9][0-9]{0,15}"
_event = re.compile(
    rb'\{"position":(%b),"stream":(%b),"version":(%b),"topic":(%b),"state":(\{.*\})\}\n'
    % (_NUMBER, _STRING, _NUMBER, _STRING),
    re.DOTALL,
).fullmatch
_last = re.compile(
    rb'\{"events":(%b),"head":(%b),"sha256":"([0-9a-f]{64})"\}\n' % (_NUMBER, _NUMBER)
).fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFigures:
    """What a log amounts to: two logs with the same figures hold the same events.

    Attributes:
        events: How many there are.
        head: Position of the last one, 0 if there is none.
        sha256: Hex; over all lines of its export but the last.
    """

    events: int
    head: int
    sha256: str


class Tally:
    """Adds up the figures of a log, event by event."""

    def __init__(self) -> None:
        self.events = 0
        self.head = 0
        self._taken = hashlib.sha256(HEADER)

    def add(self, event: KeptEvent) -> bytes:
        """Count an event, and return its line."""
        line = event_line(event)
        self.add_line(line, position=event.position)
        return line

    def add_line(self, line: bytes, *, position: int) -> None:
        """Count the event of a line."""
        self.events += 1
        self.head = position
        self._taken.update(line)

    def figures(self) -> LogFigures:
        """Return what it comes to."""
        return LogFigures(events=self.events, head=self.head, sha256=self._taken.hexdigest())


def event_line(event: KeptEvent) -> bytes:
    """Return the line of an event."""
    return b'{"position":%d,"stream":%b,"version":%d,"topic":%b,"state":%b}\n' % (
        event.position,
        orjson.dumps(event.stream),
        event.version,
        orjson.dumps(event.topic),
        event.state,
    )


def last_line(figures: LogFigures) -> bytes:
    """Return the line with which a log ends."""
    return b'{"events":%d,"head":%d,"sha256":"%b"}\n' % (
        figures.events,
        figures.head,
        figures.sha256.encode(),
    )


def read_event(line: bytes) -> KeptEvent:
    """Return the event of a line.

    Raises:
        ValueError: It is not such a line, byte for byte; says which rule is broken.
    """
    found = _event(line)
    if found is None:
        raise ValueError("it is neither the line of an event nor the last line of a log")
    position, stream, version, topic, state = found.groups()
    try:
        orjson.loads(state)
        event = KeptEvent(
            int(position), orjson.loads(stream), int(version), orjson.loads(topic), state
        )
    except orjson.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error})") from error
    if event.position > LARGEST or event.version > LARGEST:
        raise ValueError(f"positions and versions are at most {LARGEST}")
    if event_line(event) != line:
        raise ValueError("its texts are escaped otherwise than this format does")
    return event


def read_last(line: bytes) -> LogFigures | None:
    """Return what the last line of a log says, None if this is not one."""
    found = _last(line)
    if found is None:
        return None
    events, head, sha256 = found.groups()
    return LogFigures(events=int(events), head=int(head), sha256=sha256.decode())


def check_header(line: bytes) -> None:
    """See that a log begins with *line*.

    Raises:
        ValueError: It does not; says why.
    """
    if line == HEADER:
        return
    try:
        named = orjson.loads(line)
    except orjson.JSONDecodeError:
        named = None
    if isinstance(named, dict) and named.get("format") == FORMAT:
        version = named.get("version")
        if isinstance(version, int) and version > VERSION:
            raise ValueError(
                f"the log is of version {version}, and this release reads version {VERSION}; "
                "install a newer stemmata"
            )
    raise ValueError(f"a log begins with the line {HEADER.decode().rstrip()}")


def check_exportable(event: KeptEvent, line: bytes) -> None:
    """See that the line of an event can be read again.

    Raises:
        ValueError: It cannot; says why.
    """
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it takes a line of {len(line)} bytes, and the most is {LONGEST_LINE}")
    if b"\n" in event.state or not isinstance(_loaded(event.state), dict):
        raise ValueError("its stored bytes are not one line of JSON")


def _loaded(state: bytes) -> object:
    try:
        return orjson.loads(state)
    except orjson.JSONDecodeError:
        return None
