"""What every adapter of a port promises, as test classes to subclass; they need pytest.

An event store:

- `event_store.EventStoreContract`: every one. Needs a fixture `store`, and `stored_rows`.
- `event_store.TurnTakingContract`: one with `SerialisesWriters`.
- `event_store.SnapshotContract`: one with `KeepsSnapshots`.
- `event_store.DurableEventStoreContract`: one whose events outlive the process. Needs `opener` too.
- `handing_over.HandingOverContract`: one with `HandsOverEvents`.
- `handing_over.TakingOverContract`, in place of the former: one with `TakesOverEvents`.
- `handing_over.ToldTakingOverContract`: one with `TakesOverEvents` and `TellsOfAppends`.
- `handing_over.DurableTakingOverContract`: the same, whose events outlive the process. Needs `opener`.
- `watching.WatchContract`: one with `TellsOfAppends`; `watching.DurableWatchContract` too, if other
  processes may append. The latter needs `opener`.
- `watching.CursorContract`: one with `KeepsCursors`; `watching.DurableCursorContract` too, if they
  outlive the process. Need `stored_cursors`, the latter `opener` too.
- `recorder.ApplicationRecorderContract`, `recorder.SubscribingRecorderContract`,
  `recorder.AggregateRecorderContract`, `recorder.NonInterleavingContract`: a recorder of the
  `eventsourcing` library that an event store stands on. Needs `make_recorder`.

A view store:

- `view_store.ViewStoreContract`: every one. Needs a fixture `store`, and `stored_rows`.
- `view_store.InlineViewStoreContract`: one with `SharesTransactions`. Needs `events` too.
- `view_store.DurableViewStoreContract`: one whose views outlive the process. Needs `opener` too.
- `rebuilding_view_store.RebuildingViewStoreContract`: one with `RebuildsBeside`. Needs `opener` too.

A content store:

- `content_store.ContentStoreContract`: every one. Needs `store`, `stored_bytes` and `corrupt`.

`view_questions.ViewQuestionsContract` and `view_contents.ViewContentsContract` are parts of
`ViewStoreContract`. What reads the medium past the store keeps a store from vouching for itself.
"""

from pkgutil import iter_modules

import pytest

# So that a promise that is broken shows the values, as in a test of one's own.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
