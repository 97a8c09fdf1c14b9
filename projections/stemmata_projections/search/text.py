"""Searching texts: what has all words of a question in its name, tags or description.

- All words have to be found, in whichever fields; the last may be unfinished.
- Every word counts by where it was found: a name before a tag, a tag before a description, and in each a
  whole word before the beginning of one. What counts best comes first, then registries before
  collections, artifacts and versions, and then names in their order.
- A version has tags and a description only. It is shown as it was logged; where only one place is looked
  through, as each artifact and collection there has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from typing import Literal, TypeAlias, assert_never, cast

from stemmata_domain.errors import InvalidFilter, InvalidSetting
from stemmata_domain.names import setting, texts
from stemmata_projections.paging import Page
from stemmata_projections.search import queries as q
from stemmata_projections.search.fields import COLLECTIONS, REGISTRIES, VERSIONS
from stemmata_projections.search.filters import EVERYTHING, Filter
from stemmata_projections.search.lines import FoundLine, Lines, collection
from stemmata_projections.search.members import FoundVersion, Members, version
from stemmata_projections.search.pages import Pages, Place
from stemmata_projections.search.parsing import parse_filter
from stemmata_projections.search.scopes import EVERYWHERE, Asking, Given, Scope, canonical
from stemmata_projections.search.shelves import FoundRegistry, registries, shelves
from stemmata_projections.search.terms import MOST_WORDS, Asked, asked, head
from stemmata_projections.version_index.views import Collection, Registry, Version
from stemmata_projections.view_store import ViewStore

ThingKind: TypeAlias = Literal["registry", "collection", "artifact", "version"]
KINDS: tuple[ThingKind, ...] = ("registry", "collection", "artifact", "version")

_FIELDS = ("name", "tag", "description")
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that a text was found in.

    Attributes:
        thing: The registry, collection, artifact or version itself.
        fields: Where the words were found: `name`, `tag`, `description`, in this order.
    """

    kind: ThingKind
    thing: Registry | Collection | Version
    fields: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """What paths call the thing."""
        return self.thing.full_name


@dataclass(frozen=True, slots=True)
class _Match:
    """How well a thing fits: less is better."""

    thing: str
    kind: ThingKind
    score: int
    fields: frozenset[str]


_Found: TypeAlias = FoundRegistry | FoundLine | FoundVersion
_Order: TypeAlias = tuple[str, str]
_Read: TypeAlias = Callable[[], Iterator[_Found]]


class TextSearch:
    """What there is in whose words a question is found, now or at a position."""

    def __init__(self, views: ViewStore, *, at: int | None = None) -> None:
        self._pages = Pages(views, at=at)

    def find(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        scope: Scope = EVERYWHERE,
        filter: Given = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Hit]:
        """Return a page of what has all words of *text*, the best first.

        Args:
            kinds: `registry`, `collection`, `artifact`, `version`; all, if none are given.
            filter: A filter that has to hold as well, for things of the one kind that is asked for.

        Raises:
            InvalidSetting: There is no such kind, or the text has no word.
            InvalidFilter: The filter does not fit the language, or several kinds are asked for.
            InvalidCursor: The cursor did not come with a page of this question.
        """
        words = asked(setting(text, what="text"))
        if words.is_nothing:
            rule = "give at least one word, of letters or digits"
            raise InvalidSetting(setting="text", value=text, rule=rule)
        if len(words.whole) > MOST_WORDS:
            rule = f"it has more than {MOST_WORDS} words"
            raise InvalidSetting(setting="text", value=f"{text[:20]}…", rule=rule)
        chosen = _kinds(kinds)
        holds = _filter(filter, chosen)
        if scope.registries is not None or scope.collections is not None:
            rule = "words are looked for in a place, and with one filter of what is found"
            raise InvalidFilter(rule=rule)

        def walk(asking: Asking, place: Place) -> Iterator[tuple[Place, tuple[_Match, _Found]]]:
            matches = [each for each in _matches(asking, words) if each.kind in chosen]
            found = _Within(asking, scope, holds).found(matches)
            done = cast("int", place[0]) if place else 0
            for count, each in enumerate(islice(found, done, None), done + 1):
                yield (count,), each

        return self._pages.page(
            ("text", text, *chosen, *scope.canonical(), canonical(filter)),
            walk,
            _hit,
            shape=(int,),
            limit=limit,
            cursor=cursor,
        )


def _kinds(kinds: Sequence[str]) -> tuple[ThingKind, ...]:
    chosen = texts(kinds, what="kinds")
    for kind in chosen:
        if kind not in KINDS:
            rule = f"must be one of: {', '.join(KINDS)}"
            raise InvalidSetting(setting="kind", value=str(kind), rule=rule)
    return tuple(kind for kind in KINDS if not chosen or kind in chosen)


def _filter(given: Given, kinds: Sequence[ThingKind]) -> Filter:
    match list(kinds) if given is not None else ["registry"]:
        case ["registry"]:
            return parse_filter(given, REGISTRIES)
        case ["version"]:
            return parse_filter(given, VERSIONS)
        case ["collection"] | ["artifact"] | ["collection", "artifact"]:
            return parse_filter(given, COLLECTIONS)
    rule = "fields depend on the kind of thing; ask for one kind: registry, collection or version"
    raise InvalidFilter(rule=rule)


# --- words -------------------------------------------------------------------------------------


def _matches(asking: Asking, words: Asked) -> list[_Match]:
    """Return what has all words, the best first, with how well it fits."""
    found: dict[str, _Match] | None = None
    for rows, word in _rows_by_word(asking, words):
        best: dict[str, _Match] = {}
        for thing, kind, field, term in rows:
            before = None if found is None else found.get(thing)
            if found is not None and before is None:
                continue
            one = _score(field, term == word)
            known = best.get(thing)
            if known is None:
                begun, fields = (before.score, before.fields) if before else (0, frozenset[str]())
                score = begun + one
            else:
                score = known.score - _least(known, before) + min(_least(known, before), one)
                fields = known.fields
            best[thing] = _Match(thing, cast("ThingKind", kind), score, fields | {field})
        found = best
        if not found:
            return []
    every = (found or {}).values()
    return sorted(every, key=lambda each: (each.score, KINDS.index(each.kind)))


def _least(known: _Match, before: _Match | None) -> int:
    """Return how well the word at hand has fitted so far."""
    return known.score - (before.score if before else 0)


def _rows_by_word(asking: Asking, words: Asked) -> Iterator[tuple[Sequence[q.TermRow], str]]:
    if words.beginning is not None:
        begin = words.beginning
        ends = {"first": begin, "end": begin + _LAST}
        if head(begin) == begin and len(begin) == 1:
            yield asking.rows(q.THINGS_WITH_BEGINNING, ends), begin
        else:
            params = {**ends, "head": head(begin)}
            yield asking.rows(q.THINGS_WITH_HEAD, params), begin
    for word in words.whole:
        yield asking.rows(q.THINGS_WITH_TERM, {"term": word}), word


def _score(field: str, whole: bool) -> int:
    return 2 * _FIELDS.index(field) + (0 if whole else 1)


# --- things ------------------------------------------------------------------------------------


class _Within:
    """Finds, of things that match, those that stand in a scope and pass a filter."""

    def __init__(self, asking: Asking, scope: Scope, filter: Filter) -> None:
        self._asking = asking
        self._scope = scope
        self._everywhere = scope == EVERYWHERE
        on = None if self._everywhere else shelves(asking, scope, EVERYTHING)
        self._filter = filter
        self._lines = Lines(asking, on, filter)
        self._any_lines = Lines(asking, on, EVERYTHING)
        self._members = Members(asking, filter)

    def found(self, matches: Sequence[_Match]) -> Iterator[tuple[_Match, _Found]]:
        """Yield the things in the order of how well they match, equals by their names."""
        for (_, kind), group in groupby(matches, key=lambda each: (each.score, each.kind)):
            by_thing = {each.thing: each for each in group}
            # What is behind a name is read when its turn has come: a page shows few of many.
            for (_, id), read in sorted(
                self._things(kind, list(by_thing)), key=lambda each: each[0]
            ):
                for thing in read():
                    yield by_thing[id], thing

    def _things(self, kind: ThingKind, ids: Sequence[str]) -> Iterator[tuple[_Order, _Read]]:
        match kind:
            case "registry":
                return self._registries(frozenset(ids))
            case "version":
                return self._versions(ids)
            case "collection" | "artifact":
                lines = (self._lines.by_id(id) for id in ids if self._scope.line in (None, id))
                return (
                    ((each.name, each.id), partial(iter, (each,)))
                    for found in lines
                    for each in found
                )
            case _:
                assert_never(kind)

    def _registries(self, ids: frozenset[str]) -> Iterator[tuple[_Order, _Read]]:
        if not self._scope.is_outside:
            for found in registries(self._asking, self._scope, self._filter):
                if found.registry.id in ids:
                    yield (found.registry.name, found.registry.id), partial(iter, (found,))

    def _versions(self, ids: Sequence[str]) -> Iterator[tuple[_Order, _Read]]:
        lines: dict[str, list[FoundLine]] = {}
        for id in ids:
            for line, number in self._asking.rows(q.MEMBERS_OF_VERSION, {"value": id}):
                if line not in lines:
                    lines[line] = [each for each in self._any_lines.by_id(line) if self._has(each)]
                for place in lines[line]:
                    order = (f"{place.name}:v{number:020}", id)
                    yield order, partial(self._members.at, place, number)

    def _has(self, line: FoundLine) -> bool:
        if self._everywhere:
            return not line.is_link
        return self._scope.line in (None, line.id)


def _hit(asking: Asking, found: tuple[_Match, _Found]) -> Hit:
    match, thing = found
    return Hit(
        kind=match.kind,
        thing=_shown(asking, thing),
        fields=tuple(each for each in _FIELDS if each in match.fields),
    )


def _shown(asking: Asking, found: _Found) -> Registry | Collection | Version:
    match found:
        case FoundRegistry():
            return found.registry
        case FoundLine():
            return collection(asking, found)
        case FoundVersion():
            return version(asking, found)
        case _:
            assert_never(found)
