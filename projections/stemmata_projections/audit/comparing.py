"""Comparing a registry with itself at another moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter

from stemmata_domain.ports import EventStore
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.difference import Differences
from stemmata_projections.audit.facts import TELLERS, NamedRow, Teller, Told, belongs
from stemmata_projections.audit.names import PastNames
from stemmata_projections.audit.sameness import same
from stemmata_projections.audit.things import Things
from stemmata_projections.audit.trail import Asked, AuditTrail
from stemmata_projections.audit.views import Change, Difference, Differing
from stemmata_projections.tables import Row, Table
from stemmata_projections.view_store import ViewStore

_PAGE = 1_000

_Pair = tuple[NamedRow | None, NamedRow | None]


class Comparing:
    """Compares the views at two positions."""

    def __init__(self, views: ViewStore, events: EventStore) -> None:
        self._views = views
        self._events = events
        self._names = PastNames(views)

    def between(self, start: int, end: int, *, things: Things | None = None) -> Difference:
        """Return what is different at *end*, compared with *start*, which may be the later one.

        Args:
            things: Registries, artifacts and collections to which the answer is limited.
        """
        after, upto = sorted((start, end))
        rows = Differences(self._views, after=after)
        rows.follow(self._happened(after, upto, things))

        def pairs(table: Table) -> Iterator[_Pair]:
            for pair in rows.of(table):
                was, now = (_named(table, row) for row in pair)
                if things is None or belongs(table, was or now or {}, things):
                    yield (was, now) if start <= end else (now, was)

        found = {name: self._group(tellers, pairs) for name, tellers in TELLERS.items()}
        return Difference(start=start, end=end, **found)

    def _happened(self, after: int, upto: int, things: Things | None) -> Iterator[RecordedEvent]:
        if things is not None:
            asked = Asked(things=(things,), after=after, before=upto + 1)
            yield from AuditTrail(self._views, self._events).events(asked)
            return
        while after < upto and (page := self._events.read_all(after=after, limit=_PAGE)):
            for recorded in page:
                if recorded.position > upto:
                    return
                yield recorded
            after = page[-1].position

    def _group(
        self, tellers: Iterable[Teller], pairs: Callable[[Table], Iterable[_Pair]]
    ) -> tuple[Differing, ...]:
        """Return what is different in some tables, each thing once, by name."""
        things: dict[tuple[str, str], Differing] = {}
        for teller in tellers:
            for pair in pairs(teller.table):
                each = self._differing(teller, pair)
                if each is None:
                    continue
                key = each.thing.kind, each.thing.id
                if (known := things.get(key)) is not None:
                    changes = (*known.changes, *each.changes)
                    each = Differing(thing=known.thing, how=known.how, changes=changes)
                things[key] = each
        return tuple(sorted(things.values(), key=attrgetter("thing.name", "thing.id")))

    def _differing(self, teller: Teller, pair: _Pair) -> Differing | None:
        """Return a pair of rows as a difference, None if another table tells it."""
        was, now = (None if row is None else teller.tell(self._names, row) for row in pair)
        told = now or was
        if told is None:
            return None
        changes = tuple(_changes(was, now))
        if not teller.is_whole or (was and now):
            return Differing(thing=told[0], how="changed", changes=changes)
        return Differing(thing=told[0], how="added" if now else "removed", changes=changes)


def _changes(was: Told | None, now: Told | None) -> Iterator[Change]:
    before, after = dict(was[1] if was else ()), dict(now[1] if now else ())
    for what in {**before, **after}:
        if what not in before or what not in after or not same(before[what], after[what]):
            yield Change(what, before.get(what), after.get(what))


def _named(table: Table, row: Row | None) -> NamedRow | None:
    if row is None:
        return None
    return {column.name: value for column, value in zip(table.columns, row, strict=True)}
