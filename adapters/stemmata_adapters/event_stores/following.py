"""What has to hold of events before a store takes them over, whatever the store.

A store asks within the transaction that inserts them, because only there its head and its streams stay
where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from stemmata_domain.errors import StoreUnavailable, WrongExpectedVersion
from stemmata_domain.ports import KeptEvent

LARGEST = 2**53 - 1
"""The largest position and version: every reader of JSON holds it exactly, every store can count on."""


def check_following(
    events: Sequence[KeptEvent],
    *,
    after: int,
    head: int,
    last_version: Callable[[str], int],
    store: str,
) -> None:
    """See that *events* follow what a store has, in its log and in each stream.

    Args:
        after: Where whoever hands them over takes the store to be.
        head: Where it is.
        last_version: Says the version of the last event of a stream in the store, `NO_STREAM` if it
            has none; asked once for each stream.
        store: How an error names it.

    Raises:
        WrongExpectedVersion: One does not follow its stream.
        StoreUnavailable: The head is elsewhere, or the positions do not grow.
    """
    if head != after:
        why = f"its last event is at position {head}, and what is to follow comes after {after}"
        raise StoreUnavailable(store=store, why=why)
    at: dict[str, int] = {}
    last = after
    for position, stream, version, _, _ in events:
        if not last < position <= LARGEST:
            why = f"position {position} cannot follow position {last}"
            raise StoreUnavailable(store=store, why=why)
        found = at.get(stream)
        actual = last_version(stream) if found is None else found
        if version != actual + 1:
            raise WrongExpectedVersion(stream=stream, expected=version - 1, actual=actual)
        at[stream] = version
        last = position
