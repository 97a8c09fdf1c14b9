"""From nothing to a linked version that somebody else finds and uses, each step a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.command_line import document, done, run

GOLDEN = "acme/wandb-registry-Golden Models/digits of record"
FULL_NAME = "wandb-registry-Golden Models/digits of record"


@pytest.fixture
def team(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry that `stemmata init` founded, in which ada acts for the team vision."""
    done("init", "Acme Inc", "--entity", "acme", "--team", "vision", "--user", "ada")
    monkeypatch.setenv("STEMMATA_ACTOR", "ada")
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    done("registry", "create", "Golden Models", "--type", "model")
    (workplace / "model.bin").write_bytes(b"weights")
    return workplace


def log_and_link() -> None:
    done("log", "model.bin", "--name", "digits", "--type", "model", "--project", "mnist")
    done("link", "mnist/digits", GOLDEN, "--alias", "staging")


def test_another_process_finds_what_one_has_linked(team: Path) -> None:
    """Semantics §2: the organization is known by both of its names, and spaces stand as they are."""
    log_and_link()
    names = (
        f"{FULL_NAME}:v0",
        f"{FULL_NAME}:latest",
        FULL_NAME,
        f"{FULL_NAME}:staging",
        f"Acme Inc/{FULL_NAME}:v0",
        f"acme/{FULL_NAME}:v0",
    )
    for name in names:
        found = document("show", name)
        assert found["full_name"] == f"{FULL_NAME}:v0"
        assert found["source"] == "vision/mnist/digits:v0"


def test_logging_prints_the_full_name_and_the_same_content_makes_no_new_version(team: Path) -> None:
    """Semantics §3.1: content that a live version has already makes none."""
    command = ("log", "model.bin", "--name", "mnist/digits", "--type", "model")
    assert "vision/mnist/digits:v0" in done(*command).out
    again = done(*command, "--alias", "again").out
    assert "vision/mnist/digits:v0" in again
    assert "no new version" in again
    (team / "model.bin").write_bytes(b"better weights")
    assert "vision/mnist/digits:v1" in done(*command).out
    listed = document("ls", "mnist/digits")
    assert [each["version"] for each in listed["versions"]] == ["v0", "v1"]
    assert [each["aliases"] for each in listed["versions"]] == [["again"], ["latest"]]


def test_one_command_logs_and_links(team: Path) -> None:
    done(
        *("log", "model.bin", "--name", "digits", "--type", "model", "--alias", "mine"),
        *("--link", GOLDEN, "--link-alias", "production"),
    )
    assert document("show", "digits")["aliases"] == ["latest", "mine"]
    assert document("show", f"{FULL_NAME}:v0")["aliases"] == ["latest", "production"]


def test_a_version_is_used_downloaded_and_asked_for_its_history(team: Path) -> None:
    log_and_link()
    used = done("use", f"{FULL_NAME}:staging", "--project", "serving", "--type", "model").out
    assert f"stemmata get '{FULL_NAME}:v0'" in used
    done("get", f"{FULL_NAME}:staging", "--root", "here")
    assert (team / "here" / "model.bin").read_bytes() == b"weights"
    shown = document("show", "mnist/digits:v0")
    assert [each["through"] for each in shown["used_by"]] == [f"{FULL_NAME}:v0"]
    assert shown["used_by"][0]["run"].startswith("vision/serving/")
    told = [event["what"] for event in document("history", f"{FULL_NAME}:v0")["events"]]
    assert told == [
        "logged v0 (1 file, 7 bytes)",
        "produced v0",
        "linked source v0 as v0",
        "gave v0 the alias latest",
        "gave v0 the alias staging",
        "used it as v0",
    ]


def test_an_unlinked_version_is_gone_from_the_collection_and_stays_at_its_source(
    team: Path,
) -> None:
    log_and_link()
    done("unlink", f"{FULL_NAME}:v0")
    assert run("show", f"{FULL_NAME}:v0").code == 1
    assert document("ls", GOLDEN)["versions"] == []
    assert document("show", "mnist/digits:v0")["links"] == []


def test_folders_are_logged_and_parts_of_them_downloaded(team: Path) -> None:
    for path in ("train/a.txt", "train/deep/b.txt", "test/a.txt"):
        file = team / "data" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    done("log", "data", "--name", "whole", "--type", "dataset")
    files = [file["path"] for file in document("show", "whole")["files"]]
    assert files == ["test/a.txt", "train/a.txt", "train/deep/b.txt"]
    done("log", "data/train", "data/test/", "model.bin", "--name", "parts", "--type", "dataset")
    files = [file["path"] for file in document("show", "parts")["files"]]
    assert files == ["model.bin", "test/a.txt", "train/a.txt", "train/deep/b.txt"]
    got = document("get", "parts", "--root", "out", "--path-prefix", "train/")
    assert (got["downloaded"], got["downloaded_size"]) == (2, 27)
    assert sorted(path.name for path in (team / "out").rglob("*")) == [
        *("a.txt", "b.txt", "deep", "train"),
    ]


def test_a_reference_is_logged_and_shown_with_where_it_leads(team: Path) -> None:
    address = (team / "model.bin").as_uri()
    done("log", address, "--name", "elsewhere", "--type", "model")
    (file,) = document("show", "elsewhere")["files"]
    assert (file["path"], file["ref"]) == ("model.bin", address)
