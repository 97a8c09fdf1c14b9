"""Values that are made quickly are the values of their class, as frozen as any."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from stemmata_projections.frozen import maker


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.x}"


make = maker(Point)


def test_a_value_is_equal_to_one_that_was_made_slowly() -> None:
    made, slow = make(1, ("a",)), Point(1, ("a",))
    assert made == slow
    assert type(made) is Point
    assert hash(made) == hash(slow)
    assert repr(made) == repr(slow)
    assert made.name == "1"
    assert make(x=1, y=("a",)) == slow
    assert make(2, ("a",)) != slow


def test_a_value_is_frozen() -> None:
    made = make(1, ())
    with pytest.raises(FrozenInstanceError):
        made.x = 2  # type: ignore[misc]  # the refusal is under test
    with pytest.raises(FrozenInstanceError):
        del made.x
    with pytest.raises((AttributeError, TypeError)):
        object.__setattr__(made, "z", 3)


def test_a_value_can_be_pickled_copied_and_replaced() -> None:
    made = make(1, ("a",))
    assert pickle.loads(pickle.dumps(made)) == made
    assert copy.deepcopy(made) == made
    assert replace(made, x=2) == Point(2, ("a",))


def test_every_field_has_to_be_given() -> None:
    """Defaults are the class's own; what makes values by the thousand names them all."""
    with pytest.raises(TypeError):
        make(1)
