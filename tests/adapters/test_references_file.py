"""References to files of this machine."""

import os
from pathlib import Path

import pytest

from stemmata_adapters.references.schemes import References
from stemmata_domain.digests import md5_b64
from stemmata_domain.entries import Entry
from stemmata_domain.errors import (
    DigestMismatch,
    InvalidEntryPath,
    InvalidLocalPath,
    InvalidReference,
    ReferenceMissing,
)

HELLO = "XUFAKrxLKna5cZ2REBfFkg=="
WORLD = "fXkwN6B2AYZXSwKC8vQ15w=="
references = References()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder with files, a symbolic link to a file, and one to a folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "outside.txt").write_text("outside")
    data = tmp_path / "data"
    (data / "sub" / "empty").mkdir(parents=True)
    (data / "a.txt").write_text("hello")
    (data / "sub" / "b.txt").write_text("world")
    (data / "link.txt").symlink_to(elsewhere / "outside.txt")
    (data / "linked").symlink_to(elsewhere)
    return data


def found(
    uri: str, *, name: str | None = None, checksum: bool = True, max_objects: int | None = None
) -> dict[str, Entry]:
    entries = references.entries(uri, name=name, checksum=checksum, max_objects=max_objects)
    return {entry.path: entry for entry in entries}


def test_a_file_is_referenced_by_the_md5_of_its_content(data: Path) -> None:
    """Semantics §12: file:// → digest is the Base64 MD5 of the content, and the size counts."""
    uri = f"file://{data}/a.txt"
    assert found(uri) == {"a.txt": Entry(path="a.txt", digest=HELLO, size=5, ref=uri)}
    assert found(uri, name="in/here.txt")["in/here.txt"].ref == uri


def test_a_folder_stands_for_the_files_under_it(data: Path) -> None:
    """Semantics §3, §12: files in the walk; links to files are taken, links to folders not entered."""
    entries = found(f"file://{data}")
    assert {path: entry.digest for path, entry in entries.items()} == {
        "a.txt": HELLO,
        "sub/b.txt": WORLD,
        "link.txt": md5_b64(b"outside"),
    }
    assert entries["sub/b.txt"].ref == f"file://{data}/sub/b.txt"
    assert found(f"file://{data}/") == entries


def test_a_name_is_the_folder_into_which_a_folder_goes(data: Path) -> None:
    assert set(found(f"file://{data}/sub", name="images/")) == {"images/b.txt"}


def test_a_folder_that_is_itself_a_link_is_entered(data: Path) -> None:
    assert set(found(f"file://{data}/linked")) == {"outside.txt"}


def test_without_checksum_a_link_and_its_target_have_one_digest(data: Path) -> None:
    """Semantics §12: checksum=False → MD5 of the file URI after symbolic links are resolved."""
    target = found(f"file://{data.parent}/elsewhere/outside.txt", checksum=False)["outside.txt"]
    link = found(f"file://{data}/link.txt", checksum=False)["link.txt"]
    assert link.digest == target.digest
    assert link.digest == md5_b64(f"file://{data.resolve().parent}/elsewhere/outside.txt".encode())
    assert link.size == 7


def test_without_checksum_content_is_not_read(data: Path) -> None:
    with (data / "huge.bin").open("wb") as huge:
        huge.truncate(2**40)  # a hole of a terabyte
    assert found(f"file://{data}", checksum=False)["huge.bin"].size == 2**40


def test_more_objects_than_allowed_are_refused(data: Path) -> None:
    """Semantics §12: over max_objects → "Exceeded N objects tracked, pass max_objects to …"."""
    assert len(found(f"file://{data}", max_objects=3)) == 3
    with pytest.raises(
        InvalidReference, match="Exceeded 2 objects tracked, pass max_objects to add_r"
    ):
        found(f"file://{data}", max_objects=2)


@pytest.mark.parametrize(
    "name", ["with space.txt", "ü.txt", "100%.txt", "a#b.txt", "a?b.txt", "a&b"]
)
def test_names_with_odd_characters_are_found_in_folders_and_by_their_uri(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("hello")
    (entry,) = found(f"file://{tmp_path}").values()
    assert entry.path == name
    assert entry.ref is not None
    assert found(entry.ref)[name].digest == HELLO
    assert b"".join(reading(entry)) == b"hello"


def test_a_uri_may_be_written_without_escapes(tmp_path: Path) -> None:
    (tmp_path / "a b#c?d.txt").write_text("hello")
    assert set(found(f"file://{tmp_path}/a b#c?d.txt")) == {"a b#c?d.txt"}


@pytest.mark.parametrize("rest", ["data/a.txt", "server/share/a.txt", "", "localhost"])
def test_a_file_uri_names_an_absolute_path_of_this_machine(rest: str) -> None:
    with pytest.raises(InvalidReference, match="absolute path"):
        found(f"file://{rest}")


@pytest.mark.parametrize("rest", ["missing", "missing/", "a.txt/below"])
def test_what_is_neither_file_nor_folder_is_refused(data: Path, rest: str) -> None:
    with pytest.raises(InvalidReference, match="Path must be a valid file or directory path"):
        found(f"file://{data}/{rest}")


def test_what_no_artifact_can_hold_is_refused_by_its_name(data: Path) -> None:
    os.mkfifo(data / "fifo")
    with pytest.raises(InvalidLocalPath, match=r"Path is not a file: .*fifo"):
        found(f"file://{data}")
    (data / "fifo").unlink()
    (data / "dangling").symlink_to(data / "nowhere")
    with pytest.raises(InvalidLocalPath, match=r"No file is there: .*dangling"):
        found(f"file://{data}")
    (data / "dangling").unlink()
    Path(os.fsdecode(os.fsencode(data) + b"/not-utf8-\xff")).write_text("x")
    with pytest.raises(InvalidEntryPath):
        found(f"file://{data}")


# --- reading --------------------------------------------------------------------------------


def reading(entry: Entry) -> list[bytes]:
    return list(references._handler("file").read(entry))


def test_content_is_fetched_when_it_is_still_the_same(data: Path, tmp_path: Path) -> None:
    for entry in found(f"file://{data}").values():
        references.fetch(entry, tmp_path / "fetched")
        assert (tmp_path / "fetched").read_bytes() == (data / entry.path).read_bytes()


def test_changed_content_is_refused_and_what_was_there_stays(data: Path, tmp_path: Path) -> None:
    """Semantics §12: on load, a digest that does not match raises."""
    entry = found(f"file://{data}/a.txt")["a.txt"]
    (data / "a.txt").write_text("other")
    (tmp_path / "fetched").write_text("before")
    with pytest.raises(DigestMismatch, match=HELLO):
        references.fetch(entry, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_text() == "before"
    assert {each.name for each in tmp_path.iterdir()} == {"data", "elsewhere", "fetched"}


def test_without_checksum_any_content_is_fetched(data: Path, tmp_path: Path) -> None:
    entry = found(f"file://{data}/a.txt", checksum=False)["a.txt"]
    (data / "a.txt").write_text("changed since")
    references.fetch(entry, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_text() == "changed since"


def test_missing_content_is_told_apart(data: Path, tmp_path: Path) -> None:
    entry = found(f"file://{data}/a.txt")["a.txt"]
    (data / "a.txt").unlink()
    with pytest.raises(ReferenceMissing) as refused:
        references.fetch(entry, tmp_path / "fetched")
    assert isinstance(refused.value, FileNotFoundError)
    assert not (tmp_path / "fetched").exists()


def test_a_file_that_is_in_place_is_known_by_its_content(data: Path, tmp_path: Path) -> None:
    entry = found(f"file://{data}/a.txt")["a.txt"]
    (tmp_path / "fetched").write_text("hello")
    assert references.is_at(entry, tmp_path / "fetched")
    (tmp_path / "fetched").write_text("world")
    assert not references.is_at(entry, tmp_path / "fetched")
