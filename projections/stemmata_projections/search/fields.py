"""The fields by which things are filtered and ordered, for each kind of thing.

- A field has one name of its own here and may have others, as W&B's basic and advanced search have.
- Only the root of a name, before the first dot, has to be known; what follows leads into the metadata.
- Texts of a registry's `name` are completed by the prefix that paths have, except in patterns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Holds = Literal["text", "time", "number", "version", "names", "metadata"]
"""What a field holds; `names` are tags or aliases, `version` a number that is also called `vN`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a kind of thing.

    Attributes:
        others: Further names of the field.
        orders: Whether things can be ordered by it.
        completed: What completes texts that are compared with it, where they do not begin so.
    """

    name: str
    holds: Holds = "text"
    others: tuple[str, ...] = ()
    orders: bool = False
    completed: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What can be said of things of one kind.

    Attributes:
        known: The field of each name.
    """

    name: str
    fields: tuple[Field, ...]
    known: Mapping[str, Field] = field(init=False)

    def __post_init__(self) -> None:
        names = {name: each for each in self.fields for name in (each.name, *each.others)}
        object.__setattr__(self, "known", names)

    def orders(self) -> tuple[str, ...]:
        """Return the names by which things of this kind can be ordered."""
        return tuple(name for name, each in self.known.items() if each.orders)


_CREATED = Field(name="created_at", holds="time", orders=True)
_UPDATED = Field(name="updated_at", holds="time", orders=True)

REGISTRIES = Kind(
    "registry",
    (
        Field(name="id"),
        Field(name="name", orders=True, completed="wandb-registry-"),
        Field(name="entity_id"),
        Field(name="description"),
        _CREATED,
        _UPDATED,
    ),
)
COLLECTIONS = Kind(
    "collection",
    (
        Field(name="id", others=("collection_id", "artifact_collection_id")),
        Field(name="name", orders=True),
        Field(name="type"),
        Field(name="tag", holds="names", others=("tags",)),
        Field(name="alias", holds="names", others=("aliases",)),
        Field(name="description"),
        _CREATED,
        _UPDATED,
    ),
)
VERSIONS = Kind(
    "version",
    (
        Field(name="id", others=("artifact_id",)),
        Field(name="version", holds="version", others=("version_index",), orders=True),
        Field(name="name"),
        Field(name="collection"),
        Field(name="type"),
        Field(name="tag", holds="names", others=("tags",)),
        Field(name="alias", holds="names", others=("aliases",)),
        Field(name="metadata", holds="metadata", others=("artifact_metadata",)),
        Field(name="size", holds="number", others=("artifact_size",), orders=True),
        Field(name="created_at", holds="time", others=("artifact_created_at",), orders=True),
        Field(name="updated_at", holds="time"),
        Field(name="linked_at", holds="time", others=("acm_created_at",), orders=True),
    ),
)
