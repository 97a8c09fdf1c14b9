"""A refusal is one line on standard error, nothing on standard output, exit code 1, and no change.

A command line that cannot be understood is told the same way, with exit code 2. Whatever is typed, there
is never a traceback.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import stemmata
from tests.stories.command_line import Ended, answers, called, refused, run, succeeds

GOLDEN = "wandb-registry-Golden Models"


@pytest.fixture
def team(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with a team's artifact, a person's artifact, a registry and a collection of its own."""
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    (acme / "model.bin").write_bytes(b"weights")
    log = ("log", "model.bin", "--type", "model", "--project", "mnist", "--name")
    succeeds(*log, "digits")
    succeeds(*log, "mine", "--entity", "ada")
    succeeds("registry", "create", "Golden Models", "--type", "model", "--type", "weights")
    succeeds("link", "mnist/digits", f"{GOLDEN}/Digits")
    return acme


@pytest.fixture
def unchanged(team: Path) -> Iterator[None]:
    """See that the log does not grow."""
    with stemmata.open() as stemma:
        before = stemma.position()
    yield
    with stemmata.open() as stemma:
        assert stemma.position() == before


# --- what users run into -------------------------------------------------------------------------


@pytest.mark.usefixtures("unchanged")
def test_what_a_person_has_logged_cannot_be_linked() -> None:
    """Semantics §4: personal-entity artifacts can't be linked; log them again under a team."""
    said = refused("link", "ada/mnist/mine", f"{GOLDEN}/Digits")
    assert "personal entity 'ada' cannot be linked" in said
    assert "one of: vision, speech" in said
    assert "--entity TEAM" in said


@pytest.mark.usefixtures("unchanged")
def test_nothing_is_logged_if_linking_it_would_be_refused() -> None:
    log = ("log", "model.bin", "--name", "other", "--type", "model", "--link")
    assert "personal entity" in refused("--entity", "ada", *log, f"{GOLDEN}/Digits")
    assert "'nowhere' not found" in refused(*log, "wandb-registry-nowhere/Digits")
    assert "does not accept" in refused(*log, "wandb-registry-dataset/Digits")
    assert "cannot be linked/fetched" in refused(*log, f"Wrong/{GOLDEN}/Digits")
    assert "takes no alias" in refused(*log, f"{GOLDEN}/Digits:v0")
    assert "Invalid alias" in refused(*log, f"{GOLDEN}/Digits", "--link-alias", "v7")


@pytest.mark.usefixtures("unchanged")
def test_an_unknown_registry_is_told_with_those_that_there_are() -> None:
    """Semantics §4: the registry has to exist already."""
    said = refused("link", "mnist/digits", "wandb-registry-gold en/Digits")
    assert "It has: 'Golden Models', 'dataset', 'model'" in said
    assert said.endswith("stemmata registry create 'gold en'")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("organization", ["Acme", "other", "vision", "ACME INC"])
def test_a_wrong_organization_is_told_with_both_names_of_the_right_one(organization: str) -> None:
    """Semantics §2: the organization before a registry is that of the version's team."""
    said = refused("link", "mnist/digits", f"{organization}/{GOLDEN}/Digits")
    assert "'Acme Inc' or 'acme'" in said
    assert f"{organization!r}" in said


@pytest.mark.usefixtures("unchanged")
def test_a_type_that_does_not_fit_is_told_with_the_one_that_does() -> None:
    """Semantics §1, §4: a name has one type, and a registry accepts some."""
    log = ("log", "model.bin", "--name", "digits", "--project", "mnist", "--type", "dataset")
    assert "already exists with type 'model'" in refused(*log)
    said = refused("link", "mnist/digits", "wandb-registry-dataset/Digits")
    assert "it accepts: 'dataset'" in said
    assert "'model'" in refused("use", f"{GOLDEN}/Digits", "--type", "dataset")
    create = ("collection", "create", f"{GOLDEN}/Data", "--type", "dataset")
    assert "it accepts: 'model', 'weights'" in refused(*create)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "nowhere/nothing:v0"), "'nowhere/nothing:v0' not found"),
        (("show", f"{GOLDEN}/Digits:v7"), "Version 'v7' of"),
        (("show", f"{GOLDEN}/Digits:nosuch"), "Version 'nosuch' of"),
        (("show", ""), "its name is empty"),
        (("ls", "nowhere"), "'nowhere' not found"),
        (("ls", "a/b/c/d"), "it has 4 parts"),
        (("history", "nowhere"), "'nowhere' not found"),
        (("get", "nowhere"), "'nowhere' not found"),
        (("use", "nowhere"), "'nowhere' not found"),
        (("use", "mnist/digits", "--project", "a/b"), "Invalid project name 'a/b'"),
        (("unlink", "mnist/digits:v0"), "is not a linked artifact"),
        (("alias", "add", "mnist/digits", "v1"), "Invalid alias 'v1'"),
        (("alias", "add", "mnist/digits", "a/b"), "Invalid alias 'a/b'"),
        (("registry", "create", "model"), "already exists in organization 'Acme Inc'"),
        (("registry", "create", "x", "--visibility", "secret"), "Invalid visibility 'secret'"),
        (("registry", "create", "x", "--organization", "Other"), "'Other' not found"),
        (("collection", "create", f"{GOLDEN}/Digits", "--type", "model"), "already exists"),
        (("collection", "delete", f"{GOLDEN}/nowhere"), "not found"),
        (("init", "a/b"), "Invalid organization name 'a/b'"),
        (("init", "New", "--team", "Not A Team"), "Invalid entity name 'Not A Team'"),
        (("init", "New", "--team", "vision"), "already exists"),
        (("--entity", "ghost", "use", "vision/mnist/digits"), "Entity 'ghost' not found"),
        (("--actor", "bob", "init", "acme", "--team", "x"), "'bob' may not act"),
        (("--url", "sqlite:///two\nlines.db", "ls"), "two lines.db: there is no registry"),
        (("--url", "http://localhost", "ls"), "Invalid URL"),
        (("--url", "sqlite://[", "ls"), "Invalid URL"),
        (("--url", "ftp://[", "ls"), "Invalid URL"),
        (("--url", "sqlite:///~nobody-here/registry.db", "ls"), "Invalid URL"),
        (("--content", "s3://bucket", "ls"), "Invalid content URL"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    assert words in refused(*arguments)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--name", "a b"), "Invalid artifact name 'a b'"),
        (("--name", "digits:v0"), "takes no alias"),
        (("--name", "a/b/c/d"), "it has 4 parts"),
        (("--name", "wandb-registry-model/x"), "registry"),
        (("--name", "speech/p/x", "--entity", "vision"), "Invalid --entity 'vision'"),
        (("--name", "p/x", "--project", "q"), "Invalid --project 'q'"),
        (("--name", "x", "--entity", "ghost"), "Entity 'ghost' not found"),
        (("--name", "x", "--type", "job"), "reserved"),
        (("--name", "x", "--alias", "v3"), "Invalid alias 'v3'"),
        (("--name", "x", "--tag", "a, b"), "Invalid tag 'a, b'"),
        (("--name", "x", "--metadata", "{no"), "no JSON"),
        (("--name", "x", "--metadata", "[1]"), "must be a dict"),
        (("--name", "x", "--metadata", "[" * 100_000), "Invalid metadata"),
        (("--name", "x", "--metadata", '{"a": 1e999}'), "Invalid metadata"),
        (("--name", "x", "--metadata", "@nosuch.json"), "nosuch.json: No such file"),
        (("--name", "x", "--metadata", "@model.bin"), "no JSON"),
        (("--name", "x", "--link-alias", "a"), "it needs --link"),
    ],
)
def test_what_cannot_be_logged_is_told_before_anything_is_stored(
    team: Path, options: tuple[str, ...], words: str
) -> None:
    blobs = sorted((team / "blobs").rglob("*"))
    (team / "model.bin").write_bytes(b"other weights")
    typed = () if "--type" in options else ("--type", "model")
    assert words in refused("log", "model.bin", *options, *typed)
    assert sorted((team / "blobs").rglob("*")) == blobs


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", ["nosuch.bin", "no/such/folder", "", "model.bin/inside"])
def test_a_file_that_is_not_there_is_told_by_its_name(path: str) -> None:
    said = refused("log", "model.bin", path, "--name", "x", "--type", "model")
    assert said.startswith(path or "''")


@pytest.mark.usefixtures("unchanged")
def test_metadata_that_is_not_text_is_refused(team: Path) -> None:
    (team / "meta.json").write_bytes(b'{"a": "\xff"}')
    log = ("log", "model.bin", "--name", "x", "--type", "model", "--metadata", "@meta.json")
    assert "not written in UTF-8" in refused(*log)


def test_where_there_is_no_registry_none_is_made(workplace: Path) -> None:
    for command in (
        ("ls",),
        ("whoami",),
        ("show", "a"),
        ("link", "a", "b"),
        ("alias", "add", "a", "b"),
    ):
        assert "Found one with 'stemmata init" in refused(*command)
    assert list(workplace.iterdir()) == []


def test_a_file_that_is_no_registry_is_refused_and_left_alone(workplace: Path) -> None:
    (workplace / "notes.txt").write_text("no database" * 500)
    said = refused("--url", "sqlite:///notes.txt", "ls")
    assert "notes.txt" in said
    assert (workplace / "notes.txt").read_text() == "no database" * 500


def test_a_link_that_is_refused_after_all_names_what_was_logged(
    team: Path,
) -> None:
    """The type of an existing collection is not looked at beforehand."""
    succeeds("collection", "create", f"{GOLDEN}/Blobs", "--type", "weights")
    log = ("log", "model.bin", "--name", "late", "--type", "model", "--link", f"{GOLDEN}/Blobs")
    said = refused(*log)
    assert "already exists with type 'weights'" in said
    assert "vision/uncategorized/late:v0 was logged, but not linked" in said
    assert answers("show", "late")["links"] == []


# --- command lines that cannot be understood -----------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("frobnicate",), "No such command 'frobnicate'. Try 'stemmata --help'"),
        (("--frobnicate",), "--frobnicate"),
        (("ls", "--frobnicate"), "Try 'stemmata ls --help'"),
        (("ls", "a", "b"), "unexpected"),
        (("link", "a"), "TARGET"),
        (("log", "a"), "--name"),
        (("alias", "add", "a"), "ALIAS"),
        (("registry",), "Try 'stemmata registry --help'"),
        (("collection", "create", "a"), "--type"),
        (("--url",), "--url"),
        (("ls", "--url", "x"), "It stands before the command: stemmata --url ... ls"),
        (("show", "--actor=ada", "x"), "It stands before the command"),
    ],
)
def test_a_command_line_that_cannot_be_understood_is_told_in_one_line(
    arguments: tuple[str, ...], words: str
) -> None:
    assert words in refused(*arguments, code=2)


# --- the program itself --------------------------------------------------------------------------


def test_the_program_refuses_as_its_entry_point_does(team: Path) -> None:
    ended = run("show", "nowhere")
    assert ended == Ended(
        code=1,
        out="",
        err="stemmata: Artifact 'nowhere' not found. 'stemmata ls' lists what there is\n",
    )
    assert run("ls", "--frobnicate").code == 2


def test_bytes_that_are_no_text_are_refused(team: Path) -> None:
    ended = run("show", "\udcff\udcfe")
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert r"\udcff" in ended.err


def test_metadata_comes_from_standard_input(team: Path) -> None:
    log = ("log", "model.bin", "--name", "piped", "--type", "model", "--metadata", "@-", "--json")
    ended = run(*log, stdin='{"a": [1, 2]}')
    assert json.loads(ended.out)["metadata"] == {"a": [1, 2]}


# --- whatever is typed ---------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        *("wandb-registry-Golden Models", "wandb-registry-", "acme", "Acme Inc", "vision", "ada"),
        *("mnist", "digits", "Digits", "latest", "v0", "v1", "v٣", "v01", "", ".", "..", " "),
        *("[red]x", "[/]", "[link=x]", ":smile:", "%s", "{}", "\\", "'", '"', "$(x)", "*", "~"),
        *("-", "--", "--json", "-h", "--help", "\x1b[31m", "\r", "\n", "\t", "\x7f", "\u202e"),
        *("é", "日本語", "🦜", "\ud800", "\0", "a" * 200, "@", "@-x", "{", '{"a": 1}', "null"),
    ]
)
_TEXT = st.one_of(
    st.lists(_PIECES, min_size=1, max_size=5).map("/".join),
    st.tuples(st.lists(_PIECES, min_size=1, max_size=4).map("/".join), _PIECES).map(":".join),
    _PIECES,
    st.text(max_size=20),
)
_COMMANDS = st.sampled_from(
    [
        *(
            ("usage",),
            ("usage", "--unused"),
            ("show",),
            ("ls",),
            ("history",),
            ("unlink",),
            ("use",),
            ("get", "--root", "out"),
        ),
        *(("link", "vision/mnist/digits"), ("alias", "add"), ("alias", "remove")),
        *(("registry", "create"), ("collection", "create", "--type", "model")),
        *(("collection", "delete"), ("init",), ("init", "Acme Inc", "--team")),
        *(("init", "Acme Inc", "--user"), ("whoami",), ("--actor",), ("--entity",), ()),
        *(("log", "model.bin", "--type", "model", "--name"), ("log", "model.bin", "--type")),
        *(
            ("log", "model.bin", "--name", "x", "--type", "model", flag)
            for flag in (
                "--metadata",
                "--alias",
                "--tag",
                "--description",
                "--job-type",
                "--link",
                "--project",
            )
        ),
    ]
)


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(command=_COMMANDS, words=st.lists(_TEXT, max_size=3), as_json=st.booleans())
@example(command=("show",), words=["[red]x[/]"], as_json=False)
@example(command=("log", "model.bin", "--type", "model", "--name"), words=["x"], as_json=True)
def test_whatever_is_typed_there_is_an_answer_or_one_line(
    team: Path, command: tuple[str, ...], words: list[str], as_json: bool
) -> None:
    ended = called(*command, *words, *(("--json",) if as_json else ()))
    assert ended.code in (0, 1, 2)
    if ended.code:
        assert ended.out == ""
        assert ended.err.startswith("stemmata: ")
        assert len(ended.err.splitlines()) == 1
        assert "\x1b" not in ended.err
    else:
        assert ended.err == ""
        assert "\x1b" not in ended.out
