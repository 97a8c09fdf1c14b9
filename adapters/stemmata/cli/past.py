"""How a thing came to be as it is: what `stemmata history` says."""

from __future__ import annotations

from stemmata.cli.page import Reply, Table, Text, sentences, strong
from stemmata.cli.printable import to_the_second
from stemmata.cli.shapes import Shape
from stemmata.reading.reader import Reader
from stemmata_domain.codec import time_text
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.sentences import sentence

_OF_RUN = "run-"


def history(stemma: Reader, name: str) -> Reply:
    """Tell the events of an artifact, a collection or a version, in order."""
    events = stemma.history(name)
    return Reply(
        document={"name": name, "events": [_shape(event) for event in events]},
        page=(
            sentences(("History of ", strong(name))),
            Table(("When", "Who", "What", "Through the run"), [_row(event) for event in events]),
        ),
    )


def _shape(recorded: RecordedEvent) -> Shape:
    return {
        "at": time_text(recorded.time),
        "actor": recorded.actor,
        "what": sentence(recorded.event),
        "run": _run(recorded),
        "event": recorded.event.topic,
        "position": recorded.position,
        "id": recorded.id,
        "correlation": recorded.correlation,
    }


def _row(recorded: RecordedEvent) -> tuple[Text, ...]:
    what = sentence(recorded.event)
    return (to_the_second(recorded.time), recorded.actor, what, _run(recorded) or "")


def _run(recorded: RecordedEvent) -> str | None:
    if recorded.stream.startswith(_OF_RUN):
        return recorded.stream.removeprefix(_OF_RUN)
    run = getattr(recorded.event, "run", None)
    return run if isinstance(run, str) else None
