"""What every recorder promises that an event store stands on, by the `eventsourcing` library's own tests.

They import the library's cipher: install `eventsourcing[crypto]`. The classes are `unittest` test cases,
which pytest finds by any name that a module has for them; so import the module, not its classes:

```python
from stemmata_adapters.contracts import recorder


class TestMyRecorder(recorder.ApplicationRecorderContract):
    def make_recorder(self) -> ApplicationRecorder: ...  # a new, empty one; see addCleanup
```

- `ApplicationRecorderContract` inserts, selects, and reads while others write.
- `SubscribingRecorderContract` is the same, for a recorder that can be subscribed to.
- `AggregateRecorderContract` takes it as a recorder of single streams.
- `NonInterleavingContract` sees that the events of one insert have positions side by side.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, ApplicationRecorder, StoredEvent
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    RecorderTestCase,
)

_numbers = count()


class _OurStreams(RecorderTestCase):
    """Streams have names here, and their versions count from 0."""

    INITIAL_VERSION = 0

    def new_originator_id(self) -> UUID | str:
        """Return the name of a stream that is not there yet."""
        return f"stream-{next(_numbers)}"

    @abstractmethod
    def make_recorder(self) -> ApplicationRecorder:
        """Return a new recorder without events; what it holds open is for `addCleanup`."""


class ApplicationRecorderContract(_OurStreams, ApplicationRecorderTestCase[Any]):
    """The library's promises of an application recorder, without subscriptions."""

    def create_recorder(self) -> ApplicationRecorder:
        """Return the recorder under test."""
        return self.make_recorder()


class SubscribingRecorderContract(ApplicationRecorderContract):
    """The library's promises of an application recorder that can be subscribed to."""

    def test_insert_subscribe(self) -> None:
        """See that a subscription hands out what there is, and what comes."""
        self.optional_test_insert_subscribe()


class AggregateRecorderContract(_OurStreams, AggregateRecorderTestCase):
    """The library's promises of a recorder that tells no positions."""

    def create_recorder(self) -> AggregateRecorder:
        """Return the recorder under test, made to keep its positions to itself."""
        return _Quiet(self.make_recorder())


class NonInterleavingContract(_OurStreams, NonInterleavingNotificationIDsBaseCase):
    """The events of one insert stand side by side."""

    def create_recorder(self) -> ApplicationRecorder:
        """Return the recorder under test."""
        return self.make_recorder()


class _Quiet(AggregateRecorder):
    def __init__(self, recorder: ApplicationRecorder) -> None:
        self._recorder = recorder

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: object) -> None:
        self._recorder.insert_events(stored_events, **kwargs)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        found = self._recorder.select_events(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)
        return [StoredEvent(s.originator_id, s.originator_version, s.topic, s.state) for s in found]
