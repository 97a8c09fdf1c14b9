"""Carrying out commands: one append each, decided again on a conflict, and no slower as time goes by."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_domain import states as states_module
from stemmata_domain.aggregates.artifact import ARTIFACT
from stemmata_domain.aggregates.collection import COLLECTION
from stemmata_domain.commands.edit import Delete, Edit
from stemmata_domain.commands.link import EditAliasesOf, Link, Linked, Unlink
from stemmata_domain.commands.organize import AcceptTypeIn, Organize
from stemmata_domain.commands.run import Start
from stemmata_domain.decider import Decider
from stemmata_domain.errors import (
    IdempotencyKeyReused,
    InvalidName,
    InvalidSetting,
    Refused,
    StoreUnavailable,
    UnknownVersion,
    WrongExpectedVersion,
)
from stemmata_domain.events import (
    AliasAdded,
    ArtifactLogged,
    CommandKeyed,
    Event,
    TypeAccepted,
    VersionLinked,
    VersionUnlinked,
)
from stemmata_domain.handling import Command, ViewsCannotTake, fingerprint
from stemmata_domain.ports import NO_STREAM, Append, EventStore, Snapshot
from stemmata_domain.recorded import Context, RecordedEvent
from stemmata_domain.states import States
from stemmata_domain.work import Work
from tests.domain.specification import (
    NOON,
    CountedIds,
    World,
    digest,
    logging,
    organized,
)

# --- stores that show what happens ----------------------------------------------------------


class Plain:
    """A store that passes everything on to one in memory, and has no further ability.

    `before_append` is what somebody else does between our decision and our append.
    """

    def __init__(self, inner: EventStore | None = None) -> None:
        self.inner = inner or MemoryEventStore(ids=CountedIds(1 << 64))
        self.before_append: Callable[[], object] | None = None
        self.attempts = 0

    def append(self, appends: Sequence[Append], context: Context) -> Sequence[RecordedEvent]:
        self.attempts += 1
        if self.before_append is not None:
            meanwhile, self.before_append = self.before_append, None
            meanwhile()
        return self.inner.append(appends, context)

    def read_stream(
        self, stream: str, *, after: int = NO_STREAM, limit: int | None = None
    ) -> Sequence[RecordedEvent]:
        return self.inner.read_stream(stream, after=after, limit=limit)

    def read_all(self, *, after: int = 0, limit: int = 1000) -> Sequence[RecordedEvent]:
        return self.inner.read_all(after=after, limit=limit)

    def head(self) -> int:
        return self.inner.head()

    def close(self) -> None:
        self.inner.close()


class Counting(MemoryEventStore):
    """A store in memory that counts appends, the events that are read, and snapshots."""

    def __init__(self) -> None:
        super().__init__(ids=CountedIds(1 << 64))
        self.appended = self.read = self.saved = 0
        self.failure: Exception | None = None

    def append(self, appends: Sequence[Append], context: Context) -> Sequence[RecordedEvent]:
        self.appended += 1
        recorded = super().append(appends, context)
        self._maybe_fail()
        return recorded

    def read_stream(
        self, stream: str, *, after: int = NO_STREAM, limit: int | None = None
    ) -> Sequence[RecordedEvent]:
        found = super().read_stream(stream, after=after, limit=limit)
        self.read += len(found)
        return found

    def save_snapshot(self, snapshot: Snapshot) -> None:
        self._maybe_fail()
        self.saved += 1
        super().save_snapshot(snapshot)

    def _maybe_fail(self) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure


def link(source: str = "digits:v0", *aliases: str) -> Link:
    return Link(
        source=source,
        target="wandb-registry-model/Digits",
        aliases=aliases,
        entity="vision",
        project="mnist",
    )


def a_world(store: EventStore) -> World:
    world = World(store=store)
    world.organize()
    for content in "ABC":
        world.log(content)
    return world


def links_in(world: World) -> list[int]:
    return [event.index for event in world.events() if isinstance(event, VersionLinked)]


# --- one command, one append ----------------------------------------------------------------


def test_a_command_is_one_append_however_many_streams_it_touches() -> None:
    store = Counting()
    world = World(store=store)
    commands: list[Any] = [
        Organize(name="acme", teams=("vision", "nlp"), people=("ada", "bob")),
        logging("A"),
        link(),
    ]
    for n, command in enumerate(commands, 1):
        world.do(command)
        assert store.appended == n
    assert len({r.stream for r in store.read_all()}) > 10


def test_a_command_that_changes_nothing_appends_nothing() -> None:
    store = Counting()
    world = a_world(store)
    world.do(link())
    before = store.appended
    world.do(link())
    world.do(logging("C"))
    assert store.appended == before


def test_the_events_of_a_command_share_actor_time_and_correlation() -> None:
    world = organized()
    before = world.store.head()
    world.handler.handle(logging(), actor="ada", correlation="job-7", key="k")
    recorded = world.store.read_all(after=before)
    assert len(recorded) == 5
    assert {(r.actor, r.correlation, r.key) for r in recorded} == {("ada", "job-7", "k")}
    assert len({r.time for r in recorded}) == 1
    assert recorded[0].time >= NOON
    assert len({r.id for r in recorded}) == 5


def test_without_a_correlation_each_command_gets_its_own() -> None:
    world = organized()
    before = world.store.head()
    world.log("A")
    world.log("B")
    assert len({r.correlation for r in world.store.read_all(after=before)}) == 2


def test_a_refused_command_leaves_nothing() -> None:
    for store in Counting(), Plain():
        world = a_world(store)
        world.refused(link("digits:v9"), UnknownVersion, key="k")
        world.refused(Organize(name="new", teams=("fine", "Not Fine")), InvalidName)
        assert world.log("D").index == 3


# --- somebody was faster --------------------------------------------------------------------


def test_after_a_conflict_the_command_is_decided_again_on_what_is_there_now() -> None:
    store = Plain()
    world = a_world(store)
    other = world.another_handler()
    world.do(link("digits:v0"))
    store.before_append = lambda: other.handle(link("digits:v1", "prod"), actor="other")
    store.attempts = 0
    linked = world.do(link("digits:v2", "prod"))
    assert linked.index == 2
    assert links_in(world) == [0, 1, 2]
    assert store.attempts == 3  # ours, the other's in between, and ours again
    assert world.events()[-3:-1] == [
        AliasAdded(alias="latest", index=2, moved_from=1),
        AliasAdded(alias="prod", index=2, moved_from=1),
    ]


def test_what_was_merely_read_is_guarded_too() -> None:
    store = Plain()
    world = a_world(store)
    other = world.another_handler()
    accept = AcceptTypeIn(registry="model", type="x", organization="acme")
    store.before_append = lambda: other.handle(accept, actor="other")
    store.attempts = 0
    world.do(link())
    assert store.attempts == 3
    assert [type(e) for e in world.events() if isinstance(e, TypeAccepted | VersionLinked)] == [
        TypeAccepted,
        VersionLinked,
    ]


def test_a_command_that_is_forbidden_by_now_is_refused() -> None:
    store = Plain()
    world = a_world(store)
    other = world.another_handler()
    delete = Delete(name="digits:v0", entity="vision", project="mnist")
    store.before_append = lambda: other.handle(delete, actor="other")
    with pytest.raises(UnknownVersion):
        world.do(link("digits:v0"))
    assert links_in(world) == []


def test_two_who_create_the_same_name_at_once_get_one_artifact() -> None:
    """Identical content logged at the same moment by several clients is one version."""
    store = Plain()
    world = a_world(store)
    other = world.another_handler()
    store.before_append = lambda: other.handle(logging("A", name="new"), actor="other")
    logged = world.do(logging("A", name="new"))
    assert (logged.index, logged.is_new) == (0, False)
    (event,) = [e for e in world.events()[-4:] if isinstance(e, ArtifactLogged)]
    assert event.version == logged.version


def test_attempts_are_bounded_and_nothing_of_ours_is_written() -> None:
    store = Plain()
    world = a_world(store)
    other = world.another_handler()
    handler = world.another_handler(attempts=3)
    decided = 0

    class Unlucky:
        """A link that somebody else beats each time."""

        __dataclass_fields__: ClassVar[dict[str, Any]] = {}
        returns: ClassVar[type[Any]] = Link.returns

        def carry_out(self, work: Any) -> Any:
            nonlocal decided
            decided += 1
            result = link("digits:v0", "ours").carry_out(work)
            alias = f"theirs-{decided}"
            store.before_append = lambda: other.handle(link("digits:v1", alias), actor="other")
            return result

    with pytest.raises(WrongExpectedVersion) as raised:
        handler.handle(Unlucky(), actor="ada")
    assert raised.value.stream.startswith(("collection-", "name-"))
    assert decided == 3
    assert "ours" not in {e.alias for e in world.events() if isinstance(e, AliasAdded)}
    assert handler.handle(link("digits:v0", "ours"), actor="ada").index == 1


def test_what_others_wrote_beside_a_commands_own_streams_is_not_missed() -> None:
    store = Plain()
    world = a_world(store)
    other = world.another_handler()
    world.do(link("digits:v0"))
    store.before_append = lambda: other.handle(link("digits:v1"), actor="other")
    store.attempts = 0
    world.log("D", name="elsewhere")
    assert store.attempts == 2  # ours and the other's: they do not touch each other
    assert world.do(link("digits:v2")).index == 2
    assert store.attempts == 3  # and no conflict was needed to find out


@pytest.mark.parametrize("serialised", [True, False])
@pytest.mark.parametrize("shared", [True, False])
def test_numbers_are_dense_when_many_threads_link_at_once(serialised: bool, shared: bool) -> None:
    inner = MemoryEventStore(ids=CountedIds(1 << 64))
    world = World(store=inner if serialised else Plain(inner))
    world.organize()
    for n in range(60):
        world.log(str(n), name=f"a{n % 6}")
    one = world.another_handler(attempts=10_000)
    handlers = [one if shared else world.another_handler(attempts=10_000) for _ in range(6)]
    start = threading.Barrier(6)

    def work(thread: int) -> list[int]:
        start.wait()
        return [
            handlers[thread].handle(link(f"a{thread}:v{n}", "prod"), actor="ada").index
            for n in range(10)
        ]

    with ThreadPoolExecutor(6) as pool:
        indexes = [index for found in pool.map(work, range(6)) for index in found]
    assert sorted(indexes) == list(range(60))
    assert links_in(world) == list(range(60))
    versions: dict[str, int] = {}
    for r in world.store.read_all(limit=10_000):
        assert r.version == versions.get(r.stream, NO_STREAM) + 1
        versions[r.stream] = r.version
    edited = one.handle(
        EditAliasesOf(name="wandb-registry-model/Digits:prod", entity="vision"), actor="ada"
    )
    assert (edited.index, edited.aliases) == (59, ("latest", "prod"))


# --- turns ----------------------------------------------------------------------------------


class Held:
    """A handler of which one command goes on until it is let go; others have to wait."""

    def __init__(self) -> None:
        self.world = a_world(Counting())
        self.begun, self.go = threading.Event(), threading.Event()
        self.handler = self.world.another_handler(inline=self._wait)

    def _wait(self, recorded: Sequence[RecordedEvent]) -> None:
        self.begun.set()
        assert self.go.wait(30)

    def queue(self) -> int:
        return len(self.handler._mutex._waiting)


def test_threads_are_served_in_the_order_in_which_they_ask() -> None:
    held = Held()
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(held.handler.handle, logging("first"), actor="ada")]
        held.begun.wait(30)
        for n in range(5):
            asked.append(pool.submit(held.handler.handle, logging(f"{n}"), actor="ada"))
            while held.queue() <= n:
                time.sleep(0.001)
        held.go.set()
        assert [each.result(30).index for each in asked] == list(range(3, 9))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="alarms of POSIX")
def test_who_is_interrupted_while_waiting_leaves_the_queue() -> None:
    held = Held()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(held.handler.handle, logging("first"), actor="ada")
            held.begun.wait(30)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(KeyboardInterrupt):
                held.handler.handle(logging("interrupted"), actor="ada")
            assert held.queue() == 0
            last = pool.submit(held.handler.handle, logging("last"), actor="ada")
            held.go.set()
            assert (first.result(30).index, last.result(30).index) == (3, 4)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert held.handler.handle(logging("interrupted"), actor="ada").index == 5


def test_who_is_interrupted_when_the_turn_has_come_passes_it_on() -> None:
    held = Held()
    turns = held.handler._mutex
    turns.__enter__()
    turns._leave(threading.Lock())  # which is no more in the queue
    held.go.set()
    assert held.handler.handle(logging("next"), actor="ada").index == 3


# --- keys -----------------------------------------------------------------------------------


def test_a_repeated_command_returns_the_first_result_and_appends_nothing() -> None:
    world = a_world(Counting())
    first = world.do(link("digits:v0", "x"), key="k1")
    world.do(link("digits:v1", "x"))
    with world.nothing_appended():
        assert world.do(link("digits:v0", "x"), key="k1") == first
        again = world.another_handler().handle(link("digits:v0", "x"), actor="host", key="k1")
    assert again == first
    assert type(again) is type(first)


def test_a_result_comes_back_with_its_tuples() -> None:
    world = a_world(Counting())
    command = EditAliasesOf(name="digits:v0", add=("a", "b"), entity="vision", project="mnist")
    first = world.do(command, key="k")
    assert first.aliases == ("a", "b")
    assert world.do(command, key="k") == first


def test_a_key_is_recorded_with_its_command() -> None:
    world = a_world(Counting())
    result = world.do(link(), key="k1")
    keyed = world.events()[-1]
    assert keyed == CommandKeyed(
        key="k1", command="Link", fingerprint=fingerprint(link()), result=asdict(result)
    )
    assert [r.key for r in world.store.read_stream("key-host/k1")] == ["k1"]


def test_a_key_is_its_actors_own() -> None:
    """People who know nothing of each other choose the same keys; neither learns of the other's."""
    world = a_world(Counting())
    for actor in ("ada", "bob", "ada/k", "ada%2Fk"):
        assert world.do(logging(actor), actor=actor, key="k/k").is_new
    with world.nothing_appended():
        assert world.do(logging("ada/k"), actor="ada/k", key="k/k").is_new
    world.refused(logging("bob"), IdempotencyKeyReused, by="ada", key="k/k")


@pytest.mark.parametrize("key", ["", "k" * 257, "k\0", "\ud800", 7])
def test_a_key_that_cannot_be_kept_is_refused(key: Any) -> None:
    world = a_world(Counting())
    world.refused(link(), InvalidSetting, key=key, setting="idempotency key")


@pytest.mark.parametrize("other", [link("digits:v1"), link("digits:v0", "x"), logging("A")])
def test_a_key_of_another_command_is_refused(other: Link) -> None:
    world = a_world(Counting())
    world.do(link(), key="k1")
    world.refused(other, IdempotencyKeyReused, key="k1", command="Link")


def test_a_refused_commands_key_is_free() -> None:
    world = a_world(Counting())
    world.refused(link("digits:v9"), UnknownVersion, key="k1")
    assert world.do(link("digits:v0"), key="k1").index == 0


def test_a_command_that_changes_nothing_keeps_its_result_under_its_key() -> None:
    world = a_world(Counting())
    world.do(link())
    first = world.do(link(), key="k1")
    world.do(Unlink(name="wandb-registry-model/Digits:v0", entity="vision"))
    assert world.do(link(), key="k1") == first


def test_two_who_use_one_key_at_once_do_it_once() -> None:
    store = Plain()
    world = a_world(store)
    other = world.another_handler()
    command = logging("D")
    theirs = []
    store.before_append = lambda: theirs.append(other.handle(command, actor="host", key="k"))
    ours = world.do(command, key="k")
    assert [ours] == theirs
    assert ours.is_new
    assert world.log("D").index == 3


def test_a_key_belongs_to_the_actor_who_chose_it() -> None:
    """Nothing leaks between people who know nothing of each other."""
    world = a_world(Counting())
    first = world.do(logging("D"), actor="a", key="1")
    assert world.do(logging("D"), actor="b", key="1") != first  # not new any more
    assert world.do(logging("E"), actor="a/b", key="c").index == 4
    assert world.do(logging("F"), actor="a", key="b/c").index == 5
    assert world.do(logging("D"), actor="a", key="1") == first


@pytest.mark.parametrize("key", ["", "x" * 257])
def test_a_key_has_1_to_256_characters(key: str) -> None:
    world = a_world(Counting())
    world.refused(logging("D"), InvalidSetting, key=key, setting="idempotency key")
    assert world.do(logging("D"), key="x" * 256).index == 3


def test_the_order_of_metadata_does_not_tell_commands_apart() -> None:
    one = logging(metadata={"a": 1, "b": 2})
    assert fingerprint(one) == fingerprint(logging(metadata={"b": 2, "a": 1}))
    assert fingerprint(one) != fingerprint(logging(metadata={"a": 1, "b": 3}))


def test_a_command_without_a_json_form_cannot_have_a_key() -> None:
    odd: Any = {"x": object()}
    with pytest.raises(InvalidSetting, match="'Log'"):
        fingerprint(logging(metadata=odd))


def test_what_no_event_can_hold_is_refused() -> None:
    world = a_world(Counting())
    odd: Any = {"lr": object()}
    start = Start(entity="vision", project="mnist", run="r1", name="train", config=odd)
    refusal = world.refused(start, InvalidSetting, setting="command", value="Start")
    assert "config.lr" in refusal.rule


# --- what others wrote ----------------------------------------------------------------------


@pytest.mark.parametrize("store", [Counting, Plain])
def test_a_handler_sees_what_others_wrote_in_between(store: type[Counting | Plain]) -> None:
    world = a_world(store())
    other = world.another_handler()
    for n in range(6):
        handler = (world.handler, other)[n % 2]
        assert handler.handle(logging(f"more {n}"), actor="ada").index == 3 + n
        assert handler.handle(link(f"digits:v{n}"), actor="ada").index == n
    other.handle(Unlink(name="wandb-registry-model/Digits:v5", entity="vision"), actor="ada")
    found = world.do(EditAliasesOf(name="wandb-registry-model/Digits", entity="vision"))
    assert found.index == 4


def test_a_handler_reads_nothing_while_nobody_else_writes() -> None:
    store = Counting()
    world = a_world(store)
    world.do(link("digits:v0"))
    store.read = 0
    for n in range(20):
        world.log(f"more {n}")
        world.do(link(f"digits:v{n}", "prod"))
    assert store.read == 0


def test_a_handler_reads_only_what_others_added() -> None:
    store = Counting()
    world = a_world(store)
    other = world.another_handler()
    world.do(link("digits:v0"))
    other.handle(link("digits:v1"), actor="ada")
    store.read = 0
    world.do(link("digits:v2"))
    assert store.read == 2  # the link and its alias


def test_a_store_that_fails_leaves_the_handler_right() -> None:
    """The store took the events back, or did not; the handler looks again."""
    store = Counting()
    world = a_world(store)
    world.do(link("digits:v0"))
    store.failure = StoreUnavailable(store="memory", why="full")
    with world.nothing_appended(), pytest.raises(StoreUnavailable):
        world.do(link("digits:v1"))
    assert world.do(link("digits:v2")).index == 1
    assert world.do(link("digits:v1")).index == 2


def test_whichever_read_of_a_command_fails_the_next_command_is_right() -> None:
    class Failing(Counting):
        """It can be told after how many reads one fails."""

        reads_left = -1

        def read_stream(
            self, stream: str, *, after: int = NO_STREAM, limit: int | None = None
        ) -> Sequence[RecordedEvent]:
            self.reads_left -= 1
            if self.reads_left == -1:
                raise StoreUnavailable(store="memory", why="the connection was lost")
            return super().read_stream(stream, after=after, limit=limit)

    store = Failing()
    world = World(store=store)
    world.organize()
    for n in range(150):  # so many events that they are not read while others wait
        world.log(str(n))
    world.do(link("digits:v0"))
    failed = 0
    for n in range(1, 30):
        store.failure = StoreUnavailable(store="memory", why="full")
        with pytest.raises(StoreUnavailable, match="full"):
            world.do(link("digits:v149"))  # after which nothing is known
        store.reads_left = n
        try:
            world.do(link(f"digits:v{n}"))
        except StoreUnavailable:
            failed += 1
        store.reads_left = -1
        assert world.do(link(f"digits:v{n}")).index == n
    assert 5 < failed < 29


def test_states_that_were_let_go_are_read_again() -> None:
    world = a_world(Counting())
    states = States(world.store, keep=2)
    artifact = world.log("A").artifact
    for _ in range(3):
        states.begin()
        for stream in "artifact-none", f"artifact-{artifact}", "artifact-other":
            states.load(ARTIFACT, stream)
        assert states.load(ARTIFACT, "artifact-none").version == NO_STREAM
        assert states.load(ARTIFACT, f"artifact-{artifact}").state.line.next_index == 3


@pytest.mark.parametrize("name", ["\ud800", "a\0b"])
def test_what_no_store_can_hold_is_no_name(name: str) -> None:
    world = a_world(Counting())
    world.refused(link(), InvalidSetting, by=name)
    world.refused(link(), InvalidSetting, key=name)


# --- inline ---------------------------------------------------------------------------------


def test_what_is_inline_sees_the_events_before_they_are_visible_and_can_undo_them() -> None:
    world = a_world(Counting())
    seen: list[Sequence[RecordedEvent]] = []

    def inline(recorded: Sequence[RecordedEvent]) -> None:
        seen.append(recorded)
        if len(seen) == 2:
            raise StoreUnavailable(store="views", why="full")

    handler = world.another_handler(inline=inline)
    assert handler.handle(link("digits:v0"), actor="ada").index == 0
    with world.nothing_appended(), pytest.raises(StoreUnavailable):
        handler.handle(link("digits:v1"), actor="ada")
    assert handler.handle(link("digits:v1"), actor="ada").index == 1
    assert handler.handle(link("digits:v1"), actor="ada").index == 1
    assert [type(r.event) for r in seen[2]] == [VersionLinked, AliasAdded]
    assert [r.position for r in seen[2]] == [world.store.head() - 1, world.store.head()]


def test_a_command_whose_events_views_cannot_take_is_carried_out_without_them() -> None:
    store = Counting()
    world = a_world(store)
    world.organize()
    asked: list[int] = []

    def inline(recorded: Sequence[RecordedEvent]) -> None:
        asked.append(len(recorded))
        raise ViewsCannotTake

    head, appended = store.head(), store.appended
    handler = world.another_handler(inline=inline)
    linked = handler.handle(link(), actor="ada", key="k")
    assert linked.index == 0
    assert store.appended == appended + 2  # the first was undone
    assert store.head() == head + asked[0]
    assert len(asked) == 1
    assert handler.handle(link(), actor="ada", key="k") == linked
    assert store.head() == head + asked[0]


def test_what_keeps_views_from_following_is_done_before_the_command_is_decided_again() -> None:
    store = Counting()
    world = a_world(store)
    healed: list[int] = []

    def inform(command: Command[Linked], _: Work) -> Command[Linked]:
        if not healed:
            raise ViewsCannotTake(meanwhile=lambda: healed.append(store.head()))
        return command

    seen: list[int] = []
    handler = world.another_handler(inline=lambda recorded: seen.append(len(recorded)))
    head = store.head()
    assert handler.handle(link(), actor="ada", inform=inform).index == 0
    assert healed == [head]
    assert len(seen) == 1


def test_views_that_can_never_follow_end_a_command_that_needs_them() -> None:
    world = a_world(Counting())
    tries: list[int] = []

    def inform(command: Command[Linked], work: Work) -> Command[Linked]:
        raise ViewsCannotTake(meanwhile=lambda: tries.append(1))

    handler = world.another_handler(attempts=3)
    with pytest.raises(ViewsCannotTake):
        handler.handle(link(), actor="ada", inform=inform)
    assert len(tries) == 2


def test_without_turn_taking_inline_is_called_after_the_append() -> None:
    store = Plain()
    world = a_world(store)
    heads: list[int] = []
    handler = world.another_handler(inline=lambda recorded: heads.append(store.head()))
    handler.handle(link("digits:v0"), actor="ada")
    assert heads == [store.head()]


# --- what the log cannot tell a command ---------------------------------------------------------


def test_a_command_is_informed_each_time_before_it_is_decided() -> None:
    store = Plain()
    world = a_world(store)
    other = world.another_handler()
    collection = world.do(link("digits:v0")).collection
    store.before_append = lambda: other.handle(link("digits:v1"), actor="other")
    informed: list[Delete] = []

    def inform(delete: Any, _: object) -> Any:
        linked = [e.index for e in world.events() if isinstance(e, VersionLinked)]
        informed.append(replace(delete, links=tuple((collection, index) for index in linked)))
        return informed[-1]

    delete = Delete(name="digits:v1", entity="vision", project="mnist", force=True)
    deleted = world.handler.handle(delete, actor="host", inform=inform)
    assert [len(each.links) for each in informed] == [1, 2]
    assert [e for e in world.events() if isinstance(e, VersionUnlinked)] == [
        VersionUnlinked(version=deleted.version, index=1)
    ]


def test_nobody_writes_between_the_information_and_the_append() -> None:
    world = a_world(Counting())
    other = world.another_handler()

    def inform(command: Any, _: object) -> Any:
        with ThreadPoolExecutor(1) as pool:
            waiting.append(threading.Thread(target=lambda: other.handle(logging("D"), actor="b")))
            waiting[0].start()
            pool.submit(waiting[0].join, 0.1).result()
        assert waiting[0].is_alive()
        return command

    waiting: list[threading.Thread] = []
    world.handler.handle(link("digits:v0"), actor="host", inform=inform)
    waiting[0].join()
    assert [type(e) for e in world.events()[-3:]] == [AliasAdded, ArtifactLogged, AliasAdded]


def test_what_a_command_was_informed_of_is_no_part_of_what_its_key_stands_for() -> None:
    world = a_world(Counting())
    delete = Delete(name="digits:v1", entity="vision", project="mnist")
    first = world.handler.handle(
        delete, actor="a", key="k", inform=lambda d, _: replace(d, link_names=("x",))
    )
    again = world.handler.handle(
        delete, actor="a", key="k", inform=lambda d, _: replace(d, link_names=("y",))
    )
    assert again == first


# --- snapshots and cost ---------------------------------------------------------------------


def grown(store: EventStore, versions: int) -> World:
    """A world whose artifact and collection have that many versions, each with an alias."""
    world = World(store=store)
    world.organize()
    first = world.log("0")
    collection = world.link("digits:v0", "wandb-registry-model/Digits", "alias-0").collection
    context = Context("host", NOON, "c" * 32, None)
    logs: list[Event] = []
    links: list[Event] = []
    logged = next(e for e in world.events() if isinstance(e, ArtifactLogged))
    for n in range(1, versions):
        new = logged.model_copy(
            update={"version": f"{first.artifact}:{n}", "index": n, "digest": digest(str(n))}
        )
        latest = AliasAdded(alias="latest", index=n, moved_from=n - 1)
        logs += [new, latest]
        links += [
            VersionLinked(version=new.version, artifact=first.artifact, source_index=n, index=n),
            latest,
            AliasAdded(alias=f"alias-{n}", index=n),
        ]
    artifact, collected = f"artifact-{first.artifact}", f"collection-{collection}"
    store.append([Append(artifact, 2, tuple(logs)), Append(collected, 3, tuple(links))], context)
    return world


def events_read_by_each_command(versions: int) -> list[int]:
    """How many events each of some commands reads, while another handler writes in between."""
    store = Counting()
    world = grown(store, versions)
    handler, other = world.another_handler(), world.another_handler()
    last = versions - 1
    for warm in handler, other:
        warm.handle(Edit(name=f"digits:v{last}", entity="vision", project="mnist"), actor="ada")
        warm.handle(link(f"digits:v{last}"), actor="ada")
    found = []
    commands: list[Any] = [
        logging("new"),
        link("digits:latest", "prod"),
        EditAliasesOf(name="wandb-registry-model/Digits:prod", add=("x",), entity="vision"),
        Unlink(name="wandb-registry-model/Digits:v5", entity="vision"),
        Delete(name="digits:v7", entity="vision", project="mnist"),
        link("wandb-registry-model/Digits:alias-9", "prod"),
    ]
    for n, command in enumerate(commands):
        other.handle(link(f"digits:v{10 + n}", f"between-{n}"), actor="other")
        store.read = 0
        handler.handle(command, actor="ada")
        found.append(store.read)
    return found


def test_the_events_that_a_command_reads_do_not_grow_with_the_collection() -> None:
    few, many = events_read_by_each_command(100), events_read_by_each_command(10_000)
    assert few == many
    assert max(many) <= 4


def test_a_new_handler_starts_from_a_snapshot_and_reads_the_tail_only() -> None:
    store = Counting()
    world = grown(store, 6_000)
    # Who folds the whole stream once leaves a snapshot behind.
    world.another_handler().handle(logging("new"), actor="ada")
    world.another_handler().handle(link("digits:v6000"), actor="ada")
    assert store.saved == 2
    world.do(logging("newer"))
    store.read = 0
    assert world.another_handler().handle(link("digits:latest", "prod"), actor="ada").index == 6_001
    # The tails of artifact and collection, and the short streams that say what names stand for.
    assert store.read < 40
    assert world.do(link("digits:latest")).index == 6_001


def test_snapshots_come_at_geometric_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states_module, "SNAPSHOT_AFTER", 20)
    monkeypatch.setattr(states_module, "_SNAPSHOT_GROWTH", 0.5)
    store = Counting()
    world = World(store=store)
    world.organize()
    at = []
    for n in range(200):
        before = store.saved
        artifact = world.log(str(n)).artifact
        if store.saved > before:
            at.append(store.read_stream(f"artifact-{artifact}")[-1].version)
    assert at == [20, 40, 80, 160, 320]


def test_a_snapshot_of_another_schema_is_ignored() -> None:
    store = Counting()
    world = a_world(store)
    logged = world.log("A")
    assert ARTIFACT.snapshots is not None
    other = ARTIFACT.snapshots.write(ARTIFACT.initial)
    store.save_snapshot(Snapshot(f"artifact-{logged.artifact}", 3, 999, other))
    assert world.another_handler().handle(logging("D"), actor="ada").index == 3


OLDER = (
    b'{"id":"a","entity":"vision","project":"mnist","name":"digits","type":"model",'
    b'"line":{"versions":["a:0"],"aliases":{"latest":0}},"digests":["x"],"tags":[]}'
)
"""A snapshot as the first release wrote it."""


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", OLDER])
def test_a_damaged_snapshot_is_ignored(body: bytes) -> None:
    assert ARTIFACT.snapshots is not None
    store = Counting()
    world = a_world(store)
    logged = world.log("A")
    schema = ARTIFACT.snapshots.schema
    store.save_snapshot(Snapshot(f"artifact-{logged.artifact}", 3, schema, body))
    assert world.another_handler().handle(logging("D"), actor="ada").index == 3


def test_an_older_snapshot_is_ignored_and_replaced() -> None:
    store = Counting()
    world = grown(store, 3_000)
    (stream,) = {r.stream for r in store.read_all() if r.stream.startswith("artifact-")}
    store.save_snapshot(Snapshot(stream, 3, 1, OLDER))
    world.another_handler().handle(logging("new"), actor="ada")
    store.read = 0
    assert world.another_handler().handle(logging("newer"), actor="ada").index == 3_001
    assert store.read < 40


def test_a_refused_command_leaves_a_snapshot_of_what_it_took_long_to_fold() -> None:
    store = Counting()
    world = grown(store, 3_000)
    with pytest.raises(UnknownVersion):
        world.another_handler().handle(link("digits:v9999"), actor="ada")
    store.read = 0
    assert world.another_handler().handle(logging("new"), actor="ada").index == 3_000
    assert store.read < 40


def test_a_number_for_which_snapshots_have_no_room_hinders_no_command() -> None:
    """No command gives such a number, but a log may be imported that was written by others."""
    store = Counting()
    world = grown(store, 2_000)
    (stream,) = {r.stream for r in store.read_all() if r.stream.startswith("artifact-")}
    last = store.read_stream(stream)[-1].version
    far = ArtifactLogged(
        **{
            **next(e for e in world.events() if isinstance(e, ArtifactLogged)).model_dump(),
            "version": f"{stream.removeprefix('artifact-')}:{2**40}",
            "index": 2**40,
            "digest": digest("far"),
        }
    )
    store.append([Append(stream, last, (far,))], Context("host", NOON, "c" * 32, None))
    assert world.another_handler().handle(logging("new"), actor="ada").index == 2**40 + 1
    assert store.load_snapshot(stream) is None


def test_a_snapshot_that_cannot_be_kept_does_not_undo_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(states_module, "SNAPSHOT_AFTER", 1)

    class Full(Counting):
        def save_snapshot(self, snapshot: Snapshot) -> None:
            raise StoreUnavailable(store="snapshots", why="full")

    full = Full()
    world = a_world(full)
    assert world.log("D").index == 3
    assert full.load_snapshot(f"artifact-{world.log('A').artifact}") is None


def test_long_streams_are_read_before_queueing_for_the_right_to_append() -> None:
    class Watched(Counting):
        """It tells how many events are read while nobody else may append."""

        most = 0

        @contextmanager
        def writing(self) -> Iterator[None]:
            with super().writing():
                before = self.read
                try:
                    yield
                finally:
                    self.most = max(self.most, self.read - before)

    store = Watched()
    world = grown(store, 3_000)
    world.another_handler().handle(link("digits:v2999", "prod"), actor="ada")
    assert store.most < 1_000
    store.most = 0
    world.another_handler().handle(link("digits:v2998", "prod"), actor="ada")
    assert store.most < 1_000


def test_a_store_without_snapshots_is_folded_from_the_start() -> None:
    store = Plain()
    world = grown(store, 3_000)
    assert world.another_handler().handle(logging("new"), actor="ada").index == 3_000


contents = st.sampled_from("ABCDE")
names = st.sampled_from(["latest", "prod", "staging", "a", "b"])
sources = st.sampled_from(
    [f"digits:v{n}" for n in range(4)]
    + [f"wandb-registry-model/Digits:{a}" for a in ("v0", "v1", "v3", "latest", "prod")]
)
place: dict[str, Any] = {"entity": "vision", "project": "mnist"}
some_names = st.lists(names, max_size=3).map(tuple)
commands = st.one_of(
    st.builds(logging, contents, aliases=some_names, tags=some_names),
    st.builds(link, sources, names),
    st.builds(lambda name: Unlink(name=name, **place), sources),
    st.builds(
        lambda name, add, remove: EditAliasesOf(name=name, add=add, remove=remove, **place),
        sources,
        some_names,
        some_names,
    ),
    st.builds(
        lambda name, add, remove: Edit(name=name, add_tags=add, remove_tags=remove, **place),
        sources,
        some_names,
        some_names,
    ),
    st.builds(lambda name: Delete(name=name, delete_aliases=True, **place), sources),
)


@settings(max_examples=60)
@given(st.lists(commands, min_size=5, max_size=40), st.integers(0, 3))
def test_a_snapshot_and_the_tail_are_the_whole_fold(history: list[Any], every: int) -> None:
    """Whatever was done: the states of a new handler, with snapshots or without, are the old one's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(states_module, "SNAPSHOT_AFTER", every * 3)
        patch.setattr(states_module, "_PAGE", 3 + every)
        world = a_world(Counting())
        world.do(link("digits:v1", "prod"))
        for command in history:
            try:
                world.do(command)
            except Refused:
                continue
        cached = world.handler._states._loaded
        resumed, folded = States(world.store), States(Plain(world.store))
        resumed.begin()
        folded.begin()
        deciders: list[Decider[Any, Any]] = [ARTIFACT, COLLECTION]
        for decider in deciders:
            for stream in {r.stream for r in world.store.read_all(limit=10_000)}:
                if not stream.startswith(f"{decider.category}-"):
                    continue
                one, other = resumed.load(decider, stream), folded.load(decider, stream)
                assert one.state == other.state == cached[stream].state
                assert one.version == other.version == cached[stream].version
