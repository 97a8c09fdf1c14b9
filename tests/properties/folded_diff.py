"""What is different between two positions, told by comparing what is so at one and at the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.properties.folded import Folded, FoldedLine, Refusal, folded
from tests.properties.folded_entries import in_order
from tests.properties.folded_names import exact
from tests.properties.folded_trail import things_named

Told = Any

GROUPS = (
    *("organizations", "registries", "collections", "versions", "links"),
    *("aliases", "tags", "runs", "uses", "outputs"),
)


@dataclass
class State:
    """What is so of a thing: single facts by what they are of, and facts of which there are several.

    `is_there` tells whether the thing itself is told in the group, or only something of it.
    """

    name: str
    is_there: bool = False
    one: dict[str, object] = field(default_factory=dict)
    many: set[tuple[str, ...]] = field(default_factory=set)


Group = dict[tuple[str, str], State]


def diff(model: Folded, start: int, end: int, name: str | None) -> Told:
    """Return what is different at *end*, group by group."""
    for position in (start, end):
        if position > model.position:
            raise Refusal("InvalidMoment")
    owners: set[object] | None = None
    if name is not None:
        if ":" in name:
            raise Refusal("InvalidPath")
        until = _until(model, max(start, end))
        owners = {id for kind, id in things_named(until, name) if kind in ("registry", "line")}
    was, now = (so_at(_until(model, position), owners) for position in (start, end))
    return {group: sorted(_between(was[group], now[group]), key=str) for group in GROUPS}


def _until(model: Folded, position: int) -> Folded:
    known: dict[int, Folded] = model.notes.setdefault("until", {})
    if position not in known:
        known[position] = folded(model.trail[:position])
    return known[position]


def _between(was: Group, now: Group) -> Iterator[Told]:
    for kind, id in {*was, *now}:
        known = now.get((kind, id)) or was[kind, id]
        before = was.get((kind, id)) or State(known.name)
        after = now.get((kind, id)) or State(known.name)
        changes = [
            *(
                (what, before.one.get(what), after.one.get(what))
                for what in {*before.one, *after.one}
            ),
            *((what, value, None) for what, value, *_ in before.many - after.many),
            *((what, None, value) for what, value, *_ in after.many - before.many),
        ]
        # A key of the metadata that holds null is there, and one that is missing is not.
        changes = [
            (what, old, new)
            for what, old, new in changes
            if exact(old) != exact(new) or (what in before.one) != (what in after.one)
        ]
        if changes:
            came, went = (
                after.is_there and not before.is_there,
                before.is_there and not after.is_there,
            )
            yield {
                "kind": kind,
                "id": id,
                "name": known.name,
                "how": "added" if came else "removed" if went else "changed",
                "changes": in_order(changes),
            }


# --- what is so --------------------------------------------------------------------------------


def so_at(model: Folded, owners: set[object] | None) -> dict[str, Group]:
    """Return what is so, of everything or of what stands in some registries and lines."""
    so: dict[str, Group] = {group: {} for group in GROUPS}
    if owners is None:
        _people(model, so["organizations"])
        for path, run in model.runs.items():
            so["runs"]["run", path] = State(path, True, {"state": run.state})
    for each in model.registries.values():
        if owners is None or each.id in owners:
            name = f"wandb-registry-{each.created.name}"
            types: set[tuple[str, ...]] = {("accepted type", type) for type in each.types or ()}
            one = {"registry": each.created.name, **_described(each.created.description)}
            so["registries"]["registry", each.id] = State(name, True, one, types)
    for line in model.lines.values():
        if owners is None or line.id in owners:
            _line(model, line, so)
    for edge in model.edges:
        inside = owners is None or owners & {edge.through, model.any_version(edge.version).artifact}
        if inside:
            group, what = ("uses", "input") if edge.kind == "used" else ("outputs", "output")
            state = so[group].setdefault(("run", edge.run), State(edge.run))
            used = f"{model.full_name(model.any_line(edge.through))}:v{edge.index}"
            # Of two lines of one name, the one taken after the other was deleted, both are told.
            state.many.add((what, used, f"{edge.through}#{edge.index}"))
    return so


def _people(model: Folded, so: Group) -> None:
    for id, founded in model.organizations.items():
        so["organization", id] = State(founded.name, True, {"organization": founded.name})
    for name, (kind, _) in model.entities.items():
        if kind != "organization":
            so[kind, name] = State(name, True, {kind: name})
    for (person, organization), admin in model.affiliations.items():
        what = "administers" if admin else "belongs to"
        state = so.setdefault(("person", person), State(person))
        state.many.add((what, model.organizations[organization].name))
    for team, person in model.memberships:
        so.setdefault(("person", person), State(person)).many.add(("team", team))


def _line(model: Folded, line: FoldedLine, so: dict[str, Group]) -> None:
    name = model.full_name(line)
    kind = "collection" if line.is_link else "artifact"
    one = {kind: line.name, "type": line.type, **_described(line.description)}
    tags: set[tuple[str, ...]] = {("tag", tag) for tag in line.tags}
    so["collections"][kind, line.id] = State(name, True, one, tags)
    for alias, index in line.aliases.items():
        fact: dict[str, object] = {f"alias {alias}": f"v{index}"}
        so["aliases"]["alias", f"{line.id}:{alias}"] = State(f"{name}:{alias}", True, fact)
    for index, member in line.members.items():
        version = model.versions[member.version]
        source = f"{model.full_name(model.lines[version.artifact])}:v{version.index}"
        if line.is_link:
            linked = State(f"{name}:v{index}", True, {"source": source})
            so["links"]["version", f"{line.id}#{index}"] = linked
            continue
        told: dict[str, object] = {"version": f"v{index}", **_described(version.description)}
        told.update({f"metadata.{key}": value for key, value in version.metadata.items()})
        so["versions"]["version", version.id] = State(source, True, told)
        tags = {("tag", tag) for tag in version.tags}
        so["tags"]["version", version.id] = State(source, False, {}, tags)


def _described(description: str | None) -> dict[str, object]:
    return {} if description is None else {"description": description}
