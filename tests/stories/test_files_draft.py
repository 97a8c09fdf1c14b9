"""Put a version together: files, folders, files that are written on the spot, and references."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemmata.draft import Draft, StoredManifest
from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_domain.digests import DigestAlgorithm
from stemmata_domain.errors import (
    EntryTaken,
    InvalidEntryPath,
    InvalidLocalPath,
    InvalidReference,
    InvalidSetting,
    UnknownEntry,
)
from stemmata_domain.manifest import decode

HELLO = "XUFAKrxLKna5cZ2REBfFkg=="
WORLD = "fXkwN6B2AYZXSwKC8vQ15w=="


@pytest.fixture
def content() -> MemoryContentStore:
    return MemoryContentStore()


@pytest.fixture
def draft(content: MemoryContentStore) -> Iterator[Draft]:
    draft = Draft(content, name="digits")
    yield draft
    draft.close()


def paths_of(draft: Draft) -> list[str]:
    return [entry.path for entry in draft.entries()]


def write(draft: Draft, path: str, text: str) -> None:
    with draft.new_file(path, "w") as file:
        file.write(text)


# --- digests --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "digest"),
    [
        ({}, "64e7c61456b10382e2f3b571ac24b659"),
        ({"file.txt": "hello"}, "fd9916cb47f290f1bbd53bcd8be69277"),
        ({"a.txt": "hello", "b/c.txt": "world"}, "169ce122d7b477940eccd70028d680dc"),
        ({"B.txt": "world", "a.txt": "hello"}, "c66f9cebb1d47bfb7f3ca6b68603da51"),
        ({"empty": ""}, "96743a9b25c5c9fe3480f65327301e00"),
    ],
)
def test_the_digest_is_that_of_paths_and_contents(
    draft: Draft, files: dict[str, str], digest: str
) -> None:
    """Semantics §12: MD5 over the header and "path:digest" lines, sorted by path."""
    for path in sorted(files, reverse=True):
        write(draft, path, files[path])
    assert draft.digest == digest
    assert draft.seal().digest == digest


def test_the_digest_of_a_reference_without_checksum_is_its_uri(draft: Draft) -> None:
    """Semantics §12: model.pt = reference https://bucket/key, checksum=False."""
    draft.add_reference("https://bucket/key", name="model.pt", checksum=False)
    assert draft.digest == "8464d78c3ba9bbd5031f3ba3d7ce9fac"


def test_xxh128_digests_files_and_the_whole(content: MemoryContentStore) -> None:
    """Semantics §12: in XXH128 mode, the same lines with XXH128; each file has extra alg."""
    draft = Draft(content, algorithm=DigestAlgorithm.XXH128)
    assert draft.digest == "f13c5dd8602ab5d18a0c87ce730a735e"
    write(draft, "file.txt", "hello")
    assert draft.digest == "07251c2e0b13af3d3d45378c2c075a94"
    entry = draft.get("file.txt")
    assert (entry.digest, entry.extra) == ("tenBrQcbPn/Hec+qXlI4GA==", {"alg": "XXH128"})
    (reference,) = draft.add_reference("other:x", name="x")
    assert reference.extra is None


def test_sealing_stores_a_manifest_of_all_entries(
    draft: Draft, content: MemoryContentStore
) -> None:
    write(draft, "b/c.txt", "world")
    write(draft, "a.txt", "hello")
    draft.add_reference("other:x", name="ref")
    sealed = draft.seal()
    assert sealed == StoredManifest(
        manifest=sealed.manifest,
        digest=draft.digest,
        algorithm=DigestAlgorithm.MD5,
        size=10,
        file_count=3,
    )
    assert list(decode(content.read(sealed.manifest))) == list(draft.entries())
    assert (len(draft), draft.size) == (3, 10)


def test_the_same_content_gives_the_same_manifest_in_whatever_order(
    content: MemoryContentStore, draft: Draft
) -> None:
    other = Draft(content)
    for path in ("a", "b", "c"):
        write(draft, path, path)
    for path in ("c", "a", "b", "d"):
        write(other, path, path)
    other.remove("d")
    assert other.seal() == draft.seal()


# --- files ----------------------------------------------------------------------------------


def test_a_file_is_added_under_its_own_name(draft: Draft, tmp_path: Path) -> None:
    """Semantics §3: add_file('checkpoints/model.h5') → model.h5."""
    (tmp_path / "checkpoints").mkdir()
    file = tmp_path / "checkpoints" / "model.h5"
    file.write_text("hello")
    entry = draft.add_file(str(file))
    assert entry == draft.get("model.h5")
    assert (entry.path, entry.digest, entry.size, entry.ref) == ("model.h5", HELLO, 5, None)
    assert draft.add_file(file, name="./in//there.h5").path == "in/there.h5"
    assert paths_of(draft) == ["in/there.h5", "model.h5"]


@pytest.mark.parametrize("policy", ["mutable", "immutable"])
def test_a_file_may_change_after_it_was_added(
    draft: Draft, content: MemoryContentStore, tmp_path: Path, policy: str
) -> None:
    """Semantics §3: "mutable" → later edits of the original do not matter."""
    file = tmp_path / "file.txt"
    file.write_text("hello")
    entry = draft.add_file(file, policy=policy)
    file.write_text("changed")
    file.unlink()
    assert entry.blob is not None
    assert content.read_bytes(entry.blob) == b"hello"
    assert draft.digest == "fd9916cb47f290f1bbd53bcd8be69277"


def test_an_unknown_policy_is_refused(draft: Draft, tmp_path: Path) -> None:
    """Semantics §3: bad policy → "Invalid policy …"."""
    (tmp_path / "f").touch()
    with pytest.raises(InvalidSetting, match="Invalid policy 'frozen'") as refused:
        draft.add_file(tmp_path / "f", policy="frozen")
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize("name", ["", "missing", "fifo", "dangling", "nul\0"])
def test_what_is_no_file_is_refused(draft: Draft, tmp_path: Path, name: str) -> None:
    """Semantics §3: non-file → "Path is not a file: …"."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(InvalidLocalPath, match=r"^Path is not a file: ") as refused:
        draft.add_file(f"{tmp_path}/{name}")
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize("name", ["..", "../x", "/abs", "a/../../b", "C:\\x", "\\x", "", "."])
def test_a_path_that_leaves_the_artifact_is_refused_on_add(
    draft: Draft, tmp_path: Path, name: str
) -> None:
    """Semantics §1: absolute, "..", drive, UNC and rooted paths are rejected, on any system."""
    (tmp_path / "f").write_text("x")
    with pytest.raises(InvalidEntryPath, match="Invalid artifact path"):
        draft.add_file(tmp_path / "f", name=name)
    with pytest.raises(InvalidEntryPath, match="Invalid artifact path"):
        draft.new_file(name)
    assert len(draft) == 0


def test_other_content_at_the_same_path_is_refused(draft: Draft, tmp_path: Path) -> None:
    """Semantics §1: same digest: accepted; other digest: refused unless overwrite=True."""
    (tmp_path / "f").write_text("hello")
    draft.add_file(tmp_path / "f")
    draft.add_file(tmp_path / "f")
    (tmp_path / "f").write_text("world")
    with pytest.raises(EntryTaken, match="Cannot add the same path twice: 'f'"):
        draft.add_file(tmp_path / "f")
    assert draft.get("f").digest == HELLO
    draft.add_file(tmp_path / "f", overwrite=True)
    assert draft.get("f").digest == WORLD


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails")
def test_a_file_that_cannot_be_read_is_named(draft: Draft) -> None:
    with pytest.raises(InvalidLocalPath, match=r"Cannot read \(.*\): '/proc/self/mem'"):
        draft.add_file("/proc/self/mem")


# --- folders --------------------------------------------------------------------------------


@pytest.fixture
def images(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    (images / "cats" / "none").mkdir(parents=True)
    (images / "cats" / "1.png").write_text("one")
    (images / "2.png").write_text("two")
    (images / ".hidden").write_text("hidden")
    return images


def test_a_folder_gives_its_contents(draft: Draft, images: Path) -> None:
    """Semantics §3: add_dir('images') → contents at the root; empty directories are ignored."""
    draft.add_dir(images)
    assert paths_of(draft) == [".hidden", "2.png", "cats/1.png"]


def test_a_folder_may_go_under_a_name(draft: Draft, images: Path) -> None:
    """Semantics §3: add_dir('images', name='images') → under images/."""
    draft.add_dir(str(images), name="images/")
    assert paths_of(draft) == ["images/.hidden", "images/2.png", "images/cats/1.png"]


def test_links_to_files_and_to_folders_are_followed(
    draft: Draft, images: Path, tmp_path: Path
) -> None:
    """Semantics §3: add_dir follows symlinks to files and to directories."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "dog.png").write_text("dog")
    (images / "dogs").symlink_to(tmp_path / "elsewhere")
    (images / "also-dogs").symlink_to(images / "dogs")
    (images / "dog.png").symlink_to(tmp_path / "elsewhere" / "dog.png")
    draft.add_dir(images)
    dogs = {entry.digest for entry in draft.entries() if "dog" in entry.path}
    assert len(dogs) == 1
    assert [path for path in paths_of(draft) if "dog" in path] == [
        "also-dogs/dog.png",
        "dog.png",
        "dogs/dog.png",
    ]


@pytest.mark.parametrize("target", [".", "..", "cats"])
def test_links_that_lead_in_circles_are_refused(draft: Draft, images: Path, target: str) -> None:
    (images / "cats" / "loop").symlink_to(images / target)
    with pytest.raises(InvalidLocalPath, match=r"lead back to a folder that they are in: '.*loop"):
        draft.add_dir(images)
    assert len(draft) == 0


def test_a_link_to_itself_is_refused(draft: Draft, images: Path) -> None:
    (images / "self").symlink_to(images / "self")
    with pytest.raises(InvalidLocalPath, match="self"):
        draft.add_dir(images)


def test_of_a_folder_that_is_refused_nothing_is_added(draft: Draft, images: Path) -> None:
    write(draft, "cats/1.png", "another cat")
    with pytest.raises(EntryTaken, match=r"cats/1\.png"):
        draft.add_dir(images)
    assert paths_of(draft) == ["cats/1.png"]
    draft.add_dir(images, overwrite=True)
    assert paths_of(draft) == [".hidden", "2.png", "cats/1.png"]
    os.mkfifo(images / "zzz")
    with pytest.raises(InvalidLocalPath, match=r"Path is not a file: '.*zzz'"):
        draft.add_dir(images, name="again")
    assert len(draft) == 3


def test_what_is_no_folder_is_refused(draft: Draft, images: Path) -> None:
    for path in (images / "2.png", images / "missing"):
        with pytest.raises(InvalidLocalPath, match=r"^Path is not a directory: "):
            draft.add_dir(path)


def test_a_name_that_no_artifact_can_hold_is_refused(draft: Draft, images: Path) -> None:
    Path(os.fsdecode(os.fsencode(images) + b"/\xff.png")).touch()
    with pytest.raises(InvalidEntryPath):
        draft.add_dir(images)
    assert len(draft) == 0


def test_a_folder_is_digested_by_the_algorithm_of_the_draft(
    content: MemoryContentStore, images: Path
) -> None:
    draft = Draft(content, algorithm=DigestAlgorithm.XXH128)
    (images / "file.txt").write_text("hello")
    draft.add_dir(images)
    draft.remove("cats")
    draft.remove("2.png")
    draft.remove(".hidden")
    assert draft.digest == "07251c2e0b13af3d3d45378c2c075a94"


def test_progress_never_falls_and_ends_at_the_whole(draft: Draft, tmp_path: Path) -> None:
    for number in range(1100):
        (tmp_path / f"{number}").write_bytes(b"x" * number)
    told: list[tuple[int, int]] = []
    draft.add_dir(tmp_path, progress=lambda done, total: told.append((done, total)))
    whole = sum(range(1100))
    assert {total for _, total in told} == {whole}
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (whole, whole)
    told.clear()
    draft.add_file(tmp_path / "1099", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (1099, 1099)


def test_ten_thousand_small_files_become_a_version(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(10_000):
        (tmp_path / "in" / f"{number:05}.bin").write_bytes(b"%d" % number)
    content = DiskContentStore.open(tmp_path / "content")
    draft = Draft(content)
    draft.add_dir(tmp_path / "in", name="data")
    sealed = draft.seal()
    draft.close()
    assert sealed.file_count == 10_000
    entries = list(decode(content.read(sealed.manifest)))
    assert [entry.path for entry in entries] == [
        f"data/{number:05}.bin" for number in range(10_000)
    ]
    blob = entries[1234].blob
    assert blob is not None
    assert content.read_bytes(blob) == b"1234"


# --- files written on the spot --------------------------------------------------------------


def test_what_is_written_is_added_when_the_block_ends(draft: Draft) -> None:
    with draft.new_file("notes/é.txt", encoding="latin-1") as file:
        file.write("é\n")
        assert len(draft) == 0
    assert draft.get("notes/é.txt").size == 2
    with draft.new_file("raw.bin", "wb") as raw:
        raw.write(b"\r\n\0")
    assert draft.get("raw.bin").size == 3
    with draft.new_file("default.txt") as file:
        file.write("é\n")
    assert draft.get("default.txt").size == 3


def test_what_is_written_is_forgotten_when_the_block_raises(
    draft: Draft, content: MemoryContentStore
) -> None:
    class Interrupted(Exception):
        pass

    def interrupted() -> None:
        with draft.new_file("half.txt") as file:
            file.write("half")
            raise Interrupted

    with pytest.raises(Interrupted):
        interrupted()
    assert len(draft) == 0
    assert list(content.digests()) == []
    write(draft, "half.txt", "whole")


def test_mode_x_refuses_and_mode_w_replaces_what_is_there(draft: Draft) -> None:
    """Semantics §3: new_file(name, mode="x")."""
    write(draft, "f", "hello")
    with pytest.raises(EntryTaken):
        draft.new_file("f")
    write(draft, "f", "world")
    assert draft.get("f").digest == WORLD


@pytest.mark.parametrize("mode", ["r", "a", "", "wx", "w!", "rb", "bw", "wbt", "U"])
def test_a_mode_that_writes_no_new_file_is_refused(draft: Draft, mode: str) -> None:
    with pytest.raises(InvalidSetting, match="Invalid mode"):
        draft.new_file("f", mode)


@pytest.mark.parametrize(("mode", "encoding"), [("w", "klingon"), ("w", "hex"), ("wb", "utf-8")])
def test_an_encoding_that_cannot_be_used_is_refused(draft: Draft, mode: str, encoding: str) -> None:
    with pytest.raises(InvalidSetting, match=f"Invalid encoding '{encoding}'"):
        draft.new_file("f", mode, encoding)


def test_a_file_may_be_closed_in_the_block_and_read_while_it_is_written(draft: Draft) -> None:
    with draft.new_file("f", "w+") as file:
        file.write("hello")
        file.seek(0)
        assert file.read() == "hello"
        file.close()
    assert draft.get("f").digest == HELLO


# --- references, removing, other drafts -----------------------------------------------------


def test_references_count_with_their_size(draft: Draft, tmp_path: Path) -> None:
    """Semantics §12: the size of an artifact counts the sizes of references."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a").write_text("hello")
    (tmp_path / "data" / "b").write_text("world")
    added = draft.add_reference(f"file://{tmp_path}/data", name="in")
    assert sorted(entry.path for entry in added) == ["in/a", "in/b"]
    assert list(draft.entries()) == sorted(added, key=lambda entry: entry.path)
    assert draft.seal().size == 10


def test_of_a_reference_that_is_refused_nothing_is_added(draft: Draft, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hello")
    (tmp_path / "b").write_text("world")
    with pytest.raises(InvalidReference, match="Exceeded 1 objects tracked"):
        draft.add_reference(f"file://{tmp_path}", max_objects=1)
    write(draft, "b", "other")
    with pytest.raises(EntryTaken):
        draft.add_reference(f"file://{tmp_path}")
    with pytest.raises(InvalidReference, match="use file://"):
        draft.add_reference(str(tmp_path))
    assert paths_of(draft) == ["b"]


def test_entries_are_removed_by_path_folder_or_themselves(draft: Draft, images: Path) -> None:
    """Semantics §3: remove(path|entry); a folder goes with all under it; missing → not found."""
    draft.add_dir(images)
    draft.add_dir(images / "cats", name="cats2")
    draft.remove(draft.get("2.png"))
    draft.remove("cats/")
    assert paths_of(draft) == [".hidden", "cats2/1.png"]
    with pytest.raises(FileNotFoundError, match="'digits'"):
        draft.remove("cats")
    with pytest.raises(KeyError):
        draft.get("cats/1.png")


def test_a_draft_may_start_from_the_entries_of_another(
    content: MemoryContentStore, draft: Draft
) -> None:
    write(draft, "a.txt", "hello")
    draft.add_reference("other:x", name="x")
    sealed = draft.seal()
    continued = Draft.from_entries(content, decode(content.read(sealed.manifest)), name="next")
    assert continued.seal() == sealed
    write(continued, "b/c.txt", "world")
    continued.remove("x")
    assert continued.digest == "169ce122d7b477940eccd70028d680dc"
    assert draft.seal() == sealed
    with pytest.raises(UnknownEntry, match="'next'"):
        continued.get("x")


@pytest.mark.parametrize("start", list(DigestAlgorithm))
@pytest.mark.parametrize("end", list(DigestAlgorithm))
def test_entries_are_digested_again_where_the_algorithm_is_another(
    content: MemoryContentStore, start: DigestAlgorithm, end: DigestAlgorithm
) -> None:
    """Semantics §12: a collection stays with its algorithm; files are digested again."""
    draft = Draft(content, algorithm=start)
    write(draft, "file.txt", "hello")
    again = Draft.from_entries(content, draft.entries(), algorithm=end)
    assert (
        again.digest
        == {
            DigestAlgorithm.MD5: "fd9916cb47f290f1bbd53bcd8be69277",
            DigestAlgorithm.XXH128: "07251c2e0b13af3d3d45378c2c075a94",
        }[end]
    )
    again.seal()


def test_threads_may_add_at_once(draft: Draft, tmp_path: Path) -> None:
    for worker in range(8):
        (tmp_path / f"{worker}").mkdir()
        for number in range(50):
            (tmp_path / f"{worker}" / f"{number}").write_text(f"{worker}-{number}")

    def work(worker: int) -> None:
        draft.add_dir(tmp_path / f"{worker}", name=f"dir/{worker}")
        for number in range(20):
            draft.add_file(tmp_path / f"{worker}" / f"{number}", name=f"file/{worker}/{number}")
            write(draft, "shared", "the same")

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert draft.seal().file_count == 8 * 50 + 8 * 20 + 1


@given(
    st.dictionaries(st.text("ab/.-é", min_size=1, max_size=6), st.binary(max_size=20), max_size=8)
)
def test_whatever_is_written_comes_back_or_is_refused(files: dict[str, bytes]) -> None:
    content = MemoryContentStore()
    draft = Draft(content)
    added: dict[str, bytes] = {}
    for path, data in files.items():
        try:
            with draft.new_file(path, "xb") as file:
                file.write(data)
        except (InvalidEntryPath, EntryTaken):
            continue
        added["/".join(part for part in path.split("/") if part not in {"", "."})] = data
    sealed = draft.seal()
    draft.close()
    entries = list(decode(content.read(sealed.manifest)))
    assert {entry.path: content.read_bytes(str(entry.blob)) for entry in entries} == added
