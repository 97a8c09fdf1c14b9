"""Registries as W&B users know them, and what is in them."""

from __future__ import annotations

from dataclasses import replace

from stemmata.sdk.collections import Collections, Versions
from stemmata.sdk.paginator import Paginator, checked
from stemmata.stemma import Stemma
from stemmata_domain.codec import time_text
from stemmata_projections.search.fields import REGISTRIES
from stemmata_projections.search.scopes import Given, Scope
from stemmata_projections.version_index import views


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

    def collections(
        self,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Collections:
        """Return the collections that pass *filter*; without an order, by name.

        Raises:
            ValueError: The filter, the order or the size of a page cannot be used.
        """
        return Collections(
            self._stemma,
            Scope(registry=self.id),
            filter=filter,
            order=order,
            per_page=per_page,
            start=start,
        )

    def versions(
        self,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions:
        """Return the versions in all its collections; without an order, by collection and number.

        Raises:
            ValueError: The filter, the order or the size of a page cannot be used.
        """
        return Versions(
            self._stemma,
            Scope(registry=self.id),
            filter=filter,
            order=order,
            per_page=per_page,
            start=start,
        )

    def __repr__(self) -> str:
        return f"<Registry {self.organization}/{self.name}>"


class Registries(Paginator[Registry]):
    """The registries that were searched for."""

    def __init__(
        self,
        stemma: Stemma,
        scope: Scope,
        *,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> None:
        super().__init__()
        self._stemma = stemma
        self._scope = replace(scope, registries=filter)
        self._is_ordered = order is not None
        self._read(
            lambda cursor, limit: stemma.searching.find_registries(
                filter, scope=scope, order=order, limit=limit, cursor=cursor
            ),
            lambda found: Registry(stemma, found),
            start=start,
            per_page=checked(filter, order, per_page, REGISTRIES),
        )

    def collections(
        self,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Collections:
        """Return the collections in these registries that pass *filter*.

        Raises:
            ValueError: The filter, the order or the size of a page cannot be used; or there is a
                *start*, and the registries are ordered.
        """
        parents = (each.collections(filter, order, per_page) for each in self)
        return Collections(
            self._stemma,
            self._scope,
            filter=filter,
            order=order,
            per_page=per_page,
            start=start,
            parents=parents if self._is_ordered else None,
        )

    def versions(
        self,
        filter: Given = None,
        order: str | None = None,
        per_page: int = 100,
        start: str | None = None,
    ) -> Versions:
        """Return the versions in these registries that pass *filter*.

        Raises:
            ValueError: The filter, the order or the size of a page cannot be used; or there is a
                *start*, and the registries are ordered.
        """
        if self._is_ordered:
            return self.collections().versions(filter, order, per_page, start)
        return Versions(
            self._stemma,
            self._scope,
            filter=filter,
            order=order,
            per_page=per_page,
            start=start,
        )
