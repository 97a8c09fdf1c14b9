"""Moves bytes from where they come to all who take them, in one pass and in bounded memory.

- Few buffers are used over and over, whatever the size.
- One taker works aside, on a thread of its own: give it the slowest. Hashing, reading and writing
  let go of the interpreter, so two cores are kept busy.
- All takers see the same bytes, also when the source changes meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from io import FileIO
from queue import SimpleQueue
from threading import Thread
from typing import Self, TypeAlias

BUFFER = 1024 * 1024
BUFFERS = 4

Fill: TypeAlias = Callable[[memoryview], int]
"""Fills a buffer and returns how much it put there; less than the whole only at the end."""

Take: TypeAlias = Callable[[memoryview], object]
"""Does something with bytes that it must not keep: the buffer is filled again."""


def fill_from_file(file: FileIO) -> Fill:
    """Return what fills buffers from an open file."""

    def fill(buffer: memoryview) -> int:
        done = 0
        while done < len(buffer) and (read := file.readinto(buffer[done:])):
            done += read
        return done

    return fill


def fill_from_chunks(chunks: Iterable[bytes]) -> Fill:
    """Return what fills buffers from chunks of any size."""
    source = iter(chunks)
    rest = memoryview(b"")

    def fill(buffer: memoryview) -> int:
        nonlocal rest
        done = 0
        while done < len(buffer):
            if not rest:
                chunk = next(source, None)
                if chunk is None:
                    break
                rest = memoryview(chunk)
            part = rest[: len(buffer) - done]
            buffer[done : done + len(part)] = part
            rest = rest[len(part) :]
            done += len(part)
        return done

    return fill


def pump(fill: Fill, *, here: Sequence[Take], aside: Take, expected: int = BUFFER) -> int:
    """Give all that *fill* has to each taker, in order, and return how much it was.

    Where little is *expected*, a smaller buffer is tried first. What any of them raises stops the
    pump and is raised.
    """
    # One byte more than expected, so that the end shows at once.
    first = min(expected + 1, BUFFER)
    buffer = memoryview(bytearray(first))
    total = size = fill(buffer)
    if size < first:
        _give(buffer[:size], [aside, *here])
        return total
    with _Aside(aside) as other:
        while size:
            other.take(buffer, size)
            _give(buffer[:size], here)
            if size < len(buffer):
                break
            buffer = other.spare()
            size = fill(buffer)
            total += size
    return total


def _give(filled: memoryview, takers: Iterable[Take]) -> None:
    if filled:
        for take in takers:
            take(filled)


def is_started(thread: Thread) -> bool:
    """Start a thread; some releases of Python, such as 3.12.1, let none begin while they exit."""
    try:
        thread.start()
    except RuntimeError:
        return False
    return True


class _Aside:
    """A taker on a thread of its own, and the buffers that go to it and come back."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._error: BaseException | None = None
        self._full: SimpleQueue[tuple[memoryview, int] | None] = SimpleQueue()
        self._empty: SimpleQueue[memoryview] = SimpleQueue()
        self._unmade = BUFFERS - 1
        # Not an executor: those refuse work while the interpreter exits, which is when a program
        # that ends without having finished its run still puts content.
        self._thread = Thread(target=self._work, name="stemmata-pump", daemon=True)
        self._is_aside = False

    def __enter__(self) -> Self:
        self._is_aside = is_started(self._thread)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._is_aside:
            self._full.put(None)
            self._thread.join()
        if kind is None:
            self._check()

    def take(self, buffer: memoryview, size: int) -> None:
        """Hand over a buffer; it comes back as a spare one."""
        if self._is_aside:
            self._full.put((buffer, size))
        else:
            self._take(buffer[:size])
            self._empty.put(buffer)

    def spare(self) -> memoryview:
        """Return a buffer that nobody needs any more."""
        self._check()
        if self._unmade:
            self._unmade -= 1
            return memoryview(bytearray(BUFFER))
        return self._empty.get()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (job := self._full.get()) is not None:
            buffer, size = job
            try:
                if self._error is None:
                    self._take(buffer[:size])
            except BaseException as error:  # noqa: BLE001 -- raised where the pump was called
                self._error = error
            self._empty.put(buffer)
