"""A registry's views in a DuckDB file, as a view store for Stemmata: `duckdb:///path`."""

from __future__ import annotations

from pathlib import Path

from stemmata_domain.errors import InvalidSetting
from stemmata_domain.ports import EventStore
from stemmata_duckdb.store import DuckViewStore

__all__ = ["DuckViewStore", "open_url"]


def open_url(url: str, *, beside: EventStore) -> DuckViewStore:
    """Open the views in the file that a URL names, making it if it is missing.

    Raises:
        InvalidSetting: The URL is malformed.
        StoreUnavailable: The file cannot be opened.
    """
    scheme, _, rest = url.partition("://")
    path = rest.removeprefix("/")
    if scheme.lower() != "duckdb" or path == rest or not path.strip("/"):
        rule = "write duckdb:///relative.db or duckdb:////absolute.db"
        raise InvalidSetting(setting="views URL", value=url, rule=rule)
    return DuckViewStore(Path(path))
