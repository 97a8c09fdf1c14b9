"""Which adapter a URL means: ours by their names, others' through entry points.

A package that brings an adapter registers a scheme in one or more of these groups, each with a callable
of the shape beside it:

============================  =========================
``stemmata.event_stores``     :class:`OpensEventStore`
``stemmata.view_stores``      :class:`OpensViewStore`
``stemmata.content_stores``   :class:`OpensContentStore`
============================  =========================

- An adapter is imported when its scheme is first asked for; what is installed is looked through only
  for a scheme that is not ours.
- Nobody can take over a scheme of ours. Of two packages that bring one scheme neither is chosen.
- What another package opens is looked at, and its own errors come out as `AdapterBroken`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple, Protocol, cast

from stemmata_domain.content import ContentStore
from stemmata_domain.errors import AdapterBroken, InvalidSetting, StemmataError
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


def scheme_of(url: str) -> str:
    """Return the scheme of a URL, in lower case; nothing if there is none."""
    return url.partition("://")[0].lower() if "://" in url else ""


def without_password(url: str) -> str:
    """Return a URL as it may be shown: with stars in the place of a password."""
    shown = re.sub(r"(?<=://)([^:/?#]*):.*@", r"\1:***@", url)
    return re.sub(r"(?i)(password=)[^&#]*", r"\1***", shown)


def open_event_store(url: str, *, ids: IdSource) -> EventStore:
    """Open the event store at *url*.

    Raises:
        InvalidSetting: The scheme is unknown or two packages bring it, or the URL is malformed.
        StorageFailed: The store cannot be opened, or the package that brings it is broken.
    """
    return cast("EventStore", _EVENT_STORES.open(url, ids=ids))


def open_view_store(url: str, *, beside: EventStore) -> ViewStore:
    """Open the view store at *url*, for views of the events in *beside*.

    Raises:
        InvalidSetting: The scheme is unknown or two packages bring it, or the URL is malformed.
        StorageFailed: The store cannot be opened, or the package that brings it is broken.
    """
    return cast("ViewStore", _VIEW_STORES.open(url, beside=beside))


def open_content_store(url: str) -> ContentStore:
    """Open the content store at *url*.

    Raises:
        InvalidSetting: The scheme is unknown or two packages bring it, or the URL is malformed.
        StorageFailed: The store cannot be opened, or the package that brings it is broken.
    """
    return cast("ContentStore", _CONTENT_STORES.open(url))


def keeps_views(url: str) -> bool:
    """Tell whether there is a view store for the scheme of *url*."""
    return _VIEW_STORES.knows(url)


def keeps_content(url: str) -> bool:
    """Tell whether there is a content store for the scheme of *url*."""
    return _CONTENT_STORES.knows(url)


class _Schemes(NamedTuple):
    """The adapters of one port.

    Attributes:
        setting: What a URL for them is called in a refusal.
        ours: Where the opener of each scheme of ours is, as `module:function`.
    """

    port: object
    setting: str
    group: str
    ours: Mapping[str, str]

    def knows(self, url: str) -> bool:
        scheme = scheme_of(url)
        return scheme in self.ours or any(self._theirs(scheme))

    def open(self, url: str, **needed: object) -> object:
        scheme = scheme_of(url)
        # Ours first: nobody can take them over, and to look through all that is installed takes
        # longer than to open a registry.
        if scheme in self.ours:
            module, _, name = self.ours[scheme].partition(":")
            opener: Callable[..., object] = getattr(import_module(module), name)
            return opener(url, **needed)
        match list(self._theirs(scheme)):
            case []:
                rule = self._what_there_is()
                raise InvalidSetting(setting=self.setting, value=without_password(url), rule=rule)
            case [only]:
                return self._open_theirs(only, url, needed)
            case several:
                packages = " and ".join(sorted(repr(_package(each)) for each in several))
                rule = (
                    f"the packages {packages} each bring an adapter for it; uninstall all but one"
                )
                raise InvalidSetting(setting=self.setting, value=without_password(url), rule=rule)

    def _theirs(self, scheme: str) -> Iterator[EntryPoint]:
        return (each for each in entry_points(group=self.group) if each.name.lower() == scheme)

    def _what_there_is(self) -> str:
        names = {*self.ours, *(each.name.lower() for each in entry_points(group=self.group))}
        known = ", ".join(f"{scheme}://" for scheme in sorted(names))
        return f"no adapter that is installed has this scheme; there are {known}"

    def _open_theirs(self, entry: EntryPoint, url: str, needed: Mapping[str, object]) -> object:
        try:
            opener: object = entry.load()
        except Exception as error:
            why = f"{entry.value} cannot be imported ({type(error).__name__}: {error})"
            raise _broken(entry, why) from error
        if not callable(opener):
            raise _broken(entry, f"{entry.value} cannot be called")
        try:
            store: object = opener(url, **needed)
        except StemmataError:
            raise
        except Exception as error:
            why = f"{without_password(url)} cannot be opened ({type(error).__name__}: {error})"
            raise _broken(entry, why) from error
        lacking = [
            name
            for name in vars(self.port)
            if not name.startswith("_") and not callable(getattr(store, name, None))
        ]
        if lacking:
            kind = f"no store for the group {self.group}: it has no {', '.join(lacking)}"
            raise _broken(entry, f"what {entry.value} returns is {kind}")
        return store


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module


def _broken(entry: EntryPoint, why: str) -> AdapterBroken:
    return AdapterBroken(scheme=entry.name.lower(), package=_package(entry), why=why)


_EVENT_STORES = _Schemes(
    EventStore,
    "URL",
    "stemmata.event_stores",
    {
        "memory": "stemmata_adapters.event_stores.memory:open_url",
        "postgres": "stemmata_adapters.event_stores.postgresql:open_url",
        "postgresql": "stemmata_adapters.event_stores.postgresql:open_url",
        "sqlite": "stemmata_adapters.event_stores.sqlite:open_url",
    },
)
_VIEW_STORES = _Schemes(
    ViewStore,
    "views URL",
    "stemmata.view_stores",
    {
        "memory": "stemmata_adapters.view_stores.memory:open_url",
        "postgres": "stemmata_adapters.view_stores.postgresql:open_url",
        "postgresql": "stemmata_adapters.view_stores.postgresql:open_url",
        "sqlite": "stemmata_adapters.view_stores.sqlite:open_url",
    },
)
_CONTENT_STORES = _Schemes(
    ContentStore,
    "content URL",
    "stemmata.content_stores",
    {
        "file": "stemmata_adapters.content_stores.disk:open_url",
        "memory": "stemmata_adapters.content_stores.memory:open_url",
    },
)
