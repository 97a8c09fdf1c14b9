"""Bring the files of a version to a folder, look at them, and compare a folder with them."""

import os
import resource
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from stemmata.draft import Draft
from stemmata.files import VersionFiles
from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.references.schemes import References
from stemmata_domain.content import ContentStore
from stemmata_domain.digests import DigestAlgorithm, md5_b64
from stemmata_domain.entries import Entry
from stemmata_domain.errors import (
    BlobMissing,
    DigestMismatch,
    FileMissing,
    InvalidManifest,
    InvalidReference,
    NotASingleFile,
    ReferenceMissing,
    StoreUnavailable,
    UnexpectedFile,
    UnknownEntry,
)
from stemmata_domain.manifest import encode

FILES = {"a.txt": b"hello", "b/c.txt": b"world", "b/d/e": b"", "b-side": b"flip"}


@pytest.fixture(params=["memory", "disk"])
def content(request: pytest.FixtureRequest, tmp_path: Path) -> ContentStore:
    if request.param == "memory":
        return MemoryContentStore()
    return DiskContentStore.open(tmp_path / "content")


@pytest.fixture
def draft(content: ContentStore) -> Iterator[Draft]:
    draft = Draft(content)
    yield draft
    draft.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "artifacts" / "digits:v0"


def write(draft: Draft, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        with draft.new_file(path, "wb") as file:
            file.write(data)


def version_of(draft: Draft, content: ContentStore, root: Path) -> VersionFiles:
    return VersionFiles(
        content,
        manifest=draft.seal().manifest,
        name="digits:v0",
        cache_dir=root.parents[1] / "cache",
    )


@pytest.fixture
def files(draft: Draft, content: ContentStore, root: Path) -> VersionFiles:
    write(draft, FILES)
    return version_of(draft, content, root)


def held_by(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    }


def spoil(content: ContentStore, sha256: str) -> None:
    if isinstance(content, DiskContentStore):
        path = content.root / "sha256" / sha256[:2] / sha256[2:]
        path.chmod(0o644)
        path.write_bytes(b"spoilt")
    elif isinstance(content, MemoryContentStore):
        content._blobs[sha256] = b"spoilt"


# --- looking --------------------------------------------------------------------------------


def test_entries_come_sorted_and_are_counted(files: VersionFiles, draft: Draft) -> None:
    assert list(files) == list(files) == list(draft.entries())
    assert [entry.path for entry in files] == ["a.txt", "b-side", "b/c.txt", "b/d/e"]
    assert len(files) == 4


def test_an_entry_is_found_by_its_path(files: VersionFiles) -> None:
    """Semantics §11: unknown entry → KeyError."""
    for _ in range(3):
        assert files.get("./b//c.txt").digest == md5_b64(b"world")
        for unknown in ("b", "b/", "zzz", "", "..", "/a.txt", "A.TXT"):
            with pytest.raises(UnknownEntry, match="'digits:v0'") as refused:
                files.get(unknown)
            assert isinstance(refused.value, KeyError)


@pytest.mark.parametrize("unknown", ["a", "b", "zzz", "..", ""])
def test_what_is_unknown_is_told_at_the_first_question(files: VersionFiles, unknown: str) -> None:
    with pytest.raises(UnknownEntry):
        files.get(unknown)


def test_entries_are_found_under_a_folder(files: VersionFiles) -> None:
    assert [entry.path for entry in files.under("b/")] == ["b/c.txt", "b/d/e"]
    assert [entry.path for entry in files.under("b/d")] == ["b/d/e"]
    assert list(files.under("a.txt")) == []
    with pytest.raises(UnknownEntry):
        list(files.under(".."))


@pytest.mark.parametrize("size", [0, 5, 9 * 1024 * 1024])
def test_a_file_is_opened_with_its_content_verified(
    draft: Draft, content: ContentStore, root: Path, size: int
) -> None:
    data = os.urandom(size)
    write(draft, {"f": data})
    files = version_of(draft, content, root)
    with files.open("f") as file:
        assert file.read(3) == data[:3]
        file.seek(0)
        assert file.read() == data
    spoil(content, str(files.get("f").blob))
    with pytest.raises(DigestMismatch):
        files.open("f")
    with pytest.raises(UnknownEntry):
        files.open("g")


def test_a_reference_is_opened_where_it_points(
    draft: Draft, content: ContentStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "r").write_bytes(b"elsewhere")
    draft.add_reference(f"file://{tmp_path}/r")
    with version_of(draft, content, root).open("r") as file:
        assert file.read() == b"elsewhere"


def test_a_manifest_that_is_not_there_is_told(content: ContentStore, root: Path) -> None:
    files = VersionFiles(content, manifest="a" * 64, name="x:v0", cache_dir=root)
    with pytest.raises(BlobMissing):
        len(files)
    with pytest.raises(BlobMissing):
        files.download(root)
    assert not root.exists()


# --- downloading ----------------------------------------------------------------------------


def test_all_files_are_written_and_the_folder_returned(files: VersionFiles, root: Path) -> None:
    assert files.download(str(root)) == root
    assert held_by(root) == FILES


def test_a_relative_folder_is_filled_too(
    files: VersionFiles, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.mkdir(parents=True)
    monkeypatch.chdir(root)
    assert files.download("here") == Path("here")
    assert held_by(root / "here") == FILES


def test_a_file_with_the_right_content_is_not_touched(files: VersionFiles, root: Path) -> None:
    """Semantics §11: file already in place with the right digest → untouched."""
    files.download(root)
    os.utime(root / "a.txt", ns=(1, 1))
    before = (root / "a.txt").stat()
    files.download(root)
    after = (root / "a.txt").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("changed", [b"HELLO", b"", b"hello, world"])
def test_a_modified_file_is_overwritten(files: VersionFiles, root: Path, changed: bytes) -> None:
    """Semantics §11: modified → overwritten."""
    files.download(root)
    (root / "a.txt").write_bytes(changed)
    (root / "b" / "c.txt").unlink()
    files.download(root)
    assert held_by(root) == FILES


def test_extra_files_are_kept(files: VersionFiles, root: Path) -> None:
    """Semantics §11: download doesn't delete extra files."""
    (root / "b").mkdir(parents=True)
    (root / "extra").write_bytes(b"mine")
    (root / "b" / "extra").write_bytes(b"mine too")
    files.download(root)
    assert held_by(root) == {**FILES, "extra": b"mine", "b/extra": b"mine too"}


@pytest.mark.parametrize(
    ("prefix", "wanted"),
    [
        ("b", {"b-side", "b/c.txt", "b/d/e"}),
        ("b/", {"b/c.txt", "b/d/e"}),
        ("b/c.t", {"b/c.txt"}),
        ("", set(FILES)),
        ("none", set()),
        ("../", set()),
    ],
)
def test_a_prefix_is_plain_text(
    files: VersionFiles, root: Path, prefix: str, wanted: set[str]
) -> None:
    """Semantics §11: path_prefix is a plain string prefix ("some-prefix" matches …-two.txt)."""
    files.download(root, path_prefix=prefix)
    assert set(held_by(root)) == wanted


def test_an_empty_version_gives_an_empty_folder(
    draft: Draft, content: ContentStore, root: Path
) -> None:
    told: list[tuple[int, int]] = []
    files = version_of(draft, content, root)
    files.download(root, progress=lambda done, total: told.append((done, total)))
    assert list(root.iterdir()) == []
    assert told == [(0, 0)]
    assert files.verify(root) == 0


def test_files_of_xxh128_are_brought_and_compared_alike(content: ContentStore, root: Path) -> None:
    draft = Draft(content, algorithm=DigestAlgorithm.XXH128)
    write(draft, FILES)
    files = version_of(draft, content, root)
    files.download(root)
    assert held_by(root) == FILES
    assert files.verify(root) == 0


def test_progress_never_falls_and_ends_at_the_whole(
    draft: Draft, content: ContentStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(1200):
        (tmp_path / "in" / f"{number}").write_bytes(b"x" * number)
    draft.add_dir(tmp_path / "in")
    files = version_of(draft, content, root)
    whole = sum(range(1200))
    told: list[tuple[int, int]] = []
    for _ in range(3):  # nothing is there, then some
        told.clear()
        files.download(root, progress=lambda done, total: told.append((done, total)))
        assert {total for _, total in told} == {whole}
        assert [done for done, _ in told] == sorted(done for done, _ in told)
        assert told[-1] == (whole, whole)
        for number in range(0, 1200, 7):
            (root / f"{number}").unlink(missing_ok=True)
    files.download(root, path_prefix="11", progress=lambda done, total: told.append((done, total)))
    part = sum(number for number in range(1200) if str(number).startswith("11"))
    assert told[-1] == (part, part)


def test_what_progress_raises_ends_the_download(files: VersionFiles, root: Path) -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        files.download(root, progress=stop)
    assert not [path for path in held_by(root) if path not in FILES]


def test_spoilt_content_is_never_written(
    files: VersionFiles, content: ContentStore, root: Path
) -> None:
    files.download(root)
    (root / "a.txt").write_bytes(b"mine")
    spoil(content, str(files.get("a.txt").blob))
    with pytest.raises(DigestMismatch):
        files.download(root)
    assert held_by(root) == {**FILES, "a.txt": b"mine"}


def test_content_that_is_not_there_is_told(content: ContentStore, root: Path) -> None:
    entries = [Entry(path="f", digest="d", size=3, blob="0" * 64)]
    manifest = content.put_stream(encode(entries)).sha256
    files = VersionFiles(content, manifest=manifest, name="x:v0", cache_dir=root)
    with pytest.raises(BlobMissing):
        files.download(root)
    assert held_by(root) == {}


def test_a_manifest_without_blobs_is_refused(content: ContentStore, root: Path) -> None:
    manifest = content.put_bytes(
        b'{"version":1,"storagePolicy":"wandb-storage-policy-v1","contents":'
        b'{"f":{"digest":"XUFAKrxLKna5cZ2REBfFkg==","size":5}}}'
    )
    files = VersionFiles(content, manifest=manifest.sha256, name="x:v0", cache_dir=root)
    assert len(files) == 1
    with pytest.raises(InvalidManifest, match="its content is not here"):
        files.download(root)
    assert not root.exists()


def test_files_get_the_rights_that_new_files_get(files: VersionFiles, root: Path) -> None:
    old = os.umask(0o027)
    try:
        files.download(root)
    finally:
        os.umask(old)
    assert stat.S_IMODE((root / "a.txt").stat().st_mode) == 0o640
    (root / "a.txt").write_bytes(b"writable")


def test_many_may_download_to_one_folder_at_once(files: VersionFiles, root: Path) -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                files.download(root)
        except BaseException as error:  # noqa: BLE001 -- shown by the assertion
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert held_by(root) == FILES


def test_a_folder_in_the_place_of_a_file_is_told(files: VersionFiles, root: Path) -> None:
    (root / "a.txt").mkdir(parents=True)
    with pytest.raises(StoreUnavailable, match=r"a\.txt: it is in the way"):
        files.download(root)
    assert list((root / "a.txt").iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_told(files: VersionFiles, root: Path) -> None:
    root.mkdir(parents=True)
    (root / "b").write_bytes(b"mine")
    with pytest.raises(StoreUnavailable, match="b: it is in the way"):
        files.download(root)
    assert held_by(root) == {"b": b"mine"}


def test_a_root_that_is_a_file_is_told(files: VersionFiles, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"mine")
    for root in (tmp_path / "f", tmp_path / "f" / "below"):
        with pytest.raises(StoreUnavailable, match="cannot be written"):
            files.download(root)
    assert (tmp_path / "f").read_bytes() == b"mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder of the kernel's")
def test_a_root_where_nothing_can_be_made_is_told(files: VersionFiles) -> None:
    with pytest.raises(StoreUnavailable, match=r"/proc/stemmata.*cannot be written"):
        files.download("/proc/stemmata")


def test_a_disk_that_takes_no_more_is_told_and_nothing_stays_behind(
    draft: Draft, content: ContentStore, root: Path
) -> None:
    write(draft, {"big": os.urandom(1024 * 1024), "small": b"x"})
    files = version_of(draft, content, root)
    unlimited, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512 * 1024, hard))
    try:
        with pytest.raises(StoreUnavailable, match="cannot be written: File too large"):
            files.download(root)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, hard))
    assert set(held_by(root)) <= {"small"}
    files.download(root)
    assert files.verify(root) == 0


def test_names_of_any_script_and_length_come_back(
    draft: Draft, content: ContentStore, root: Path
) -> None:
    odd = {
        "日本/語.txt": b"1",
        "😀": b"2",
        "e\u0301": b"3",
        "é": b"4",
        "a\\b": b"5",
        " lead and trail ": b"6",
        "x" * 255: b"7",
        "/".join("deep" for _ in range(100)): b"8",
        "-rf": b"9",
        "~": b"10",
        "$HOME": b"11",
        "CON.txt": b"12",
        "two:b": b"13",
    }
    write(draft, odd)
    files = version_of(draft, content, root)
    files.download(root)
    assert held_by(root) == odd
    assert files.verify(root) == 0
    files.checkout(root)
    assert held_by(root) == odd


# --- references -----------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "one").write_bytes(b"one")
    (elsewhere / "two").write_bytes(b"two")
    return elsewhere


def test_references_are_brought_beside_files(
    draft: Draft, content: ContentStore, root: Path, elsewhere: Path
) -> None:
    write(draft, FILES)
    draft.add_reference(f"file://{elsewhere}", name="refs")
    told: list[tuple[int, int]] = []
    files = version_of(draft, content, root)
    files.download(root, progress=lambda done, total: told.append((done, total)))
    assert held_by(root) == {**FILES, "refs/one": b"one", "refs/two": b"two"}
    assert told[-1] == (20, 20)


def test_a_reference_that_is_in_place_is_not_touched(
    draft: Draft, content: ContentStore, root: Path, elsewhere: Path
) -> None:
    draft.add_reference(f"file://{elsewhere}/one")
    files = version_of(draft, content, root)
    files.download(root)
    (elsewhere / "one").unlink()
    files.download(root)
    assert held_by(root) == {"one": b"one"}


def test_a_missing_reference_is_refused_unless_it_may_be_missing(
    draft: Draft, content: ContentStore, root: Path, elsewhere: Path
) -> None:
    """Semantics §12: missing → FileNotFoundError, ignorable by allow_missing_references."""
    write(draft, FILES)
    draft.add_reference(f"file://{elsewhere}", name="refs")
    (elsewhere / "two").unlink()
    files = version_of(draft, content, root)
    with pytest.raises(ReferenceMissing) as refused:
        files.download(root)
    assert isinstance(refused.value, FileNotFoundError)
    told: list[tuple[int, int]] = []
    files.download(
        root,
        allow_missing_references=True,
        progress=lambda done, total: told.append((done, total)),
    )
    assert held_by(root) == {**FILES, "refs/one": b"one"}
    assert told[-1] == (20, 20)


def test_a_changed_reference_is_refused_all_the_same(
    draft: Draft, content: ContentStore, root: Path, elsewhere: Path
) -> None:
    """Semantics §12: on load, a digest that does not match raises."""
    draft.add_reference(f"file://{elsewhere}/one")
    (elsewhere / "one").write_bytes(b"eno")
    files = version_of(draft, content, root)
    with pytest.raises(DigestMismatch):
        files.download(root, allow_missing_references=True)
    assert held_by(root) == {}


def test_a_reference_of_an_unknown_scheme_is_refused(
    draft: Draft, content: ContentStore, root: Path
) -> None:
    """Semantics §12: not downloadable, "scheme X not recognized"."""
    draft.add_reference("hdfs://nn/data", name="data")
    files = version_of(draft, content, root)
    with pytest.raises(InvalidReference, match="scheme 'hdfs' not recognized"):
        files.download(root)


def test_references_are_asked_for_through_what_was_brought(
    draft: Draft, content: ContentStore, root: Path
) -> None:
    class Echo:
        def entries(
            self, uri: str, *, name: str | None, checksum: bool, max_objects: int
        ) -> Iterator[Entry]:
            yield Entry(path=name or "echo", digest="d", ref=uri)

        def read(self, entry: Entry) -> Iterator[bytes]:
            yield str(entry.ref).encode()

        def close(self) -> None:
            raise AssertionError("it belongs to whoever brought it")

    references = References(handlers={"echo": Echo()})
    brought = Draft(content, references=references)
    brought.add_reference("echo:hello")
    manifest = brought.seal().manifest
    brought.close()
    files = VersionFiles(
        content, manifest=manifest, name="x:v0", cache_dir=root, references=references
    )
    files.download(root)
    assert held_by(root) == {"echo": b"echo:hello"}


# --- checkout -------------------------------------------------------------------------------


def test_a_checkout_leaves_nothing_else(files: VersionFiles, root: Path) -> None:
    """Semantics §11: checkout = download, and what is not in the artifact is deleted."""
    files.download(root)
    (root / "a.txt").write_bytes(b"changed")
    (root / "b" / "extra").write_bytes(b"x")
    (root / "b0").write_bytes(b"x")
    (root / "b." / "deep" / "er").mkdir(parents=True)
    (root / "b." / "deep" / "f").write_bytes(b"x")
    (root / "zz").write_bytes(b"x")
    (root / "link").symlink_to(root / "a.txt")
    assert files.checkout(root) == root
    assert held_by(root) == FILES
    assert {path.name for path in root.iterdir()} == {"a.txt", "b", "b-side"}


def test_a_checkout_makes_way_for_files_and_folders(files: VersionFiles, root: Path) -> None:
    (root / "a.txt" / "deep").mkdir(parents=True)
    (root / "a.txt" / "f").write_bytes(b"x")
    (root / "b").write_bytes(b"x")
    files.checkout(root)
    assert held_by(root) == FILES


def test_a_checkout_removes_links_and_not_what_they_lead_to(
    files: VersionFiles, root: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / "c").mkdir(parents=True)
    (outside / "c.txt").write_bytes(b"mine")
    root.mkdir(parents=True)
    (root / "b").symlink_to(outside)
    (root / "a.txt").symlink_to(outside / "c.txt")
    (root / "dangling").symlink_to("nowhere")
    (root / "extra").symlink_to(outside / "c")
    files.checkout(root)
    assert held_by(root) == FILES
    assert held_by(outside) == {"c.txt": b"mine"}
    assert (outside / "c").is_dir()


def test_a_checkout_of_what_is_unsound_deletes_nothing(content: ContentStore, root: Path) -> None:
    manifest = content.put_bytes(
        b'{"version":1,"storagePolicy":"wandb-storage-policy-v1","contents":'
        b'{"n":{"digest":"d","ref":"x:y"},"zz/../../f":{"digest":"d","ref":"x:y"}}}'
    )
    root.mkdir(parents=True)
    (root / "mine").write_bytes(b"mine")
    files = VersionFiles(content, manifest=manifest.sha256, name="x:v0", cache_dir=root)
    with pytest.raises(ValueError, match="Invalid artifact path"):
        files.checkout(root)
    assert held_by(root) == {"mine": b"mine"}


# --- verifying ------------------------------------------------------------------------------


def test_a_folder_that_was_downloaded_is_right(files: VersionFiles, root: Path) -> None:
    files.download(root)
    (root / "b" / "empty" / "folders").mkdir(parents=True)
    told: list[tuple[int, int]] = []
    assert files.verify(root, progress=lambda done, total: told.append((done, total))) == 0
    assert told[-1] == (14, 14)


@pytest.mark.parametrize("extra", ["A.TXT", "b/a", "b/d/e2", "b-", "zz", "b/d.", "new/f"])
def test_a_file_that_is_no_member_is_told(files: VersionFiles, root: Path, extra: str) -> None:
    """Semantics §11: extra file → ValueError "Found file … which is not a member of artifact …"."""
    files.download(root)
    (root / extra).parent.mkdir(exist_ok=True)
    (root / extra).write_bytes(b"x")
    with pytest.raises(UnexpectedFile) as refused:
        files.verify(root)
    assert isinstance(refused.value, ValueError)
    assert str(refused.value) == (
        f"Found file '{root.resolve() / extra}' which is not a member of artifact 'digits:v0'"
    )


@pytest.mark.parametrize("changed", [b"HELLO", b"", b"hello, world"])
def test_other_content_is_told(files: VersionFiles, root: Path, changed: bytes) -> None:
    """Semantics §11: digest mismatch → "Digest mismatch for file: …"."""
    files.download(root)
    (root / "a.txt").write_bytes(changed)
    with pytest.raises(DigestMismatch, match=r"^Digest mismatch for file: a\.txt: ") as refused:
        files.verify(root)
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize("gone", list(FILES))
def test_a_missing_file_is_told(files: VersionFiles, root: Path, gone: str) -> None:
    files.download(root)
    (root / gone).unlink()
    with pytest.raises(FileMissing, match="is missing in") as refused:
        files.verify(root)
    assert isinstance(refused.value, FileNotFoundError)
    assert isinstance(refused.value, ValueError)


def test_a_folder_that_is_not_there_lacks_all_files(files: VersionFiles, root: Path) -> None:
    with pytest.raises(FileMissing):
        files.verify(root)
    assert not root.exists()


def test_references_are_passed_over_and_counted(
    draft: Draft, content: ContentStore, root: Path, elsewhere: Path
) -> None:
    """Semantics §11: references skipped with a warning count."""
    write(draft, FILES)
    draft.add_reference(f"file://{elsewhere}", name="refs")
    files = version_of(draft, content, root)
    files.download(root)
    (root / "refs" / "one").write_bytes(b"changed")
    (root / "refs" / "two").unlink()
    with pytest.warns(UserWarning, match="skipped verification of 2 references"):
        assert files.verify(root) == 2


@pytest.mark.parametrize(
    ("digest", "extra"),
    [("XUFAKrxLKna5cZ2REBfFkg==", ""), ("tenBrQcbPn/Hec+qXlI4GA==", ',"extra":{"alg":"XXH128"}')],
)
def test_a_manifest_of_other_making_is_compared_by_its_own_digests(
    content: ContentStore, root: Path, digest: str, extra: str
) -> None:
    """Semantics §12: MD5 of the bytes, or XXH128 where the entry says so."""
    manifest = content.put_bytes(
        b'{"version":1,"storagePolicy":"wandb-storage-policy-v1","contents":'
        b'{"f":{"digest":"%s","size":5%s}}}' % (digest.encode(), extra.encode())
    )
    files = VersionFiles(content, manifest=manifest.sha256, name="x:v0", cache_dir=root)
    root.mkdir(parents=True)
    (root / "f").write_bytes(b"hello")
    assert files.verify(root) == 0
    (root / "f").write_bytes(b"HELLO")
    with pytest.raises(DigestMismatch, match=r"^Digest mismatch for file: f: "):
        files.verify(root)


def test_links_and_special_files_are_no_members(
    files: VersionFiles, root: Path, tmp_path: Path
) -> None:
    files.download(root)
    (root / "b" / "linked").symlink_to(tmp_path)
    with pytest.raises(UnexpectedFile, match="linked"):
        files.verify(root)
    (root / "b" / "linked").unlink()
    (root / "a.txt").unlink()
    os.mkfifo(root / "a.txt")
    with pytest.raises(DigestMismatch, match="what is no file"):
        files.verify(root)
    (root / "a.txt").unlink()
    (root / "a.txt").symlink_to(tmp_path)
    with pytest.raises(DigestMismatch, match="what is no file"):
        files.verify(root)


# --- one file -------------------------------------------------------------------------------


def test_the_only_file_is_brought_by_itself(
    draft: Draft, content: ContentStore, root: Path
) -> None:
    write(draft, {"in/model.bin": b"weights"})
    assert version_of(draft, content, root).file(root) == root / "in" / "model.bin"
    assert held_by(root) == {"in/model.bin": b"weights"}


def test_one_of_several_files_is_not_chosen(files: VersionFiles, root: Path) -> None:
    """Semantics §11: file(root): error if more than one file."""
    with pytest.raises(NotASingleFile, match="contains more than one file") as refused:
        files.file(root)
    assert isinstance(refused.value, ValueError)
    assert not root.exists()


def test_of_no_files_none_is_chosen(draft: Draft, content: ContentStore, root: Path) -> None:
    with pytest.raises(NotASingleFile, match="contains no file"):
        version_of(draft, content, root).file(root)


# --- many -----------------------------------------------------------------------------------


def test_ten_thousand_small_files_come_back(tmp_path: Path) -> None:
    content = DiskContentStore.open(tmp_path / "content")
    (tmp_path / "in").mkdir()
    for number in range(10_000):
        (tmp_path / "in" / f"{number:05}").write_bytes(b"%d" % number)
    draft = Draft(content)
    draft.add_dir(tmp_path / "in")
    files = version_of(draft, content, tmp_path / "x" / "y")
    files.download(tmp_path / "out")
    assert files.verify(tmp_path / "out") == 0
    assert held_by(tmp_path / "out") == held_by(tmp_path / "in")
    assert files.get("01234").size == 4
