"""What a script of :mod:`tests.stress.writer` does where nobody disturbs it, and how it is taken up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from stemmata_domain.recorded import RecordedEvent
from tests.stress.places import Place, url_of
from tests.stress.writer import Script


class Undisturbed:
    """A script carried out in memory, as far as anybody asks: what its steps answer and log."""

    def __init__(self, script: str) -> None:
        self._script = Script(script, "memory://")
        self.answers: list[str] = []
        self.events: list[RecordedEvent] = []
        self._lengths = [0]

    def log_after(self, steps: int) -> list[RecordedEvent]:
        """Return the log after so many steps."""
        while len(self.answers) < steps:
            self.answers.append(self._script.step())
            self.events += self._script.stemma.replay(after=len(self.events))
            self._lengths.append(len(self.events))
        return self.events[: self._lengths[steps]]


@contextmanager
def script_at(
    script: str, place: Place, *, skip: int = 0, content: str | None = None
) -> Iterator[Script]:
    """Take up a script in the registry at a place, after so many steps that were done before."""
    taken_up = Script(script, url_of(place), content=content)
    with taken_up.stemma:
        taken_up.skip(skip)
        yield taken_up
