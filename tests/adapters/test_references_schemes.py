"""References of every scheme: which handler is asked, and what none of them takes."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemmata_adapters.references.cache import ReferenceCache
from stemmata_adapters.references.schemes import References
from stemmata_domain.entries import Entry
from stemmata_domain.errors import (
    ExtraMissing,
    InvalidEntryPath,
    InvalidReference,
    InvalidSetting,
    StemmataError,
    StoreUnavailable,
)

references = References()


@pytest.mark.parametrize(
    "uri",
    ["data/file.csv", "/data/file.csv", "", "C:\\data", "C:/data", "://x", "1ab://x", None, 7],
)
def test_a_path_is_no_uri(uri: str) -> None:
    """Semantics §12: "References must be URIs. To reference a local file, use file://"."""
    rule = r"References must be URIs\. To reference a local file, use file://"
    with pytest.raises(InvalidReference, match=rule) as refused:
        references.entries(uri, name="x")
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize("uri", ["hdfs://nn/data", "azure-ml+v2:model/3", "wandb-artifact://ab/c"])
def test_any_other_scheme_needs_a_name_and_has_the_uri_as_digest(uri: str) -> None:
    """Semantics §12: anything else → the digest is the URI, name mandatory."""
    with pytest.raises(InvalidReference, match="You must pass name="):
        list(references.entries(uri))
    for checksum in (True, False):
        (entry,) = references.entries(uri, name="x//y", checksum=checksum)
        assert entry == Entry(path="x/y", digest=uri, ref=uri)


def test_content_of_another_scheme_cannot_be_downloaded(tmp_path: Path) -> None:
    """Semantics §12: … not downloadable, "scheme X not recognized"."""
    (entry,) = references.entries("hdfs://nn/data", name="x")
    with pytest.raises(InvalidReference, match="scheme 'hdfs' not recognized"):
        references.fetch(entry, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_the_artifact_is_no_reference(tmp_path: Path) -> None:
    with pytest.raises(InvalidReference, match="no reference"):
        references.fetch(Entry(path="a", digest="d", blob="a" * 64), tmp_path / "x")


def test_the_scheme_is_known_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (entry,) = references.entries(f"FILE://{tmp_path}/a.txt")
    assert entry.digest == "XUFAKrxLKna5cZ2REBfFkg=="


@pytest.mark.parametrize("uri", ["s3://b/a\0b", "s3://b/a\nb", "s3://b/\ud800", "other:\n"])
def test_a_uri_that_cannot_be_kept_is_refused(uri: str) -> None:
    with pytest.raises(InvalidReference, match="cannot be kept"):
        references.entries(uri, name="x")


@pytest.mark.parametrize("name", ["", ".", "..", "/abs", "a/../b", "C:\\x"])
@pytest.mark.parametrize("uri", ["other:x", "https://h/x", "s3://b/x", "gs://b/x"])
def test_a_name_that_leaves_the_artifact_is_refused(uri: str, name: str) -> None:
    """Semantics §1: paths in an artifact are relative and stay inside."""
    with pytest.raises(InvalidEntryPath):
        list(references.entries(uri, name=name, checksum=False))


@pytest.mark.parametrize("most", [0, -1])
def test_at_least_one_object_must_be_allowed(most: int) -> None:
    with pytest.raises(InvalidSetting, match="max_objects"):
        references.entries("other:x", name="x", max_objects=most)


@given(st.text(), st.none() | st.text())
def test_whatever_is_given_is_an_entry_or_a_refusal(uri: str, name: str | None) -> None:
    for start in ("", "other:", "s3://", "gs://", "https://", "file://"):
        try:
            found = list(references.entries(start + uri, name=name, checksum=False, max_objects=3))
        except StemmataError:
            continue
        assert all(isinstance(entry, Entry) for entry in found)


# --- clients --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "package", "extra"),
    [
        ("https://h/x", "httpx", "http"),
        ("http://h/x", "httpx", "http"),
        ("s3://b/x", "boto3", "s3"),
        ("gs://b/x", "google.cloud", "gs"),
    ],
)
def test_a_client_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, uri: str, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    lacking = References()
    hint = rf"pip install 'stemmata\[{extra}\]'"
    with pytest.raises(ExtraMissing, match=hint):
        list(lacking.entries(uri))
    with pytest.raises(ExtraMissing, match=hint):
        lacking.fetch(Entry(path="x", digest="e", ref=uri), tmp_path / "x")
    # What asks nobody needs no client.
    assert [entry.ref for entry in lacking.entries(uri, name="x", checksum=False)] == [uri]


def test_no_client_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys; from stemmata_adapters.references.schemes import References; "
        "r = References(); "
        "[list(r.entries(f'{s}://b/x', name='x', checksum=False)) for s in ('s3', 'gs', 'https')]; "
        "r.close(); "
        "print({'boto3', 'botocore', 'httpx', 'google', 'requests'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


class Cellar:
    """A handler of a scheme that somebody else brings."""

    def entries(
        self, uri: str, *, name: str | None, checksum: bool, max_objects: int
    ) -> Iterator[Entry]:
        yield Entry(path=name or "wine", digest="vintage", ref=uri)

    def read(self, entry: Entry) -> Iterator[bytes]:
        yield b"red"

    def close(self) -> None:
        pass


def test_further_schemes_may_be_brought(tmp_path: Path) -> None:
    brought = References(handlers={"cellar": Cellar()})
    (entry,) = brought.entries("cellar:12")
    brought.fetch(entry, tmp_path / "wine")
    assert (tmp_path / "wine").read_text() == "red"
    assert not brought.is_at(entry, tmp_path / "wine")


# --- the cache ------------------------------------------------------------------------------


def test_the_cache_is_addressed_by_url_and_etag(tmp_path: Path) -> None:
    """Semantics §11: obj/etag/<h[:2]>/<h[2:]>, h = SHA-256 of SHA-256(url) and SHA-256(etag)."""
    cache = ReferenceCache(tmp_path)
    assert cache.known("u", "e") is None
    assert not cache.fetch("u", "e", tmp_path / "out")
    cache.keep("u", "e", [b"hel", b"lo"])
    h = sha256(sha256(b"u").digest() + sha256(b"e").digest()).hexdigest()
    kept = (tmp_path / "obj" / "etag" / h[:2] / h[2:]).read_text()
    assert kept == cache.known("u", "e") == sha256(b"hello").hexdigest()
    assert cache.fetch("u", "e", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"hello"
    assert not cache.fetch("u", "other", tmp_path / "out")
    assert not cache.fetch("other", "e", tmp_path / "out")


def test_content_that_breaks_off_is_not_kept(tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"hel"
        raise StoreUnavailable(store="u", why="gone")

    cache = ReferenceCache(tmp_path)
    with pytest.raises(StoreUnavailable):
        cache.keep("u", "e", breaking())
    assert cache.known("u", "e") is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_many_may_keep_the_same_at_once(tmp_path: Path) -> None:
    cache = ReferenceCache(tmp_path / "cache")
    failed: list[bool] = []

    def work(number: int) -> None:
        cache.keep("u", "e", [b"hello"])
        if not cache.fetch("u", "e", tmp_path / f"out-{number}"):
            failed.append(True)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert {(tmp_path / f"out-{number}").read_bytes() for number in range(8)} == {b"hello"}


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(StoreUnavailable, match="cache"):
        ReferenceCache(tmp_path / "cache").keep("u", "e", [b"hello"])
