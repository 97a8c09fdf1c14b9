"""An artifact before and after it is logged: what a draft has, what a version has, what may change."""

from __future__ import annotations

from pathlib import Path

import pytest

import stemmata
from stemmata.sdk.errors import ArtifactFinalizedError, ArtifactNotLoggedError
from stemmata_domain.errors import (
    ArtifactElsewhere,
    InvalidAlias,
    InvalidTag,
    StillAliased,
    StillLinked,
    TypeMismatch,
)

EMPTY_DIGEST = "64e7c61456b10382e2f3b571ac24b659"
HELLO_DIGEST = "fd9916cb47f290f1bbd53bcd8be69277"


def draft(name: str = "digits", type: str = "model", text: str = "hello") -> stemmata.Artifact:
    artifact = stemmata.Artifact(name, type)
    with artifact.new_file("file.txt", "w") as file:
        file.write(text)
    return artifact


ONLY_LOGGED = [
    "entity",
    "project",
    "version",
    "source_entity",
    "source_project",
    "source_version",
    "aliases",
    "tags",
    "file_count",
    "created_at",
    "qualified_name",
    "id",
    "is_link",
    "linked_artifacts",
    "source_artifact",
]


@pytest.mark.parametrize("attribute", ONLY_LOGGED)
def test_what_only_a_version_has_is_refused_to_a_draft(acme: Path, attribute: str) -> None:
    """Semantics §3 step 1: on a draft these raise ArtifactNotLoggedError, an AttributeError."""
    with pytest.raises(ArtifactNotLoggedError) as refused:
        getattr(draft(), attribute)
    assert isinstance(refused.value, AttributeError)
    assert attribute in str(refused.value)


@pytest.mark.parametrize(
    "method",
    ["download", "checkout", "verify", "files", "delete", "used_by", "logged_by", "wait", "unlink"],
)
def test_what_only_a_version_can_do_is_refused_to_a_draft(acme: Path, method: str) -> None:
    """Semantics §3 step 1."""
    with pytest.raises(ArtifactNotLoggedError):
        getattr(draft(), method)()


def test_a_draft_has_name_type_state_and_digest(acme: Path) -> None:
    """Semantics §3 step 1: the name works, without a version, and so does the digest; §12."""
    artifact = draft()
    assert (artifact.name, artifact.type, artifact.state) == ("digits", "model", "PENDING")
    assert artifact.digest == HELLO_DIGEST
    assert artifact.size == 5
    assert artifact.is_draft()


def test_a_logged_artifact_is_final(acme: Path) -> None:
    """Semantics §3 step 3: logging finalises, all mutation of content is refused afterwards."""
    with stemmata.init(entity="vision", project="mnist") as run:
        artifact = run.log_artifact(draft())
    assert (artifact.name, artifact.version, artifact.state) == ("digits:v0", "v0", "COMMITTED")
    Path("more.txt").write_text("more")
    for change in (
        lambda: artifact.add_file("more.txt"),
        lambda: artifact.add_dir("."),
        lambda: artifact.new_file("x"),
        lambda: artifact.remove("file.txt"),
        lambda: artifact.add_reference("s3://bucket/key", name="x"),
    ):
        with pytest.raises(ArtifactFinalizedError):
            change()
    assert artifact.digest == HELLO_DIGEST


def test_an_empty_artifact_may_be_logged_and_linked(acme: Path) -> None:
    """Semantics §3 step 3: an empty artifact (0 files) may be logged and linked."""
    with stemmata.init(entity="vision", project="mnist") as run:
        linked = run.link_artifact(stemmata.Artifact("nothing", "model"), "wandb-registry-model/N")
    assert (linked.digest, linked.file_count, linked.size) == (EMPTY_DIGEST, 0, 0)
    assert linked.files() == []


def test_every_log_gives_latest_beside_the_aliases_asked_for(acme: Path) -> None:
    """Semantics §3 step 3: aliases := set(aliases) and `latest`, always."""
    with stemmata.init(entity="vision", project="mnist") as run:
        first = run.log_artifact(draft(text="a"), aliases=["best"], tags=["good"])
        second = run.log_artifact(draft(text="b"))
    assert (first.aliases, first.tags) == (["best", "latest"], ["good"])
    assert second.aliases == ["latest"]
    assert stemmata.Api().artifact("vision/mnist/digits:v0").aliases == ["best"]


def test_a_path_is_logged_under_the_names_of_run_and_file(acme: Path) -> None:
    """Semantics §3 step 3: name default `run-{id}-{basename}`, type default `unspecified`."""
    Path("data").mkdir()
    Path("data/a.txt").write_text("a")
    with stemmata.init(entity="vision", project="mnist", id="r1") as run:
        folder = run.log_artifact("data")
        file = run.log_artifact("data/a.txt", name="named", type="dataset")
        with pytest.raises(ValueError, match="existing file or directory"):
            run.log_artifact("nowhere")
    assert (folder.name, folder.type) == ("run-r1-data:v0", "unspecified")
    assert [entry.path for entry in folder.files()] == ["a.txt"]
    assert (file.name, file.type) == ("named:v0", "dataset")


def test_a_name_in_a_project_has_one_type(acme: Path) -> None:
    """Semantics §1: artifact names are unique per project regardless of type."""
    with stemmata.init(entity="vision", project="mnist") as run:
        run.log_artifact(draft(type="model"))
        with pytest.raises(TypeMismatch, match="already exists with type 'model'"):
            run.log_artifact(draft(type="dataset", text="other"))


def test_a_logged_artifact_cannot_be_logged_elsewhere(acme: Path) -> None:
    """Semantics §3 step 3: entity and project mismatch of a logged artifact are refused."""
    with stemmata.init(entity="vision", project="mnist") as run:
        artifact = run.log_artifact(draft())
    elsewhere = pytest.raises(ArtifactElsewhere, match="can't be moved")
    with stemmata.init(entity="vision", project="other") as run, elsewhere:
        run.log_artifact(artifact)
    with stemmata.init(entity="speech", project="mnist") as run, pytest.raises(ArtifactElsewhere):
        run.log_artifact(artifact)


def test_saving_without_a_run_makes_a_run_of_its_own(
    acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Semantics §3 step 6: save() with no active run creates a run of job type `auto` to own it."""
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    artifact = draft()
    artifact.save()
    run = artifact.logged_by()
    assert run is not None
    assert (run.job_type, run.state) == ("auto", "finished")
    assert artifact.qualified_name == "vision/uncategorized/digits:v0"


def test_saving_within_a_run_makes_it_an_output_of_that_run(acme: Path) -> None:
    """Semantics §3 step 6."""
    with stemmata.init(entity="vision", project="mnist") as run:
        artifact = draft()
        artifact.save()
    assert [each.name for each in run.logged_artifacts()] == ["digits:v0"]


def test_description_metadata_aliases_and_tags_change_after_logging(acme: Path) -> None:
    """Semantics §3 step 5 and §7: set, or change in place, then save; links share all but aliases."""
    with stemmata.init(entity="vision", project="mnist") as run:
        linked = run.link_artifact(draft(), "wandb-registry-model/Digits", aliases=["staging"])
    source = stemmata.Api().artifact("vision/mnist/digits:v0")
    linked.description = "reads digits"
    linked.metadata["accuracy"] = 0.9
    linked.tags = ["reviewed"]
    linked.aliases.append("production")
    linked.aliases.remove("staging")
    linked.save()
    again = stemmata.Api().artifact("vision/mnist/digits:v0")
    assert (again.description, again.metadata, again.tags) == (
        "reads digits",
        {"accuracy": 0.9},
        ["reviewed"],
    )
    assert again.aliases == ["latest"] == source.aliases
    assert linked.aliases == ["latest", "production"]
    again.description = None
    again.tags = []
    again.save()
    emptied = stemmata.Api().artifact("wandb-registry-model/Digits:production")
    assert (emptied.description, emptied.tags) == (None, [])


def test_saving_without_a_change_records_nothing(acme: Path) -> None:
    with stemmata.init(entity="vision", project="mnist") as run:
        artifact = run.log_artifact(draft())
    with stemmata.open() as stemma:
        before = stemma.position()
        artifact.save()
        assert stemma.position() == before


@pytest.mark.parametrize("alias", ["", "a/b", "a:b", "v5"])
def test_an_alias_that_cannot_be_is_refused_when_it_is_saved(acme: Path, alias: str) -> None:
    """Semantics §1 and §D: no '/', no ':', not empty, not like a version number."""
    with stemmata.init(entity="vision", project="mnist") as run:
        artifact = run.log_artifact(draft())
        with pytest.raises(InvalidAlias):
            run.log_artifact(draft(text="other"), aliases=[alias])
    artifact.aliases = [alias]
    with pytest.raises(InvalidAlias):
        artifact.save()
    assert stemmata.Api().artifact("vision/mnist/digits").aliases == ["latest"]


def test_a_tag_that_cannot_be_is_refused(acme: Path) -> None:
    """Semantics §1: words of letters, digits, hyphens and underscores, with spaces between."""
    with stemmata.init(entity="vision", project="mnist") as run, pytest.raises(InvalidTag):
        run.log_artifact(draft(), tags=["no!"])
    assert not stemmata.Api().artifact_exists("vision/mnist/digits")


def test_deleting_asks_for_aliases_and_links_by_name(acme: Path) -> None:
    """Semantics §13 and §D: aliases forbid it, links forbid it unless forced."""
    with stemmata.init(entity="vision", project="mnist") as run:
        aliased = run.log_artifact(draft(text="a"), aliases=["keep"])
        linked = run.link_artifact(draft(text="b"), "wandb-registry-model/Digits")
    with pytest.raises(StillAliased, match="'keep'"):
        aliased.delete()
    aliased.delete(delete_aliases=True)
    with pytest.raises(StillLinked, match="wandb-registry-model/Digits:v0"):
        linked.source_artifact.delete()
    linked.source_artifact.delete(force=True)
    assert not stemmata.Api().artifact_exists("wandb-registry-model/Digits:v0")
    assert not stemmata.Api().artifact_exists("vision/mnist/digits:v1")


def test_metadata_that_cannot_be_stored_are_refused_at_once(acme: Path) -> None:
    """Semantics §1: at most 100 keys, a mapping at the top, no infinity; NaN becomes null."""
    with pytest.raises(ValueError, match="100"):
        stemmata.Artifact("a", "model", metadata={str(i): i for i in range(101)})
    with pytest.raises(TypeError):
        stemmata.Artifact("a", "model", metadata=[1])
    with pytest.raises(ValueError, match="JSON compliant"):
        stemmata.Artifact("a", "model", metadata={"x": float("inf")})
    assert stemmata.Artifact("a", "model", metadata={"x": float("nan")}).metadata == {"x": None}


def test_only_the_algorithms_that_exist_digest_an_artifact(acme: Path) -> None:
    """Semantics §12: MD5, or XXH128 where it is asked for."""
    with pytest.raises(ValueError, match="SHA1"):
        stemmata.Artifact("a", "model", digest_algorithm="SHA1")
    artifact = stemmata.Artifact("a", "model", digest_algorithm="XXH128")
    with artifact.new_file("file.txt", "w") as file:
        file.write("hello")
    assert artifact.digest == "07251c2e0b13af3d3d45378c2c075a94"
