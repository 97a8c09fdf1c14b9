"""Exporting the log of a registry, and importing it elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import stemmata
from stemmata.moving.exporting import export_log
from stemmata.moving.importing import import_log
from stemmata.moving.lines import HEADER, LogFigures
from stemmata_domain.errors import EventUnreadable, InvalidLog, OtherLog, StoreUnavailable
from tests.stories import busy_registry
from tests.stories.command_line import answers, called, refused, run, succeeds
from tests.stories.moving import Meddling, log_files, rows, url_of, with_files
from tests.stress.agreement import check


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "from" / "registry.db"
    with stemmata.open(url_of(path), actor="ci") as stemma:
        busy_registry.work(stemma, rounds=1)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "to" / "copy.db"


@pytest.fixture
def exported(source: Path, tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    export_log(url_of(source), path)
    return path


def figures_of(path: Path) -> LogFigures:
    """Return what an export of a SQLite file has to amount to, past the library."""
    taken = hashlib.sha256(HEADER)
    found = rows(path)
    for position, stream, version, topic, state in found:
        named = json.dumps(stream, ensure_ascii=False), json.dumps(topic)
        taken.update(
            f'{{"position":{position},"stream":{named[0]},"version":{version},'
            f'"topic":{named[1]},"state":'.encode()
            + state
            + b"}\n"
        )
    return LogFigures(
        events=len(found), head=found[-1][0] if found else 0, sha256=taken.hexdigest()
    )


# --- what is written ------------------------------------------------------------------------


def test_an_export_is_json_lines_with_the_stored_bytes(source: Path, exported: Path) -> None:
    lines = exported.read_bytes().splitlines(keepends=True)
    assert json.loads(lines[0]) == {"format": "stemmata-log", "version": 1}
    for line, (position, stream, version, topic, state) in zip(
        lines[1:-1], rows(source), strict=True
    ):
        assert line.endswith(b'"state":' + state + b"}\n")
        assert json.loads(line) == {
            "position": position,
            "stream": stream,
            "version": version,
            "topic": topic,
            "state": json.loads(state),
        }
    said = figures_of(source)
    assert json.loads(lines[-1]) == {
        "events": said.events,
        "head": said.head,
        "sha256": said.sha256,
    }
    assert hashlib.sha256(b"".join(lines[:-1])).hexdigest() == said.sha256


def test_export_import_export_gives_the_same_bytes(
    source: Path, exported: Path, target: Path, tmp_path: Path
) -> None:
    found = import_log(exported, url_of(target))
    assert (found.log, found.written) == (figures_of(source), len(rows(source)))
    assert rows(target) == rows(source)
    check(target)
    again = tmp_path / "again.jsonl"
    assert export_log(url_of(target), again) == found.log
    assert again.read_bytes() == exported.read_bytes()


def test_the_log_of_nothing_is_two_lines(tmp_path: Path, target: Path) -> None:
    with stemmata.open(url_of(tmp_path / "empty.db")):
        pass
    file = tmp_path / "log.jsonl"
    assert export_log(url_of(tmp_path / "empty.db"), file) == LogFigures(
        events=0, head=0, sha256=hashlib.sha256(HEADER).hexdigest()
    )
    assert file.read_bytes().count(b"\n") == 2
    assert import_log(file, url_of(target)).written == 0
    assert rows(target) == []


def test_a_compressed_export_has_the_same_lines_and_is_the_same_each_time(
    source: Path, exported: Path, target: Path, tmp_path: Path
) -> None:
    small, again = tmp_path / "log.jsonl.gz", tmp_path / "again.gz"
    export_log(url_of(source), small)
    export_log(url_of(source), again)
    assert gzip.decompress(small.read_bytes()) == exported.read_bytes()
    assert small.read_bytes() == again.read_bytes()
    import_log(small, url_of(target))
    assert rows(target) == rows(source)


def test_an_export_takes_the_place_of_an_older_one_at_one_stroke(
    source: Path, exported: Path
) -> None:
    old = exported.read_bytes()
    with closing(sqlite3.connect(source)) as raw, raw:
        raw.execute("UPDATE event SET state = x'00ff' WHERE position = 20")
    with pytest.raises(EventUnreadable) as raised:
        export_log(url_of(source), exported)
    assert raised.value.position == 20
    assert exported.read_bytes() == old
    assert [path.name for path in exported.parent.iterdir()].count(exported.name) == 1
    assert not list(exported.parent.glob(".*"))


def test_an_event_that_would_break_its_line_is_not_exported(source: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(source)) as raw, raw:
        raw.execute("UPDATE event SET state = x'7b0a7d' WHERE position = 20")
    with pytest.raises(EventUnreadable, match="not one line of JSON"):
        export_log(url_of(source), tmp_path / "log.jsonl")
    assert not (tmp_path / "log.jsonl").exists()


def test_an_event_that_was_changed_to_text_is_not_exported(source: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(source)) as raw, raw:
        raw.execute("UPDATE event SET state = CAST(state AS TEXT) WHERE position = 20")
    with pytest.raises(EventUnreadable, match="at position 20: it is kept as str, and not as"):
        export_log(url_of(source), tmp_path / "log.jsonl")


def test_an_export_is_a_prefix_while_others_write(tmp_path: Path) -> None:
    source = with_files(tmp_path / "registry.db")
    before = figures_of(source)

    def write(*_: object) -> None:
        if len(rows(source)) == before.events:
            log_files(source, range(10, 12))

    class Slow(io.BytesIO):
        def write(self, data: object) -> int:
            write()
            return super().write(data)  # type: ignore[arg-type]  # whatever it is, BytesIO judges

    file = Slow()
    assert export_log(url_of(source), file) == before
    assert len(rows(source)) > before.events
    assert file.getvalue().count(b"\n") == before.events + 2


def test_a_place_that_is_no_file_is_not_replaced(source: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileExistsError, match="not a file"):
        export_log(url_of(source), tmp_path / "folder")
    with pytest.raises(FileNotFoundError):
        export_log(url_of(source), tmp_path / "nowhere" / "log.jsonl")


def test_a_registry_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="no registry here"):
        export_log(url_of(tmp_path / "missing.db"), tmp_path / "log.jsonl")
    assert not list(tmp_path.iterdir())


# --- what is read ---------------------------------------------------------------------------


def test_an_import_goes_on_where_it_ended(source: Path, exported: Path, target: Path) -> None:
    assert import_log(exported, url_of(target)).written == len(rows(source))
    assert import_log(exported, url_of(target)).written == 0
    with closing(sqlite3.connect(target)) as raw, raw:
        raw.execute("DELETE FROM event WHERE position > 11")
    assert import_log(exported, url_of(target)).written == len(rows(source)) - 11
    assert rows(target) == rows(source)


def test_a_registry_that_holds_something_else_is_refused(exported: Path, target: Path) -> None:
    with_files(target, versions=1)
    before = rows(target)
    with pytest.raises(OtherLog) as raised:
        import_log(exported, url_of(target))
    assert (raised.value.position, raised.value.source) == (1, str(exported))
    assert rows(target) == before


def test_a_registry_that_has_gone_on_is_refused(exported: Path, target: Path) -> None:
    head = import_log(exported, url_of(target)).log.head
    with stemmata.open(url_of(target), actor="ada") as stemma:
        stemma.organize("More", entity="more", teams=["most"], people=["ada"])
    with pytest.raises(OtherLog) as raised:
        import_log(exported, url_of(target))
    assert raised.value.position == head + 1


Lines = list[bytes]


def sealed(lines: Lines) -> bytes:
    """Return lines with a last line that is true of them."""
    body = b"".join(lines)
    head = json.loads(lines[-1]).get("position", 0)
    said = {"events": len(lines) - 1, "head": head, "sha256": hashlib.sha256(body).hexdigest()}
    return body + json.dumps(said, separators=(",", ":")).encode() + b"\n"


def altered(at: int, old: bytes, new: bytes) -> Callable[[Lines], bytes]:
    """Return what changes a line and seals the file again."""

    def alter(lines: Lines) -> bytes:
        assert old in lines[at], lines[at]
        lines[at] = lines[at].replace(old, new, 1)
        return sealed(lines[:-1])

    return alter


def _without_a_version(lines: Lines) -> bytes:
    """Leave out an event on which another one of its stream follows."""
    streams = [json.loads(line)["stream"] for line in lines[1:-1]]
    at = next(n for n, stream in enumerate(streams) if stream in streams[n + 1 :])
    return sealed([*lines[: at + 1], *lines[at + 2 : -1]])


REFUSED: dict[str, tuple[Callable[[Lines], bytes], str]] = {
    "empty": (lambda _: b"", "line 1: the log has no last line"),
    "only a header": (lambda lines: lines[0], "line 2: the log has no last line"),
    "another format": (lambda lines: b"[]\n" + b"".join(lines[1:]), "line 1: a log begins with"),
    "a database": (lambda _: b"SQLite format 3\0" * 9 + b"\n", "line 1: a log begins with"),
    "a newer version": (
        lambda lines: b'{"format":"stemmata-log","version":2,"more":1}\n' + b"".join(lines[1:]),
        "line 1: the log is of version 2, and this release reads version 1",
    ),
    "no last line": (lambda lines: b"".join(lines[:-1]), "the log has no last line"),
    "cut in a line": (lambda lines: b"".join(lines)[:-10], "it breaks off within the line"),
    "more after the end": (
        lambda lines: b"".join([*lines, lines[1]]),
        "something follows the last line",
    ),
    "a line changed": (
        lambda lines: b"".join(lines).replace(b"Acme", b"Amce"),
        "the digest of the lines before is another",
    ),
    "a line lost": (
        lambda lines: b"".join([*lines[:5], *lines[6:]]),
        " events, and there are ",
    ),
    "the head wrong": (
        lambda lines: b"".join(lines).replace(b'"head":', b'"head":1'),
        "it tells of the head 1",
    ),
    "a version left out": (_without_a_version, "is at the place of version 0"),
    "a line twice": (
        lambda lines: sealed([*lines[:3], lines[2], *lines[3:-1]]),
        "line 4: position 2 does not come after 2",
    ),
    "lines swapped": (
        lambda lines: sealed([lines[0], lines[2], lines[1], *lines[3:-1]]),
        "line 3: position 1 does not come after 2",
    ),
    "a huge position": (
        altered(1, b'"position":1,', b'"position":9007199254740992,'),
        "line 2: positions and versions are at most 9007199254740991",
    ),
    "a position beyond all": (
        altered(1, b'"position":1,', b'"position":' + b"9" * 5_000 + b","),
        "line 2: it is neither the line of an event",
    ),
    "a position with a sign": (altered(1, b'"position":1,', b'"position":-1,'), "line 2: it is"),
    "a position with zeros": (altered(1, b'"position":1,', b'"position":01,'), "line 2: it is"),
    "a space": (altered(2, b'"position":2,', b'"position": 2,'), "line 3: it is neither"),
    "an unknown topic": (
        altered(1, b'"topic":"', b'"topic":"Newer'),
        "line 2: Cannot read the event 'Newer",
    ),
    "an escape": (
        altered(1, b'"topic":"', b'"topic":"\\u0041'),
        "line 2: its texts are escaped otherwise",
    ),
    "a lone surrogate": (altered(1, b'"stream":"', b'"stream":"\\ud800'), "line 2: it is not JSON"),
    "invalid UTF-8": (altered(1, b'"stream":"', b'"stream":"\xff'), "line 2: it is not JSON"),
    "a NUL": (altered(1, b'"state":{', b'"state":{\0'), "line 2: it is not JSON"),
    "deep JSON": (
        altered(1, b'"event":{', b'"event":{"x":' + b"[" * 200_000 + b"]" * 200_000 + b","),
        "line 2: it is not JSON",
    ),
    "a state that is no event": (altered(1, b'"schema":1', b'"schema":"1"'), "line 2: Cannot read"),
    "a schema of the future": (altered(1, b'"schema":1', b'"schema":99'), "line 2: Cannot read"),
    "an id that is no text": (altered(1, b'{"id":"', b'{"id":7,"idd":"'), "line 2: id, actor"),
    "a time without a zone": (altered(1, b'Z","actor"', b'","actor"'), "line 2: the time of"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_not_a_whole_log_is_refused_and_nothing_is_written(
    exported: Path, target: Path, how: str
) -> None:
    change, rule = REFUSED[how]
    exported.write_bytes(change(exported.read_bytes().splitlines(keepends=True)))
    with pytest.raises(InvalidLog) as raised:
        import_log(exported, url_of(target))
    assert rule in str(raised.value)
    assert str(raised.value).startswith(f"{exported}, line {raised.value.line}: ")
    assert not target.exists()


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:-9], lambda data: b"no gzip", lambda data: data[:50] + b"\0" * 50]
)
def test_what_cannot_be_decompressed_is_refused(
    source: Path, target: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "log.jsonl.gz"
    export_log(url_of(source), file)
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(InvalidLog, match="cannot be decompressed"):
        import_log(file, url_of(target))
    assert not target.exists()


def test_a_stream_is_read_as_a_file_is(source: Path, exported: Path, target: Path) -> None:
    with exported.open("rb") as file:
        import_log(file, url_of(target))
    assert rows(target) == rows(source)


def test_an_import_that_does_not_read_back_as_the_file_is_none(
    exported: Path, target: Path
) -> None:
    with pytest.raises(StoreUnavailable, match="read back is not what the file says"):
        import_log(exported, url_of(target), progress=Meddling(target))


# --- on the command line --------------------------------------------------------------------


@pytest.fixture
def here(source: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("STEMMATA_URL", url_of(source))
    monkeypatch.chdir(source.parent)
    yield source.parent
    stemmata.teardown()


def test_the_commands_say_what_they_moved(here: Path, source: Path, target: Path) -> None:
    said = succeeds("export", "log.jsonl").out
    figures = figures_of(source)
    assert figures.sha256 in said
    assert "Content moves by 'stemmata copy'" in said
    again = succeeds("--url", url_of(target), "import", "log.jsonl").out
    assert figures.sha256 in again
    assert f"{figures.events} events" in again
    assert "Content moves by 'stemmata copy'" in again
    assert rows(target) == rows(source)


def test_the_commands_answer_in_json(here: Path, source: Path, target: Path) -> None:
    figures = figures_of(source)
    expected = {"events": figures.events, "head": figures.head, "sha256": figures.sha256}
    file = str(here / "log.jsonl.gz")
    assert answers("export", file) == {
        "source": url_of(source),
        "target": file,
        **expected,
    }
    assert answers("--url", url_of(target), "import", file) == {
        "source": file,
        "target": url_of(target),
        "written": figures.events,
        **expected,
    }


@pytest.mark.usefixtures("here")
def test_the_log_goes_through_a_pipe(source: Path, target: Path) -> None:
    exported = run("export")
    assert exported.code == 0
    assert exported.err.splitlines() == [
        "These are the events. Content moves by 'stemmata copy', or by copying its folder."
    ]
    lines = [json.loads(line) for line in exported.out.splitlines()]
    assert [each["position"] for each in lines[1:-1]] == [row[0] for row in rows(source)]
    piped = run("import", stdin=exported.out, STEMMATA_URL=url_of(target))
    assert (piped.code, piped.err) == (0, "")
    assert "standard input" in piped.out
    assert rows(target) == rows(source)


def test_refusals_are_one_line(here: Path, target: Path) -> None:
    succeeds("export", "log.jsonl")
    file = here / "log.jsonl"
    file.write_bytes(file.read_bytes()[:-1])
    assert "it breaks off" in refused("--url", url_of(target), "import", "log.jsonl")
    assert "No such file" in refused("import", "nowhere.jsonl")
    assert "nowhere" in refused("export", "nowhere/log.jsonl")
    assert "name a file" in refused("export", "--json", code=2)
    ended = called("--url", "memory://", "import", "log.jsonl")
    assert (ended.code, ended.out) == (1, "")
    assert not target.exists()
