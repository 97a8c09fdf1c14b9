"""Who used what, through which name, how often, first and last; and what nobody uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import stemmata
from stemmata.draft import Draft
from stemmata.stemma import Stemma
from stemmata_domain.errors import (
    InvalidPath,
    UnknownArtifact,
    UnknownCollection,
    UnknownRegistry,
    UnknownVersion,
)
from tests.stories.command_line import answers, refused, succeeds

DIGITS = "wandb-registry-model/Digits"


@pytest.fixture(params=["memory://", "sqlite:///registry.db"])
def stemma(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stemma]:
    monkeypatch.chdir(tmp_path)
    with stemmata.open(request.param, actor="host", entity="vision") as opened:
        opened.organize("Acme", teams=["vision"])
        yield opened


def log(stemma: Stemma, content: str, name: str = "mnist/digits") -> str:
    draft = Draft(stemma.content)
    with draft.new_file("model.bin", "w") as file:
        file.write(content)
    sealed = draft.seal()
    logged = stemma.log(
        name,
        type="model",
        manifest=sealed.manifest,
        digest=sealed.digest,
        size=sealed.size,
        file_count=sealed.file_count,
    )
    return logged.name


def run(stemma: Stemma, *names: str, actor: str = "ada") -> str:
    """Start a run of somebody's, which uses versions."""
    acting = stemma.within(actor=actor)
    path = acting.start_run(project="serving").path
    for name in names:
        acting.use(name, run=path)
    return path


def test_a_version_is_used_through_any_of_its_names(stemma: Stemma) -> None:
    source = log(stemma, "zero")
    stemma.link(source, DIGITS, aliases=["production"])
    first = run(stemma, source, f"{DIGITS}:production")
    run(stemma, f"{DIGITS}:v0", actor="bob")
    run(stemma, f"{DIGITS}:latest", actor="bob")
    usage = stemma.usage(f"{DIGITS}:production")
    assert (usage.kind, usage.name) == ("version", f"{DIGITS}:v0")
    assert (usage.total.uses, usage.total.runs, usage.total.people) == (4, 3, 2)
    assert (usage.through.uses, usage.through.runs, usage.through.people) == (3, 3, 2)
    assert [(user.who, user.through, user.figures.uses) for user in usage.users] == [
        ("bob", f"{DIGITS}:v0", 2),
        ("ada", source, 1),
        ("ada", f"{DIGITS}:v0", 1),
    ]
    runs = stemma.runs_using(source)
    assert [each.run.path for each in runs[:2]] == [first, first]
    assert (usage.total.first, usage.total.last) == (runs[0].at, runs[-1].at)
    assert stemma.usage(source).total == usage.total


def test_a_use_that_is_repeated_counts_once(stemma: Stemma) -> None:
    source = log(stemma, "zero")
    path = run(stemma, source, source, f"{source.partition(':')[0]}:latest")
    stemma.use(source, run=path)
    assert stemma.usage(source).total.uses == 1


def test_what_nobody_uses(stemma: Stemma) -> None:
    zero, one, other = log(stemma, "0"), log(stemma, "one"), log(stemma, "x", "mnist/other")
    for name in (zero, one):
        stemma.link(name, DIGITS)
    assert [each.full_name for each in stemma.unused()] == [zero, one, other]
    run(stemma, f"{DIGITS}:v0")
    unused = stemma.unused()
    assert [each.full_name for each in unused] == [one, other]
    assert (unused[0].aliases, unused[0].size, unused[0].created_by) == (("latest",), 3, "host")
    assert [each.full_name for each in stemma.unused("mnist/digits")] == [one]
    assert [each.full_name for each in stemma.unused(DIGITS)] == [f"{DIGITS}:v1"]
    assert [each.full_name for each in stemma.unused("wandb-registry-model")] == [f"{DIGITS}:v1"]
    assert [each.full_name for each in stemma.unused("vision/mnist")] == [one, other]
    assert stemma.unused("wandb-registry-dataset") == []
    run(stemma, one)
    assert stemma.unused(DIGITS) == []


def test_usage_of_a_registry_counts_each_collection_and_those_that_are_gone(
    stemma: Stemma,
) -> None:
    source = log(stemma, "zero")
    for name in ("A", "B", "C"):
        stemma.link(source, f"wandb-registry-model/{name}")
    run(stemma, "wandb-registry-model/A:v0", "wandb-registry-model/B:v0", source)
    stemma.delete_collection("wandb-registry-model/B")
    usage = stemma.usage("wandb-registry-model")
    assert [(p.name[-1], p.is_gone, p.through.uses, p.total.uses) for p in usage.parts] == [
        ("A", False, 1, 3),
        ("B", True, 1, 0),
        ("C", False, 0, 3),
    ]
    assert (usage.through.uses, usage.through.runs) == (2, 1)
    assert (usage.total.uses, usage.total.runs) == (3, 1)
    assert [user.is_gone for user in usage.users] == [False, True]
    assert usage.unused == ()
    assert stemma.usage("vision/mnist").through.uses == 1


def test_usage_as_of_a_moment(stemma: Stemma) -> None:
    source = log(stemma, "zero")
    before = stemma.position()
    run(stemma, source)
    then = stemma.as_of(before)
    assert then.usage(source).total.uses == 0
    assert then.usage("mnist/digits").unused[0].name == source
    assert [each.full_name for each in then.unused()] == [source]
    assert stemma.unused() == []
    assert stemma.as_of(stemma.position()).usage(source) == stemma.usage(source)


def test_what_is_not_there_has_no_usage(stemma: Stemma) -> None:
    log(stemma, "zero")
    for name, refusal in (
        ("mnist/digits:v7", UnknownVersion),
        ("mnist/nothing", UnknownArtifact),
        (f"{DIGITS}", UnknownCollection),
        ("wandb-registry-none", UnknownRegistry),
        ("acme", InvalidPath),
        ("", InvalidPath),
    ):
        with pytest.raises(refusal):
            stemma.usage(name)
    with pytest.raises(InvalidPath):
        stemma.unused("mnist/digits:v0")


# --- on the command line ------------------------------------------------------------------------


@pytest.fixture
def team(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    (acme / "model.bin").write_bytes(b"weights")
    succeeds("log", "model.bin", "--name", "digits", "--type", "model", "--project", "mnist")
    succeeds("link", "mnist/digits", DIGITS)
    return acme


def test_the_command_line_tells_who_used_a_version(team: Path) -> None:
    assert "By any name   no run yet" in succeeds("usage", f"{DIGITS}:v0").lines
    succeeds("--actor", "bob", "use", DIGITS)
    said = succeeds("usage", f"{DIGITS}:v0").lines
    assert said[0].split() == ["Version", f"{DIGITS}:v0"]
    assert said[1].startswith("By this name  1 use in 1 run by 1 person, first 20")
    assert said[-1].startswith("bob      wandb-registry-model/Digits:v0  1     1     20")


def test_the_command_line_counts_collections_and_versions(team: Path) -> None:
    succeeds("use", DIGITS)
    (part,) = answers("usage", "wandb-registry-model")["parts"]
    assert (part["name"], part["through"]["uses"], part["total"]["uses"]) == (DIGITS, 1, 1)
    (part,) = answers("usage", DIGITS)["parts"]
    assert part["name"] == f"{DIGITS}:v0"
    succeeds("unlink", f"{DIGITS}:v0")
    assert any(line.startswith(f"{DIGITS}:v0 (gone)") for line in succeeds("usage", DIGITS).lines)


def test_the_command_line_lists_what_nobody_uses(team: Path) -> None:
    said = succeeds("usage", "--unused").lines
    assert said[1].startswith("vision/mnist/digits:v0  model  latest")
    assert said[-1] == "1 version that no run has used, 7 B in all."
    assert answers("usage", DIGITS, "--unused")["versions"][0]["full_name"] == f"{DIGITS}:v0"
    succeeds("use", DIGITS)
    assert succeeds("usage", "--unused").lines == ["Every version has been used."]
    assert len(answers("usage", "--unused", "--as-of", "7")["versions"]) <= 1


def test_the_command_line_has_to_know_of_what(team: Path) -> None:
    assert "say --unused" in refused("usage", code=2)
