"""Opening a registry: where it is kept, and what is said of a place that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

import stemmata
from stemmata_domain.errors import InvalidPath, InvalidSetting, UnknownEntity


@pytest.mark.parametrize(
    "url",
    [
        "registry.db",
        "ftp://[",
        "ftp://host/x",
        "sqlite://host/x.db",
        "sqlite:///",
        "sqlite:///~nobody-here/x",
    ],
)
def test_a_url_that_names_no_store_is_refused_with_what_to_write(workplace: Path, url: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        stemmata.open(url)
    assert refused.value.value == url
    assert list(workplace.iterdir()) == []


@pytest.mark.parametrize(
    "content", ["ftp://x/y", "file://", "file:///", "file://host/x", "~nobody-here/x"]
)
def test_content_that_names_no_store_is_refused(workplace: Path, content: str) -> None:
    with pytest.raises(InvalidSetting):
        stemmata.open("memory://", content=content)


def test_a_relative_and_an_absolute_url_name_the_same_file(workplace: Path) -> None:
    with stemmata.open("sqlite:///here.db") as stemma:
        stemma.organize("Acme")
    with stemmata.open(f"sqlite:///{workplace / 'here.db'}") as stemma:
        assert [each.name for each in stemma.organizations()] == ["Acme"]
    assert (workplace / "blobs").is_dir()


def test_content_stands_beside_the_file_unless_it_is_put_elsewhere(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEMMATA_CONTENT")
    with stemmata.open("sqlite:///here.db") as stemma:
        stemma.content.put_bytes(b"x")
    assert (workplace / "here.db.content" / "sha256").is_dir()
    with stemmata.open("sqlite:///here.db", content=(workplace / "apart").as_uri()) as stemma:
        stemma.content.put_bytes(b"x")
    assert (workplace / "apart" / "sha256").is_dir()


def test_without_an_entity_the_refusal_says_how_to_name_one(acme: Path) -> None:
    with pytest.raises(UnknownEntity, match=r"No entity is given.*Known here: speech, vision"):
        stemmata.init(project="mnist")


def test_a_collection_with_a_slash_is_refused_as_what_it_is(acme: Path) -> None:
    with stemmata.init(entity="vision", project="mnist") as run:
        artifact = run.log_artifact(stemmata.Artifact("digits", "model"))
        with pytest.raises(InvalidPath, match="a collection's name has no slash"):
            run.link_artifact(artifact, "wandb-registry-model/a/b")
