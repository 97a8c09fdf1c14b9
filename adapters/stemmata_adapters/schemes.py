"""Which adapter a URL means: ours by their names, others' through entry points.

A package that brings an adapter registers a scheme in one or more of these groups, each with a callable
of the shape beside it:

============================  =========================
``stemmata.event_stores``     :class:`OpensEventStore`
``stemmata.view_stores``      :class:`OpensViewStore`
``stemmata.content_stores``   :class:`OpensContentStore`
============================  =========================

An adapter is imported when its scheme is first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Protocol, cast

from stemmata_domain.content import ContentStore
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.ports import EventStore, IdSource
from stemmata_projections.view_store import ViewStore


class OpensEventStore(Protocol):
    """Opens the event store that a URL names, making what is missing."""

    def __call__(self, url: str, *, ids: IdSource) -> EventStore:
        """Return the store.

        Raises:
            InvalidSetting: The URL is malformed.
            StorageFailed: The store cannot be opened.
        """
        ...


class OpensViewStore(Protocol):
    """Opens the view store that a URL names, making what is missing."""

    def __call__(self, url: str, *, beside: EventStore) -> ViewStore:
        """Return the store; where it can, it shares transactions with the event store that is open.

        Raises:
            InvalidSetting: The URL is malformed.
            StorageFailed: The store cannot be opened.
        """
        ...


class OpensContentStore(Protocol):
    """Opens the content store that a URL names, making what is missing."""

    def __call__(self, url: str) -> ContentStore:
        """Return the store.

        Raises:
            InvalidSetting: The URL is malformed.
            StorageFailed: The store cannot be opened.
        """
        ...


class Storage(Protocol):
    """What a host hands over in place of a URL: how to open its log and its views."""

    def open(self, *, ids: IdSource) -> tuple[EventStore, ViewStore]:
        """Return the two stores.

        Raises:
            StorageFailed: One cannot be opened.
        """
        ...


_EVENT_STORES = {
    "memory": "stemmata_adapters.event_stores.memory:open_url",
    "postgresql": "stemmata_adapters.event_stores.postgresql:open_url",
    "sqlite": "stemmata_adapters.event_stores.sqlite:open_url",
}
_VIEW_STORES = {
    "memory": "stemmata_adapters.view_stores.memory:open_url",
    "postgresql": "stemmata_adapters.view_stores.postgresql:open_url",
    "sqlite": "stemmata_adapters.view_stores.sqlite:open_url",
}
_CONTENT_STORES = {
    "file": "stemmata_adapters.content_stores.disk:open_url",
    "memory": "stemmata_adapters.content_stores.memory:open_url",
}


def scheme_of(url: str) -> str:
    """Return the scheme of a URL, in lower case; nothing if there is none."""
    return url.partition("://")[0].lower() if "://" in url else ""


def open_event_store(url: str, *, ids: IdSource) -> EventStore:
    """Open the event store at *url*.

    Raises:
        InvalidSetting: The scheme is unknown, or the URL malformed.
        StorageFailed: The store cannot be opened.
    """
    found = _adapter(url, "URL", "stemmata.event_stores", _EVENT_STORES)
    return cast("OpensEventStore", found)(url, ids=ids)


def keeps_views(url: str) -> bool:
    """Tell whether a view store has the scheme of *url*."""
    return _known(scheme_of(url), "stemmata.view_stores", _VIEW_STORES) is not None


def open_view_store(url: str, *, beside: EventStore) -> ViewStore:
    """Open the view store at *url*, for views of the events in *beside*.

    Raises:
        InvalidSetting: The scheme is unknown, or the URL malformed.
        StorageFailed: The store cannot be opened.
    """
    found = _adapter(url, "views URL", "stemmata.view_stores", _VIEW_STORES)
    return cast("OpensViewStore", found)(url, beside=beside)


def open_content_store(url: str) -> ContentStore:
    """Open the content store at *url*.

    Raises:
        InvalidSetting: The scheme is unknown, or the URL malformed.
        StorageFailed: The store cannot be opened.
    """
    found = _adapter(url, "content URL", "stemmata.content_stores", _CONTENT_STORES)
    return cast("OpensContentStore", found)(url)


def _adapter(url: str, setting: str, group: str, ours: Mapping[str, str]) -> object:
    found = _known(scheme_of(url), group, ours)
    if found is None:
        installed = {each.name for each in entry_points(group=group)}
        known = ", ".join(f"{scheme}://" for scheme in sorted({*ours, *installed}))
        rule = f"no adapter has this scheme; there are {known}"
        raise InvalidSetting(setting=setting, value=url, rule=rule)
    return found


def _known(scheme: str, group: str, ours: Mapping[str, str]) -> object | None:
    # Ours first: to look through all that is installed takes longer than to open a registry.
    if scheme in ours:
        module, _, name = ours[scheme].partition(":")
        found: object = getattr(import_module(module), name)
        return found
    for each in entry_points(group=group, name=scheme) if scheme else ():
        loaded: object = each.load()
        return loaded
    return None
