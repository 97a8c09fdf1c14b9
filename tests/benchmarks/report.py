"""What is written of a run: the results as JSON, tables in Markdown, and plots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.benchmarks.drawing import Bar, bars
from tests.benchmarks.results import PeerFound, Results, Row, Run, Timing, shown

RESULTS, SCHEMA, TABLES = "results.json", "results.schema.json", "results.md"
FLOOR_PLOT, PEERS_PLOT = "floor.svg", "peers.svg"


def write(results: Results, folder: Path) -> None:
    """Write everything into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS).write_text(results.model_dump_json(indent=1) + "\n")
    schema = json.dumps(Results.model_json_schema(), indent=1)
    (folder / SCHEMA).write_text(schema + "\n")
    (folder / TABLES).write_text(page(results))
    compared = [row for row in results.rows if row.ratio is not None]
    if compared:
        (folder / FLOOR_PLOT).write_text(_floor_plot(compared))
    beside = [row for row in results.rows if row.peers]
    if beside:
        (folder / PEERS_PLOT).write_text(_peers_plot(beside))


def page(results: Results) -> str:
    """Return the page of tables, made anew with each run."""
    return "\n".join(_page(results)) + "\n"


def _page(results: Results) -> Iterator[str]:
    yield "# Results of the benchmarks"
    yield ""
    yield "Written by the run itself; what is compared with what, and how to repeat it, is told elsewhere."
    yield ""
    yield from about(results.run)
    yield ""
    yield "## Ours and the floor"
    yield ""
    yield table(results.rows)
    if any(row.ratio is not None for row in results.rows):
        yield ""
        yield f"![Ours as a multiple of the floor; red marks are goals]({FLOOR_PLOT})"
    if any(row.peers for row in results.rows):
        yield ""
        yield "## Peers, in the same turns"
        yield ""
        yield from _peer_table(results.rows)
        yield ""
        yield f"![Ours and the peers]({PEERS_PLOT})"
    yield ""
    yield "## What the peers are, and what they do not do"
    yield ""
    yield from (_peer(each) for each in results.peers)


def about(run: Run) -> Iterator[str]:
    """Yield how, where and when, as a list."""
    machine = run.machine
    differs = ", with files that differ from it" if run.changed else ""
    yield f"- Command: `{run.command}` (size `{run.size}`), product as of commit `{run.commit}`{differs}"
    yield f"- From {run.began} to {run.ended}"
    yield (
        f"- Machine: {machine.processor}, {machine.cores} cores,"
        f" {machine.memory / 2**30:.0f} GiB, {machine.system}, stores on {machine.file_system}"
    )
    yield (
        f"- Load averages over 1, 5 and 15 minutes: before {_numbers(run.load.before)},"
        f" after {_numbers(run.load.after)}"
    )
    yield "- " + ", ".join(f"{name} {version}" for name, version in run.versions.items())
    for name, durability in run.durability.items():
        yield f"- Durability on {name}: {durability}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [
        "| what | on | ours | quartiles | CPU | floor | ours ÷ floor | goals |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(_cells(row))} |" for row in rows]
    return "\n".join(lines)


def _cells(row: Row) -> Iterable[str]:
    yield row.what + (f" ({row.note})" if row.note else "")
    yield row.on
    yield shown(row.ours.median) + (f", p99 {shown(row.ours.p99)}" if row.ours.p99 else "")
    yield _quartiles(row.ours)
    yield shown(row.ours.cpu)
    yield "–" if row.floor is None else f"{shown(row.floor.median)} ({row.floor_is})"
    yield "–" if row.ratio is None else f"{row.ratio:.2f}"
    yield (
        "; ".join(
            f"{goal.what}: {'yes' if goal.reached else '**no**'}, {goal.found}"
            for goal in row.goals
        )
        or "–"
    )


def _quartiles(timing: Timing) -> str:
    return f"{shown(timing.lower)} – {shown(timing.upper)} of {timing.rounds}"


def _peer_table(rows: Sequence[Row]) -> Iterator[str]:
    yield "| what | on | peer | mode | durable | its calls | it | quartiles | CPU | it ÷ ours |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        for each in row.peers:
            timing = each.timing
            p99 = f", p99 {shown(timing.p99)}" if timing.p99 else ""
            said = " ".join(each.note.replace("|", "/").split())
            note = f" ({said})" if said else ""
            yield (
                f"| {row.what} | {row.on} | {each.peer} | {each.mode or '–'}"
                f" | {'yes' if each.durable else '**no**'} | {each.what}"
                f" | {shown(timing.median)}{p99}{note} | {_quartiles(timing)}"
                f" | {shown(timing.cpu)} | {timing.median / row.ours.median:.1f} |"
            )


def _peer(peer: PeerFound) -> str:
    there = f"{peer.version}" if peer.version else f"not installed ({peer.why_absent})"
    return f"- **{peer.name}** {there}. Not there: {'; '.join(peer.lacks)}."


def _floor_plot(rows: Sequence[Row]) -> str:
    found = []
    for row in rows:
        assert row.ratio is not None
        found.append(Bar(label=_short(row), value=row.ratio, mark=_wanted(row), kind=_kind(row.on)))
    return bars("Ours as a multiple of the floor, medians", found, axis="ours ÷ floor")


def _wanted(row: Row) -> float | None:
    """Return the most that the ratio to the floor may be, if a goal says so."""
    for goal in row.goals:
        sign, _, rest = goal.what.partition(" ")
        if sign == "≤" and " × " in rest:
            return float(rest.split()[0])
        if sign == "≥" and " of " in rest:
            return 1 / float(rest.split()[0])
    return None


def _peers_plot(rows: Sequence[Row]) -> str:
    found = []
    for row in rows:
        found.append(Bar(f"{_short(row)}: ours", row.ours.median * 1e3, None, "ours"))
        found += [
            Bar(f"{each.peer}, {each.mode}".rstrip(", "), each.timing.median * 1e3, None, each.peer)
            for each in row.peers
        ]
    return bars("Ours and the peers, medians", found, axis="milliseconds")


def _short(row: Row) -> str:
    return row.id if row.on == "–" else f"{row.id}, {row.on}"


def _kind(on: str) -> str:
    return "no database" if on == "–" else on


def _numbers(found: Sequence[float]) -> str:
    return ", ".join(f"{each:.2f}" for each in found)
