"""The documents of `--json`: which keys each thing has. They are public, and stay."""

from __future__ import annotations

from typing import TypeAlias

from stemmata.cli.page import Json
from stemmata.reading.reader import Reader
from stemmata_domain.codec import time_text
from stemmata_projections.version_index.views import (
    Collection,
    Organization,
    Registry,
    Version,
)

Shape: TypeAlias = dict[str, Json]


def version_shape(version: Version) -> Shape:
    """Return a version as documents have it."""
    return {
        "full_name": version.full_name,
        "qualified_name": version.qualified_name,
        "version": version.version,
        "type": version.type,
        "aliases": list(version.aliases),
        "tags": list(version.tags),
        "description": version.description,
        "metadata": dict(version.metadata),
        "digest": version.digest,
        "digest_algorithm": version.algorithm,
        "size": version.size,
        "file_count": version.file_count,
        "is_link": version.is_link,
        "source": version.source_qualified_name,
        "created_at": time_text(version.created_at),
        "created_by": version.created_by,
        "run": version.run,
        "linked_at": time_text(version.linked_at) if version.is_link else None,
        "linked_by": version.linked_by if version.is_link else None,
    }


def collection_shape(collection: Collection) -> Shape:
    """Return an artifact or a collection, without its versions, as documents have it."""
    return {
        "full_name": collection.full_name,
        "qualified_name": f"{collection.entity}/{collection.project}/{collection.name}",
        "name": collection.name,
        "type": collection.type,
        "is_link": collection.is_link,
        "description": collection.description,
        "tags": list(collection.tags),
        "created_at": time_text(collection.created_at),
        "created_by": collection.created_by,
    }


def registry_shape(registry: Registry) -> Shape:
    """Return a registry, without its collections, as documents have it."""
    accepted = registry.accepted_types
    return {
        "full_name": registry.full_name,
        "qualified_name": f"{registry.organization_entity}/{registry.full_name}",
        "name": registry.name,
        "organization": registry.organization,
        "organization_entity": registry.organization_entity,
        "visibility": registry.visibility,
        "accepted_types": None if accepted is None else list(accepted),
        "description": registry.description,
        "is_core": registry.core,
        "created_at": time_text(registry.created_at),
        "created_by": registry.created_by,
    }


def organization_shape(stemma: Reader, organization: Organization) -> Shape:
    """Return an organization with the names of what it has, as documents have it."""
    registries = stemma.registries(organization.entity)
    return {
        "name": organization.name,
        "entity": organization.entity,
        "teams": list(organization.teams),
        "people": list(organization.people),
        "registries": [registry.full_name for registry in registries],
    }
