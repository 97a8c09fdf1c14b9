"""Files that somebody has altered: they are imported whole, or refused with a sentence; nothing else.

- What is refused writes nothing.
- What is imported is, exported again, the same file.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stemmata
from stemmata.moving.exporting import export_log
from stemmata.moving.importing import import_log
from stemmata_domain.errors import InvalidLog
from tests.stories import busy_registry
from tests.stress.places import url_of

FEW, MANY = 150, 10_000

Lines = list[bytes]
Change = Callable[[Lines], Lines]

places = st.integers(0, 10_000)
numbers = st.integers(-3, 40) | st.sampled_from([2**31, 2**53 - 1, 2**53, 2**63, 10**400])
_CONTROL = (b"\0", b"\n", b"\r\n", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xa8")
_JSON = (b'"', b"\\", b"{", b"}", b"null", b"\\u0000", b"1e999", b"NaN", b"-0", b",", b":")
_LONG = (b"", b" ", b"[" * 5_000, b'{"a":' * 5_000)
pieces = st.sampled_from((*_CONTROL, *_JSON, *_LONG))


@st.composite
def byte_changes(draw: st.DrawFn) -> Change:
    """Change some bytes of a line, or put something between them."""
    place, at, much = (
        draw(st.integers(0, 10_000)),
        draw(st.integers(0, 10_000)),
        draw(st.integers(0, 9)),
    )
    piece = draw(pieces | st.binary(max_size=6))

    def change(lines: Lines) -> Lines:
        if lines:
            line = lines[place % len(lines)]
            begin = at % (len(line) + 1)
            lines[place % len(lines)] = line[:begin] + piece + line[begin + much :]
        return lines

    return change


@st.composite
def flips(draw: st.DrawFn) -> Change:
    """Flip one bit."""
    place, at, bit = (
        draw(st.integers(0, 10_000)),
        draw(st.integers(0, 10_000)),
        draw(st.integers(0, 7)),
    )

    def change(lines: Lines) -> Lines:
        if lines and (line := lines[place % len(lines)]):
            begin = at % len(line)
            flipped = bytes([line[begin] ^ 1 << bit])
            lines[place % len(lines)] = line[:begin] + flipped + line[begin + 1 :]
        return lines

    return change


@st.composite
def line_changes(draw: st.DrawFn) -> Change:
    """Lose, double or move a line, or cut the file off."""
    how = draw(st.sampled_from(["lose", "double", "swap", "cut"]))
    one, other = draw(places), draw(places)

    def change(lines: Lines) -> Lines:
        if not lines:
            return lines
        a, b = one % len(lines), other % len(lines)
        match how:
            case "lose":
                del lines[a]
            case "double":
                lines.insert(b, lines[a])
            case "swap":
                lines[a], lines[b] = lines[b], lines[a]
            case _:
                del lines[a:]
        return lines

    return change


@st.composite
def number_changes(draw: st.DrawFn) -> Change:
    """Put another number in the place of one that the format has."""
    place, value = draw(places), draw(numbers)
    name = draw(st.sampled_from([b"position", b"version", b"schema", b"events", b"head"]))

    def change(lines: Lines) -> Lines:
        if lines:
            head, named, rest = lines[place % len(lines)].partition(b'"%b":' % name)
            lines[place % len(lines)] = head + named + b"%d" % value + rest.lstrip(b"0123456789")
        return lines

    return change


changes = st.lists(byte_changes() | flips() | line_changes() | number_changes(), max_size=4)


def sealed(lines: Lines) -> bytes:
    """Return lines of which the last one, if it is one, is true of the others."""
    body = b"".join(lines[:-1])
    try:
        head = json.loads(lines[-2])["position"] if len(lines) > 2 else 0
    except (ValueError, LookupError, TypeError, RecursionError):
        return b"".join(lines)
    said = {"events": len(lines) - 2, "head": head, "sha256": hashlib.sha256(body).hexdigest()}
    return body + json.dumps(said, separators=(",", ":")).encode() + b"\n"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("exported") / "registry.db"
    with stemmata.open(url_of(path), actor="ci") as stemma:
        stemma.organize("Acme", entity="acme", teams=["vision"], people=["ada"])
        busy_registry.log(stemma, "content", aliases=["best"], metadata={"é": [1, 2.5, None]})
        stemma.link(busy_registry.SOURCE, busy_registry.DIGITS, aliases=["staging"])
    file = io.BytesIO()
    export_log(url_of(path), file)
    return file.getvalue()


def try_to_import(data: bytes) -> bool:
    """Import a file, which has to be done or refused as a whole; return whether it was done."""
    with TemporaryDirectory() as folder:
        target = Path(folder, "registry.db")
        try:
            import_log(io.BytesIO(data), url_of(target))
        except InvalidLog:
            assert not target.exists()
            return False
        again = io.BytesIO()
        export_log(url_of(target), again)
        assert again.getvalue() == data
    return True


def fuzzed(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let Hypothesis draw changes, and whether the file is sealed again after them."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        drawn = given(changes=changes, seal=st.booleans())(test)
        return settings(
            max_examples=examples,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        )(drawn)

    return decorate


def try_changed(exported: bytes, changes: list[Change], *, seal: bool) -> None:
    """Try to import what was changed."""
    lines = exported.splitlines(keepends=True)
    for change in changes:
        lines = change(lines)
    data = sealed(lines) if seal else b"".join(lines)
    done = try_to_import(data)
    if data == exported:
        assert done
    elif not seal:
        assert not done


@fuzzed(FEW)
def test_an_altered_file_is_imported_whole_or_refused(
    exported: bytes, changes: list[Change], seal: bool
) -> None:
    try_changed(exported, changes, seal=seal)


@pytest.mark.torture
@fuzzed(MANY)
def test_ten_thousand_altered_files_are_imported_whole_or_refused(
    exported: bytes, changes: list[Change], seal: bool
) -> None:
    try_changed(exported, changes, seal=seal)
