"""What may be kept as the metadata of a version."""

import array
import datetime as dt
import enum
import json
import math
from collections import OrderedDict
from pathlib import PurePosixPath
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stemmata_domain.errors import InvalidMetadata, MetadataNotAMapping
from stemmata_domain.metadata import JsonValue, normalize


class Level(enum.IntEnum):
    HIGH = 3


class Kind(str, enum.Enum):  # noqa: UP042 -- what people pass is not always a StrEnum
    MODEL = "model"


class Scalar:
    """A number as an array library gives it out."""

    def __init__(self, value: object) -> None:
        self.value = value

    def item(self) -> object:
        return self.value


class Broken:
    size = 1

    def tolist(self) -> object:
        raise RuntimeError


class Itself:
    def tolist(self) -> object:
        return Itself()


class TestWhatIsKept:
    """Semantics §1: a dict, or a JSON string of one."""

    @pytest.mark.parametrize(
        "metadata",
        [
            {},
            {"accuracy": 0.97, "epochs": 3, "tuned": True, "parent": None, "note": "Grüße 🎉"},
            {"nested": {"lists": [[1, [2]], {}]}},
            {"smallest": -(2**63), "greatest": 2**64 - 1},
        ],
    )
    def test_json_is_kept_as_it_is(self, metadata: dict[str, object]) -> None:
        assert normalize(metadata) == metadata
        assert normalize(json.dumps(metadata)) == metadata

    @pytest.mark.parametrize("value", [True, 1, 1.0, "1"])
    def test_a_value_keeps_its_kind(self, value: object) -> None:
        assert type(normalize({"a": value})["a"]) is type(value)

    @pytest.mark.parametrize("nothing", [None, "", "null", "{}", {}])
    def test_no_metadata_is_an_empty_mapping(self, nothing: object) -> None:
        assert normalize(nothing) == {}

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ((1, (2, [3])), [1, [2, [3]]]),
            ({"b", "a"}, ["a", "b"]),
            (frozenset({2, 10}), [10, 2]),
            (OrderedDict(a=1), {"a": 1}),
            (MappingProxyType({"a": (1,)}), {"a": [1]}),
            (array.array("d", [0.5, math.nan]), [0.5, None]),
            (Scalar(3), 3),
            (Scalar(Scalar(0.5)), 0.5),
            (dt.date(2026, 3, 3), "2026-03-03"),
            (dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC), "2026-03-03T12:00:00+00:00"),
            (dt.time(12, 30), "12:30:00"),
            (Level.HIGH, 3),
            (Kind.MODEL, "model"),
        ],
    )
    def test_other_objects_become_what_json_has_for_them(
        self, given: object, kept: JsonValue
    ) -> None:
        found = normalize({"value": given})["value"]
        assert found == kept
        assert type(found) is type(kept)

    @pytest.mark.parametrize(
        ("key", "written"),
        [
            (True, "true"),
            (False, "false"),
            (None, "null"),
            (1, "1"),
            (1.5, "1.5"),
            (Level.HIGH, "3"),
            (Kind.MODEL, "model"),
            ("", ""),
        ],
    )
    def test_keys_are_written_as_json_writes_them(self, key: object, written: str) -> None:
        """Semantics §1: non-string keys are stringified."""
        assert normalize({key: 0}) == {written: 0}
        assert normalize({"nested": {key: 0}}) == {"nested": {written: 0}}

    @pytest.mark.parametrize("metadata", [{"a": math.nan}, {"a": [{"b": math.nan}]}, '{"a": NaN}'])
    def test_nan_becomes_null_at_any_depth(self, metadata: object) -> None:
        """Semantics §1: NaN → null, top level and nested."""
        assert "null" in json.dumps(normalize(metadata), allow_nan=False)

    def test_the_callers_objects_are_left_alone(self) -> None:
        inner = [math.nan]
        metadata = {"a": inner}
        kept = normalize(metadata)
        inner.append(1.0)
        assert kept == {"a": [None]}
        assert math.isnan(inner[0])

    def test_the_same_object_may_stand_in_two_places(self) -> None:
        shared = {"a": [1]}
        assert normalize({"x": shared, "y": shared}) == {"x": {"a": [1]}, "y": {"a": [1]}}

    def test_keys_keep_their_order(self) -> None:
        assert list(normalize({"b": 1, "a": 2})) == ["b", "a"]

    def test_a_hundred_keys_are_kept_and_any_number_within_one(self) -> None:
        """Semantics §1: at most 100 keys on the top level, nesting unlimited."""
        keys = {str(key): {str(inner): inner for inner in range(200)} for key in range(100)}
        assert normalize(keys) == keys


class TestWhatIsRefused:
    @pytest.mark.parametrize("metadata", [[1], (), 5, b"{}", "[1]", "3", '"a"', {"a"}, object()])
    def test_metadata_is_a_mapping(self, metadata: object) -> None:
        """Semantics §1: a list at the top level is a TypeError."""
        with pytest.raises(MetadataNotAMapping) as refused:
            normalize(metadata)
        assert isinstance(refused.value, TypeError)

    def test_the_hundred_and_first_key_is_refused(self) -> None:
        with pytest.raises(InvalidMetadata, match="must not have more than 100 metadata keys"):
            normalize({str(key): key for key in range(101)})

    @pytest.mark.parametrize(
        "metadata",
        [
            {"a": math.inf},
            {"a": [{"b": -math.inf}]},
            {math.inf: 1},
            {"a": {math.nan: 1}},
            '{"a": Infinity}',
            '{"a": 1e999}',
            {"a": array.array("d", [math.inf])},
        ],
    )
    def test_infinity_is_refused(self, metadata: object) -> None:
        """Semantics §1: ±Infinity rejected."""
        with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
            normalize(metadata)

    @pytest.mark.parametrize(
        ("metadata", "rule"),
        [
            ({"a": {"b": [1, object()]}}, r"metadata['a']['b'][1] is of type object"),
            ({"a": PurePosixPath("x")}, r"metadata['a'] is of type PurePosixPath"),
            ({"a": b"x"}, r"metadata['a'] is of type bytes"),
            ({"a": 1j}, r"metadata['a'] is of type complex"),
            ({"a": int}, r"metadata['a'] is of type type"),
            ({"a": Scalar}, r"metadata['a'] is of type type"),
            ({"a": Broken()}, r"metadata['a'] is of type Broken"),
            ({"a": 2**64}, r"metadata['a'] is an integer of more than 64 bits"),
            ({"a": [-(2**63) - 1]}, r"metadata['a'][0] is an integer of more than 64 bits"),
            ({"a": {10**5000: 1}}, r"metadata['a'] is an integer of more than 64 bits"),
            ({(1, 2): 1}, r"a key of metadata must be str, int, float, bool or None, not tuple"),
            ({"a": {b"b": 1}}, r"a key of metadata['a'] must be str"),
            ({"a": ["\udc80"]}, r"metadata['a'][0] has the character '\udc80'"),
            ({"a": {"\udc80": 1}}, r"metadata['a'] has the character '\udc80'"),
            ({"a": "x\0"}, r"metadata['a'] has the character '\x00'"),
            ({"1": 0, 1: 0}, r"metadata has two keys that are written '1'"),
            ({"a": {None: 0, "null": 0}}, r"metadata['a'] has two keys that are written 'null'"),
        ],
    )
    def test_the_refusal_names_the_place(self, metadata: object, rule: str) -> None:
        with pytest.raises(InvalidMetadata) as refused:
            normalize(metadata)
        assert refused.value.rule.startswith(rule)

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("{", "no JSON text"),
            ("{'a': 1}", "no JSON text"),
            ("\udc80", "no JSON text"),
            ('{"a": ' + "9" * 5000 + "}", "no JSON text"),
            ('{"a": 1, "a": 2}', "the key 'a' occurs twice"),
            ('{"b": {"a": 1, "a": 1}}', "the key 'a' occurs twice"),
            ('{"a": ' + "[" * 100_000, "nested deeper"),
        ],
    )
    def test_a_text_is_the_json_of_a_mapping(self, text: str, rule: str) -> None:
        with pytest.raises(InvalidMetadata, match=rule):
            normalize(text)

    def test_metadata_does_not_contain_itself(self) -> None:
        around: dict[str, object] = {}
        around["again"] = [around]
        with pytest.raises(InvalidMetadata, match=r"metadata\['again'\]\[0\] contains itself"):
            normalize(around)

    def test_nesting_has_an_end(self) -> None:
        inner: object = 1
        for _ in range(99):
            inner = [inner]
        assert normalize({"a": inner}) == {"a": inner}
        with pytest.raises(InvalidMetadata, match="nested deeper than 100 levels"):
            normalize({"a": [inner]})
        with pytest.raises(InvalidMetadata, match="nested deeper than 100 levels"):
            normalize({"a": Itself()})

    def test_the_whole_has_at_most_8_mib(self) -> None:
        room = 8 * 1024 * 1024 - len('{"a":""}')
        assert normalize({"a": "x" * room})
        assert normalize({"a": "é" * (room // 2)})
        for text in ("x" * (room + 1), "x" * 2 * room, "é" * (room // 2 + 1), "\n" * room):
            with pytest.raises(InvalidMetadata, match="larger than 8388608 bytes"):
                normalize({"a": text})

    def test_the_whole_has_at_most_half_a_million_values(self) -> None:
        assert normalize({"a": [0] * 499_999})
        assert normalize({"a": array.array("b", [0] * 499_999)})
        for many in ([0] * 500_000, array.array("b", [0] * 500_000)):
            with pytest.raises(InvalidMetadata, match="more than 500000 values"):
                normalize({"a": many})

    def test_a_few_objects_cannot_stand_for_a_great_many(self) -> None:
        doubled: list[object] = []
        for _ in range(90):
            doubled = [doubled, doubled]
        with pytest.raises(InvalidMetadata, match="more than 500000 values"):
            normalize({"a": doubled})

    def test_a_great_array_is_refused_before_it_is_unpacked(self) -> None:
        class Great:
            size = 10**12

        with pytest.raises(InvalidMetadata, match="more than 500000 values"):
            normalize({"a": Great()})


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab"), inner, max_size=4),
    max_leaves=12,
)
objects = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
    | st.complex_numbers()
    | st.dates()
    | st.uuids(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=500)
@given(st.dictionaries(st.text("ab", max_size=3), json_values, max_size=4))
def test_json_is_kept_through_every_form(metadata: dict[str, object]) -> None:
    assert normalize(metadata) == metadata
    assert normalize(json.dumps(metadata)) == metadata
    assert normalize(normalize(metadata)) == metadata


@settings(max_examples=2000)
@given(objects | st.dictionaries(st.text(), objects) | st.text() | st.text('{}[]":,a1eN '))
def test_any_object_becomes_json_or_is_refused(value: object) -> None:
    try:
        kept = normalize(value)
    except (InvalidMetadata, MetadataNotAMapping):
        return
    assert json.loads(json.dumps(kept, allow_nan=False).encode()) == kept
