"""What was searched for, loaded page by page as it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, overload

from stemmata.sdk.errors import OrderedChain
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.names import quoted
from stemmata_projections.paging import LONGEST_PAGE, Page
from stemmata_projections.search.fields import Kind
from stemmata_projections.search.ordering import parse_order
from stemmata_projections.search.parsing import parse_filter
from stemmata_projections.search.scopes import Given

S = TypeVar("S")
T = TypeVar("T")

Load = Callable[[str | None, int], Page[S]]
"""Returns the page that a cursor stands for (the first for None), of so many items."""


class Paginator(Generic[T]):
    """A lazy sequence of what was found, in order; a second walk loads nothing again.

    All pages are of the moment at which the first was loaded. Where a parent in the chain is ordered,
    children are found parent by parent: then there is no cursor, no length and no index.
    """

    def __init__(self) -> None:
        self._loaded: list[T] = []
        self._next = 0
        self._cursor: str | None = None
        self._pages: Iterator[list[T]] = iter(())
        self._is_chained = False

    def _read(
        self, load: Load[S], made: Callable[[S], T], *, start: str | None, per_page: int
    ) -> None:
        """Read pages, from a cursor on."""
        self._cursor = start

        def pages() -> Iterator[list[T]]:
            while True:
                page = load(self._cursor, per_page)
                self._cursor = page.cursor
                yield [made(each) for each in page]
                if page.cursor is None:
                    return

        self._pages = pages()

    def _chain(self, parts: Iterator[Iterator[T]], *, start: str | None) -> None:
        """Read what each of several parents has, one after the other.

        Raises:
            InvalidSetting: There is a place to start at, which among several parents means nothing.
        """
        if start is not None:
            rule = "it cannot be given where a parent is ordered"
            raise InvalidSetting(setting="start", value=start, rule=rule)
        self._is_chained = True
        self._pages = ([each] for part in parts for each in part)

    @property
    def cursor(self) -> str | None:
        """Where to go on after what was loaded: give it as `start`. None at the end, and before it.

        Raises:
            TypeError: A parent is ordered.
        """
        self._check("a cursor")
        return self._cursor

    def __iter__(self) -> Iterator[T]:
        """Walk from the beginning."""
        self._next = 0
        return self

    def __next__(self) -> T:
        if self._next >= len(self._loaded) and not self._load():
            raise StopIteration
        self._next += 1
        return self._loaded[self._next - 1]

    def __len__(self) -> int:
        self._check("a length")
        while self._load():
            pass
        return len(self._loaded)

    def __bool__(self) -> bool:
        # Without it, being asked whether there is anything would load everything.
        return bool(self._loaded) or self._load()

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> list[T]: ...

    def __getitem__(self, place: int | slice) -> T | list[T]:
        self._check("an index")
        last = _last_of(place)
        while (last is None or last >= len(self._loaded)) and self._load():
            pass
        return self._loaded[place]

    def _load(self) -> bool:
        """Load more, and return whether there was any."""
        for page in self._pages:
            if page:
                self._loaded += page
                return True
        return False

    def _check(self, what: str) -> None:
        if self._is_chained:
            raise OrderedChain(what=what)


def _last_of(place: int | slice) -> int | None:
    """Return the last place that is looked at; None where that takes the end."""
    if isinstance(place, int):
        return place if place >= 0 else None
    start: int = place.start or 0
    stop: int | None = place.stop
    if stop is None or min(start, stop, place.step or 1) < 0:
        return None
    return max(start, stop) - 1


def checked(filter: Given, order: str | None, per_page: int, kind: Kind) -> int:
    """Return how many items to load at a time, when all that was asked for can be asked.

    Raises:
        ValueError: The filter, the order or the number cannot be used.
    """
    parse_filter(filter, kind)
    parse_order(order, kind)
    if type(per_page) is not int or per_page < 1:
        rule = "give a whole number greater than 0"
        raise InvalidSetting(setting="per_page", value=quoted(per_page), rule=rule)
    return min(per_page, LONGEST_PAGE)
