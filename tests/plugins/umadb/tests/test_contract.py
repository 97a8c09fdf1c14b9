"""The event store on UmaDB keeps the contract, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from unittest import TestCase

import pytest
import umadb
from eventsourcing.persistence import ApplicationRecorder

from stemmata_adapters.contracts import recorder
from stemmata_adapters.contracts.event_store import DurableEventStoreContract, EventStoreContract
from stemmata_adapters.contracts.handing_over import HandingOverContract
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_domain.errors import InvalidSetting, StoreUnavailable
from stemmata_domain.ports import (
    EventStore,
    KeepsCursors,
    KeepsSnapshots,
    KeptEvent,
    SerialisesWriters,
    TakesOverEvents,
    TellsOfAppends,
)
from stemmata_umadb import UmaRecorder, open_url


def opened(address: str) -> EventStore:
    return open_url(f"umadb://{address}", ids=TimeOrderedIds())


class TestUmaEventStore(EventStoreContract, DurableEventStoreContract, HandingOverContract):
    @pytest.fixture
    def opener(self, address: str) -> partial[EventStore]:
        return partial(opened, address)

    @pytest.fixture
    def store(self, opener: partial[EventStore], address: str) -> Iterator[EventStore]:
        self.client = umadb.Client(f"http://{address}")
        store = opener()
        yield store
        store.close()
        self.client.close()

    def stored_rows(self, store: EventStore) -> list[KeptEvent]:
        rows = []
        for each in self.client.read():
            of, place = sorted(each.event.tags, reverse=True)
            stream, version = of.removeprefix("stream:"), int(place.split(":", 2)[1])
            state = bytes(each.event.data)
            rows.append(KeptEvent(each.position, stream, version, each.event.event_type, state))
        return rows


def test_it_claims_no_ability_that_it_lacks(address: str) -> None:
    store: object = opened(address)
    abilities = (
        SerialisesWriters,
        KeepsSnapshots,
        TakesOverEvents,
        TellsOfAppends,
        KeepsCursors,
    )
    assert [ability for ability in abilities if isinstance(store, ability)] == []


@pytest.mark.parametrize(
    "url",
    ["umadb://", "umadb://host", "umadb://host:", "umadb://h:1/x", "umadb://u@h:1", "uma://h:1"],
)
def test_a_url_that_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match="write umadb://HOST:PORT"):
        open_url(url, ids=TimeOrderedIds())


def test_a_server_that_is_not_there_and_a_store_that_was_closed_are_told(address: str) -> None:
    store = opened(address)
    store.close()
    with pytest.raises(StoreUnavailable, match="it was closed"):
        store.head()
    with pytest.raises(StoreUnavailable, match=r"http://127\.0\.0\.1:1:"):
        open_url("umadb://127.0.0.1:1", ids=TimeOrderedIds())


# --- the recorder beneath -------------------------------------------------------------------


class OnUmaDB(TestCase):
    @pytest.fixture(autouse=True)
    def server(self, address: str) -> None:
        self.address = address

    def make_recorder(self) -> ApplicationRecorder:
        made = UmaRecorder(f"http://{self.address}")
        self.addCleanup(made.close)
        return made


class TestRecorder(OnUmaDB, recorder.SubscribingRecorderContract):
    pass


class TestAggregateRecorder(OnUmaDB, recorder.AggregateRecorderContract):
    pass


class TestDoesNotInterleave(OnUmaDB, recorder.NonInterleavingContract):
    pass
