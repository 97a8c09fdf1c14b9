"""References to objects in Google Cloud Storage: Google's client, against a small server."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from stemmata_adapters.references.schemes import References
from stemmata_domain.digests import md5_b64
from stemmata_domain.entries import Entry
from stemmata_domain.errors import (
    DigestMismatch,
    InvalidReference,
    ReferenceMissing,
    StoreUnavailable,
)

_PAGE = 2


class Bucket(ThreadingHTTPServer):
    """Answers the calls of the JSON API that look at objects, list them and read them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, dict[int, bytes]] = {}
        self.keeps_generations = True
        self.fails_with: int | None = None
        self.asked = 0

    def put(self, name: str, body: bytes) -> int:
        generations = self.objects.setdefault(name, {})
        generation = 1_700_000_000_000_000 + sum(map(len, self.objects.values()))
        if not self.keeps_generations:
            generations.clear()
        generations[generation] = body
        return generation

    def described(self, name: str, generation: int) -> dict[str, str]:
        body = self.objects[name][generation]
        return {
            "kind": "storage#object",
            "name": name,
            "bucket": "bucket",
            "generation": str(generation),
            "size": str(len(body)),
            "etag": etag(generation),
            "md5Hash": md5_b64(body),
        }


class Handler(BaseHTTPRequestHandler):
    server: Bucket

    def do_GET(self) -> None:
        self.server.asked += 1
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.server.fails_with is not None:
            self.reply(self.server.fails_with, b'{"error": {"message": "not today"}}')
            return
        _, found, rest = parts.path.partition("/b/bucket/o")
        if not found:
            self.reply(404, b'{"error": {"message": "The specified bucket does not exist."}}')
        elif not rest:
            self.list(asked)
        else:
            self.one(unquote(rest[1:]), asked)

    def list(self, asked: dict[str, str]) -> None:
        names = sorted(
            name for name in self.server.objects if name.startswith(asked.get("prefix", ""))
        )
        start = int(asked.get("pageToken", "0"))
        items = [
            self.server.described(name, max(self.server.objects[name]))
            for name in names[start : start + _PAGE]
        ]
        page: dict[str, object] = {"kind": "storage#objects", "items": items}
        if start + _PAGE < len(names):
            page["nextPageToken"] = str(start + _PAGE)
        self.reply(200, json.dumps(page).encode())

    def one(self, name: str, asked: dict[str, str]) -> None:
        generations = self.server.objects.get(name, {})
        generation = int(asked.get("generation") or max(generations, default=0))
        if generation not in generations:
            self.reply(404, b'{"error": {"message": "No such object"}}')
        elif asked.get("alt") == "media":
            body = generations[generation]
            span = self.headers.get("Range", "").removeprefix("bytes=")
            first, _, last = span.partition("-")
            start, end = int(first or 0), min(int(last or len(body)), len(body) - 1)
            self.reply(206, body[start : end + 1], f"bytes {start}-{end}/{len(body)}")
        else:
            self.reply(200, json.dumps(self.server.described(name, generation)).encode())

    def reply(self, status: int, body: bytes, content_range: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def etag(generation: int) -> str:
    return b64encode(f"etag of {generation}".encode()).decode()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with Bucket() as bucket:
        thread = threading.Thread(target=bucket.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{bucket.server_port}")
        yield bucket
        bucket.shutdown()
        thread.join()


@pytest.fixture
def references(bucket: Bucket, tmp_path: Path) -> Iterator[References]:
    references = References(cache=tmp_path / "cache")
    yield references
    references.close()


def test_the_digest_is_the_etag_of_the_object(bucket: Bucket, references: References) -> None:
    """Semantics §12: gs:// → blob etag, size, extra versionID=generation."""
    generation = bucket.put("models/model.pt", b"hello")
    assert list(references.entries("gs://bucket/models/model.pt")) == [
        Entry(
            path="model.pt",
            digest=etag(generation),
            size=5,
            ref="gs://bucket/models/model.pt",
            extra={"versionID": generation},
        )
    ]


def test_an_older_generation_may_be_asked_for(
    bucket: Bucket, references: References, tmp_path: Path
) -> None:
    """Semantics §12: #generation honoured."""
    generation = bucket.put("model.pt", b"old")
    bucket.put("model.pt", b"newer")
    (entry,) = references.entries(f"gs://bucket/model.pt#{generation}")
    assert (entry.path, entry.ref, entry.size) == ("model.pt", "gs://bucket/model.pt", 3)
    references.fetch(entry, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"old"
    with pytest.raises(ReferenceMissing, match="no such generation"):
        list(references.entries("gs://bucket/model.pt#12345"))


@pytest.mark.parametrize("uri", ["gs://bucket/dir", "gs://bucket/dir/"])
def test_a_folder_stands_for_the_objects_under_it(
    bucket: Bucket, references: References, uri: str
) -> None:
    """Semantics §12: names ending in "/" are skipped."""
    for name in ("dir/", "dir/a", "dir/empty", "dir/sub/", "dir/sub/b", "dir2/c", "directory"):
        bucket.put(name, b"" if name.endswith(("/", "empty")) else b"hello")
    entries = {entry.path: entry for entry in references.entries(uri, name="in")}
    assert set(entries) == {"in/a", "in/empty", "in/sub/b"}
    assert entries["in/sub/b"].ref == "gs://bucket/dir/sub/b"
    assert {entry.path for entry in references.entries(uri)} == {"a", "empty", "sub/b"}
    with pytest.raises(InvalidReference, match="Exceeded 2 objects tracked, pass max_objects"):
        list(references.entries(uri, max_objects=2))


def test_a_bucket_is_a_folder(bucket: Bucket, references: References) -> None:
    bucket.put("a/b", b"x")
    assert [entry.path for entry in references.entries("gs://bucket")] == ["a/b"]


def test_without_checksum_nobody_is_asked(bucket: Bucket, references: References) -> None:
    """Semantics §12: checksum=False → the digest is the URI, folders are not expanded."""
    (entry,) = references.entries("gs://bucket/some/dir", checksum=False)
    uri = "gs://bucket/some/dir"
    assert entry == Entry(path="some/dir", digest=uri, ref=uri)
    assert bucket.asked == 0


@pytest.mark.parametrize("name", ["a b.txt", "a%20b.txt", "a#b", "a?b", "ü/é.txt", "a+b", "a&b"])
def test_names_are_taken_literally(
    bucket: Bucket, references: References, tmp_path: Path, name: str
) -> None:
    bucket.put(f"dir/{name}", b"hello")
    (one,) = references.entries(f"gs://bucket/dir/{name}")
    (other,) = references.entries("gs://bucket/dir")
    assert one.ref == other.ref == f"gs://bucket/dir/{name}"
    references.fetch(one, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"hello"


@pytest.mark.parametrize("uri", ["gs://bucket/none", "gs://bucket/none/", "gs://elsewhere/x"])
def test_what_is_not_there_is_missing(references: References, uri: str) -> None:
    with pytest.raises(ReferenceMissing) as refused:
        list(references.entries(uri))
    assert isinstance(refused.value, FileNotFoundError)


@pytest.mark.parametrize("uri", ["gs://", "gs:///name", "gs://-bad-/name"])
def test_a_uri_without_a_usable_bucket_is_refused(references: References, uri: str) -> None:
    with pytest.raises(InvalidReference):
        list(references.entries(uri, name="x"))


def test_a_service_that_refuses_is_told(bucket: Bucket, references: References) -> None:
    bucket.fails_with = 403
    with pytest.raises(StoreUnavailable, match="not today"):
        list(references.entries("gs://bucket/x"))


# --- fetching -------------------------------------------------------------------------------


def test_content_is_fetched_once_and_then_known(
    bucket: Bucket, references: References, tmp_path: Path
) -> None:
    """Semantics §11: fetched content is cached by URL and ETag."""
    body = b"0123456789" * 2_000_000
    bucket.put("big.bin", body)
    (entry,) = references.entries("gs://bucket/big.bin")
    references.fetch(entry, tmp_path / "one")
    bucket.objects.clear()
    references.fetch(entry, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == body
    assert references.is_at(entry, tmp_path / "two")


def test_an_empty_object_is_fetched(bucket: Bucket, references: References, tmp_path: Path) -> None:
    bucket.put("empty", b"")
    (entry,) = references.entries("gs://bucket/empty")
    references.fetch(entry, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b""


def test_the_recorded_generation_is_fetched(
    bucket: Bucket, references: References, tmp_path: Path
) -> None:
    bucket.put("model.pt", b"old")
    (entry,) = references.entries("gs://bucket/model.pt")
    bucket.put("model.pt", b"new")
    references.fetch(entry, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"old"


def test_changed_content_is_refused(bucket: Bucket, references: References, tmp_path: Path) -> None:
    """Semantics §12: on load, a digest that does not match raises."""
    bucket.keeps_generations = False
    bucket.put("model.pt", b"old")
    (entry,) = references.entries("gs://bucket/model.pt")
    bucket.put("other", b"")
    bucket.put("model.pt", b"new")
    with pytest.raises(DigestMismatch):
        references.fetch(entry, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_missing_content_is_a_missing_file(
    bucket: Bucket, references: References, tmp_path: Path
) -> None:
    bucket.put("model.pt", b"hello")
    (entry,) = references.entries("gs://bucket/model.pt")
    bucket.objects.clear()
    with pytest.raises(ReferenceMissing):
        references.fetch(entry, tmp_path / "fetched")


def test_what_is_not_tracked_is_fetched_as_it_is_now(
    bucket: Bucket, references: References, tmp_path: Path
) -> None:
    (entry,) = references.entries("gs://bucket/model.pt", checksum=False)
    for body in (b"one", b"three"):
        bucket.put("model.pt", body)
        references.fetch(entry, tmp_path / "fetched")
        assert (tmp_path / "fetched").read_bytes() == body
