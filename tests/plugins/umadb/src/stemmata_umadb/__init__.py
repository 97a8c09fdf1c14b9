"""A registry's log in UmaDB, as an event store for Stemmata: `umadb://host:port`.

- An event's tags are its stream, and its place in that stream. An append holds under the condition that
  nobody has the next place in any of its streams, which the server checks together with the append.
- A place that was taken stays taken; so that the place before is there can be looked at first.
"""

from __future__ import annotations

from stemmata_adapters.event_stores.recorder import RecorderEventStore
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.ports import IdSource
from stemmata_umadb.recorder import UmaRecorder

__all__ = ["UmaEventStore", "UmaRecorder", "open_url"]


class UmaEventStore(RecorderEventStore):
    """An event store on a UmaDB server."""

    recorder: UmaRecorder

    def close(self) -> None:
        """Let go of the connection."""
        self.recorder.close()


def open_url(url: str, *, ids: IdSource) -> UmaEventStore:
    """Open the log on the server that a URL names.

    Raises:
        InvalidSetting: The URL is malformed.
        StoreUnavailable: Nobody listens there.
    """
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rpartition(":")
    if scheme.lower() != "umadb" or not host or not port.isdecimal() or set(rest) & set("/?#@ "):
        rule = "write umadb://HOST:PORT, such as umadb://127.0.0.1:50051"
        raise InvalidSetting(setting="URL", value=url, rule=rule)
    return UmaEventStore(UmaRecorder(f"http://{host}:{port}"), ids=ids)
