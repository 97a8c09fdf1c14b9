"""At every position of random histories, both stores and the folded model answer alike."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.properties.asking import KINDS, Args, Asked
from tests.properties.folded import Folded
from tests.properties.histories import Histories
from tests.properties.sides import Side


class QueriesAgree(Histories):
    """Each question is asked when its answer is new, and at the end as of every position."""

    def look(self) -> None:
        compare(self.model, self.memory)
        compare(self.model, self.sqlite)

    def look_back(self) -> None:
        again = Folded()
        for recorded in self.model.trail:
            again.follow(recorded)
            compare(again, self.memory, at=again.position)
            compare(again, self.sqlite, at=again.position)


def compare(model: Folded, side: Side, *, at: int | None = None, most: int | None = None) -> None:
    """See that a side answers as the model does.

    Args:
        most: How many questions of each kind are asked; from position to position it is others.
    """
    asked = Asked(side.views, at=at)
    for kind in KINDS:
        for args in _turns(list(kind.about(model)), model.position, most):
            found, told = kind.asked(asked, args), kind.told(model, args)
            assert found == told, (kind.name, args, at, model.position)


def _turns(every: list[Args], position: int, most: int | None) -> list[Args]:
    if most is None or len(every) <= most:
        return every
    start = position * most % len(every)
    return (every[start:] + every[:start])[:most]


class QueriesAgreeForLong(QueriesAgree):
    """The same, for minutes."""


TestQueriesAgree = QueriesAgree.TestCase
TestQueriesAgree.settings = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
