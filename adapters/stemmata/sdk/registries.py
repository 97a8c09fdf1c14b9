"""Registries and collections as W&B users know them."""

from __future__ import annotations

from collections.abc import Iterator

from stemmata.sdk.artifacts_and_runs import Artifact
from stemmata.stemma import Stemma
from stemmata_domain.codec import time_text
from stemmata_domain.errors import InvalidSetting
from stemmata_projections.version_index import views


class ArtifactCollection:
    """An artifact, under which versions are logged, or a collection, into which they are linked."""

    def __init__(self, stemma: Stemma, found: views.Collection) -> None:
        self._stemma = stemma
        self._found = found

    @property
    def id(self) -> str:
        """Id of the artifact or collection."""
        return self._found.id

    @property
    def name(self) -> str:
        """Its name."""
        return self._found.name

    @property
    def full_name(self) -> str:
        """`wandb-registry-REGISTRY/COLLECTION`, or `entity/project/artifact`."""
        return self._found.full_name

    @property
    def entity(self) -> str:
        """Team or person; the organization's entity name for a registry."""
        return self._found.entity

    @property
    def project(self) -> str:
        """Project; `wandb-registry-NAME` for a registry."""
        return self._found.project

    @property
    def type(self) -> str:
        """The type that all its versions have."""
        return self._found.type

    @property
    def description(self) -> str | None:
        """The card, in Markdown."""
        return self._found.description

    @property
    def tags(self) -> list[str]:
        """The collection's own tags."""
        return list(self._found.tags)

    @property
    def created_at(self) -> str:
        """When it was created, as ISO 8601 in UTC."""
        return time_text(self._found.created_at)

    @property
    def aliases(self) -> list[str]:
        """The aliases of all its versions."""
        return sorted({alias for each in self._versions() for alias in each.aliases})

    def is_sequence(self) -> bool:
        """Return whether versions are logged here, and not linked."""
        return not self._found.is_link

    def versions(self) -> Iterator[Artifact]:
        """Yield the versions, by number."""
        for version in self._versions():
            yield Artifact._of(self._stemma, version)

    def artifacts(self) -> Iterator[Artifact]:
        """Yield the versions, by number."""
        return self.versions()

    def _versions(self) -> list[views.Version]:
        return self._stemma.index_without_defaults.versions(self._found.id)

    def delete(self) -> None:
        """Delete a collection with its links; the source versions stay.

        Raises:
            ValueError: Versions are logged here; they are deleted one by one.
        """
        if not self._found.is_link:
            rule = "holds logged versions; delete them by Artifact.delete"
            raise InvalidSetting(setting="collection", value=self.full_name, rule=rule)
        self._stemma.delete_collection(f"{self.entity}/{self.project}/{self.name}")

    def __repr__(self) -> str:
        return f"<ArtifactCollection {self.full_name} ({self.type})>"


class Registry:
    """A registry, whose collections an organization shares."""

    def __init__(self, stemma: Stemma, found: views.Registry) -> None:
        self._stemma = stemma
        self._found = found

    @property
    def id(self) -> str:
        """Id of the registry."""
        return self._found.id

    @property
    def name(self) -> str:
        """The name without the prefix."""
        return self._found.name

    @property
    def full_name(self) -> str:
        """`wandb-registry-NAME`, what paths begin with."""
        return self._found.full_name

    @property
    def organization(self) -> str:
        """Display name of the organization."""
        return self._found.organization

    @property
    def entity(self) -> str:
        """Entity name of the organization."""
        return self._found.organization_entity

    @property
    def visibility(self) -> str:
        """`organization`, or `restricted` to invited members."""
        return self._found.visibility

    @property
    def description(self) -> str | None:
        """What it is for."""
        return self._found.description

    @property
    def allow_all_artifact_types(self) -> bool:
        """Whether artifacts of every type are accepted."""
        return self._found.accepted_types is None

    @property
    def artifact_types(self) -> list[str]:
        """The types that are accepted, if not all are."""
        return list(self._found.accepted_types or ())

    @property
    def created_at(self) -> str:
        """When it was created, as ISO 8601 in UTC."""
        return time_text(self._found.created_at)

    def collections(self) -> Iterator[ArtifactCollection]:
        """Yield the collections, by name."""
        for found in self._stemma.index_without_defaults.collections(self.id):
            yield ArtifactCollection(self._stemma, found)

    def versions(self) -> Iterator[Artifact]:
        """Yield the versions of all collections, by collection and number."""
        for collection in self.collections():
            yield from collection.versions()

    def __repr__(self) -> str:
        return f"<Registry {self.organization}/{self.name}>"
