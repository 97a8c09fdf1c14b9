"""Time does not go back, and ids grow and are nobody else's."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest

from stemmata_adapters import identity
from stemmata_adapters.identity import SystemClock, TimeOrderedIds


def test_the_clock_tells_the_time_in_utc() -> None:
    before, now, after = datetime.now(UTC), SystemClock().now(), datetime.now(UTC)
    assert before <= now <= after
    assert now.utcoffset() == timedelta(0)


def test_the_clock_does_not_go_back_when_the_machines_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noon = datetime(2026, 3, 3, 12, tzinfo=UTC)
    told = iter([noon, noon - timedelta(hours=1), noon + timedelta(seconds=1)])

    class Machine(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # UTC is all it knows
            return next(told)

    clock = SystemClock()
    monkeypatch.setattr(identity, "datetime", Machine)
    assert [clock.now() for _ in range(3)] == [noon, noon, noon + timedelta(seconds=1)]


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    text = TimeOrderedIds().new()
    after = time.time_ns() // 1_000_000
    uuid = UUID(hex=text)
    assert (len(text), text) == (32, text.lower())
    assert (uuid.version, uuid.variant) == (7, RFC_4122)
    assert before <= uuid.int >> 80 <= after


def test_ids_of_one_source_grow() -> None:
    ids = TimeOrderedIds()
    made = [ids.new() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_grow_when_time_stands_still_or_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_772_539_200_000 * 1_000_000
    times = [now] * 9_000 + [now - 10**9] * 3
    told = iter(times)
    monkeypatch.setattr(identity, "time_ns", lambda: next(told))
    ids = TimeOrderedIds()
    made = [ids.new() for _ in times]
    assert made == sorted(set(made))
    assert all(UUID(hex=each).version == 7 for each in made)
    # A millisecond holds 4096; what is more takes from those that follow.
    assert {UUID(hex=each).int >> 80 for each in made} == {
        1_772_539_200_000 + extra for extra in range(3)
    }


def test_ids_of_several_threads_and_sources_are_all_different() -> None:
    shared = TimeOrderedIds()
    sources = [shared, shared, TimeOrderedIds(), TimeOrderedIds()]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda ids: [ids.new() for _ in range(3_000)], sources))
    assert len({each for some in made for each in some}) == 12_000
    assert all(some == sorted(some) for some in made)
