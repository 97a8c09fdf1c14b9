"""What happened and what it changed: what `audit`, `timeline`, `diff` and `replay` say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stemmata.cli.output import one_document
from stemmata.cli.page import Block, Json, Reply, Table, Text, faint, sentences, strong
from stemmata.cli.printable import one_line, to_the_second
from stemmata.cli.shapes import Shape
from stemmata.reading.reader import Reader
from stemmata_domain.codec import time_text
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.sentences import sentence
from stemmata_projections.audit.views import AliasPeriod, AuditEntry, Change, Differing
from stemmata_projections.paging import Page

# --- the audit trail -----------------------------------------------------------------------------


def audit(page: Page[AuditEntry]) -> Reply:
    """Tell a page of entries."""
    heads = ("Position", "When", "Who", "What", "Of what", "From what to what", "Through")
    more: tuple[Block, ...] = (
        ()
        if page.cursor is None
        else (sentences((faint("There is more: --cursor "), page.cursor)),)
    )
    told: Block = Table(heads, [_entry(each) for each in page])
    return Reply(
        document={"entries": [each.to_json() for each in page], "cursor": page.cursor},
        page=(told if page.items else sentences("Nothing of this happened."), *more),
    )


def _entry(entry: AuditEntry) -> tuple[Text, ...]:
    return (
        str(entry.position),
        to_the_second(entry.at),
        entry.actor,
        entry.what,
        strong(entry.thing.name),
        _changes(entry.changes),
        entry.run or (f"key {entry.key}" if entry.key else ""),
    )


def _changes(changes: Iterable[Change]) -> str:
    return "; ".join(
        f"{each.what}: {_value(each.before)} -> {_value(each.after)}" for each in changes
    )


def _value(value: Json) -> str:
    if value is None:
        return "nothing"
    return one_line(value) if isinstance(value, str) else one_document(value)


# --- the timeline of an alias --------------------------------------------------------------------


def timeline(stemma: Reader, name: str) -> Reply:
    """Tell what an alias named over time."""
    periods = stemma.timeline(name)
    heads = ("Alias", "Version", "From (UTC)", "Until (UTC)", "Begun by", "Ended by", "Source")
    return Reply(
        document={"name": name, "periods": [each.to_json() for each in periods]},
        page=(
            sentences(("Timeline of ", strong(name))),
            Table(heads, [_period(each) for each in periods])
            if periods
            else sentences("It never had an alias."),
        ),
    )


def _period(period: AliasPeriod) -> tuple[Text, ...]:
    return (
        period.alias,
        faint("nothing") if period.index is None else strong(f"v{period.index}"),
        to_the_second(period.since),
        "" if period.until is None else to_the_second(period.until),
        period.since_by,
        period.until_by or "",
        period.source or "",
    )


# --- what is different ---------------------------------------------------------------------------


def diff(stemma: Reader, start: str, end: str, name: str | None) -> Reply:
    """Tell what is different between two moments."""
    found = stemma.diff(start, end, name)
    of = ("", "") if name is None else (" in ", strong(name))
    tables = [
        Table(("Which", "How", "From what to what"), [*map(_different, group)], title=called)
        for called, group in found.groups().items()
    ]
    nothing: Block = sentences("Nothing is different.")
    return Reply(
        document={**found.to_json(), "name": name},
        page=(
            sentences(
                ("From position ", str(found.start), " to position ", str(found.end), *of, ":")
            ),
            *(tables if found else (nothing,)),
        ),
    )


def _different(each: Differing) -> tuple[Text, ...]:
    return strong(each.thing.name), each.how, _changes(each.changes)


# --- the log itself ------------------------------------------------------------------------------


def replay(events: Iterable[RecordedEvent], *, as_json: bool) -> Iterator[str]:
    """Yield a line for each event."""
    for recorded in events:
        yield one_document(recorded_shape(recorded)) if as_json else _recorded(recorded)


def recorded_shape(recorded: RecordedEvent) -> Shape:
    """Return an event with its envelope, as documents have it."""
    return {
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "id": recorded.id,
        "at": time_text(recorded.time),
        "actor": recorded.actor,
        "correlation": recorded.correlation,
        "key": recorded.key,
        "event": recorded.event.topic,
        "schema": recorded.event.schema_number,
        "payload": recorded.event.model_dump(mode="json"),
    }


def _recorded(recorded: RecordedEvent) -> str:
    parts = (
        *(str(recorded.position), to_the_second(recorded.time), recorded.actor),
        *(recorded.event.topic, recorded.stream, sentence(recorded.event)),
    )
    return "  ".join(map(one_line, parts))
