"""`make bench-smoke`: counts what commands and questions cost, and compares it with a table.

The table is :data:`TABLE`. A figure that is the same in a small and a large registry stands once, another
as `small → large`; `growth` is how much more work SQLite's machine has in the large one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from tests.benchmarks.counted import LARGE, SMALL, measured
from tests.benchmarks.counting import TOLERANCE, Counts, sqlite_release

TABLE = Path(__file__).with_name("counts.md")
ACCEPT = "make bench-smoke ARGS=--accept"

Figures = Mapping[str, tuple[float, ...]]
"""The figures of one thing by their columns: in the small registry and in the large one, or one for both."""

_COLUMNS = [field.name for field in fields(Counts) if field.name != "work"]


def count(folder: Path) -> dict[str, Figures]:
    """Count everything."""
    small, large = measured(folder, SMALL), measured(folder, LARGE)
    return {what: _figures(small[what], large[what]) for what in small}


def _figures(small: Counts, large: Counts) -> Figures:
    found: dict[str, tuple[float, ...]] = {
        name: (getattr(small, name), getattr(large, name)) for name in _COLUMNS
    }
    found["growth"] = (round(large.work / small.work, 1),)
    return found


def complaints(expected: Mapping[str, Figures], found: Mapping[str, Figures]) -> Iterator[str]:
    """Yield a sentence for each figure that is not as the table says."""
    for what in [*expected, *(each for each in found if each not in expected)]:
        if what not in expected or what not in found:
            where = "the table does not have it" if what in found else "it is not counted any more"
            yield f"{what}: {where}; accept that by `{ACCEPT}`."
            continue
        for column, figures in found[what].items():
            yield from _changed(what, column, expected[what].get(column, ()), figures)


def _changed(
    what: str, column: str, before: tuple[float, ...], after: tuple[float, ...]
) -> Iterator[str]:
    if len(before) < len(after):
        before = before * len(after)
    tolerance = TOLERANCE.get(column, 0)
    for size, was, now in zip((SMALL, LARGE), before, after, strict=False):
        where = f" at {size:,} versions" if len(after) > 1 else ""
        if now > was * (1 + tolerance) + tolerance:
            yield (
                f"{what}: {_called(column)} rose from {_number(was)} to {_number(now)}{where};"
                f" find out why, or, if it is worth it, accept it by `{ACCEPT}`."
            )
        elif now < was * (1 - tolerance) - tolerance:
            yield (
                f"{what}: {_called(column)} fell from {_number(was)} to {_number(now)}{where};"
                f" well done, tighten the table by `{ACCEPT}`."
            )


def written(found: Mapping[str, Figures]) -> str:
    """Return the figures as a table in Markdown."""
    columns = list(next(iter(found.values())))
    lines = [
        f"| at {SMALL:,} and {LARGE:,} versions | {' | '.join(map(_called, columns))} |",
        f"|---{'|---:' * len(columns)}|",
    ]
    for what, figures in found.items():
        cells = [" → ".join(dict.fromkeys(map(_number, figures[each]))) for each in columns]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def read(table: str) -> dict[str, Figures]:
    """Return the figures of a table that :func:`written` has made."""
    head, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.startswith("|")
    )
    columns = [name.replace(" ", "_") for name in head[1:]]
    return {
        what: {
            column: tuple(map(float, cell.split(" → ")))
            for column, cell in zip(columns, cells, strict=True)
        }
        for what, *cells in rows
    }


def _called(column: str) -> str:
    return column.replace("_", " ")


def _number(figure: float) -> str:
    return f"{figure:.1f}".removesuffix(".0")


def main() -> int:
    """Count, and print what is not as the table says, or accept it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="write what is counted to the table")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stemmata-counts-") as folder:
        found = count(Path(folder))
    sys.stdout.write(f"SQLite {sqlite_release()}\n\n{written(found)}\n")
    if chosen.accept:
        TABLE.write_text(written(found), encoding="utf-8")
        return 0
    wrong = list(complaints(read(TABLE.read_text(encoding="utf-8")), read(written(found))))
    sys.stdout.write("\n".join(wrong or ["Nothing has changed."]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
