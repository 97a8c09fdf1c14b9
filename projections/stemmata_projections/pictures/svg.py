"""A picture as SVG, from left to right.

- It is as readable on a dark page as on a bright one: boxes bring their own ground, and what lies outside
  of them is of a middle grey.
- It needs no style sheet, no script and no name of its own, so that a page may hold many.
"""

from __future__ import annotations

from collections.abc import Sequence

from stemmata_projections.pictures.boxes import Arrow, Box, Look
from stemmata_projections.pictures.layout import GAP, Layout, Place, Route, laid_out
from stemmata_projections.pictures.levels import collapsed, levels_of
from stemmata_projections.pictures.markup import marked, shortened, visible, width_of

MOST_BOXES = 300
"""More than that, alike ones shown as one, is no picture any more."""
MOST_CROSSINGS = 20_000
"""So many levels may arrows pass, all of them together."""

_MARGIN = 14.0
_LONGEST = 34
_LINE = 16.0
_PADDING = 9.0
_LINES = 6
_GREY = "#80868b"
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:12px"
# Ground, edge and text.
_COLOURS: dict[Look, tuple[str, str, str]] = {
    "version": ("#e8f0fe", "#3367d6", "#174ea6"),
    "run": ("#e6f4ea", "#188038", "#0d652d"),
    "deleted": ("#f1f3f4", "#9aa0a6", "#5f6368"),
    "cut": ("none", _GREY, _GREY),
}


def drawn(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> str | None:
    """Return a picture of boxes and arrows; None if they are too many to be seen."""
    level = levels_of(boxes, arrows)
    shown, joined, levels = collapsed(boxes, arrows, level)
    passed = sum(abs(levels[each.source] - levels[each.target]) for each in joined)
    if len(shown) > MOST_BOXES or passed > MOST_CROSSINGS:
        return None
    layout = laid_out(shown, joined, levels, {box.id: _size(box) for box in shown})
    return _svg(layout)


def _svg(layout: Layout) -> str:
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="0 0 {width:.0f} {height:.0f}" role="img" style="{_FONT}">'
    )
    arrows = [_arrow(route) for route in layout.routes]
    boxes = [_box(place, place.box) for place in layout.places if place.box is not None]
    return "".join([opening, *arrows, *boxes, "</svg>"])


def _lines(box: Box) -> list[tuple[str, str]]:
    """Return the lines of a box, each with its style."""
    below = [*box.below[:_LINES], *(["…"] if len(box.below) > _LINES else [])]
    lines = [("font-size:11px;opacity:.8", box.above)] if box.above else []
    lines.append(("font-weight:600", box.title))
    return [
        (style, shortened(visible(text), _LONGEST))
        for style, text in (*lines, *(("font-size:11px", text) for text in below))
    ]


def _size(box: Box) -> tuple[float, float]:
    lines = _lines(box)
    stack = 6.0 if _is_many(box) else 0.0
    widest = max(width_of(text) * (1.08 if "600" in style else 1.0) for style, text in lines)
    return widest + 2 * _PADDING + stack, len(lines) * _LINE + 2 * _PADDING - 4 + stack


def _is_many(box: Box) -> bool:
    return box.id.startswith("many\0")


def _box(place: Place, box: Box) -> str:
    ground, edge, ink = _COLOURS[box.look]
    stack = 6.0 if _is_many(box) else 0.0
    x, y = place.x - place.width / 2 + _MARGIN, place.y - place.height / 2 + _MARGIN
    width, height = place.width - stack, place.height - stack
    dash = ' stroke-dasharray="5 3"' if box.look in ("deleted", "cut") else ""
    corner = min(height / 2, 16.0) if box.look == "run" else 5.0
    shape = (
        f'width="{width:.1f}" height="{height:.1f}" rx="{corner:.1f}" fill="{ground}"'
        f' stroke="{edge}" stroke-width="{2.5 if box.strong else 1.2}"{dash}/>'
    )
    rects = [
        f'<rect x="{x + moved:.1f}" y="{y + moved:.1f}" {shape}'
        for moved in ((6.0, 3.0, 0.0) if stack else (0.0,))
    ]
    text = [
        f'<text x="{x + _PADDING:.1f}" y="{y + _PADDING + 9 + number * _LINE:.1f}"'
        f' fill="{ink}" style="{style}">{marked(line)}</text>'
        for number, (style, line) in enumerate(_lines(box))
    ]
    hint = "\n".join(map(marked, (box.hint or box.title).split("\n")))
    return f"<g><title>{hint}</title>{''.join(rects)}{''.join(text)}</g>"


def _arrow(route: Route) -> str:
    first, *between, last = route.places
    x, y = first.x + first.width / 2 + _MARGIN, first.y + _MARGIN
    start = (x, y)
    path = [f"M{x:.1f} {y:.1f}"]
    for place in (*between, last):
        left, right = place.x - place.width / 2 + _MARGIN, place.x + place.width / 2 + _MARGIN
        to = place.y + _MARGIN
        bend = max(GAP / 2, (left - x) / 2)
        path.append(f"C{x + bend:.1f} {y:.1f} {left - bend:.1f} {to:.1f} {left:.1f} {to:.1f}")
        if place is not last:
            path.append(f"H{right:.1f}")
        x, y = right, to
    dashed = route.arrow.dashed or route.is_back
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    tip = (
        (start[0], start[1], 7.0)
        if route.is_back
        else (last.x - last.width / 2 + _MARGIN, last.y + _MARGIN, -7.0)
    )
    head = f"M{tip[0]:.1f} {tip[1]:.1f}l{tip[2]} -3.5v7z"
    return (
        f'<path d="{"".join(path)}" fill="none" stroke="{_GREY}" stroke-width="1.3"{dash}/>'
        f'<path d="{head}" fill="{_GREY}"/>'
    )
