"""Reading and administering from outside of runs, as W&B's public API does it."""

from __future__ import annotations

from collections.abc import Sequence

from stemmata.sdk.artifacts_and_runs import Artifact, PublicRun
from stemmata.sdk.collections import ArtifactCollection, Collections, Versions
from stemmata.sdk.handles import handle
from stemmata.sdk.registries import Registries, Registry
from stemmata.stemma import Stemma
from stemmata_domain.errors import TypeMismatch, UnknownCollection, UnknownRun
from stemmata_domain.names import text_of
from stemmata_domain.paths import parse_strict
from stemmata_projections.search.scopes import EVERYWHERE, Given, Scope


class Api:
    """The registry that the environment describes, or the one of a handle."""

    def __init__(self, stemma: Stemma | None = None) -> None:
        self._stemma = stemma or handle()

    @property
    def default_entity(self) -> str | None:
        """The entity that completes names without one."""
        return self._stemma.entity

    def artifact(self, name: str, type: str | None = None) -> Artifact:
        """Return the version that *name* stands for; without an alias, the latest.

        This records no use; `run.use_artifact` does.

        Args:
            name: `[entity/]project/artifact[:alias]`, or
                `[ORG/]wandb-registry-REGISTRY/COLLECTION[:alias]`.

        Raises:
            LookupError: Some part of the name finds nothing; the message says which.
            ValueError: The name is malformed, or the version of another type than *type*.
        """
        version = self._stemma.resolve(name)
        if type is not None and type != version.type:
            raise TypeMismatch(
                thing="artifact", name=version.full_name, type=version.type, asked=type
            )
        return Artifact._of(self._stemma, version)

    def artifact_exists(self, name: str, type: str | None = None) -> bool:
        """Return whether *name* stands for a version, of this type if one is given."""
        try:
            self.artifact(name, type)
        except (LookupError, TypeMismatch):
            return False
        return True

    def artifact_collection(self, type_name: str, name: str) -> ArtifactCollection:
        """Return the artifact or collection *name*, which has to be of this type.

        Raises:
            LookupError: Nothing has the name, or it is of another type.
        """
        found = self._stemma.index.collection(parse_strict(name))
        if found.type != type_name:
            raise UnknownCollection(name=f"{name} of type {type_name}")
        return ArtifactCollection(self._stemma, found)

    def artifact_collection_exists(self, name: str, type: str) -> bool:
        """Return whether *name* is an artifact or collection of this type."""
        try:
            self.artifact_collection(type, name)
        except LookupError:
            return False
        return True

    def artifact_collections(
        self, project_name: str, type_name: str, per_page: int = 50
    ) -> Collections:
        """Return the artifacts and collections of a type in a project or a registry, by name.

        Raises:
            ValueError: The name is malformed.
            LookupError: There is no such registry.
        """
        path = parse_strict(f"{project_name}/_")
        if path.is_registry:
            scope = Scope(registry=self._stemma.index.registry_at(path).id)
        else:
            scope = Scope(project=f"{path.prefix or self._stemma.entity}/{path.project}")
        return Collections(
            self._stemma, scope, filter={"type": text_of(type_name)}, per_page=per_page
        )

    def artifacts(
        self,
        type_name: str,
        name: str,
        per_page: int = 50,
        tags: str | Sequence[str] | None = None,
    ) -> Versions:
        """Return the versions of an artifact or collection, by number.

        Args:
            tags: Tags that a version has to have, all of them.

        Raises:
            LookupError: Nothing has the name, or it is of another type.
        """
        wanted = [tags] if isinstance(tags, str) else list(tags or ())
        return self.artifact_collection(type_name, name).versions(
            {"tags": {"$all": wanted}} if wanted else None, per_page=per_page
        )

    def registries(
        self,
        organization: str | None = None,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Registries:
        """Return the registries of an organization, or of all, that pass *filter*.

        What is returned is loaded as it is looked at, and searched on with `.collections(…)` and
        `.versions(…)`. Without an order, registries come by organization and name.

        Args:
            filter: In the filter language, as a mapping or as JSON text.
            order: `[+|-]field`.
            per_page: How many to load at a time.
            start: The `cursor` of an earlier search for the same, to go on there.

        Raises:
            ValueError: The filter, the order or the size of a page cannot be used.
            LookupError: There is no such organization.
        """
        scope = EVERYWHERE
        if organization is not None:
            scope = Scope(organization=self._stemma.index.organizations.named(organization).id)
        return Registries(
            self._stemma, scope, filter=filter, order=order, per_page=per_page, start=start
        )

    def registry(self, name: str, organization: str | None = None) -> Registry:
        """Return the registry *name*, without the prefix that paths have.

        Raises:
            LookupError: There is none; the message lists what there is.
            ValueError: The organization does not follow and has to be named.
        """
        index = self._stemma.index
        known = (
            index.organizations.named(organization).id
            if organization is not None
            else index.organizations.seen_from(self._stemma.entity, given=None).id
        )
        return Registry(self._stemma, index.registry(name, known))

    def create_registry(
        self,
        name: str,
        visibility: str = "organization",
        organization: str | None = None,
        description: str | None = None,
        artifact_types: Sequence[str] | None = None,
    ) -> Registry:
        """Create a registry.

        Args:
            visibility: `organization`, or `restricted` to invited members.
            artifact_types: Types that it accepts; all, if none are given.

        Raises:
            ValueError: The name is taken or invalid, or the visibility unknown.
            LookupError: There is no such organization.
        """
        made = self._stemma.create_registry(
            name,
            visibility=visibility,
            organization=organization,
            description=description,
            accepted_types=artifact_types or (),
        )
        return next(each for each in self.registries(organization) if each.id == made.registry)

    def run(self, path: str) -> PublicRun:
        """Return the run `entity/project/id`; the entity may be left out.

        Raises:
            LookupError: There is none.
        """
        full = (
            path
            if path.count("/") >= 2 or not self._stemma.entity
            else f"{self._stemma.entity}/{path}"
        )
        if full.count("/") < 2:
            raise UnknownRun(run=path)
        return PublicRun(self._stemma, full)
