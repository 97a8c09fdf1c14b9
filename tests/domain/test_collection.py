"""A collection has one type; versions linked into it get numbers and aliases of its own."""

import pytest

from stemmata_domain.aggregates.collection import (
    COLLECTION,
    CreateCollection,
    DeleteCollection,
    EditAliases,
    LinkVersion,
    UnlinkVersion,
)
from stemmata_domain.errors import TypeMismatch, UnknownCollection, UnknownVersion
from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    CollectionCreated,
    CollectionDeleted,
    Event,
    TeamCreated,
    VersionLinked,
    VersionUnlinked,
)
from tests.domain.specification import specify

collection = specify(COLLECTION)

CREATED = CollectionCreated(
    collection="c1",
    scope="g1",
    registry="g1",
    name="Digits",
    type="model",
    description="reads digits",
    tags=("good",),
)


def link(source: str, *aliases: str, type: str = "model") -> LinkVersion:
    """Link a version, `artifact:number`."""
    artifact, _, index = source.partition(":")
    return LinkVersion(
        version=source, artifact=artifact, source_index=int(index), type=type, aliases=aliases
    )


def linked(source: str, index: int) -> VersionLinked:
    artifact, _, number = source.partition(":")
    return VersionLinked(version=source, artifact=artifact, source_index=int(number), index=index)


def alias(name: str, index: int, moved_from: int | None = None) -> AliasAdded:
    return AliasAdded(alias=name, index=index, moved_from=moved_from)


TWO = (
    CREATED,
    linked("a:5", 0),
    alias("latest", 0),
    linked("b:0", 1),
    alias("latest", 1, moved_from=0),
)


def test_a_collection_is_created_with_its_one_type() -> None:
    collection.when(
        CreateCollection(
            id="c1",
            scope="g1",
            registry="g1",
            name="Digits",
            type="model",
            description="reads digits",
            tags=("good",),
        )
    ).then(CREATED)


def test_a_link_gives_the_next_number_and_always_latest() -> None:
    """Aliases on a link: those given and `latest`; numbers count links, whatever the source's is."""
    collection.given(CREATED).when(link("a:5")).then(linked("a:5", 0), alias("latest", 0))
    collection.given(CREATED).when(link("a:5", "staging")).then(
        linked("a:5", 0), alias("latest", 0), alias("staging", 0)
    )


def test_numbers_of_several_sources_interleave_in_the_order_of_linking() -> None:
    """Several artifacts may be linked into one collection; only the last link has `latest`."""
    collection.given(*TWO).when(link("c:7")).then(
        linked("c:7", 2), alias("latest", 2, moved_from=1)
    )


def test_an_alias_given_to_another_version_moves() -> None:
    """An alias is unique within a collection; assigning it to another version moves it."""
    collection.given(*TWO, alias("staging", 0)).when(link("c:0", "staging")).then(
        linked("c:0", 2), alias("latest", 2, moved_from=1), alias("staging", 2, moved_from=0)
    )


def test_an_alias_asked_for_twice_is_given_once() -> None:
    collection.given(CREATED).when(link("a:5", "latest", "x", "x")).then(
        linked("a:5", 0), alias("latest", 0), alias("x", 0)
    )


def test_linking_a_version_again_changes_nothing() -> None:
    """Re-linking is idempotent: same number, and `latest` stays with the highest number."""
    collection.given(*TWO).when(link("a:5")).then_nothing()
    collection.given(*TWO).when(link("b:0")).then_nothing()


def test_linking_a_version_again_adds_the_aliases_asked_for() -> None:
    """Re-linking keeps the number and adds the requested aliases."""
    collection.given(*TWO).when(link("a:5", "staging")).then(alias("staging", 0))
    collection.given(*TWO, alias("staging", 0)).when(link("a:5", "staging")).then_nothing()


def test_linking_a_version_again_moves_latest_only_if_asked_by_name() -> None:
    """`latest` stays on the membership with the highest number unless asked for by name."""
    collection.given(*TWO).when(link("a:5", "latest")).then(alias("latest", 0, moved_from=1))


def test_a_version_of_another_type_is_refused() -> None:
    """An existing collection of another type refuses the link."""
    collection.given(CREATED).when(link("a:5", type="dataset")).then_refused(
        TypeMismatch, thing="collection", name="Digits", type="model", asked="dataset"
    )


def test_unlinking_takes_the_version_and_its_aliases_out() -> None:
    collection.given(*TWO, alias("x", 0), alias("y", 0)).when(UnlinkVersion(index=0)).then(
        AliasRemoved(alias="x", index=0),
        AliasRemoved(alias="y", index=0),
        VersionUnlinked(version="a:5", index=0),
    )


def test_latest_of_an_unlinked_version_moves_to_the_newest_that_is_left() -> None:
    """`latest` moves, as a recorded event, to the newest live version when its version is removed."""
    collection.given(*TWO).when(UnlinkVersion(index=1)).then(
        alias("latest", 0, moved_from=1), VersionUnlinked(version="b:0", index=1)
    )


def test_latest_skips_versions_that_left_before() -> None:
    three = (*TWO, linked("c:0", 2), alias("latest", 2, moved_from=1))
    gone = (*three, VersionUnlinked(version="b:0", index=1))
    collection.given(*gone).when(UnlinkVersion(index=2)).then(
        alias("latest", 0, moved_from=2), VersionUnlinked(version="c:0", index=2)
    )


def test_latest_ends_with_the_last_version() -> None:
    """With no version left, `latest` names nothing."""
    one = (CREATED, linked("a:5", 0), alias("latest", 0))
    collection.given(*one).when(UnlinkVersion(index=0)).then(
        AliasRemoved(alias="latest", index=0), VersionUnlinked(version="a:5", index=0)
    )


def test_latest_that_was_put_elsewhere_stays_there() -> None:
    moved = (*TWO, alias("latest", 0, moved_from=1))
    collection.given(*moved).when(UnlinkVersion(index=1)).then(
        VersionUnlinked(version="b:0", index=1)
    )


def test_a_number_is_never_given_again() -> None:
    """A version linked after an unlink gets a number that nobody had, even in an empty collection."""
    emptied = (
        *TWO,
        VersionUnlinked(version="a:5", index=0),
        AliasRemoved(alias="latest", index=1),
        VersionUnlinked(version="b:0", index=1),
    )
    collection.given(*emptied).when(link("b:0")).then(linked("b:0", 2), alias("latest", 2))


@pytest.mark.parametrize("index", [2, -1])
def test_unlinking_a_number_that_nobody_has_is_refused(index: int) -> None:
    refused = collection.given(*TWO).when(UnlinkVersion(index=index))
    refused.then_refused(UnknownVersion, name="Digits", version=f"v{index}")


def test_unlinking_twice_is_refused() -> None:
    gone = (*TWO, VersionUnlinked(version="a:5", index=0))
    collection.given(*gone).when(UnlinkVersion(index=0)).then_refused(
        UnknownVersion, name="Digits", version="v0"
    )


def test_aliases_are_added_and_removed() -> None:
    collection.given(*TWO, alias("x", 0)).when(
        EditAliases(index=0, add=("y", "z"), remove=("x",))
    ).then(alias("y", 0), alias("z", 0), AliasRemoved(alias="x", index=0))


def test_removing_an_alias_that_another_version_has_changes_nothing() -> None:
    collection.given(*TWO, alias("x", 0)).when(EditAliases(index=1, remove=("x", "none"))).then()


def test_latest_may_be_removed_and_moved_by_people() -> None:
    """`latest` is an alias that users may remove or move."""
    given = collection.given(*TWO)
    given.when(EditAliases(index=1, remove=("latest",))).then(AliasRemoved(alias="latest", index=1))
    given.when(EditAliases(index=0, add=("latest",))).then(alias("latest", 0, moved_from=1))


def test_aliases_of_a_version_that_is_not_there_are_refused() -> None:
    collection.given(*TWO).when(EditAliases(index=9, add=("x",))).then_refused(
        UnknownVersion, name="Digits", version="v9"
    )


def test_a_collection_is_deleted_once() -> None:
    collection.given(*TWO).when(DeleteCollection()).then(CollectionDeleted(collection="c1"))
    deleted = (*TWO, CollectionDeleted(collection="c1"))
    collection.given(*deleted).when(DeleteCollection()).then_refused(
        UnknownCollection, name="Digits"
    )


@pytest.mark.parametrize(
    "command",
    [link("a:5"), UnlinkVersion(index=0), EditAliases(index=0), DeleteCollection()],
    ids=lambda command: type(command).__name__,
)
@pytest.mark.parametrize("history", [(), (*TWO, CollectionDeleted(collection="c1"))])
def test_nothing_can_be_asked_of_a_collection_that_is_not_there(
    history: tuple[Event, ...],
    command: LinkVersion | UnlinkVersion | EditAliases | DeleteCollection,
) -> None:
    collection.given(*history).when(command).then_refused(UnknownCollection)


def test_a_deleted_collection_holds_nothing_but_its_count() -> None:
    state = collection.state(*TWO, CollectionDeleted(collection="c1"))
    assert not state.is_live
    assert (len(state.line.versions), len(state.line.aliases)) == (0, 0)
    assert state.line.next_index == 2


def test_its_state_is_what_its_events_say() -> None:
    state = collection.state(*TWO, alias("x", 0), AliasRemoved(alias="x", index=0))
    assert state.is_live
    assert (state.id, state.scope, state.registry) == ("c1", "g1", "g1")
    assert (state.name, state.type) == ("Digits", "model")
    assert dict(state.line.versions.items()) == {0: "a:5", 1: "b:0"}
    assert dict(state.line.aliases.items()) == {"latest": 1}


def test_an_event_of_another_aggregate_leaves_it_as_it_is() -> None:
    assert collection.state(*TWO, TeamCreated(team="x")) == collection.state(*TWO)


def test_unlinking_what_the_log_does_not_have_leaves_the_line_as_it_is() -> None:
    gone = VersionUnlinked(version="z:9", index=9)
    assert collection.state(*TWO, gone) == collection.state(*TWO)
