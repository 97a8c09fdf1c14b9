"""A registry at which things are tried, and arguments to try."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import event
from hypothesis import strategies as st

from stemmata_domain.commands.log import Logged
from stemmata_domain.errors import Refused
from tests.stress import texts
from tests.stress.places import digest, founded, manifest, open_at

T = TypeVar("T")


class Bench:
    """A registry that holds a little, and a look at its file past all of our code.

    Attributes:
        source: Name of a version.
        linked: Full name of its link in a registry.
        run: Path of a run.
    """

    def __init__(self, path: Path) -> None:
        founded(path)
        self.path = path
        self.stemma = open_at(path)
        self.stemma.organize("Globex", teams=["globex-team"], people=["eve"])
        self.run = self.stemma.start_run(entity="vision", project="mnist", run="first").path
        self.source = self.log("vision/mnist/digits", 1).name
        self.linked = self.stemma.link(self.source, "wandb-registry-model/Digits").name
        self._raw = sqlite3.connect(path)
        self._numbers = count(1_000)

    def fresh(self) -> int:
        """Return a number that was not used here before."""
        return next(self._numbers)

    def log(self, name: str, content: int, **kw: Any) -> Logged:
        """Log some made-up content."""
        given = {"type": "model", "size": 1, "file_count": 1, **kw}
        return self.stemma.log(name, manifest=manifest(content), digest=digest(content), **given)

    def file_version(self) -> int:
        """Return a number that changes whenever anybody writes anything into the file."""
        found: int = self._raw.execute("PRAGMA data_version").fetchone()[0]
        return found

    def attempt(self, act: Callable[[], T]) -> T | None:
        """Return what *act* does, or None if it is refused as things ought to be refused."""
        before = self.file_version(), self.stemma.position()
        try:
            done = act()
        except Refused as refusal:
            self._refused(refusal, before)
            return None
        event("done")
        return done

    def _refused(self, refusal: Refused, before: tuple[int, int]) -> None:
        assert (self.file_version(), self.stemma.position()) == before
        assert str(refusal).encode()
        event(f"refused: {type(refusal).__name__}")

    def ask(self, question: Callable[[], T]) -> T | None:
        """Return what *question* finds, or None if it is refused; it writes nothing either way."""
        before = self.file_version()
        found = self.attempt(question)
        assert self.file_version() == before
        return found

    def close(self) -> None:
        self._raw.close()
        self.stemma.close()


class Arguments:
    """Draws the arguments of one trial: good ones, but for up to two that may be anything."""

    def __init__(self, data: st.DataObject, *names: str) -> None:
        self._data = data
        self._names = names
        self._spoilt = data.draw(st.sets(st.sampled_from(names), max_size=2), label="spoilt")

    def one(
        self,
        name: str,
        good: st.SearchStrategy[Any],
        bad: st.SearchStrategy[Any] = texts.anything,
    ) -> Any:
        """Draw a text, or now and then what is none."""
        assert name in self._names
        if name not in self._spoilt:
            return self._data.draw(good, label=name)
        return self._data.draw(texts.no_text if self._rarely() else bad, label=name)

    def list(self, name: str, good: st.SearchStrategy[Any]) -> Any:
        """Draw a list of names, or one name, or nothing."""
        some = st.lists(good, max_size=3)
        spoilt = st.lists(texts.name | texts.no_text, min_size=1, max_size=3) | texts.anything
        return self.one(name, some | some.map(tuple) | st.none() | good, spoilt)

    def _rarely(self) -> bool:
        return self._data.draw(st.integers(0, 7), label="no text if 0") == 0


def listed(values: Any) -> list[str]:
    """Return what a list of names, a lone name or nothing holds."""
    return [values] if isinstance(values, str) else list(values or ())
