"""What filters mean: which things pass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from stemmata_domain.errors import InvalidFilter, InvalidPattern
from stemmata_projections.search.evaluation import passes
from stemmata_projections.search.fields import COLLECTIONS, REGISTRIES, VERSIONS, Kind
from stemmata_projections.search.parsing import parse_filter
from stemmata_projections.search.patterns import compiled
from stemmata_projections.search.values import Value

_WEST = timezone(-timedelta(hours=12))
_VERSION: dict[str, Value] = {
    "id": "a1:3",
    "version": 3,
    "name": "digits:v3",
    "collection": "digits",
    "type": "model",
    "tag": ["quantised", "for phones"],
    "alias": ["latest", "production"],
    "metadata": {
        "accuracy": 0.93,
        "epochs": 12,
        "tuned": True,
        "note": None,
        "data": {"classes": ["0", "1"], "split": [{"name": "train"}, {"name": "test"}]},
        "train.loss": 0.1,
        "shape": [28, 28],
    },
    "size": 1024,
    "created_at": datetime(2024, 3, 1, 12, 30, tzinfo=UTC),
    "updated_at": datetime(2024, 3, 2, tzinfo=UTC),
    "linked_at": datetime(2024, 3, 3, tzinfo=UTC),
}
_REGISTRY: dict[str, Value] = {
    "id": "r1",
    "name": "wandb-registry-model",
    "entity_id": "o1",
    "description": None,
    "created_at": datetime(2024, 1, 1, tzinfo=UTC),
    "updated_at": datetime(2024, 1, 1, tzinfo=UTC),
}


def holds(filter: Mapping[str, Any], facts: Mapping[str, Value] = _VERSION) -> bool:
    kind: Kind = VERSIONS if facts is _VERSION else REGISTRIES
    return passes(facts, parse_filter(filter, kind))


@pytest.mark.parametrize(
    "filter",
    [
        {},
        {"type": "model"},
        {"type": {"$eq": "model"}},
        {"type": {"$ne": "dataset"}},
        {"type": {"$in": ["model", "dataset"]}},
        {"type": {"$nin": ["dataset"]}},
        {"type": "model", "size": {"$gte": 1024, "$lt": 2000}},
        {"artifact_size": {"$gt": 1023.5}},
        {"version": "v3"},
        {"version": 3},
        {"version_index": {"$gt": "v2"}},
        {"version": {"$lte": 3}},
        {"version": {"$regex": "^v[0-9]$"}},
        {"name": "digits:v3"},
        {"collection": {"$contains": "igi"}},
        {"tag": "quantised"},
        {"tags": {"$ne": "slow"}},
        {"tags": {"$all": ["quantised", "for phones"]}},
        {"tags": {"$size": 2}},
        {"tags": {"$contains": "phone"}},
        {"tags": ["quantised", "for phones"]},
        {"alias": {"$in": ["staging", "production"]}},
        {"aliases": {"$regex": "^prod"}},
        {"alias": {"$exists": True}},
        {"metadata.accuracy": {"$gt": 0.9}},
        {"metadata.accuracy": {"$gt": 0.9, "$not": {"$gt": 0.95}}},
        {"metadata.epochs": 12.0},
        {"metadata.tuned": True},
        {"metadata.note": None},
        {"metadata.note": {"$exists": True}},
        {"metadata.absent": None},
        {"metadata.absent": {"$exists": False}},
        {"metadata.absent": {"$ne": 1}},
        {"metadata.absent": {"$not": {"$gt": 1}}},
        {"metadata.train.loss": 0.1},
        {"metadata.data.classes": "1"},
        {"metadata.data.classes.0": "0"},
        {"metadata.data.split.name": "test"},
        {"metadata.data.split.1.name": "test"},
        {"metadata.shape": [28, 28]},
        {"metadata.shape": {"$size": 2}},
        {"metadata.shape": {"$contains": 28}},
        {"metadata.data": {"split": [{"name": "train"}, {"name": "test"}], "classes": ["0", "1"]}},
        {"artifact_metadata.epochs": {"$in": [11, 12]}},
        {"created_at": {"$gte": "2024-03-01"}},
        {"created_at": "2024-03-01 12:30:00"},
        {"created_at": "2024-03-01T13:30:00+01:00"},
        {"created_at": {"$lt": datetime(2024, 3, 1, 12, 31, tzinfo=UTC)}},
        {"created_at": {"$regex": "^2024-03-01T"}},
        {"acm_created_at": {"$gt": "2024-03-02", "$lte": "2024-03-03"}},
        {"$and": [{"type": "model"}, {"size": 1024}]},
        {"$or": [{"type": "dataset"}, {"size": 1024}]},
        {"$nor": [{"type": "dataset"}, {"size": 1}]},
        {"$not": {"type": "dataset"}},
        {"type": {"$not": {"$not": {"$eq": "model"}}}},
    ],
)
def test_a_thing_passes(filter: Mapping[str, Any]) -> None:
    assert holds(filter)
    assert not holds({"$nor": [filter]})


@pytest.mark.parametrize(
    "filter",
    [
        {"type": "Model"},
        {"type": {"$in": []}},
        {"type": None},
        {"size": "1024"},
        {"size": True},
        {"size": {"$gt": "1"}},
        {"tag": "quantise"},
        {"tag": {"$all": []}},
        {"tags": {"$size": 1}},
        {"tags": {"$ne": "quantised"}},
        {"tags": {"$nin": ["quantised"]}},
        {"tags": {"$regex": "^phones"}},
        {"version": "three"},
        {"version": "v03"},
        {"alias": {"$exists": False}},
        {"metadata.tuned": 1},
        {"metadata.tuned": {"$gte": 0}},
        {"metadata.epochs": {"$contains": "1"}},
        {"metadata.epochs": {"$regex": "1"}},
        {"metadata.note": {"$gte": 0}},
        {"metadata.absent": {"$gt": 0}},
        {"metadata.absent": {"$lt": 0}},
        {"metadata.accuracy": {"$exists": False}},
        {"metadata.data.split.2.name": "test"},
        {"metadata.data.split.-1.name": "test"},
        {"metadata.shape": [28]},
        {"metadata.data": {}},
        {"created_at": "2024-03-01"},
        {"created_at": None},
    ],
)
def test_a_thing_does_not_pass(filter: Mapping[str, Any]) -> None:
    assert not holds(filter)
    assert holds({"$nor": [filter]})


def test_without_any_tag_or_alias_there_is_none() -> None:
    bare: dict[str, Value] = {**_VERSION, "tag": [], "alias": []}
    for name in ("tag", "alias"):
        assert passes(bare, parse_filter({name: {"$exists": False}}, VERSIONS))
        assert passes(bare, parse_filter({name: None}, VERSIONS))
        assert passes(bare, parse_filter({name: {"$size": 0}}, VERSIONS))
        assert not passes(bare, parse_filter({name: {"$exists": True}}, VERSIONS))


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"name": "model"}, True),
        ({"name": "wandb-registry-model"}, True),
        ({"name": {"$in": ["dataset", "model"]}}, True),
        ({"name": {"$ne": "model"}}, False),
        ({"name": {"$contains": "mod"}}, True),
        ({"name": {"$contains": "odel"}}, False),
        ({"name": {"$regex": "odel$"}}, True),
        ({"name": {"$regex": "^model"}}, False),
        ({"name": {"$gt": "a"}}, True),
        ({"$or": [{"name": "model"}]}, True),
        ({"description": None}, True),
        ({"description": {"$exists": True}}, False),
        ({"entity_id": "o1"}, True),
    ],
)
def test_a_registry_is_known_by_its_name_with_the_prefix(
    filter: Mapping[str, Any], expected: bool
) -> None:
    assert holds(filter, _REGISTRY) is expected


def test_a_filter_may_be_json_text() -> None:
    assert passes(_VERSION, parse_filter('{"metadata.accuracy": {"$gt": 0.9}}', VERSIONS))


def test_no_filter_lets_everything_pass() -> None:
    assert passes(_VERSION, parse_filter(None, VERSIONS))


def test_a_way_through_lists_in_lists_is_short() -> None:
    deep: Any = "end"
    for _ in range(40):
        deep = [{"0": deep}]
    facts: dict[str, Value] = {**_VERSION, "metadata": {"deep": deep}}
    ways = parse_filter({".".join(["metadata", "deep", *["0"] * 45]): "other"}, VERSIONS)
    assert not passes(facts, ways)


def test_values_beyond_all_depth_equal_nothing() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    facts: dict[str, Value] = {**_VERSION, "metadata": {"deep": deep}}
    assert not passes(facts, parse_filter({"metadata.deep": [[1]]}, VERSIONS))


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "filter", "sentence"),
    [
        (
            REGISTRIES,
            {"tag": "x"},
            (
                "Invalid filter fields: 'tag'; must be one of: 'id', 'name', 'entity_id', "
                "'description', 'created_at', 'updated_at'"
            ),
        ),
        (
            REGISTRIES,
            {"$and": [{"$or": [{"$nor": [{"tag.x": 1, "size": 2}]}]}]},
            "Invalid filter fields: 'tag', 'size'; must be one of: 'id', 'name'",
        ),
        (COLLECTIONS, {"$not": {"metadata": 1}}, "Invalid filter fields: 'metadata'"),
        (COLLECTIONS, {"tag": "a", "tags": "b"}, "Duplicate fields: 'tag', 'tags'"),
        (VERSIONS, {"metadata.a": 1, "artifact_metadata.a": 2}, "Duplicate fields: 'metadata.a'"),
        (VERSIONS, '{"tag": "a", "tag": "b"}', "Duplicate fields: 'tag', 'tag'"),
        (VERSIONS, {"size": {"$near": 1}}, "there is no operator '$near'; there are: $eq, $ne"),
        (VERSIONS, {"$where": "x"}, "there is no operator '$where' beside fields"),
        (VERSIONS, {"size": {"$or": [1]}}, "$or stands beside fields, not under 'size'"),
        (VERSIONS, {"$or": []}, "$or takes a list of filters, not []"),
        (VERSIONS, {"$and": {"size": 1}}, "$and takes a list of filters"),
        (VERSIONS, {"$or": ["size"]}, "give a mapping of fields, not size"),
        (VERSIONS, {"size": {"$in": 5}}, "$in takes a list, not 5"),
        (VERSIONS, {"tag": {"$all": "ab"}}, "$all takes a list, not ab"),
        (VERSIONS, {"tag": {"$size": True}}, "$size takes a whole number from 0 on, not True"),
        (VERSIONS, {"tag": {"$size": -1}}, "$size takes a whole number from 0 on, not -1"),
        (VERSIONS, {"tag": {"$exists": 1}}, "$exists takes true or false, not 1"),
        (VERSIONS, {"tag": {"$regex": 1}}, "$regex takes a text, not 1"),
        (VERSIONS, {"size": {"$gt": None}}, "$gt takes a number or a text, not None"),
        (VERSIONS, {"size": {"$lt": [1]}}, "$lt takes a number or a text, not [1]"),
        (VERSIONS, {"size": {"$not": 5}}, "$not takes operators, not 5"),
        (VERSIONS, {"size": {"$gt": 1, "unit": 2}}, "operators and keys stand side by side"),
        (VERSIONS, {"size.x": 1}, "'size.x': only metadata has something behind a dot"),
        (VERSIONS, {"size": float("nan")}, "nan is nothing that could be compared with"),
        (VERSIONS, {"size": object}, "is nothing that could be compared with"),
        (VERSIONS, {1: 2}, "keys must be text, not 1"),
        (VERSIONS, {"tag": "\ud800"}, "has what no text here can have"),
        (VERSIONS, {"created_at": "yesterday"}, "'created_at' takes YYYY-MM-DD[ HH:MM:SS] in UTC"),
        (VERSIONS, {"created_at": 5}, "'created_at' takes YYYY-MM-DD"),
        (VERSIONS, {"created_at": "0001-01-01T00:00:00+14:00"}, "takes YYYY-MM-DD"),
        (VERSIONS, {"created_at": datetime(2024, 1, 1)}, "has no time zone"),  # noqa: DTZ001 -- the case
        (VERSIONS, {"size": datetime(2024, 1, 1, tzinfo=UTC)}, "'size' holds no times"),
        (VERSIONS, {"created_at": datetime.max.replace(tzinfo=_WEST)}, "is out of range in UTC"),
        (VERSIONS, {"metadata": {"a": {5: 1}}}, "keys must be text, not 5"),
        (VERSIONS, {"$or": [{"a": 1}], "$not": 5}, "Invalid filter fields: 'a'"),
        (VERSIONS, "[", "it is no JSON text"),
        (VERSIONS, "[]", "give a mapping of fields, not []"),
        (VERSIONS, '{"size": NaN}', "nan is nothing that could be compared with"),
        (VERSIONS, "[" * 100_000, "it is nested deeper than 32 levels"),
        (VERSIONS, '{"size": 1' + " " * 1_000_000 + "}", "it is longer than 1000000 characters"),
        (VERSIONS, {"size": {"$in": list(range(20_001))}}, "it has more than 20000 values"),
        (VERSIONS, {"tag": "x" * 1_000_001}, "its texts are longer than 1000000 characters"),
        (VERSIONS, {"metadata" + ".a" * 51: 1}, "has more than 50 steps"),
    ],
)
def test_what_does_not_fit_is_refused(kind: Kind, filter: Any, sentence: str) -> None:
    with pytest.raises(InvalidFilter) as refusal:
        parse_filter(filter, kind)
    assert sentence in str(refusal.value)
    assert isinstance(refusal.value, ValueError)


def test_a_filter_without_end_is_refused() -> None:
    around: dict[str, Any] = {}
    around["$and"] = [around]
    with pytest.raises(InvalidFilter, match="nested deeper than 32 levels"):
        parse_filter(around, VERSIONS)
    operand: list[Any] = []
    operand.append(operand)
    with pytest.raises(InvalidFilter, match="nested deeper than 32 levels"):
        parse_filter({"metadata.x": operand}, VERSIONS)
    test: dict[str, Any] = {}
    test["$not"] = test
    with pytest.raises(InvalidFilter, match="nested deeper than 32 levels"):
        parse_filter({"size": test}, VERSIONS)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(?=prod)", "look-around"),
        ("(?!prod)", "look-around"),
        ("(?<=x)y", "look-around"),
        (r"(a)\1", "back-references"),
        ("[", "missing ]"),
        ("(", "missing )"),
        ("a{2,1}", "invalid repetition size"),
        ("*", "no argument for repetition operator"),
        ("((a{30}){30}){30}", "repetition size"),
        (r"\pL{100}", "it is too large"),
        ("x" * 1001, "it is longer than 1000 characters"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_by_its_name(pattern: str, why: str) -> None:
    with pytest.raises(InvalidPattern) as refusal:
        parse_filter({"alias": {"$regex": pattern}}, VERSIONS)
    assert why in str(refusal.value)
    assert repr(pattern)[1:20] in str(refusal.value)


def test_a_pattern_that_no_text_can_have_is_refused() -> None:
    with pytest.raises(InvalidPattern, match="cannot be written as UTF-8"):
        compiled("\ud800")


def test_a_pattern_that_hangs_elsewhere_answers() -> None:
    facts: dict[str, Value] = {**_VERSION, "alias": ["a" * 50_000 + "!"]}
    for pattern in ("(a+)+$", "^(a|a)*$", "(a|aa)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$"):
        assert not passes(facts, parse_filter({"alias": {"$regex": pattern}}, VERSIONS))
