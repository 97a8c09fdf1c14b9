"""`gs://`: objects in Google Cloud Storage.

- The digest is the object's ETag as the service writes it. The entry holds the generation too, and
  goes on meaning that one. `#generation` asks for another than the newest.
- A name that is no object is a folder: it stands for all objects under it, and for nothing that only
  begins alike. Objects whose names end in `/` are folders themselves, and are passed over.
- Names are taken literally, as users of the service write them; nothing is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any, Protocol

from stemmata_adapters.references.handler import (
    CHUNK,
    at_most,
    compare,
    last_part,
    path_of,
    path_under,
    sized,
    unavailable,
    uri_of,
)
from stemmata_domain.entries import Entry
from stemmata_domain.errors import ExtraMissing, InvalidReference, ReferenceMissing

_PIECE = 8 * CHUNK
_TIMEOUT = 60
_PATIENCE = 20
_with_generation = re.compile(r"(.*)#([0-9]+)", re.DOTALL).fullmatch


class _Bucket(Protocol):
    name: str


class _Object(Protocol):
    """What is used of `google.cloud.storage.Blob`."""

    bucket: _Bucket
    name: str
    generation: int
    etag: str
    size: int | None


class GsReferences:
    """References to objects in buckets.

    Credentials are those that Google's client finds; without any, what is public can be referenced.
    """

    def __init__(self, *, client: object = None) -> None:
        """Connect to nothing yet.

        Args:
            client: A `google.cloud.storage.Client` to use; None for one of our own.
        """
        self._lock = Lock()
        self._client: Any = client
        self._own = client is None

    def entries(
        self, uri: str, *, name: str | None, checksum: bool, max_objects: int
    ) -> Iterator[Entry]:
        """Give an entry for an object, or one for each object under a folder."""
        bucket, key, generation = _parts(uri)
        plain = f"gs://{bucket}/{key}"
        if not checksum:
            yield Entry(
                path=path_of(uri, name=name, default=key or bucket), digest=plain, ref=plain
            )
            return
        found = self._object(uri, bucket, key, generation)
        if found is None:
            if generation is not None:
                raise ReferenceMissing(uri=uri, why="no such generation")
            yield from self._under(uri, bucket, key, name=name, max_objects=max_objects)
        else:
            yield _entry(path_of(uri, name=name, default=last_part(key)), plain, found)

    def read(self, entry: Entry) -> Iterator[bytes]:
        """Give an object in the generation that was recorded, if its ETag is still the same."""
        uri = uri_of(entry)
        bucket, key, _ = _parts(uri)
        recorded = (entry.extra or {}).get("versionID")
        found = self._object(uri, bucket, key, recorded) if recorded is not None else None
        # Without object versioning, the newest may still be the one.
        found = found or self._object(uri, bucket, key, None)
        if found is None:
            raise ReferenceMissing(uri=uri, why="no such object")
        compare(entry, digest=found.etag)
        yield from sized(entry, self._content(uri, found))

    def close(self) -> None:
        """Close the connections. Closing again does nothing."""
        with self._lock:
            client, self._client = (self._client, None) if self._own else (None, self._client)
        if client is not None:
            client.close()

    # --- asking the service -----------------------------------------------------------------

    def _object(self, uri: str, bucket: str, key: str, generation: object) -> _Object | None:
        """Return what the service says of an object; None if there is none, or it is a folder."""
        if not key or key.endswith("/"):
            return None
        with self._answers(uri) as (client, manner):
            found: _Object | None = client.bucket(bucket).get_blob(
                key, generation=generation, **manner
            )
            return found

    def _listed(self, uri: str, bucket: str, folder: str) -> Iterator[_Object]:
        empty = True
        with self._answers(uri) as (client, manner):
            for found in client.list_blobs(bucket, prefix=folder, **manner):
                empty = False
                if not found.name.endswith("/"):
                    yield found
        if empty:
            raise ReferenceMissing(uri=uri, why="no such object, and none under it")

    def _under(
        self, uri: str, bucket: str, key: str, *, name: str | None, max_objects: int
    ) -> Iterator[Entry]:
        folder = f"{key.rstrip('/')}/" if key else ""
        for found in at_most(max_objects, self._listed(uri, bucket, folder), uri=uri):
            path = path_under(name, found.name.removeprefix(folder))
            yield _entry(path, f"gs://{bucket}/{found.name}", found)

    def _content(self, uri: str, found: _Object) -> Iterator[bytes]:
        with self._answers(uri) as (client, manner):
            # This generation and no other, although it may have been replaced since we looked.
            chosen = client.bucket(found.bucket.name).blob(
                found.name, generation=found.generation, chunk_size=_PIECE
            )
            if not found.size:
                return
            with chosen.open("rb", raw_download=True, **manner) as body:
                while chunk := body.read(CHUNK):
                    yield chunk

    @contextmanager
    def _answers(self, uri: str) -> Iterator[tuple[Any, Mapping[str, Any]]]:
        self._connect()
        from google.api_core.exceptions import GoogleAPIError, NotFound
        from google.auth.exceptions import GoogleAuthError
        from google.cloud.storage.retry import DEFAULT_RETRY
        from requests.exceptions import RequestException

        try:
            yield (
                self._client,
                {"timeout": _TIMEOUT, "retry": DEFAULT_RETRY.with_timeout(_PATIENCE)},
            )
        except NotFound as error:
            raise ReferenceMissing(uri=uri, why=str(error)) from error
        except (GoogleAPIError, GoogleAuthError, RequestException) as error:
            raise unavailable(uri, error) from error
        except ValueError as error:  # how the client tells of names that no bucket can have
            raise InvalidReference(uri=uri, rule=str(error)) from error

    def _connect(self) -> None:
        try:
            from google.auth.exceptions import DefaultCredentialsError
            from google.cloud import storage
        except ImportError:
            raise ExtraMissing(feature="References to Google Cloud Storage", extra="gs") from None

        with self._lock:
            if self._client is None:
                try:
                    # Objects are read without a project; asking for one may fail.
                    self._client = storage.Client(project=None)
                except DefaultCredentialsError:
                    self._client = storage.Client.create_anonymous_client()


def _parts(uri: str) -> tuple[str, str, str | None]:
    bucket, _, key = uri.partition("://")[2].partition("/")
    if not bucket:
        raise InvalidReference(uri=uri, rule="it names no bucket, as in gs://bucket/key")
    if versioned := _with_generation(key):
        return bucket, versioned[1], versioned[2]
    return bucket, key, None


def _entry(path: str, ref: str, found: _Object) -> Entry:
    extra = {"versionID": found.generation}
    return Entry(path=path, digest=found.etag, size=found.size or 0, ref=ref, extra=extra)
