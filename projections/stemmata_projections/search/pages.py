"""Pages of an answer, all of one moment.

A cursor names the position of the log at which the first page was asked and the place at which that page
ended. Further pages are asked as of that position: whatever others write meanwhile, no item comes twice
and none is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, cast

from pydantic import JsonValue

from stemmata_domain.errors import InvalidCursor
from stemmata_projections.paging import Page, cursor_of, page_size, place_in
from stemmata_projections.search.scopes import Asking
from stemmata_projections.view_store import ViewStore

T = TypeVar("T")
S = TypeVar("S")

Place = Sequence[str | int]
Walk = Callable[[Asking, Place], Iterator[tuple[Place, T]]]
"""Yields what is found behind a place, each with its own place; behind the empty one stands everything."""

_FOLLOWED = ("version_index", "audit", "search")


class Pages:
    """Answers questions page by page, now or as of a position."""

    def __init__(self, views: ViewStore, *, at: int | None) -> None:
        self._views = views
        self._at = at

    def page(
        self,
        question: Sequence[str],
        walk: Walk[T],
        shown: Callable[[Asking, T], S],
        *,
        shape: Sequence[type],
        limit: int,
        cursor: str | None,
    ) -> Page[S]:
        """Return a page of what *walk* yields.

        Args:
            shape: The types of what a place is made of.

        Raises:
            InvalidCursor: The cursor did not come with a page of this question.
            InvalidSetting: A page cannot be so long.
        """
        most = page_size(limit)
        asked: list[JsonValue] = [*question, self._at]
        with self._views.reading():
            at, place = self._at, cast("Place", ())
            position = self._position()
            if cursor is not None:
                position, place = self._start(asked, cursor, shape, newest=position)
                at = position
            asking = Asking(self._views, at)
            items: list[S] = []
            last: Place = ()
            for where, found in walk(asking, place):
                if len(items) == most:
                    return Page(tuple(items), cursor_of(asked, [position, *last]))
                items.append(shown(asking, found))
                last = where
        return Page(tuple(items))

    def _position(self) -> int:
        if self._at is not None:
            return self._at
        return min(self._views.checkpoint(name) for name in _FOLLOWED)

    def _start(
        self, asked: Sequence[JsonValue], cursor: str, shape: Sequence[type], *, newest: int
    ) -> tuple[int, Place]:
        # The check in a cursor holds off mistakes; whoever means to can make one that passes it.
        position, *place = [*place_in(asked, cursor)] or [None]
        if list(map(type, place)) != [*shape] or any(_is_far(each) for each in place):
            raise InvalidCursor(cursor=cursor, rule="it is no cursor that a page came with")
        if type(position) is not int or not 0 <= position <= newest:
            rule = f"its position is none that the log has come to; that is {newest}"
            raise InvalidCursor(cursor=cursor, rule=rule)
        return position, cast("Place", place)


def _is_far(value: JsonValue) -> bool:
    return isinstance(value, int) and not 0 <= value < _FAR


_FAR = 2**62


def sorted_walk(walk: Walk[T], arrange: Callable[[Iterator[T]], Sequence[T]]) -> Walk[T]:
    """Return a walk over everything that another finds, in an order of its own."""

    def arranged(asking: Asking, place: Place) -> Iterator[tuple[Place, T]]:
        done = cast("int", place[0]) if place else 0
        found = arrange(each for _, each in walk(asking, ()))
        for count in range(done, len(found)):
            yield (count + 1,), found[count]

    return arranged
