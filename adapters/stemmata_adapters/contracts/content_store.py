"""What every content store promises, as tests.

Subclass it, say how a store is made, and how to reach what it stores without asking it:

```python
class TestMyContentStore(ContentStoreContract):
    @pytest.fixture
    def store(self) -> ContentStore: ...

    def stored_bytes(self, store: ContentStore, sha256: str) -> bytes | None: ...

    def corrupt(self, store: ContentStore, sha256: str, data: bytes) -> None: ...
```
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from random import Random

import pytest

from stemmata_domain.content import ContentStore
from stemmata_domain.digests import DigestAlgorithm
from stemmata_domain.errors import BlobMissing, DigestMismatch, InvalidSetting

MIB = 1024 * 1024
SIZES = [0, 1, 2047, MIB - 1, MIB, MIB + 1, 2 * MIB, 4 * MIB, 9 * MIB + 7]
ABSENT = hashlib.sha256(b"nobody has put this").hexdigest()
NO_ADDRESSES = [
    "",
    "../../../etc/passwd",
    "ab/cd",
    ABSENT[:-1],
    ABSENT + "0",
    ABSENT.upper(),
    ABSENT[:-1] + "\n",
    ABSENT[:-1] + "٣",
    "/" + ABSENT[1:],
    "../" + ABSENT[3:],
    "\x00" * 64,
]


@cache
def content(size: int, *, seed: int = 0) -> bytes:
    """Return bytes that look like no others of another size or seed."""
    return Random(seed * 1_000_003 + size).randbytes(size)


def address(data: bytes) -> str:
    """Return the address of *data*."""
    return hashlib.sha256(data).hexdigest()


def file_with(data: bytes, path: Path) -> Path:
    """Write a file and return its path."""
    path.write_bytes(data)
    return path


class Told:
    """Progress as it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.calls.append((done, total))

    def check(self, total: int) -> None:
        """Hold what was told against the promises of `Progress`."""
        done = [done for done, _ in self.calls]
        assert {total for _, total in self.calls} == {total}
        assert done == sorted(done)
        assert done[-1] == total


class ContentStoreContract:
    """The promises of `ContentStore`."""

    def stored_bytes(self, store: ContentStore, sha256: str) -> bytes | None:
        """Return what stands under an address, past the store; None if nothing does."""
        raise NotImplementedError

    def corrupt(self, store: ContentStore, sha256: str, data: bytes) -> None:
        """Put *data* under an address, past the store."""
        raise NotImplementedError

    @pytest.fixture(params=[10, 3 * MIB + 5], ids=["small", "large"])
    def data(self, request: pytest.FixtureRequest) -> bytes:
        size: int = request.param
        return content(size)

    @pytest.fixture(params=["read", "read_bytes", "fetch", "fetch_many"])
    def reading(
        self, request: pytest.FixtureRequest, store: ContentStore, tmp_path: Path
    ) -> Callable[[str], bytes]:
        """One of the ways to get all bytes of a blob."""
        destination = tmp_path / "fetched" / "file"

        def fetched(sha256: str) -> bytes:
            store.fetch(sha256, destination)
            return destination.read_bytes()

        def fetched_many(sha256: str) -> bytes:
            store.fetch_many([(sha256, destination)])
            return destination.read_bytes()

        ways: dict[str, Callable[[str], bytes]] = {
            "read": lambda sha256: b"".join(store.read(sha256)),
            "read_bytes": store.read_bytes,
            "fetch": fetched,
            "fetch_many": fetched_many,
        }
        return ways[request.param]

    @pytest.fixture(params=["put_bytes", "put_stream", "put_file", "put_files"])
    def putting(
        self, request: pytest.FixtureRequest, store: ContentStore, tmp_path: Path
    ) -> Callable[[bytes], str]:
        """One of the ways to put bytes, returning their address."""

        def pieces(data: bytes) -> Iterator[bytes]:
            for start in range(0, len(data), 300_007):
                yield data[start : start + 300_007]

        def put_file(data: bytes) -> str:
            return store.put_file(file_with(data, tmp_path / "source")).sha256

        def put_files(data: bytes) -> str:
            return store.put_files([str(file_with(data, tmp_path / "source"))])[0].sha256

        ways: dict[str, Callable[[bytes], str]] = {
            "put_bytes": lambda data: store.put_bytes(data).sha256,
            "put_stream": lambda data: store.put_stream(pieces(data)).sha256,
            "put_file": put_file,
            "put_files": put_files,
        }
        return ways[request.param]

    # --- what was put is there --------------------------------------------------------------

    @pytest.mark.parametrize("size", SIZES)
    def test_what_was_put_stands_under_its_sha256(
        self, store: ContentStore, putting: Callable[[bytes], str], size: int
    ) -> None:
        data = content(size)
        assert putting(data) == address(data)
        assert self.stored_bytes(store, address(data)) == data

    @pytest.mark.parametrize("size", SIZES)
    def test_what_was_put_reads_back(
        self, store: ContentStore, reading: Callable[[str], bytes], size: int
    ) -> None:
        data = content(size)
        store.put_bytes(data)
        assert reading(address(data)) == data

    def test_a_put_tells_the_digests_and_the_size(self, store: ContentStore) -> None:
        blob = store.put_bytes(b"hello")
        assert blob.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        assert blob.md5 == "XUFAKrxLKna5cZ2REBfFkg=="
        assert blob.size == 5
        assert blob.digest() == blob.md5
        assert blob.xxh128 is None

    @pytest.mark.parametrize("size", SIZES)
    def test_all_ways_to_put_take_the_same_digests(
        self, store: ContentStore, tmp_path: Path, size: int
    ) -> None:
        data = content(size)
        path = file_with(data, tmp_path / "source")
        xxh128 = DigestAlgorithm.XXH128
        blob = store.put_bytes(data, algorithm=xxh128)
        assert blob.md5 == b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        assert blob.size == size
        assert blob.xxh128 is not None
        assert store.put_stream([data[:1], data[1:]], algorithm=xxh128) == blob
        assert store.put_file(path, algorithm=xxh128) == blob
        assert store.put_files([path], algorithm=xxh128) == [blob]

    def test_xxh128_is_taken_where_it_is_asked_for(self, store: ContentStore) -> None:
        blob = store.put_bytes(b"hello", algorithm=DigestAlgorithm.XXH128)
        assert blob.digest(DigestAlgorithm.XXH128) == "tenBrQcbPn/Hec+qXlI4GA=="
        assert blob.md5 == "XUFAKrxLKna5cZ2REBfFkg=="
        with pytest.raises(InvalidSetting):
            store.put_bytes(b"hello").digest(DigestAlgorithm.XXH128)

    def test_a_stream_may_come_in_pieces_of_any_size(self, store: ContentStore) -> None:
        data = content(3 * MIB + 11)
        cuts = sorted(Random(1).randrange(len(data)) for _ in range(200))
        chunks = [
            data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)
        ]
        assert store.put_stream([b"", *chunks, b""]).sha256 == address(data)
        assert store.put_stream([]).sha256 == address(b"")

    def test_putting_again_changes_nothing(
        self, store: ContentStore, putting: Callable[[bytes], str], data: bytes
    ) -> None:
        first = putting(data)
        assert putting(data) == first
        assert list(store.digests()) == [first]
        assert self.stored_bytes(store, first) == data

    def test_size_and_presence_are_told_without_reading(
        self, store: ContentStore, data: bytes
    ) -> None:
        assert not store.has(address(data))
        store.put_bytes(data)
        assert store.has(address(data))
        assert store.size(address(data)) == len(data)

    def test_the_addresses_of_all_blobs_are_given(self, store: ContentStore) -> None:
        assert list(store.digests()) == []
        put = {store.put_bytes(content(size)).sha256 for size in range(50)}
        assert sorted(store.digests()) == sorted(put)

    def test_closing_twice_does_nothing(self, store: ContentStore) -> None:
        store.put_bytes(b"kept")
        store.close()
        store.close()

    # --- many files -------------------------------------------------------------------------

    def test_blobs_come_in_the_order_of_the_files(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        sizes = [(number * 7919) % 3000 for number in range(120)] + [2 * MIB, 0, 3 * MIB, 5]
        everything = [content(size, seed=place) for place, size in enumerate(sizes)]
        paths = [file_with(data, tmp_path / f"{place}") for place, data in enumerate(everything)]
        blobs = store.put_files(paths)
        assert [blob.sha256 for blob in blobs] == [address(data) for data in everything]
        assert [blob.size for blob in blobs] == sizes
        for data in everything:
            assert self.stored_bytes(store, address(data)) == data

    def test_files_with_the_same_content_are_one_blob(
        self, store: ContentStore, tmp_path: Path, data: bytes
    ) -> None:
        paths = [file_with(data, tmp_path / f"{number}") for number in range(20)]
        blobs = store.put_files(paths)
        assert {blob.sha256 for blob in blobs} == {address(data)}
        assert list(store.digests()) == [address(data)]

    def test_no_files_are_no_work(self, store: ContentStore) -> None:
        assert list(store.put_files([])) == []
        store.fetch_many([])

    def test_many_are_fetched_each_to_its_place(self, store: ContentStore, tmp_path: Path) -> None:
        everything = [content(size) for size in [0, 10, 2 * MIB + 1, *range(20, 60)]]
        wanted = [
            (store.put_bytes(data).sha256, tmp_path / f"in/{place % 3}/{place}")
            for place, data in enumerate([*everything, everything[2]])
        ]
        store.fetch_many(wanted)
        for sha256, path in wanted:
            assert address(path.read_bytes()) == sha256

    def test_a_file_that_is_not_there_is_the_callers_own_error(
        self, store: ContentStore, tmp_path: Path, data: bytes
    ) -> None:
        there = file_with(data, tmp_path / "there")
        with pytest.raises(FileNotFoundError):
            store.put_file(tmp_path / "missing")
        with pytest.raises(FileNotFoundError):
            store.put_files([there, tmp_path / "missing", there])
        with pytest.raises(IsADirectoryError):
            store.put_file(tmp_path)

    # --- threads ----------------------------------------------------------------------------

    def test_many_threads_may_put_the_same(self, store: ContentStore, data: bytes) -> None:
        with ThreadPoolExecutor(8) as threads:
            puts = [threads.submit(store.put_bytes, data) for _ in range(24)]
            streams = [threads.submit(store.put_stream, [data]) for _ in range(8)]
            reads = [threads.submit(self._read_if_there, store, address(data)) for _ in range(24)]
        assert {put.result().sha256 for put in puts + streams} == {address(data)}
        assert {read.result() for read in reads} <= {None, data}
        assert self.stored_bytes(store, address(data)) == data

    @staticmethod
    def _read_if_there(store: ContentStore, sha256: str) -> bytes | None:
        try:
            return store.read_bytes(sha256)
        except BlobMissing:
            return None

    def test_many_threads_may_put_different_things(self, store: ContentStore) -> None:
        everything = [content(size) for size in [*range(60), 2 * MIB, 2 * MIB + 1]]
        with ThreadPoolExecutor(8) as threads:
            blobs = list(threads.map(store.put_bytes, everything))
        assert [blob.sha256 for blob in blobs] == [address(data) for data in everything]
        assert [store.read_bytes(blob.sha256) for blob in blobs] == everything

    def test_two_readings_of_a_blob_do_not_disturb_each_other(self, store: ContentStore) -> None:
        data = content(5 * MIB)
        sha256 = store.put_bytes(data).sha256
        one, other = bytearray(), bytearray()
        for first, second in zip(store.read(sha256), store.read(sha256), strict=True):
            one += first
            other += second
        assert one == other == data

    # --- what is wrong is noticed -----------------------------------------------------------

    def test_a_flipped_bit_is_noticed(
        self, store: ContentStore, reading: Callable[[str], bytes], data: bytes
    ) -> None:
        sha256 = store.put_bytes(data).sha256
        for place in (0, len(data) // 2, len(data) - 1):
            spoilt = bytearray(data)
            spoilt[place] ^= 1
            self.corrupt(store, sha256, bytes(spoilt))
            with pytest.raises(DigestMismatch) as raised:
                reading(sha256)
            assert raised.value.expected == f"sha256:{sha256}"
            assert raised.value.actual == f"sha256:{address(bytes(spoilt))}"

    @pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"\x00"])
    def test_a_missing_end_and_a_longer_one_are_noticed(
        self,
        store: ContentStore,
        reading: Callable[[str], bytes],
        data: bytes,
        change: Callable[[bytes], bytes],
    ) -> None:
        sha256 = store.put_bytes(data).sha256
        self.corrupt(store, sha256, change(data))
        with pytest.raises(DigestMismatch):
            reading(sha256)

    def test_an_emptied_blob_is_noticed(
        self, store: ContentStore, reading: Callable[[str], bytes], data: bytes
    ) -> None:
        sha256 = store.put_bytes(data).sha256
        self.corrupt(store, sha256, b"")
        with pytest.raises(DigestMismatch):
            reading(sha256)

    def test_the_last_chunk_of_what_is_wrong_is_never_given(
        self, store: ContentStore, data: bytes
    ) -> None:
        sha256 = store.put_bytes(data).sha256
        spoilt = bytes([data[0] ^ 1]) + data[1:]
        self.corrupt(store, sha256, spoilt)
        seen: list[bytes] = []
        with pytest.raises(DigestMismatch):
            seen.extend(store.read(sha256))
        assert sum(map(len, seen)) < len(data)

    def test_putting_heals_what_was_spoilt(
        self, store: ContentStore, putting: Callable[[bytes], str], data: bytes
    ) -> None:
        sha256 = store.put_bytes(data).sha256
        for spoilt in (bytes([data[0] ^ 1]) + data[1:], data[:-1], b"", data + b"more"):
            self.corrupt(store, sha256, spoilt)
            putting(data)
            assert self.stored_bytes(store, sha256) == data
            assert store.read_bytes(sha256) == data

    def test_what_is_missing_is_told(
        self, store: ContentStore, reading: Callable[[str], bytes]
    ) -> None:
        with pytest.raises(BlobMissing) as raised:
            reading(ABSENT)
        assert raised.value.digest == ABSENT
        with pytest.raises(BlobMissing):
            store.size(ABSENT)
        assert not store.has(ABSENT)

    def test_what_is_missing_is_told_by_the_call_that_would_read_it(
        self, store: ContentStore
    ) -> None:
        with pytest.raises(BlobMissing):
            store.read(ABSENT)

    def test_what_is_no_address_is_refused(
        self, store: ContentStore, reading: Callable[[str], bytes]
    ) -> None:
        asking: list[Callable[[str], object]] = [reading, store.read, store.has, store.size]
        for ask in asking:
            for wrong in NO_ADDRESSES:
                with pytest.raises(InvalidSetting):
                    ask(wrong)

    # --- half of something is never seen ----------------------------------------------------

    def test_a_stream_that_breaks_off_leaves_nothing(
        self, store: ContentStore, data: bytes
    ) -> None:
        def breaking() -> Iterator[bytes]:
            yield data
            raise ConnectionError("gone")

        with pytest.raises(ConnectionError, match="gone"):
            store.put_stream(breaking())
        assert list(store.digests()) == []

    @pytest.mark.parametrize("size", [3 * MIB, 6 * MIB, 8 * MIB])
    def test_a_file_that_changes_meanwhile_becomes_the_blob_of_what_was_read(
        self, store: ContentStore, tmp_path: Path, size: int
    ) -> None:
        path = file_with(content(6 * MIB), tmp_path / "source")
        changes = iter([content(size, seed=1)])

        def change(_done: int, _total: int) -> None:
            for changed in changes:
                path.write_bytes(changed)

        blob = store.put_file(path, progress=change)
        stored = self.stored_bytes(store, blob.sha256)
        assert stored is not None
        assert address(stored) == blob.sha256
        assert len(stored) == blob.size

    def test_a_file_is_fetched_in_place_of_another(
        self, store: ContentStore, tmp_path: Path, data: bytes
    ) -> None:
        destination = file_with(b"something else", tmp_path / "file")
        store.fetch(store.put_bytes(data).sha256, destination)
        assert destination.read_bytes() == data
        assert list(tmp_path.iterdir()) == [destination]

    def test_a_fetch_that_fails_leaves_everything_as_it_was(
        self, store: ContentStore, tmp_path: Path, data: bytes
    ) -> None:
        sha256 = store.put_bytes(data).sha256
        self.corrupt(store, sha256, data[:-1] + bytes([data[-1] ^ 1]))
        folder = tmp_path / "folder"
        folder.mkdir()
        with pytest.raises(DigestMismatch):
            store.fetch(sha256, folder / "file")
        assert list(folder.iterdir()) == []
        file_with(b"something else", folder / "file")
        with pytest.raises(DigestMismatch):
            store.fetch_many([(sha256, folder / "file")])
        assert [path.read_bytes() for path in folder.iterdir()] == [b"something else"]

    def test_nothing_is_fetched_if_one_is_missing(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        sha256 = store.put_bytes(b"there").sha256
        with pytest.raises(BlobMissing):
            store.fetch_many([(sha256, tmp_path / "there"), (ABSENT, tmp_path / "missing")])
        assert list(tmp_path.iterdir()) == []

    def test_a_link_at_the_destination_is_replaced_not_followed(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        elsewhere = file_with(b"precious", tmp_path / "elsewhere")
        destination = tmp_path / "file"
        destination.symlink_to(elsewhere)
        store.fetch(store.put_bytes(b"new").sha256, destination)
        assert elsewhere.read_bytes() == b"precious"
        assert destination.read_bytes() == b"new"
        assert not destination.is_symlink()

    def test_the_name_of_a_destination_may_be_as_long_as_names_can_be(
        self, store: ContentStore, tmp_path: Path
    ) -> None:
        destination = tmp_path / ("n" * 255)
        store.fetch(store.put_bytes(b"new").sha256, destination)
        assert destination.read_bytes() == b"new"

    # --- progress ---------------------------------------------------------------------------

    @pytest.mark.parametrize("sizes", [[0], [5], [3 * MIB], [0, 0], [*range(200), 4 * MIB, MIB]])
    def test_progress_adds_up(self, store: ContentStore, tmp_path: Path, sizes: list[int]) -> None:
        paths = [
            file_with(content(size, seed=place), tmp_path / f"{place}")
            for place, size in enumerate(sizes)
        ]
        told = Told()
        blobs = store.put_files(paths, progress=told)
        told.check(sum(sizes))
        told = Told()
        store.put_file(paths[-1], progress=told)
        told.check(sizes[-1])
        told = Told()
        store.fetch(blobs[-1].sha256, tmp_path / "fetched", progress=told)
        told.check(sizes[-1])
        told = Told()
        wanted = [(blob.sha256, tmp_path / f"{place}") for place, blob in enumerate(blobs)]
        store.fetch_many(wanted, progress=told)
        told.check(sum(sizes))

    @pytest.mark.parametrize("size", [1, 9 * MIB])
    def test_progress_of_a_file_that_changes_keeps_its_promises(
        self, store: ContentStore, tmp_path: Path, size: int
    ) -> None:
        path = file_with(content(4 * MIB), tmp_path / "source")
        told = Told()

        def change(done: int, total: int) -> None:
            told(done, total)
            if len(told.calls) == 1:
                path.write_bytes(content(size))

        store.put_file(path, progress=change)
        told.check(4 * MIB)

    def test_what_progress_raises_stops_the_work(
        self, store: ContentStore, tmp_path: Path, data: bytes
    ) -> None:
        def stop(_done: int, _total: int) -> None:
            raise InterruptedError("enough")

        path = file_with(data, tmp_path / "source")
        with pytest.raises(InterruptedError, match="enough"):
            store.put_files([path] * 3, progress=stop)
        sha256 = store.put_bytes(data).sha256
        with pytest.raises(InterruptedError, match="enough"):
            store.fetch_many([(sha256, tmp_path / f"{n}") for n in range(3)], progress=stop)
        assert list(tmp_path.iterdir()) == [path]
