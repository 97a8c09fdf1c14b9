"""Who did what, when and to what: the audit trail, the timelines of aliases, and what is different."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import JsonValue

from stemmata import moments
from stemmata.moments import Moment
from stemmata.reading.base import Asking
from stemmata_domain.codec import time_text
from stemmata_domain.errors import InvalidCursor, InvalidPath
from stemmata_domain.names import quoted, text_or_none
from stemmata_domain.paths import parse_strict
from stemmata_projections.audit.kinds import kinds_of
from stemmata_projections.paging import Page, cursor_of, page_size, place_in

if TYPE_CHECKING:
    from stemmata_projections.audit.things import Catalogue, Things
    from stemmata_projections.audit.views import AliasPeriod, AuditEntry, Difference


class AuditQueries(Asking):
    """The log by who, what, when and to which thing."""

    def audit(
        self,
        name: str | None = None,
        *,
        run: str | None = None,
        organization: str | None = None,
        actor: str | None = None,
        kinds: Iterable[str] = (),
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        after: int | None = None,
        before: int | None = None,
        newest_first: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[AuditEntry]:
        """Return what happened, each event as an entry, a page at a time.

        Without arguments that is everything; each argument narrows it. All pages of one question are
        answered as of the first one, so that what happens meanwhile neither doubles nor hides an entry.

        Args:
            name: A registry, a collection, an artifact or a version; what is gone is found too.
            run: Path of a run, `entity/project/id`.
            organization: What happened in it, in its registries, and to what its teams and people own.
            actor: Who did it.
            kinds: Topics of events.
            since: The earliest time.
            until: The time before which it happened.
            after: The position after which it happened.
            before: The position before which it happened.
            cursor: What the page before this one came with.

        Raises:
            LookupError: There never was such a thing.
            ValueError: A name is malformed, or a bound, a kind, the limit or the cursor cannot be used.
        """
        from stemmata_projections.audit.trail import Asked, AuditTrail

        name = None if name is None else str(parse_strict(name))
        run = text_or_none(run, what="run")
        organization = text_or_none(organization, what="organization")
        actor = text_or_none(actor, what="actor")
        wanted = kinds_of(kinds)
        first = None if since is None else moments.time(since, what="since")
        last = None if until is None else moments.time(until, what="until")
        start = 0 if after is None else moments.position(after, what="after")
        end = None if before is None else moments.position(before, what="before")
        limit = page_size(limit)
        question = _question(
            *("audit", name, run, organization, actor, *wanted),
            None if first is None else time_text(first),
            None if last is None else time_text(last),
            *(start, end, bool(newest_first), self.at, self.entity, self._project),
        )
        head = self.position()
        place = None if cursor is None else _place(question, cursor, head=head)
        upto = head if place is None else place[1]
        end = upto + 1 if end is None else min(end, upto + 1)
        if place is not None:
            start, end = (start, place[0]) if newest_first else (place[0], end)
        with self._views.reading():
            entries, goes_on = AuditTrail(self._views, self._events).entries(
                Asked(
                    things=self._things(name, run, organization, at=upto),
                    actor=actor,
                    kinds=wanted,
                    since=first,
                    until=last,
                    after=start,
                    before=end,
                    newest_first=bool(newest_first),
                ),
                most=limit,
            )
        following = cursor_of(question, [entries[-1].position, upto]) if goes_on else None
        return Page(tuple(entries), following)

    def timeline(self, name: str) -> list[AliasPeriod]:
        """Return what the alias of *name* named, from when to when, moved by whom; gaps are periods too.

        Without an alias these are the periods of all aliases. A name that was deleted and taken again is
        one name.

        Raises:
            LookupError, ValueError: Nothing ever had the name or the alias, or it is malformed.
        """
        from stemmata_projections.audit.timeline import Timelines

        at = self.position()
        return Timelines(self._views, self._catalogue(at), at=at).of(name)

    def diff(self, start: Moment, end: Moment, name: str | None = None) -> Difference:
        """Return what is different at one moment, compared with another, which may be the later one.

        Args:
            name: A registry, a collection or an artifact to which the answer is limited.

        Raises:
            InvalidMoment: A moment is none, or its time zone has to be guessed.
            LookupError, ValueError: The name finds nothing, or is that of a version.
        """
        from stemmata_projections.audit.comparing import Comparing

        earlier, later = self.position_at(start), self.position_at(end)
        things = None
        with self._views.reading():
            if name is not None:
                if parse_strict(name).alias is not None:
                    rule = "it names a version; name its artifact or collection, or a registry"
                    raise InvalidPath(path=name, rule=rule)
                things = self._catalogue(max(earlier, later)).named(name)
            return Comparing(self._views, self._events).between(earlier, later, things=things)

    def _things(
        self, name: str | None, run: str | None, organization: str | None, *, at: int
    ) -> tuple[Things, ...]:
        catalogue = self._catalogue(at)
        found = []
        if name is not None:
            found.append(catalogue.named(name))
        if run is not None:
            found.append(catalogue.run(run))
        if organization is not None:
            found.append(catalogue.organization(organization))
        return tuple(found)

    def _catalogue(self, at: int) -> Catalogue:
        from stemmata_projections.audit.things import Catalogue

        return Catalogue(self._views, at=at, entity=self.entity, project=self._project)


def _question(*parts: str | int | None) -> list[JsonValue]:
    return [*parts]


def _place(question: list[JsonValue], cursor: str, *, head: int) -> tuple[int, int]:
    """Return the last position that a cursor has seen, and the one that all its pages are as of."""
    match place_in(question, cursor):
        case [int(last), int(upto)] if 0 < last <= upto <= head:
            return last, upto
    raise InvalidCursor(cursor=quoted(cursor), rule="it points to where this log has not been")
