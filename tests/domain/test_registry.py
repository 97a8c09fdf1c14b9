"""A registry accepts certain types, or all of them, and takes none back."""

import pytest

from stemmata_domain.aggregates.registry import REGISTRY, AcceptType, CreateRegistry
from stemmata_domain.errors import InvalidType, TypeNotAccepted
from stemmata_domain.events import RegistryCreated, TeamCreated, TypeAccepted
from tests.domain.specification import check_facts, specify

registry = specify(REGISTRY)


def created(*types: str) -> RegistryCreated:
    return RegistryCreated(
        registry="g1",
        organization="o1",
        name="Golden Datasets",
        visibility="restricted",
        accepted_types=types or None,
        description="the good ones",
        core=False,
    )


def test_a_registry_is_created_as_asked() -> None:
    registry.when(
        CreateRegistry(
            id="g1",
            organization="o1",
            name="Golden Datasets",
            visibility="restricted",
            accepted_types=("dataset",),
            description="the good ones",
        )
    ).then(created("dataset"))


def test_accepted_types_are_added_and_adding_one_again_changes_nothing() -> None:
    """Accepted types are add-only: appending a duplicate is a no-op."""
    given = registry.given(created("dataset"))
    given.when(AcceptType(type="table")).then(TypeAccepted(type="table"))
    given.when(AcceptType(type="dataset")).then_nothing()
    more = registry.given(created("dataset"), TypeAccepted(type="table"))
    more.when(AcceptType(type="table")).then_nothing()


def test_no_type_can_be_added_where_all_are_accepted() -> None:
    """Adding a type while the registry accepts all types fails."""
    registry.given(created()).when(AcceptType(type="model")).then_refused(
        InvalidType,
        type="model",
        rule="cannot be added: registry 'Golden Datasets' accepts all types",
    )


def test_a_registry_without_types_accepts_every_type() -> None:
    registry.state(created()).check_type("whatever")


def test_a_registry_with_types_accepts_these_and_no_other() -> None:
    state = registry.state(created("dataset"), TypeAccepted(type="table"))
    state.check_type("dataset")
    state.check_type("table")
    with pytest.raises(TypeNotAccepted) as refused:
        state.check_type("model")
    check_facts(
        refused.value,
        {"registry": "Golden Datasets", "type": "model", "accepted": ("dataset", "table")},
    )


def test_an_event_of_another_aggregate_leaves_it_as_it_is() -> None:
    assert registry.state(created(), TeamCreated(team="x")) == registry.state(created())
