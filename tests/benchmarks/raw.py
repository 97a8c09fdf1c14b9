"""The floor: the rows that a link comes to, written and read with nothing but a database's own client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import NamedTuple, Protocol

import stemmata
from stemmata_projections.tables import OPEN_END

COLLECTION = "c" * 32
STREAM = f"collection-{COLLECTION}"
ARTIFACT = "a" * 32
REGISTRY = "r" * 32
NAME = "Digits"
TIME = "2026-03-03T12:00:00.000000Z"
ACTOR = "bench"

# Of ids of 32 figures and as many bytes as ours.
_ENVELOPE = (
    '{"id":"%032x","time":"2026-03-03T12:00:00.000000Z","actor":"bench",'
    '"correlation":"%032x","schema":1,"event":%s}'
)


class RawRegistry(Protocol):
    """The tables of a registry with one collection, written by hand."""

    def link(self, index: int, *, alias: str) -> None:
        """Write what linking the version *index* with an alias writes, in one transaction."""
        ...

    def link_next(self, *, alias: str) -> int:
        """Link the next version, after finding out which it is, while others write too."""
        ...

    def log(self, number: int) -> None:
        """Write source versions, so that reading can join them; a link does not write them."""
        ...

    def resolve(self, alias: str) -> Sequence[object]:
        """Find a version by its collection's name and an alias, by one join over the indexes."""
        ...

    def listed(self) -> Sequence[Sequence[object]]:
        """Read all versions of the collection, and the aliases of each."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class Link(NamedTuple):
    """What a link and its two aliases come to: 3 events, 18 rows of views, where each view stands."""

    events: Sequence[tuple[str, int, str, bytes]]
    member: tuple[object, ...]
    aliases: Sequence[tuple[str, str, int]]
    entries: Sequence[tuple[object, ...]]
    concerns: Sequence[tuple[object, ...]]
    position: int
    last: int


def link_of(index: int, alias: str, *, version: int) -> Link:
    """Return what linking a version comes to, when the stream's next event has this *version*."""
    last, position = index - 1, version + 1
    linked = (
        f'{{"version":"{ARTIFACT}:{index}","artifact":"{ARTIFACT}",'
        f'"source_index":{index},"index":{index}}}'
    )
    events = (
        ("VersionLinked", linked),
        ("AliasAdded", f'{{"alias":"latest","index":{index},"moved_from":{last}}}'),
        ("AliasAdded", f'{{"alias":"{alias}","index":{index},"moved_from":{last}}}'),
    )
    number, before = f"{COLLECTION}#{index}", f"{COLLECTION}#{last}"
    source = f"{ARTIFACT}:{index}"
    concerned = (
        (COLLECTION, source, ARTIFACT, number),
        (COLLECTION, number, before),
        (COLLECTION, number, before),
    )
    return Link(
        events=[
            (STREAM, version + n, topic, (_ENVELOPE % (version + n, index, payload)).encode())
            for n, (topic, payload) in enumerate(events)
        ],
        member=(COLLECTION, index, source, TIME, ACTOR),
        aliases=[(COLLECTION, name, index) for name in ("latest", alias)],
        entries=[(position + n, TIME, ACTOR, topic) for n, (topic, _) in enumerate(events)],
        concerns=[(thing, position + n) for n, things in enumerate(concerned) for thing in things],
        position=position,
        last=position + 2,
    )


def collections() -> Iterable[tuple[object, ...]]:
    """Return the rows of the collection and of the artifact that it has versions of."""
    yield (COLLECTION, "collection", REGISTRY, REGISTRY, NAME, "model", None, TIME, ACTOR)
    yield (ARTIFACT, "artifact", "vision/mnist", None, "digits", "model", None, TIME, ACTOR)


def source_rows(number: int) -> Iterator[tuple[object, ...]]:
    """Yield the rows of source versions, their metadata as text."""
    for i in range(number):
        content = (f"{i:032x}", "MD5", f"{i:064x}", 1, 1, None, "{}")
        yield (f"{ARTIFACT}:{i}", ARTIFACT, i, *content, TIME, ACTOR, None)


@contextmanager
def tables_at(url: str) -> Iterator[None]:
    """Make the tables of an empty registry, and let go of it."""
    with closing(stemmata.open(url, content="memory://", actor=ACTOR)):
        pass
    yield


def _open(name: str) -> str:
    return f"{name}.span = 0 AND {name}.valid_to = {OPEN_END}"


RESOLVE = (
    "SELECT v.*, m.number, s.scope, s.name FROM view_collection c"
    f" CROSS JOIN view_alias a ON a.collection = c.id AND a.alias = :alias AND {_open('a')}"
    f" CROSS JOIN view_member m ON m.collection = c.id AND m.number = a.number AND {_open('m')}"
    f" CROSS JOIN view_version v ON v.id = m.version AND {_open('v')}"
    f" CROSS JOIN view_collection s ON s.id = v.artifact AND {_open('s')}"
    f" WHERE c.scope = :scope AND c.name = :name AND {_open('c')}"
)
ALIASES = (
    f"SELECT a.number, a.alias FROM view_alias a WHERE a.collection = :collection AND {_open('a')}"
)
LIST = (
    "SELECT m.number, v.*, s.scope, s.name FROM view_member m"
    f" CROSS JOIN view_version v ON v.id = m.version AND {_open('v')}"
    f" CROSS JOIN view_collection s ON s.id = v.artifact AND {_open('s')}"
    f" WHERE m.collection = :collection AND {_open('m')} ORDER BY m.number"
)


def with_aliases(
    rows: Iterable[Sequence[object]], aliases: Iterable[Sequence[object]]
) -> list[Sequence[object]]:
    """Give each row of the list the aliases of its number."""
    found: dict[object, list[object]] = {}
    for number, alias in aliases:
        found.setdefault(number, []).append(alias)
    return [(*row, found.get(row[0])) for row in rows]
