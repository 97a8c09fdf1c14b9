"""How artifacts, collections and registries are addressed."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stemmata_domain.errors import (
    InvalidName,
    InvalidPath,
    InvalidReference,
    OrganizationNeeded,
    Refused,
    UnknownEntity,
    WrongOrganization,
)
from stemmata_domain.paths import (
    ArtifactPath,
    EntityFacts,
    EntityKind,
    OrganizationFacts,
    VersionAt,
    VersionId,
    full_name,
    link_target,
    parse,
    parse_strict,
    reference_uri,
    resolve_organization,
)

anything = st.text(st.characters(exclude_categories=())) | st.text(
    st.sampled_from("ab/:v0 -.\0\n\ud800é"), max_size=15
)
pathlike = st.text(st.sampled_from("ab/:v0 -.é"), max_size=15)


class TestGrammar:
    """Semantics §2: [[prefix/]project/]name[:alias]."""

    @pytest.mark.parametrize(
        ("path", "parts"),
        [
            ("digits", (None, None, "digits", None)),
            ("digits:v3", (None, None, "digits", "v3")),
            ("mnist/digits:latest", (None, "mnist", "digits", "latest")),
            ("vision/mnist/digits:v0", ("vision", "mnist", "digits", "v0")),
            ("wandb-registry-model/Digits:v1", (None, "wandb-registry-model", "Digits", "v1")),
            (
                "Acme, Inc./wandb-registry-Golden Datasets/raw_images",
                ("Acme, Inc.", "wandb-registry-Golden Datasets", "raw_images", None),
            ),
            ("a%20b", (None, None, "a%20b", None)),
        ],
    )
    def test_a_path_has_up_to_three_parts_and_an_alias(
        self, path: str, parts: tuple[str | None, ...]
    ) -> None:
        for parsed in (parse(path), parse_strict(path)):
            assert (parsed.prefix, parsed.project, parsed.name, parsed.alias) == parts
            assert str(parsed) == path

    def test_the_first_colon_ends_the_name(self) -> None:
        parsed = parse_strict("mnist/digits:a/b:c")
        assert (parsed.project, parsed.name, parsed.alias) == ("mnist", "digits", "a/b:c")

    @pytest.mark.parametrize("path", ["a/b/c/d", "a/b/c/d:v0", "////"])
    def test_more_than_three_parts_are_refused(self, path: str) -> None:
        with pytest.raises(InvalidPath, match="Invalid artifact path: ") as refused:
            parse(path)
        assert refused.value.path == path

    @pytest.mark.parametrize(
        ("path", "empty"),
        [
            ("", "name"),
            ("/c", "project"),
            ("p/", "name"),
            ("/p/c", "prefix"),
            ("e//c", "project"),
            ("c:", "alias"),
            (":v0", "name"),
        ],
    )
    def test_empty_parts_parse_and_are_refused_where_it_matters(
        self, path: str, empty: str
    ) -> None:
        assert getattr(parse(path), empty) == ""
        assert str(parse(path)) == path
        with pytest.raises(InvalidPath, match=f"its {empty} is empty") as refused:
            parse_strict(path)
        assert refused.value.path == path

    @pytest.mark.parametrize("path", [None, 7, b"digits", ["digits"]])
    def test_what_is_no_text_is_refused(self, path: str) -> None:
        with pytest.raises(InvalidPath, match="must be text, not "):
            parse(path)

    @pytest.mark.parametrize("path", ["a\udc80", "e/p/n:\0"])
    def test_what_no_store_can_hold_is_refused(self, path: str) -> None:
        with pytest.raises(InvalidPath, match="valid Unicode without NUL"):
            parse(path)

    def test_a_path_does_not_change_and_serves_as_a_key(self) -> None:
        assert {parse("a:b"): 1}[parse("a:b")] == 1

    def test_the_collection_is_what_stands_before_the_alias(self) -> None:
        assert parse("vision/mnist/digits:v0").collection == "vision/mnist/digits"
        assert parse("/c:v0").collection == "/c"


class TestRegistries:
    """Semantics §2: a registry's project starts with `wandb-registry-` and is longer than that."""

    @pytest.mark.parametrize(
        ("path", "registry"),
        [
            ("wandb-registry-model/Digits", "model"),
            ("acme/wandb-registry-Golden Datasets/raw:v0", "Golden Datasets"),
            ("wandb-registry-/Digits", None),
            ("wandb-registry/Digits", None),
            ("a/not-wandb-registry-b/c", None),
            ("wandb-registry-model", None),
        ],
    )
    def test_a_registry_is_told_by_its_project(self, path: str, registry: str | None) -> None:
        assert parse(path).registry == registry
        assert parse(path).is_registry is (registry is not None)

    def test_a_version_has_a_full_name(self) -> None:
        assert full_name("Golden Datasets", "raw", 12) == "wandb-registry-Golden Datasets/raw:v12"


class TestDefaults:
    """Semantics §2: what a path leaves open comes from the settings."""

    def test_entity_and_project_are_filled_in(self) -> None:
        path = parse("digits:v0").with_defaults(entity="vision", project="mnist")
        assert str(path) == "vision/mnist/digits:v0"

    def test_what_the_path_says_stands(self) -> None:
        path = parse("speech/words/corpus").with_defaults(entity="vision", project="mnist")
        assert str(path) == "speech/words/corpus"

    def test_without_a_project_it_is_uncategorized(self) -> None:
        assert str(parse("digits").with_defaults(entity="e")) == "e/uncategorized/digits"
        assert str(parse("digits").with_defaults()) == "uncategorized/digits"


class TestLinkTargets:
    """Semantics §2: COLL, PROJECT/COLL, [ORG/]wandb-registry-NAME/COLL."""

    @pytest.mark.parametrize(
        "path",
        [
            "Digits",
            "mnist/Digits",
            "vision/mnist/Digits",
            "wandb-registry-model/Zoo Classifier",
            "Acme, Inc./wandb-registry-Golden Datasets/raw_images",
        ],
    )
    def test_a_target_is_a_path_to_a_collection(self, path: str) -> None:
        assert link_target(path) == parse(path)

    def test_an_alias_in_a_target_is_refused(self) -> None:
        with pytest.raises(InvalidPath, match="a link target takes no alias"):
            link_target("wandb-registry-model/Digits:v0")

    @pytest.mark.parametrize("path", ["", "a/", "/a", "a/b/c/d", "//"])
    def test_a_target_has_its_parts(self, path: str) -> None:
        with pytest.raises(InvalidPath):
            link_target(path)

    @pytest.mark.parametrize(
        "path",
        [
            "x" * 129,
            "a?b/Digits",
            "wandb-registry-/Digits",
            "wandb-registry-" + "x" * 114 + "/Digits",
            "wandb-registry-model/a\nb",
        ],
    )
    def test_a_target_is_called_as_collections_and_projects_are(self, path: str) -> None:
        with pytest.raises(InvalidName):
            link_target(path)


class TestReferences:
    """Semantics §2: references to a version as they stand in a run's config."""

    @pytest.mark.parametrize(
        ("uri", "reference"),
        [
            (
                "wandb-artifact://vision/mnist/digits:v0",
                VersionAt(path=parse("vision/mnist/digits:v0")),
            ),
            (
                "wandb-artifact://vision/mnist/digits",
                VersionAt(path=parse("vision/mnist/digits")),
            ),
            (
                "wandb-artifact://https://api.example.org:8080/vision/mnist/digits:v0",
                VersionAt(
                    path=parse("vision/mnist/digits:v0"), base="https://api.example.org:8080"
                ),
            ),
            ("wandb-artifact://_id/QXJ0aWZhY3Q=", VersionId(id="QXJ0aWZhY3Q=")),
            (
                "wandb-artifact://http://localhost/_id/12",
                VersionId(id="12", base="http://localhost"),
            ),
            (
                "registry:///Acme, Inc./Golden Datasets/raw:v3",
                VersionAt(path=parse("Acme, Inc./wandb-registry-Golden Datasets/raw:v3")),
            ),
            (
                "registry:///acme/prompts/greeting:production",
                VersionAt(path=parse("acme/wandb-registry-prompts/greeting:production")),
            ),
        ],
    )
    def test_a_reference_names_a_version_by_path_or_id(
        self, uri: str, reference: VersionAt | VersionId
    ) -> None:
        assert reference_uri(uri) == reference

    @pytest.mark.parametrize(
        "uri",
        [
            "",
            "vision/mnist/digits:v0",
            "https://example.org/vision/mnist/digits:v0",
            "wandb-artifact:/vision/mnist/digits",
            "wandb-artifact://",
            "wandb-artifact://digits:v0",
            "wandb-artifact://mnist/digits:v0",
            "wandb-artifact://a/b/c/d:v0",
            "wandb-artifact://a//c:v0",
            "wandb-artifact://_id/",
            "wandb-artifact://_id/a/b",
            "wandb-artifact://_id/a\0",
            "wandb-artifact://a/b/c\udc80",
            "wandb-artifact://https:///vision/mnist/digits:v0",
            "registry://",
            "registry:///",
            "registry:///acme",
            "registry:///acme/model",
            "registry:///acme//digits:v0",
            "registry:///acme/model/digits/more:v0",
            "registry:////model/digits:v0",
            "registry:///acme/model/:v0",
            "registry://host/acme/model/digits:v0",
        ],
    )
    def test_others_are_refused(self, uri: str) -> None:
        with pytest.raises(InvalidReference) as refused:
            reference_uri(uri)
        assert refused.value.uri == uri

    @pytest.mark.parametrize("uri", [None, 7, b"registry:///acme/model/digits"])
    def test_what_is_no_text_is_refused(self, uri: str) -> None:
        with pytest.raises(InvalidReference, match="must be text, not "):
            reference_uri(uri)


ACME = OrganizationFacts(id="1", name="Acme, Inc.", entity="acme")
ZOO = OrganizationFacts(id="2", name="Zoo", entity="zoo")
TWIN = OrganizationFacts(id="3", name="Acme, Inc.", entity="acme-2")


def resolve(
    kind: EntityKind, *organizations: OrganizationFacts, given: str | None = None
) -> OrganizationFacts:
    facts = EntityFacts(kind=kind, organizations=organizations)
    return resolve_organization(entity="someone", given=given, facts=facts)


class TestOrganizations:
    """Semantics §2: which organization a registry path means."""

    @pytest.mark.parametrize("entity", ["", None])
    def test_without_an_entity_nothing_follows(self, entity: str | None) -> None:
        facts = EntityFacts(kind=EntityKind.UNKNOWN)
        with pytest.raises(InvalidName, match="Entity name is required to resolve org entity name"):
            resolve_organization(entity=entity, given="acme", facts=facts)

    @pytest.mark.parametrize("given", [None, "", "Acme, Inc.", "acme"])
    @pytest.mark.parametrize("kind", [EntityKind.TEAM, EntityKind.PERSON, EntityKind.ORGANIZATION])
    def test_either_name_or_none_will_do_where_there_is_one_organization(
        self, kind: EntityKind, given: str | None
    ) -> None:
        assert resolve(kind, ACME, given=given) is ACME

    @pytest.mark.parametrize("kind", [EntityKind.TEAM, EntityKind.PERSON, EntityKind.ORGANIZATION])
    def test_another_organization_is_refused(self, kind: EntityKind) -> None:
        with pytest.raises(
            WrongOrganization, match="cannot be linked/fetched with 'zoo'"
        ) as refused:
            resolve(kind, ACME, given="zoo")
        assert refused.value.expected == ("Acme, Inc.", "acme")
        assert "update the target path with the correct organization name" in str(refused.value)

    @pytest.mark.parametrize("given", ["zoo", "Zoo"])
    def test_a_person_in_several_organizations_names_one(self, given: str) -> None:
        assert resolve(EntityKind.PERSON, ACME, ZOO, given=given) is ZOO

    def test_a_person_in_several_organizations_has_to_name_one_of_them(self) -> None:
        with pytest.raises(WrongOrganization) as refused:
            resolve(EntityKind.PERSON, ACME, ZOO, given="other")
        assert refused.value.expected == ("Acme, Inc.", "acme", "Zoo", "zoo")

    def test_a_person_in_several_organizations_has_to_name_any(self) -> None:
        with pytest.raises(
            OrganizationNeeded, match="belongs to multiple organizations"
        ) as refused:
            resolve(EntityKind.PERSON, ACME, ZOO)
        assert refused.value.organizations == ("acme", "zoo")

    @pytest.mark.parametrize("given", [None, "acme"])
    def test_a_person_in_no_organization_cannot_reach_a_registry(self, given: str | None) -> None:
        none = "Unable to resolve an organization associated with personal entity"
        with pytest.raises(OrganizationNeeded, match=none):
            resolve(EntityKind.PERSON, given=given)

    @pytest.mark.parametrize("given", [None, "acme"])
    def test_a_team_in_no_organization_cannot_reach_a_registry(self, given: str | None) -> None:
        none = "Unable to find organization for entity"
        with pytest.raises(WrongOrganization, match=none) as refused:
            resolve(EntityKind.TEAM, given=given)
        assert refused.value.given == (given or "")

    def test_an_entity_that_nobody_knows_is_told(self) -> None:
        with pytest.raises(UnknownEntity, match="someone"):
            resolve(EntityKind.UNKNOWN, given="acme")

    def test_of_two_organizations_displayed_alike_the_entity_name_tells(self) -> None:
        assert resolve(EntityKind.PERSON, ACME, TWIN, given="acme-2") is TWIN
        with pytest.raises(OrganizationNeeded) as refused:
            resolve(EntityKind.PERSON, ACME, TWIN, given="Acme, Inc.")
        assert refused.value.organizations == ("acme", "acme-2")


@settings(max_examples=2000)
@given(anything | pathlike)
@example("wandb-artifact://_id")
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    for rule in (
        parse,
        parse_strict,
        link_target,
        reference_uri,
        lambda text: reference_uri(f"wandb-artifact://{text}"),
        lambda text: reference_uri(f"registry:///{text}"),
    ):
        try:
            read = rule(text)
        except Refused:
            continue
        if isinstance(read, ArtifactPath):
            assert str(read) == text
            text.encode()


@given(
    st.lists(st.text(st.sampled_from("ab -.é")), min_size=1, max_size=3),
    st.none() | st.text(st.sampled_from("ab/:")),
)
def test_what_is_written_is_read_again(parts: list[str], alias: str | None) -> None:
    prefix, project, name = [None, None, *parts][-3:]
    path = ArtifactPath(prefix=prefix, project=project, name=parts[-1], alias=alias)
    assert name == parts[-1]
    assert parse(str(path)) == path
