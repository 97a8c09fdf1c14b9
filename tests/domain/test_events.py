"""Every event that was ever written stays readable: one stored sample of each, read for ever.

A sample is the topic, the schema number and the stored bytes as text. Samples are never edited: a new
shape gets a new schema number, an upcaster, and a sample beside the old one. What a sample has to be
read as stands here.
"""

import importlib
import json
import pkgutil
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import ValidationError

import stemmata_domain.events
from stemmata_domain.codec import Envelope, decode, encode
from stemmata_domain.events import (
    EVENTS,
    TOPICS,
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    ArtifactProduced,
    ArtifactUsed,
    CollectionCreated,
    CollectionDeleted,
    CommandKeyed,
    DescriptionChanged,
    Event,
    MemberJoined,
    MetadataChanged,
    NameClaimed,
    NameReleased,
    OrganizationFounded,
    PersonJoined,
    RegistryCreated,
    RunFinished,
    RunStarted,
    TeamCreated,
    TypeAccepted,
    VersionDeleted,
    VersionLinked,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_domain.recorded import Context

SAMPLES = Path(__file__).parent / "samples"

A = "0195f8a0000070008000000000000001"
V = f"{A}:3"

ENVELOPE = Envelope(
    id="0195f8a0000070008000000000000abc",
    time=datetime(2026, 3, 3, 12, 0, 0, 123456, tzinfo=UTC),
    actor="ada",
    correlation="0195f8a0000070008000000000000def",
    key=None,
)

READ_AS: dict[tuple[str, int], Event] = {
    ("OrganizationFounded", 1): OrganizationFounded(
        organization=A, name="Acme Ünion 株式会社", entity="acme"
    ),
    ("TeamCreated", 1): TeamCreated(team="vision"),
    ("PersonJoined", 1): PersonJoined(person="ada", organization=A, admin=True),
    ("MemberJoined", 1): MemberJoined(person="ada", organization=A, team="vision"),
    ("RegistryCreated", 1): RegistryCreated(
        registry=A,
        organization=A,
        name="Golden Datasets",
        visibility="restricted",
        accepted_types=("dataset", "table"),
        description=None,
        core=False,
    ),
    ("TypeAccepted", 1): TypeAccepted(type="checkpoint"),
    ("CollectionCreated", 1): CollectionCreated(
        collection=A,
        scope="vision/mnist",
        registry=None,
        name="My 🙂 Digits",
        type="model",
        description="# Reads digits\n",
        tags=("good", "small"),
    ),
    ("VersionLinked", 1): VersionLinked(version=V, artifact=A, source_index=3, index=0),
    ("VersionUnlinked", 1): VersionUnlinked(version=V, index=0),
    ("CollectionDeleted", 1): CollectionDeleted(collection=A),
    ("AliasAdded", 1): AliasAdded(alias="staging", index=3, moved_from=1),
    ("AliasRemoved", 1): AliasRemoved(alias="staging", index=3),
    ("ArtifactCreated", 1): ArtifactCreated(
        artifact=A, entity="vision", project="mnist", name="digits", type="model"
    ),
    ("ArtifactLogged", 1): ArtifactLogged(
        version=V,
        index=3,
        digest="fd9916cb47f290f1bbd53bcd8be69277",
        algorithm="MD5",
        manifest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        size=2**40 + 5,
        file_count=2,
        description='says "hello"',
        metadata={"lr": 0.1, "layers": [64, 10], "nested": {"a": None, "b": True, "é": -1e-300}},
        tags=("good",),
        run="vision/mnist/r1",
    ),
    ("VersionTagged", 1): VersionTagged(version=V, index=3, tag="good one"),
    ("VersionUntagged", 1): VersionUntagged(version=V, index=3, tag="good one"),
    ("DescriptionChanged", 1): DescriptionChanged(version=V, index=3, description=None),
    ("MetadataChanged", 1): MetadataChanged(
        version=V, index=3, metadata={"big": 2**63 - 1, "small": -(2**63), "list": []}
    ),
    ("VersionDeleted", 1): VersionDeleted(version=V, index=3),
    ("RunStarted", 1): RunStarted(
        run="r1",
        entity="vision",
        project="mnist",
        name="train",
        job_type=None,
        config={"optimizer": {"name": "adam", "betas": [0.9, 0.999]}},
    ),
    ("ArtifactUsed", 1): ArtifactUsed(
        version=V, artifact=A, source_index=3, through=A, through_index=0
    ),
    ("ArtifactProduced", 1): ArtifactProduced(version=V, artifact=A, source_index=3),
    ("RunFinished", 1): RunFinished(state="crashed"),
    ("NameClaimed", 1): NameClaimed(
        scope="in@vision/mnist", name="digits", kind="artifact", holder=A
    ),
    ("NameReleased", 1): NameReleased(scope="in@vision/mnist", name="digits"),
    ("CommandKeyed", 1): CommandKeyed(
        key="retry-1", command="Link", fingerprint="0" * 64, result={"index": 0, "names": ["a"]}
    ),
}


class Sample(NamedTuple):
    """An event as it was once stored."""

    topic: str
    schema: int
    state: bytes


def stored() -> list[Sample]:
    """All samples there are."""
    return [
        Sample(body["topic"], body["schema"], body["state"].encode())
        for body in (json.loads(path.read_text("utf-8")) for path in sorted(SAMPLES.glob("*.json")))
    ]


@pytest.mark.parametrize("sample", stored(), ids=lambda sample: f"{sample.topic}-{sample.schema}")
def test_a_stored_sample_reads_as_it_always_did(sample: Sample) -> None:
    envelope, event = decode(sample.topic, sample.state)
    assert envelope == ENVELOPE
    assert event == READ_AS[sample.topic, sample.schema]
    assert type(event) is type(READ_AS[sample.topic, sample.schema])
    assert json.loads(sample.state)["schema"] == sample.schema


@pytest.mark.parametrize(
    "sample",
    [s for s in stored() if s.topic in TOPICS and TOPICS[s.topic].schema_number == s.schema],
    ids=lambda sample: sample.topic,
)
def test_the_newest_shape_is_written_as_its_sample_field_by_field(sample: Sample) -> None:
    """A field that is added, dropped or renamed needs a new schema number; this tells."""
    _, _, actor, correlation, key = ENVELOPE
    context = Context(actor, ENVELOPE.time, correlation, key)
    event = READ_AS[sample.topic, sample.schema]
    written = encode(event, id=ENVELOPE.id, context=context)
    assert json.loads(written) == json.loads(sample.state)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.topic)
def test_every_event_has_a_sample_of_every_schema(event: type[Event]) -> None:
    schemas = [each.schema for each in stored() if each.topic == event.topic]
    assert sorted(schemas) == list(range(1, event.schema_number + 1))


def test_every_event_that_there_is_can_be_read() -> None:
    for module in pkgutil.iter_modules(stemmata_domain.events.__path__, "stemmata_domain.events."):
        importlib.import_module(module.name)
    there = {
        event for event in Event.__subclasses__() if event.__module__.startswith("stemmata_domain.")
    }
    assert there == set(EVENTS)


def test_no_two_events_share_a_topic_and_none_inherits_one() -> None:
    assert len(TOPICS) == len(EVENTS)
    assert all("topic" in vars(event) for event in EVENTS)


def test_no_sample_is_left_unread() -> None:
    assert {(each.topic, each.schema) for each in stored()} == set(READ_AS)


def test_an_event_refuses_fields_that_it_does_not_have() -> None:
    """Unknown fields are refused on write."""
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        TeamCreated.model_validate({"team": "vision", "colour": "red"})
    with pytest.raises(ValidationError):
        TeamCreated.model_validate({})


def test_an_event_is_never_changed() -> None:
    event = TeamCreated(team="vision")
    with pytest.raises(ValidationError, match="frozen"):
        event.team = "nlp"  # type: ignore[misc]  # the refusal is what is tested


def test_a_state_outside_of_its_few_is_refused() -> None:
    with pytest.raises(ValidationError):
        RunFinished.model_validate({"state": "running"})
