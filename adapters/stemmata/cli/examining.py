"""How a registry is, and views made anew: what `stemmata doctor`, `verify` and `rebuild` do and say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stemmata.cli.bars import bar
from stemmata.cli.page import (
    Block,
    Facts,
    Json,
    Line,
    Reply,
    Table,
    alarming,
    faint,
    sentences,
    strong,
)
from stemmata.cli.printable import counted, size_of
from stemmata.stemma import Stemma
from stemmata_projections.diagnosis import Diagnosis
from stemmata_projections.diagnosis import Facts as StoreFacts
from stemmata_projections.verifying import RowDifference, TableReport, Verified
from stemmata_projections.view_store import HeldRow, Parked

_MOST_PARKED = 20


def doctor(stemma: Stemma, *, retry: bool) -> tuple[Reply, bool]:
    """Say how the registry is, and whether it is well; try parked events again before, if asked to."""
    before = stemma.diagnose()
    retried = [each.name for each in before.views if each.parked] if retry else []
    if not retried:
        page = tuple(_diagnosis_page(before))
        return Reply(document=_diagnosis_document(before, retried), page=page), before.is_well
    _rebuild(stemma, retried)
    found = stemma.diagnose()
    taken = len(before.parked) - len(found.parked)
    said = f"Made {', '.join(retried)} anew: {_taken(taken)}."
    page = (sentences(said), *_diagnosis_page(found))
    return Reply(document=_diagnosis_document(found, retried), page=page), found.is_well


def _taken(taken: int) -> str:
    return f"{counted(taken, 'parked event')} could be taken" if taken else "nothing could be taken"


def _diagnosis_document(found: Diagnosis, retried: Sequence[str]) -> dict[str, Json]:
    return {
        "is_well": found.is_well,
        "log": dict(found.log),
        "views_in": dict(found.views_in),
        "content": dict(found.content),
        "head": found.head,
        "views": [
            {
                "name": each.name,
                "schema": each.schema,
                "position": each.position,
                "behind": each.behind,
                "parked": each.parked,
            }
            for each in found.views
        ],
        "parked": [
            {
                "view": each.view,
                "position": each.position,
                "topic": each.topic,
                "cause": each.cause,
            }
            for each in found.parked
        ],
        "unfinished": [
            {"view": each.projection, "position": each.position, "is_left": each.is_left}
            for each in found.unfinished
        ],
        "cursors": dict(found.cursors),
        "findings": [{"what": each.what, "remedy": each.remedy} for each in found.findings],
        "retried": retried,
    }


def _diagnosis_page(found: Diagnosis) -> Iterator[Block]:
    yield Facts(
        (
            ("Log", _store(found.log)),
            ("Views", _store(found.views_in)),
            ("Content", _store(found.content)),
            ("Head", f"position {found.head}"),
        )
    )
    yield Table(
        ("View", "Schema", "Position", "Behind", "Parked"),
        [
            (strong(v.name), f"{v.schema}", f"{v.position}", f"{v.behind}", f"{v.parked}")
            for v in found.views
        ],
    )
    yield Table(
        ("View", "Position", "Event", "Why it was parked"),
        [(e.view, f"{e.position}", e.topic, e.cause) for e in found.parked[:_MOST_PARKED]],
        title="Parked events",
    )
    if len(found.parked) > _MOST_PARKED:
        yield sentences(f"And {len(found.parked) - _MOST_PARKED} more; --json lists all.")
    yield Table(
        ("View", "Position", "State"),
        [
            (each.projection, f"{each.position}", "left over" if each.is_left else "under way")
            for each in found.unfinished
        ],
        title="Rebuilds",
    )
    yield Table(
        ("Cursor", "Position"),
        [(name, f"{position}") for name, position in found.cursors.items()],
        title="Readers of the log",
    )
    if found.is_well:
        yield sentences("Nothing is wrong.")
    for finding in found.findings:
        yield sentences(alarming(f"{finding.what}."), f"{finding.remedy}.")


def _store(facts: StoreFacts) -> str:
    shown = dict(facts)
    kind = f"{shown.pop('store', '')}"
    place = f"{shown.pop('file', '')}"
    size = shown.pop("size", None)
    rest = [f"{name} {value}" for name, value in shown.items()]
    if isinstance(size, int):
        rest.append(size_of(size))
    return ", ".join(part for part in (f"{kind} {place}".strip(), *rest) if part)


# --- verify ---------------------------------------------------------------------------------


def verify(stemma: Stemma) -> tuple[Reply, bool]:
    """Compare the views with the log, and say whether all is sound."""
    with bar("Folding the log once more", counting="events") as progress:
        found = stemma.verify(progress=progress)
    return Reply(document=_verified_document(found), page=tuple(_verified_page(found))), (
        found.is_sound
    )


def _verified_document(found: Verified) -> dict[str, Json]:
    log = found.log
    return {
        "is_sound": found.is_sound,
        "log": {
            "position": log.position,
            "events": log.events,
            "streams": log.streams,
            "faults": log.faults,
            "first": log.first,
        },
        "rows": found.rows,
        "tables": [
            {
                "view": each.view,
                "table": each.table,
                "position": each.position,
                "rows": each.rows,
                "differences": each.differences,
                "first": [_difference(one) for one in each.first],
                "fault": each.fault,
            }
            for each in found.tables
        ],
        "parked": _parked_document(found.parked),
        "parked_in_use": _parked_document(found.parked_in_use),
        "parked_anew": _parked_document(found.parked_anew),
        "faults": found.faults,
    }


def _difference(one: RowDifference) -> dict[str, Json]:
    return {
        "kind": one.kind,
        "key": [_plain(each) for each in one.key],
        "valid_from": one.valid_from,
        "expected": _held(one.expected),
        "found": _held(one.found),
    }


def _held(held: HeldRow | None) -> Json:
    if held is None:
        return None
    row = [_plain(each) for each in held.row]
    return {"row": row, "valid_from": held.valid_from, "valid_to": held.valid_to}


def _plain(value: object) -> Json:
    # Where a view was damaged, anything may stand there.
    return (
        value
        if value is None or isinstance(value, str | int | float | list | dict)
        else repr(value)
    )


def _parked_document(parked: Sequence[Parked]) -> Json:
    return [
        {"view": each.projection, "position": each.position, "cause": each.cause} for each in parked
    ]


def _verified_page(found: Verified) -> Iterator[Block]:
    log = found.log
    yield sentences(
        f"{counted(log.events, 'event')} of {counted(log.streams, 'stream')} read, "
        f"{counted(found.rows, 'row')} of views compared."
    )
    yield Table(
        ("View", "Table", "Row", "From", "How"),
        [_difference_row(each, one) for each in found.tables for one in each.first],
        title="Differences",
    )
    for each in found.tables:
        if each.differences > len(each.first):
            rest = each.differences - len(each.first)
            yield sentences(faint(f"And {rest} more in {each.table}."))
    yield from _listed("The log is not whole", log.first, log.faults)
    said = [f"{each.table}: {each.fault}" for each in found.tables if each.fault is not None]
    yield from _listed("Tables that could not be read", said, len(said))
    yield from _listed("The view store says", found.faults, len(found.faults))
    if found.parked:
        yield sentences(
            f"{counted(len(found.parked), 'event')} parked: the views are right but for them. "
            "'stemmata doctor' lists them."
        )
    if found.is_sound:
        yield sentences("The log is whole, and the views are what it makes of them.")
        return
    if found.parked_in_use or any(not each.agrees for each in found.tables) or found.faults:
        yield sentences("Make the views anew: stemmata rebuild")
    if not log.is_whole:
        yield sentences("The log itself cannot be made anew: restore it from a backup.")


def _difference_row(table: TableReport, one: RowDifference) -> tuple[str, str, str, str, str]:
    key = " ".join(f"{value}" for value in one.key)
    return table.view, table.table, key, f"{one.valid_from}", one.kind


def _listed(title: str, lines: Sequence[str], count: int) -> Iterator[Block]:
    if lines:
        more: tuple[Line, ...] = ()
        if count > len(lines):
            more = (faint(f"and {count - len(lines)} more"),)
        yield sentences(alarming(f"{title}:"), *lines, *more)


# --- rebuild --------------------------------------------------------------------------------


def rebuild(stemma: Stemma, views: Sequence[str]) -> Reply:
    """Make views anew."""
    document = _rebuild(stemma, views)
    names = document["views"]
    assert isinstance(names, tuple)
    parked = document["parked"]
    assert isinstance(parked, list)
    said: list[Line] = [f"Made {', '.join(names)} anew, up to position {document['position']}."]
    if parked:
        said.append(
            alarming(f"{counted(len(parked), 'event')} could not be taken: see 'stemmata doctor'.")
        )
    return Reply(document=document, page=(sentences(*said),))


def _rebuild(stemma: Stemma, views: Sequence[str]) -> dict[str, Json]:
    with bar("Making views anew", counting="events") as progress:
        made = stemma.rebuild(views, progress=progress)
    return {
        "views": made.views,
        "position": made.position,
        "parked": _parked_document(made.parked),
    }
