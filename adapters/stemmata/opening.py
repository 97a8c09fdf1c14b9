"""The composition root: the one place where adapters are chosen, by URL.

================================  ==============================================================
``memory://``                     nothing is kept beyond the handle
``sqlite:///registry.db``         a file, relative to the working directory
``sqlite:////var/registry.db``    a file, by its absolute path
``file:///var/blobs``             content in a directory, by its absolute path
``blobs``                         content in a directory, relative to the working directory
================================  ==============================================================
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from stemmata.settings import settings
from stemmata.stemma import Stemma
from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.content import ContentStore
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.ports import Clock, EventStore, IdSource
from stemmata_projections.runner import Progress
from stemmata_projections.view_store import ViewStore


def open(  # the verb that every reader expects; the module keeps it from the builtin
    url: str | None = None,
    *,
    content: str | os.PathLike[str] | None = None,
    actor: str | None = None,
    entity: str | None = None,
    project: str | None = None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    progress: Progress | None = None,
) -> Stemma:
    """Open a registry, making what is missing, and return a handle on it.

    What is not given is taken from the environment (:mod:`stemmata.settings`). Without a content store
    of its own, a SQLite registry keeps content beside its file, in a directory with the same name and
    the ending `.content`.

    Args:
        actor: Who acts through this handle.
        entity: What completes names without an entity.
        project: What completes names without a project.
        progress: Called while views are brought up to the log: position reached, position of the head.

    Raises:
        InvalidSetting: A URL is malformed, or its scheme unknown.
        StorageFailed: A store cannot be opened.
    """
    found = settings()
    url = url or found.url
    place = content if content is not None else found.content
    clock, ids = clock or SystemClock(), ids or TimeOrderedIds()
    events, views, beside = _stores(url, ids)
    try:
        return Stemma(
            events=events,
            views=views,
            content=_content(beside if place is None else os.fspath(place)),
            clock=clock,
            ids=ids,
            actor=actor or found.actor,
            entity=entity or found.entity,
            project=project,
            cache_dir=found.cache_dir,
            progress=progress,
        )
    except BaseException:
        events.close()
        raise


def _stores(url: str, ids: IdSource) -> tuple[EventStore, ViewStore, str]:
    match url.partition("://")[0] if "://" in url else "":
        case "memory":
            return MemoryEventStore(ids=ids), MemoryViewStore(), "memory://"
        case "sqlite":
            path = sqlite_path(url)
            database = SqliteDatabase(path)
            try:
                events = SqliteEventStore(database, ids=ids)
            except BaseException:
                database.close()
                raise
            return events, SqliteViewStore(database), f"{path}.content"
        case _:
            rule = "use sqlite:///path/to/registry.db or memory://"
            raise InvalidSetting(setting="URL", value=url, rule=rule)


def sqlite_path(url: str) -> Path:
    """Return the file of a `sqlite:` URL: three slashes before a relative path, four before an absolute.

    Raises:
        InvalidSetting: It names a host, or no file.
    """
    _, _, rest = url.partition("://")
    if not rest.startswith("/") or rest == "/":
        rule = "use sqlite:///relative/path.db or sqlite:////absolute/path.db"
        raise InvalidSetting(setting="URL", value=url, rule=rule)
    return _at_home(unquote(rest[1:]), setting="URL", value=url)


def _content(place: str) -> ContentStore:
    if "://" not in place:
        found = _at_home(place, setting="content", value=place)
        return DiskContentStore.open(found.absolute())
    scheme, _, rest = place.partition("://")
    host, slash, path = rest.partition("/")
    match scheme:
        case "memory":
            return MemoryContentStore()
        case "file" if host in ("", "localhost") and path.strip("/"):
            return DiskContentStore.open(Path(slash + unquote(path)))
        case _:
            rule = "use file:///path/to/blobs, a plain path, or memory://"
            raise InvalidSetting(setting="content URL", value=place, rule=rule)


def _at_home(path: str, *, setting: str, value: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        rule = "there is no such user, or nobody knows where their home is"
        raise InvalidSetting(setting=setting, value=value, rule=rule) from error
