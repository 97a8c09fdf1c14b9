"""Linking, unlinking, using and finding, as a user of the SDK does it."""

from __future__ import annotations

from pathlib import Path

import pytest

import stemmata
from stemmata_domain.errors import NotALink, NotAMember, TypeMismatch, UnknownVersion


def logged(run: stemmata.Run, name: str = "digits", text: str = "hello") -> stemmata.Artifact:
    artifact = stemmata.Artifact(name, "model")
    with artifact.new_file("file.txt", "w") as file:
        file.write(text)
    return run.log_artifact(artifact)


def test_a_link_is_the_source_under_another_number_and_other_aliases(acme: Path) -> None:
    """Semantics §0 and §4: id, content and type are shared; number, aliases and names are not."""
    with stemmata.init(entity="vision", project="mnist") as run:
        logged(run, text="a")
        source = logged(run, text="b")
        linked = run.link_artifact(source, "wandb-registry-model/Digits", aliases=["staging"])
    assert linked.id == source.id
    assert linked.is_link
    assert not source.is_link
    assert (linked.version, linked.source_version) == ("v0", "v1")
    assert linked.source_qualified_name == source.qualified_name == "vision/mnist/digits:v1"
    assert linked.qualified_name == "acme/wandb-registry-model/Digits:v0"
    assert (set(linked.aliases), source.aliases) == ({"latest", "staging"}, ["latest"])
    assert (linked.digest, linked.type) == (source.digest, source.type)
    assert linked.source_artifact.qualified_name == source.qualified_name


def test_a_version_knows_all_its_links(acme: Path) -> None:
    """Semantics §3.2: the same version may be linked to any number of collections."""
    with stemmata.init(entity="vision", project="mnist") as run:
        source = logged(run)
        for name in ("One", "Two"):
            source.link(f"wandb-registry-model/{name}")
        run.link_artifact(source, "portfolio")
    assert [each.full_name for each in source.linked_artifacts] == [
        "wandb-registry-model/One:v0",
        "wandb-registry-model/Two:v0",
        "vision/mnist/portfolio:v0",
    ]


def test_linking_a_link_links_its_source(acme: Path) -> None:
    """Semantics §3.2: linking a linked artifact links its source."""
    with stemmata.init(entity="vision", project="mnist") as run:
        first = run.link_artifact(logged(run), "wandb-registry-model/One")
    second = first.link("wandb-registry-model/Two")
    assert second.source_qualified_name == "vision/mnist/digits:v0"


def test_versions_of_several_artifacts_share_the_numbers_of_a_collection(acme: Path) -> None:
    """Semantics §3.2: numbers interleave by link order, and only the last has `latest`."""
    with stemmata.init(entity="vision", project="mnist") as run:
        links = [
            run.link_artifact(logged(run, name, name), "wandb-registry-model/All")
            for name in ("a", "b", "c")
        ]
    assert [each.version for each in links] == ["v0", "v1", "v2"]
    collection = stemmata.Api().artifact_collection("model", "wandb-registry-model/All")
    assert [each.aliases for each in collection.versions()] == [[], [], ["latest"]]


def test_unlinking_leaves_the_source_and_other_links(acme: Path) -> None:
    """Semantics §4, unlink: source and other links are unaffected; a source cannot be unlinked."""
    with stemmata.init(entity="vision", project="mnist") as run:
        source = logged(run)
        one = run.link_artifact(source, "wandb-registry-model/One")
        run.link_artifact(source, "wandb-registry-model/Two")
    one.unlink()
    api = stemmata.Api()
    assert not api.artifact_exists("wandb-registry-model/One:v0")
    assert api.artifact_exists("wandb-registry-model/Two:v0")
    assert api.artifact_exists("vision/mnist/digits:v0")
    with pytest.raises(NotALink, match=r"is not a linked artifact and cannot be unlinked"):
        source.unlink()


def test_deleting_a_link_unlinks_it(acme: Path) -> None:
    """Semantics §4, unlink: linked.delete() is unlink."""
    with stemmata.init(entity="vision", project="mnist") as run:
        linked = run.link_artifact(logged(run), "wandb-registry-model/One", aliases=["a"])
    linked.delete()
    assert stemmata.Api().artifact_exists("vision/mnist/digits:v0")
    assert (
        list(stemmata.Api().artifact_collection("model", "wandb-registry-model/One").versions())
        == []
    )


def test_use_is_recorded_with_the_name_it_came_through(acme: Path) -> None:
    """Semantics §10: an input edge, with what the version was addressed through; Api has no edge."""
    with stemmata.init(entity="vision", project="mnist") as run:
        linked = run.link_artifact(logged(run), "wandb-registry-model/Digits")
    stemmata.Api().artifact("wandb-registry-model/Digits:v0")
    assert linked.used_by() == []
    with stemmata.init(entity="speech", project="app", name="reader") as reader:
        used = reader.use_artifact("wandb-registry-model/Digits:latest", type="model")
        reader.use_artifact(used)
    assert [each.name for each in linked.used_by()] == ["reader"]
    assert [each.name for each in linked.source_artifact.used_by()] == ["reader"]
    assert [each.full_name for each in reader.used_artifacts()] == [
        "wandb-registry-model/Digits:v0"
    ]


def test_a_version_of_another_type_is_not_used(acme: Path) -> None:
    """Semantics §10: a type that is given and differs is refused."""
    with stemmata.init(entity="vision", project="mnist") as run:
        logged(run)
        with pytest.raises(TypeMismatch):
            run.use_artifact("digits", type="dataset")
        assert run.used_artifacts() == []


def test_using_a_draft_logs_it_first(acme: Path) -> None:
    """Semantics §3.1: use_artifact(draft) logs, then marks as input."""
    artifact = stemmata.Artifact("digits", "model")
    with stemmata.init(entity="vision", project="mnist") as run:
        used = run.use_artifact(artifact)
    assert used.version == "v0"
    assert [each.name for each in run.used_artifacts()] == ["digits:v0"]


def test_every_run_that_logged_a_version_has_it_as_output(acme: Path) -> None:
    """Semantics §3.1 and §D: an output edge for every logging run; logged_by is the first."""
    with stemmata.init(entity="vision", project="mnist", id="one") as one:
        first = logged(one)
    with stemmata.init(entity="vision", project="mnist", id="two") as two:
        again = logged(two)
    assert first.version == again.version == "v0"
    assert [each.name for each in two.logged_artifacts()] == ["digits:v0"]
    creator = again.logged_by()
    assert creator is not None
    assert creator.id == "one"


def test_logging_an_earlier_content_again_moves_latest_there(acme: Path) -> None:
    """Semantics §3.1: log A, B, A gives v0 with `latest`, and v1."""
    with stemmata.init(entity="vision", project="mnist") as run:
        versions = [logged(run, text=text).version for text in ("a", "b", "a")]
    assert versions == ["v0", "v1", "v0"]
    assert stemmata.Api().artifact("vision/mnist/digits:latest").version == "v0"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("vision/mnist/digits:v7", UnknownVersion),
        ("vision/mnist/digits:v00", UnknownVersion),
        ("vision/mnist/nothing", LookupError),
        ("wandb-registry-model/nothing:v0", LookupError),
        ("wandb-registry-nothing/x", LookupError),
        ("Other/wandb-registry-model/x", LookupError),
        ("a/b/c/d", ValueError),
    ],
)
def test_what_is_not_there_is_told_by_name(acme: Path, name: str, error: type[Exception]) -> None:
    """Semantics §2: each part of a path that finds nothing is named."""
    with stemmata.init(entity="vision", project="mnist") as run:
        logged(run)
    with pytest.raises(error):
        stemmata.Api().artifact(name)
    if error is not ValueError:
        assert not stemmata.Api().artifact_exists(name)


def test_collections_exist_under_their_type(acme: Path) -> None:
    """Semantics §14: artifact_collection_exists(name, type)."""
    with stemmata.init(entity="vision", project="mnist") as run:
        run.link_artifact(logged(run), "wandb-registry-model/Digits")
    api = stemmata.Api()
    assert api.artifact_collection_exists("wandb-registry-model/Digits", "model")
    assert api.artifact_collection_exists("vision/mnist/digits", "model")
    assert not api.artifact_collection_exists("wandb-registry-model/Digits", "dataset")
    assert not api.artifact_collection_exists("wandb-registry-model/Nothing", "model")
    assert api.artifact_collection("model", "vision/mnist/digits").is_sequence()


def test_registries_are_created_listed_and_refused_twice(acme: Path) -> None:
    """Semantics §5: core registries from the start; names unique in the organization."""
    api = stemmata.Api()
    made = api.create_registry("Golden Datasets", "restricted", artifact_types=["dataset"])
    assert (made.organization, made.entity, made.full_name) == (
        "Acme Inc",
        "acme",
        "wandb-registry-Golden Datasets",
    )
    assert [each.name for each in api.registries()] == ["Golden Datasets", "dataset", "model"]
    assert api.registry("Golden Datasets").artifact_types == ["dataset"]
    with pytest.raises(ValueError, match="already exists in organization 'Acme Inc'"):
        api.create_registry("Golden Datasets")
    with pytest.raises(ValueError, match="Expected one of: 'organization', 'restricted'"):
        api.create_registry("Other", "public")
    with pytest.raises(LookupError, match="Organization 'nobody' not found"):
        api.create_registry("Other", organization="nobody")
    with pytest.raises(ValueError, match="cannot contain characters: '\\?'"):
        api.create_registry("what?")


def test_runs_are_found_by_their_path(acme: Path) -> None:
    with stemmata.init(
        entity="vision",
        project="mnist",
        id="r1",
        name="first",
        config={"lr": 0.1},
        job_type="train",
    ):
        pass
    found = stemmata.Api().run("vision/mnist/r1")
    assert (found.name, found.state, found.config, found.job_type) == (
        "first",
        "finished",
        {"lr": 0.1},
        "train",
    )
    with pytest.raises(LookupError):
        stemmata.Api().run("vision/mnist/nothing")
    with pytest.raises(LookupError):
        stemmata.Api().run("nothing")


def test_a_run_that_an_exception_leaves_has_failed(acme: Path) -> None:
    with pytest.raises(RuntimeError), stemmata.init(entity="vision", id="r1"):
        raise RuntimeError
    assert stemmata.Api().run("vision/uncategorized/r1").state == "failed"


def test_a_person_logs_to_their_own_entity_and_teams_only(
    acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEMMATA_ACTOR", "bob")
    with stemmata.init(entity="bob") as run:
        assert logged(run).entity == "bob"
    with pytest.raises(NotAMember, match="'bob' may not act in entity 'ada'"):
        stemmata.init(entity="ada")


def test_without_an_entity_a_person_logs_to_their_own(
    acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seed: a run without an entity uses the default entity, which may be no team."""
    monkeypatch.setenv("STEMMATA_ACTOR", "bob")
    with stemmata.init() as run:
        assert run.entity == "bob"
        with pytest.raises(ValueError, match=r"one of: (speech, vision|vision, speech)"):
            run.link_artifact(logged(run), "wandb-registry-model/Mine")
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    with stemmata.init() as run:
        assert run.entity == "vision"


def test_after_teardown_the_same_registry_can_be_opened_again(acme: Path) -> None:
    run = stemmata.init(entity="vision", id="r1")
    stemmata.teardown()
    assert stemmata.Api().run("vision/uncategorized/r1").state == "finished"
    assert stemmata.run is None
    with pytest.raises(Exception, match="closed"):
        run.log_artifact(stemmata.Artifact("x", "model"))
