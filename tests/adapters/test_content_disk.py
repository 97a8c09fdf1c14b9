"""The content store on disk, as files that others see."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_adapters.content_stores.medium import medium_of
from stemmata_domain.errors import InvalidSetting, StoreUnavailable

DAY = 24 * 60 * 60
SHA256_OF_HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def drafts(store: DiskContentStore) -> list[Path]:
    return list((store.root / "tmp").iterdir())


def blobs(store: DiskContentStore) -> dict[str, bytes]:
    return {
        path.parent.name + path.name: path.read_bytes()
        for path in (store.root / "sha256").rglob("*")
        if path.is_file()
    }


# --- the folder -------------------------------------------------------------------------------


def test_a_blob_is_a_read_only_file_named_by_its_sha256(tmp_path: Path) -> None:
    store = DiskContentStore.open(tmp_path / "store")
    store.put_bytes(b"hello")
    path = tmp_path / "store" / "sha256" / SHA256_OF_HELLO[:2] / SHA256_OF_HELLO[2:]
    assert path.read_bytes() == b"hello"
    assert path.stat().st_mode & 0o222 == 0


def test_a_put_leaves_no_drafts(tmp_path: Path) -> None:
    store = DiskContentStore.open(tmp_path / "store")
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3_000_000))
    for _ in range(2):
        store.put_bytes(b"hello")
        store.put_stream([b"hel", b"lo"])
        store.put_files([source, source])
    assert drafts(store) == []
    assert len(blobs(store)) == 2


def test_content_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    store = DiskContentStore.open(tmp_path)
    for data in (b"hello", os.urandom(3_000_000)):
        sha256 = store.put_bytes(data).sha256
        path = tmp_path / "sha256" / sha256[:2] / sha256[2:]
        before = path.stat()
        store.put_bytes(data)
        store.put_stream([data])
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_large_file_is_stored_and_found_intact_when_put_again(tmp_path: Path) -> None:
    data = os.urandom(1_000_003) * 90
    source = tmp_path / "source"
    source.write_bytes(data)
    store = DiskContentStore.open(tmp_path / "store")
    blob = store.put_file(source)
    assert blob.sha256 == hashlib.sha256(data).hexdigest()
    path = store.root / "sha256" / blob.sha256[:2] / blob.sha256[2:]
    before = path.stat().st_ino
    assert store.put_file(source) == blob
    assert path.stat().st_ino == before
    assert path.read_bytes() == data


@pytest.mark.parametrize("location", ["file://{}", "file://localhost{}", "{}"])
def test_a_store_is_opened_by_path_or_url(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "a b" / "blobs"
    spelt = str(folder) if location == "{}" else str(folder).replace(" ", "%20")
    DiskContentStore.open(folder).put_bytes(b"hello")
    assert DiskContentStore.open(location.format(spelt)).read_bytes(SHA256_OF_HELLO) == b"hello"


@pytest.mark.parametrize("url", ["file://elsewhere/blobs", "file://", "file:///blobs?mode=ro"])
def test_a_url_that_names_no_folder_here_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match="content URL"):
        DiskContentStore.open(url)


def test_describing_a_store_touches_nothing(tmp_path: Path) -> None:
    DiskContentStore(tmp_path / "store")
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = DiskContentStore.open("blobs")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.put_bytes(b"hello")
    assert (tmp_path / "blobs" / "sha256" / SHA256_OF_HELLO[:2] / SHA256_OF_HELLO[2:]).exists()


def test_what_is_no_blob_is_not_listed(tmp_path: Path) -> None:
    store = DiskContentStore.open(tmp_path)
    store.put_bytes(b"hello")
    (tmp_path / "sha256" / "2c" / ".DS_Store").write_bytes(b"")
    (tmp_path / "sha256" / "README").write_bytes(b"")
    assert list(store.digests()) == [SHA256_OF_HELLO]


# --- what is left behind ----------------------------------------------------------------------


def test_opening_removes_drafts_that_are_older_than_a_day(tmp_path: Path) -> None:
    store = DiskContentStore.open(tmp_path)
    store.put_bytes(b"hello")
    now = time.time()
    for name, age in (("old", DAY + 60), ("young", DAY - 60), ("new", 0)):
        path = tmp_path / "tmp" / name
        path.write_bytes(b"half of someth")
        os.utime(path, (now - age, now - age))
    DiskContentStore.open(tmp_path)
    assert sorted(path.name for path in drafts(store)) == ["new", "young"]
    assert list(store.digests()) == [SHA256_OF_HELLO]


WRITER = """
import os, sys
from pathlib import Path
from stemmata_adapters.content_stores.disk import DiskContentStore

store = DiskContentStore.open(sys.argv[1])
folder = Path(sys.argv[2])
for round in range(1000):
    paths = []
    for number in range(24):
        path = folder / str(number)
        path.write_bytes(os.urandom(number * 91 if number < 22 else 2_000_000 + number))
        paths.append(path)
    for blob in store.put_files(paths):
        print(blob.sha256, flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08])
def test_a_killed_writer_leaves_no_blob_that_is_not_what_its_name_says(
    tmp_path: Path, delay: float
) -> None:
    (tmp_path / "sources").mkdir()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "store"), str(tmp_path / "sources")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    told = [writer.stdout.readline()]
    time.sleep(delay)
    writer.kill()
    told += writer.stdout.readlines()
    writer.stdout.close()
    writer.wait()
    store = DiskContentStore.open(tmp_path / "store")
    stored = blobs(store)
    for sha256, data in stored.items():
        assert hashlib.sha256(data).hexdigest() == sha256
    whole = {line.strip() for line in told if line.endswith("\n")}
    assert whole <= set(stored)
    assert store.put_bytes(b"life goes on").sha256 in set(store.digests())


SAME_FILES = """
import sys
from pathlib import Path
from stemmata_adapters.content_stores.disk import DiskContentStore

input()
for blob in DiskContentStore.open(sys.argv[1]).put_files(sorted(Path(sys.argv[2]).iterdir())):
    print(blob.sha256)
"""


def test_eight_processes_may_put_the_same_files_into_a_store_that_none_has_made(
    tmp_path: Path,
) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    for number in range(60):
        (sources / f"{number:02}").write_bytes(
            os.urandom(number * 13 if number < 58 else 2_500_000)
        )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", SAME_FILES, str(tmp_path / "store"), str(sources)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    for writer in writers:  # all are let go at once, when all have been started
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    told = [writer.communicate()[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 8
    expected = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(sources.iterdir())]
    assert told == [expected] * 8
    store = DiskContentStore.open(tmp_path / "store")
    assert {hashlib.sha256(data).hexdigest() for data in blobs(store).values()} == set(expected)
    assert drafts(store) == []


# --- the disk fails ---------------------------------------------------------------------------

LIMITED = """
import os, resource, sys
from pathlib import Path
from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_domain.errors import StoreUnavailable

store = DiskContentStore.open(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
size = int(sys.argv[2])
puts = {
    "put_bytes": lambda: store.put_bytes(os.urandom(size)),
    "put_stream": lambda: store.put_stream([os.urandom(size)]),
    "put_file": lambda: store.put_file(sys.argv[3]),
}
for name, put in puts.items():
    try:
        put()
    except StoreUnavailable as error:
        assert isinstance(error.__cause__, OSError)
        print(error)
store.put_bytes(b"what fits")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.parametrize("size", [200_000, 3_000_000])
def test_content_that_does_not_fit_is_told_and_leaves_nothing(tmp_path: Path, size: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))
    limited = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(size), str(source)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = limited.stdout.splitlines()
    assert len(told) == 3
    for line in told:
        assert str(tmp_path) in line
        assert "the content was not stored. Make room" in line
    store = DiskContentStore.open(tmp_path)
    assert list(blobs(store).values()) == [b"what fits"]
    assert drafts(store) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no disk that is full")
def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreUnavailable, match=r"the disk is full; .* Make room") as raised,
        medium_of(tmp_path),
        open("/dev/full", "wb", buffering=0) as full,  # noqa: PTH123 -- a device, not a path of ours
    ):
        full.write(b"hello")
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.store == str(tmp_path)


UNPRIVILEGED = """
import os, sys
from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_domain.errors import StoreUnavailable

if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
store = DiskContentStore.open(sys.argv[1])
assert store.read_bytes(sys.argv[2]) == b"hello"
for put in (
    lambda: store.put_bytes(b"new"),
    lambda: store.put_stream([b"new"]),
    lambda: store.put_file(sys.argv[3]),
):
    try:
        put()
    except StoreUnavailable as error:
        print(error)
try:
    DiskContentStore.open(sys.argv[1] + "/made/anew")
except StoreUnavailable as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are another matter there")
def test_a_store_that_may_only_be_read_is_read_and_says_so_when_written(tmp_path: Path) -> None:
    store = DiskContentStore.open(tmp_path / "store")
    store.put_bytes(b"hello")
    (tmp_path / "source").write_bytes(b"new")
    (tmp_path / "store" / "tmp").rmdir()  # a copy may leave out what is empty
    folders = [tmp_path / "store", *(tmp_path / "store").rglob("*")]
    # pytest lets nobody else into its folders, nor does a root's home.
    above = [folder for folder in tmp_path.parents if folder.stat().st_uid == os.geteuid()]
    modes = {folder: folder.stat().st_mode for folder in [*folders, tmp_path, *above]}
    try:
        for folder in [tmp_path, *above]:
            folder.chmod(modes[folder] | 0o555)
        for folder in folders:
            folder.chmod(0o444 if folder.is_file() else 0o555)
        reader = subprocess.run(
            [
                *(sys.executable, "-c", UNPRIVILEGED),
                *(str(tmp_path / "store"), SHA256_OF_HELLO, str(tmp_path / "source")),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for folder, mode in modes.items():
            folder.chmod(mode)
    assert reader.stderr == ""
    told = reader.stdout.splitlines()
    assert len(told) == 4
    assert all("may not be written or read by this user" in line for line in told)


def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")
    for place in ("store", "store/below"):
        with pytest.raises(StoreUnavailable, match="is a file and no folder"):
            DiskContentStore.open(tmp_path / place)


def test_a_folder_where_a_blob_should_be_is_told(tmp_path: Path) -> None:
    store = DiskContentStore.open(tmp_path)
    store.put_bytes(b"something else")
    (tmp_path / "sha256" / SHA256_OF_HELLO[:2] / SHA256_OF_HELLO[2:]).mkdir()
    for ask in (store.read_bytes, lambda sha256: list(store.read(sha256))):
        with pytest.raises(StoreUnavailable):
            ask(SHA256_OF_HELLO)
    with pytest.raises(StoreUnavailable):
        store.put_bytes(b"hello")
    assert drafts(store) == []
