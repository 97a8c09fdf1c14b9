"""Asking for usage, now or at a position.

- Uses are counted where they are kept: what is read does not grow with their number.
- A use stays a use: what has been deleted since is told by the name that it had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Literal, TypeVar, cast

from stemmata_domain.codec import time_from
from stemmata_domain.names import registry_project
from stemmata_projections.frozen import maker
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.usage import queries as q
from stemmata_projections.usage.values import Figures, Part, UnusedVersion, Usage, User
from stemmata_projections.version_index.views import Collection, Version
from stemmata_projections.view_store import Params, ViewStore

Found = TypeVar("Found", bound=Row)
K = TypeVar("K", str, int)

_NEVER = Figures()
_USED: Params = {"kind": "used"}
_new_unused = maker(UnusedVersion)


class UsageIndex:
    """How often versions, collections, registries and projects were used, and by whom."""

    def __init__(self, views: ViewStore, *, at: int | None = None) -> None:
        self._views = views
        self._at = at

    # --- what is used --------------------------------------------------------------------------

    def of_version(self, version: Version) -> Usage:
        """Return the usage of a version, through all of its names."""
        params = {"version": version.id, "line": version.line}
        with self._views.reading():
            names = _Names(self._views, at=self._at)
            users = [
                _user(who, names.of(through), row, number=number)
                for who, through, number, *row in self._ask(q.USERS_OF_VERSION, params)
            ]
            return Usage(
                kind="version",
                name=version.full_name,
                through=_figures(self._ask(q.USE_OF_VERSION_THROUGH, params)[0]),
                total=_figures(self._ask(q.USE_OF_VERSION, params)[0]),
                users=_most_first(users),
            )

    def of_line(self, line: Collection) -> Usage:
        """Return the usage of an artifact or a collection, by version and in total."""
        params = {"line": line.id}
        with self._views.reading():
            names = _Names(self._views, at=self._at)
            # By its own name, versions count that have left it too.
            rows = [
                *(row for row in self._ask(q.USERS_OF_LINE, params) if row[1] != line.id),
                *self._ask(q.USERS_THROUGH_LINE, params),
            ]
            total = _by_part(self._ask(q.VERSIONS_OF_LINE, params))
            through = _by_part(self._ask(q.VERSIONS_THROUGH_LINE, params))
            return Usage(
                kind="collection" if line.is_link else "artifact",
                name=line.full_name,
                through=_figures(self._ask(q.USE_THROUGH_LINE, params)[0]),
                total=_figures(self._ask(q.USE_OF_LINE, params)[0]),
                users=_most_first(_user(who, names.of(id), row) for who, id, *row in rows),
                parts=tuple(
                    Part(
                        name=f"{line.full_name}:v{number}",
                        is_gone=number not in total,
                        through=through.get(number, _NEVER),
                        total=total.get(number, _NEVER),
                    )
                    for number in sorted({*total, *through})
                ),
            )

    def of_scope(self, scope: str, *, kind: Literal["registry", "project"], name: str) -> Usage:
        """Return the usage of a registry (by its id) or a project (`entity/project`), by collection.

        Args:
            name: What the answer calls it.
        """
        params = {"scope": scope}
        with self._views.reading():
            names = _Names(self._views, at=self._at)
            rows = self._ask(q.USERS_THROUGH_SCOPE, params, ever=True)
            here = {id for id, *_ in self._ask(q.PLACES_IN_SCOPE, params)}
            total = _by_part(self._ask(q.LINES_OF_SCOPE, params))
            runs = dict(self._ask(q.RUNS_THROUGH_LINES, params, ever=True))
            ((all_runs,),) = self._ask(q.RUNS_THROUGH_SCOPE, params, ever=True)
            users = [_user(who, names.of(id), row) for who, id, *row in rows]
            through: dict[str, list[User]] = defaultdict(list)
            for (_, id, *_), user in zip(rows, users, strict=True):
                through[id].append(user)
            of_all = self._ask(q.USE_OF_SCOPE, params)[0]
            ((memberships, versions),) = self._ask(q.VERSIONS_IN_SCOPE, params)
            if memberships > versions:
                # A version in several collections counts once.
                uses = sum(n for _, _, n in self._ask(q.USES_IN_SCOPE, params))
                of_all = (uses, *of_all[1:])
            return Usage(
                kind=kind,
                name=name,
                through=_together(users, runs=all_runs),
                total=_figures(of_all),
                users=_most_first(users),
                parts=tuple(
                    Part(
                        name=_name_of(place),
                        is_gone=place[0] not in here,
                        through=_together(through[place[0]], runs=runs.get(place[0], 0)),
                        total=total.get(place[0], _NEVER),
                    )
                    for place in self._ask(q.PLACES_IN_SCOPE, params, ever=True)
                ),
            )

    # --- what is not ---------------------------------------------------------------------------

    def unused_in_line(self, line: str) -> list[UnusedVersion]:
        """Return the versions of an artifact or collection (by its id) that no run has used."""
        return _unused(self._ask(q.UNUSED_IN_LINE, {"line": line}))

    def unused_in_scope(self, scope: str) -> list[UnusedVersion]:
        """Return those in a registry (by its id) or a project (`entity/project`)."""
        return _unused(self._ask(q.UNUSED_IN_SCOPE, {"scope": scope}))

    def unused(self) -> list[UnusedVersion]:
        """Return those of all artifacts, by the names of their sources."""
        return _unused(self._ask(q.UNUSED_ANYWHERE, {"line_kind": "artifact"}))

    def _ask(self, query: Query[Found], params: Params, *, ever: bool = False) -> Sequence[Found]:
        return self._views.query(query, {**params, **_USED}, at=self._at, ever=ever)


class _Names:
    """The full names of artifacts and collections by id, and whether they are gone."""

    def __init__(self, views: ViewStore, *, at: int | None) -> None:
        self._views = views
        self._at = at
        self._known: dict[str, tuple[str, bool]] = {}

    def of(self, line: str) -> tuple[str, bool]:
        found = self._known.get(line)
        if found is None:
            params = {"line": line}
            here = self._views.query(q.PLACE_OF_LINE, params, at=self._at)
            rows = here or self._views.query(q.PLACE_OF_LINE, params, at=self._at, ever=True)
            found = self._known[line] = (_name_of(rows[-1]), not here)
        return found


def _name_of(place: q.PlaceRow) -> str:
    _, scope, name, registry, _ = place
    return f"{scope if registry is None else registry_project(registry)}/{name}"


def _user(
    who: str, name: tuple[str, bool], row: Sequence[object], *, number: int | None = None
) -> User:
    full_name, is_gone = name
    through = full_name if number is None else f"{full_name}:v{number}"
    return User(who=who, through=through, is_gone=is_gone, figures=_figures(row))


def _most_first(users: Iterable[User]) -> tuple[User, ...]:
    return tuple(sorted(users, key=_rank))


def _rank(user: User) -> tuple[int, str, str, bool, str, str, int]:
    # Two collections that are gone may have had one name, so that the times count too.
    figures = user.figures
    times = (str(figures.first), str(figures.last))
    return (-figures.uses, user.who, user.through, user.is_gone, *times, figures.runs)


def _together(users: Sequence[User], *, runs: int) -> Figures:
    """Return the figures of all users; a run may be of several, and cannot be summed."""
    figures = [user.figures for user in users]
    return Figures(
        uses=sum(each.uses for each in figures),
        runs=runs,
        people=len({user.who for user in users}),
        first=min((each.first for each in figures if each.first is not None), default=None),
        last=max((each.last for each in figures if each.last is not None), default=None),
    )


def _by_part(rows: Iterable[tuple[K, *q.FigureRow]]) -> Mapping[K, Figures]:
    return {part: _figures(row) for part, *row in rows}


def _figures(row: Sequence[object]) -> Figures:
    uses, runs, people, first, last = cast("q.FigureRow", row)
    if first is None or last is None:
        return _NEVER
    return Figures(
        uses=uses, runs=runs, people=people, first=time_from(first), last=time_from(last)
    )


def _unused(rows: Iterable[q.UnusedRow]) -> list[UnusedVersion]:
    found = []
    for (_, number), group in groupby(rows, key=lambda row: (row[0], row[6])):
        each = list(group)
        *place, type, _, id, size, file_count, created_at, created_by, _ = each[0]
        found.append(
            _new_unused(
                id,
                f"{_name_of(cast('q.PlaceRow', place))}:v{number}",
                type,
                tuple(alias for *_, alias in each if alias is not None),
                size,
                file_count,
                time_from(created_at),
                created_by,
            )
        )
    return found
