"""References to what web servers have, on a real one."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stemmata_adapters.references.schemes import References
from stemmata_domain.entries import Entry
from stemmata_domain.errors import (
    DigestMismatch,
    InvalidReference,
    ReferenceMissing,
    StoreUnavailable,
)


@dataclass
class Page:
    body: bytes
    etag: str | None = None
    head: int = 200
    get: int = 200
    location: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    says: int | None = None
    """The length that is announced, where it is not the true one."""


class Site(ThreadingHTTPServer):
    """Serves pages, and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, *, with_body: bool) -> None:
        self.server.asked.append((self.command, self.path))
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self.send_error(404)
            return
        self.send_response(page.get if with_body else page.head)
        if page.etag is not None:
            self.send_header("ETag", page.etag)
        if page.location is not None:
            self.send_header("Location", page.location)
        for name, value in page.headers.items():
            self.send_header(name, value)
        if "Transfer-Encoding" not in page.headers:
            self.send_header("Content-Length", str(page.says or len(page.body)))
        self.end_headers()
        if with_body:
            self.wfile.write(page.body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield site
        site.shutdown()
        thread.join()


@pytest.fixture
def references(tmp_path: Path) -> Iterator[References]:
    references = References(cache=tmp_path / "cache")
    yield references
    references.close()


def test_the_digest_is_the_etag_without_quotes(site: Site, references: References) -> None:
    """Semantics §12: http(s):// → ETag without quotes, Content-Length, the quoted etag in extra."""
    site.pages["/data/file.csv"] = Page(b"a,b\n", etag='"abc-1"')
    url = f"{site.url}/data/file.csv"
    assert list(references.entries(url)) == [
        Entry(path="file.csv", digest="abc-1", size=4, ref=url, extra={"etag": '"abc-1"'})
    ]
    assert site.asked == [("HEAD", "/data/file.csv")]


def test_without_an_etag_the_digest_is_the_url(site: Site, references: References) -> None:
    """Semantics §12: … else the URL itself."""
    site.pages["/file.csv"] = Page(b"a,b\n")
    url = f"{site.url}/file.csv"
    assert list(references.entries(url)) == [Entry(path="file.csv", digest=url, size=4, ref=url)]


def test_without_checksum_the_server_is_not_asked(references: References) -> None:
    """Semantics §12: checksum=False → the digest is the URI."""
    url = "https://bucket/key"
    (entry,) = references.entries(url, name="model.pt", checksum=False)
    assert entry == Entry(path="model.pt", digest=url, ref=url)


@pytest.mark.parametrize("status", [403, 404, 405, 500, 501])
def test_a_server_that_does_not_answer_head_is_asked_by_get(
    site: Site, references: References, status: int
) -> None:
    site.pages["/f"] = Page(b"hello", etag='"e"', head=status)
    (entry,) = references.entries(f"{site.url}/f")
    assert (entry.digest, entry.size) == ("e", 5)
    assert [method for method, _ in site.asked] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("rest", "name"),
    [("a/b.txt", "b.txt"), ("b.txt?token=x/y", "b.txt"), ("b.txt#part", "b.txt"), ("a/b/", "b")],
)
def test_the_name_follows_from_the_path_of_the_url(
    site: Site, references: References, rest: str, name: str
) -> None:
    site.pages[f"/{rest.partition('?')[0].partition('#')[0]}"] = Page(b"x")
    (entry,) = references.entries(f"{site.url}/{rest}")
    assert (entry.path, entry.ref) == (name, f"{site.url}/{rest}")


def test_a_url_without_a_path_needs_a_name(site: Site, references: References) -> None:
    site.pages["/"] = Page(b"x")
    with pytest.raises(InvalidReference, match="You must pass name="):
        list(references.entries(site.url))
    (entry,) = references.entries(f"{site.url}/", name="index.html")
    assert entry.path == "index.html"


def test_redirects_are_followed_and_the_url_stays(site: Site, references: References) -> None:
    site.pages["/old"] = Page(b"", head=302, get=302, location="/new")
    site.pages["/new"] = Page(b"hello", etag='"new"')
    (entry,) = references.entries(f"{site.url}/old")
    assert (entry.path, entry.ref, entry.digest) == ("old", f"{site.url}/old", "new")


def test_a_missing_page_is_told_from_a_broken_server(site: Site, references: References) -> None:
    with pytest.raises(ReferenceMissing, match="404"):
        list(references.entries(f"{site.url}/missing"))
    site.pages["/broken"] = Page(b"", head=503, get=503)
    with pytest.raises(StoreUnavailable, match="503"):
        list(references.entries(f"{site.url}/broken"))


def test_nobody_listening_is_told(references: References) -> None:
    with Site() as site:
        url = f"{site.url}/f"
    with pytest.raises(StoreUnavailable, match="ConnectError"):
        list(references.entries(url))


@pytest.mark.parametrize(
    "url", ["http://", "http:///f", "http://[::1/f", "http://a\u200b b/f", "http:f"]
)
def test_a_url_that_is_none_is_refused(references: References, url: str) -> None:
    with pytest.raises(InvalidReference):
        list(references.entries(url, name="f"))


# --- fetching -------------------------------------------------------------------------------


def test_content_is_fetched_once_and_then_known(
    site: Site, references: References, tmp_path: Path
) -> None:
    """Semantics §11: references are cached by the SHA-256 of the URL's and the ETag's SHA-256."""
    site.pages["/f"] = Page(b"hello" * 1_000_000, etag='"e"')
    (entry,) = references.entries(f"{site.url}/f")
    references.fetch(entry, tmp_path / "one")
    references.fetch(entry, tmp_path / "two")
    assert (
        (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == b"hello" * 1_000_000
    )
    assert site.asked == [("HEAD", "/f"), ("GET", "/f")]
    assert references.is_at(entry, tmp_path / "one")
    (tmp_path / "one").write_bytes(b"hello")
    assert not references.is_at(entry, tmp_path / "one")


def test_another_etag_is_refused(site: Site, references: References, tmp_path: Path) -> None:
    """Semantics §12: on load, a digest that does not match raises."""
    site.pages["/f"] = Page(b"hello", etag='"e"')
    (entry,) = references.entries(f"{site.url}/f")
    site.pages["/f"] = Page(b"HELLO", etag='"other"')
    with pytest.raises(DigestMismatch, match="expected e, found other"):
        references.fetch(entry, tmp_path / "f")
    site.pages["/f"] = Page(b"hello")
    with pytest.raises(DigestMismatch, match="expected e"):
        references.fetch(entry, tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_without_an_etag_the_size_is_compared(
    site: Site, references: References, tmp_path: Path
) -> None:
    site.pages["/f"] = Page(b"hello")
    (entry,) = references.entries(f"{site.url}/f")
    references.fetch(entry, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"hello"
    site.pages["/f"] = Page(b"hello, world")
    with pytest.raises(DigestMismatch, match="5 bytes, found 12 bytes"):
        references.fetch(entry, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"hello"


def test_what_is_not_tracked_is_fetched_as_it_is_now(
    site: Site, references: References, tmp_path: Path
) -> None:
    (entry,) = references.entries(f"{site.url}/f", checksum=False)
    for body in (b"one", b"three"):
        site.pages["/f"] = Page(body, etag=f'"{body.decode()}"')
        references.fetch(entry, tmp_path / "f")
        assert (tmp_path / "f").read_bytes() == body


def test_content_that_breaks_off_is_not_kept(
    site: Site, references: References, tmp_path: Path
) -> None:
    site.pages["/f"] = Page(b"hello", etag='"e"', says=10)
    entry = Entry(path="f", digest="e", ref=f"{site.url}/f")
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="Protocol"):
            references.fetch(entry, tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_compressed_content_is_taken_as_the_server_has_it(
    site: Site, references: References, tmp_path: Path
) -> None:
    site.pages["/f.gz"] = Page(
        b"\x1f\x8bnot really", etag='"e"', headers={"Content-Encoding": "gzip"}
    )
    (entry,) = references.entries(f"{site.url}/f.gz")
    references.fetch(entry, tmp_path / "f.gz")
    assert (tmp_path / "f.gz").read_bytes() == b"\x1f\x8bnot really"


def test_a_page_that_is_gone_is_a_missing_file(
    site: Site, references: References, tmp_path: Path
) -> None:
    site.pages["/f"] = Page(b"hello", etag='"e"')
    (entry,) = references.entries(f"{site.url}/f")
    site.pages.clear()
    with pytest.raises(ReferenceMissing) as refused:
        references.fetch(entry, tmp_path / "f")
    assert isinstance(refused.value, FileNotFoundError)


def test_a_spoilt_cache_is_not_believed(site: Site, references: References, tmp_path: Path) -> None:
    site.pages["/f"] = Page(b"hello", etag='"e"')
    (entry,) = references.entries(f"{site.url}/f")
    references.fetch(entry, tmp_path / "f")
    kept = [
        path for path in (tmp_path / "cache" / "content" / "sha256").rglob("*") if path.is_file()
    ]
    for path in kept:
        path.chmod(0o644)
        path.write_bytes(b"HELLO")
    references.fetch(entry, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == b"hello"
    for pointer in (tmp_path / "cache" / "obj").rglob("*"):
        if pointer.is_file():
            pointer.write_text("../../../etc/passwd")
    references.fetch(entry, tmp_path / "once-more")
    assert (tmp_path / "once-more").read_bytes() == b"hello"
    assert [method for method, _ in site.asked] == ["HEAD", "GET", "GET", "GET"]


def test_without_a_cache_the_server_is_asked_every_time(site: Site, tmp_path: Path) -> None:
    site.pages["/f"] = Page(b"hello", etag='"e"')
    references = References()
    (entry,) = references.entries(f"{site.url}/f")
    references.fetch(entry, tmp_path / "f")
    references.fetch(entry, tmp_path / "f")
    assert not references.is_at(entry, tmp_path / "f")
    references.close()
    references.close()
    assert [method for method, _ in site.asked] == ["HEAD", "GET", "GET"]
