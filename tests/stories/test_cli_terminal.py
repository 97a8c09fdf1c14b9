"""What is said does not depend on where it goes: a terminal, a narrow one, a pipe, or a closed one."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from stemmata.cli.printable import literal, one_line, printable, size_of
from tests.stories.command_line import PROGRAM, Ended, answers, done, run, succeeds

LONG = "x" * 120
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def team(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with one artifact and no colours or widths from whoever runs the tests."""
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    (acme / "model.bin").write_bytes(b"weights")
    succeeds("log", "model.bin", "--name", "digits", "--type", "model", "--project", "mnist")
    return acme


def on_a_terminal(*arguments: str, columns: int, **environment: str) -> Ended:
    """Run the program with its output and complaints on one terminal of this width."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
        env={**os.environ, **environment},
    ) as process:
        os.close(its)
        said = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                break
            if not part:
                break
            said += part
        code = process.wait(timeout=60)
    os.close(ours)
    return Ended(code=code, out=said.decode().replace("\r\n", "\n"), err="")


def words(text: str) -> str:
    """The text without colours and without white space, which is all that a width may change."""
    return "".join(COLOUR.sub("", text).split())


# --- widths and colours --------------------------------------------------------------------------


def test_a_pipe_gets_no_colours_and_no_folding(team: Path) -> None:
    succeeds("link", "mnist/digits", f"wandb-registry-model/{LONG}")
    listed = done("ls", "wandb-registry-model", COLUMNS="20").out
    assert "\x1b" not in listed
    assert any(LONG in line and "v0" in line for line in listed.splitlines())


def test_a_terminal_gets_colours_and_the_same_words(team: Path) -> None:
    piped, seen = done("ls", "mnist/digits"), on_a_terminal("ls", "mnist/digits", columns=200)
    assert "\x1b[1m" in seen.out
    assert COLOUR.sub("", seen.out) == piped.out


def test_nobody_is_forced_to_see_colours(team: Path) -> None:
    seen = on_a_terminal("ls", "mnist/digits", columns=200, NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", seen.out)
    assert COLOUR.sub("", seen.out) == done("ls", "mnist/digits").out
    assert "\x1b" not in on_a_terminal("ls", "mnist/digits", columns=200, TERM="dumb").out


@pytest.mark.parametrize("columns", [60, 30, 1])
def test_a_narrow_terminal_folds_tables_and_cuts_nothing_off(team: Path, columns: int) -> None:
    succeeds("link", "mnist/digits", f"wandb-registry-model/{LONG}")
    seen = COLOUR.sub("", on_a_terminal("ls", "wandb-registry-model", columns=columns).out)
    piped = done("ls", "wandb-registry-model").out
    assert sorted(words(seen)) == sorted(words(piped))
    if columns == 60:
        table = [line for line in seen.splitlines() if "xxx" in line]
        assert len(table) > 1
        assert all(len(line) <= columns for line in table)


def test_code_is_never_folded(team: Path) -> None:
    succeeds("registry", "create", "Golden Models", "--type", "model")
    place = "acme/wandb-registry-Golden Models"
    seen = on_a_terminal("ls", place, columns=40).out
    assert f'target_path = "{place}/<collection_name>"' in COLOUR.sub("", seen)


def test_a_bar_is_drawn_on_a_terminal_and_taken_away_again(team: Path) -> None:
    (team / "big.bin").write_bytes(os.urandom(64 * 1024 * 1024))
    log = ("log", "big.bin", "--name", "big", "--type", "model")
    seen = on_a_terminal(*log, columns=100)
    assert "Storing big.bin" in seen.out
    assert "67.1" in seen.out
    assert seen.code == 0
    seen = on_a_terminal("get", "big", columns=100)
    assert "Downloading big:v0" in seen.out


# --- names that a terminal would obey ------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "[red]x",
        "[bold red]x[not bold]",
        "[[x]]",
        "\\[x]",
        "日本語の集まり",
        "\x1b[31mred\x1b[0m",
        "right\u202eleft",
        LONG + "🦜",
    ],
)
def test_a_name_is_shown_as_it_is_and_obeyed_never(team: Path, name: str) -> None:
    target = f"wandb-registry-model/{name}"
    linked = answers("link", "mnist/digits", target)
    assert linked["full_name"] == f"{target}:v0"
    shown = succeeds("show", f"{target}:v0").out
    assert f"Full name       {printable(target)}:v0" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert printable(name) in succeeds("history", target).out
    assert printable(name) in succeeds("ls", target).out


def test_what_a_terminal_obeys_is_written_as_its_escape() -> None:
    assert printable("a\x1b[1m\tb\nc\x9b\u202e\u2028\ud800é日") == (
        r"a\x1b[1m\x09b\x0ac\x9b\u202e\u2028\ud800é日"
    )
    assert one_line("a\nb\r\n\tc") == "a b  c"
    assert literal('a"b\\c\n') == r'"a\"b\\c\x0a"'


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_951, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (2**40, "1.1 TB"),
        (10**19, "10000 PB"),
    ],
)
def test_a_size_is_told_with_three_digits(size: int, said: str) -> None:
    assert size_of(size) == said


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_an_alphabet_that_lacks_a_letter_is_no_failure(team: Path, encoding: str) -> None:
    succeeds("link", "mnist/digits", "wandb-registry-model/été 日本")
    command = ("show", "wandb-registry-model/été 日本")
    said = subprocess.run(
        [*PROGRAM, *command, "--json"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert json.loads(said.stdout.decode(encoding))["full_name"].endswith("été 日本:v0")
    assert run(*command, PYTHONIOENCODING="ascii").code == 0


# --- interruptions -------------------------------------------------------------------------------


def log_something_long(folder: Path) -> None:
    """Log `long`, which takes more words to show than a pipe holds."""
    (folder / "long.json").write_text(json.dumps({"long": "x" * 300_000}))
    log = ("log", "model.bin", "--name", "long", "--type", "model", "--metadata")
    succeeds(*log, "@long.json")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("read", [0, 1])
def test_a_reader_that_goes_away_is_no_failure_of_ours(
    team: Path, read: int, unbuffered: str
) -> None:
    log_something_long(team)
    reader, writer = os.pipe()
    with subprocess.Popen(
        [*PROGRAM, "show", "long", "--json"],
        stdout=writer,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    ) as process:
        os.close(writer)
        assert process.stderr is not None
        if read:
            os.read(reader, read)
        os.close(reader)
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 128 + signal.SIGPIPE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_a_full_disk_does_not_take_is_a_failure(team: Path, unbuffered: str) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*PROGRAM, "ls"],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (1, b"stemmata: No space left on device\n")


# A background job ignores the interrupt, and so would what it starts; here it is a person's again.
_AS_A_PERSON = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL);"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
INTERRUPTIBLE = (PROGRAM[0], "-c", _AS_A_PERSON, *PROGRAM[1:])


def test_ctrl_c_ends_without_a_traceback_and_logs_nothing(team: Path) -> None:
    fifo = team / "endless"
    os.mkfifo(fifo)
    log = ("log", "model.bin", "--name", "x", "--type", "model", "--metadata", f"@{fifo}")
    # It is inside the command as soon as it has opened the other end.
    with (
        subprocess.Popen(
            [*INTERRUPTIBLE, *log],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
        fifo.open("wb"),
    ):
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (128 + signal.SIGINT, b"", b"")
    assert answers("ls", "vision")["projects"] == [
        {"name": "vision/mnist", "artifacts": ["vision/mnist/digits"]}
    ]


def test_ctrl_c_in_the_midst_of_an_answer_ends_without_a_traceback(team: Path) -> None:
    log_something_long(team)
    with subprocess.Popen(
        [*INTERRUPTIBLE, "show", "long", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"{"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + signal.SIGINT, b"")


# --- the program ---------------------------------------------------------------------------------


def test_help_is_had_at_once_because_it_loads_no_registry(team: Path) -> None:
    ask = "import sys; from stemmata.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    loaded = set(asked.stderr.split())
    assert {"typer"} <= loaded
    assert not loaded & {"pydantic", "eventsourcing", "sqlite3", "stemmata.stemma"}


GROUPS = ("registry", "collection", "alias")
COMMANDS = (
    *("init", "whoami", "log", "link", "unlink", "use", "get", "ls", "show", "history"),
    *("lineage", "reach", "impact", "paths", "usage", "audit", "timeline", "diff", "replay"),
    "search",
    *("registry create", "collection create", "collection delete", "alias add", "alias remove"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_a_summary_its_options_and_examples(command: str) -> None:
    said = succeeds(*command.split(), "--help").out
    assert said.startswith(f"Usage: stemmata {command}")
    summary = said.split("\n\n")[1].strip()
    assert summary.endswith(".")
    assert len(summary) < 70
    assert "--json" in said
    assert f"$ stemmata {command} " in said or f"$ stemmata {command}\n" in said
    assert succeeds(*command.split(), "-h").out == said


def test_the_program_helps_with_every_command_and_where_defaults_come_from() -> None:
    said = succeeds("--help").out
    assert succeeds().out == said
    for command in COMMANDS:
        assert f"\n  {command.split()[0]} " in said
    assert "..." not in said.split("Commands:")[1].split("Examples:")[0]
    for variable in ("STEMMATA_URL", "STEMMATA_CONTENT", "STEMMATA_ACTOR", "STEMMATA_ENTITY"):
        assert variable in said


def test_the_examples_of_the_help_are_understood(team: Path) -> None:
    for command in COMMANDS:
        said = succeeds(*command.split(), "--help").out
        for line in re.findall(r"\$ (stemmata .*)", said):
            ended = subprocess.run(
                ["sh", "-c", f'stemmata() {{ printf "%s\\0" "$@"; }}; {line}'],
                capture_output=True,
                text=True,
                check=True,
            )
            assert ended.stdout


def test_the_program_tells_its_version() -> None:
    assert re.fullmatch(r"stemmata (\d+\.\d+\.\d+.*|, from source)", succeeds("--version").lines[0])


def test_the_cost_of_drawing_grows_with_what_is_drawn_and_no_faster() -> None:
    from io import StringIO

    from stemmata.cli.drawing import drawn
    from stemmata.cli.page import Table, strong

    def calls(number: int) -> int:
        rows = [(strong(f"v{n}"), "staging, production", "2026-03-03 12:00") for n in range(number)]
        made = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal made
            made += event == "call"

        sys.setprofile(count)
        try:
            written = drawn((Table(("Version", "Aliases", "Created"), rows),), StringIO())
        finally:
            sys.setprofile(None)
        assert f"v{number - 1}" in written
        return made

    calls(10)
    assert calls(2_000) < 5 * calls(500)
