"""Asking who is who: organizations, teams, people, and what a person may use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stemmata_domain.errors import UnknownOrganization
from stemmata_domain.paths import (
    EntityFacts,
    EntityKind,
    OrganizationFacts,
    resolve_organization,
)
from stemmata_projections.queries import Query
from stemmata_projections.version_index import queries as q
from stemmata_projections.version_index.views import Organization
from stemmata_projections.view_store import Params, ViewStore


class OrganizationIndex:
    """Organizations and entities, now or at a position."""

    def __init__(self, views: ViewStore, *, at: int | None = None) -> None:
        self._views = views
        self._at = at

    def all(self) -> list[Organization]:
        """Return the organizations, by name."""
        return [self._organization(row) for row in self._ask(q.ORGANIZATIONS, {})]

    def by_id(self, organization: str) -> Organization:
        """Return the organization with this id.

        Raises:
            UnknownOrganization: There is none.
        """
        return self._one(q.ORGANIZATION_BY_ID, {"organization": organization}, organization)

    def named(self, name: str) -> Organization:
        """Return the organization of this entity name or display name.

        Raises:
            UnknownOrganization: There is none.
        """
        try:
            return self._one(q.ORGANIZATION_BY_ENTITY, {"name": name}, name)
        except UnknownOrganization:
            return self._one(q.ORGANIZATION_BY_NAME, {"name": name}, name)

    def facts(self, entity: str) -> EntityFacts:
        """Return what *entity* is, and the organizations that it belongs to."""
        rows = self._ask(q.ENTITY_NAMED, {"entity": entity})
        if not rows:
            return EntityFacts(kind=EntityKind.UNKNOWN)
        kind, holder = EntityKind(rows[0][0]), rows[0][1]
        found = (
            self._ask(q.ORGANIZATIONS_OF_PERSON, {"person": entity})
            if kind is EntityKind.PERSON
            else self._ask(q.ORGANIZATION_BY_ID, {"organization": holder})
        )
        own = tuple(OrganizationFacts(id=row[0], name=row[1], entity=row[2]) for row in found)
        return EntityFacts(kind=kind, organizations=own)

    def seen_from(self, entity: str | None, *, given: str | None) -> OrganizationFacts:
        """Return the organization in which *entity* reaches a registry.

        Without an entity, the organization is the one that is *given*, or the only one there is.

        Raises:
            LookupError, ValueError: It does not follow; the refusal says what to name.
        """
        if entity is not None:
            return resolve_organization(entity=entity, given=given, facts=self.facts(entity))
        if given is not None:
            found = self.named(given)
            return OrganizationFacts(id=found.id, name=found.name, entity=found.entity)
        every = self._ask(q.ORGANIZATIONS, {})
        if len(every) == 1:
            row = every[0]
            return OrganizationFacts(id=row[0], name=row[1], entity=row[2])
        return resolve_organization(
            entity=None, given=None, facts=EntityFacts(kind=EntityKind.UNKNOWN)
        )

    def teams_of(self, organization: str) -> tuple[str, ...]:
        """Return the teams of an organization (by its id)."""
        params = {"organization": organization, "kind": "team"}
        return _first(self._ask(q.ENTITIES_HELD_BY, params))

    def teams_of_person(self, person: str) -> tuple[str, ...]:
        """Return the teams that a person may log to, those of an organization that they administer too.

        Empty if the store does not know the person.
        """
        teams = set(_first(self._ask(q.TEAMS_OF_PERSON, {"person": person})))
        for row in self._ask(q.ORGANIZATIONS_OF_PERSON, {"person": person}):
            if row[3]:
                teams.update(self.teams_of(row[0]))
        return tuple(sorted(teams))

    def _one(self, query: Query, params: Params, name: str) -> Organization:
        rows = self._ask(query, params)
        if not rows:
            raise UnknownOrganization(name=name)
        return self._organization(rows[0])

    def _organization(self, row: Any) -> Organization:
        return Organization(
            id=row[0],
            name=row[1],
            entity=row[2],
            teams=self.teams_of(row[0]),
            people=_first(self._ask(q.PEOPLE_OF, {"organization": row[0]})),
        )

    def _ask(self, query: Query, params: Params) -> Sequence[Any]:
        return self._views.query(query, params, at=self._at)


def _first(rows: Sequence[Any]) -> tuple[str, ...]:
    return tuple(row[0] for row in rows)
