"""Looking after a registry from Python: how it is, whether it is sound, and its views made anew."""

from __future__ import annotations

from pathlib import Path

import pytest

import stemmata
from stemmata_domain.errors import InvalidSetting, StoreUnavailable
from stemmata_projections.diagnosis import ViewState

DIGITS = "wandb-registry-model/Digits"


@pytest.fixture(params=["with the log", "in a file of their own", "in memory"])
def views(request: pytest.FixtureRequest, acme: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where views are kept."""
    if request.param != "with the log":
        apart = "memory://" if request.param == "in memory" else f"sqlite:///{acme / 'views.db'}"
        monkeypatch.setenv("STEMMATA_VIEWS", apart)
    return str(request.param)


def test_a_registry_is_looked_after_wherever_its_views_are(views: str) -> None:
    with stemmata.open(entity="vision", project="mnist") as stemma:
        stemma.log("digits", type="model", manifest="0" * 64, digest="0" * 32, size=1, file_count=1)
        stemma.link("digits:v0", DIGITS, aliases=["production"])
        before = stemma.resolve(f"{DIGITS}:production")
        found = stemma.diagnose()
        assert found.is_well
        assert found.head == stemma.position()
        assert {each.position for each in found.views} == {found.head}
        assert all(isinstance(each, ViewState) for each in found.views)
        seen: list[tuple[int, int]] = []
        report = stemma.verify(progress=lambda at, head: seen.append((at, head)))
        assert report.is_sound
        assert seen[-1] == (found.head, found.head)
        made = stemma.rebuild()
        assert made.position == found.head
        assert stemma.resolve(f"{DIGITS}:production") == before
        assert stemma.rebuild("search").views == ("search",)
        assert stemma.verify().is_sound


def test_views_are_named_or_it_is_refused(acme: Path) -> None:
    with stemmata.open() as stemma:
        with pytest.raises(InvalidSetting, match="there is no such view, only version_index"):
            stemma.rebuild(["lineage", "names"])
        made = stemma.rebuild(["search", "lineage"])
        assert made.views == ("lineage", "search")


def test_a_rebuild_that_is_under_way_is_told_and_keeps_others_out(acme: Path) -> None:
    with stemmata.open() as stemma, stemmata.open() as other:
        told: list[tuple[str, bool]] = []

        def progress(at: int, head: int) -> None:
            diagnosis = other.diagnose()
            assert diagnosis.is_well
            told.extend((each.projection, each.is_left) for each in diagnosis.unfinished)
            with pytest.raises(StoreUnavailable, match="rebuilding"):
                other.rebuild()

        stemma.rebuild(["search"], progress=progress)
        assert set(told) == {("search", False)}
        assert stemma.diagnose().unfinished == ()
