"""`s3://`: objects in S3, or in a store that speaks its language.

- The digest is the ETag without its quotes. Where the bucket keeps versions, the entry holds the
  version too, and goes on meaning that one. `?versionId=` asks for another than the newest.
- A key that is no object is a folder: it stands for all objects under it, and for nothing that only
  begins alike. Objects of zero bytes are passed over, as tools leave them behind as folders.
- Keys are taken literally, as users of S3 write them; nothing is decoded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from stemmata_adapters.batches import batched
from stemmata_adapters.content_stores.transfer import in_parallel
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
from stemmata_domain.errors import (
    DigestMismatch,
    ExtraMissing,
    InvalidReference,
    ReferenceMissing,
)
from stemmata_domain.metadata import JsonValue

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_ASKED_AT_ONCE = 16
_ASKED_TOGETHER = 1000
_MISSING = {"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "405", "MethodNotAllowed"}
_with_version = re.compile(r"(.*)\?(?:[^?]*&)?versionId=([^&?]+)(?:&[^?]*)?", re.DOTALL).fullmatch


class _Client(Protocol):
    """What is used of boto3's client; its answers are the JSON and XML of the service."""

    def head_object(self, **chosen: str) -> Mapping[str, Any]: ...

    def get_object(self, **chosen: str) -> Mapping[str, Any]: ...

    def get_paginator(self, call: str, /) -> _Pages: ...

    def close(self) -> None: ...


class _Pages(Protocol):
    def paginate(self, **chosen: str) -> Iterable[Mapping[str, Any]]: ...


class S3References:
    """References to objects in buckets.

    Credentials and region are those that boto3 finds. It reads ``AWS_*`` variables by itself when it
    connects; ``AWS_S3_ENDPOINT_URL``, which W&B's users set, is not among them, and is read beside.
    """

    def __init__(self, *, endpoint: str | None = None) -> None:
        """Connect to nothing yet.

        Args:
            endpoint: The URL of a store other than Amazon's; None for what the variables say.
        """
        self._endpoint = endpoint
        self._lock = Lock()
        self._client: _Client | None = None

    def entries(
        self, uri: str, *, name: str | None, checksum: bool, max_objects: int
    ) -> Iterator[Entry]:
        """Give an entry for an object, or one for each object under a folder."""
        bucket, key, version = _parts(uri)
        plain = f"s3://{bucket}/{key}"
        if not checksum:
            yield Entry(
                path=path_of(uri, name=name, default=key or bucket), digest=plain, ref=plain
            )
            return
        with self._answers(uri):
            found = self._object(bucket, key, version)
        if found is None:
            if version is not None:
                raise ReferenceMissing(uri=uri, why="no such version")
            yield from self._under(uri, bucket, key, name=name, max_objects=max_objects)
        elif found["ContentLength"]:
            path = path_of(uri, name=name, default=last_part(key))
            yield _entry(path, plain, found["ETag"], found["ContentLength"], found.get("VersionId"))

    def read(self, entry: Entry) -> Iterator[bytes]:
        """Give an object in the version whose ETag is the recorded one."""
        uri = uri_of(entry)
        bucket, key, _ = _parts(uri)
        version = (entry.extra or {}).get("versionID")
        chosen = {"VersionId": version} if isinstance(version, str) else {}
        with self._answers(uri):
            answer = self._connected().get_object(Bucket=bucket, Key=key, **chosen)
            try:
                compare(entry, digest=_digest(answer["ETag"]))
            except DigestMismatch:
                answer["Body"].close()
                earlier = None if chosen else self._version(bucket, key, entry.digest)
                if earlier is None:
                    raise
                answer = self._connected().get_object(Bucket=bucket, Key=key, VersionId=earlier)
            with closing(answer["Body"]) as body:
                yield from sized(entry, body.iter_chunks(CHUNK))

    def close(self) -> None:
        """Close the connections. Closing again does nothing."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    # --- asking the store -------------------------------------------------------------------

    def _object(self, bucket: str, key: str, version: str | None) -> Mapping[str, Any] | None:
        """Return what the store says of an object; None if there is none, or it is a folder."""
        from botocore.exceptions import ClientError

        if not key or key.endswith("/"):
            return None
        chosen = {"VersionId": version} if version else {}
        try:
            found = self._connected().head_object(Bucket=bucket, Key=key, **chosen)
        except ClientError as error:
            if _code(error) in _MISSING:
                return None
            raise
        answer: Mapping[str, Any] = found
        return None if "x-directory" in answer.get("ContentType", "") else answer

    def _listed(self, uri: str, bucket: str, folder: str) -> Iterator[Mapping[str, Any]]:
        with self._answers(uri):
            pages = self._connected().get_paginator("list_objects_v2")
            empty = True
            for page in pages.paginate(Bucket=bucket, Prefix=folder):
                for found in page.get("Contents", ()):
                    empty = False
                    if found["Size"]:
                        yield found
        if empty:
            raise ReferenceMissing(uri=uri, why="no such object, and none under it")

    def _under(
        self, uri: str, bucket: str, key: str, *, name: str | None, max_objects: int
    ) -> Iterator[Entry]:
        folder = f"{key.rstrip('/')}/" if key else ""
        listed = at_most(max_objects, self._listed(uri, bucket, folder), uri=uri)
        keeps_versions: bool | None = None
        for some in batched(listed, _ASKED_TOGETHER):
            if keeps_versions is None:
                # A bucket that never kept versions has none at any object, and saves us asking.
                keeps_versions = any(
                    "VersionId" in each for each in self._told(uri, bucket, some[:1])
                )
            for each in self._told(uri, bucket, some) if keeps_versions else some:
                path = path_under(name, each["Key"].removeprefix(folder))
                ref = f"s3://{bucket}/{each['Key']}"
                yield _entry(path, ref, each["ETag"], each["Size"], each.get("VersionId"))

    def _told(
        self, uri: str, bucket: str, listed: Sequence[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        """Return what the store says of each listed object, with the version that a list lacks."""
        told = list(listed)

        def ask(place: int) -> None:
            key = told[place]["Key"]
            with self._answers(uri):
                found = self._connected().head_object(Bucket=bucket, Key=key)
                told[place] = {**found, "Key": key, "Size": found["ContentLength"]}

        in_parallel([partial(ask, place) for place in range(len(told))], workers=_ASKED_AT_ONCE)
        return told

    def _version(self, bucket: str, key: str, digest: str) -> str | None:
        """Return the version of an object that has a digest; None if the store knows of none."""
        from botocore.exceptions import ClientError

        versions = self._connected().get_paginator("list_object_versions")
        try:
            for page in versions.paginate(Bucket=bucket, Prefix=key):
                for found in page.get("Versions", ()):
                    if found["Key"] == key and _digest(found["ETag"]) == digest:
                        return str(found["VersionId"])
        except ClientError:  # not every store keeps versions, not everybody may list them
            return None
        return None

    @contextmanager
    def _answers(self, uri: str) -> Iterator[None]:
        self._connected()
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        try:
            yield
        except ClientError as error:
            if _code(error) in _MISSING:
                raise ReferenceMissing(uri=uri, why=str(error)) from error
            raise unavailable(uri, error) from error
        except ParamValidationError as error:
            raise InvalidReference(uri=uri, rule=str(error)) from error
        except BotoCoreError as error:
            raise unavailable(uri, error) from error

    def _connected(self) -> _Client:
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise ExtraMissing(feature="References to S3", extra="s3") from None

        with self._lock:
            if self._client is None:
                # Stores other than Amazon's refuse the newer checksums, and older signatures.
                config = Config(
                    signature_version="s3v4",
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    max_pool_connections=_ASKED_AT_ONCE,
                )
                # A session of its own: the default one is not made for several threads.
                session = boto3.session.Session()
                endpoint = self._endpoint or os.environ.get("AWS_S3_ENDPOINT_URL") or None
                client: _Client = session.client("s3", endpoint_url=endpoint, config=config)
                self._client = client
            return self._client


def _parts(uri: str) -> tuple[str, str, str | None]:
    bucket, _, key = uri.partition("://")[2].partition("/")
    if not bucket:
        raise InvalidReference(uri=uri, rule="it names no bucket, as in s3://bucket/key")
    if versioned := _with_version(key):
        return bucket, versioned[1], versioned[2]
    return bucket, key, None


def _entry(path: str, ref: str, etag: str, size: int, version: str | None) -> Entry:
    extra: dict[str, JsonValue] = {"etag": _digest(etag)}
    # Objects from before the bucket kept versions have one that is called "null".
    if version and version != "null":
        extra["versionID"] = version
    return Entry(path=path, digest=_digest(etag), size=size, ref=ref, extra=extra)


def _digest(etag: str) -> str:
    return etag.strip('"')


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
