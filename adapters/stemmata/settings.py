"""What the environment says: the only place of the library that reads it.

========================  ====================================================================
``STEMMATA_URL``          event store and views: `sqlite:///path`, `postgresql://…`, …
``STEMMATA_VIEWS``        views, if they are not to be with the events
``STEMMATA_CONTENT``      content store: a folder, `file:///path`, …
``STEMMATA_ACTOR``        who acts; the login name where it is not set
``STEMMATA_ENTITY``       entity for whoever names none
``STEMMATA_CACHE_DIR``    where content fetched from elsewhere is kept
``STEMMATA_ARTIFACT_DIR`` where downloads go, `./artifacts` where it is not set
========================  ====================================================================
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_URL = "sqlite:///.stemmata/registry.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a process."""

    url: str
    views: str | None
    content: str | None
    actor: str
    entity: str | None
    cache_dir: Path
    artifact_dir: Path


def settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return what the environment says, or the defaults; an empty variable counts as not set."""
    found = os.environ if environment is None else environment
    return Settings(
        url=found.get("STEMMATA_URL") or DEFAULT_URL,
        views=found.get("STEMMATA_VIEWS") or None,
        content=found.get("STEMMATA_CONTENT") or None,
        actor=found.get("STEMMATA_ACTOR") or _login(),
        entity=found.get("STEMMATA_ENTITY") or None,
        cache_dir=Path(found.get("STEMMATA_CACHE_DIR") or _platform_cache(found)).expanduser(),
        artifact_dir=Path(found.get("STEMMATA_ARTIFACT_DIR") or "artifacts").expanduser(),
    )


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # A container may run under a user id that has no name.
        return "unknown"


def _platform_cache(found: Mapping[str, str]) -> Path:
    if sys.platform == "darwin":
        return Path("~/Library/Caches/stemmata")
    if sys.platform == "win32":
        return Path(found.get("LOCALAPPDATA") or "~/AppData/Local") / "stemmata"
    return Path(found.get("XDG_CACHE_HOME") or "~/.cache") / "stemmata"
