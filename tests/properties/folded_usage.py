"""Who used what, told from the folded log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.properties.folded import Folded, FoldedEdge, FoldedLine, Refusal
from tests.properties.folded_names import line_named, registry_named, resolved, seen_from

Told = Any

NEVER: Told = {"uses": 0, "runs": 0, "people": 0, "first": None, "last": None}


def usage(model: Folded, name: str) -> Told:
    """Return the usage of a version, a line, a registry or a project, as `vision` names it."""
    if ":" in name:
        return _of_version(model, name)
    place = place_of(model, name)
    if isinstance(place, FoldedLine):
        return _of_line(model, place)
    return _of_scope(model, *place)


def place_of(model: Folded, name: str) -> FoldedLine | tuple[str, str, str]:
    """Return a line, or a scope with what it is and what it is called."""
    *before, last = name.split("/")
    if last.startswith("wandb-registry-") and len(before) < 2:
        organization = seen_from(model, None if before else "vision", before[0] if before else None)
        registry = registry_named(model, last.removeprefix("wandb-registry-"), organization)
        return registry.id, "registry", last
    if len(before) == 1 and any(line.scope == name for line in model.lines.values()):
        return name, "project", name
    missing = "UnknownCollection" if "wandb-registry-" in name else "UnknownArtifact"
    return line_named(model, name, "vision", missing=missing)


# --- figures -----------------------------------------------------------------------------------


def uses(model: Folded, keep: Callable[[FoldedEdge], bool]) -> list[FoldedEdge]:
    """Return the uses that are kept: one for each run, version and name."""
    return [edge for edge in model.edges if edge.kind == "used" and keep(edge)]


def figures(edges: Iterable[FoldedEdge]) -> Told:
    found = list(edges)
    if not found:
        return NEVER
    return {
        "uses": len({(edge.run, edge.version, edge.through) for edge in found}),
        "runs": len({edge.run for edge in found}),
        "people": len({edge.by for edge in found}),
        "first": min(edge.at for edge in found),
        "last": max(edge.at for edge in found),
    }


def _users(model: Folded, edges: Iterable[FoldedEdge], *, numbered: bool = False) -> list[Told]:
    groups: dict[tuple[str, str, int | None], list[FoldedEdge]] = {}
    for edge in edges:
        key = (edge.by, edge.through, edge.index if numbered else None)
        groups.setdefault(key, []).append(edge)
    found = []
    for (who, through, number), group in groups.items():
        name = model.full_name(model.any_line(through))
        found.append(
            {
                "who": who,
                "through": name if number is None else f"{name}:v{number}",
                "is_gone": through not in model.lines,
                "figures": figures(group),
            }
        )
    return sorted(
        found,
        key=lambda user: (
            -user["figures"]["uses"],
            user["who"],
            user["through"],
            user["is_gone"],
            str(user["figures"]),
        ),
    )


# --- of a version, a line, a scope -------------------------------------------------------------


def _of_version(model: Folded, name: str) -> Told:
    version = resolved(model, name, "vision")
    all_uses = uses(model, lambda edge: edge.version == version["id"])
    return {
        "kind": "version",
        "name": version["full_name"],
        "through": figures(edge for edge in all_uses if edge.through == version["line"]),
        "total": figures(all_uses),
        "users": _users(model, all_uses, numbered=True),
        "parts": [],
        "unused": [],
    }


def _of_line(model: Folded, line: FoldedLine) -> Told:
    here = {member.version: number for number, member in line.members.items()}
    of_versions = uses(model, lambda edge: edge.version in here)
    through = uses(model, lambda edge: edge.through == line.id)
    either = uses(model, lambda edge: edge.version in here or edge.through == line.id)
    name = model.full_name(line)
    return {
        "kind": "collection" if line.is_link else "artifact",
        "name": name,
        "through": figures(through),
        "total": figures(of_versions),
        "users": _users(model, either),
        **_parts(
            {
                "name": f"{name}:v{number}",
                "is_gone": number not in line.members,
                "through": figures(edge for edge in through if edge.index == number),
                "total": figures(edge for edge in of_versions if here[edge.version] == number),
            }
            for number in sorted({*line.members, *(edge.index for edge in through)})
        ),
    }


def _of_scope(model: Folded, scope: str, kind: str, name: str) -> Told:
    ended = model.ended.lines.values()
    lines = [each for each in (*model.lines.values(), *ended) if each.scope == scope]
    lines.sort(key=lambda line: (line.name, line.id))
    ids = {line.id for line in lines}
    through = uses(model, lambda edge: edge.through in ids)
    return {
        "kind": kind,
        "name": name,
        "through": figures(through),
        "total": figures(uses(model, lambda edge: edge.version in _held(model, lines))),
        "users": _users(model, through),
        **_parts(
            {
                "name": model.full_name(line),
                "is_gone": line.id not in model.lines,
                "through": figures(edge for edge in through if edge.through == line.id),
                "total": figures(uses(model, lambda edge: edge.version in _held(model, [line]))),  # noqa: B023
            }
            for line in lines
        ),
    }


def _held(model: Folded, lines: Iterable[FoldedLine]) -> set[str]:
    """Return the versions that lines hold, of those that are there still."""
    return {
        member.version
        for line in lines
        if line.id in model.lines
        for member in line.members.values()
    }


def _parts(parts: Iterable[Told]) -> dict[str, list[Told]]:
    found = list(parts)
    unused = [part for part in found if not part["is_gone"] and not part["total"]["uses"]]
    return {"parts": found, "unused": unused}


# --- what nobody uses --------------------------------------------------------------------------


def unused(model: Folded, name: str | None) -> Told:
    """Return the versions in a place that no run has used, or those of all artifacts."""
    if name is None:
        lines = [line for line in model.lines.values() if not line.is_link]
    elif ":" in name:
        raise Refusal("InvalidPath")
    else:
        place = place_of(model, name)
        lines = (
            [place]
            if isinstance(place, FoldedLine)
            else [line for line in model.lines.values() if line.scope == place[0]]
        )
    used = {edge.version for edge in model.edges if edge.kind == "used"}
    found = []
    for line in sorted(lines, key=lambda line: (line.scope, line.name)):
        for number in sorted(line.members):
            version = model.versions[line.members[number].version]
            if version.id in used:
                continue
            found.append(
                {
                    "id": version.id,
                    "full_name": f"{model.full_name(line)}:v{number}",
                    "type": line.type,
                    "aliases": line.aliases_of(number),
                    "size": version.logged.size,
                    "file_count": version.logged.file_count,
                    "created_at": version.created_at,
                    "created_by": version.created_by,
                }
            )
    return found
