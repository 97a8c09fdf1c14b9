"""Every event is an entry of the trail, and concerns what it speaks of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stemmata_domain.events import (
    EVENTS,
    AliasAdded,
    AliasRemoved,
    ArtifactUsed,
    Event,
    NameClaimed,
    TeamCreated,
    VersionLinked,
)
from stemmata_projections.audit.fold import AUDIT
from stemmata_projections.audit.moments import position_at
from stemmata_projections.audit.tables import CONCERN, ENTRY
from stemmata_projections.queries import Field, Query, Step, by, fields
from stemmata_projections.tables import Row
from tests.projections.history import History, moment

ENTRIES: Query[Row] = Query(
    (Step("entry", ENTRY, {}),),
    fields("entry", "position", "actor", "topic"),
    order=by(Field("entry", "position")),
)
CONCERNS: Query[Row] = Query(
    (Step("concern", CONCERN, {}),),
    fields("concern", "thing"),
    order=by(Field("concern", "position"), Field("concern", "thing")),
)

LINKED = VersionLinked(version="V", artifact="A", source_index=4, index=2)
USED = ArtifactUsed(version="V", artifact="A", source_index=4, through="C", through_index=2)
TEAM = NameClaimed(scope="entity", name="vision", kind="team", holder="O")
NAME = NameClaimed(scope="registry", name="x", kind="collection", holder="C")


def test_there_is_a_fold_for_every_kind_of_event() -> None:
    assert set(AUDIT.folds) == set(EVENTS)


@pytest.mark.parametrize(
    ("stream", "event", "things"),
    [
        ("collection-C", LINKED, {"C", "V", "A", "C#2"}),
        ("collection-C", AliasAdded(alias="x", index=2, moved_from=None), {"C", "C#2"}),
        ("collection-C", AliasAdded(alias="x", index=2, moved_from=1), {"C", "C#1", "C#2"}),
        ("artifact-A", AliasRemoved(alias="x", index=0), {"A", "A#0"}),
        ("run-e/p/r", USED, {"run:e/p/r", "entity:e", "V", "A", "C", "C#2"}),
        ("organization-O", TeamCreated(team="vision"), {"O", "entity:vision"}),
        ("name-entity/vision", TEAM, {"name-entity/vision", "entity:vision", "O"}),
        ("name-R/x", NAME, {"name-R/x", "C"}),
    ],
)
def test_an_event_is_one_entry_and_concerns_each_thing_once(
    stream: str, event: Event, things: set[str]
) -> None:
    views = History().happened(stream, event, actor="bob").views()
    assert views.query(ENTRIES, {}) == [(1, "bob", event.topic)]
    assert views.query(CONCERNS, {}) == [(thing,) for thing in sorted(things)]


def test_a_moment_is_the_position_of_the_last_event_by_then() -> None:
    history = History().happened("organization-O", *(TeamCreated(team=f"t{n}") for n in range(3)))
    views = history.views()
    second = timedelta(seconds=1)
    assert position_at(views, moment(1) - second) == 0
    assert position_at(views, moment(1)) == 1
    assert position_at(views, moment(2) + second / 2) == 2
    assert position_at(views, moment(9)) == 3
    assert position_at(views, moment(2).astimezone(None)) == 2


def test_of_several_events_of_one_time_the_last_counts() -> None:
    history = History().happened("organization-O", *(TeamCreated(team=f"t{n}") for n in range(3)))
    history.recorded = [each._replace(time=moment(1)) for each in history.recorded]
    assert position_at(history.views(), moment(1)) == 3


@pytest.mark.parametrize(
    "wrong", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)]
)
def test_one_event_of_a_wrong_clock_misplaces_no_other_moment(wrong: datetime) -> None:
    history = History().happened("organization-O", *(TeamCreated(team=f"t{n}") for n in range(5)))
    history.recorded[2] = history.recorded[2]._replace(time=wrong)
    views = history.views()
    assert [position_at(views, moment(position)) for position in (1, 2, 4, 5)] == [1, 2, 4, 5]
