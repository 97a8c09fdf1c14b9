"""On which level each box stands, and what is shown as one.

Everything is linear in boxes and arrows, so that a graph of thousands is as good as drawn.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from stemmata_projections.pictures.boxes import Arrow, Box

MANY = 5
"""So many boxes that are alike, on one level, are shown as one."""
_CROWD = 24
_NAMED = 12


def levels_of(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> Mapping[str, int]:
    """Return the level of each box: arrows lead to a higher one, save those that close a circle."""
    onward: dict[str, list[str]] = defaultdict(list)
    waiting = {box.id: 0 for box in boxes}
    for arrow in arrows:
        if arrow.source != arrow.target:
            onward[arrow.source].append(arrow.target)
            waiting[arrow.target] += 1
    came_first = {id for id, count in waiting.items() if count == 0}
    ready = deque(id for id in waiting if id in came_first)
    stuck = deque(waiting)
    level: dict[str, int] = dict.fromkeys(waiting, 0)
    done: set[str] = set()
    while len(done) < len(waiting):
        if not ready:
            # A circle: it is entered at the box that was named first.
            ready.append(stuck.popleft())
        id = ready.popleft()
        if id in done:
            continue
        done.add(id)
        for target in onward[id]:
            if target not in done:
                level[target] = max(level[target], level[id] + 1)
                waiting[target] -= 1
                if waiting[target] == 0:
                    ready.append(target)
    for id in came_first:
        # What comes from nothing stands beside what came of it, not far away.
        if onward[id]:
            level[id] = max(level[id], min(level[target] for target in onward[id]) - 1)
    return level


def collapsed(
    boxes: Sequence[Box], arrows: Sequence[Arrow], level: Mapping[str, int]
) -> tuple[list[Box], list[Arrow], dict[str, int]]:
    """Return boxes and arrows with those that are alike shown as one, and their levels."""
    stands_for = _gathered(boxes, level, lambda box: box.group, MANY)
    left = [box for box in boxes if box.id not in stands_for]
    crowded = _gathered(left, level, lambda _: "", _CROWD)
    stands_for |= crowded
    members: dict[str, list[Box]] = defaultdict(list)
    for box in boxes:
        members[stands_for.get(box.id, box.id)].append(box)
    shown = [_cluster(id, some) if id not in level else some[0] for id, some in members.items()]
    levels = {id: level[some[0].id] for id, some in members.items()}
    # Of several arrows that have become one, it is whole if one of them is.
    joined: dict[tuple[str, str], Arrow] = {}
    for arrow in arrows:
        source = stands_for.get(arrow.source, arrow.source)
        target = stands_for.get(arrow.target, arrow.target)
        key = (source, target)
        if key not in joined or not arrow.dashed:
            joined[key] = replace(arrow, source=source, target=target)
    return shown, list(joined.values()), levels


def _gathered(
    boxes: Sequence[Box], level: Mapping[str, int], group: Callable[[Box], str], least: int
) -> dict[str, str]:
    alike: dict[tuple[int, str, str], list[Box]] = defaultdict(list)
    for box in boxes:
        if not box.stands:
            alike[level[box.id], box.look, group(box)].append(box)
    return {
        box.id: "\0".join(("many", *map(str, key), str(least)))
        for key, some in alike.items()
        if len(some) >= least
        for box in some
    }


def _cluster(id: str, some: Sequence[Box]) -> Box:
    things = "runs" if some[0].look == "run" else "versions"
    if some[0].look == "deleted":
        things = "deleted versions"
    named = [box.title for box in some[:_NAMED]]
    rest = len(some) - len(named)
    above = {box.above for box in some}
    return Box(
        id=id,
        look=some[0].look,
        above=some[0].above if len(above) == 1 else "",
        title=f"{len(some)} {things}",
        below=(f"{some[0].title} …", f"… {some[-1].title}"),
        hint="\n".join((*named, *([f"and {rest} more"] if rest else []))),
    )
