"""At every position of random histories, all stores and the folded model answer alike."""

from __future__ import annotations

from contextlib import ExitStack
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.asking import Args, Asked, Kind
from tests.properties.asking_graph import GRAPH
from tests.properties.asking_names import MOMENTS, NAMES
from tests.properties.asking_search import SEARCH
from tests.properties.asking_trail import TRAIL
from tests.properties.asking_usage import USAGE
from tests.properties.folded import Folded
from tests.properties.histories import Histories
from tests.properties.sides import EVERYWHERE

KINDS: tuple[Kind, ...] = (*NAMES, *MOMENTS, *GRAPH, *USAGE, *TRAIL, *SEARCH)


class QueriesAgree(Histories):
    """Each question is asked when its answer is new, and at the end as of every position.

    The positions within an append, which nobody could ask of at the time, are among them.
    """

    most: ClassVar[int] = 6

    def look(self) -> None:
        self.compare(self.model, most=self.most)

    def look_back(self) -> None:
        again = Folded(whole=self.model.trail)
        for recorded in self.model.trail:
            again.follow(recorded)
            self.compare(again, at=again.position, most=self.most)
        self.compare(again, most=5 * self.most)

    def compare(self, model: Folded, *, at: int | None = None, most: int) -> None:
        """See that all sides answer as the model does.

        Args:
            most: How many questions of a kind are asked; from position to position it is others.
        """
        asked = {name: Asked(side, at=at) for name, side in self.sides.items()}
        with ExitStack() as together:
            for side in self.sides.values():
                together.enter_context(side.views.reading())
            for kind in KINDS:
                for args in _turns(list(kind.about(model)), model.position, most // kind.cost):
                    told = kind.told(model, args)
                    for name, asking in asked.items():
                        found = kind.asked(asking, args)
                        assert found == told, (name, kind.name, args, at, model.position)


def _turns(every: list[Args], position: int, most: int) -> list[Args]:
    if len(every) <= most:
        return every
    start = position * most % len(every)
    return (every[start:] + every[:start])[:most]


def run(machine: type[QueriesAgree], *, histories: int, steps: int) -> None:
    """Let a machine go through so many histories, of up to so many steps each."""
    drawn = settings(
        max_examples=histories,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=drawn)


def test_at_every_position_both_stores_answer_what_the_log_means() -> None:
    class ForAWhile(QueriesAgree):
        most = 2

    run(ForAWhile, histories=11, steps=30)
    assert ForAWhile.steps >= 150


def test_at_every_position_a_server_answers_what_the_log_means() -> None:
    class Everywhere(QueriesAgree):
        most = 1
        where = EVERYWHERE

    run(Everywhere, histories=3, steps=12)


# In parts, so that they may run at once.
@pytest.mark.torture
@pytest.mark.parametrize("part", range(4))
def test_at_every_position_of_long_histories_all_stores_answer_what_the_log_means(
    part: int,
) -> None:
    class ForLong(QueriesAgree):
        most = 4
        where = EVERYWHERE

    run(ForLong, histories=48, steps=80)
    assert ForLong.steps >= 2_500
