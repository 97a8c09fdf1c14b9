"""Reading the versions of lines a stretch at a time, with what a filter wants to know of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from stemmata_domain.codec import time_from
from stemmata_projections.search import queries as q
from stemmata_projections.search.changes import last_changes_of_versions
from stemmata_projections.search.evaluation import Facts, passes
from stemmata_projections.search.filters import Filter
from stemmata_projections.search.lines import FoundLine
from stemmata_projections.search.narrowing import divided, mentioned, numbers_for, texts_for
from stemmata_projections.search.scopes import Asking
from stemmata_projections.search.values import Value
from stemmata_projections.version_index import queries as index
from stemmata_projections.version_index.rows import grouped, version_of
from stemmata_projections.version_index.views import Version
from stemmata_projections.view_store import Params

_FIRST_STRETCH = 256
_LONGEST_STRETCH = 16_384
_FEW = 50

Names = Mapping[int, tuple[str, ...]]

# What is known of a version as soon as its line is known.
_OF_LINE = ("collection", "type")


class FoundVersion(NamedTuple):
    """A version that passes, in the line through which it was found."""

    line: FoundLine
    row: index.VersionRow
    facts: Facts

    @property
    def number(self) -> int:
        """The number N of `vN` in the line."""
        return self.row[0]


class Members:
    """The versions of lines that pass a filter, by number.

    Attributes:
        lines: Ids of the lines that can have any, if only some can.
    """

    def __init__(
        self, asking: Asking, filter: Filter, *, wants: frozenset[str] = frozenset()
    ) -> None:
        self._asking = asking
        self._of_line, self._of_version = divided(filter, _OF_LINE)
        self._facts = mentioned(self._of_version) | wants
        self._numbers = numbers_for(filter, "version")
        self._candidates = self._found_by_names(filter)
        self.lines = None if self._candidates is None else frozenset(self._candidates)

    def of(self, line: FoundLine, *, after: int = -1) -> Iterator[FoundVersion]:
        """Yield the versions of a line with greater numbers than *after*."""
        if not self._may(line):
            return
        numbers = self._numbers_in(line.id)
        if numbers is None:
            yield from self._all(line, after)
            return
        for number in sorted(numbers):
            if number > after:
                yield from self._numbered(line, number)

    def at(self, line: FoundLine, number: int) -> Iterator[FoundVersion]:
        """Yield the version with this number, if it passes."""
        if self._may(line):
            yield from self._numbered(line, number)

    def _may(self, line: FoundLine) -> bool:
        _, _, _, collection, type, *_ = line.row
        return passes({"collection": collection, "type": type}, self._of_line)

    def _numbered(self, line: FoundLine, number: int) -> Iterator[FoundVersion]:
        params: Params = {"line": line.id, "number": number}
        rows = self._asking.rows(index.VERSION_BY_NUMBER, params)
        return self._passing(line, rows, number - 1, number)

    def _all(self, line: FoundLine, after: int) -> Iterator[FoundVersion]:
        length = _FIRST_STRETCH
        while True:
            upto = after + length
            params: Params = {"line": line.id, "after": after, "upto": upto}
            rows = self._asking.rows(q.VERSIONS_BETWEEN, params)
            yield from self._passing(line, rows, after, upto)
            after = upto
            if len(rows) < length:
                # A stretch with gaps may be the last one; or many versions were deleted behind it.
                ((number,),) = self._asking.rows(q.NEXT_NUMBER, {"line": line.id, "after": after})
                if number is None:
                    return
                after = number - 1
            length = min(2 * length, _LONGEST_STRETCH)

    def _passing(
        self, line: FoundLine, rows: Sequence[index.VersionRow], after: int, upto: int
    ) -> Iterator[FoundVersion]:
        if not rows:
            return
        stretch: Params = {"line": line.id, "after": after, "upto": upto}
        names: dict[str, Names] = {}
        if "alias" in self._facts:
            names["alias"] = grouped(self._asking.rows(q.ALIASES_BETWEEN, stretch))
        if "tag" in self._facts:
            names["tag"] = grouped(self._asking.rows(q.TAGS_BETWEEN, stretch))
        updated: Mapping[str, str] = {}
        if "updated_at" in self._facts:
            updated = last_changes_of_versions(self._asking, stretch)
        for row in rows:
            facts = _facts(line, row, names, updated)
            if passes(facts, self._of_version):
                yield FoundVersion(line, row, facts)

    # --- few versions, where a filter names them ---------------------------------------------------

    def _numbers_in(self, line: str) -> frozenset[int] | None:
        """Return the few numbers in a line that can pass; None where they are not few."""
        found = None if self._numbers is None else frozenset(self._numbers)
        if self._candidates is not None:
            named = self._candidates.get(line, frozenset())
            found = named if found is None else found & named
        return None if found is None or len(found) > _FEW else found

    def _found_by_names(self, filter: Filter) -> Mapping[str, frozenset[int]] | None:
        """Return the numbers that can pass, by their line, where aliases, tags or ids are named."""
        lists = [
            [member for value in values for member in self._asking.rows(query, {"value": value})]
            for name, query in (
                ("id", q.MEMBERS_OF_VERSION),
                ("alias", q.MEMBERS_ALIASED),
                ("tag", q.MEMBERS_TAGGED),
            )
            if (values := texts_for(filter, name)) is not None
        ]
        if not lists:
            return None
        common = frozenset(lists[0]).intersection(*lists[1:])
        numbers: dict[str, set[int]] = {}
        for line, number in common:
            numbers.setdefault(line, set()).add(number)
        return {line: frozenset(found) for line, found in numbers.items()}


def version(asking: Asking, found: FoundVersion) -> Version:
    """Return a version as an answer shows it."""
    params: Params = {"line": found.line.id, "number": found.number}
    ((aliases, tags),) = asking.rows(index.NAMES_OF_MEMBER, params)
    return version_of(found.line.row[:7], found.row, aliases, tags)


def _facts(
    line: FoundLine,
    row: index.VersionRow,
    names: Mapping[str, Names],
    updated: Mapping[str, str],
) -> dict[str, Value]:
    number, linked_at, _, id, _, _, _, _, _, size, *_ = row
    created_at, metadata = row[12], row[17]
    return {
        "id": id,
        "version": number,
        "name": f"{line.name}:v{number}",
        "collection": line.name,
        "type": line.row[4],
        "metadata": metadata,
        "size": size,
        "created_at": time_from(created_at),
        "updated_at": time_from(updated.get(id, created_at)),
        "linked_at": time_from(linked_at),
        **{each: [*found.get(number, ())] for each, found in names.items()},
    }
