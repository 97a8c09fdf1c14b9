"""What a picture consists of: boxes with labels, and arrows between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Look = Literal["version", "run", "deleted", "cut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A thing in a picture.

    Attributes:
        title: What it is called; longer than there is room, its ends are shown.
        above: One line before it, such as the type.
        below: Lines after it.
        hint: What is shown who points at it.
        group: Boxes of one look and group on one level may be shown as one.
        stands: Whether it is shown by itself, however many others there are.
        strong: Whether it catches the eye.
    """

    id: str
    look: Look
    title: str
    above: str = ""
    below: tuple[str, ...] = ()
    hint: str = ""
    group: str = ""
    stands: bool = False
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """An arrow between two boxes, by their ids; `dashed` says that something is left out."""

    source: str
    target: str
    dashed: bool = False
