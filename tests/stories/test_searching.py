"""Searching with the SDK, as W&B users do it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import stemmata
from stemmata_domain.errors import StemmataError


@pytest.fixture
def shop(acme: Path) -> Path:
    """Two registries with collections, whose versions were logged one after the other."""
    with stemmata.open(entity="vision") as stemma:
        stemma.create_registry("tools", description="Everything that helps")
        for index in range(12):
            logged = stemma.log(
                "mnist/digits",
                type="model",
                manifest="0" * 64,
                digest=f"{index:032x}",
                size=1000 - index,
                file_count=1,
                metadata={"accuracy": index / 12},
                tags=["even"] if index % 2 == 0 else ["odd", "strange"],
            )
            target = "wandb-registry-model/Digits" if index < 10 else "wandb-registry-tools/Späne"
            stemma.link(f"vision/mnist/digits:v{logged.index}", target)
        stemma.edit_aliases("wandb-registry-model/Digits:v3", add=["production"])
        stemma.create_collection("wandb-registry-model/Empty", type="model", tags=["new"])
    return acme


def names(found: Any) -> list[str]:
    return [each.name for each in found]


def test_a_chain_finds_versions_in_collections_in_registries(shop: Path) -> None:
    api = stemmata.Api()
    found = (
        api.registries(filter={"name": {"$in": ["model", "tools"]}})
        .collections(filter={"name": {"$regex": "(?i)^dig"}})
        .versions(filter={"metadata.accuracy": {"$gte": 0.5}, "tag": "even"})
    )
    assert names(found) == ["Digits:v6", "Digits:v8"]
    assert [
        each.full_name for each in api.registries().versions(filter={"alias": "production"})
    ] == ["wandb-registry-model/Digits:v3"]
    assert names(api.registries(filter={"name": "tools"}).versions()) == ["Späne:v0", "Späne:v1"]
    assert names(api.registry("model").collections(filter={"tag": "new"})) == ["Empty"]
    assert names(api.registry("model").versions(filter={"version": {"$lt": 2}})) == [
        "Digits:v0",
        "Digits:v1",
    ]
    collection = api.artifact_collection("model", "wandb-registry-model/Digits")
    assert names(collection.versions(filter={"tags": "strange"}, order="-version_index"))[:2] == [
        "Digits:v9",
        "Digits:v7",
    ]


def test_a_name_of_a_registry_is_taken_with_its_prefix(shop: Path) -> None:
    api = stemmata.Api()
    assert names(api.registries(filter={"name": {"$contains": "too"}})) == ["tools"]
    assert names(api.registries(filter={"name": {"$contains": "ools"}})) == []
    assert names(api.registries(filter={"name": {"$regex": "ools"}})) == ["tools"]
    assert names(api.registries("acme", {"description": {"$contains": "helps"}})) == ["tools"]


def test_what_is_found_is_loaded_as_it_is_looked_at(shop: Path) -> None:
    versions = stemmata.Api().registry("model").versions(per_page=4)
    assert [versions.cursor] == [None]
    assert next(versions).name == "Digits:v0"
    cursor = versions.cursor
    assert cursor is not None
    assert versions[2].name == "Digits:v2"
    assert versions.cursor == cursor
    assert names(stemmata.Api().registry("model").versions(per_page=100, start=cursor)) == [
        f"Digits:v{number}" for number in range(4, 10)
    ]
    assert (versions[-1].name, len(versions)) == ("Digits:v9", 10)
    assert names(versions[1:3]) == ["Digits:v1", "Digits:v2"]
    assert names(versions[-2:]) == ["Digits:v8", "Digits:v9"]
    assert names(versions[3:1:-1]) == ["Digits:v3", "Digits:v2"]
    assert names(versions) == names(versions) == [f"Digits:v{number}" for number in range(10)]
    with pytest.raises(IndexError):
        versions[10]


def test_slices_load_what_they_need(shop: Path) -> None:
    def found() -> Any:
        return stemmata.Api().registry("model").versions(per_page=2)

    assert names(found()[5:2:-1]) == ["Digits:v5", "Digits:v4", "Digits:v3"]
    assert names(found()[-3:5]) == []
    assert names(found()[:0]) == []
    assert found()
    assert not stemmata.Api().registry("model").versions(filter={"tag": "none"})


def test_pages_are_of_one_moment(shop: Path) -> None:
    versions = stemmata.Api().registry("model").versions(per_page=3)
    next(versions)
    with stemmata.open(entity="vision") as stemma:
        stemma.unlink("wandb-registry-model/Digits:v5")
        stemma.link("vision/mnist/digits:v11", "wandb-registry-model/Digits")
    assert names(versions) == [f"Digits:v{number}" for number in range(10)]
    assert names(stemmata.Api().registry("model").versions())[5] == "Digits:v6"


def test_where_a_parent_is_ordered_children_come_parent_by_parent(shop: Path) -> None:
    api = stemmata.Api()
    chain = api.registries(order="-name").collections(order="-name").versions(order="-version")
    assert names(chain)[:4] == ["Späne:v1", "Späne:v0", "Digits:v9", "Digits:v8"]
    assert names(api.registries(order="-name").versions(filter={"version": 0})) == [
        "Späne:v0",
        "Digits:v0",
    ]
    assert names(api.registries(order="-name").collections()) == ["Späne", "Digits", "Empty"]
    uses: list[Callable[[], object]] = [
        lambda: len(chain),
        lambda: chain[0],
        lambda: chain.cursor,
    ]
    for use in uses:
        with pytest.raises(TypeError, match="where a parent is ordered"):
            use()
    for start in (
        lambda: api.registries(order="name").collections(start="x"),
        lambda: api.registries().collections(order="name").versions(start="x"),
        lambda: api.registries(order="name").versions(start="x"),
    ):
        with pytest.raises(ValueError, match="start"):
            start()
    assert len(api.registries(order="-name")) == 3


def test_versions_with_all_of_some_tags(shop: Path) -> None:
    api = stemmata.Api()
    found = api.artifacts("model", "vision/mnist/digits", tags=["odd", "strange"])
    assert names(found) == [f"digits:v{number}" for number in (1, 3, 5, 7, 9, 11)]
    assert names(api.artifacts("model", "vision/mnist/digits", tags=["odd", "even"])) == []
    assert len(api.artifacts("model", "vision/mnist/digits")) == 12
    with pytest.raises(LookupError):
        api.artifacts("dataset", "vision/mnist/digits")
    assert names(api.artifact_collections("vision/mnist", "model")) == ["digits"]
    assert names(api.artifact_collections("vision/mnist", "dataset")) == []
    assert names(api.artifact_collections("wandb-registry-model", "model")) == ["Digits", "Empty"]


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda api: api.registries(filter={"tag": "x"}), "Invalid filter fields: 'tag'"),
        (lambda api: api.registries().collections(filter={"size": 1}), "Invalid filter fields"),
        (lambda api: api.registries().versions(filter={"tag": {"$regex": "("}}), "Invalid pattern"),
        (
            lambda api: api.registries().versions(filter={"tag": "a", "tags": "b"}),
            "Duplicate fields",
        ),
        (lambda api: api.registries(order="size"), "must be one of: 'name', 'created_at'"),
        (lambda api: api.registries().versions(order="name"), "Invalid order 'name'"),
        (lambda api: api.registries(per_page=0), "Invalid per_page '0'"),
        (lambda api: api.registries().versions(per_page=-1), "Invalid per_page '-1'"),
        (lambda api: list(api.registries(start="nonsense")), "Invalid cursor 'nonsense'"),
        (
            lambda api: api.registries().collections(order="-name").versions(filter="["),
            "no JSON text",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_at_once(
    shop: Path, ask: Callable[[Any], object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as refusal:
        ask(stemmata.Api())
    assert isinstance(refusal.value, StemmataError)


def test_the_handle_searches_places_and_moments(shop: Path) -> None:
    with stemmata.open(entity="vision") as stemma:
        before = stemma.position()
        stemma.edit("vision/mnist/digits:v0", add_tags=["late"])
        late = {"tag": "late"}
        assert names(stemma.find_versions(late)) == ["Digits:v0"]
        assert names(stemma.find_versions(late, within="mnist")) == ["digits:v0"]
        assert names(stemma.find_versions(late, within="vision/mnist/digits")) == ["digits:v0"]
        assert names(stemma.find_versions(late, within="vision")) == ["digits:v0"]
        assert names(stemma.find_versions(late, within="wandb-registry-tools")) == []
        assert names(stemma.find_versions(late, within="acme")) == ["Digits:v0"]
        assert names(stemma.find_versions(late, registries={"name": "tools"})) == []
        assert names(stemma.as_of(before).find_versions(late)) == []
        assert [each.full_name for each in stemma.search("late")] == ["vision/mnist/digits:v0"]
        assert [each.full_name for each in stemma.search("spän")] == ["wandb-registry-tools/Späne"]
        assert not stemma.as_of(before).search("late").items
        assert names(stemma.find_collections(within="vision")) == ["digits"]
        assert names(stemma.find_registries(organization="Acme Inc", order="-name"))[0] == "tools"
        with pytest.raises(LookupError):
            stemma.find_versions(within="nowhere/at/all")
        with pytest.raises(LookupError):
            stemma.find_registries(organization="nobody")
        with pytest.raises(ValueError, match="Invalid place ''"):
            stemma.search("x", within="")
