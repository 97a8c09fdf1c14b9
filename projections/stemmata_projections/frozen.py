"""Making frozen values by the thousand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from typing import Any, ParamSpec, TypeVar, cast

T = TypeVar("T")
P = ParamSpec("P")


def maker(cls: Callable[P, T]) -> Callable[P, T]:
    """Return what makes values of *cls*, a frozen dataclass with slots, several times faster.

    A frozen dataclass writes each of its fields around its own lock, which for a class of many fields
    costs more than reading a row from a database. Here a value is filled while it is still open, and
    becomes one of *cls* when it is complete: same fields, same slots, same value in the end.
    """
    frozen = cast("type[Any]", cls)
    draft = make_dataclass(frozen.__name__, [field.name for field in fields(frozen)], slots=True)

    def make(*args: P.args, **kwargs: P.kwargs) -> T:
        made = draft(*args, **kwargs)
        made.__class__ = frozen
        return cast("T", made)

    return make
