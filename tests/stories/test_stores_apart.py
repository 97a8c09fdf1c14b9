"""Log, views and content in places of their own: any mixture answers alike."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import stemmata
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_domain.errors import InvalidSetting, StoreUnavailable
from stemmata_domain.ports import EventStore, IdSource
from stemmata_projections.view_store import ViewStore
from tests.stories.command_line import run

LOG = "sqlite:///log.db"
MIXTURES = [
    (LOG, None),
    (LOG, LOG),
    (LOG, "memory://"),
    (LOG, "sqlite:///views.db"),
    ("memory://", None),
    ("memory://", "sqlite:///views.db"),
]


def link(stemma: stemmata.Stemma, alias: str) -> str:
    manifest = stemma.content.put_bytes(b"{}").sha256
    stemma.log(
        "vision/mnist/digits",
        type="model",
        manifest=manifest,
        digest=f"digest of {alias}",
        size=2,
        file_count=0,
    )
    target = "wandb-registry-model/Digits"
    return stemma.link("vision/mnist/digits:latest", target, aliases=[alias]).name


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize(("url", "views"), MIXTURES)
def test_what_a_handle_wrote_its_next_question_sees(url: str, views: str | None) -> None:
    with stemmata.open(url, views=views, entity="vision") as stemma:
        stemma.organize("Acme", teams=["vision"], people=["ci"])
        for n in range(5):
            name = link(stemma, f"a{n}")
            assert name.endswith(f":v{n}")
            found = stemma.resolve(f"wandb-registry-model/Digits:a{n}")
            assert (found.index, sorted(found.aliases)) == (n, [f"a{n}", "latest"])
            assert len(stemma.links("vision/mnist/digits:latest")) == 1


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("views", [None, "memory://", "sqlite:///views.db"])
def test_two_handles_see_what_each_other_wrote(views: str | None) -> None:
    with (
        stemmata.open(LOG, views=views, entity="vision") as one,
        stemmata.open(LOG, views=views, entity="vision") as other,
    ):
        one.organize("Acme", teams=["vision"], people=["ci"])
        link(other, "theirs")
        assert one.resolve("wandb-registry-model/Digits:theirs").index == 0
        link(one, "ours")
        moment = one.position()
        assert other.resolve("wandb-registry-model/Digits:ours").index == 1
        other.delete("vision/mnist/digits:v0", force=True)
        assert [each.index for each in one.versions("wandb-registry-model/Digits")] == [1]
        then = one.as_of(moment).versions("wandb-registry-model/Digits")
        assert sorted(each.index for each in then) == [0, 1]


@pytest.mark.usefixtures("workplace")
def test_views_beside_a_handle_that_writes_elsewhere_follow_with_its_next_command() -> None:
    """Who keeps views with the log does not look whether others wrote the log without them."""
    with (
        stemmata.open(LOG, entity="vision") as with_the_log,
        stemmata.open(LOG, views="memory://", entity="vision") as apart,
    ):
        apart.organize("Acme", teams=["vision"], people=["ci"])
        assert list(with_the_log.organizations()) == []
        with_the_log.organize("Acme", teams=["speech"])
        assert with_the_log.organizations()[0].teams == ("speech", "vision")
        assert apart.organizations()[0].teams == ("speech", "vision")


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("views", [None, "memory://", "sqlite:///views.db", "sqlite:///new.db"])
def test_views_apart_from_the_log_catch_up_when_they_are_opened(views: str | None) -> None:
    with stemmata.open(LOG, views="sqlite:///views.db", entity="vision") as stemma:
        stemma.organize("Acme", teams=["vision"], people=["ci"])
        link(stemma, "first")
    with stemmata.open(LOG, entity="vision") as stemma:
        link(stemma, "second")
    with stemmata.open(LOG, views=views, entity="vision") as stemma:
        found = [stemma.resolve(f"wandb-registry-model/Digits:{a}") for a in ("first", "second")]
        assert [each.index for each in found] == [0, 1]


def test_the_environment_and_the_command_line_say_where_views_are(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--views", "sqlite:///by-option.db", "init", "Acme", "--team", "vision").code == 0
    monkeypatch.setenv("STEMMATA_VIEWS", "sqlite:///by-environment.db")
    assert run("ls").code == 0
    with stemmata.open() as stemma:
        assert [each.name for each in stemma.organizations()] == ["Acme"]
    for name, has_views in [("by-option", True), ("by-environment", True), ("registry", False)]:
        with closing(sqlite3.connect(workplace / f"{name}.db")) as raw:
            names = raw.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'view_entry'")
            assert bool(names.fetchone()[0]) is has_views, name


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("url", [LOG, "memory://"])
def test_views_of_another_log_are_refused(url: str) -> None:
    """Another's answers would be wrong without anybody noticing."""
    for log, teams in [("sqlite:///theirs.db", ["vision"]), (LOG, ["speech", "vision", "audio"])]:
        with stemmata.open(log, views=f"{log}.views") as stemma:
            stemma.organize("Acme", teams=teams)
    for views in [f"{LOG}.views", "sqlite:///theirs.db.views"]:
        if (url, views) != (LOG, f"{LOG}.views"):
            with pytest.raises(StoreUnavailable, match="they were made of another log"):
                stemmata.open(url, views=views)
    with stemmata.open(LOG, views=f"{LOG}.views") as stemma:
        assert stemma.organizations()[0].teams == ("audio", "speech", "vision")


# --- closing ---------------------------------------------------------------------------------


class Closed:
    """A host's own stores, which note that they were closed, and may fail to."""

    def __init__(self, *, failing: str = "") -> None:
        self.closed: list[str] = []
        self._failing = failing

    def open(self, *, ids: IdSource) -> tuple[EventStore, ViewStore]:
        events, views = MemoryEventStore(ids=ids), MemoryViewStore()
        self.watch("events", events)
        self.watch("views", views)
        return events, views

    def watch(self, name: str, store: object) -> None:
        def close() -> None:
            self.closed.append(name)
            if name == self._failing:
                raise StoreUnavailable(store=name, why="it will not close")

        vars(store)["close"] = close


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("failing", ["", "events", "views", "content"])
def test_closing_a_handle_closes_everything_even_if_one_fails(failing: str) -> None:
    storage = Closed(failing=failing)
    stemma = stemmata.open(storage)
    storage.watch("content", stemma.content)
    if failing:
        with pytest.raises(StoreUnavailable, match=failing):
            stemma.close()
    else:
        stemma.close()
    assert sorted(storage.closed) == ["content", "events", "views"]


@pytest.mark.usefixtures("workplace")
def test_a_registry_that_cannot_be_opened_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage = Closed()
    with pytest.raises(InvalidSetting):
        stemmata.open(storage, content="redis://x")
    assert sorted(storage.closed) == ["events", "views"]
    closed: list[str] = []
    monkeypatch.setattr(MemoryContentStore, "close", lambda _: closed.append("content"))
    with pytest.raises(InvalidSetting):
        stemmata.open(storage, content="memory://", actor="\0")
    assert closed == ["content"]


@pytest.mark.usefixtures("workplace")
def test_a_hosts_storage_says_itself_where_views_are() -> None:
    with pytest.raises(InvalidSetting, match="the storage that is handed over says"):
        stemmata.open(Closed(), views="memory://")


def test_a_hosts_storage_has_no_place_for_content_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InvalidSetting, match=r"say where content is kept: content=\.\.\."):
        stemmata.open(Closed())
    monkeypatch.setenv("STEMMATA_CONTENT", "memory://")
    stemmata.open(Closed(), ids=TimeOrderedIds()).close()
