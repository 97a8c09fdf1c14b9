"""References to objects in S3, on a server that speaks its language."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from stemmata_adapters.references.schemes import References
from stemmata_domain.digests import hex_of_b64, md5_b64
from stemmata_domain.entries import Entry
from stemmata_domain.errors import (
    DigestMismatch,
    InvalidEntryPath,
    InvalidReference,
    ReferenceMissing,
    StoreUnavailable,
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")


@pytest.fixture
def s3(endpoint: str) -> Iterator[Any]:
    """Return a client beside the one under test; every test starts without buckets."""
    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    client = boto3.session.Session().client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="bucket")
    yield client
    client.close()


@pytest.fixture
def versioned(s3: Any) -> Any:
    enabled = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration=enabled)
    return s3


@pytest.fixture
def references(endpoint: str, tmp_path: Path) -> Iterator[References]:
    references = References(cache=tmp_path / "cache", s3_endpoint=endpoint)
    yield references
    references.close()


def put(s3: Any, key: str, body: bytes, **more: str) -> str:
    return str(s3.put_object(Bucket="bucket", Key=key, Body=body, **more).get("VersionId"))


def etag(body: bytes) -> str:
    return hex_of_b64(md5_b64(body))


def test_the_digest_is_the_etag_without_quotes(s3: Any, references: References) -> None:
    """Semantics §12: s3:// → ETag without quotes, size, extra etag."""
    put(s3, "models/model.pt", b"hello")
    (entry,) = references.entries("s3://bucket/models/model.pt")
    assert entry == Entry(
        path="model.pt",
        digest=etag(b"hello"),
        size=5,
        ref="s3://bucket/models/model.pt",
        extra={"etag": etag(b"hello")},
    )


def test_a_bucket_that_keeps_versions_has_them_in_the_entry(
    versioned: Any, references: References
) -> None:
    """Semantics §12: … extra versionID."""
    version = put(versioned, "model.pt", b"hello")
    (entry,) = references.entries("s3://bucket/model.pt", name="m.pt")
    assert entry.path == "m.pt"
    assert entry.extra == {"etag": etag(b"hello"), "versionID": version}


def test_an_older_version_may_be_asked_for(
    versioned: Any, references: References, tmp_path: Path
) -> None:
    """Semantics §12: ?versionId= honoured."""
    version = put(versioned, "model.pt", b"old")
    put(versioned, "model.pt", b"new")
    (entry,) = references.entries(f"s3://bucket/model.pt?versionId={version}")
    assert (entry.path, entry.ref) == ("model.pt", "s3://bucket/model.pt")
    assert (entry.digest, entry.size) == (etag(b"old"), 3)
    references.fetch(entry, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"old"


def test_a_version_that_is_not_there_is_missing(versioned: Any, references: References) -> None:
    version = put(versioned, "model.pt", b"old")
    versioned.delete_object(Bucket="bucket", Key="model.pt", VersionId=version)
    with pytest.raises(ReferenceMissing, match="no such version"):
        list(references.entries(f"s3://bucket/model.pt?versionId={version}"))


@pytest.mark.parametrize("keeps_versions", [False, True])
@pytest.mark.parametrize("uri", ["s3://bucket/dir", "s3://bucket/dir/"])
def test_a_folder_stands_for_the_objects_under_it(
    s3: Any, references: References, uri: str, keeps_versions: bool
) -> None:
    """Semantics §12: prefix expanded; zero-size objects skipped."""
    if keeps_versions:
        enabled = {"Status": "Enabled"}
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration=enabled)
    versions = {
        key: put(s3, key, key.encode()) for key in ("dir/a", "dir/sub/b", "dir2/c", "directory")
    }
    for marker in ("dir/", "dir/sub/", "dir/empty"):
        put(s3, marker, b"")
    entries = {entry.path: entry for entry in references.entries(uri, name="in")}
    assert set(entries) == {"in/a", "in/sub/b"}
    found = entries["in/sub/b"]
    assert (found.ref, found.digest, found.size) == ("s3://bucket/dir/sub/b", etag(b"dir/sub/b"), 9)
    assert (found.extra or {}).get("versionID") == (
        versions["dir/sub/b"] if keeps_versions else None
    )
    assert {entry.path for entry in references.entries(uri)} == {"a", "sub/b"}


def test_a_bucket_is_a_folder(s3: Any, references: References) -> None:
    for number in range(3):
        put(s3, f"{number}/f", b"x")
    for uri in ("s3://bucket", "s3://bucket/"):
        assert [entry.path for entry in references.entries(uri)] == ["0/f", "1/f", "2/f"]


def test_an_object_that_is_marked_as_a_folder_is_one(s3: Any, references: References) -> None:
    put(s3, "dir", b"?", ContentType="application/x-directory")
    put(s3, "dir/a", b"a")
    assert [entry.path for entry in references.entries("s3://bucket/dir")] == ["a"]


def test_many_objects_come_page_by_page(
    s3: Any, references: References, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "7")
    for number in range(30):
        put(s3, f"many/{number:02}", b"x")
    assert len(s3.list_objects_v2(Bucket="bucket")["Contents"]) == 7
    assert sum(1 for _ in references.entries("s3://bucket/many")) == 30
    assert sum(1 for _ in references.entries("s3://bucket/many", max_objects=30)) == 30
    with pytest.raises(InvalidReference, match="Exceeded 29 objects tracked, pass max_objects"):
        list(references.entries("s3://bucket/many", max_objects=29))


def test_an_object_of_zero_bytes_is_passed_over(s3: Any, references: References) -> None:
    put(s3, "empty", b"")
    assert list(references.entries("s3://bucket/empty")) == []


def test_without_checksum_nobody_is_asked() -> None:
    """Semantics §12: checksum=False → the digest is the URI, folders are not expanded."""
    (entry,) = References().entries("s3://bucket/some/dir", checksum=False)
    uri = "s3://bucket/some/dir"
    assert entry == Entry(path="some/dir", digest=uri, ref=uri)


@pytest.mark.parametrize("key", ["a b.txt", "a%20b.txt", "a#b", "a?b=c", "ü/é.txt", "a+b", "a&b"])
def test_keys_are_taken_literally(
    s3: Any, references: References, tmp_path: Path, key: str
) -> None:
    put(s3, f"dir/{key}", b"hello")
    (one,) = references.entries(f"s3://bucket/dir/{key}")
    (other,) = references.entries("s3://bucket/dir")
    assert one.ref == other.ref == f"s3://bucket/dir/{key}"
    references.fetch(one, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"hello"


@pytest.mark.parametrize("key", ["dir/../up", "dir//"])
def test_a_key_that_is_no_path_is_refused(s3: Any, references: References, key: str) -> None:
    put(s3, key, b"x")
    with pytest.raises(InvalidEntryPath):
        list(references.entries("s3://bucket/dir"))


@pytest.mark.parametrize("uri", ["s3://bucket/none", "s3://bucket/none/", "s3://no-such-bucket/x"])
def test_what_is_not_there_is_missing(s3: Any, references: References, uri: str) -> None:
    with pytest.raises(ReferenceMissing) as refused:
        list(references.entries(uri))
    assert isinstance(refused.value, FileNotFoundError)


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "s3://B%/key"])
def test_a_uri_without_a_usable_bucket_is_refused(references: References, uri: str) -> None:
    with pytest.raises(InvalidReference):
        list(references.entries(uri, name="x"))


def test_nobody_listening_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    references = References(s3_endpoint="http://127.0.0.1:9")
    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        list(references.entries("s3://bucket/key"))
    references.close()


def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    references = References(s3_endpoint=endpoint)
    with pytest.raises(StoreUnavailable, match="credentials"):
        list(references.entries("s3://bucket/key"))
    references.close()


def test_another_store_than_amazons_may_be_named_by_a_variable(
    s3: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Semantics §12: the endpoint may be given by AWS_S3_ENDPOINT_URL."""
    put(s3, "model.pt", b"hello")
    monkeypatch.setenv("AWS_S3_ENDPOINT_URL", endpoint)
    references = References()
    assert [entry.size for entry in references.entries("s3://bucket/model.pt")] == [5]
    references.close()


# --- fetching -------------------------------------------------------------------------------


def test_content_is_fetched_once_and_then_known(
    s3: Any, references: References, tmp_path: Path
) -> None:
    """Semantics §11: fetched content is cached by URL and ETag."""
    body = b"0123456789" * 500_000
    put(s3, "big.bin", body)
    (entry,) = references.entries("s3://bucket/big.bin")
    references.fetch(entry, tmp_path / "one")
    s3.delete_object(Bucket="bucket", Key="big.bin")
    references.fetch(entry, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == body
    assert references.is_at(entry, tmp_path / "two")


def test_the_recorded_version_is_fetched(
    versioned: Any, references: References, tmp_path: Path
) -> None:
    put(versioned, "model.pt", b"old")
    (entry,) = references.entries("s3://bucket/model.pt")
    put(versioned, "model.pt", b"new")
    versioned.delete_object(Bucket="bucket", Key="model.pt")
    references.fetch(entry, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"old"


def test_without_a_recorded_version_the_one_with_the_etag_is_found(
    versioned: Any, references: References, tmp_path: Path
) -> None:
    put(versioned, "model.pt", b"old")
    put(versioned, "model.pt", b"new")
    put(versioned, "model.pt.bak", b"old")
    entry = Entry(path="m", digest=etag(b"old"), size=3, ref="s3://bucket/model.pt")
    references.fetch(entry, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"old"


def test_changed_content_is_refused(s3: Any, references: References, tmp_path: Path) -> None:
    """Semantics §12: on load, a digest that does not match raises."""
    put(s3, "model.pt", b"old")
    (entry,) = references.entries("s3://bucket/model.pt")
    put(s3, "model.pt", b"new")
    with pytest.raises(DigestMismatch, match=etag(b"old")):
        references.fetch(entry, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


@pytest.mark.parametrize("tracked", [True, False])
def test_missing_content_is_a_missing_file(
    s3: Any, references: References, tmp_path: Path, tracked: bool
) -> None:
    """Semantics §12: missing S3 object → FileNotFoundError."""
    put(s3, "model.pt", b"hello")
    (entry,) = references.entries("s3://bucket/model.pt", checksum=tracked)
    s3.delete_object(Bucket="bucket", Key="model.pt")
    with pytest.raises(ReferenceMissing) as refused:
        references.fetch(entry, tmp_path / "fetched")
    assert isinstance(refused.value, FileNotFoundError)


def test_what_is_not_tracked_is_fetched_as_it_is_now(
    s3: Any, references: References, tmp_path: Path
) -> None:
    (entry,) = references.entries("s3://bucket/model.pt", checksum=False)
    for body in (b"one", b"three"):
        put(s3, "model.pt", body)
        references.fetch(entry, tmp_path / "fetched")
        assert (tmp_path / "fetched").read_bytes() == body
