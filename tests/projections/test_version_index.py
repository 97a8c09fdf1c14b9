"""Given events of artifacts, collections and registries, then these versions, lists and links."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stemmata_domain.errors import UnknownArtifact, UnknownCollection, UnknownVersion
from stemmata_domain.events import (
    AliasRemoved,
    CollectionDeleted,
    DescriptionChanged,
    MetadataChanged,
    NameReleased,
    RunFinished,
    TypeAccepted,
    VersionDeleted,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_domain.paths import parse_strict
from stemmata_projections.version_index.views import Collection, Link, Registry, Version
from tests.projections.history import (
    added,
    artifact,
    claimed,
    collection,
    founded,
    linked,
    logged,
    moment,
    registered,
    three_versions,
)

DIGITS = "wandb-registry-model/Digits"


# --- a logged version --------------------------------------------------------------------------


def test_a_logged_version_has_everything_that_was_logged() -> None:
    history = artifact(founded()).happened("artifact-art", logged(0), actor="bob")
    history.happened("artifact-art", logged(1, run="vision/mnist/r1", tags=("b", "a")), actor="ada")
    history.happened("artifact-art", added("latest", 1), added("best", 1))
    position = history.head - 2
    assert history.index().resolve("digits:v1") == Version(
        id="art:1",
        line="art",
        is_link=False,
        entity="vision",
        project="mnist",
        collection="digits",
        type="model",
        index=1,
        aliases=("best", "latest"),
        tags=("a", "b"),
        digest="digest 1",
        algorithm="XXH128",
        manifest="manifest 1",
        size=101,
        file_count=11,
        description="about 1",
        metadata={"n": 1, "deep": {"list": [1, None, "é"]}},
        created_at=moment(position),
        created_by="ada",
        run="vision/mnist/r1",
        linked_at=moment(position),
        linked_by="ada",
        artifact="art",
        source_entity="vision",
        source_project="mnist",
        source_collection="digits",
        source_index=1,
    )


def test_a_source_is_known_by_its_qualified_name() -> None:
    version = three_versions().index().resolve("digits:v1")
    assert version.version == "v1"
    assert version.name == "digits:v1"
    assert version.full_name == "vision/mnist/digits:v1"
    assert version.qualified_name == "vision/mnist/digits:v1"
    assert version.source_qualified_name == "vision/mnist/digits:v1"


def test_a_name_without_an_alias_is_the_latest() -> None:
    """Semantics §2: `name` with no alias is resolved as `latest`."""
    index = three_versions().index()
    assert index.resolve("digits").index == 2
    assert index.resolve("digits") == index.resolve("digits:latest") == index.resolve("digits:best")
    assert index.resolve_in("art") == index.resolve("digits")


def test_short_names_are_completed_by_entity_and_project() -> None:
    history = three_versions()
    version = history.index(entity=None, project=None).resolve("vision/mnist/digits:v0")
    assert history.index().resolve("digits:v0") == version
    assert history.index(project=None).resolve("mnist/digits:v0") == version
    assert history.index(entity="nlp", project="x").resolve("vision/mnist/digits:v0") == version


def test_without_a_project_it_is_uncategorized() -> None:
    """Semantics §2: a missing project is the settings' project or literally `uncategorized`."""
    history = artifact(founded(), project="uncategorized")
    history.happened("artifact-art", logged(0), added("latest", 0))
    assert history.index(project=None).resolve("digits").project == "uncategorized"


def test_an_alias_moves_to_the_version_that_got_it_last() -> None:
    history = three_versions().happened("artifact-art", added("best", 0, 2))
    index = history.index()
    assert index.resolve("digits:best").index == 0
    assert index.resolve("digits:v0").aliases == ("best",)
    assert index.resolve("digits:v2").aliases == ("latest",)


def test_an_alias_that_was_removed_names_nothing() -> None:
    history = three_versions().happened("artifact-art", AliasRemoved(alias="best", index=2))
    with pytest.raises(UnknownVersion):
        history.index().resolve("digits:best")
    assert history.index().resolve("digits:v2").aliases == ("latest",)
    history.happened("artifact-art", added("best", 1))
    assert history.index().resolve("digits:best").index == 1


def test_a_deleted_version_is_gone_with_its_tags() -> None:
    history = artifact(founded()).happened("artifact-art", logged(0, tags=("t",)), logged(1))
    history.happened("artifact-art", VersionDeleted(version="art:0", index=0))
    index = history.index()
    with pytest.raises(UnknownVersion, match="'v0' of 'vision/mnist/digits' not found"):
        index.resolve("digits:v0")
    assert [version.index for version in index.versions("art")] == [1]
    assert history.until(history.head - 1).index().resolve("digits:v0").tags == ("t",)


def test_latest_moves_when_its_version_leaves() -> None:
    history = three_versions()
    deleted = VersionDeleted(version="art:2", index=2)
    history.happened(
        "artifact-art", added("latest", 1, 2), AliasRemoved(alias="best", index=2), deleted
    )
    assert history.index().resolve("digits").index == 1


# --- links -------------------------------------------------------------------------------------


def test_a_link_has_a_number_and_aliases_of_its_own() -> None:
    """Semantics §0: files, type, description, metadata and tags are shared, aliases and numbers not."""
    index = three_versions().index()
    link, source = index.resolve(f"{DIGITS}:production"), index.resolve("digits:v1")
    assert link == replace(
        source,
        line="col",
        is_link=True,
        entity="acme",
        project="wandb-registry-model",
        collection="Digits",
        index=0,
        aliases=("production",),
        linked_at=link.linked_at,
    )
    assert (link.id, link.source_index) == (source.id, 1)
    assert link.linked_at > source.linked_at


def test_a_link_is_known_by_its_full_name_and_its_source() -> None:
    link = three_versions().index().resolve(f"{DIGITS}:v1")
    assert link.name == "Digits:v1"
    assert link.full_name == f"{DIGITS}:v1"
    assert link.qualified_name == f"acme/{DIGITS}:v1"
    assert link.source_qualified_name == "vision/mnist/digits:v0"


def test_edits_are_seen_through_every_link() -> None:
    history = three_versions()
    history.happened(
        "artifact-art",
        VersionTagged(version="art:1", index=1, tag="good"),
        VersionTagged(version="art:1", index=1, tag="fast"),
        DescriptionChanged(version="art:1", index=1, description=None),
        MetadataChanged(version="art:1", index=1, metadata={"new": [1]}),
    )
    index = history.index()
    for version in (index.resolve("digits:v1"), index.resolve(f"{DIGITS}:v0")):
        assert version.tags == ("fast", "good")
        assert version.description is None
        assert version.metadata == {"new": [1]}
        assert (version.digest, version.size) == ("digest 1", 101)
    history.happened("artifact-art", VersionUntagged(version="art:1", index=1, tag="good"))
    assert history.index().resolve(f"{DIGITS}:v0").tags == ("fast",)
    assert history.index().resolve("digits:v0").description == "about 0"


def test_links_are_listed_in_the_order_in_which_they_were_made() -> None:
    history = three_versions()
    history.happened("collection-a", collection("a", name="In a project", registry=None))
    history.happened("collection-a", linked(0, 1), actor="bob")
    history.happened("collection-b", collection("b", name="Again"), linked(0, 1))
    assert history.index().links_of("art:1") == [
        Link(
            line="col",
            entity="acme",
            project="wandb-registry-model",
            collection="Digits",
            index=0,
            linked_at=moment(history.head - 8),
            linked_by="ada",
        ),
        Link(
            line="a",
            entity="vision",
            project="mnist",
            collection="In a project",
            index=0,
            linked_at=moment(history.head - 2),
            linked_by="bob",
        ),
        Link(
            line="b",
            entity="acme",
            project="wandb-registry-model",
            collection="Again",
            index=0,
            linked_at=moment(history.head),
            linked_by="ada",
        ),
    ]
    assert [link.full_name for link in history.index().links_of("art:1")] == [
        "wandb-registry-model/Digits:v0",
        "vision/mnist/In a project:v0",
        "wandb-registry-model/Again:v0",
    ]
    assert history.index().links_of("art:2") == history.index().links_of("nothing") == []


def test_an_unlinked_version_is_gone_from_its_collection_alone() -> None:
    history = three_versions()
    history.happened(
        "collection-col",
        AliasRemoved(alias="production", index=0),
        VersionUnlinked(version="art:1", index=0),
    )
    index = history.index()
    assert [version.index for version in index.versions("col")] == [1]
    assert index.links_of("art:1") == []
    assert index.resolve("digits:v1").id == "art:1"
    with pytest.raises(UnknownVersion, match=f"'v0' of '{DIGITS}' not found"):
        index.resolve(f"{DIGITS}:v0")


def test_a_version_that_is_linked_again_gets_the_next_number() -> None:
    history = three_versions()
    history.happened("collection-col", VersionUnlinked(version="art:1", index=0), linked(2, 1))
    assert [(v.index, v.id) for v in history.index().versions("col")] == [
        (1, "art:0"),
        (2, "art:1"),
    ]


def test_versions_are_listed_by_number_with_their_aliases_and_tags() -> None:
    history = three_versions()
    tags = [VersionTagged(version="art:0", index=0, tag=tag) for tag in ("z", "y")]
    history.happened("artifact-art", *tags, VersionTagged(version="art:2", index=2, tag="x"))
    index = history.index()
    found = index.versions("art")
    assert [(v.index, v.aliases, v.tags) for v in found] == [
        (0, (), ("y", "z")),
        (1, (), ()),
        (2, ("best", "latest"), ("x",)),
    ]
    assert found == [index.resolve(f"digits:v{n}") for n in range(3)]
    links = index.versions("col")
    assert [(v.index, v.aliases, v.tags) for v in links] == [
        (0, ("production",), ()),
        (1, ("latest",), ("y", "z")),
    ]
    assert links == [index.resolve(f"{DIGITS}:v{n}") for n in range(2)]


def test_many_versions_are_listed_by_number_not_by_text() -> None:
    history = artifact(founded()).happened("artifact-art", *(logged(n) for n in range(12)))
    assert [version.index for version in history.index().versions("art")] == list(range(12))


def test_a_line_that_nobody_knows_has_no_versions() -> None:
    index = three_versions().index()
    assert index.versions("nothing") == []
    with pytest.raises(UnknownCollection, match="'nothing' not found"):
        index.resolve_in("nothing")
    with pytest.raises(UnknownCollection, match="'nothing' not found"):
        index.collection_by_id("nothing")


# --- collections -------------------------------------------------------------------------------


def test_a_collection_has_what_it_was_created_with() -> None:
    history = founded().happened("collection-c", collection("c", tags=("t2", "t1")), actor="bob")
    expected = Collection(
        id="c",
        is_link=True,
        entity="acme",
        project="wandb-registry-model",
        name="Digits",
        type="model",
        description="card of Digits",
        tags=("t1", "t2"),
        created_at=moment(history.head),
        created_by="bob",
    )
    index = history.index()
    assert index.collection(parse_strict(DIGITS)) == expected
    assert index.collection(parse_strict(f"{DIGITS}:v7")) == expected
    assert index.collection_by_id("c") == expected
    assert index.collections("acme-model") == [expected]
    assert expected.full_name == DIGITS


def test_an_artifact_is_a_collection_of_sources() -> None:
    history = artifact(founded())
    found = history.index().collection(parse_strict("digits"))
    assert found == Collection(
        id="art",
        is_link=False,
        entity="vision",
        project="mnist",
        name="digits",
        type="model",
        description=None,
        tags=(),
        created_at=moment(history.head),
        created_by="ada",
    )
    assert found.full_name == "vision/mnist/digits"


def test_collections_of_a_registry_or_project_are_listed_by_name() -> None:
    history = artifact(founded(), "a2", name="zeros")
    artifact(history, "a1", name="digits")
    artifact(history, "a3", name="elsewhere", project="other")
    history.happened("collection-c1", collection("c1", name="Z", tags=("x", "w")))
    history.happened("collection-c2", collection("c2", name="A"))
    history.happened("collection-c3", collection("c3", name="links", registry=None))
    history.happened("collection-c4", collection("c4", name="D", registry="acme-dataset"))
    index = history.index()
    assert [(c.name, c.tags) for c in index.collections("acme-model")] == [
        ("A", ()),
        ("Z", ("w", "x")),
    ]
    assert [c.name for c in index.collections("vision/mnist")] == ["digits", "links", "zeros"]
    assert [c.name for c in index.collections("nowhere/at all")] == []
    assert [c.full_name for c in index.artifacts()] == [
        "vision/mnist/digits",
        "vision/mnist/zeros",
        "vision/other/elsewhere",
    ]


def test_a_deleted_collection_is_gone_with_its_links_aliases_and_tags() -> None:
    history = three_versions()
    history.happened("collection-b", collection("b", name="Other"), linked(0, 1), added("x", 0))
    history.happened("collection-col", CollectionDeleted(collection="col"))
    index = history.index()
    with pytest.raises(UnknownCollection, match=f"'{DIGITS}' not found"):
        index.collection(parse_strict(DIGITS))
    with pytest.raises(UnknownArtifact, match=f"'{DIGITS}:production' not found"):
        index.resolve(f"{DIGITS}:production")
    assert index.versions("col") == []
    assert [link.line for link in index.links_of("art:1")] == ["b"]
    assert [each.id for each in index.collections("acme-model")] == ["b"]
    assert index.resolve("wandb-registry-model/Other:x").id == "art:1"
    assert index.resolve("digits:best").id == "art:2"


def test_a_collection_of_a_deleted_ones_name_is_another_collection() -> None:
    """Semantics §D: numbering starts again at v0, with an id of its own; the old one stays in the past."""
    history = three_versions()
    before = history.head
    history.happened("collection-col", CollectionDeleted(collection="col"))
    history.happened("collection-new", collection("new"), linked(0, 2), added("latest", 0))
    index = history.index()
    found = index.resolve(DIGITS)
    assert (found.line, found.index, found.id, found.aliases) == ("new", 0, "art:2", ("latest",))
    with pytest.raises(UnknownVersion):
        index.resolve(f"{DIGITS}:production")
    assert [version.id for version in index.versions("new")] == ["art:2"]
    past = history.index(at=before)
    assert past.resolve(f"{DIGITS}:production").line == "col"
    assert past.versions("new") == []


def test_a_collection_in_a_project_has_the_projects_place() -> None:
    history = three_versions()
    history.happened("collection-p", collection("p", name="My links", registry=None))
    history.happened("collection-p", linked(0, 2), added("latest", 0))
    found = history.index().resolve("vision/mnist/My links")
    assert (found.is_link, found.entity, found.project) == (True, "vision", "mnist")
    assert found.full_name == "vision/mnist/My links:v0"
    assert history.index().resolve("My links") == found


# --- registries --------------------------------------------------------------------------------


def test_a_registry_has_what_it_was_created_with() -> None:
    history = founded().happened("registry-r", registered("Own", types=("b", "a")), actor="bob")
    expected = Registry(
        id="acme-Own",
        organization="Acme Inc",
        organization_entity="acme",
        name="Own",
        visibility="organization",
        accepted_types=("a", "b"),
        description=None,
        core=False,
        created_at=moment(history.head),
        created_by="bob",
    )
    index = history.index()
    assert index.registry("Own", "org-acme") == expected
    assert index.registry_at(parse_strict("wandb-registry-Own/x")) == expected
    assert expected.full_name == "wandb-registry-Own"
    assert [each.name for each in index.registries("org-acme")] == ["Own", "dataset", "model"]
    assert [each.core for each in index.registries("org-acme")] == [False, True, True]
    assert index.registries("nobody") == []


def test_a_registry_of_all_types_has_no_list_of_them() -> None:
    history = founded().happened("registry-acme-All", registered("All", types=None))
    assert history.index().registry("All", "org-acme").accepted_types is None


def test_an_accepted_type_is_added_to_the_others() -> None:
    history = founded().happened("registry-acme-model", TypeAccepted(type="checkpoint"))
    index = history.index()
    assert index.registry("model", "org-acme").accepted_types == ("checkpoint", "model")
    assert index.registry("dataset", "org-acme").accepted_types == ("dataset",)


# --- what does not concern the index -----------------------------------------------------------


def test_names_in_other_scopes_and_events_of_runs_change_nothing() -> None:
    history = three_versions()
    before = history.index()
    history.happened("name-in@x:y", claimed("digits", "artifact", "art", scope="in@vision/mnist"))
    history.happened("name-in@x:y", NameReleased(scope="in@vision/mnist", name="acme"))
    history.happened("run-vision/mnist/r", RunFinished(state="failed"))
    after = history.index()
    assert after.artifacts() == before.artifacts()
    assert after.organizations.all() == before.organizations.all()
    assert after.organizations.facts("digits") == before.organizations.facts("digits")
    assert after.organizations.facts("acme") == before.organizations.facts("acme")


def test_a_released_entity_is_free() -> None:
    history = founded().happened("name-entity:nlp", NameReleased(scope="entity", name="nlp"))
    assert history.index().organizations.teams_of("org-acme") == ("vision",)
    history.happened("name-entity:nlp", claimed("nlp", "person", "nlp"))
    assert history.index().organizations.facts("nlp").kind == "person"
