"""Opens what moves: stores by their URLs, and only those that are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from stemmata.moving.filling import Source, Target, source_in, target_in
from stemmata.moving.telling import TellsProgress
from stemmata.opening import content_of, is_founded, open_content, open_stores
from stemmata.stemma import PROJECTIONS
from stemmata_adapters.databases.sqlite import path_of
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.local_files import path_in_url
from stemmata_adapters.schemes import open_event_store, scheme_of, without_password
from stemmata_domain.content import ContentStore
from stemmata_domain.errors import InvalidSetting, StemmataError, StoreUnavailable
from stemmata_domain.long_streams import LongStreams
from stemmata_projections.runner import Runner


@contextmanager
def opened_source(url: str) -> Iterator[Source]:
    """Open the log at *url*, which has to exist, to read it.

    Raises:
        InvalidSetting: The URL is malformed, or its scheme unknown.
        StorageFailed: It cannot be opened, or its store cannot hand over events.
    """
    with _understood(url):
        if not is_founded(url):
            where = str(path_of(url)) if scheme_of(url) == "sqlite" else without_password(url)
            raise StoreUnavailable(store=where, why="there is no registry here")
        store = open_event_store(url, ids=TimeOrderedIds())
    with closing(store):
        yield source_in(store, named=without_password(url))


@contextmanager
def opened_target(url: str) -> Iterator[Target]:
    """Open the log at *url*, making it if it is missing, to fill it.

    Raises:
        InvalidSetting: The URL is malformed, or its scheme unknown.
        StorageFailed: It cannot be opened, or its store cannot take over events.
    """
    _check_kept("URL", url)
    with _understood(url):
        store = open_event_store(url, ids=TimeOrderedIds())
    with closing(store):
        yield target_in(store, named=without_password(url))


def source_content_of(url: str, place: str | None) -> str:
    """Return where the content of the registry at *url* is; *place* is what was said of it.

    Raises:
        InvalidSetting: Nothing was said, and it does not follow.
        StoreUnavailable: There is no such folder.
    """
    with _understood(place or url):
        if place is None:
            beside = _beside(url, "content of the source")
            # A registry that never stored a file has no folder, and shall not get one for being read.
            return beside if _is_there(beside) else "memory://"
        if not _is_there(place):
            raise StoreUnavailable(store=place, why="there is no content here")
        return place


def _is_there(place: str) -> bool:
    if "://" not in place:
        return Path(place).expanduser().exists()
    url = urlsplit(place)
    return url.scheme != "file" or path_in_url(url.path).exists()


def target_content_of(url: str, place: str | None) -> str:
    """Return where content shall be that is to last.

    Raises:
        InvalidSetting: Nothing was said, and it does not follow; or it would not last.
    """
    found = place or _beside(url, "content of the target")
    _check_kept("content URL", found)
    return found


def _beside(url: str, setting: str) -> str:
    try:
        return content_of(url)
    except InvalidSetting as error:
        rule = f"it does not follow from {without_password(url)}; say where it is, such as file:///srv/blobs"
        raise InvalidSetting(setting=setting, value="", rule=rule) from error


def _check_kept(setting: str, url: str) -> None:
    if scheme_of(url) == "memory":
        rule = "what is in memory is gone with this process; name a place that stays"
        raise InvalidSetting(setting=setting, value=without_password(url), rule=rule)


def opened_content(place: str) -> closing[ContentStore]:
    """Open a content store, to be closed when the block ends."""
    with _understood(place):
        return closing(open_content(place))


def make_ready(url: str, views: str | None, long: LongStreams, telling: TellsProgress) -> None:
    """Let views and snapshots of a log that was filled follow it, so that it opens quickly.

    Args:
        long: The streams of the log that are worth a snapshot.

    Raises:
        InvalidSetting: The URL of the views is malformed, or its scheme unknown.
        StorageFailed: They cannot be opened or written.
    """
    with ExitStack() as stores:
        events, view_store = open_stores(url, views, TimeOrderedIds(), stores)
        runner = Runner(events, view_store, PROJECTIONS)
        runner.catch_up(progress=telling.events("Bringing views up to date"))
        if long.last:
            long.keep_snapshots(events, progress=telling.events("Keeping snapshots"))


@contextmanager
def _understood(url: str) -> Iterator[None]:
    """Raise as a refusal what the standard library makes of addresses like `file://[`."""
    try:
        yield
    except StemmataError:
        raise
    except (ValueError, RuntimeError) as error:
        raise InvalidSetting(setting="URL", value=without_password(url), rule=str(error)) from error
