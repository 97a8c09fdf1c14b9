"""Editing and deleting versions.

- Description, metadata and tags belong to the version: an edit through a link is an edit of the source
  and of every other link.
- A version that is linked is deleted only by force, which unlinks it everywhere first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import JsonValue

from stemmata_domain.aggregates.artifact import ARTIFACT, DeleteVersion, EditVersion
from stemmata_domain.aggregates.claim import LINKING, EndLinks
from stemmata_domain.aggregates.collection import COLLECTION, UnlinkVersion
from stemmata_domain.commands.addressing import find_version, permit
from stemmata_domain.commands.link import permit_line
from stemmata_domain.errors import InvalidSetting, StillLinked
from stemmata_domain.metadata import normalize
from stemmata_domain.names import tags, text_or_none
from stemmata_domain.work import Work


@dataclass(frozen=True, slots=True)
class VersionEdited:
    """A version that was changed, by its id."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Change description, metadata or tags of the version *name*; None leaves a thing as it is."""

    returns: ClassVar[type[VersionEdited]] = VersionEdited

    name: str
    description: str | None = None
    clear_description: bool = False
    metadata: dict[str, JsonValue] | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    entity: str
    project: str | None = None

    def carry_out(self, work: Work) -> VersionEdited:
        """Decide; see :class:`Edit`."""
        add = tags(self.add_tags)
        found = find_version(work, self.name, entity=self.entity, project=self.project)
        permit_line(work, found)
        work.decide(
            ARTIFACT,
            found.artifact,
            EditVersion(
                index=found.source_index,
                description=text_or_none(self.description, what="description"),
                clear_description=self.clear_description,
                metadata=None if self.metadata is None else normalize(self.metadata),
                add_tags=add,
                remove_tags=tuple(self.remove_tags),
            ),
        )
        return VersionEdited(found.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete the source version *name*.

    `links` are its links as far as the caller knows them, `collection id:number`; with `force` they are
    unlinked, otherwise they forbid the deletion. One that is gone by now, or has another version, does
    not count.
    """

    returns: ClassVar[type[VersionEdited]] = VersionEdited

    name: str
    links: tuple[tuple[str, int], ...] = ()
    link_names: tuple[str, ...] = ()
    delete_aliases: bool = False
    force: bool = False
    entity: str
    project: str | None = None

    def before_looking_for_links(self, work: Work) -> None:
        """Have a link that is made from now on, by somebody else, stand in the way of the append.

        Raises:
            Refused: The name finds no version.
        """
        if not work.alone:
            found = find_version(work, self.name, entity=self.entity, project=self.project)
            work.state(LINKING, found.version)

    def carry_out(self, work: Work) -> VersionEdited:
        """Decide; see :class:`Delete`."""
        found = find_version(work, self.name, entity=self.entity, project=self.project)
        if found.line.kind != "artifact":
            raise InvalidSetting(
                setting="version", value=self.name, rule="is a link; unlink it instead"
            )
        permit(work, work.state(ARTIFACT, found.artifact).entity)
        links = [
            (collection, index)
            for collection, index in self.links
            if work.state(COLLECTION, collection).line.versions.get(index) == found.version
        ]
        if links and not self.force:
            raise StillLinked(name=f"{found.line.name}:v{found.index}", links=self.link_names)
        for collection, index in links:
            work.decide(COLLECTION, collection, UnlinkVersion(index=index))
        work.decide(
            ARTIFACT,
            found.artifact,
            DeleteVersion(
                index=found.source_index, delete_aliases=self.delete_aliases or self.force
            ),
        )
        if not work.alone:
            work.decide(LINKING, found.version, EndLinks(version=found.version))
        return VersionEdited(found.version)
