"""Events as bytes and back, and what cannot be read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from types import UnionType
from typing import Any, ClassVar, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from stemmata_domain.codec import decode, encode, time_from, time_text
from stemmata_domain.errors import EventUnreadable, InvalidSetting
from stemmata_domain.events import EVENTS, TOPICS, Event, TeamCreated
from stemmata_domain.events.upcasting import UPCASTERS, Payload, lift
from stemmata_domain.recorded import Context

CONTEXT = Context("ada", datetime(2026, 3, 3, 12, tzinfo=UTC), "c" * 32, None)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a field."""
    if get_origin(annotation) is UnionType:
        return st.one_of([values(each) for each in get_args(annotation)])
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if get_origin(annotation) is tuple:
        return st.lists(texts, max_size=4).map(tuple)
    if get_origin(annotation) is dict:
        return st.dictionaries(texts, json_values, max_size=4)
    return {
        str: texts,
        int: st.integers(0, 2**63),
        bool: st.booleans(),
        type(None): st.none(),
    }[annotation]


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Events of a kind."""
    kind.model_rebuild()
    fields = {name: values(field.annotation) for name, field in kind.model_fields.items()}
    return st.builds(kind, **fields)


contexts = st.builds(
    Context,
    texts,
    st.datetimes(timezones=st.just(UTC)),
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.none() | texts,
)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.topic)
def test_what_was_written_is_read(kind: type[Event]) -> None:
    @settings(max_examples=25)
    @given(events_of(kind), contexts)
    def round_trip(event: Event, context: Context) -> None:
        state = encode(event, id="0" * 32, context=context)
        envelope, read = decode(kind.topic, state)
        assert read == event
        assert type(read) is kind
        assert (envelope.id, envelope.time) == ("0" * 32, context.time)
        assert (envelope.actor, envelope.correlation) == (context.actor, context.correlation)
        assert envelope.key == context.key
        assert encode(read, id="0" * 32, context=context) == state

    round_trip()


def test_what_is_written_is_one_json_object_with_the_payload_under_event() -> None:
    state = encode(TeamCreated(team="vision"), id="1" * 32, context=CONTEXT)
    assert json.loads(state) == {
        "id": "1" * 32,
        "time": "2026-03-03T12:00:00.000000Z",
        "actor": "ada",
        "correlation": "c" * 32,
        "schema": 1,
        "event": {"team": "vision"},
    }
    keyed = encode(TeamCreated(team="vision"), id="1" * 32, context=CONTEXT._replace(key="k"))
    assert json.loads(keyed)["key"] == "k"


@pytest.mark.parametrize(
    ("event", "context"),
    [
        (TeamCreated(team="\ud800"), CONTEXT),
        (TeamCreated(team="vision"), CONTEXT._replace(actor="\ud800")),
        (TeamCreated(team="vision"), CONTEXT._replace(correlation="\ud800")),
        (TeamCreated(team="vision"), CONTEXT._replace(key="\ud800")),
    ],
)
def test_what_utf8_cannot_hold_is_refused(event: Event, context: Context) -> None:
    with pytest.raises(InvalidSetting, match="TeamCreated"):
        encode(event, id="1" * 32, context=context)


@given(st.datetimes(timezones=st.timezones()))
def test_times_are_kept_to_the_microsecond_in_utc(moment: datetime) -> None:
    text = time_text(moment)
    assert time_from(text) == moment.astimezone(UTC)
    assert (len(text), text[-1]) == (27, "Z")


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_times_sort_as_text(one: datetime, other: datetime) -> None:
    assert (time_text(one) < time_text(other)) is (one < other)


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    tokyo = datetime(2026, 3, 3, 21, tzinfo=timezone(timedelta(hours=9)))
    assert time_text(tokyo) == "2026-03-03T12:00:00.000000Z"


# --- what cannot be read --------------------------------------------------------------------


def state(**changed: object) -> bytes:
    body = json.loads(encode(TeamCreated(team="vision"), id="1" * 32, context=CONTEXT))
    return json.dumps({k: v for k, v in {**body, **changed}.items() if v != "gone"}).encode()


def test_an_unknown_topic_is_told_with_its_position() -> None:
    with pytest.raises(EventUnreadable, match="newer release") as raised:
        decode("TeamRenamed", state(), position=17)
    assert (raised.value.topic, raised.value.position) == ("TeamRenamed", 17)
    assert "at position 17" in str(raised.value)


def test_a_newer_schema_is_told_with_its_position() -> None:
    with pytest.raises(
        EventUnreadable, match="it has schema 2, this release reads up to 1"
    ) as raised:
        decode("TeamCreated", state(schema=2), position=18)
    assert raised.value.position == 18


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        state()[:-1],
        state(event="gone"),
        state(event=None),
        state(event={"team": 5}),
        state(event={"team": "a", "colour": "red"}),
        state(schema="gone"),
        state(schema="1"),
        state(schema=0),
        state(id="gone"),
        state(time="gone"),
        state(time="yesterday"),
        state(time=5),
        state(actor="gone"),
        state(correlation="gone"),
    ],
)
def test_damaged_bytes_are_told_with_their_position(damaged: bytes) -> None:
    with pytest.raises(EventUnreadable) as raised:
        decode("TeamCreated", damaged, position=19)
    assert (raised.value.topic, raised.value.position) == ("TeamCreated", 19)
    assert raised.value.why
    assert raised.value.__cause__ is not None


# --- old shapes -----------------------------------------------------------------------------


class Renamed(Event):
    """A made-up event in its third shape: first `title`, then `name`, now with a colour."""

    topic: ClassVar[str] = "MadeUpRenamed"
    schema_number: ClassVar[int] = 3
    name: str
    colour: str


def to_2(payload: Payload) -> Payload:
    return {"name": payload["title"]}


def to_3(payload: Payload) -> Payload:
    return {**payload, "colour": "none"}


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, dict[str, JsonValue]], bytes]:
    """Teach the codec the made-up event, and return what writes any of its shapes."""
    monkeypatch.setitem(TOPICS, Renamed.topic, Renamed)
    monkeypatch.setitem(UPCASTERS, (Renamed.topic, 1), to_2)
    monkeypatch.setitem(UPCASTERS, (Renamed.topic, 2), to_3)
    return lambda schema, event: state(schema=schema, event=event)


@pytest.mark.parametrize(
    ("schema", "event", "read"),
    [
        (1, {"title": "digits"}, Renamed(name="digits", colour="none")),
        (2, {"name": "digits"}, Renamed(name="digits", colour="none")),
        (3, {"name": "digits", "colour": "red"}, Renamed(name="digits", colour="red")),
    ],
)
def test_an_old_shape_is_lifted_step_by_step(
    made_up: Callable[[int, dict[str, JsonValue]], bytes],
    schema: int,
    event: dict[str, JsonValue],
    read: Event,
) -> None:
    assert decode(Renamed.topic, made_up(schema, event))[1] == read


def test_the_newest_shape_is_written(
    made_up: Callable[[int, dict[str, JsonValue]], bytes],
) -> None:
    written = encode(Renamed(name="a", colour="b"), id="1" * 32, context=CONTEXT)
    assert json.loads(written)["schema"] == 3
    assert decode(Renamed.topic, written)[1] == Renamed(name="a", colour="b")


def test_a_shape_that_does_not_fit_its_number_is_unreadable(
    made_up: Callable[[int, dict[str, JsonValue]], bytes],
) -> None:
    with pytest.raises(EventUnreadable):
        decode(Renamed.topic, made_up(1, {"name": "digits"}), position=3)


def test_a_step_without_an_upcaster_is_unreadable(
    made_up: Callable[[int, dict[str, JsonValue]], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(UPCASTERS, (Renamed.topic, 2))
    with pytest.raises(EventUnreadable, match="nothing lifts it from schema 2"):
        decode(Renamed.topic, made_up(1, {"title": "digits"}))


def test_lifting_takes_upcasters_of_its_own() -> None:
    steps = {("T", 1): to_2, ("T", 2): to_3}
    assert lift("T", {"title": "x"}, schema=1, newest=3, upcasters=steps) == {
        "name": "x",
        "colour": "none",
    }
    assert lift("T", {"name": "x"}, schema=2, newest=2, upcasters={}) == {"name": "x"}
    with pytest.raises(LookupError, match="schema 4"):
        lift("T", {}, schema=4, newest=3, upcasters=steps)


def test_every_upcaster_has_an_event_and_a_step_to_lift() -> None:
    for topic, step in UPCASTERS:
        assert 1 <= step < TOPICS[topic].schema_number
