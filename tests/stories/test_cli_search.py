"""`stemmata search` finds things by words and by filters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import stemmata
from tests.stories.command_line import answers, document, refused, succeeds

ACCURATE = '{"metadata.accuracy": {"$gte": 0.5}}'


@pytest.fixture
def shelf(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four logged versions, each linked."""
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    with stemmata.open(entity="vision") as stemma:
        for index in range(4):
            stemma.log(
                "mnist/digits",
                type="model",
                manifest="0" * 64,
                digest=f"{index:032x}",
                size=10 * index,
                file_count=1,
                description="手書き数字の認識" if index == 2 else None,
                metadata={"accuracy": index / 4},
                tags=["for phones"] if index % 2 else [],
            )
            stemma.link(f"vision/mnist/digits:v{index}", "wandb-registry-model/Digits")
    return acme


def names(*arguments: str) -> list[str]:
    return [each["full_name"] for each in answers("search", *arguments)["found"]]


def test_words_find_things_of_every_kind(shelf: Path) -> None:
    found: list[dict[str, Any]] = answers("search", "dig")["found"]
    assert [(each["kind"], each["full_name"], each["found_in"]) for each in found] == [
        ("collection", "wandb-registry-model/Digits", ["name"]),
        ("artifact", "vision/mnist/digits", ["name"]),
    ]
    assert names("数字") == ["vision/mnist/digits:v2"]
    assert names("phones", "--in", "wandb-registry-model") == [
        "wandb-registry-model/Digits:v1",
        "wandb-registry-model/Digits:v3",
    ]
    assert names("phones", "--kind", "version", "--filter", '{"size": 30}') == [
        "vision/mnist/digits:v3"
    ]
    assert "vision/mnist/digits:v2" in succeeds("search", "手書き").out
    assert succeeds("search", "nothing").lines == ["Nothing was found."]
    assert answers("search", "nothing") == {"found": [], "cursor": None}


def test_a_filter_finds_things_of_one_kind(shelf: Path) -> None:
    versions = [f"wandb-registry-model/Digits:v{number}" for number in (2, 3)]
    assert names("--kind", "version", "--filter", ACCURATE) == versions
    assert names("--kind", "version", "--filter", ACCURATE, "--order", "-size") == versions[::-1]
    assert names("--kind", "version", "--filter", ACCURATE, "--logged") == [
        f"vision/mnist/digits:v{number}" for number in (2, 3)
    ]
    assert names("--kind", "collection") == ["wandb-registry-model/Digits"]
    assert names("--kind", "artifact") == names("--kind", "collection", "--in", "vision/mnist")
    assert names("--kind", "registry", "--in", "acme", "--order", "-name") == [
        "wandb-registry-model",
        "wandb-registry-dataset",
    ]
    for kind in ("registry", "collection", "artifact", "version"):
        (first, *_) = names("--kind", kind)
        assert first in succeeds("search", "--kind", kind).out


def test_a_filter_may_stand_in_a_file(shelf: Path) -> None:
    (shelf / "accurate.json").write_text(ACCURATE)
    assert len(names("--kind", "version", "--filter", "@accurate.json")) == 2
    assert len(document("search", "--kind", "version", "--filter", ACCURATE)["found"]) == 2
    (shelf / "latin.json").write_bytes(b"\xff")
    assert "is not written in UTF-8" in refused(
        "search", "--kind", "version", "--filter", "@latin.json"
    )


def test_further_pages_are_of_the_moment_of_the_first(shelf: Path) -> None:
    asked = ("search", "--kind", "version", "--limit", "3")
    first = answers(*asked)
    assert len(first["found"]) == 3
    assert first["cursor"] in succeeds(*asked).out.replace("\n", "")
    succeeds("unlink", "wandb-registry-model/Digits:v3")
    then = answers(*asked, "--cursor", first["cursor"])
    assert [each["version"] for each in then["found"]] == ["v3"]
    assert then["cursor"] is None
    assert len(names("--kind", "version")) == 3
    assert "belongs to another question" in refused("search", "dig", "--cursor", first["cursor"])


def test_a_search_answers_as_of_a_moment(shelf: Path) -> None:
    with stemmata.open() as stemma:
        before = str(stemma.position())
    succeeds("alias", "add", "wandb-registry-model/Digits:v0", "production")
    wanted = ("--kind", "version", "--filter", '{"alias": "production"}')
    assert names(*wanted) == ["wandb-registry-model/Digits:v0"]
    assert names(*wanted, "--as-of", before) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "give words to find, or --kind"),
        (("--kind", "run"), "must be one of: registry, collection, artifact, version"),
        (("--filter", "{}"), "give words to find, or --kind"),
        (("x", "--filter", "{}"), "ask for one kind"),
        (("x", "--order", "name"), "the best come first"),
        (("--kind", "version", "--order", "name"), "must be one of: 'version'"),
        (("--kind", "version", "--filter", "{"), "it is no JSON text"),
        (("--kind", "registry", "--filter", '{"tag": 1}'), "Invalid filter fields: 'tag'"),
        (
            ("--kind", "version", "--filter", '{"tag": {"$regex": "(?=x)"}}'),
            "Invalid pattern '(?=x)'",
        ),
        (("--kind", "version", "--limit", "0"), "Invalid limit '0'"),
        (("--kind", "version", "--cursor", "x"), "Invalid cursor 'x'"),
        (("x", "--in", "nowhere"), "'nowhere' not found"),
        (("--kind", "registry", "--in", "nowhere"), "nowhere"),
        (("--", "-"), "give at least one word"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    shelf: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("search", *arguments)


def test_a_filter_that_cannot_be_read_is_refused(shelf: Path) -> None:
    assert "missing.json" in refused("search", "--kind", "version", "--filter", "@missing.json")
