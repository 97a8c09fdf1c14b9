"""Everything that the views answer, as one value: two of them are equal if nobody can tell them apart."""

from __future__ import annotations

from typing import Any

from stemmata_domain.errors import Refused
from stemmata_projections.lineage.graph import LineageGraph
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.view_store import ViewStore


def answers(views: ViewStore, *, at: int | None = None) -> dict[str, Any]:
    """Return all answers, now or as of a position, by the question."""
    index = VersionIndex(views, at=at)
    found: dict[str, Any] = {"organizations": index.organizations.all()}
    lines = {line.id: line for line in index.artifacts()}
    for organization in found["organizations"]:
        registries = index.registries(organization.id)
        found[f"registries of {organization.entity}"] = registries
        for person in organization.people:
            found[f"teams of {person}"] = index.organizations.teams_of_person(person)
            found[f"facts of {person}"] = index.organizations.facts(person)
        scopes = {f"{line.entity}/{line.project}" for line in lines.values()}
        for scope in (*(registry.id for registry in registries), *sorted(scopes)):
            collections = index.collections(scope)
            found[f"collections in {scope}"] = collections
            lines.update((line.id, line) for line in collections)
    found["lines"] = lines
    for line in lines.values():
        found.update(_of_line(views, line.id, line.entity, line.full_name, at=at))
    return found


def _of_line(
    views: ViewStore, line: str, entity: str, full_name: str, *, at: int | None
) -> dict[str, Any]:
    index = VersionIndex(views, entity=entity, at=at)
    graph = LineageGraph(views, at=at)
    versions = index.versions(line)
    found: dict[str, Any] = {f"versions of {line}": versions}
    for version in versions:
        for alias in (version.version, *version.aliases):
            found[f"{full_name}:{alias}"] = _resolved(index, f"{full_name}:{alias}")
            assert found[f"{full_name}:{alias}"] == version
            assert index.resolve_in(line, alias) == version
        found[f"links of {version.id}"] = index.links_of(version.id)
        found[f"users of {version.id}"] = graph.users_of(version.id)
        found[f"producers of {version.id}"] = graph.producers_of(version.id)
        for each in (*graph.users_of(version.id), *graph.producers_of(version.id)):
            path = each.run.path
            found[f"run {path}"] = graph.run(path)
            found[f"used by {path}"] = graph.used_by_run(path)
            found[f"produced by {path}"] = graph.produced_by_run(path)
    found[f"{full_name}"] = _resolved(index, full_name)
    return found


def _resolved(index: VersionIndex, name: str) -> object:
    try:
        return index.resolve(name)
    except Refused as refusal:
        return type(refusal), str(refusal)
