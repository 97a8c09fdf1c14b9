"""A view remembers every state that it was in, and does not depend on how streams interleave."""

from __future__ import annotations

import random

import pytest

from stemmata_domain.events import (
    AliasRemoved,
    ArtifactProduced,
    ArtifactUsed,
    CollectionDeleted,
    DescriptionChanged,
    MetadataChanged,
    RunFinished,
    TypeAccepted,
    VersionDeleted,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_projections.version_index.views import Link, Version
from tests.projections.answers import answers
from tests.projections.history import (
    History,
    added,
    artifact,
    collection,
    founded,
    joined,
    linked,
    logged,
    registered,
    started,
    three_versions,
)


@pytest.fixture(scope="module")
def history() -> History:
    """Every kind of event that a view folds, most of them more than once."""
    history = three_versions()
    joined(history, "ada", admin=True, teams=("vision", "nlp"))
    founded(history, name="Beta", entity="beta")
    joined(joined(history, "bob", teams=("nlp",)), "ada", entity="beta")
    history.happened("registry-acme-Own", registered("Own", types=("a", "b")))
    history.happened("registry-acme-model", TypeAccepted(type="checkpoint"))
    artifact(history, "a2", name="others", project="p2")
    history.happened("run-vision/mnist/r1", started("r1"))
    history.happened(
        "artifact-a2", logged(0, artifact="a2", tags=("x", "y"), run="vision/mnist/r1")
    )
    for edge in (
        ArtifactProduced(version="a2:0", artifact="a2", source_index=0),
        ArtifactUsed(
            version="art:1", artifact="art", source_index=1, through="col", through_index=0
        ),
        ArtifactUsed(
            version="art:2", artifact="art", source_index=2, through="art", through_index=2
        ),
    ):
        history.happened("run-vision/mnist/r1", edge)
    for edits in range(3):
        history.happened(
            "artifact-art",
            VersionTagged(version="art:1", index=1, tag="t"),
            DescriptionChanged(version="art:1", index=1, description=f"edit {edits}"),
            MetadataChanged(version="art:1", index=1, metadata={"edit": edits}),
            VersionUntagged(version="art:1", index=1, tag="t"),
        )
    for moves in range(5):
        history.happened(
            "artifact-art", added("best", moves % 2, 2 if moves == 0 else 1 - moves % 2)
        )
    history.happened("run-vision/mnist/r1", RunFinished(state="failed"))
    history.happened("collection-b", collection("b", name="Other", tags=("u",)))
    history.happened("collection-b", linked(0, 0, artifact="a2"), linked(1, 1), added("latest", 1))
    history.happened(
        "collection-b", added("latest", 0, 1), VersionUnlinked(version="art:1", index=1)
    )
    history.happened("collection-b", linked(2, 1), added("latest", 2, 0), added("x", 0))
    history.happened("collection-col", CollectionDeleted(collection="col"))
    history.happened("collection-new", collection("new"), linked(0, 2), added("latest", 0))
    history.happened(
        "artifact-a2",
        VersionDeleted(version="a2:0", index=0),
    )
    history.happened("artifact-art", AliasRemoved(alias="best", index=0))
    return history


def test_asked_of_any_position_a_view_answers_as_it_did_there(history: History) -> None:
    views = history.views()
    for position in range(history.head + 1):
        assert answers(views, at=position) == answers(history.until(position).views()), position


def test_asked_of_the_head_and_beyond_a_view_answers_as_now(history: History) -> None:
    views = history.views()
    now = answers(views)
    assert answers(views, at=history.head) == answers(views, at=history.head + 1_000_000) == now


@pytest.mark.parametrize("seed", range(20))
def test_the_order_between_streams_does_not_matter(history: History, seed: int) -> None:
    shuffled = history.shuffled(random.Random(seed))
    assert shuffled.recorded != history.recorded
    assert answers(shuffled.views()) == answers(history.views())


def test_an_answer_about_the_past_does_not_change(history: History) -> None:
    middle = history.head // 2
    past = answers(history.until(middle).views(), at=middle)
    assert answers(history.views(), at=middle) == past


def test_who_held_an_alias_when() -> None:
    history = three_versions()
    first = history.head + 1
    history.happened("collection-col", added("production", 1, 0), added("production", 0, 1))
    history.happened("collection-col", AliasRemoved(alias="production", index=0))

    def production(at: int) -> list[int]:
        found: list[Version] = history.index(at=at).versions("col")
        return [version.index for version in found if "production" in version.aliases]

    assert [production(at) for at in range(first - 1, first + 3)] == [[0], [1], [0], []]


def test_links_of_the_past_are_those_of_the_past() -> None:
    history = three_versions()
    history.happened("collection-col", VersionUnlinked(version="art:1", index=0), linked(2, 1))

    def numbers(at: int) -> list[int]:
        found: list[Link] = history.index(at=at).links_of("art:1")
        return [link.index for link in found]

    head = history.head
    assert [numbers(at) for at in (head - 2, head - 1, head)] == [[0], [], [2]]
