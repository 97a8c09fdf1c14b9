"""Plots as SVG: bars of ratios, and lines on two logarithmic scales. Readable in light and in dark pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

_COLOURS = ("#3b6fb6", "#c8553d", "#4c956c", "#8e6bb0", "#c08a1e", "#5a7d8c", "#b04a7b", "#777777")
_STYLE = (
    "<style>text{font:12px sans-serif;fill:#777}.axis{stroke:#999;stroke-width:1}"
    ".grid{stroke:#999;stroke-width:.4;stroke-dasharray:2 3}</style>"
)
_LINE = 22


class Bar(NamedTuple):
    """One bar: what it is of, how long it is, a mark that it should not pass, and its class."""

    label: str
    value: float
    mark: float | None
    kind: str


def bars(title: str, found: Sequence[Bar], *, axis: str) -> str:
    """Draw bars on a logarithmic scale, those of one kind in one colour."""
    left, width, right = 430, 420, 90
    values = [each.value for each in found] + [each.mark for each in found if each.mark]
    low, high = _decades(values)
    kinds = list(dict.fromkeys(each.kind for each in found))
    top = 60
    height = top + len(found) * _LINE + 40

    def x(value: float) -> float:
        return left + width * (math.log10(value) - low) / (high - low)

    def body() -> Iterator[str]:
        bottom = top + len(found) * _LINE
        yield from _legend(kinds, left, 44)
        for decade in range(low, high + 1):
            at = x(10.0**decade)
            yield f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{bottom}"/>'
            yield _text(at, bottom + 16, _number(10.0**decade), "middle")
        yield _text(left + width / 2, bottom + 34, axis, "middle")
        for place, each in enumerate(found):
            y = top + place * _LINE
            colour = _COLOURS[kinds.index(each.kind) % len(_COLOURS)]
            yield _text(left - 8, y + 15, each.label, "end")
            start = x(10.0**low)
            yield (
                f'<rect x="{start:.1f}" y="{y + 4}" width="{max(1.0, x(each.value) - start):.1f}"'
                f' height="{_LINE - 8}" fill="{colour}"/>'
            )
            if each.mark:
                at = x(each.mark)
                yield (
                    f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{y + 1}" y2="{y + _LINE - 1}"'
                    ' stroke="#d33" stroke-width="2.5"/>'
                )
            yield _text(x(each.value) + 6, y + 15, _number(each.value), "start")

    return _svg(title, left + width + right, height, body())


def lines(
    title: str,
    found: Mapping[str, Sequence[tuple[float, float]]],
    *,
    x_axis: str,
    y_axis: str,
    said: Callable[[str], str],
) -> str:
    """Draw series of points on two logarithmic scales; *said* is put beside each name."""
    left, top, width, height, right = 80, 40, 480, 360, 380
    x_low, x_high = _decades([x for points in found.values() for x, _ in points])
    y_low, y_high = _decades([y for points in found.values() for _, y in points])

    def x(value: float) -> float:
        return left + width * (math.log10(value) - x_low) / (x_high - x_low)

    def y(value: float) -> float:
        return top + height * (1 - (math.log10(value) - y_low) / (y_high - y_low))

    def body() -> Iterator[str]:
        for decade in range(x_low, x_high + 1):
            at = x(10.0**decade)
            yield f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{top + height}"/>'
            yield _text(at, top + height + 16, _number(10.0**decade), "middle")
        for decade in range(y_low, y_high + 1):
            at = y(10.0**decade)
            yield f'<line class="grid" x1="{left}" x2="{left + width}" y1="{at:.1f}" y2="{at:.1f}"/>'
            yield _text(left - 6, at + 4, _number(10.0**decade), "end")
        yield _text(left + width / 2, top + height + 36, x_axis, "middle")
        yield _text(left, top - 8, y_axis, "middle")
        for place, (name, points) in enumerate(found.items()):
            colour = _COLOURS[place % len(_COLOURS)]
            dashes = "" if place < len(_COLOURS) else ' stroke-dasharray="5 3"'
            way = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
            yield f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
            for a, b in points:
                yield f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3" fill="{colour}"/>'
            at = top + 10 + place * 20
            yield f'<rect x="{left + width + 20}" y="{at - 9}" width="12" height="12" fill="{colour}"/>'
            yield _text(left + width + 38, at + 2, f"{name}  {said(name)}", "start")

    more = max(height + 60, len(found) * 20 + 40)
    return _svg(title, left + width + right, top + more, body())


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the best straight line through the logarithms: 0 is flat, 1 linear."""
    xs = [math.log10(x) for x, _ in points]
    ys = [math.log10(y) for _, y in points]
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    if spread == 0:
        return 0.0
    return sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low = math.floor(math.log10(min(values)) + 1e-9)
    high = math.ceil(math.log10(max(values)) - 1e-9)
    return low, max(high, low + 1)


def _legend(kinds: Sequence[str], left: float, y: float) -> Iterator[str]:
    at = left
    for place, kind in enumerate(kinds):
        yield f'<rect x="{at}" y="{y - 10}" width="12" height="12" fill="{_COLOURS[place % len(_COLOURS)]}"/>'
        yield _text(at + 16, y, kind, "start")
        at += 30 + 7 * len(kind)


def _number(value: float) -> str:
    if 0.01 <= value < 100_000:
        return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    return f"1e{math.log10(value):.0f}" if math.log10(value).is_integer() else f"{value:.2g}"


def _text(x: float, y: float, said: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'


def _svg(title: str, width: float, height: float, body: Iterator[str]) -> str:
    inner = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img"><title>{escape(title)}</title>{_STYLE}\n'
        f"{_text(10, 20, title, 'start')}\n{inner}\n</svg>\n"
    )
