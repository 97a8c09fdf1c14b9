"""What there is of which a filter holds, or in whose words a text is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from stemmata.reading.base import Asking
from stemmata.reading.finding import Entity, Project, find
from stemmata_domain.errors import InvalidSetting
from stemmata_projections.paging import Page
from stemmata_projections.search.scopes import EVERYWHERE, Given, Scope
from stemmata_projections.version_index.views import (
    Collection,
    Organization,
    Registry,
    Version,
)

if TYPE_CHECKING:
    from stemmata_projections.search.index import SearchIndex
    from stemmata_projections.search.text import Hit


class SearchQueries(Asking):
    """Searches by filters and by words, page by page; each page is one of the same moment.

    A filter is a mapping or the JSON text of one, in the language of `docs/reference/filters.md`; an
    order is `[+|-]field`. A cursor that a page came with asks for the next page, if it is given with
    the same question.

    Where something is looked for is a place, as `stemmata ls` takes it: an organization, a registry, a
    collection, a team or person, a project or an artifact. Without one, every registry is looked through.
    """

    def search(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        within: str | None = None,
        filter: Given = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Hit]:
        """Return what has all words of *text* in its name, tags or description, the best first.

        Without a place, everything is looked through, projects too. The last word may be unfinished.

        Args:
            kinds: `registry`, `collection`, `artifact`, `version`; all, if none are given.
            within: The place.
            filter: Has to hold as well; *kinds* then names one kind.

        Raises:
            ValueError: The text has no word, or filter, kind or cursor cannot be used.
            LookupError: There is no such place.
        """
        from stemmata_projections.search.text import TextSearch

        return TextSearch(self._views, at=self.at).find(
            text,
            kinds=kinds,
            scope=self.scope(within),
            filter=filter,
            limit=limit,
            cursor=cursor,
        )

    def find_registries(
        self,
        filter: Given = None,
        *,
        organization: str | None = None,
        order: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Registry]:
        """Return the registries that pass *filter*, of one organization or of all.

        Raises:
            ValueError: Filter, order or cursor cannot be used.
            LookupError: There is no such organization.
        """
        organizations = self.index_without_defaults.organizations
        known = None if organization is None else organizations.named(organization).id
        return self.searching.find_registries(
            filter, scope=Scope(organization=known), order=order, limit=limit, cursor=cursor
        )

    def find_collections(
        self,
        filter: Given = None,
        *,
        within: str | None = None,
        logged: bool = False,
        registries: Given = None,
        order: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Collection]:
        """Return the collections that pass *filter*, in registries that pass theirs.

        Within a team, a person or a project, these are artifacts, and the project's own collections.

        Args:
            within: The place.
            logged: Only artifacts, in which versions are logged; without a place, of all projects.
            registries: A filter of the registries.

        Raises:
            ValueError: A filter, the order or the cursor cannot be used.
            LookupError: There is no such place.
        """
        scope = replace(self.scope(within), logged=logged, registries=registries)
        return self.searching.find_collections(
            filter, scope=scope, order=order, limit=limit, cursor=cursor
        )

    def find_versions(
        self,
        filter: Given = None,
        *,
        within: str | None = None,
        logged: bool = False,
        registries: Given = None,
        collections: Given = None,
        order: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Version]:
        """Return the versions that pass *filter*, in collections and registries that pass theirs.

        Within a team, a person or a project, these are versions as they were logged, and as the project's
        own collections have them.

        Args:
            within: The place.
            logged: Only versions as they were logged; without a place, those of all projects.
            registries: A filter of the registries.
            collections: A filter of the artifacts and collections.

        Raises:
            ValueError: A filter, the order or the cursor cannot be used.
            LookupError: There is no such place.
        """
        scope = replace(
            self.scope(within), logged=logged, registries=registries, collections=collections
        )
        return self.searching.find_versions(
            filter, scope=scope, order=order, limit=limit, cursor=cursor
        )

    @property
    def searching(self) -> SearchIndex:
        """The search index, for scopes given by ids."""
        from stemmata_projections.search.index import SearchIndex

        return SearchIndex(self._views, at=self.at)

    def scope(self, place: str | None) -> Scope:
        """Return what a place means as a scope; without one, everything that there is by default.

        Raises:
            ValueError: The place does not fit the grammar.
            LookupError: There is no such place.
        """
        if place is None:
            return EVERYWHERE
        if place == "":
            rule = "name an organization, a registry, a collection, an entity or a project"
            raise InvalidSetting(setting="place", value=place, rule=rule)
        match find(self, place):
            case Organization(id=id):
                return Scope(organization=id)
            case Registry(id=id):
                return Scope(registry=id)
            case Collection(id=id):
                return Scope(line=id)
            case Project() as project:
                return Scope(project=project.full_name)
            case Entity(name=name):
                return Scope(entity=name)
