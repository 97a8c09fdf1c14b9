"""Reading where lines stand: the registries and projects of a scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

from stemmata_domain.codec import time_from
from stemmata_projections.search import queries as q
from stemmata_projections.search.changes import REGISTRY_CHANGES, last_change
from stemmata_projections.search.evaluation import Facts, passes
from stemmata_projections.search.filters import Filter
from stemmata_projections.search.narrowing import mentioned
from stemmata_projections.search.scopes import Asking, Scope, Shelf
from stemmata_projections.version_index.queries import LINE_BY_ID
from stemmata_projections.version_index.views import Registry


class FoundRegistry(NamedTuple):
    """A registry that passes."""

    shelf: Shelf
    registry: Registry
    facts: Facts


def registries(
    asking: Asking, scope: Scope, filter: Filter, *, wants: frozenset[str] = frozenset()
) -> Iterator[FoundRegistry]:
    """Yield the registries of a scope that pass a filter, by organization and name."""
    shelves = [
        each
        for each in asking.registries()
        if scope.organization in (None, each.organization) and scope.registry in (None, each.scope)
    ]
    dated = "updated_at" in mentioned(filter) | wants
    for shelf in shelves:
        updated = last_change(asking, shelf.scope, REGISTRY_CHANGES) if dated else {}
        registry = cast("Registry", shelf.registry)
        facts: Facts = {
            "id": registry.id,
            "name": registry.full_name,
            "entity_id": shelf.organization,
            "description": registry.description,
            "created_at": registry.created_at,
            "updated_at": time_from(updated[registry.id])
            if registry.id in updated
            else registry.created_at,
        }
        if passes(facts, filter):
            yield FoundRegistry(shelf, registry, facts)


def shelves(asking: Asking, scope: Scope, filter: Filter) -> Sequence[Shelf]:
    """Return where the lines of a scope stand; *filter* is that of registries."""
    if scope.line is not None:
        lines = asking.rows(LINE_BY_ID, {"line": scope.line})
        return [Shelf(scope=row[2]) for row in lines]
    if scope.project is not None:
        return [Shelf(scope=scope.project)]
    if scope.entity is not None:
        # Every project of an entity begins with its name and a slash, after which comes the 0.
        params = {"first": f"{scope.entity}/", "end": f"{scope.entity}0"}
        return [Shelf(scope=project) for project, _ in asking.rows(q.SCOPES_BETWEEN, params)]
    if scope.is_outside:
        rows = asking.rows(q.SCOPES_BETWEEN, {"first": "", "end": "\U0010ffff"})
        return [Shelf(scope=each) for each, _ in rows if "/" in each]
    return [each.shelf for each in registries(asking, scope, filter)]
