"""Reading artifacts and collections a stretch at a time, with what a filter wants to know of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import dropwhile
from typing import NamedTuple

from stemmata_domain.codec import time_from
from stemmata_projections.search import queries as q
from stemmata_projections.search.changes import LINE_CHANGES, last_change, last_changes_of_lines
from stemmata_projections.search.evaluation import Facts, passes
from stemmata_projections.search.filters import Filter
from stemmata_projections.search.narrowing import mentioned, texts_for
from stemmata_projections.search.scopes import Asking, Shelf
from stemmata_projections.search.values import Value
from stemmata_projections.version_index import queries as index
from stemmata_projections.version_index.rows import collection_of, grouped, texts
from stemmata_projections.version_index.views import Collection
from stemmata_projections.view_store import Params

_FIRST_STRETCH = 128
_LONGEST_STRETCH = 8192
_FEW = 2000

Names = Mapping[str, tuple[str, ...]]


class FoundLine(NamedTuple):
    """An artifact or collection that passes, and where it stands."""

    shelf: Shelf
    row: index.LineRow
    facts: Facts

    @property
    def id(self) -> str:
        """Id of the artifact or collection."""
        return self.row[0]

    @property
    def name(self) -> str:
        """Its name."""
        return self.row[3]

    @property
    def is_link(self) -> bool:
        """Whether versions are linked here, and not logged."""
        return self.row[1] == "collection"


class _About(NamedTuple):
    """What is known of lines beside their rows: tags and aliases, and when they were changed."""

    names: Mapping[str, Names]
    updated: Mapping[str, str]


class Lines:
    """The lines on some shelves that pass a filter, shelf by shelf and by name.

    Args:
        shelves: None for whatever there is; lines are then asked for by their ids only.
        only: Ids of the lines that matter, if not all do.
        logged: Whether only artifacts matter.
        wants: Names of fields that facts shall have, beside those that the filter asks for.
    """

    def __init__(
        self,
        asking: Asking,
        shelves: Sequence[Shelf] | None,
        filter: Filter,
        *,
        only: frozenset[str] | None = None,
        logged: bool = False,
        wants: frozenset[str] = frozenset(),
    ) -> None:
        self._asking = asking
        self._shelves = None if shelves is None else {each.scope: each for each in shelves}
        self._filter = filter
        self._facts = mentioned(filter) | wants
        self._names = texts_for(filter, "name")
        self._only = only
        self._logged = logged
        self._few: dict[str, list[index.LineRow]] | None = None

    def after(self, scope: str | None, name: str) -> Iterator[FoundLine]:
        """Yield lines from the one with this name on, or all if no scope is given."""
        shelves = list((self._shelves or {}).values())
        self._few = self._candidates(shelves)
        if scope is not None:
            shelves = list(dropwhile(lambda each: each.scope != scope, shelves))
        for shelf in shelves:
            yield from self._on(shelf, name if shelf.scope == scope else "")

    def by_id(self, id: str) -> Iterator[FoundLine]:
        """Yield the line with this id, if it passes and stands on one of the shelves."""
        for row in self._asking.rows(index.LINE_BY_ID, {"line": id}):
            scope = row[2]
            shelf = Shelf(scope=scope) if self._shelves is None else self._shelves.get(scope)
            if shelf is not None:
                yield from self._passing(shelf, [row], self._about_one(row))

    def _on(self, shelf: Shelf, begin: str) -> Iterator[FoundLine]:
        if self._few is not None:
            for row in self._few.get(shelf.scope, ()):
                if row[3] >= begin:
                    yield from self._passing(shelf, [row], self._about_one(row))
            return
        after, most = begin, _FIRST_STRETCH
        if begin:
            # Where the last page ended; the stretch after it is open at its beginning.
            rows = self._asking.rows(index.LINE_IN_SCOPE, {"scope": shelf.scope, "name": begin})
            for row in rows:
                yield from self._passing(shelf, [row], self._about_one(row))
        while True:
            params: Params = {"scope": shelf.scope, "after": after, "most": most}
            found = self._asking.rows(q.LINES_AFTER, params)
            if found:
                stretch: Params = {"scope": shelf.scope, "after": after, "upto": found[-1][3]}
                yield from self._passing(shelf, found, self._about_stretch(stretch))
                after = found[-1][3]
            if len(found) < most:
                return
            most = min(2 * most, _LONGEST_STRETCH)

    def _passing(
        self, shelf: Shelf, rows: Sequence[index.LineRow], about: _About
    ) -> Iterator[FoundLine]:
        if self._logged:
            rows = [row for row in rows if row[1] == "artifact"]
        if self._only is not None:
            rows = [row for row in rows if row[0] in self._only]
        for row in rows:
            facts = _facts(row, about)
            if passes(facts, self._filter):
                yield FoundLine(shelf, row, facts)

    # --- what is known of lines beside their rows, if it matters -------------------------------------

    def _about_stretch(self, stretch: Params) -> _About:
        asked = {"tag": q.TAGS_OF_LINES, "alias": q.ALIASES_OF_LINES}
        names = {
            name: grouped(self._asking.rows(query, stretch))
            for name, query in asked.items()
            if name in self._facts
        }
        dated = "updated_at" in self._facts
        return _About(names, last_changes_of_lines(self._asking, stretch) if dated else {})

    def _about_one(self, row: index.LineRow) -> _About:
        line, kind, *_ = row
        names: dict[str, Names] = {}
        if "tag" in self._facts:
            rows = self._asking.rows(index.TAGS_OF_COLLECTION, {"line": line})
            names["tag"] = {line: texts(rows)}
        if "alias" in self._facts:
            of_line = self._asking.rows(index.ALIASES_OF_LINE, {"line": line})
            names["alias"] = {line: tuple(sorted(alias for _, alias in of_line))}
        dated = "updated_at" in self._facts
        return _About(names, last_change(self._asking, line, LINE_CHANGES[kind]) if dated else {})

    # --- few lines, where a filter names them ------------------------------------------------------

    def _candidates(self, shelves: Sequence[Shelf]) -> dict[str, list[index.LineRow]] | None:
        """Return the few lines that can pass, by their shelf; None where they are not few."""
        for found in (self._identified(), self._tagged(), self._aliased()):
            if found is not None:
                self._only = found if self._only is None else self._only & found
        if self._only is not None and len(self._only) <= _FEW:
            rows = [self._asking.rows(index.LINE_BY_ID, {"line": id}) for id in self._only]
        elif self._names is not None and len(self._names) * len(shelves) <= _FEW:
            rows = [
                self._asking.rows(index.LINE_IN_SCOPE, {"scope": shelf.scope, "name": name})
                for shelf in shelves
                for name in dict.fromkeys(self._names)
            ]
        else:
            return None
        few: dict[str, list[index.LineRow]] = {}
        for row in sorted((each for found in rows for each in found), key=lambda row: row[3]):
            few.setdefault(row[2], []).append(row)
        return few

    def _identified(self) -> frozenset[str] | None:
        ids = texts_for(self._filter, "id")
        return None if ids is None else frozenset(ids)

    def _tagged(self) -> frozenset[str] | None:
        tags = texts_for(self._filter, "tag")
        if tags is None:
            return None
        found = (self._asking.rows(q.LINES_TAGGED, {"value": tag}) for tag in tags)
        return frozenset(line for rows in found for (line,) in rows)

    def _aliased(self) -> frozenset[str] | None:
        aliases = texts_for(self._filter, "alias")
        if aliases is None:
            return None
        found = (self._asking.rows(q.MEMBERS_ALIASED, {"value": alias}) for alias in aliases)
        return frozenset(line for rows in found for line, _ in rows)


def collection(asking: Asking, line: FoundLine) -> Collection:
    """Return a line as an answer shows it."""
    rows = asking.rows(index.TAGS_OF_COLLECTION, {"line": line.id})
    return collection_of(line.row, texts(rows))


def _facts(row: index.LineRow, about: _About) -> dict[str, Value]:
    id, _, _, name, type, _, _, description, created_at, _ = row
    return {
        "id": id,
        "name": name,
        "type": type,
        "description": description,
        "created_at": time_from(created_at),
        "updated_at": time_from(about.updated.get(id, created_at)),
        **{each: [*found.get(id, ())] for each, found in about.names.items()},
    }
