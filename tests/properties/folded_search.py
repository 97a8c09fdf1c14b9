"""What is found, told from the folded log: filters are plain conditions here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stemmata_domain import events as e
from tests.properties import folded_names
from tests.properties.folded import Folded, FoldedLine, Refusal
from tests.properties.folded_names import exact, organization_named
from tests.properties.folded_usage import place_of

Told = Any
Facts = dict[str, Any]
Condition = Callable[[Facts], bool]


@dataclass(frozen=True)
class Sought:
    """What is looked for: filters, each with the condition that it stands for, a place, an order."""

    filter: str = "{}"
    within: str | None = None
    logged: bool = False
    registries: str | None = None
    order: str | None = None


# --- where -------------------------------------------------------------------------------------


def lines_within(model: Folded, sought: Sought, upper: Condition) -> list[FoldedLine]:
    """Return the lines of a place in their order."""
    within, lines = sought.within, list(model.lines.values())
    if sought.logged:
        lines = [line for line in lines if not line.is_link]
    order: Callable[[FoldedLine], Any] = lambda line: (line.scope, line.name)  # noqa: E731
    kind, what = _scope(model, within)
    if kind == "line":
        return [line for line in lines if line.id == what]
    if kind == "project":
        return sorted((line for line in lines if line.scope == what), key=order)
    if kind == "entity" or (within is None and sought.logged):
        inside = [line for line in lines if line.registry is None]
        owned = [line for line in inside if kind is None or line.scope.split("/")[0] == what]
        return sorted(owned, key=order)
    shelves = [each["id"] for each in registries_within(model, within) if upper(each)]
    found = [line for line in lines if line.registry in shelves]
    return sorted(found, key=lambda line: (shelves.index(line.registry or ""), line.name))


def _scope(model: Folded, within: str | None) -> tuple[str | None, str]:
    if within is None:
        return None, ""
    if "/" not in within and not within.startswith("wandb-registry-"):
        for id, founded in model.organizations.items():
            if within in (founded.entity, founded.name):
                return "organization", id
        if model.entities.get(within, ("", ""))[0] in ("team", "person"):
            return "entity", within
    place = place_of(model, within)
    if isinstance(place, FoldedLine):
        return "line", place.id
    return place[1], place[0]


def registries_within(model: Folded, within: str | None) -> list[Facts]:
    """Return the registries of a place, by organization and name."""
    kind, what = _scope(model, within)
    found = []
    for each in model.registries.values():
        of = each.created.organization
        if kind in (None, "organization", "registry") and what in ("", of, each.id):
            found.append(
                {
                    "id": each.id,
                    "name": f"wandb-registry-{each.created.name}",
                    "entity_id": of,
                    "description": each.created.description,
                    "created_at": each.created_at,
                    "updated_at": _changed(model, "registry", each.id),
                }
            )
    return sorted(
        found, key=lambda each: (model.organizations[each["entity_id"]].name, each["name"])
    )


# --- what is known of a thing ------------------------------------------------------------------

_CHANGES: dict[str, tuple[type[e.Event], ...]] = {
    "version": (
        *(e.ArtifactLogged, e.VersionTagged, e.VersionUntagged),
        *(e.DescriptionChanged, e.MetadataChanged),
    ),
    "artifact": (
        *(e.ArtifactCreated, e.ArtifactLogged, e.VersionDeleted, e.VersionTagged),
        *(e.VersionUntagged, e.DescriptionChanged, e.MetadataChanged, e.AliasAdded),
        e.AliasRemoved,
    ),
    "collection": (
        *(e.CollectionCreated, e.VersionLinked, e.VersionUnlinked, e.AliasAdded),
        e.AliasRemoved,
    ),
    "registry": (e.RegistryCreated, e.TypeAccepted, e.CollectionCreated),
}


def _changed(model: Folded, kind: str, id: str) -> datetime:
    """Return the latest time at which something changed a thing."""
    return max(
        each.time
        for each in model.trail
        if isinstance(each.event, _CHANGES[kind])
        if (
            getattr(each.event, "version", None) == id
            if kind == "version"
            else each.stream == f"{kind}-{id}" or getattr(each.event, "registry", None) == id
        )
    )


def of_line(model: Folded, line: FoldedLine) -> Facts:
    return {
        "id": line.id,
        "name": line.name,
        "type": line.type,
        "tag": sorted(line.tags),
        "alias": sorted(line.aliases),
        "description": line.description,
        "created_at": line.created_at,
        "updated_at": _changed(model, "collection" if line.is_link else "artifact", line.id),
    }


def of_member(model: Folded, line: FoldedLine, index: int) -> Facts:
    version = model.versions[line.members[index].version]
    return {
        "id": version.id,
        "version": index,
        "name": f"{line.name}:v{index}",
        "collection": line.name,
        "type": line.type,
        "tag": sorted(version.tags),
        "alias": line.aliases_of(index),
        "metadata": version.metadata,
        "size": version.logged.size,
        "created_at": version.created_at,
        "updated_at": _changed(model, "version", version.id),
        "linked_at": line.members[index].at,
    }


# --- finding -----------------------------------------------------------------------------------


def registries(model: Folded, sought: Sought, holds: Condition) -> Told:
    if sought.within is not None:
        organization_named(model, sought.within)
    found = [each for each in registries_within(model, sought.within) if holds(each)]
    by_id = {
        each["id"]: folded_names.registry(model, model.registries[each["id"]]) for each in found
    }
    return [by_id[each["id"]] for each in _ordered(found, sought.order)]


def collections(model: Folded, sought: Sought, holds: Condition, upper: Condition) -> Told:
    facts = [of_line(model, line) for line in lines_within(model, sought, upper)]
    found = _ordered([each for each in facts if holds(each)], sought.order)
    return [folded_names.collection(model, model.lines[each["id"]]) for each in found]


def versions(model: Folded, sought: Sought, holds: Condition, upper: Condition) -> Told:
    facts = [
        {**of_member(model, line, index), "line": line.id}
        for line in lines_within(model, sought, upper)
        for index in sorted(line.members)
    ]
    found = _ordered([each for each in facts if holds(each)], sought.order)
    return [
        folded_names.version(model, model.lines[each["line"]], each["version"]) for each in found
    ]


def _ordered(found: list[Facts], order: str | None) -> list[Facts]:
    if order is None:
        return found
    by_id = sorted(found, key=lambda each: str(each["id"]))
    return sorted(by_id, key=lambda each: each[order.lstrip("+-")], reverse=order[0] == "-")


# --- words -------------------------------------------------------------------------------------

FIELDS = ("name", "tag", "description")
Texts = dict[str, list[str]]
KINDS = ("registry", "collection", "artifact", "version")


def words(model: Folded, text: str, within: str | None) -> Told:
    """Return what has all words of a text; of one word, the best first."""
    _scope(model, within)
    asked = _words(text)
    if not asked:
        raise Refusal("InvalidSetting")
    found: list[tuple[Any, list[Any]]] = []
    for kind, name, full_name, texts in _texts(model, within):
        ranks = [_ranks(texts, word, is_last=n == len(asked) - 1) for n, word in enumerate(asked)]
        if all(ranks):
            fields = sorted({field for each in ranks for field, _ in each})
            told = [kind, full_name, [FIELDS[n] for n in fields]]
            # Of several words ranks add up, so that only the set of what is found is told.
            best = (min(ranks[0]), KINDS.index(kind), name)
            found.append((best if len(asked) == 1 else str(told), told))
    return [each for _, each in sorted(found)]


def _ranks(texts: Texts, word: str, *, is_last: bool) -> list[tuple[int, int]]:
    """Return in which fields a word is found, and whether only as the beginning of one."""
    ranks = []
    for n, field in enumerate(FIELDS):
        there = {each for text in texts.get(field, ()) for each in _words(text)}
        if word in there:
            ranks.append((n, 0))
        elif is_last and any(each.startswith(word) for each in there):
            ranks.append((n, 1))
    return ranks


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _texts(model: Folded, within: str | None) -> Iterator[tuple[str, Any, str, Texts]]:
    """Yield what has texts, with what sorts it, its full name and the texts by field.

    A version is as it was logged, or in a place as what stands there has it.
    """
    if within is None:
        for each in model.registries.values():
            name, about = each.created.name, each.created.description or ""
            full_name = f"wandb-registry-{name}"
            yield "registry", (name, each.id), full_name, {"name": [name], "description": [about]}
    for line in model.lines.values():
        if within not in (None, line.scope):
            continue
        full_name, kind = model.full_name(line), "collection" if line.is_link else "artifact"
        texts = {"name": [line.name], "tag": [*line.tags], "description": [line.description or ""]}
        yield kind, (line.name, line.id), full_name, texts
        if within is None and line.is_link:
            continue
        for index, member in line.members.items():
            version = model.versions[member.version]
            texts = {"tag": [*version.tags], "description": [version.description or ""]}
            yield "version", (line.name, index, version.id), f"{full_name}:v{index}", texts


# --- conditions that filters stand for ---------------------------------------------------------


def has(value: Any, test: Callable[[Any], bool]) -> bool:
    """Tell whether a value passes, or an item of it if it is a list."""
    return test(value) or (isinstance(value, list) and any(map(test, value)))


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(one: Any, other: Any) -> bool:
    return exact(one) == exact(other)
