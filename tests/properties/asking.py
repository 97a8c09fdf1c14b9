"""What can be asked: each kind of question, of the product and of the folded model.

A question is a kind and arguments. Which arguments there are, the model says: names that stand for
something, names that once did, and names that never will.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from stemmata.reading.reader import Reader
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_domain.errors import Refused
from stemmata_domain.paths import parse_strict
from stemmata_projections.version_index.index import VersionIndex
from tests.properties import folded_names as names
from tests.properties import folded_trail as trail
from tests.properties.folded import Folded, Refusal
from tests.properties.folded_names import exact
from tests.properties.sides import Side

Args = tuple[Any, ...]


class Asked:
    """The product's side: a handle that reads, now or as of a position."""

    def __init__(self, side: Side, *, at: int | None = None) -> None:
        self._side = side
        self._at = at
        self.reader = self.of(None)
        self.graph = self.reader.graph

    def of(self, entity: str | None) -> Reader:
        """Return the handle whose short names an entity completes."""
        reader = Reader(
            events=self._side.events,
            views=self._side.views,
            content=MemoryContentStore(),
            actor="host",
            entity=entity,
            project=None,
            cache_dir=Path("nowhere"),
        )
        return reader if self._at is None else reader.as_of(self._at)

    def index(self, entity: str | None = None) -> VersionIndex:
        return self.of(entity).index


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of question: what it can be asked about, how it is asked, and what the model tells."""

    name: str
    about: Callable[[Folded], Iterable[Args]]
    ask: Callable[..., object]
    tell: Callable[..., object]

    def asked(self, of: Asked, args: Args) -> object:
        """Return the product's answer, as plain values."""
        try:
            return shown(self.ask(of, *args))
        except Refused as refusal:
            return ("refused", type(refusal).__name__)

    def told(self, model: Folded, args: Args) -> object:
        """Return the model's answer."""
        try:
            return self.tell(model, *args)
        except Refusal as refusal:
            return ("refused", str(refusal))


def shown(value: object) -> object:
    """Return what an answer says, in values that have no class of ours."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (list, tuple):
        return [shown(each) for each in value]  # type: ignore[attr-defined]  # it is one of the two
    if dataclasses.is_dataclass(kind):
        # What people wrote is compared to the letter; in Python 1, 1.0 and True are equal.
        return {
            name: exact(getattr(value, name)) if is_json else shown(getattr(value, name))
            for name, is_json in _members(kind)
        }
    if isinstance(value, Mapping):
        return {shown(key): shown(each) for key, each in value.items()}
    assert isinstance(value, Enum), value
    return value.value


@cache
def _members(kind: type) -> tuple[tuple[str, bool], ...]:
    """Return what can be read from a value of a class, each with whether people wrote it as JSON."""
    fields = [each.name for each in dataclasses.fields(kind)]
    properties = [name for name, each in vars(kind).items() if isinstance(each, property)]
    return tuple((name, name in ("metadata", "config")) for name in (*fields, *properties))


_PLAIN = (type(None), str, int, float, bool, datetime)


# --- what can be asked about -------------------------------------------------------------------


def _moments(model: Folded) -> Iterator[Args]:
    """Moments at, before and after events, and positions that the log has not reached."""
    for recorded in model.trail[:: max(1, len(model.trail) // 20)]:
        yield (recorded.position,)
        yield (recorded.time,)
        yield ((recorded.time - timedelta(microseconds=1)).isoformat(),)
        yield (recorded.time.astimezone(timezone(timedelta(hours=9))),)
    yield from ((each,) for each in (0, model.position, model.position + 1, "2026-03-03T12:00:00"))
    yield ("2036-01-01T00:00Z",)


def _nothing(model: Folded) -> Iterator[Args]:
    yield ()


def _organizations(model: Folded) -> Iterator[Args]:
    yield from ((each,) for each in (*model.organizations, "none"))


def _organization_names(model: Folded) -> Iterator[Args]:
    for each in model.organizations.values():
        yield (each.name,)
        yield (each.entity,)
    yield ("none",)


def _entities(model: Folded) -> Iterator[Args]:
    yield from ((each,) for each in (*model.entities, "none"))


def _scopes(model: Folded) -> Iterator[Args]:
    scopes = {line.scope for line in (*model.lines.values(), *model.ended.lines.values())}
    yield from ((each,) for each in sorted({*scopes, *model.registries, "none"}))


def _lines(model: Folded) -> Iterator[Args]:
    yield from ((each,) for each in (*model.lines, *model.ended.lines, "none"))


def _aliases_in_lines(model: Folded) -> Iterator[Args]:
    for line in (*model.lines.values(), *model.ended.lines.values()):
        for alias in ("latest", "x", "z", "v0", "v1", "v01", f"v{len(line.members)}"):
            yield line.id, alias


def _line_names(model: Folded) -> Iterator[Args]:
    for line in (*model.lines.values(), *model.ended.lines.values()):
        name = model.full_name(line)
        yield name, "vision"
        if line.registry is not None:
            organization = model.registries[line.registry].created.organization
            yield f"{model.organizations[organization].entity}/{name}", "vision"
            yield f"{model.organizations[organization].name}/{name}", None
            yield from ((name, entity) for entity in (None, "ops", "ada", "bob", "acme", "none"))
    yield "wandb-registry-none/C", "vision"
    yield "none", "vision"


def _version_names(model: Folded) -> Iterator[Args]:
    yield from _line_names(model)
    for line in (*model.lines.values(), *model.ended.lines.values()):
        for alias in ("latest", "x", "y", "none", *(f"v{n}" for n in range(4))):
            yield f"{model.full_name(line)}:{alias}", "vision"


def _versions(model: Folded) -> Iterator[Args]:
    yield from ((each,) for each in (*model.versions, *model.ended.versions, "none"))


def _runs(model: Folded) -> Iterator[Args]:
    yield from ((each,) for each in (*model.runs, "none/p/r"))


def _with(word: str, about: Callable[[Folded], Iterator[Args]]) -> Callable[[Folded], Any]:
    return lambda model: ((word, *args) for args in about(model))


def _runs_of(asked: Asked, kind: str, version: str) -> object:
    graph = asked.graph
    return graph.users_of(version) if kind == "used" else graph.producers_of(version)


def _versions_of(asked: Asked, kind: str, run: str) -> object:
    graph = asked.graph
    return graph.used_by_run(run) if kind == "used" else graph.produced_by_run(run)


NAMES = (
    Kind("organizations", _nothing, lambda a: a.index().organizations.all(), names.organizations),
    Kind(
        "organization",
        _organizations,
        lambda a, id: a.index().organizations.by_id(id),
        names.organization,
    ),
    Kind(
        "organization by name",
        _organization_names,
        lambda a, name: a.index().organizations.named(name),
        names.organization_named,
    ),
    Kind("facts", _entities, lambda a, of: a.index().organizations.facts(of), names.facts),
    Kind(
        "teams of",
        _entities,
        lambda a, person: a.index().organizations.teams_of_person(person),
        names.teams_of_person,
    ),
    Kind("registries", _organizations, lambda a, of: a.index().registries(of), names.registries),
    Kind("artifacts", _nothing, lambda a: a.index().artifacts(), names.artifacts),
    Kind("collections", _scopes, lambda a, of: a.index().collections(of), names.collections),
    Kind(
        "collection",
        _line_names,
        lambda a, name, entity: a.index(entity).collection(parse_strict(name)),
        names.collection_named,
    ),
    Kind("versions", _lines, lambda a, line: a.index().versions(line), names.versions),
    Kind(
        "resolve",
        _version_names,
        lambda a, name, entity: a.index(entity).resolve(name),
        names.resolved,
    ),
    Kind(
        "resolve in",
        _aliases_in_lines,
        lambda a, line, alias: a.index().resolve_in(line, alias),
        names.resolved_in,
    ),
    Kind("links", _versions, lambda a, version: a.index().links_of(version), names.links_of),
    Kind("run", _runs, lambda a, path: a.graph.run(path), names.run),
    Kind("users", _with("used", _versions), _runs_of, names.runs_of),
    Kind("producers", _with("produced", _versions), _runs_of, names.runs_of),
    Kind("used by run", _with("used", _runs), _versions_of, names.versions_of),
    Kind("produced by run", _with("produced", _runs), _versions_of, names.versions_of),
)
MOMENTS = (Kind("as of", _moments, lambda a, of: a.reader.as_of(of).at, trail.as_of),)

KINDS: tuple[Kind, ...] = (*NAMES, *MOMENTS)
