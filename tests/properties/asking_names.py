"""Questions of names, lines, versions and runs, and of moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta, timezone
from typing import Any

from stemmata_domain.paths import parse_strict
from tests.properties import folded_names as names
from tests.properties import folded_trail as trail
from tests.properties.asking import Args, Asked, Kind
from tests.properties.folded import Folded

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


def nothing(model: Folded) -> Iterator[Args]:
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


def versions(model: Folded) -> Iterator[Args]:
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
    Kind("organizations", nothing, lambda a: a.index().organizations.all(), names.organizations),
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
    Kind("artifacts", nothing, lambda a: a.index().artifacts(), names.artifacts),
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
    Kind("links", versions, lambda a, version: a.index().links_of(version), names.links_of),
    Kind("run", _runs, lambda a, path: a.graph.run(path), names.run),
    Kind("users", _with("used", versions), _runs_of, names.runs_of),
    Kind("producers", _with("produced", versions), _runs_of, names.runs_of),
    Kind("used by run", _with("used", _runs), _versions_of, names.versions_of),
    Kind("produced by run", _with("produced", _runs), _versions_of, names.versions_of),
)
MOMENTS = (Kind("as of", _moments, lambda a, of: a.reader.as_of(of).at, trail.as_of),)
