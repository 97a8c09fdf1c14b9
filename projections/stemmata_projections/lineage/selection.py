"""What is looked for in a graph: the nodes that match, and those on the way to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from stemmata_domain.codec import time_text
from stemmata_projections.lineage.details import Known
from stemmata_projections.lineage.walk import Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Which nodes match; what is empty or None asks for nothing.

    Attributes:
        types: Types of versions; where they are given, runs match only if states are given too.
        states: States of runs; where they are given, versions match only if types are given too.
        projects: `entity/project` of versions and of runs.
        since: The earliest moment at which a version was created or a run started.
        until: The moment before which that was.
    """

    types: Sequence[str] = ()
    states: Sequence[str] = ()
    projects: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether every node matches."""
        return not (self.types or self.states or self.projects or self.since or self.until)

    def among(self, facts: Known, nodes: Iterable[str]) -> set[str]:
        """Return those of some nodes that match."""
        types, states, projects = set(self.types), set(self.states), set(self.projects)
        since = "" if self.since is None else time_text(self.since)
        until = None if self.until is None else time_text(self.until)
        versions, runs = bool(types or not states), bool(states or not types)

        def matches(node: str) -> bool:
            run = facts.runs.get(node)
            if run is None:
                fits = versions and (not types or facts.type(node) in types)
            else:
                fits = runs and (not states or run[5] in states)
            if not fits or (projects and facts.project(node) not in projects):
                return False
            moment = facts.moment(node)
            return since <= moment and (until is None or moment < until)

        return set(filter(matches, nodes))


def on_the_way(walk: Walk, to: set[str]) -> set[str]:
    """Return the nodes of a walk from which some of its nodes are reached, with these themselves."""
    back: dict[str, list[str]] = {}
    for node, others in walk.onward().items():
        for other in others:
            back.setdefault(other, []).append(node)
    ahead = [node for node in walk.steps if node in to]
    kept = set(ahead)
    while ahead:
        for node in back.get(ahead.pop(), ()):
            if node not in kept:
                kept.add(node)
                ahead.append(node)
    return kept
