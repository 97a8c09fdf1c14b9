"""The composition root: the one place where adapters are chosen, by URL.

================================  ==============================================================
``memory://``                     nothing is kept beyond the handle
``sqlite:///registry.db``         a file, relative to the working directory
``sqlite:////var/registry.db``    a file, by its absolute path
``postgresql://host/database``    a database; `?schema=name` where it is not `stemmata`
``postgresql://host/db``          a schema of a database, `?schema=stemmata` if none is named
``file:///var/blobs``             content in a directory, by its absolute path
``blobs``                         content in a directory, relative to the working directory
================================  ==============================================================

Packages may bring more schemes: :mod:`stemmata_adapters.schemes`.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from stemmata.settings import settings
from stemmata.stemma import GRAPH_EDGES, Stemma
from stemmata_adapters.databases.sqlite import path_of
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_adapters.schemes import (
    Storage,
    keeps_content,
    keeps_views,
    open_content_store,
    open_event_store,
    open_view_store,
    scheme_of,
)
from stemmata_domain.content import ContentStore
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.names import quoted
from stemmata_domain.ports import Clock, EventStore, IdSource
from stemmata_projections.runner import Progress
from stemmata_projections.view_store import ViewStore


def open(  # the verb that every reader expects; the module keeps it from the builtin
    url: str | Storage | None = None,
    *,
    views: str | None = None,
    content: str | os.PathLike[str] | None = None,
    actor: str | None = None,
    entity: str | None = None,
    project: str | None = None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    graph_edges: int = GRAPH_EDGES,
    progress: Progress | None = None,
) -> Stemma:
    """Open a registry, making what is missing, and return a handle on it.

    What is not given is taken from the environment (:mod:`stemmata.settings`). Without a place of their
    own, views are kept with the events, or in memory where their store keeps none. Without a content
    store of its own, a SQLite registry keeps content beside its file, in a directory with the same name
    and the ending `.content`.

    Args:
        url: Where the log is, or a host's own storage for log and views.
        views: Where the views are, if not with the log.
        actor: Who acts through this handle.
        entity: What completes names without an entity.
        project: What completes names without a project.
        graph_edges: How many edges of lineage may be kept in memory, 120 to 160 bytes each, once a
            question has gone through many of them; 0 keeps none.
        progress: Called while views are brought up to the log: position reached, position of the head.

    Raises:
        InvalidSetting: A URL is malformed, or its scheme unknown.
        StorageFailed: A store cannot be opened.
    """
    if type(graph_edges) is not int or graph_edges < 0:
        rule = "give a whole number from 0 on"
        raise InvalidSetting(setting="graph_edges", value=quoted(graph_edges), rule=rule)
    found = settings()
    url = url or found.url
    if views is not None and not isinstance(url, str):
        rule = "the storage that is handed over says where the views are"
        raise InvalidSetting(setting="views", value=views, rule=rule)
    place = os.fspath(content) if content is not None else found.content or content_of(url)
    ids = ids or TimeOrderedIds()
    with ExitStack() as stores:
        events, view_store = open_stores(url, views or found.views, ids, stores)
        content_store = open_content(place)
        stores.callback(content_store.close)
        stemma = Stemma(
            events=events,
            views=view_store,
            content=content_store,
            clock=clock or SystemClock(),
            ids=ids,
            actor=actor or found.actor,
            entity=entity or found.entity,
            project=project,
            cache_dir=found.cache_dir,
            graph_edges=graph_edges,
            progress=progress,
        )
        # From here on the handle closes them.
        stores.pop_all()
        return stemma


def open_stores(
    url: str | Storage, views: str | None, ids: IdSource, stores: ExitStack
) -> tuple[EventStore, ViewStore]:
    """Open log and views, and have them closed with *stores*.

    Raises:
        InvalidSetting: A URL is malformed, or its scheme unknown.
        StorageFailed: One cannot be opened.
    """
    if isinstance(url, str):
        events = open_event_store(url, ids=ids)
        stores.callback(events.close)
        view_store = open_view_store(views or _views_of(url), beside=events)
    else:
        events, view_store = url.open(ids=ids)
        stores.callback(events.close)
    stores.callback(view_store.close)
    return events, view_store


def _views_of(url: str) -> str:
    return url if keeps_views(url) else "memory://"


def is_founded(url: str) -> bool:
    """Tell whether there is anything where a URL points, without making it.

    Of a store of another package this is not known, and taken to be so.

    Raises:
        InvalidSetting: The URL is malformed.
        StorageFailed: The store cannot be reached.
    """
    match scheme_of(url):
        case "sqlite":
            return path_of(url).exists()
        case "postgresql" | "postgres":
            from stemmata_adapters.event_stores import postgresql

            return postgresql.is_founded(url)
        case _:
            return True


def content_of(url: str | Storage) -> str:
    """Return where the content of a registry is kept if nobody says.

    Raises:
        InvalidSetting: It does not follow from the URL.
    """
    match scheme_of(url) if isinstance(url, str) else None:
        case "sqlite":
            return f"{path_of(str(url))}.content"
        case "memory":
            return "memory://"
        case scheme:
            if scheme and isinstance(url, str) and keeps_content(url):
                return url
            where = f"{scheme}:// has no place for it; " if scheme else ""
            rule = (
                f"{where}say where content is kept: content=... or STEMMATA_CONTENT, "
                "such as file:///var/blobs"
            )
            raise InvalidSetting(setting="content", value="", rule=rule)


def open_content(place: str) -> ContentStore:
    """Open the content store at a URL or in a folder, making it if it is missing.

    Raises:
        InvalidSetting: The URL is malformed, or its scheme unknown.
        StorageFailed: The store cannot be opened.
    """
    if "://" in place:
        return open_content_store(place)
    try:
        folder = Path(place).expanduser().absolute()
    except RuntimeError as error:
        rule = "there is no such user, or nobody knows where their home is"
        raise InvalidSetting(setting="content", value=place, rule=rule) from error
    return open_content_store(folder.as_uri())
