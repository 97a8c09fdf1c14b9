"""Searching: registries, collections and versions by filters, in an order, page by page.

Without an order, registries come by organization and name, what stands in them by name, and versions by
number; the next page is then read from where the last one ended. With one, everything that passes is
found first. Each answer holds now, or at the position for which the index was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import dropwhile
from typing import Protocol, TypeVar, cast

from stemmata_domain.errors import InvalidSetting
from stemmata_projections.paging import Page
from stemmata_projections.search.evaluation import Facts
from stemmata_projections.search.fields import COLLECTIONS, REGISTRIES, VERSIONS, Kind
from stemmata_projections.search.filters import Every, Filter
from stemmata_projections.search.lines import FoundLine, Lines, collection
from stemmata_projections.search.members import FoundVersion, Members, version
from stemmata_projections.search.ordering import Order, ordered, parse_order
from stemmata_projections.search.pages import Pages, Place, Walk, sorted_walk
from stemmata_projections.search.parsing import parse_filter
from stemmata_projections.search.scopes import EVERYWHERE, Asking, Given, Scope, canonical
from stemmata_projections.search.shelves import FoundRegistry, registries, shelves
from stemmata_projections.version_index.views import Collection, Registry, Version
from stemmata_projections.view_store import ViewStore


class SearchIndex:
    """What there is of which a filter holds."""

    def __init__(self, views: ViewStore, *, at: int | None = None) -> None:
        self._pages = Pages(views, at=at)

    def find_registries(
        self,
        filter: Given = None,
        *,
        scope: Scope = EVERYWHERE,
        order: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Registry]:
        """Return a page of the registries that pass *filter*.

        Raises:
            InvalidFilter: The filter does not fit the language.
            InvalidOrder: There is no such order.
            InvalidCursor: The cursor did not come with a page of this question.
        """
        sought = _Sought(filter, order, REGISTRIES)
        upper = _Upper(scope)

        def walk(asking: Asking, place: Place) -> Iterator[tuple[Place, FoundRegistry]]:
            both = Every((upper.registries, sought.filter))
            found = registries(asking, scope, both, wants=sought.facts)
            if place:
                found = dropwhile(lambda each: each.shelf.scope != place[0], found)
                next(found, None)
            for each in found:
                yield (each.shelf.scope,), each

        return self._pages.page(
            ("registries", *scope.canonical(), *sought.canonical()),
            _arranged(walk, sought.order),
            lambda _, found: found.registry,
            shape=sought.shape(str),
            limit=limit,
            cursor=cursor,
        )

    def find_collections(
        self,
        filter: Given = None,
        *,
        scope: Scope = EVERYWHERE,
        order: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Collection]:
        """Return a page of the artifacts and collections that pass *filter*.

        They pass the filters of the scope as well; the refusals are those of :meth:`find_registries`.
        """
        sought = _Sought(filter, order, COLLECTIONS)
        upper = _Upper(scope)

        def walk(asking: Asking, place: Place) -> Iterator[tuple[Place, FoundLine]]:
            lines = Lines(
                asking,
                shelves(asking, scope, upper.registries),
                Every((upper.collections, sought.filter)),
                only=_only(scope),
                logged=scope.logged,
                wants=sought.facts,
            )
            begin, name = cast("tuple[str, str]", place) if place else (None, "")
            for line in lines.after(begin, name):
                if (line.shelf.scope, line.name) != (begin, name):
                    yield (line.shelf.scope, line.name), line

        return self._pages.page(
            ("collections", *scope.canonical(), *sought.canonical()),
            _arranged(walk, sought.order),
            collection,
            shape=sought.shape(str, str),
            limit=limit,
            cursor=cursor,
        )

    def find_versions(
        self,
        filter: Given = None,
        *,
        scope: Scope = EVERYWHERE,
        order: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Version]:
        """Return a page of the versions that pass *filter*, as the lines in the scope have them.

        A version that is linked into several collections is found in each. The refusals are those of
        :meth:`find_registries`.
        """
        sought = _Sought(filter, order, VERSIONS)
        upper = _Upper(scope)

        def walk(asking: Asking, place: Place) -> Iterator[tuple[Place, FoundVersion]]:
            members = Members(asking, sought.filter, wants=sought.facts)
            only = _only(scope)
            if members.lines is not None:
                only = members.lines if only is None else only & members.lines
            on = shelves(asking, scope, upper.registries)
            lines = Lines(asking, on, upper.collections, only=only, logged=scope.logged)
            begin, name, number = cast("tuple[str, str, int]", place) if place else (None, "", -1)
            for line in lines.after(begin, name):
                goes_on = (line.shelf.scope, line.name) == (begin, name)
                for found in members.of(line, after=number if goes_on else -1):
                    yield (line.shelf.scope, line.name, found.number), found

        return self._pages.page(
            ("versions", *scope.canonical(), *sought.canonical()),
            _arranged(walk, sought.order),
            version,
            shape=sought.shape(str, str, int),
            limit=limit,
            cursor=cursor,
        )


class _Sought:
    """What is asked for: a filter and an order, read and as they were given."""

    def __init__(self, filter: Given, order: str | None, kind: Kind) -> None:
        self.filter = parse_filter(filter, kind)
        self.order = parse_order(order, kind)
        self.facts = frozenset(() if self.order is None else (self.order.field.name,))
        self._given = filter

    def shape(self, *unordered: type) -> tuple[type, ...]:
        """Return what places are made of: with an order, they are counted."""
        return unordered if self.order is None else (int,)

    def canonical(self) -> tuple[str, str]:
        order = self.order
        shown = "" if order is None else f"{'-' if order.descends else '+'}{order.field.name}"
        return canonical(self._given), shown


class _Upper:
    """The filters of a scope, read."""

    def __init__(self, scope: Scope) -> None:
        self.registries = _in_registries(scope)
        self.collections = parse_filter(scope.collections, COLLECTIONS)


def _in_registries(scope: Scope) -> Filter:
    if scope.registries is not None and scope.is_outside:
        named = scope.line or scope.project or scope.entity or "every project"
        rule = "no registries are looked through there, so that a filter of them would say nothing"
        raise InvalidSetting(setting="scope", value=named, rule=rule)
    return parse_filter(scope.registries, REGISTRIES)


def _only(scope: Scope) -> frozenset[str] | None:
    return None if scope.line is None else frozenset((scope.line,))


class _HasFacts(Protocol):
    @property
    def facts(self) -> Facts: ...


Found = TypeVar("Found", bound=_HasFacts)


def _arranged(walk: Walk[Found], order: Order | None) -> Walk[Found]:
    if order is None:
        return walk
    return sorted_walk(
        walk,
        lambda every: ordered(
            every, order, facts=lambda each: each.facts, id=lambda each: str(each.facts["id"])
        ),
    )
