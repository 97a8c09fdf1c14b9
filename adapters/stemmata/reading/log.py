"""What happened: the log itself, and what it says of one thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stemmata import moments
from stemmata.reading.base import Asking
from stemmata_domain.errors import UnknownVersion
from stemmata_domain.names import version_index
from stemmata_domain.paths import parse_strict
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.kinds import kinds_of
from stemmata_projections.audit.tables import member_thing
from stemmata_projections.projection import key_of

_PAGE = 1_000


class LogQueries(Asking):
    """The events, all of them or those of one thing."""

    def history(self, name: str) -> list[RecordedEvent]:
        """Return how the artifact, collection or version *name* came to be as it is, in order.

        Of an artifact or collection these are the events of its own. A version's history holds what
        happened to it in the artifact or collection of the name, where it was logged, and the runs that
        used and produced it.
        """
        from stemmata_projections.audit.trail import Asked, AuditTrail

        path = parse_strict(name)
        line = self.index.collection(path)
        upto = self.position()
        if path.alias is None:
            stream = f"{'collection' if line.is_link else 'artifact'}-{line.id}"
            return [each for each in self._events.read_stream(stream) if each.position <= upto]
        number = version_index(path.alias)
        version = self.index.resolve_in(line.id, path.alias)
        if number is not None and version.index != number:
            raise UnknownVersion(name=line.full_name, version=path.alias)
        things = frozenset((version.id, member_thing(line.id, version.index)))
        asked = Asked(things=(things,), after=0, before=upto + 1)
        return [
            each
            for each in AuditTrail(self._views, self._events).events(asked)
            if not each.stream.startswith("collection-") or key_of(each) == line.id
        ]

    def replay(
        self, *, after: int = 0, until: int | None = None, kinds: Iterable[str] = ()
    ) -> Iterator[RecordedEvent]:
        """Yield the events after a position, up to another one and with it.

        Without *until* that is the head as it is when the end is reached, or the position asked about.

        Args:
            kinds: Topics of events; without one, all of them.

        Raises:
            InvalidSetting: There is no such kind of event, or an end is no position.
        """
        start = moments.position(after, what="after")
        last = None if until is None else moments.position(until, what="until")
        wanted = frozenset(kinds_of(kinds))
        ends = [each for each in (last, self.at) if each is not None]
        return self._replayed(start, min(ends, default=None), wanted)

    def _replayed(
        self, after: int, last: int | None, kinds: frozenset[str]
    ) -> Iterator[RecordedEvent]:
        while page := self._events.read_all(after=after, limit=_PAGE):
            for recorded in page:
                if last is not None and recorded.position > last:
                    return
                if not kinds or recorded.event.topic in kinds:
                    yield recorded
            after = page[-1].position
