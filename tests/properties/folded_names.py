"""What names stand for and what there is, told from the folded log."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.properties.folded import Folded, FoldedLine, FoldedRegistry, FoldedRun, Refusal

Told = Any


def exact(value: object) -> str:
    """Return JSON in a spelling in which 1, 1.0 and true are three things."""
    return json.dumps(value, sort_keys=True)


# --- organizations -----------------------------------------------------------------------------


def organization(model: Folded, id: str) -> Told:
    if id not in model.organizations:
        raise Refusal("UnknownOrganization")
    founded = model.organizations[id]
    return {
        "id": id,
        "name": founded.name,
        "entity": founded.entity,
        "teams": _teams_of(model, id),
        "people": sorted(person for person, of in model.affiliations if of == id),
    }


def _teams_of(model: Folded, id: str) -> list[str]:
    return sorted(name for name, what in model.entities.items() if what == ("team", id))


def organizations(model: Folded) -> Told:
    found = [organization(model, id) for id in model.organizations]
    return sorted(found, key=lambda each: each["name"])


def organization_named(model: Folded, name: str) -> Told:
    for attribute in ("entity", "name"):
        for id, founded in model.organizations.items():
            if getattr(founded, attribute) == name:
                return organization(model, id)
    raise Refusal("UnknownOrganization")


def facts(model: Folded, entity: str) -> Told:
    kind, _ = model.entities.get(entity, ("unknown", ""))
    found = [model.organizations[each] for each in _organizations_of(model, entity)]
    found.sort(key=lambda each: each.name)
    return {
        "kind": kind,
        "organizations": [
            {"id": each.organization, "name": each.name, "entity": each.entity} for each in found
        ],
    }


def _organizations_of(model: Folded, entity: str) -> list[str]:
    # Within an append, a name may be taken before there is what it names.
    kind, holder = model.entities.get(entity, ("unknown", ""))
    found = [of for person, of in model.affiliations if person == entity]
    return [of for of in (found if kind == "person" else [holder]) if of in model.organizations]


def teams_of_person(model: Folded, person: str) -> Told:
    teams = {team for team, member in model.memberships if member == person}
    for (who, of), admin in model.affiliations.items():
        if who == person and admin:
            teams.update(_teams_of(model, of))
    return sorted(teams)


def seen_from(model: Folded, entity: str | None, given: str | None) -> str:
    """Return the id of the organization in which an entity reaches a registry."""
    if entity is None:
        if given is not None:
            return str(organization_named(model, given)["id"])
        if len(model.organizations) == 1:
            return next(iter(model.organizations))
        raise Refusal("InvalidName")
    kind, _ = model.entities.get(entity, ("unknown", ""))
    if kind == "unknown":
        raise Refusal("UnknownEntity")
    mine = _organizations_of(model, entity)
    if given and mine:
        called = model.organizations
        mine = [id for id in mine if called[id].entity == given] or [
            id for id in mine if called[id].name == given
        ]
        if not mine:
            raise Refusal("WrongOrganization")
    if len(mine) == 1:
        return mine[0]
    raise Refusal("OrganizationNeeded" if kind == "person" else "WrongOrganization")


# --- registries --------------------------------------------------------------------------------


def registries(model: Folded, organization: str) -> Told:
    found = [
        registry(model, each)
        for each in model.registries.values()
        if each.created.organization == organization
    ]
    return sorted(found, key=lambda each: each["name"])


def registry(model: Folded, each: FoldedRegistry) -> Told:
    owner = model.organizations[each.created.organization]
    return {
        "id": each.id,
        "organization": owner.name,
        "organization_entity": owner.entity,
        "name": each.created.name,
        "visibility": each.created.visibility,
        "accepted_types": None if each.types is None else sorted(each.types),
        "description": each.created.description,
        "core": each.created.core,
        "created_at": each.created_at,
        "created_by": each.created_by,
        "full_name": f"wandb-registry-{each.created.name}",
    }


def registry_named(model: Folded, name: str, organization: str) -> FoldedRegistry:
    for each in model.registries.values():
        if (each.created.name, each.created.organization) == (name, organization):
            return each
    raise Refusal("UnknownRegistry")


# --- artifacts and collections -----------------------------------------------------------------


def collections(model: Folded, scope: str) -> Told:
    found = [collection(model, line) for line in model.lines.values() if line.scope == scope]
    return sorted(found, key=lambda each: each["name"])


def artifacts(model: Folded) -> Told:
    found = [collection(model, line) for line in model.lines.values() if not line.is_link]
    return sorted(found, key=lambda each: (each["entity"], each["project"], each["name"]))


def collection(model: Folded, line: FoldedLine) -> Told:
    entity, project = model.place_of(line)
    return {
        "id": line.id,
        "is_link": line.is_link,
        "entity": entity,
        "project": project,
        "name": line.name,
        "type": line.type,
        "description": line.description,
        "tags": sorted(line.tags),
        "created_at": line.created_at,
        "created_by": line.created_by,
        "full_name": model.full_name(line),
    }


def collection_named(model: Folded, name: str, entity: str | None) -> Told:
    return collection(model, line_named(model, name, entity, missing="UnknownCollection"))


def line_named(model: Folded, name: str, entity: str | None, *, missing: str) -> FoldedLine:
    """Return the line that a name without an alias means to an entity."""
    *before, last = name.split("/")
    project = before.pop() if before else "uncategorized"
    prefix = before.pop() if before else None
    if project.startswith("wandb-registry-") and project != "wandb-registry-":
        scope = registry_named(
            model, project.removeprefix("wandb-registry-"), seen_from(model, entity, prefix)
        ).id
    else:
        scope = f"{prefix or entity}/{project}"
    for line in model.lines.values():
        if (line.scope, line.name) == (scope, last):
            return line
    raise Refusal(missing)


# --- versions ----------------------------------------------------------------------------------


def resolved(model: Folded, name: str, entity: str | None) -> Told:
    path, _, alias = name.partition(":")
    line = line_named(model, path, entity, missing="UnknownArtifact")
    return version_in(model, line, alias or "latest")


def version_in(model: Folded, line: FoldedLine, alias: str) -> Told:
    number = re.fullmatch(r"v(0|[1-9]\d*)", alias)
    index = int(number[1]) if number else line.aliases.get(alias)
    if index is None or index not in line.members:
        raise Refusal("UnknownVersion")
    return version(model, line, index)


def resolved_in(model: Folded, line: str, alias: str) -> Told:
    if line not in model.lines:
        raise Refusal("UnknownCollection")
    return version_in(model, model.lines[line], alias)


def versions(model: Folded, line: str) -> Told:
    if line not in model.lines:
        return []
    return [version(model, model.lines[line], n) for n in sorted(model.lines[line].members)]


def version(model: Folded, line: FoldedLine, index: int) -> Told:
    member = line.members[index]
    what = model.versions[member.version]
    source = model.lines[what.artifact]
    entity, project = model.place_of(line)
    source_entity, source_project = model.place_of(source)
    qualified = f"{entity}/{project}/{line.name}:v{index}"
    return {
        "id": what.id,
        "line": line.id,
        "is_link": line.is_link,
        "entity": entity,
        "project": project,
        "collection": line.name,
        "type": source.type,
        "index": index,
        "aliases": line.aliases_of(index),
        "tags": sorted(what.tags),
        "digest": what.logged.digest,
        "algorithm": what.logged.algorithm,
        "manifest": what.logged.manifest,
        "size": what.logged.size,
        "file_count": what.logged.file_count,
        "description": what.description,
        "metadata": exact(what.metadata),
        "created_at": what.created_at,
        "created_by": what.created_by,
        "run": what.logged.run,
        "linked_at": member.at,
        "linked_by": member.by,
        "artifact": source.id,
        "source_entity": source_entity,
        "source_project": source_project,
        "source_collection": source.name,
        "source_index": what.index,
        "version": f"v{index}",
        "name": f"{line.name}:v{index}",
        "full_name": f"{model.full_name(line)}:v{index}",
        "qualified_name": qualified,
        "source_qualified_name": f"{source_entity}/{source_project}/{source.name}:v{what.index}",
    }


def links_of(model: Folded, version: str) -> Told:
    found = []
    for line, index, member in sorted(model.links_of(version), key=lambda each: each[2].position):
        entity, project = model.place_of(line)
        found.append(
            {
                "line": line.id,
                "entity": entity,
                "project": project,
                "collection": line.name,
                "index": index,
                "linked_at": member.at,
                "linked_by": member.by,
                "full_name": f"{model.full_name(line)}:v{index}",
            }
        )
    return sorted(found, key=lambda each: each["linked_at"])


# --- runs --------------------------------------------------------------------------------------


def run(model: Folded, path: str) -> Told:
    if path not in model.runs:
        raise Refusal("UnknownRun")
    return run_told(model.runs[path])


def run_told(run: FoldedRun) -> Told:
    return {
        "path": run.path,
        "entity": run.started.entity,
        "project": run.started.project,
        "id": run.started.run,
        "name": run.started.name,
        "job_type": run.started.job_type,
        "config": exact(run.started.config),
        "state": run.state,
        "started_at": run.started_at,
        "started_by": run.started_by,
        "finished_at": run.finished_at,
    }


def runs_of(model: Folded, kind: str, version: str) -> Told:
    found = [
        {
            "run": run_told(model.runs[edge.run]),
            "through": edge.through,
            "index": edge.index,
            "at": edge.at,
        }
        for edge in model.edges
        if (edge.kind, edge.version) == (kind, version)
    ]
    return sorted(found, key=lambda each: each["at"])


def versions_of(model: Folded, kind: str, run: str) -> Told:
    """Return what a run used or produced, but for what was deleted."""
    found = []
    for edge in model.edges:
        if (edge.kind, edge.run) != (kind, run) or edge.version not in model.versions:
            continue
        what = model.versions[edge.version]
        source = model.lines[what.artifact]
        found.append(
            {
                "version": what.id,
                "name": f"{model.full_name(source)}:v{what.index}",
                "type": source.type,
                "through": edge.through,
                "index": edge.index,
                "at": edge.at,
            }
        )
    return sorted(found, key=lambda each: each["at"])
