"""A persistent map is a dict that can be shared while it grows."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stemmata_domain.persistent import PersistentMap

keys = st.integers(0, 8)
changes = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), keys, st.integers(0, 3)),
        st.tuples(st.just("discard"), keys),
    ),
    max_size=40,
)


@given(st.dictionaries(keys, st.integers(0, 3)), changes)
def test_a_persistent_map_is_a_dict(base: dict[int, int], history: list[tuple[Any, ...]]) -> None:
    before = dict(base)
    model, persistent = dict(base), PersistentMap(base)
    seen = [(persistent, dict(model))]
    for change in history:
        match change:
            case ("insert", key, value):
                model[key] = value
                persistent = persistent.insert(key, value)
            case ("discard", key):
                model.pop(key, None)
                persistent = persistent.discard(key)
        seen.append((persistent, dict(model)))
    for one, like in seen:
        assert dict(one.items()) == like
        assert len(one) == len(like)
        assert [key in one for key in range(10)] == [key in like for key in range(10)]
        assert [one.get(key) for key in range(10)] == [like.get(key) for key in range(10)]
        assert one == PersistentMap(like)
        assert hash(one) == hash(PersistentMap(like))
    assert base == before


def test_a_falsy_value_is_a_value() -> None:
    numbers = PersistentMap({"a": 0}).insert("b", 0)
    assert "a" in numbers
    assert "b" in numbers
    assert len(numbers.insert("a", 0)) == 2
    assert len(numbers.discard("a").discard("b")) == 0


def test_discarding_what_is_not_there_gives_the_same_map() -> None:
    numbers = PersistentMap({"a": 1})
    assert numbers.discard("b") is numbers


def test_a_map_is_equal_to_maps_only() -> None:
    assert PersistentMap({"a": 1}) != {"a": 1}
    assert PersistentMap({"a": 1}) != PersistentMap({"a": 2})


def test_a_map_shows_what_it_holds() -> None:
    assert repr(PersistentMap({"a": 1}).insert("b", 2)) == "PersistentMap({'a': 1, 'b': 2})"
