"""What a measurement of growth found, as a document, and what is written of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from tests.benchmarks.drawing import lines, slope
from tests.benchmarks.report import about
from tests.benchmarks.results import SCHEMA, Document, Run, Timing, shown

RESULTS, SCHEMA_FILE, TABLES = "scale.json", "scale.schema.json", "scale.md"

Of = Literal["registry", "lineage"]

_MIB = 1024 * 1024


class Step(Document):
    """What was measured at one size of one thing on one database."""

    of: Of
    on: str
    size: int = Field(description="versions in the collection, or edges of lineage")
    figures: dict[str, Timing]
    peaks: dict[str, int] = Field(description="most memory of each step's own process, bytes")
    file_bytes: int


class Growth(Document):
    """All of it."""

    schema_number: int = SCHEMA
    run: Run
    steps: tuple[Step, ...]


Points = Sequence[tuple[float, float]]


def series(growth: Growth, of: Of, on: str) -> dict[str, Points]:
    """Return how each figure grows, in seconds."""
    steps = _steps(growth, of, on)
    names = dict.fromkeys(name for step in steps for name in step.figures)
    return {
        name: [(s.size, s.figures[name].median) for s in steps if name in s.figures]
        for name in names
    }


def sizes(growth: Growth, of: Of, on: str) -> dict[str, Points]:
    """Return how memory and files grow, in MiB."""
    steps = _steps(growth, of, on)
    names = dict.fromkeys(name for step in steps for name in step.peaks)
    found: dict[str, Points] = {
        f"memory, {name}": [(s.size, s.peaks[name] / _MIB) for s in steps if name in s.peaks]
        for name in names
    }
    return {**found, "on the disk": [(s.size, s.file_bytes / _MIB) for s in steps]}


def write(growth: Growth, folder: Path) -> None:
    """Write everything into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS).write_text(growth.model_dump_json(indent=1) + "\n")
    schema = json.dumps(Growth.model_json_schema(), indent=1)
    (folder / SCHEMA_FILE).write_text(schema + "\n")
    (folder / TABLES).write_text(page(growth))
    for name, drawn in _plots(growth):
        (folder / name).write_text(drawn)


def page(growth: Growth) -> str:
    """Return the page of tables, made anew with each run."""
    return "\n".join(_page(growth)) + "\n"


def _page(growth: Growth) -> Iterator[str]:
    yield "# How it grows"
    yield ""
    yield (
        "Written by the run itself. A slope is that of the best straight line through the logarithms:"
        " 0 does not grow, 1 grows as the registry does. [What is measured](index.md)."
    )
    yield ""
    yield from about(growth.run)
    for of, on in _kinds(growth):
        yield ""
        yield f"## {of.capitalize()} on {on}"
        yield ""
        yield from table(growth, of, on)
        yield ""
        yield f"![Times]({_plot_name(of, on, 'times')})"
        yield f"![Memory and files]({_plot_name(of, on, 'sizes')})"


def table(growth: Growth, of: Of, on: str) -> Iterator[str]:
    """Yield the lines of a table: a row for each figure, a column for each size."""
    columns = [step.size for step in _steps(growth, of, on)]
    unit = "versions" if of == "registry" else "edges"
    yield f"| {unit} | {' | '.join(f'{size:,}' for size in columns)} | slope |"
    yield "|---" * (len(columns) + 2) + "|"
    for name, points in series(growth, of, on).items():
        yield _line(name, points, columns, shown)
    for name, points in sizes(growth, of, on).items():
        yield _line(name, points, columns, _mebibytes)


def _line(name: str, points: Points, columns: Sequence[int], show: Callable[[float], str]) -> str:
    at = dict(points)
    cells = [show(at[size]) if size in at else "–" for size in columns]
    return f"| {name} | {' | '.join(cells)} | {slope(points):.2f} |"


def _mebibytes(value: float) -> str:
    return f"{value:,.1f} MiB" if value < 100 else f"{value:,.0f} MiB"


def _plots(growth: Growth) -> Iterator[tuple[str, str]]:
    for of, on in _kinds(growth):
        unit = "versions in the collection" if of == "registry" else "edges"
        for what, found, axis in (
            ("times", _in_milliseconds(series(growth, of, on)), "ms"),
            ("sizes", sizes(growth, of, on), "MiB"),
        ):
            title = f"{of.capitalize()} on {on}: {what}, with slopes"
            drawn = lines(
                title,
                found,
                x_axis=unit,
                y_axis=axis,
                said={name: f"{slope(points):.2f}" for name, points in found.items()}.__getitem__,
            )
            yield _plot_name(of, on, what), drawn


def _in_milliseconds(found: Mapping[str, Points]) -> dict[str, Points]:
    return {name: [(x, y * 1e3) for x, y in points] for name, points in found.items()}


def _plot_name(of: Of, on: str, what: str) -> str:
    return f"scale-{of}-{on}-{what}.svg"


def _kinds(growth: Growth) -> Sequence[tuple[Of, str]]:
    return list(dict.fromkeys((step.of, step.on) for step in growth.steps))


def _steps(growth: Growth, of: Of, on: str) -> list[Step]:
    return [step for step in growth.steps if (step.of, step.on) == (of, on)]
