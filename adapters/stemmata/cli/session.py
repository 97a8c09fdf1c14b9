"""Opens the registry that a command line means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from stemmata.cli.bars import bar
from stemmata.cli.options import Place
from stemmata.moments import position
from stemmata.opening import is_founded
from stemmata.opening import open as open_registry
from stemmata.reading.reader import Reader
from stemmata.settings import settings
from stemmata.stemma import Stemma
from stemmata.subscriptions.subscription import Subscription
from stemmata_adapters.databases.sqlite import path_of
from stemmata_adapters.schemes import scheme_of, without_password
from stemmata_domain.errors import InvalidSetting, StemmataError, StoreUnavailable, UnknownEntity
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.kinds import kinds_of


@contextmanager
def asked(place: Place, as_of: str | None) -> Iterator[Reader]:
    """Open the registry to ask it something, as of a moment if one is given.

    Raises:
        StoreUnavailable: There is no registry, or it cannot be opened.
        InvalidSetting, InvalidMoment: The URL or the moment cannot be used.
    """
    with opened(place) as stemma:
        yield stemma if as_of is None else stemma.as_of(as_of)


@contextmanager
def followed(
    place: Place, as_of: str | None, after: int, until: int | None, kinds: Iterable[str]
) -> Iterator[Iterator[RecordedEvent]]:
    """Open the registry to follow its log, up to a position and with it if one is given.

    Raises:
        StoreUnavailable: There is no registry, or it cannot be opened.
        InvalidSetting, InvalidMoment: The URL, a kind or a position cannot be used.
    """
    if as_of is not None:
        rule = "a moment that is past has nothing to come; leave out one of the two"
        raise InvalidSetting(setting="--follow", value=as_of, rule=rule)
    last = None if until is None else position(until, what="until")
    wanted = frozenset(kinds_of(kinds))
    # Of all kinds, because the last position may be that of another one.
    with opened(place) as stemma, stemma.subscribe(after=after) as events:
        yield _up_to(events, last, wanted)


def _up_to(
    events: Subscription, last: int | None, wanted: frozenset[str]
) -> Iterator[RecordedEvent]:
    if last is not None and events.position >= last:
        return
    for event in events:
        if last is not None and event.position > last:
            return
        if not wanted or event.event.topic in wanted:
            yield event
        if event.position == last:
            return


@contextmanager
def opened(place: Place, *, to_found: bool = False) -> Iterator[Stemma]:
    """Open the registry, and close it in the end.

    Only who founds an organization may make one: a question asked in the wrong folder shall not leave
    an empty registry there.

    Raises:
        StoreUnavailable: There is no registry, or it cannot be opened.
        InvalidSetting: The URL cannot be used.
    """
    with _open(place, to_found=to_found) as stemma:
        yield stemma


def _open(place: Place, *, to_found: bool) -> Stemma:
    url = url_of(place)
    try:
        if not to_found and not is_founded(url):
            raise _nowhere(url)
        with bar("Bringing views up to date", counting="events") as progress:
            return open_registry(
                url,
                views=place.views,
                content=place.content,
                actor=place.actor,
                entity=place.entity,
                progress=progress,
            )
    except StemmataError:
        raise
    except (ValueError, RuntimeError) as error:
        # What the standard library makes of an address like `sqlite://[` or a home like `~nobody`.
        shown = without_password(url if place.content is None else f"{url} {place.content}")
        raise InvalidSetting(setting="URL", value=shown, rule=str(error)) from error


def writing_entity(stemma: Stemma) -> str:
    """Return the entity to log to, or to use from, where none is named.

    Raises:
        InvalidSetting: It does not follow.
    """
    try:
        return stemma.writing_entity()
    except UnknownEntity as error:
        choice = f", one of: {', '.join(error.known)}" if error.known else ""
        rule = f"name a team with --entity or STEMMATA_ENTITY{choice}"
        raise InvalidSetting(setting="entity", value="", rule=rule) from error


def url_of(place: Place) -> str:
    """Return the URL of the registry, wherever it was given."""
    return place.url or settings().url


def _nowhere(url: str) -> StoreUnavailable:
    why = (
        "there is no registry here. Found one with 'stemmata init ORGANIZATION', or name another "
        "with --url or STEMMATA_URL"
    )
    where = str(path_of(url)) if scheme_of(url) == "sqlite" else without_password(url)
    return StoreUnavailable(store=where, why=why)
