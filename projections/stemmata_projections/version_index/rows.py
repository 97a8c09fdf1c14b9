"""Rows of the version index as the values that it answers with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, cast

from stemmata_domain.codec import time_from
from stemmata_projections.frozen import maker
from stemmata_projections.tables import Row
from stemmata_projections.version_index import queries as q
from stemmata_projections.version_index.views import Collection, Link, Registry, Version

K = TypeVar("K")
Found = TypeVar("Found", bound=Row)

_new_version = maker(Version)


def collection_of(row: q.LineRow, tags: tuple[str, ...] = ()) -> Collection:
    """Return an artifact or a collection of links."""
    id, kind, scope, name, type, registry, organization, description, created_at, created_by = row
    entity, project = place_of(scope, registry, organization)
    return Collection(
        id=id,
        is_link=kind == "collection",
        entity=entity,
        project=project,
        name=name,
        type=type,
        description=description,
        tags=tags,
        created_at=time_from(created_at),
        created_by=created_by,
    )


def place_of(scope: str, registry: str | None, organization: str | None) -> tuple[str, str]:
    """Return entity and project of a line: for a registry, those under which paths know it."""
    if registry is not None:
        return organization or "", f"wandb-registry-{registry}"
    entity, _, project = scope.partition("/")
    return entity, project


def version_of(
    line: q.LineInPlace, row: q.VersionRow, aliases: Sequence[object], tags: Sequence[object]
) -> Version:
    """Return a version of a line, with what it is called there."""
    line_id, kind, line_scope, name, type, registry, organization = line
    entity, project = place_of(line_scope, registry, organization)
    (
        index,
        linked_at,
        linked_by,
        version,
        artifact,
        source_index,
        digest,
        algorithm,
        manifest,
        size,
        file_count,
        description,
        created_at,
        created_by,
        run,
        scope,
        source,
        metadata,
    ) = row
    source_entity, _, source_project = scope.partition("/")
    # By place, in the order of the class: names would cost as much as the rest of the row.
    return _new_version(
        version,
        line_id,
        kind == "collection",
        entity,
        project,
        name,
        type,
        index,
        cast("tuple[str, ...]", tuple(aliases)),
        cast("tuple[str, ...]", tuple(tags)),
        digest,
        algorithm,
        manifest,
        size,
        file_count,
        description,
        metadata,
        time_from(created_at),
        created_by,
        run,
        time_from(linked_at),
        linked_by,
        artifact,
        source_entity,
        source_project,
        source,
        source_index,
    )


def versions_of(
    line: q.LineRow,
    rows: Iterable[q.VersionRow],
    aliases: Mapping[int, tuple[str, ...]],
    tags: Mapping[int, tuple[str, ...]],
) -> list[Version]:
    """Return the versions of a line, with the aliases and tags of each number."""
    place = line[:7]
    return [version_of(place, row, aliases.get(row[0], ()), tags.get(row[0], ())) for row in rows]


def named_version(row: q.NamedRow) -> Version:
    """Return a version that was found with its line."""
    return version_of(row[18:25], row[:18], row[25], row[26])


def registry_of(row: q.RegistryRow) -> Registry:
    """Return a registry."""
    id, name, visibility, accepts_all, description, core, created_at, created_by = row[:8]
    organization, entity, types = row[8:]
    return Registry(
        id=id,
        organization=organization,
        organization_entity=entity,
        name=name,
        visibility=visibility,
        accepted_types=None if accepts_all else cast("tuple[str, ...]", tuple(types)),
        description=description,
        core=core,
        created_at=time_from(created_at),
        created_by=created_by,
    )


def link_of(row: q.LinkRow) -> Link:
    """Return where a version is linked."""
    line, scope, collection, registry, organization, index, linked_at, linked_by = row
    entity, project = place_of(scope, registry, organization)
    return Link(
        line=line,
        entity=entity,
        project=project,
        collection=collection,
        index=index,
        linked_at=time_from(linked_at),
        linked_by=linked_by,
    )


def first(rows: Sequence[Found]) -> Found | None:
    """Return the first row, None if there is none."""
    return rows[0] if rows else None


def texts(rows: Iterable[q.Text]) -> tuple[str, ...]:
    """Return the texts of rows of one text each."""
    return tuple(text for (text,) in rows)


def grouped(rows: Iterable[tuple[K, str]]) -> dict[K, tuple[str, ...]]:
    """Return texts by what they belong to, in the order in which they were found."""
    groups: dict[K, list[str]] = {}
    for key, value in rows:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
