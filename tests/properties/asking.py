"""What can be asked: each kind of question, of the product and of the folded model.

A question is a kind and arguments. Which arguments there are, the model says: names that stand for
something, names that once did, and names that never will.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from stemmata.reading.reader import Reader
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_domain.errors import Refused
from stemmata_projections.version_index.index import VersionIndex
from tests.properties.folded import Folded, Refusal
from tests.properties.folded_names import exact
from tests.properties.sides import Side

Args = tuple[Any, ...]


class Asked:
    """The product's side: a handle that reads, now or as of a position."""

    def __init__(self, side: Side, *, at: int | None = None) -> None:
        self._side = side
        self._at = at
        self.reader = self.of(None)
        self.graph = self.reader.graph

    def of(self, entity: str | None) -> Reader:
        """Return the handle whose short names an entity completes."""
        reader = Reader(
            events=self._side.events,
            views=self._side.views,
            content=MemoryContentStore(),
            actor="host",
            entity=entity,
            project=None,
            cache_dir=Path("nowhere"),
            # The graph is walked in memory and by asking the views in turns.
            kept_graph=self._side.kept_graph if self._side.events.head() % 2 else None,
        )
        return reader if self._at is None else reader.as_of(self._at)

    def index(self, entity: str | None = None) -> VersionIndex:
        return self.of(entity).index


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of question: what it can be asked about, how it is asked, and what the model tells.

    Attributes:
        cost: How many others take as long; so many fewer of them are asked.
    """

    name: str
    about: Callable[[Folded], Iterable[Args]]
    ask: Callable[..., object]
    tell: Callable[..., object]
    cost: int = 1

    def asked(self, of: Asked, args: Args) -> object:
        """Return the product's answer, as plain values."""
        try:
            return shown(self.ask(of, *args))
        except Refused as refusal:
            return ("refused", type(refusal).__name__)

    def told(self, model: Folded, args: Args) -> object:
        """Return the model's answer."""
        try:
            return self.tell(model, *args)
        except Refusal as refusal:
            return ("refused", str(refusal))


def shown(value: object) -> Any:
    """Return what an answer says, in values that have no class of ours."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in (list, tuple):
        return [shown(each) for each in value]  # type: ignore[attr-defined]  # it is one of the two
    if dataclasses.is_dataclass(kind):
        # What people wrote is compared to the letter; in Python 1, 1.0 and True are equal.
        return {
            name: exact(getattr(value, name)) if is_json else shown(getattr(value, name))
            for name, is_json in _members(kind)
        }
    if isinstance(value, Mapping):
        return {shown(key): shown(each) for key, each in value.items()}
    assert isinstance(value, Enum), value
    return value.value


@cache
def _members(kind: type) -> tuple[tuple[str, bool], ...]:
    """Return what can be read from a value of a class, each with whether people wrote it as JSON."""
    fields = [each.name for each in dataclasses.fields(kind)]
    properties = [name for name, each in vars(kind).items() if isinstance(each, property)]
    return tuple((name, name in ("metadata", "config")) for name in (*fields, *properties))


_PLAIN = (type(None), str, int, float, bool, datetime)
