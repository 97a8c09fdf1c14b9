"""What may be called what."""

import enum
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stemmata_domain import names
from stemmata_domain.errors import (
    InvalidAlias,
    InvalidName,
    InvalidSetting,
    InvalidTag,
    InvalidType,
    Refused,
)

EVERY_RULE: list[Callable[[str], object]] = [
    names.artifact_name,
    names.collection_name,
    names.project_name,
    names.registry_name,
    names.run_id,
    names.entity_name,
    names.organization_name,
    names.accepted_type,
    names.alias,
    names.tag,
    lambda value: names.artifact_type(value, name="digits"),
]

anything = st.text(st.characters(exclude_categories=())) | st.text(
    st.sampled_from("av0 -_./:\\#?%\r\n\0\x85é٣ \ud800\U0001f389"), max_size=12
)


class Kind(str, enum.Enum):  # noqa: UP042 -- prints as Kind.MODEL, unlike a StrEnum
    MODEL = "model"


class TestArtifactNames:
    """Semantics §1: ASCII letters, digits, dashes, underscores and dots; 1 to 128 of them."""

    @pytest.mark.parametrize("name", ["digits", "a", "A-1_b.c", ".hidden", "-", "x" * 128])
    def test_what_w_and_b_can_construct_is_an_artifact_name(self, name: str) -> None:
        assert names.artifact_name(name) == name

    @pytest.mark.parametrize(
        "name", ["", "a b", "a/b", "a:b", "naïve", "名前", "a\n", "a=b", "a\0"]
    )
    def test_others_are_refused(self, name: str) -> None:
        with pytest.raises(InvalidName) as refused:
            names.artifact_name(name)
        assert (refused.value.thing, refused.value.name) == ("artifact", name)

    def test_the_refusal_says_what_is_allowed(self) -> None:
        allowed = "may only contain alphanumeric characters, dashes, underscores, and dots"
        with pytest.raises(ValueError, match=allowed):
            names.artifact_name("a b")

    def test_the_refusal_of_a_long_name_says_how_long_it_may_be(self) -> None:
        with pytest.raises(InvalidName, match="is longer than 128 characters"):
            names.artifact_name("x" * 129)


class TestCollectionNames:
    """Semantics §1: on the server, up to 128 characters, any but a slash and a colon."""

    @pytest.mark.parametrize("name", ["Zoo Classifier", "データ", "🎉", " ", "a\\b#?%", "é" * 128])
    def test_spaces_and_every_script_are_welcome(self, name: str) -> None:
        assert names.collection_name(name) == name

    @pytest.mark.parametrize(
        ("name", "rule"),
        [
            ("", "Collection name cannot be empty"),
            ("x" * 129, "must be 128 characters or less"),
            ("/" * 128, "must not contain any of the following characters: '/'"),
            ("a/b", "must not contain any of the following characters: '/'"),
            ("a/b:c", "must not contain any of the following characters: '/', ':'"),
            ("a\r\nb", r"must not contain any of the following characters: '\n', '\r'"),
        ],
    )
    def test_the_refusal_says_why(self, name: str, rule: str) -> None:
        with pytest.raises(InvalidName) as refused:
            names.collection_name(name)
        assert (refused.value.thing, refused.value.name) == ("collection", name)
        assert refused.value.rule == rule


class TestProjectsRegistriesAndRuns:
    r"""Semantics §1: not empty, at most 128 characters, none of / \ # ? % : CR LF."""

    @pytest.mark.parametrize("rule", [names.project_name, names.registry_name, names.run_id])
    @pytest.mark.parametrize("character", list("/\\#?%:\r\n"))
    def test_a_forbidden_character_is_named(
        self, rule: Callable[[str], str], character: str
    ) -> None:
        with pytest.raises(InvalidName) as refused:
            rule(f"a{character}b{character}")
        assert refused.value.rule == f"cannot contain characters: {character!r}"

    @pytest.mark.parametrize("rule", [names.project_name, names.registry_name, names.run_id])
    @pytest.mark.parametrize("name", ["mnist", "Golden Datasets", "数字", "x" * 113])
    def test_others_may_stand_in_a_name(self, rule: Callable[[str], str], name: str) -> None:
        assert rule(name) == name

    def test_several_forbidden_characters_are_listed(self) -> None:
        with pytest.raises(InvalidName, match="cannot contain characters: '#', '\\?'"):
            names.project_name("a?b#")

    def test_a_project_has_a_name_of_at_most_128_characters(self) -> None:
        assert names.project_name("x" * 128) == "x" * 128
        with pytest.raises(InvalidName, match="must be 128 characters or less"):
            names.project_name("x" * 129)

    def test_a_registry_has_a_name_of_at_most_113_characters(self) -> None:
        """What is left of 128 behind the prefix of 15."""
        assert len(names.registry_project("x" * 113)) == 128
        assert names.registry_name("x" * 113) == "x" * 113
        with pytest.raises(InvalidName, match=r"Invalid registry name .* must be 113 characters"):
            names.registry_name("x" * 114)

    def test_a_project_that_is_a_registry_keeps_the_registrys_rule(self) -> None:
        assert names.project_name("wandb-registry-a b") == "wandb-registry-a b"
        with pytest.raises(InvalidName, match=r"Invalid registry name .* must be 113 characters"):
            names.project_name("wandb-registry-" + "x" * 114)
        with pytest.raises(InvalidName, match="Registry name cannot be empty"):
            names.project_name("wandb-registry-")

    @pytest.mark.parametrize(
        ("rule", "sentence"),
        [
            (names.project_name, "Project name cannot be empty"),
            (names.registry_name, "Registry name cannot be empty"),
            (names.run_id, "Run name cannot be empty"),
        ],
    )
    def test_nothing_is_no_name(self, rule: Callable[[str], str], sentence: str) -> None:
        with pytest.raises(InvalidName, match=sentence):
            rule("")

    def test_a_registry_is_a_project_with_a_prefix(self) -> None:
        assert names.registry_project("model") == "wandb-registry-model"


class TestEntitiesAndOrganizations:
    """Semantics §1: entities are lower-case letters, digits, dashes and underscores."""

    @pytest.mark.parametrize("name", ["vision", "vision-team_2", "0", "x" * 128])
    def test_an_entity_may_be_called_so(self, name: str) -> None:
        assert names.entity_name(name) == name

    @pytest.mark.parametrize("name", ["", "Vision", "a b", "a.b", "é", "a/b", "a\n"])
    def test_an_entity_may_not_be_called_so(self, name: str) -> None:
        with pytest.raises(InvalidName, match="lower-case letters, digits, dashes"):
            names.entity_name(name)

    def test_an_entity_has_a_name_of_at_most_128_characters(self) -> None:
        with pytest.raises(InvalidName, match="must be 128 characters or less") as refused:
            names.entity_name("x" * 129)
        assert refused.value.thing == "entity"

    @pytest.mark.parametrize("name", ["Acme, Inc.", "アクメ", "x" * 128])
    def test_an_organization_is_displayed_as_it_likes(self, name: str) -> None:
        assert names.organization_name(name) == name

    @pytest.mark.parametrize("name", ["", "x" * 129, "a/b", "a:b", "a\tb", "a\x85b", "a\x7fb"])
    def test_an_organizations_name_fits_into_a_path(self, name: str) -> None:
        with pytest.raises(InvalidName, match="Invalid organization name"):
            names.organization_name(name)


class TestTypes:
    """Semantics §1: any type, but those that the system makes itself."""

    @pytest.mark.parametrize("type", ["model", "", "a/b", "データ", "x" * 512, "wandbtype", "jobs"])
    def test_an_artifact_may_have_any_type(self, type: str) -> None:
        assert names.artifact_type(type, name="digits") == type

    @pytest.mark.parametrize(
        ("type", "name"),
        [
            ("job", "digits"),
            ("wandb-", "digits"),
            ("wandb-history", "digits"),
            ("run_table", "run-abc-table"),
            ("code", "source-abc"),
        ],
    )
    def test_a_reserved_type_is_refused(self, type: str, name: str) -> None:
        with pytest.raises(InvalidType, match="is reserved for internal use") as refused:
            names.artifact_type(type, name=name)
        assert refused.value.type == type

    @pytest.mark.parametrize(
        ("type", "name"),
        [("run_table", "digits"), ("code", "digits"), ("code", "run-a"), ("run_table", "source-a")],
    )
    def test_a_type_reserved_for_certain_names_serves_others(self, type: str, name: str) -> None:
        assert names.artifact_type(type, name=name) == type

    def test_a_type_fits_into_an_index(self) -> None:
        with pytest.raises(InvalidType, match="512 characters"):
            names.artifact_type("x" * 513, name="digits")

    @pytest.mark.parametrize("type", ["model", "data set", "データ", "x" * 128, "job"])
    def test_a_registry_may_accept_a_type(self, type: str) -> None:
        assert names.accepted_type(type) == type

    @pytest.mark.parametrize(
        ("type", "rule"),
        [
            ("a/b", "must not contain any of the following characters: '/', ':'"),
            ("a:b", "must not contain any of the following characters: '/', ':'"),
            ("x" * 129, "must be less than or equal to 128 characters"),
            ("", "cannot be empty"),
        ],
    )
    def test_a_registry_cannot_accept_it(self, type: str, rule: str) -> None:
        with pytest.raises(InvalidType) as refused:
            names.accepted_type(type)
        assert refused.value.rule == rule


class TestAliases:
    """Semantics §1 and §D: no slash, no colon; not empty, and nothing that looks like `vN`."""

    @pytest.mark.parametrize(
        "alias", ["latest", "production", "v", "V1", "v1a", "v-1", "best ever", "本番", "x" * 128]
    )
    def test_an_alias_may_be_nearly_anything(self, alias: str) -> None:
        assert names.alias(alias) == alias

    @pytest.mark.parametrize(
        ("alias", "rule"),
        [
            ("a/b", "Aliases must not contain any of the following characters: '/', ':'"),
            ("a:b", "Aliases must not contain any of the following characters: '/', ':'"),
            ("", "an alias cannot be empty"),
            ("a\n", "an alias must not contain control characters"),
            ("x" * 129, "an alias must be 128 characters or less"),
        ],
    )
    def test_the_refusal_says_why(self, alias: str, rule: str) -> None:
        with pytest.raises(InvalidAlias) as refused:
            names.alias(alias)
        assert (refused.value.alias, refused.value.rule) == (alias, rule)

    @pytest.mark.parametrize("alias", ["v0", "v12", "v01", "v٣", "v²"])
    def test_what_looks_like_a_version_is_no_alias(self, alias: str) -> None:
        assert names.is_version_alias(alias)
        with pytest.raises(InvalidAlias, match="how versions are counted"):
            names.alias(alias)

    @pytest.mark.parametrize("alias", ["", "v", "V1", "v1a", "v-1", "1", "vv1", "v1 "])
    def test_other_aliases_do_not_look_like_versions(self, alias: str) -> None:
        assert not names.is_version_alias(alias)

    @pytest.mark.parametrize(
        ("alias", "index"), [("v0", 0), ("v12", 12), ("v" + "9" * 18, 10**18 - 1)]
    )
    def test_a_version_is_found_by_the_one_way_to_write_its_number(
        self, alias: str, index: int
    ) -> None:
        assert names.version_index(alias) == index

    @pytest.mark.parametrize("alias", ["v01", "v00", "v٣", "v²", "v", "V1", "v1\n", "v" + "9" * 19])
    def test_other_ways_to_write_a_number_find_nothing(self, alias: str) -> None:
        assert names.version_index(alias) is None

    def test_each_alias_counts_once(self) -> None:
        assert names.aliases(["b", "a", "b"]) == ("b", "a")

    def test_a_lone_text_is_one_alias(self) -> None:
        assert names.aliases("best") == ("best",)

    @pytest.mark.parametrize("given", [None, 7, [7], [["a"]], ["a", "v0"]])
    def test_what_holds_no_aliases_is_refused(self, given: list[str]) -> None:
        with pytest.raises(InvalidAlias):
            names.aliases(given)


class TestTags:
    """Semantics §1: words of letters, digits, hyphens and underscores, with spaces between them."""

    @pytest.mark.parametrize(
        "tag", ["gold", "a-b_c", "two words", "a   b", "été", "数", "-", "x" * 256]
    )
    def test_a_tag_is_words(self, tag: str) -> None:
        assert names.tag(tag) == tag

    @pytest.mark.parametrize("tag", ["", " ", " a", "a ", "a.b", "a/b", "a\tb", "!"])
    def test_others_are_refused(self, tag: str) -> None:
        only = "tags must only contain alphanumeric characters separated by hyphens, underscores"
        with pytest.raises(InvalidTag, match=only) as refused:
            names.tag(tag)
        assert refused.value.tag == tag

    def test_a_line_end_does_not_pass(self) -> None:
        """W&B's own pattern lets one pass at the end."""
        with pytest.raises(InvalidTag):
            names.tag("gold\n")

    def test_a_tag_fits_into_an_index(self) -> None:
        with pytest.raises(InvalidTag, match="256 characters or less"):
            names.tag("x" * 257)

    def test_each_tag_counts_once_and_the_first_stays(self) -> None:
        assert names.tags(["b", "a", "b"]) == ("b", "a")

    def test_a_lone_text_is_one_tag(self) -> None:
        assert names.tags("two words") == ("two words",)

    @pytest.mark.parametrize("given", [None, 7, [7], [["a"]], ["a", "!"]])
    def test_what_holds_no_tags_is_refused(self, given: list[str]) -> None:
        with pytest.raises(InvalidTag):
            names.tags(given)

    @pytest.mark.parametrize("tag", ["a " * 120 + "!", "a" * 255 + "!", " " * 255 + "a"])
    def test_a_tag_that_nearly_fits_is_refused_at_once(self, tag: str) -> None:
        with pytest.raises(InvalidTag):
            names.tag(tag)


CONTROLS = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))}
WORDS = set(string.ascii_letters + string.digits)


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (names.artifact_name, lambda character: character in WORDS | set("-_.")),
        (names.entity_name, lambda c: c in set(string.ascii_lowercase + string.digits + "-_")),
        (names.collection_name, lambda character: character not in set("/:\0\r\n")),
        (names.project_name, lambda character: character not in set("/\\#?%:\0\r\n")),
        (names.registry_name, lambda character: character not in set("/\\#?%:\0\r\n")),
        (names.run_id, lambda character: character not in set("/\\#?%:\0\r\n")),
        (names.organization_name, lambda character: character not in CONTROLS | set("/:")),
        (names.alias, lambda character: character not in CONTROLS | set("/:")),
        (names.tag, lambda character: character.isalnum() or character in "-_"),
        (names.accepted_type, lambda character: character not in set("/:\0")),
    ],
)
def test_each_character_is_allowed_or_not(
    rule: Callable[[str], str], allowed: Callable[[str], bool]
) -> None:
    """Semantics §1: over all of Latin, its extensions, Greek, Cyrillic, Hebrew and Arabic."""
    for character in map(chr, range(0x700)):
        for name in (character, f"a{character}", f"{character}a"):
            try:
                rule(name)
            except Refused as refused:
                assert not allowed(character), str(refused)  # noqa: PT017 -- both ways are right
            else:
                assert allowed(character), name


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("rule", EVERY_RULE)
class TestEveryName:
    @pytest.mark.parametrize(
        "value", [None, 5, 10**5000, b"digits", ["digits"], Unprintable()], ids=type
    )
    def test_what_is_no_text_is_refused_like_a_bad_name(
        self, rule: Callable[[str], object], value: str
    ) -> None:
        with pytest.raises(Refused, match=f"must be text, not {type(value).__name__}"):
            rule(value)

    def test_a_lone_surrogate_is_refused(self, rule: Callable[[str], object]) -> None:
        with pytest.raises(Refused, match="lone surrogate"):
            rule("a\udc80")

    def test_nul_is_refused(self, rule: Callable[[str], object]) -> None:
        with pytest.raises(Refused, match=r"cannot contain characters: '\\x00'"):
            rule("a\0b")

    def test_a_member_of_an_enumeration_becomes_its_text(
        self, rule: Callable[[str], object]
    ) -> None:
        assert type(rule(Kind.MODEL)) is str
        assert rule(Kind.MODEL) == "model"


@pytest.mark.parametrize("text", ["", "\n", "'; --", "é" * 5_000])
def test_a_setting_is_any_text_that_can_be_kept(text: str) -> None:
    assert names.setting(text, what="actor") == text
    assert names.text_or_none(text, what="description") == text


@pytest.mark.parametrize("value", ["a\0b", "\ud800", b"a", 7, ["a"]])
def test_a_setting_that_cannot_be_kept_is_refused(value: Any) -> None:
    with pytest.raises(InvalidSetting, match="Invalid actor"):
        names.setting(value, what="actor")


def test_a_setting_that_may_be_left_out_may() -> None:
    assert names.text_or_none(None, what="description") is None


@pytest.mark.parametrize("key", ["k", " ", "é" * 256])
def test_a_key_has_up_to_256_characters(key: str) -> None:
    assert names.idempotency_key(key) == key


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("", "cannot be empty"),
        ("k" * 257, "must be 256 characters or less"),
        ("\0", "cannot contain"),
    ],
)
def test_other_keys_are_refused(key: str, rule: str) -> None:
    with pytest.raises(InvalidSetting, match=rule):
        names.idempotency_key(key)


def test_a_refusal_can_always_be_printed() -> None:
    assert "Unprintable" in names.quoted(Unprintable())
    assert names.quoted(10**5000) == "<int>"
    with pytest.raises(InvalidName) as refused:
        names.project_name("a/\udc80\n")
    assert str(refused.value).isprintable()


@settings(max_examples=3000)
@given(anything)
@example("v" + "0" * 5000)
def test_any_text_is_a_name_as_it_stands_or_is_refused(text: str) -> None:
    for rule in EVERY_RULE:
        try:
            name = rule(text)
        except Refused:
            continue
        assert name == text
        text.encode()
    names.version_index(text)


@settings(max_examples=500)
@given(anything)
def test_an_alias_never_names_a_version(text: str) -> None:
    if names.version_index(text) is not None:
        assert names.is_version_alias(text)
    if names.is_version_alias(text):
        with pytest.raises(InvalidAlias):
            names.alias(text)


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_every_version_number_is_found_again(index: int) -> None:
    assert names.version_index(f"v{index}") == index


@pytest.mark.parametrize(
    ("values", "found"),
    [(None, ()), ("a", ("a",)), (["a", "b"], ("a", "b")), (iter("ab"), ("a", "b"))],
)
def test_texts_are_several_or_one_or_none(values: Any, found: tuple[str, ...]) -> None:
    assert names.texts(values, what="types") == found


@pytest.mark.parametrize("values", [5, True, [5], [None], ["a\x00"], b"a", object()])
def test_what_is_no_list_of_texts_is_refused_by_its_name(values: Any) -> None:
    with pytest.raises(InvalidSetting, match="Invalid types"):
        names.texts(values, what="types")
