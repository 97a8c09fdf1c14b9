"""What an artifact object tells of itself: name and type always, the rest once it is logged."""

from __future__ import annotations

from stemmata.sdk.errors import ArtifactNotLoggedError
from stemmata_domain.codec import time_text
from stemmata_projections.version_index.views import Version


class ArtifactFacts:
    """The read-only side of an artifact."""

    _name: str
    _type: str
    _version: Version | None

    def _logged(self, attribute: str) -> Version:
        if self._version is None:
            raise ArtifactNotLoggedError(attribute=attribute, artifact=self._name)
        return self._version

    def is_draft(self) -> bool:
        """Return whether the artifact is not logged yet."""
        return self._version is None

    @property
    def name(self) -> str:
        """The name; with the version, `NAME:vN`, once it is logged."""
        return self._name

    @property
    def type(self) -> str:
        """The type, which the collections that it is linked into share."""
        return self._type

    @property
    def state(self) -> str:
        """`PENDING` for a draft, `COMMITTED` for a version."""
        return "PENDING" if self._version is None else "COMMITTED"

    @property
    def id(self) -> str:
        """Id of the version, the same for the source and all its links."""
        return self._logged("id").id

    @property
    def entity(self) -> str:
        """Team or person; for a link in a registry the organization's entity name."""
        return self._logged("entity").entity

    @property
    def project(self) -> str:
        """Project; for a link in a registry `wandb-registry-NAME`."""
        return self._logged("project").project

    @property
    def version(self) -> str:
        """The number `vN` in the artifact or collection that it was found in."""
        return self._logged("version").version

    @property
    def qualified_name(self) -> str:
        """`entity/project/name:vN`."""
        return self._logged("qualified_name").qualified_name

    @property
    def full_name(self) -> str:
        """`wandb-registry-REGISTRY/COLLECTION:vN` of a link, the qualified name of a source."""
        return self._logged("full_name").full_name

    @property
    def is_link(self) -> bool:
        """Whether this is a version as a collection has it, and not the source."""
        return self._logged("is_link").is_link

    @property
    def source_entity(self) -> str:
        """Team or person that the version was logged under."""
        return self._logged("source_entity").source_entity

    @property
    def source_project(self) -> str:
        """Project that the version was logged in."""
        return self._logged("source_project").source_project

    @property
    def source_name(self) -> str:
        """`ARTIFACT:vN`, as it was logged."""
        version = self._logged("source_name")
        return f"{version.source_collection}:v{version.source_index}"

    @property
    def source_version(self) -> str:
        """The number `vN` in the artifact that it was logged as."""
        return f"v{self._logged('source_version').source_index}"

    @property
    def source_qualified_name(self) -> str:
        """`entity/project/artifact:vN`, as it was logged."""
        return self._logged("source_qualified_name").source_qualified_name

    @property
    def source_collection(self) -> str:
        """Name of the artifact that it was logged as."""
        return self._logged("source_collection").source_collection

    @property
    def created_at(self) -> str:
        """When it was logged, as ISO 8601 in UTC."""
        return time_text(self._logged("created_at").created_at)

    @property
    def linked_at(self) -> str:
        """When it came into the artifact or collection, as ISO 8601 in UTC."""
        return time_text(self._logged("linked_at").linked_at)

    @property
    def file_count(self) -> int:
        """How many files it has, references included."""
        return self._logged("file_count").file_count
