"""What came of what: the lineage graph around a thing, paths through it, and impact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, get_args

from stemmata.moments import time
from stemmata.reading.base import Asking
from stemmata_domain.aggregates.versions import version_id
from stemmata_domain.errors import InvalidSetting, UnknownVersion
from stemmata_domain.events import RunState
from stemmata_domain.names import quoted, setting, texts, version_index
from stemmata_domain.paths import parse_strict
from stemmata_projections.lineage.fold import RUNNING
from stemmata_projections.lineage.nodes import Direction, Way

if TYPE_CHECKING:
    from stemmata_projections.lineage.impact import Impact
    from stemmata_projections.lineage.paths import Paths
    from stemmata_projections.lineage.reach import Reach
    from stemmata_projections.lineage.selection import Sought
    from stemmata_projections.lineage.views import Graph

_STATES = (RUNNING, *get_args(RunState))


class LineageQueries(Asking):
    """The graph of runs, and of the versions that they used and produced.

    A linked name stands for its source. A deleted version is still there: by the name of its source,
    `[[ENTITY/]PROJECT/]ARTIFACT:vN`, it can be asked about like any other.
    """

    def lineage(
        self,
        name: str | None = None,
        *,
        run: str | None = None,
        direction: Direction = "both",
        depth: int | None = None,
        types: Iterable[str] = (),
        states: Iterable[str] = (),
        projects: Iterable[str] = (),
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        limit: int | None = None,
    ) -> Graph:
        """Return what a version, or a run, came from and what came of it.

        Filters say what is looked for: the graph then has what matches, and what is on the way to it.
        A graph that a bound has cut says so, where, and how to go on.

        Args:
            name: A version; or give the path of a *run*, `entity/project/id`.
            direction: `both` is all ancestors and all descendants.
            depth: How many generations, from version over run to version, to go each way.
            types: Types of the versions that are looked for.
            states: States of the runs that are looked for; `running` is one.
            projects: Where both are looked for, `entity/project`, or a project of the default entity.
            since: When, at the earliest, a version that is looked for was created or a run started.
            until: Before when that was.
            limit: How many nodes to look at, nearest first.

        Raises:
            LookupError: There is no such version or run.
            ValueError: An argument cannot be used.
        """
        from stemmata_projections.lineage.selection import Sought

        sought = Sought(
            types=texts(types, what="types"),
            states=tuple(map(_state, texts(states, what="states"))),
            projects=tuple(map(self._in_full, texts(projects, what="projects"))),
            since=None if since is None else time(since, what="since"),
            until=None if until is None else time(until, what="until"),
        )
        return self._explored(
            name, run=run, direction=direction, depth=depth, limit=limit, sought=sought
        )

    def impact(
        self,
        name: str | None = None,
        *,
        run: str | None = None,
        depth: int | None = None,
        limit: int | None = None,
    ) -> Impact:
        """Return what came of a version, or of a run, as a table; see :meth:`lineage`."""
        from stemmata_projections.lineage.impact import impact_in

        return impact_in(
            self._explored(name, run=run, direction="downstream", depth=depth, limit=limit)
        )

    def paths(self, source: str, target: str, *, most: int = 10) -> Paths:
        """Return the ways by which one version came of another, shortest first, up to *most*.

        Without any the answer is empty.

        Raises:
            LookupError: There is no such version.
            ValueError: An argument cannot be used.
        """
        from stemmata_projections.lineage.paths import paths_between

        number = _number(most, what="most", least=1)
        kept = self._kept_graph
        kept.follow()
        with self._views.reading():
            begins, ends = self._version_at(source), self._version_at(target)
            return paths_between(self._views, begins, ends, at=self.at, most=number, kept=kept)

    def reach(
        self, name: str | None = None, *, run: str | None = None, direction: Way = "downstream"
    ) -> Reach:
        """Return all that came of a version, or of a run, or all that it came from, by ids alone.

        It says at little cost how much that is, where :meth:`lineage` says what each of them is.

        Raises:
            LookupError: There is no such version or run.
            ValueError: An argument cannot be used.
        """
        from stemmata_projections.lineage.reach import reach_of

        _check_direction(direction, get_args(Way))
        kept = self._kept_graph
        kept.follow()
        with self._views.reading():
            return reach_of(
                self._views,
                self._start(name, run),
                at=self.at,
                is_run=run is not None,
                direction=direction,
                kept=kept,
            )

    def _explored(
        self,
        name: str | None,
        *,
        run: str | None,
        direction: Direction,
        depth: int | None,
        limit: int | None,
        sought: Sought | None = None,
    ) -> Graph:
        from stemmata_projections.lineage.exploring import explore
        from stemmata_projections.lineage.selection import Sought

        _check_direction(direction, get_args(Direction))
        depth = None if depth is None else _number(depth, what="depth", least=0)
        limit = None if limit is None else _number(limit, what="limit", least=1)
        if depth is None and limit is None:
            # Near a node the views are quick, whatever was appended since.
            self._kept_graph.follow()
        with self._views.reading():
            return explore(
                self._views,
                self._start(name, run),
                at=self.at,
                is_run=run is not None,
                direction=direction,
                depth=depth,
                limit=limit,
                sought=Sought() if sought is None else sought,
                kept=self._kept_graph,
            )

    def _start(self, name: str | None, run: str | None) -> str:
        if name is not None and run is None:
            return self._version_at(name)
        if run is not None and name is None:
            return self.graph.run(setting(run, what="run")).path
        rule = "give the name of a version or the path of a run, and not both"
        raise InvalidSetting(setting="start", value=quoted(name or ""), rule=rule)

    def _version_at(self, name: str) -> str:
        """Return the id of a version, which may be deleted."""
        try:
            return self.index.resolve(name).id
        except UnknownVersion:
            path = parse_strict(name)
            number = version_index(path.alias or "")
            line = self.index.collection(path)
            if number is not None and not line.is_link:
                version = version_id(line.id, number)
                if self.graph.was_deleted(version):
                    return version
            raise

    def _in_full(self, project: str) -> str:
        return project if "/" in project else f"{self.entity or ''}/{project}"


def _state(state: str) -> str:
    if state not in _STATES:
        rule = f"a run is one of: {', '.join(_STATES)}"
        raise InvalidSetting(setting="state", value=state, rule=rule)
    return state


def _check_direction(direction: str, known: Sequence[str]) -> None:
    if direction not in known:
        rule = f"give one of: {', '.join(known)}"
        raise InvalidSetting(setting="direction", value=quoted(direction), rule=rule)


def _number(value: int, *, what: str, least: int) -> int:
    if type(value) is not int or value < least:
        rule = f"give a whole number from {least} on"
        raise InvalidSetting(setting=what, value=quoted(value), rule=rule)
    return value
