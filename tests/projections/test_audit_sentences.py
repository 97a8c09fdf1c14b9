"""Every kind of event is a sentence of its own."""

from __future__ import annotations

from typing import ClassVar

import pytest

import stemmata
from stemmata_domain.events import (
    EVENTS,
    CommandKeyed,
    Event,
    MemberJoined,
    NameClaimed,
    NameReleased,
    PersonJoined,
    RunFinished,
    TypeAccepted,
)
from stemmata_projections.audit.sentences import sentence
from tests.stories.busy_registry import Clock, work


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (TypeAccepted(type="model"), "accepted the type model"),
        (RunFinished(state="crashed"), "ended the run as crashed"),
        (
            PersonJoined(person="ada", organization="o", admin=True),
            "took ada into the organization as an admin",
        ),
        (
            MemberJoined(person="bob", organization="o", team="vision"),
            "took bob into the team vision",
        ),
        (NameReleased(scope="in@r", name="Digits"), "gave the name Digits back"),
        (
            NameClaimed(scope="links", name="a:0", kind="collection", holder="c"),
            "noted a link of the version a:0",
        ),
        (
            NameReleased(scope="links", name="a:0"),
            "noted the end of all links of the version a:0",
        ),
        (
            CommandKeyed(key="k", command="Link", fingerprint="f", result={}),
            "carried out Link under the key k",
        ),
    ],
)
def test_an_event_is_told_as_what_the_actor_did(event: Event, told: str) -> None:
    assert sentence(event) == told


def test_no_two_kinds_of_events_are_told_alike() -> None:
    told: dict[str, str] = {}
    with stemmata.open("memory://", actor="ci", entity="vision", clock=Clock()) as stemma:
        work(stemma, rounds=1)
        for recorded in stemma.replay():
            kind = recorded.event.topic
            assert told.setdefault(sentence(recorded.event), kind) == kind
    assert set(told.values()) == {event.topic for event in EVENTS}


def test_a_kind_that_nobody_tells_yet_is_called_by_its_topic() -> None:
    class Later(Event):
        topic: ClassVar[str] = "Later"

    assert sentence(Later()) == "Later"
