"""Following a registry: what happened, and what happens from now on, event by event."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.popo import POPOApplicationRecorder

import stemmata
from stemmata.stemma import Stemma
from stemmata.subscriptions.delivery import Delivery
from stemmata.subscriptions.subscription import Subscription
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.event_stores.recorder import RecorderEventStore
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_domain.errors import (
    AbilityMissing,
    EventUnreadable,
    HandlingFailed,
    InvalidMoment,
    InvalidSetting,
)
from stemmata_domain.recorded import RecordedEvent
from tests.stories.busy_registry import DIGITS, log

PATIENCE = 30.0


@pytest.fixture(params=["memory", "sqlite", "sqlite log, views in memory", "postgresql"])
def stemma(request: pytest.FixtureRequest, acme: Path) -> Iterator[Stemma]:
    """A handle on a registry with an organization and a version."""
    url, views = (f"sqlite:///{acme / 'registry.db'}", None)
    if request.param == "memory":
        url = "memory://"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    if "views" in request.param:
        views = "memory://"
    with stemmata.open(url, views=views, actor="ada", entity="vision") as stemma:
        if not url.startswith("sqlite:"):
            stemma.organize("Acme Inc", entity="acme", teams=["vision"], people=["ada", "bob"])
        log(stemma, "first")
        yield stemma


def link(stemma: Stemma, content: str, *aliases: str) -> None:
    stemma.link(log(stemma, content), DIGITS, aliases=aliases)


def now(stemma: Stemma, **options: Any) -> list[int]:
    """The positions of what there is now, for a subscriber."""
    with stemma.subscribe(timeout=0, **options) as events:
        return [event.position for event in events]


def every(stemma: Stemma) -> list[int]:
    return [event.position for event in stemma.replay()]


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


# --- one after the other --------------------------------------------------------------------


def test_what_there_is_comes_first_and_then_what_is_appended(stemma: Stemma) -> None:
    found: list[RecordedEvent] = []
    with ThreadPoolExecutor(1) as pool, stemma.subscribe(after=0) as events:
        before = stemma.position()
        for event in events:
            found.append(event)
            if event.position == before:
                pool.submit(link, stemma, "second", "production")
            if event.event.topic == "AliasAdded" and len(found) > before + 3:
                break
    assert found == list(stemma.replay())[: len(found)]
    assert found[-1].position > before


def test_it_begins_after_a_position_and_may_be_of_some_kinds(stemma: Stemma) -> None:
    link(stemma, "second", "production")
    everything = list(stemma.replay())
    assert now(stemma) == every(stemma)
    assert now(stemma, after=5) == every(stemma)[5:]
    added = [event.position for event in everything if event.event.topic == "AliasAdded"]
    assert now(stemma, kinds="AliasAdded") == added
    with stemma.subscribe(timeout=0, kinds=["VersionLinked"]) as events:
        list(events)
        assert events.position == stemma.position()


def test_it_may_end_at_the_head_and_be_asked_again_later(stemma: Stemma) -> None:
    with stemma.subscribe(timeout=0) as events:
        assert [event.position for event in events] == every(stemma)
        assert list(events) == []
        before = stemma.position()
        link(stemma, "second")
        assert [event.position for event in events] == every(stemma)[before:]


def test_it_ends_when_nothing_has_come_for_a_while(stemma: Stemma) -> None:
    before = time.monotonic()
    with stemma.subscribe(after=stemma.position(), timeout=0.2) as events:
        assert list(events) == []
    assert 0.2 <= time.monotonic() - before < PATIENCE


def test_closing_from_another_thread_ends_it(stemma: Stemma) -> None:
    with stemma.subscribe(after=stemma.position()) as events:
        closing = threading.Timer(0.1, events.close)
        closing.start()
        spent = time.thread_time()
        assert list(events) == []
        assert time.thread_time() - spent < 0.1  # it slept
        closing.join()
    assert list(events) == []


def test_closing_the_handle_ends_it_wherever_it_is(stemma: Stemma) -> None:
    events = stemma.subscribe(name="billing")
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(lambda: [event.position for event in events])
        until(lambda: events.position >= 1)
        expected = every(stemma)
        stemma.close()
        assert reading.result(PATIENCE) == expected


INTERRUPTED = """
import signal, stemmata
with stemmata.open() as stemma, stemma.subscribe(name="billing") as events:
    signal.signal(signal.SIGTERM, lambda *_: events.close())
    for event in events:
        print(event.position, flush=True)
print("closed", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_handler_may_close_it(acme: Path) -> None:
    with stemmata.open() as stemma:
        expected = every(stemma)
        program = [sys.executable, "-c", INTERRUPTED]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert [int(process.stdout.readline()) for _ in expected] == expected
            os.kill(process.pid, signal.SIGTERM)
            assert process.stdout.readline() == "closed\n"
            assert process.wait(PATIENCE) == 0
        assert stemma.cursors() == {"billing": expected[-1]}


def test_what_an_event_changed_is_shown_already(stemma: Stemma) -> None:
    """Also where views are kept apart from the log, and somebody else writes."""
    with ThreadPoolExecutor(1) as pool, stemma.subscribe(after=stemma.position()) as events:

        def work() -> None:
            for n in range(10):
                link(stemma, f"n {n}", "production")

        working = pool.submit(work)
        seen = 0
        for event in events:
            if event.event.topic == "VersionLinked":
                shown = stemma.versions(DIGITS)
                assert len(shown) > seen
                seen += 1
                if seen == 10:
                    break
        working.result(PATIENCE)


def test_events_that_this_release_cannot_read_stop_it(acme: Path) -> None:
    path = acme / "registry.db"
    with stemmata.open() as stemma:
        positions = every(stemma)
        with sqlite3.connect(path) as raw:
            raw.execute("UPDATE event SET topic = 'TeamDissolved' WHERE position = 7")
        raw.close()
        found = []
        with stemma.subscribe(name="billing") as events:
            for _ in range(2):
                with pytest.raises(EventUnreadable) as raised:
                    found += [event.position for event in iter(events.__next__, None)]
                assert (raised.value.position, events.position) == (7, 6)
        assert stemma.cursors() == {"billing": 6}
        handled: list[int] = []
        delivery = stemma.subscribe(callback=lambda event: handled.append(event.position))
        assert delivery.wait(PATIENCE)
        assert isinstance(delivery.failure, EventUnreadable)
        assert handled == positions[:6]
        with pytest.raises(EventUnreadable):
            delivery.close()


# --- names ----------------------------------------------------------------------------------


def test_a_name_goes_on_where_it_left_off(stemma: Stemma) -> None:
    expected = every(stemma)
    assert now(stemma, name="billing") == expected
    assert stemma.cursors() == {"billing": expected[-1]}
    assert now(stemma, name="billing") == []
    link(stemma, "second")
    assert now(stemma, name="billing", after=3) == every(stemma)[len(expected) :]
    assert now(stemma, name="other") == every(stemma)


def test_a_new_name_is_remembered_from_the_moment_it_subscribes(stemma: Stemma) -> None:
    start = stemma.position()
    stemma.subscribe(name="billing", after=start).close()
    link(stemma, "second")
    assert now(stemma, name="billing", after=stemma.position()) == every(stemma)[start:]


def test_an_event_counts_as_handled_when_the_next_one_is_asked_for(stemma: Stemma) -> None:
    with stemma.subscribe(name="billing") as events:
        for event in events:
            if event.position == 5:
                break
        assert events.position == 4
    assert stemma.cursors() == {"billing": 4}
    assert now(stemma, name="billing")[0] == 5


def test_leaving_by_an_error_repeats_the_event_that_it_came_of(stemma: Stemma) -> None:
    def fail() -> None:
        with stemma.subscribe(name="billing") as events:
            for event in events:
                if event.position == 5:
                    raise RuntimeError

    for _ in range(2):
        with pytest.raises(RuntimeError):
            fail()
        assert stemma.cursors() == {"billing": 4}


def test_the_position_is_saved_after_so_many_events(stemma: Stemma) -> None:
    with stemma.subscribe(name="billing", save_every=3, timeout=0) as events:
        saved = [stemma.cursors()["billing"] for _ in events]
    assert saved == [(n // 3) * 3 for n in range(len(saved))]


def test_the_position_is_saved_after_a_while_without_events(stemma: Stemma) -> None:
    with ThreadPoolExecutor(1) as pool, stemma.subscribe(name="billing") as events:
        reading = pool.submit(list, events)
        until(lambda: stemma.cursors()["billing"] == stemma.position())
        events.close()
        reading.result(PATIENCE)


def test_events_of_other_kinds_are_not_read_again(stemma: Stemma) -> None:
    assert now(stemma, name="billing", kinds="VersionLinked") == []
    assert stemma.cursors() == {"billing": stemma.position()}


def test_a_cursor_may_be_forgotten(stemma: Stemma) -> None:
    expected = now(stemma, name="billing")
    stemma.drop_cursor("billing")
    stemma.drop_cursor("billing")
    assert stemma.cursors() == {}
    assert now(stemma, name="billing") == expected


def test_a_handle_refuses_a_second_subscription_of_an_open_name(stemma: Stemma) -> None:
    with stemma.subscribe(name="billing"):
        for other in (stemma, stemma.within(actor="bob")):
            with pytest.raises(InvalidSetting, match="'billing': this handle has one of that name"):
                other.subscribe(name="billing")
        stemma.subscribe(name="other").close()
        stemma.subscribe().close()
    stemma.subscribe(name="billing").close()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"after": -1}, "position of the log"),
        ({"after": "3"}, "position of the log"),
        ({"kinds": "Nonsense"}, "the kinds of events are"),
        ({"timeout": -1}, "number of seconds"),
        ({"timeout": True}, "number of seconds"),
        ({"timeout": float("nan")}, "number of seconds"),
        ({"save_every": 0}, "whole number"),
        ({"attempts": 0, "callback": print}, "whole number"),
        ({"name": ""}, "cannot be empty"),
        ({"name": "\ud800"}, "Unicode"),
        ({"name": 3}, "must be text"),
    ],
)
def test_what_cannot_be_is_refused(acme: Path, options: dict[str, object], told: str) -> None:
    with stemmata.open() as stemma:
        with pytest.raises(InvalidSetting, match=told):
            stemma.subscribe(**options)  # type: ignore[call-overload] # what a caller may try
        assert stemma.cursors() == {}


def test_who_would_begin_beyond_the_head_is_refused(stemma: Stemma) -> None:
    """A position of another log, or of this one before it was restored from a copy."""
    head = stemma.position()
    for name in (None, "billing"):
        with pytest.raises(InvalidMoment, match=f"the log has come to position {head};"):
            stemma.subscribe(name=name, after=head + 1)
    assert stemma.cursors() == {}


# --- a function that is called --------------------------------------------------------------


def test_a_function_is_called_with_each_event_on_a_thread_of_its_own(stemma: Stemma) -> None:
    handled: list[tuple[int, bool]] = []
    mine = threading.get_ident()

    def handle(event: RecordedEvent) -> None:
        handled.append((event.position, threading.get_ident() == mine))

    with stemma.subscribe(callback=handle, name="billing") as delivery:
        assert (delivery.name, delivery.is_running) == ("billing", True)
        link(stemma, "second", "production")
        until(lambda: len(handled) == stemma.position())
    assert handled == [(position, False) for position in every(stemma)]
    assert not delivery.is_running
    assert stemma.cursors() == {"billing": stemma.position()}
    assert delivery.failure is None


def test_what_it_raises_is_tried_again_and_told(stemma: Stemma) -> None:
    handled: list[int] = []
    told: list[tuple[str, int, int]] = []
    failing = iter([5, 5, 9])
    fails = next(failing)

    def handle(event: RecordedEvent) -> None:
        nonlocal fails
        if event.position == fails:
            fails = next(failing, 0)
            raise OSError("away")
        handled.append(event.position)

    with stemma.subscribe(
        callback=handle, timeout=0, on_error=lambda e, r, n: told.append((str(e), r.position, n))
    ) as delivery:
        assert delivery.wait(PATIENCE)
    assert handled == every(stemma)
    assert told == [("away", 5, 1), ("away", 5, 2), ("away", 9, 1)]


def test_what_cannot_be_handled_stops_it_and_is_never_passed_over(
    stemma: Stemma, caplog: pytest.LogCaptureFixture
) -> None:
    handled: list[int] = []
    broken = True

    def handle(event: RecordedEvent) -> None:
        if broken and event.position == 6:
            raise OSError("away")
        handled.append(event.position)

    delivery = stemma.subscribe(callback=handle, name="billing", attempts=3)
    assert delivery.wait(PATIENCE)
    assert handled == every(stemma)[:5]
    assert stemma.cursors() == {"billing": 5}
    assert isinstance(delivery.failure, HandlingFailed)
    assert isinstance(delivery.failure.__cause__, OSError)
    assert "'billing' stopped after position 5" in caplog.text
    with pytest.raises(HandlingFailed, match="at position 6 in 3 attempts") as raised:
        delivery.close()
    assert (raised.value.subscription, raised.value.position) == ("billing", 6)
    delivery.close()
    broken = False
    with stemma.subscribe(callback=handle, name="billing", timeout=0) as delivery:
        assert delivery.wait(PATIENCE)
    assert handled == every(stemma)


def test_leaving_the_block_tells_of_a_failure(stemma: Stemma) -> None:
    def handle(_: RecordedEvent) -> None:
        raise SystemExit(3)

    def run() -> None:
        with stemma.subscribe(callback=handle) as delivery:
            delivery.wait(PATIENCE)

    with pytest.raises(SystemExit):
        run()


def test_closing_does_not_wait_for_the_pause_before_the_next_attempt(stemma: Stemma) -> None:
    failing = threading.Event()

    def handle(_: RecordedEvent) -> None:
        failing.set()
        raise OSError("away")

    delivery = stemma.subscribe(callback=handle, name="billing", attempts=1_000)
    assert failing.wait(PATIENCE)
    time.sleep(0.5)
    before = time.monotonic()
    delivery.close()
    assert time.monotonic() - before < PATIENCE / 10
    assert (delivery.failure, stemma.cursors()) == (None, {"billing": 0})


def test_the_function_may_close_it_and_write(stemma: Stemma) -> None:
    ready = threading.Event()
    deliveries: list[Delivery] = []

    def handle(event: RecordedEvent) -> None:
        ready.wait(PATIENCE)
        if event.position == 4:
            link(stemma, "by the subscriber")
            deliveries[0].close()

    deliveries.append(stemma.subscribe(callback=handle, name="billing"))
    ready.set()
    assert deliveries[0].wait(PATIENCE)
    assert stemma.cursors() == {"billing": 4}


def test_closing_the_handle_waits_for_the_event_that_is_handled(acme: Path) -> None:
    begun, handled = threading.Event(), []

    def handle(event: RecordedEvent) -> None:
        begun.set()
        time.sleep(0.1)
        handled.append(event.position)

    with stemmata.open() as stemma:
        stemma.subscribe(callback=handle, name="billing")
        assert begun.wait(PATIENCE)
    with stemmata.open() as stemma:
        assert stemma.cursors() == {"billing": handled[-1]}


# --- stores that can do less ----------------------------------------------------------------


def test_a_store_without_the_abilities_is_polled_and_refuses_names(tmp_path: Path) -> None:
    ids = TimeOrderedIds()
    with Stemma(
        events=RecorderEventStore(POPOApplicationRecorder(), ids=ids),
        views=MemoryViewStore(),
        content=MemoryContentStore(),
        clock=SystemClock(),
        ids=ids,
        actor="ada",
        entity="vision",
        cache_dir=tmp_path,
    ) as stemma:
        stemma.organize("Acme Inc", entity="acme", teams=["vision"], people=["ada"])
        uses = (
            lambda: stemma.subscribe(name="billing"),
            stemma.cursors,
            lambda: stemma.drop_cursor("billing"),
        )
        for use in uses:
            with pytest.raises(AbilityMissing, match="event store cannot keep cursors"):
                use()
        handled: list[int] = []
        spent = time.process_time()
        with stemma.subscribe(callback=lambda event: handled.append(event.position)):
            until(lambda: len(handled) == stemma.position())
            log(stemma, "later")
            until(lambda: len(handled) == stemma.position())
            time.sleep(0.3)
        assert time.process_time() - spent < PATIENCE / 10
        assert handled == every(stemma)


def test_both_forms_are_what_they_are_called(stemma: Stemma) -> None:
    with stemma.subscribe() as events, stemma.subscribe(callback=lambda _: None) as delivery:
        assert isinstance(events, Subscription)
        assert isinstance(delivery, Delivery)
