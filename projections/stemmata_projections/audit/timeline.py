"""The timeline of an alias: what it named, from when to when, and who moved it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from stemmata_domain.codec import time_from
from stemmata_domain.errors import UnknownVersion
from stemmata_domain.names import version_index
from stemmata_domain.paths import parse_strict
from stemmata_projections.audit import queries as q
from stemmata_projections.audit.names import PastNames
from stemmata_projections.audit.things import Catalogue
from stemmata_projections.audit.views import AliasPeriod
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.view_store import Params, ViewStore

Found = TypeVar("Found", bound=Row)

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What an alias named over a range of positions; nothing if the number is None."""

    alias: str
    line: str
    index: int | None
    since: int
    until: int | None


class Timelines:
    """Aliases over all time up to a position."""

    def __init__(self, views: ViewStore, catalogue: Catalogue, *, at: int) -> None:
        self._views = views
        self._catalogue = catalogue
        self._names = PastNames(views)
        self._at = at

    def of(self, name: str) -> list[AliasPeriod]:
        """Return what the alias of *name* named, from its first version on; without one, all aliases'.

        A number, which is an alias too, names its version until that leaves.

        Raises:
            InvalidPath: The name does not fit the grammar.
            LookupError, ValueError: Nothing ever had the name, or the alias.
        """
        path = parse_strict(name)
        with self._views.reading():
            lines = self._catalogue.lines(path)
            found = sorted(
                (each for id, *_ in lines for each in self._named(id, path.alias)),
                key=attrgetter("alias", "since"),
            )
            if path.alias is not None and not found:
                raise UnknownVersion(name=path.collection, version=path.alias)
            stretches = [
                each
                for _, of_alias in groupby(found, key=attrgetter("alias"))
                for each in _with_gaps([*of_alias])
            ]
            return self._periods(stretches)

    def _named(self, line: str, alias: str | None) -> Iterator[_Stretch]:
        rows: Iterable[q.AliasRow]
        if alias is None:
            rows = self._ever(q.ALIASES_OVER_TIME, {"line": line})
        elif (number := version_index(alias)) is None:
            rows = self._ever(q.ALIAS_OVER_TIME, {"line": line, "alias": alias})
        else:
            members = self._catalogue.numbered(line, number)
            rows = ((alias, number, begin, end) for *_, begin, end in members)
        for called, index, begin, end in rows:
            yield _Stretch(called, line, index, begin, None if end > self._at else end)

    def _periods(self, stretches: Sequence[_Stretch]) -> list[AliasPeriod]:
        moments = self._moments(stretches)
        self._names.look_up(each.line for each in stretches)
        versions = [
            None
            if each.index is None
            else self._names.version_id(each.line, each.index, at=each.since)
            for each in stretches
        ]
        self._names.look_up(version.rpartition(":")[0] for version in versions if version)
        return [
            self._period(stretch, version, moments)
            for stretch, version in zip(stretches, versions, strict=True)
        ]

    def _period(
        self, stretch: _Stretch, version: str | None, moments: dict[int, tuple[str, str]]
    ) -> AliasPeriod:
        since, since_by = moments[stretch.since]
        until, until_by = (None, None) if stretch.until is None else moments[stretch.until]
        return AliasPeriod(
            line=stretch.line,
            name=self._names.line(stretch.line).name,
            alias=stretch.alias,
            index=stretch.index,
            version=version,
            source=None if version is None else self._names.source(version),
            since=time_from(since),
            since_position=stretch.since,
            since_by=since_by,
            until=None if until is None else time_from(until),
            until_position=stretch.until,
            until_by=until_by,
        )

    def _moments(self, stretches: Iterable[_Stretch]) -> dict[int, tuple[str, str]]:
        """Return when the events at the ends of stretches happened, and who acted."""
        ends = {end for each in stretches for end in (each.since, each.until) if end is not None}
        positions = sorted(ends)
        found: dict[int, tuple[str, str]] = {}
        for first in range(0, len(positions), _MOST):
            params: Params = {"positions": [*positions[first : first + _MOST]]}
            for position, at, actor, _ in self._views.query(q.ENTRIES_AT, params):
                found[position] = at, actor
        return found

    def _ever(self, query: Query[Found], params: Params) -> Sequence[Found]:
        return self._views.query(query, params, at=self._at, ever=True)


def _with_gaps(stretches: Sequence[_Stretch]) -> Iterator[_Stretch]:
    """Yield what one alias named, and between and after it, where it named nothing."""
    following: Sequence[_Stretch | None] = [*stretches[1:], None]
    for stretch, after in zip(stretches, following, strict=True):
        yield stretch
        begins = None if after is None else after.since
        if stretch.until is not None and stretch.until != begins:
            yield _Stretch(stretch.alias, stretch.line, None, stretch.until, begins)
