"""`http://` and `https://`: content on a web server, Azure's blobs among them.

- The digest is the ETag without its quotes, or the URL where the server sends none; then nothing can
  tell whether the content has changed, except its size.
- The server is asked by HEAD, and by GET where it does not answer that.
- Content is taken as the server has it: no compression on the way, so that sizes and ETags are those
  of the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from stemmata_adapters.references.handler import (
    CHUNK,
    compare,
    last_part,
    path_of,
    sized,
    unavailable,
    uri_of,
)
from stemmata_domain.entries import Entry
from stemmata_domain.errors import (
    ExtraMissing,
    InvalidReference,
    ReferenceMissing,
    StemmataError,
    StoreUnavailable,
)

if TYPE_CHECKING:
    import httpx

_GONE = {404, 410}
_TIMEOUT = 60.0
_after_host = re.compile(r"[^/?#]*([^?#]*)").match


class HttpReferences:
    """References to what web servers have."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._client: httpx.Client | None = None

    def entries(
        self,
        uri: str,
        *,
        name: str | None,
        checksum: bool,
        max_objects: int,  # noqa: ARG002 -- a URL is one object
    ) -> Iterator[Entry]:
        """Give the one entry for a URL."""
        path = path_of(uri, name=name, default=last_part(_path(uri)))
        if not checksum:
            yield Entry(path=path, digest=uri, ref=uri)
            return
        etag, size = self._ask(uri)
        extra = {"etag": etag} if _digest(etag) else None
        yield Entry(path=path, digest=_digest(etag) or uri, size=size, ref=uri, extra=extra)

    def read(self, entry: Entry) -> Iterator[bytes]:
        """Give what the server sends, if its ETag is still the same."""
        uri = uri_of(entry)
        with self._answer("GET", uri) as answer:
            _check(answer, uri)
            compare(entry, digest=_digest(answer.headers.get("etag", "")) or uri)
            yield from sized(entry, answer.iter_raw(CHUNK))

    def close(self) -> None:
        """Close the connections. Closing again does nothing."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ask(self, uri: str) -> tuple[str, int]:
        for method in ("HEAD", "GET"):
            with self._answer(method, uri) as answer:
                etag, size = answer.headers.get("etag", ""), _size(answer)
                # Some servers refuse HEAD, or sign URLs for GET only; some leave headers out.
                if method == "HEAD" and (answer.status_code >= 400 or not (etag and size)):
                    continue
                _check(answer, uri)
                return etag, size
        raise AssertionError  # the second answer was returned, or raised

    @contextmanager
    def _answer(self, method: str, uri: str) -> Iterator[httpx.Response]:
        client = self._connected()
        import httpx

        try:
            with client.stream(method, uri) as answer:
                yield answer
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise InvalidReference(uri=uri, rule=str(error)) from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise unavailable(uri, error) from error

    def _connected(self) -> httpx.Client:
        try:
            import httpx
        except ImportError:
            raise ExtraMissing(feature="References to web servers", extra="http") from None

        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    follow_redirects=True,
                    timeout=_TIMEOUT,
                    headers={"accept-encoding": "identity"},
                )
            return self._client


def _check(answer: httpx.Response, uri: str) -> None:
    error: StemmataError
    if answer.is_success:
        return
    why = f"the server answers {answer.status_code} {answer.reason_phrase}".rstrip()
    if answer.status_code in _GONE:
        error = ReferenceMissing(uri=uri, why=why)
    else:
        error = StoreUnavailable(store=uri, why=why)
    raise error


def _path(uri: str) -> str:
    # The standard library's parser refuses some URLs with errors of its own.
    found = _after_host(uri.partition("://")[2])
    return found[1] if found else ""


def _digest(etag: str) -> str:
    return etag.strip('"')


def _size(answer: httpx.Response) -> int:
    length = answer.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0
