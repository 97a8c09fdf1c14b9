"""Where boxes stand and how arrows run: levels from left to right, in few crossings.

- An arrow over several levels is a chain of points, one on each level between, so that no box is drawn
  on top of it.
- On each level things are ordered by the mean place of their neighbours, to and fro a few times, and
  then moved as near to these as the room between them allows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from stemmata_projections.pictures.boxes import Arrow, Box

_SWEEPS = 6
_BETWEEN = 18.0
_BETWEEN_POINTS = 10.0
_POINT = 6.0
GAP = 64.0
"""Room between two levels."""


@dataclass(slots=True)
class Place:
    """A box, or the point of an arrow that passes a level: its middle and its size."""

    level: int
    width: float
    height: float
    box: Box | None = None
    x: float = 0.0
    y: float = 0.0
    before: list[Place] = field(default_factory=list)
    after: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Route:
    """The places that an arrow passes, from left to right, and whether it points to the left."""

    arrow: Arrow
    places: tuple[Place, ...]
    is_back: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything in its place."""

    places: tuple[Place, ...]
    routes: tuple[Route, ...]
    width: float
    height: float


def laid_out(
    boxes: Sequence[Box],
    arrows: Sequence[Arrow],
    level: Mapping[str, int],
    sizes: Mapping[str, tuple[float, float]],
) -> Layout:
    """Return the places of boxes of these sizes, and the routes of the arrows."""
    place = {
        box.id: Place(level[box.id], *sizes[box.id], box=box)
        for box in sorted(boxes, key=lambda box: level[box.id])
    }
    rows: dict[int, list[Place]] = defaultdict(list)
    for each in place.values():
        rows[each.level].append(each)
    routes = [_route(arrow, place, rows) for arrow in arrows if arrow.source != arrow.target]
    order = [rows[n] for n in sorted(rows)]
    _untangle(order)
    width = _columns(order)
    height = _rows(order)
    return Layout(tuple(place.values()), tuple(routes), width, height)


def _route(arrow: Arrow, place: Mapping[str, Place], rows: Mapping[int, list[Place]]) -> Route:
    left, right = place[arrow.source], place[arrow.target]
    is_back = left.level > right.level
    if is_back:
        left, right = right, left
    chain = [left]
    for level in range(left.level + 1, right.level):
        point = Place(level, 0.0, _POINT)
        rows[level].append(point)
        chain.append(point)
    chain.append(right)
    for one, other in pairwise(chain):
        one.after.append(other)
        other.before.append(one)
    return Route(arrow, tuple(chain), is_back)


def _untangle(order: list[list[Place]]) -> None:
    for row in order:
        _number(row)
    for sweep in range(_SWEEPS):
        rightward = sweep % 2 == 0
        for row in order if rightward else reversed(order):
            wanted = {id(each): _mean(each, rightward=rightward) for each in row}
            row.sort(key=lambda each: wanted[id(each)])
            _number(row)


def _number(row: Sequence[Place]) -> None:
    for number, each in enumerate(row):
        each.y = float(number)


def _mean(each: Place, *, rightward: bool) -> float:
    near = each.before if rightward else each.after
    return sum(other.y for other in near) / len(near) if near else each.y


def _columns(order: list[list[Place]]) -> float:
    x = 0.0
    for row in order:
        widest = max(each.width for each in row)
        for each in row:
            each.x = x + widest / 2
            if each.box is None:
                each.width = widest
        x += widest + GAP
    return x - GAP if order else 0.0


def _rows(order: list[list[Place]]) -> float:
    for row in order:
        y = 0.0
        for each in row:
            each.y = y + each.height / 2
            y += each.height + _BETWEEN
    for sweep in range(2 * _SWEEPS):
        rightward = sweep % 2 == 0
        for row in order if rightward else reversed(order):
            _settle(row, [_mean(each, rightward=rightward) for each in row])
    for row in order:
        near = [[*each.before, *each.after] for each in row]
        _settle(
            row,
            [
                sum(other.y for other in some) / len(some) if some else each.y
                for each, some in zip(row, near, strict=True)
            ],
        )
    top = min((each.y - each.height / 2 for row in order for each in row), default=0.0)
    for row in order:
        for each in row:
            each.y -= top
    return max((each.y + each.height / 2 for row in order for each in row), default=0.0)


def _settle(row: Sequence[Place], wanted: Sequence[float]) -> None:
    """Move a row as near to the wanted places as its order and the room between allow.

    Neighbours that want to be nearer than they may become a block, which stands at their mean.
    """
    offset = 0.0
    blocks: list[tuple[float, int]] = []
    offsets = []
    for number, each in enumerate(row):
        if number:
            last = row[number - 1]
            room = _BETWEEN if each.box is not None and last.box is not None else _BETWEEN_POINTS
            offset += (last.height + each.height) / 2 + room
        offsets.append(offset)
        total, count = wanted[number] - offset, 1
        while blocks and blocks[-1][0] * count >= total * blocks[-1][1]:
            before, many = blocks.pop()
            total, count = total + before, count + many
        blocks.append((total, count))
    number = 0
    for total, count in blocks:
        for each in row[number : number + count]:
            each.y = total / count + offsets[number]
            number += 1
