"""What was packed is looked up in its bytes, and is the map that was written, round after round."""

from typing import Any
from zlib import crc32, decompress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemmata_domain.packed import Packed, column, index, pack
from stemmata_domain.persistent import PersistentMap

ALIKE = ("plumless", "buckeroo")
"""Two names that CRC-32 does not tell apart."""

names = st.sampled_from(["a", "b", "ü", *ALIKE])
numbers = st.one_of(st.integers(0, 4), st.integers(250, 260), st.just(2**32 - 1))
changes = st.lists(st.tuples(names, st.none() | numbers), max_size=12)


def test_the_names_that_are_alike_are_alike() -> None:
    assert crc32(ALIKE[0].encode()) == crc32(ALIKE[1].encode())


class Line:
    """Names of numbers, both ways: as maps that are packed now and then, and as dicts."""

    def __init__(self) -> None:
        self.names: PersistentMap[int, tuple[str, ...]] = PersistentMap()
        self.numbers: PersistentMap[str, int] = PersistentMap()
        self.model: dict[str, int] = {}

    def change(self, name: str, number: int | None) -> None:
        before = self.numbers.get(name)
        if before is not None:
            left = tuple(each for each in self.names.get(before) or () if each != name)
            self.names = self.names.insert(before, left) if left else self.names.discard(before)
        if number is None:
            self.numbers = self.numbers.discard(name)
            self.model.pop(name, None)
        else:
            self.numbers = self.numbers.insert(name, number)
            self.names = self.names.insert(number, (*(self.names.get(number) or ()), name))
            self.model[name] = number

    def write_and_read(self) -> None:
        body = pack({"n": 1}, {"names": column(self.names), "numbers": index(self.numbers)})
        read = Packed(body)
        assert read.facts == {"n": 1}
        names: PersistentMap[int, tuple[str, ...]] = read.column("names", tuple)
        self.names = names
        self.numbers = read.index("numbers", lambda number: names.get(number) or ())

    def check(self) -> None:
        assert dict(self.numbers.items()) == self.model
        assert len(self.numbers) == len(self.model)
        for name in ("a", "b", "ü", *ALIKE, "nobody", "\ud800"):
            assert self.numbers.get(name) == self.model.get(name)
            assert (name in self.numbers) == (name in self.model)
        named = {n: {a for a in self.model if self.model[a] == n} for n in self.model.values()}
        assert {number: set(has) for number, has in self.names.items()} == named
        for number in (*range(6), *range(248, 262), 600, 2**32 - 1):
            assert set(self.names.get(number) or ()) == named.get(number, set())
            assert (number in self.names) == (number in named)


@given(st.lists(changes, max_size=6))
def test_maps_that_are_packed_again_and_again_stay_what_they_are(
    rounds: list[list[tuple[str, int | None]]],
) -> None:
    line = Line()
    for history in rounds:
        for name, number in history:
            line.change(name, number)
        line.check()
        line.write_and_read()
        line.check()


def test_only_blocks_that_are_asked_for_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    values = {number: f"value {number}" for number in range(10_000)}
    packed = Packed(pack({}, {"values": column(PersistentMap(values))}))

    def counting(block: memoryview) -> bytes:
        decoded.append(len(block))
        return decompress(block)

    monkeypatch.setattr("stemmata_domain.packed.decompress", counting)
    found = packed.column("values", str)
    assert decoded == []
    assert found.get(5_000) == "value 5000"
    assert found.get(5_001) == "value 5001"
    assert len(decoded) == 1
    again = found.insert(10_000, "new").insert(10_001, "new").insert(3, "other")
    decoded.clear()
    written = pack({}, {"values": column(again)})
    assert len(decoded) == 2
    assert dict(Packed(written).column("values", str).items()) == dict(again.items())


@pytest.mark.parametrize("at", [0, 3, 4, 8, 9, -1])
def test_a_changed_byte_is_found(at: int) -> None:
    body = bytearray(pack({"a": 1}, {"values": column(PersistentMap({1: "x"}))}))
    Packed(bytes(body))
    body[at] ^= 1
    with pytest.raises(ValueError, match="not those that were written"):
        Packed(bytes(body))


def test_bytes_that_break_off_are_found() -> None:
    body = pack({}, {"values": column(PersistentMap({1: "x"}))})
    for length in range(len(body)):
        with pytest.raises((ValueError, LookupError, TypeError)):
            Packed(body[:length])


def test_a_machine_with_another_order_of_bytes_finds_it_damaged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = pack({}, {"numbers": index(PersistentMap({"a": 1}))})
    monkeypatch.setattr("sys.byteorder", "another")
    with pytest.raises(ValueError, match="not those that were written"):
        Packed(body)


@pytest.mark.parametrize("number", [-1, 2**32, 2**80])
def test_a_number_that_has_no_room_is_not_written(number: int) -> None:
    numbers: PersistentMap[str, Any] = PersistentMap({"a": number})
    with pytest.raises(OverflowError):
        index(numbers)
