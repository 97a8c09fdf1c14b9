"""A state that was read back from a snapshot is the state that was written down."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stemmata_domain.aggregates.artifact import ARTIFACT, DeleteVersion, EditVersion, LogVersion
from stemmata_domain.aggregates.collection import (
    COLLECTION,
    CreateCollection,
    DeleteCollection,
    EditAliases,
    LinkVersion,
    UnlinkVersion,
)
from stemmata_domain.decider import Decider
from stemmata_domain.errors import Refused
from stemmata_domain.events import Event

names = st.sampled_from(["latest", "staging", "prod", "best", "a", "b", "c"])
many_names = st.lists(names, max_size=4).map(tuple)
index = st.integers(0, 6)
aliasing = st.builds(EditAliases, index=index, add=many_names, remove=many_names)


def _logging(content: str, aliases: tuple[str, ...], tags: tuple[str, ...]) -> LogVersion:
    return LogVersion(
        artifact="a1",
        entity="vision",
        project="mnist",
        name="digits",
        type="model",
        digest=content,
        algorithm="MD5",
        manifest=content,
        size=1,
        file_count=1,
        aliases=aliases,
        tags=tags,
    )


artifact_commands = st.one_of(
    st.builds(_logging, st.sampled_from("ABCDEFGH"), many_names, many_names),
    st.builds(EditVersion, index=index, add_tags=many_names, remove_tags=many_names),
    st.builds(DeleteVersion, index=index, delete_aliases=st.booleans()),
    aliasing,
)


def _linking(source: int, aliases: tuple[str, ...]) -> LinkVersion:
    return LinkVersion(
        version=f"a1:{source}", artifact="a1", source_index=source, type="model", aliases=aliases
    )


collection_commands = st.one_of(
    st.builds(_linking, st.integers(0, 9), many_names),
    st.builds(_linking, st.integers(0, 9), many_names),
    st.builds(UnlinkVersion, index=index),
    aliasing,
)


def history(decider: Decider[Any, Any], commands: list[Any]) -> list[Event]:
    """The events of those commands that are not refused."""
    events: list[Event] = []
    state = decider.initial
    for command in commands:
        try:
            new = decider.decide(state, command)
        except Refused:
            continue
        events.extend(new)
        state = decider.fold(new, state)
    return events


def check_every_snapshot(
    decider: Decider[Any, Any], events: list[Event], orders: Callable[[Any], object]
) -> None:
    """Start from a snapshot at every version, go on with the tail, compare with the whole fold."""
    assert decider.snapshots is not None
    whole = decider.fold(events)
    for at in range(len(events) + 1):
        written = decider.snapshots.write(decider.fold(events[:at]))
        resumed = decider.fold(events[at:], decider.snapshots.read(written))
        assert resumed == whole
        assert orders(resumed) == orders(whole)


@given(st.lists(artifact_commands, max_size=25))
def test_an_artifact_resumed_from_a_snapshot_is_the_same_artifact(commands: list[Any]) -> None:
    check_every_snapshot(
        ARTIFACT,
        history(ARTIFACT, commands),
        lambda state: [(state.line.aliases_of(i), state.tags.get(i)) for i in range(30)],
    )


CREATE = CreateCollection(id="c1", scope="g1", registry="g1", name="Digits", type="model")


@given(st.lists(collection_commands, max_size=25), st.booleans())
def test_a_collection_resumed_from_a_snapshot_is_the_same_collection(
    commands: list[Any], deleted: bool
) -> None:
    commands = [CREATE, *commands, *([DeleteCollection()] if deleted else [])]
    check_every_snapshot(
        COLLECTION,
        history(COLLECTION, commands),
        lambda state: [state.line.aliases_of(i) for i in range(30)],
    )


def test_decisions_after_a_snapshot_come_in_the_same_order() -> None:
    """The order of a version's aliases survives, since an unlink tells of them in that order."""
    aliases = tuple(f"alias-{n}" for n in range(40))
    events = history(COLLECTION, [CREATE, _linking(0, aliases), _linking(1, ())])
    assert COLLECTION.snapshots is not None
    whole = COLLECTION.fold(events)
    resumed = COLLECTION.snapshots.read(COLLECTION.snapshots.write(whole))
    unlink = UnlinkVersion(index=0)
    assert list(COLLECTION.decide(resumed, unlink)) == list(COLLECTION.decide(whole, unlink))
