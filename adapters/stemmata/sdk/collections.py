"""Artifacts and collections as W&B users know them, and their versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from stemmata.sdk.artifacts_and_runs import Artifact
from stemmata.sdk.paginator import Paginator, checked
from stemmata.stemma import Stemma
from stemmata_domain.codec import time_text
from stemmata_domain.errors import InvalidSetting
from stemmata_projections.search.fields import COLLECTIONS, VERSIONS
from stemmata_projections.search.scopes import Given, Scope
from stemmata_projections.version_index import views


class Versions(Paginator[Artifact]):
    """The versions that were searched for."""

    def __init__(
        self,
        stemma: Stemma,
        scope: Scope,
        *,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
        parents: Iterable[ArtifactCollection] | None = None,
    ) -> None:
        super().__init__()
        size = checked(filter, order, per_page, VERSIONS)
        if parents is not None:
            each = (parent.versions(filter, order, size) for parent in parents)
            self._chain(each, start=start)
            return
        self._read(
            lambda cursor, limit: stemma.searching.find_versions(
                filter, scope=scope, order=order, limit=limit, cursor=cursor
            ),
            lambda found: Artifact._of(stemma, found),
            start=start,
            per_page=size,
        )


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

    def versions(
        self,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions:
        """Return the versions that pass *filter*; without an order, by number.

        Raises:
            ValueError: The filter, the order or the size of a page cannot be used.
        """
        return Versions(
            self._stemma,
            Scope(line=self._found.id),
            filter=filter,
            order=order,
            per_page=per_page,
            start=start,
        )

    def artifacts(self, per_page: int = 50) -> Versions:
        """Return the versions, by number."""
        return self.versions(per_page=per_page)

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


class Collections(Paginator[ArtifactCollection]):
    """The artifacts and collections that were searched for."""

    def __init__(
        self,
        stemma: Stemma,
        scope: Scope,
        *,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
        parents: Iterable[Collections] | None = None,
    ) -> None:
        super().__init__()
        self._stemma = stemma
        self._scope = replace(scope, collections=filter)
        self._is_ordered = order is not None or parents is not None
        size = checked(filter, order, per_page, COLLECTIONS)
        if parents is not None:
            self._chain(iter(parents), start=start)
            return
        self._read(
            lambda cursor, limit: stemma.searching.find_collections(
                filter, scope=scope, order=order, limit=limit, cursor=cursor
            ),
            lambda found: ArtifactCollection(stemma, found),
            start=start,
            per_page=size,
        )

    def versions(
        self,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions:
        """Return the versions in these collections that pass *filter*.

        Raises:
            ValueError: The filter, the order or the size of a page cannot be used; or there is a
                *start*, and the collections are ordered.
        """
        return Versions(
            self._stemma,
            self._scope,
            filter=filter,
            order=order,
            per_page=per_page,
            start=start,
            parents=self if self._is_ordered else None,
        )
