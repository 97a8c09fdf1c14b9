"""Moves a registry: what `stemmata copy`, `stemmata export` and `stemmata import` do and say."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import asdict
from typing import Self

from stemmata.cli.bars import Progress, bar
from stemmata.cli.options import Place
from stemmata.cli.page import Answer, Block, Facts, Json, Line, Reply, alarming, sentences, strong
from stemmata.cli.printable import counted
from stemmata.cli.session import url_of
from stemmata.moving.blobs import BlobsCopied
from stemmata.moving.copying import Copied, copy
from stemmata.moving.exporting import export_log
from stemmata.moving.importing import Imported, import_log
from stemmata.moving.lines import LogFigures
from stemmata.settings import settings
from stemmata_adapters.schemes import without_password

_INCOMPLETE = 3
_EVENTS_ONLY = "These are the events. Content moves by 'stemmata copy', or by copying its folder."


class _Bars:
    """One progress bar at a time, for the part of the work that is on."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def events(self, what: str) -> Progress | None:
        """Begin a bar that counts events."""
        self._stack.close()
        return self._stack.enter_context(bar(what, counting="events"))

    def bytes(self, what: str) -> Progress | None:
        """Begin a bar that counts bytes."""
        self._stack.close()
        return self._stack.enter_context(bar(what, counting="bytes"))


# --- copying -------------------------------------------------------------------------------------


def copied(
    source: str,
    target: str,
    *,
    from_content: str | None,
    to_content: str | None,
    to_views: str | None,
    by_size: bool,
    as_json: bool,
) -> Answer:
    """Copy a registry, and tell what there is now."""
    with _Bars() as bars:
        found = copy(
            source,
            target,
            source_content=from_content,
            target_content=to_content,
            target_views=to_views,
            by_size=by_size,
            progress=bars,
        )
    source, target = without_password(source), without_password(target)
    reply = Reply(
        document={
            "source": source,
            "target": target,
            "log": {
                "source": _figures(found.source),
                "target": _figures(found.target),
                "written": found.written,
                "since": found.since,
            },
            "content": None if found.blobs is None else _blobs(found.blobs),
            "named": {
                "blobs": found.content.named,
                "missing": found.content.missing_count,
                "missing_first": list(found.content.missing),
            },
            "complete": found.is_complete,
        },
        page=(
            sentences(("Copied ", strong(source), " to ", strong(target))),
            Facts(tuple(_log_facts(found)), title="The log, as it was read on each side:"),
            Facts(tuple(_content_facts(found)), title="The content:"),
            *_left_over(found),
        ),
    )
    return Answer(reply, as_json, 0 if found.is_complete else _INCOMPLETE)


def _log_facts(found: Copied) -> list[tuple[str, str]]:
    return [
        ("Source", _in_words(found.source)),
        ("Copy", _in_words(found.target)),
        ("Written now", counted(found.written, "event")),
    ]


def _in_words(figures: LogFigures) -> str:
    return f"{counted(figures.events, 'event')}, head {figures.head}, sha256 {figures.sha256}"


def _content_facts(found: Copied) -> list[tuple[str, str]]:
    facts = [("Named by the log", counted(found.content.named, "blob"))]
    if found.blobs is None:
        return [("Source and copy", "one place, left as it is"), *facts]
    source, target = found.blobs.source, found.blobs.target
    how = "hashed"
    if found.blobs.by_size:
        how += f", but for {counted(found.blobs.by_size, 'blob')} whose size was compared"
    return [
        ("Source", f"{counted(source.blobs, 'blob')}, {source.size} bytes"),
        ("Copy", f"{counted(target.blobs, 'blob')}, {target.size} bytes, {how}"),
        ("Written now", counted(found.blobs.written, "blob")),
        *facts,
    ]


def _left_over(found: Copied) -> list[Block]:
    lines: list[Line] = []
    if found.since:
        again = f"The source has gone on by {counted(found.since, 'position')}; copy again to take them."
        lines.append(again)
    if found.blobs is not None and found.blobs.damaged_count:
        count = counted(found.blobs.damaged_count, "blob")
        lines.append(alarming(f"{count} of the source are damaged, and were not copied:"))
        lines += found.blobs.damaged
    if found.content.missing_count:
        count = counted(found.content.missing_count, "blob")
        lines.append(alarming(f"{count} that the log names are missing, or unreadable manifests:"))
        lines += found.content.missing
    return [sentences(*lines)] if lines else []


def _blobs(found: BlobsCopied) -> Json:
    return {
        "source": asdict(found.source),
        "target": asdict(found.target),
        "written": found.written,
        "compared_by_size": found.by_size,
        "damaged": found.damaged_count,
        "damaged_first": list(found.damaged),
    }


def _figures(figures: LogFigures) -> dict[str, Json]:
    return {"events": figures.events, "head": figures.head, "sha256": figures.sha256}


# --- the log as a file ---------------------------------------------------------------------------


def exported(place: Place, file: str, *, as_json: bool) -> Answer | None:
    """Write the log to a file, or to standard output, where nothing else is said."""
    url = url_of(place)
    with _Bars() as bars:
        if file == "-":
            sys.stdout.flush()
            with open(sys.stdout.fileno(), "wb", closefd=False) as out:
                export_log(url, out)
            sys.stderr.write(f"{_EVENTS_ONLY}\n")
            return None
        figures = export_log(url, file, progress=bars.events("Exporting events"))
    return _said("Exported", (without_password(url), file), figures, None, as_json)


def imported(place: Place, file: str, *, as_json: bool) -> Answer:
    """Fill the registry with the log of a file, or of standard input."""
    url = url_of(place)
    with _Bars() as bars:
        found = import_log(
            sys.stdin.buffer if file == "-" else file,
            url,
            views=place.views or settings().views,
            progress=bars,
        )
    named = "standard input" if file == "-" else file
    return _said("Imported", (named, without_password(url)), found.log, found, as_json)


def _said(
    done: str,
    moved: tuple[str, str],
    figures: LogFigures,
    found: Imported | None,
    as_json: bool,
) -> Answer:
    written: dict[str, Json] = {} if found is None else {"written": found.written}
    facts = [
        ("Events", str(figures.events)),
        ("Head", str(figures.head)),
        ("SHA-256", figures.sha256),
        *(() if found is None else (("Written now", counted(found.written, "event")),)),
    ]
    reply = Reply(
        document={"source": moved[0], "target": moved[1], **_figures(figures), **written},
        page=(
            sentences((f"{done} ", strong(moved[0]), " to ", strong(moved[1]))),
            Facts(tuple(facts)),
            sentences(_EVENTS_ONLY),
        ),
    )
    return Answer(reply, as_json)
