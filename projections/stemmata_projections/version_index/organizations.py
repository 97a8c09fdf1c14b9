"""Asking who is who: organizations, teams, people, and what a person may use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from stemmata_domain.errors import UnknownOrganization
from stemmata_domain.paths import (
    EntityFacts,
    EntityKind,
    OrganizationFacts,
    resolve_organization,
)
from stemmata_projections.queries import Query
from stemmata_projections.tables import Row
from stemmata_projections.version_index import queries as q
from stemmata_projections.version_index.views import Organization
from stemmata_projections.view_store import Params, ViewStore

Found = TypeVar("Found", bound=Row)


class OrganizationIndex:
    """Organizations and entities, now or at a position."""

    def __init__(self, views: ViewStore, *, at: int | None = None) -> None:
        self._views = views
        self._at = at

    def all(self) -> list[Organization]:
        """Return the organizations, by name."""
        with self._views.reading():
            return [self._organization(row) for row in self._ask(q.ORGANIZATIONS, {})]

    def by_id(self, organization: str) -> Organization:
        """Return the organization with this id.

        Raises:
            UnknownOrganization: There is none.
        """
        with self._views.reading():
            rows = self._ask(q.ORGANIZATION_BY_ID, {"organization": organization})
            return self._only(rows, organization)

    def named(self, name: str) -> Organization:
        """Return the organization of this entity name or display name.

        Raises:
            UnknownOrganization: There is none.
        """
        with self._views.reading():
            rows = self._ask(q.ORGANIZATION_BY_ENTITY, {"name": name}) or self._ask(
                q.ORGANIZATION_BY_NAME, {"name": name}
            )
            return self._only(rows, name)

    def facts(self, entity: str) -> EntityFacts:
        """Return what *entity* is, and the organizations that it belongs to."""
        with self._views.reading():
            rows = self._ask(q.ENTITY_NAMED, {"entity": entity})
            if not rows:
                return EntityFacts(kind=EntityKind.UNKNOWN)
            kind, holder = EntityKind(rows[0][0]), rows[0][1]
            found = (
                self._ask(q.ORGANIZATIONS_OF_PERSON, {"person": entity})
                if kind is EntityKind.PERSON
                else self._ask(q.ORGANIZATION_BY_ID, {"organization": holder})
            )
        return EntityFacts(kind=kind, organizations=tuple(_facts(row) for row in found))

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
            return _facts(every[0])
        return resolve_organization(
            entity=None, given=None, facts=EntityFacts(kind=EntityKind.UNKNOWN)
        )

    def teams_of(self, organization: str) -> tuple[str, ...]:
        """Return the teams of an organization (by its id)."""
        params = {"organization": organization, "kind": "team"}
        return _texts(self._ask(q.ENTITIES_HELD_BY, params))

    def teams_of_person(self, person: str) -> tuple[str, ...]:
        """Return the teams that a person may log to, those of an organization that they administer too.

        Empty if the store does not know the person.
        """
        with self._views.reading():
            teams = set(_texts(self._ask(q.TEAMS_OF_PERSON, {"person": person})))
            params: Params = {"person": person, "admin": True}
            for (organization,) in self._ask(q.ORGANIZATIONS_ADMINISTERED_BY, params):
                teams.update(self.teams_of(organization))
        return tuple(sorted(teams))

    def _only(self, rows: Sequence[q.OrganizationRow], name: str) -> Organization:
        if not rows:
            raise UnknownOrganization(name=name)
        return self._organization(rows[0])

    def _organization(self, row: q.OrganizationRow) -> Organization:
        id, name, entity = row
        return Organization(
            id=id,
            name=name,
            entity=entity,
            teams=self.teams_of(id),
            people=_texts(self._ask(q.PEOPLE_OF, {"organization": id})),
        )

    def _ask(self, query: Query[Found], params: Params) -> Sequence[Found]:
        return self._views.query(query, params, at=self._at)


def _facts(row: q.OrganizationRow) -> OrganizationFacts:
    id, name, entity = row
    return OrganizationFacts(id=id, name=name, entity=entity)


def _texts(rows: Iterable[q.Text]) -> tuple[str, ...]:
    return tuple(text for (text,) in rows)
