"""What the version index answers with: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from stemmata_projections.pictures.cards import GREY, card, size_text


@dataclass(frozen=True, slots=True)
class Version:
    """A version as an artifact or a collection has it.

    Through a link, number, aliases and the names are the collection's own; everything else is shared by
    the source and all its links.

    Attributes:
        id: Id of the version, the same for the source and all links.
        line: Id of the artifact or collection through which the version was found.
        entity: Team or person; the organization's entity name for a registry.
        project: Project; `wandb-registry-NAME` for a registry.
        collection: Name of the artifact or collection.
        index: The number N of `vN` in it.
        aliases: Without the number, in alphabetical order.
        algorithm: MD5 or XXH128.
        manifest: SHA-256 of the blob with the manifest, hex.
        size: Bytes of all files together.
        created_by: Who logged it.
        run: Path of the run that logged it first, if a run did.
        linked_at: When it came into the artifact or collection.
        source_index: The number in the artifact where it was logged.
    """

    id: str
    line: str
    is_link: bool
    entity: str
    project: str
    collection: str
    type: str
    index: int
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    digest: str
    algorithm: str
    manifest: str
    size: int
    file_count: int
    description: str | None
    metadata: Mapping[str, JsonValue]
    created_at: datetime
    created_by: str
    run: str | None
    linked_at: datetime
    linked_by: str
    artifact: str
    source_entity: str
    source_project: str
    source_collection: str
    source_index: int

    @property
    def version(self) -> str:
        """The number as `vN`."""
        return f"v{self.index}"

    @property
    def name(self) -> str:
        """`COLLECTION:vN`."""
        return f"{self.collection}:v{self.index}"

    @property
    def full_name(self) -> str:
        """`wandb-registry-REGISTRY/COLLECTION:vN`, or `entity/project/artifact:vN` for a source."""
        if self.project.startswith("wandb-registry-"):
            return f"{self.project}/{self.name}"
        return self.qualified_name

    @property
    def qualified_name(self) -> str:
        """`entity/project/collection:vN`."""
        return f"{self.entity}/{self.project}/{self.name}"

    @property
    def source_qualified_name(self) -> str:
        """`entity/project/artifact:vN` of where the version was logged."""
        source = f"{self.source_entity}/{self.source_project}/{self.source_collection}"
        return f"{source}:v{self.source_index}"

    def _repr_html_(self) -> str:
        return card(
            f"{'link' if self.is_link else 'version'}, {self.type}",
            self.full_name,
            (
                ("Description", self.description or ""),
                ("Digest", f"{self.digest} ({self.algorithm})"),
                (
                    "Size",
                    f"{size_text(self.size)} in {self.file_count} file{'s'[: self.file_count != 1]}",
                ),
                ("Created", f"{self.created_at:%Y-%m-%d %H:%M} UTC by {self.created_by}"),
                ("Run", self.run or ""),
                ("Source", self.source_qualified_name if self.is_link else ""),
                (
                    "Linked",
                    f"{self.linked_at:%Y-%m-%d %H:%M} UTC by {self.linked_by}"
                    if self.is_link
                    else "",
                ),
            ),
            aliases=self.aliases,
            tags=self.tags,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organization with its teams and people."""

    id: str
    name: str
    entity: str
    teams: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """A registry; `accepted_types` of None accepts every type."""

    id: str
    organization: str
    organization_entity: str
    name: str
    visibility: str
    accepted_types: tuple[str, ...] | None
    description: str | None
    core: bool
    created_at: datetime
    created_by: str

    @property
    def full_name(self) -> str:
        """`wandb-registry-NAME`, what paths call the registry."""
        return f"wandb-registry-{self.name}"

    def _repr_html_(self) -> str:
        types = self.accepted_types
        return card(
            "registry",
            self.full_name,
            (
                ("Description", self.description or ""),
                ("Organization", f"{self.organization} ({self.organization_entity})"),
                ("Accepts", "all types" if types is None else ", ".join(types) or "nothing"),
                ("Visibility", self.visibility),
                ("Created", f"{self.created_at:%Y-%m-%d %H:%M} UTC by {self.created_by}"),
            ),
            colour=GREY,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """An artifact (`is_link` false) or a collection of links.

    Attributes:
        entity: Team or person; the organization's entity name for a registry.
        project: Project; `wandb-registry-NAME` for a registry.
    """

    id: str
    is_link: bool
    entity: str
    project: str
    name: str
    type: str
    description: str | None
    tags: tuple[str, ...]
    created_at: datetime
    created_by: str

    @property
    def full_name(self) -> str:
        """The path without a version, as :attr:`Version.full_name` has it."""
        if self.project.startswith("wandb-registry-"):
            return f"{self.project}/{self.name}"
        return f"{self.entity}/{self.project}/{self.name}"

    def _repr_html_(self) -> str:
        return card(
            f"{'collection' if self.is_link else 'artifact'}, {self.type}",
            self.full_name,
            (
                ("Description", self.description or ""),
                ("Created", f"{self.created_at:%Y-%m-%d %H:%M} UTC by {self.created_by}"),
            ),
            tags=self.tags,
            colour=GREY,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a version is linked, and under which number and aliases."""

    line: str
    entity: str
    project: str
    collection: str
    index: int
    linked_at: datetime
    linked_by: str

    @property
    def full_name(self) -> str:
        """`wandb-registry-REGISTRY/COLLECTION:vN`, or `entity/project/COLLECTION:vN`."""
        name = f"{self.project}/{self.collection}:v{self.index}"
        return name if self.project.startswith("wandb-registry-") else f"{self.entity}/{name}"
