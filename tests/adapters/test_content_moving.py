"""What content stores are made of: the pump, the digests, the meter, work on many threads."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemmata_adapters.content_stores.hashing import digest_bytes, digest_file, verified
from stemmata_adapters.content_stores.meter import Meter
from stemmata_adapters.content_stores.pump import BUFFER, fill_from_chunks, pump
from stemmata_adapters.content_stores.transfer import in_parallel
from stemmata_domain.digests import DigestAlgorithm
from stemmata_domain.errors import DigestMismatch

# --- the pump ---------------------------------------------------------------------------------


class Kept:
    """Takes bytes and keeps a copy of them."""

    def __init__(self) -> None:
        self.data = bytearray()

    def __call__(self, data: memoryview) -> None:
        self.data += data


@given(st.lists(st.binary(max_size=50)), st.integers(0, 200))
def test_all_takers_get_all_bytes_in_order(chunks: list[bytes], expected: int) -> None:
    one, two, aside = Kept(), Kept(), Kept()
    size = pump(fill_from_chunks(chunks), here=[one, two], aside=aside, expected=expected)
    assert one.data == two.data == aside.data == b"".join(chunks)
    assert size == len(one.data)


@pytest.mark.parametrize("size", [BUFFER - 1, BUFFER, BUFFER + 1, 5 * BUFFER, 9 * BUFFER + 3])
@pytest.mark.parametrize("expected", [0, 100, BUFFER, 20 * BUFFER])
def test_much_goes_through_few_buffers(size: int, expected: int) -> None:
    data = os.urandom(size)
    here, aside = Kept(), Kept()
    assert pump(fill_from_chunks([data]), here=[here], aside=aside, expected=expected) == size
    assert here.data == aside.data == data


def test_a_slow_taker_aside_sees_what_the_others_saw() -> None:
    data = os.urandom(12 * BUFFER)
    pause = threading.Event()
    aside = hashlib.sha256()

    def slowly(part: memoryview) -> None:
        pause.wait(0.01)
        aside.update(part)

    here = hashlib.sha256()
    pump(fill_from_chunks([data]), here=[here.update], aside=slowly)
    assert here.digest() == aside.digest() == hashlib.sha256(data).digest()


def breaking(after: int) -> Callable[[memoryview], None]:
    seen = 0

    def take(data: memoryview) -> None:
        nonlocal seen
        seen += len(data)
        if seen > after:
            raise ConnectionError("gone")

    return take


@pytest.mark.parametrize("after", [0, BUFFER, 6 * BUFFER, 7 * BUFFER])
def test_what_a_taker_raises_is_raised_and_no_thread_stays(after: int) -> None:
    data = bytes(7 * BUFFER + 1)
    before = threading.active_count()
    for here, aside in ((breaking(after), Kept()), (Kept(), breaking(after))):
        with pytest.raises(ConnectionError, match="gone"):
            pump(fill_from_chunks([data]), here=[here], aside=aside)
        assert threading.active_count() == before


def test_what_the_source_raises_is_raised_and_no_thread_stays() -> None:
    def chunks() -> Iterator[bytes]:
        yield bytes(3 * BUFFER + 1)
        raise ConnectionError("gone")

    before = threading.active_count()
    with pytest.raises(ConnectionError, match="gone"):
        pump(fill_from_chunks(chunks()), here=[], aside=Kept())
    assert threading.active_count() == before


# --- digests ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 5, 3 * BUFFER + 1])
@pytest.mark.parametrize("algorithm", DigestAlgorithm)
def test_a_file_has_the_digests_of_its_bytes(
    tmp_path: Path, size: int, algorithm: DigestAlgorithm
) -> None:
    data = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(data)
    told: list[tuple[int, int]] = []
    blob = digest_file(path, algorithm=algorithm, progress=lambda *call: told.append(call))
    assert blob == digest_bytes(data, algorithm=algorithm)
    assert blob.sha256 == hashlib.sha256(data).hexdigest()
    assert (blob.xxh128 is None) == (algorithm is DigestAlgorithm.MD5)
    assert told[-1] == (size, size)


@given(st.lists(st.binary(max_size=20)), st.data())
def test_a_wrong_chunk_is_told_before_the_last_one_is_given(
    chunks: list[bytes], data: st.DataObject
) -> None:
    sha256 = hashlib.sha256(b"".join(chunks)).hexdigest()
    assert list(verified(chunks, sha256, where="here")) == chunks
    if any(chunks):
        place = data.draw(st.sampled_from([p for p, chunk in enumerate(chunks) if chunk]))
        wrong = [*chunks]
        wrong[place] = wrong[place][:-1] + bytes([wrong[place][-1] ^ 1])
        given_out: list[bytes] = []
        with pytest.raises(DigestMismatch, match="here"):
            given_out.extend(verified(wrong, sha256, where="here"))
        assert len(given_out) < len(wrong)


# --- many threads -----------------------------------------------------------------------------


def test_progress_of_many_threads_is_told_one_at_a_time_and_never_falls() -> None:
    told: list[tuple[int, int]] = []
    inside = threading.Lock()

    def progress(done: int, total: int) -> None:
        assert inside.acquire(blocking=False)
        time.sleep(0.001)  # long enough for another thread to come in, if it could
        told.append((done, total))
        inside.release()

    meter = Meter(progress, total=800)
    in_parallel([partial(meter.add, 10) for _ in range(79)], workers=8)
    meter.finish()
    assert told == [(10 * number, 800) for number in range(1, 81)]


def test_progress_of_nothing_is_told_once() -> None:
    told: list[tuple[int, int]] = []
    meter = Meter(lambda *call: told.append(call), total=0)
    meter.finish()
    meter.finish()
    assert told == [(0, 0)]


def test_tasks_run_on_as_many_threads_as_asked() -> None:
    together = threading.Barrier(4, timeout=30)
    in_parallel([together.wait] * 8, workers=4)
    with pytest.raises(threading.BrokenBarrierError):
        in_parallel([partial(threading.Barrier(4).wait, 0.05)] * 8, workers=3)


def test_the_first_error_keeps_what_waits_from_beginning() -> None:
    begun: list[int] = []

    def task(number: int) -> None:
        begun.append(number)
        if number == 3:
            raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        in_parallel([partial(task, number) for number in range(1000)], workers=1)
    assert begun == [0, 1, 2, 3]


AT_EXIT = """
import atexit, os, sys
from pathlib import Path
from stemmata_adapters.content_stores.disk import DiskContentStore

folder = Path(sys.argv[1])
store = DiskContentStore.open(folder / "store")
paths = []
for number in range(40):
    paths.append(folder / str(number))
    paths[-1].write_bytes(os.urandom(number if number else 3_000_000))
atexit.register(lambda: print(len(store.put_files(paths))))
"""


def test_files_can_be_put_while_the_interpreter_exits(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_EXIT, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("40\n", "")
