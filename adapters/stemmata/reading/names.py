"""What there is in a registry, by its names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stemmata.reading.base import Asking
from stemmata_domain.content import FilePath, Progress
from stemmata_domain.names import setting
from stemmata_domain.paths import parse, parse_strict
from stemmata_projections.lineage.graph import Run
from stemmata_projections.version_index.views import (
    Collection,
    Link,
    Organization,
    Registry,
    Version,
)

if TYPE_CHECKING:
    from stemmata.files import VersionFiles


class NameQueries(Asking):
    """Versions, collections, registries and organizations by name, and runs by path."""

    def resolve(self, name: str) -> Version:
        """Return the version that *name* stands for; without an alias, the latest.

        Raises:
            LookupError: Some part of the name finds nothing; the refusal says which.
            ValueError: The name is malformed, or the organization does not follow.
        """
        return self.index.resolve(name)

    def organizations(self) -> list[Organization]:
        """Return the organizations, by name."""
        return self.index_without_defaults.organizations.all()

    def registries(self, organization: str | None = None) -> list[Registry]:
        """Return the registries of an organization, or of all, by name."""
        index = self.index_without_defaults
        chosen = (
            index.organizations.all()
            if organization is None
            else [index.organizations.named(setting(organization, what="organization"))]
        )
        return [registry for each in chosen for registry in index.registries(each.id)]

    def collections(self, scope: str) -> list[Collection]:
        """Return what is in a registry, `[ORG/]wandb-registry-NAME`, or a project, by name."""
        path = parse_strict(f"{parse(scope)}/_")
        if path.is_registry:
            return self.index.collections(self.index.registry_at(path).id)
        return self.index.collections(scope if "/" in scope else f"{self.entity}/{scope}")

    def artifacts(self) -> list[Collection]:
        """Return the artifacts of all projects."""
        return self.index.artifacts()

    def versions(self, name: str) -> list[Version]:
        """Return the versions of an artifact or collection, by number."""
        return self.index.versions_at(parse_strict(name))

    def links(self, name: str) -> list[Link]:
        """Return where the version *name* is linked, itself or its source."""
        index = self.index
        return index.links_of(index.resolve(name).id)

    def run(self, path: str) -> Run:
        """Return the run `entity/project/id`."""
        return self.graph.run(setting(path, what="run"))

    def files(self, name: str) -> VersionFiles:
        """Return the files of the version *name*: to list, open, download or verify.

        Content stays readable however long ago it was logged, unless it was reclaimed.
        """
        from stemmata.files import VersionFiles

        version = self.resolve(name)
        source = f"{version.source_collection}:v{version.source_index}"
        return VersionFiles(
            self.content, manifest=version.manifest, name=source, cache_dir=self.cache_dir
        )

    def download(
        self,
        name: str,
        root: FilePath,
        *,
        path_prefix: str | None = None,
        allow_missing_references: bool = False,
        progress: Progress | None = None,
    ) -> Path:
        """Write the files of the version *name* below *root*, and return it.

        Files that are there with the right content are not touched; others are not deleted.

        Args:
            path_prefix: Only files whose path begins with this text.
            progress: Called with bytes that are done, and bytes that there are.

        Raises:
            LookupError: The name finds nothing.
            ValueError: A path would leave *root*, or content is not what its digest says.
        """
        return self.files(name).download(
            root,
            path_prefix=path_prefix,
            allow_missing_references=allow_missing_references,
            progress=progress,
        )
