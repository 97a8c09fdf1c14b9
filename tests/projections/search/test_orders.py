"""What orders mean."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stemmata_domain.errors import InvalidOrder
from stemmata_projections.search.fields import COLLECTIONS, REGISTRIES, VERSIONS, Kind
from stemmata_projections.search.ordering import ordered, parse_order
from stemmata_projections.search.values import Value

_THINGS: list[dict[str, Value]] = [
    {"id": "c", "size": 5, "created_at": datetime(2024, 1, 2, tzinfo=UTC)},
    {"id": "a", "size": 5, "created_at": datetime(2024, 1, 3, tzinfo=UTC)},
    {"id": "b", "size": 40, "created_at": datetime(2024, 1, 1, tzinfo=UTC)},
    {"id": "d", "size": None, "created_at": datetime(2024, 1, 1, tzinfo=UTC)},
]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("size", "dacb"),
        ("+size", "dacb"),
        ("-artifact_size", "bacd"),
        ("created_at", "bdca"),
        ("-created_at", "acbd"),
    ],
)
def test_things_stand_by_a_field_and_equal_ones_by_id(order: str, expected: str) -> None:
    parsed = parse_order(order, VERSIONS)
    assert parsed is not None
    found = ordered(_THINGS, parsed, facts=lambda each: each, id=lambda each: str(each["id"]))
    assert "".join(str(each["id"]) for each in found) == expected


def test_no_order_is_none() -> None:
    assert parse_order(None, VERSIONS) is None


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        (REGISTRIES, "'name', 'created_at', 'updated_at'"),
        (COLLECTIONS, "'name', 'created_at', 'updated_at'"),
        (
            VERSIONS,
            (
                "'version', 'version_index', 'size', 'artifact_size', 'created_at', "
                "'artifact_created_at', 'linked_at', 'acm_created_at'"
            ),
        ),
    ],
)
@pytest.mark.parametrize("order", ["", "-", "type", "--name", " name", "name,created_at", 5])
def test_an_order_that_there_is_not_is_refused_with_those_that_there_are(
    kind: Kind, known: str, order: str
) -> None:
    with pytest.raises(InvalidOrder) as refusal:
        parse_order(order, kind)
    assert str(refusal.value).endswith(f"must be one of: {known}")
