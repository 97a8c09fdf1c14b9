"""Creates registries and collections, and deletes collections: the rest of what commands do."""

from __future__ import annotations

from collections.abc import Sequence

from stemmata.cli.listing import collection_reply, registry_reply
from stemmata.cli.page import Reply, sentences, strong
from stemmata.stemma import Stemma
from stemmata_domain.paths import ArtifactPath, link_target


def create_registry(
    stemma: Stemma,
    name: str,
    *,
    visibility: str,
    types: Sequence[str],
    organization: str | None,
    description: str | None,
) -> Reply:
    """Create a registry, and show it."""
    made = stemma.create_registry(
        name,
        visibility=visibility,
        organization=organization,
        accepted_types=types,
        description=description,
    )
    registry = next(each for each in stemma.registries(organization) if each.id == made.registry)
    return registry_reply(stemma, registry, first=(sentences("Created."),))


def create_collection(
    stemma: Stemma, target: str, *, type: str, description: str | None, tags: Sequence[str]
) -> Reply:
    """Create an empty collection, and show it."""
    made = stemma.create_collection(
        str(_in_full(stemma, target)), type=type, description=description, tags=tags
    )
    collection = stemma.index.collection_by_id(made.collection)
    return collection_reply(stemma, collection, first=(sentences("Created."),))


def delete_collection(stemma: Stemma, target: str) -> Reply:
    """Delete a collection with its links."""
    path = _in_full(stemma, target)
    collection = stemma.index.collection(path)
    versions = stemma.index.versions(collection.id)
    stemma.delete_collection(str(path))
    return Reply(
        document={"full_name": collection.full_name, "unlinked": [v.full_name for v in versions]},
        page=(
            sentences(
                ("Deleted ", strong(collection.full_name)),
                f"Links that went with it: {len(versions)}; their sources stay.",
            ),
        ),
    )


def _in_full(stemma: Stemma, target: str) -> ArtifactPath:
    """Return a target with its organization, which may follow from there being only one."""
    path = link_target(target)
    if not path.is_registry or path.prefix is not None:
        return path
    registry = stemma.index.registry_at(path)
    return ArtifactPath(prefix=registry.organization_entity, project=path.project, name=path.name)
