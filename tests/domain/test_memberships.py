"""The numbered line of versions with aliases, against the plainest model of it."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stemmata_domain.aggregates.memberships import (
    LATEST,
    Memberships,
    adding,
    leaving,
    removing,
)
from stemmata_domain.events import AliasAdded, AliasRemoved, Event


@dataclass
class Model:
    """A dict of versions, and for each alias in the order in which they came, its number."""

    count: int = 0
    versions: dict[int, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)

    def aliases_of(self, index: int) -> tuple[str, ...]:
        return tuple(alias for alias, at in self.aliases.items() if at == index)

    def give(self, alias: str, index: int) -> None:
        if self.aliases.get(alias) != index:
            self.aliases.pop(alias, None)
            self.aliases[alias] = index


def check(line: Memberships, model: Model) -> None:
    assert line.next_index == model.count
    assert line.newest == max(model.versions, default=None)
    assert dict(line.versions.items()) == model.versions
    assert dict(line.indexes.items()) == {v: i for i, v in model.versions.items()}
    assert dict(line.aliases.items()) == model.aliases
    assert len(line.aliases_on) == len(set(model.aliases.values()))
    for index in range(model.count):
        assert line.aliases_of(index) == model.aliases_of(index)


def after(line: Memberships, events: list[Event]) -> Memberships:
    for event in events:
        assert isinstance(event, AliasAdded | AliasRemoved)
        if isinstance(event, AliasAdded):
            assert event.moved_from == line.aliases.get(event.alias)
            line = line.with_alias(event.alias, event.index)
        else:
            line = line.without_alias(event.alias)
    return line


names = st.sampled_from(["latest", "staging", "prod", "best"])
numbers = st.integers(0, 12)
steps = st.one_of(
    st.just(("join",)),
    st.tuples(st.just("leave"), numbers),
    st.tuples(st.just("add"), numbers, st.lists(names, max_size=3)),
    st.tuples(st.just("remove"), numbers, st.lists(names, max_size=3)),
)


@given(st.lists(steps, max_size=40))
def test_a_line_is_a_dict_of_versions_and_a_dict_of_aliases(
    history: list[tuple[Any, ...]],
) -> None:
    line, model = Memberships(), Model()
    for step in history:
        match step:
            case ("join",):
                version = f"a:{model.count}"
                line = line.with_version(line.next_index, version)
                model.versions[model.count] = version
                model.count += 1
            case ("leave", index):
                if index in model.versions:
                    had = model.aliases.get(LATEST) == index
                    line = after(line, list(leaving(line, index)))
                    del model.versions[index]
                    for alias in model.aliases_of(index):
                        del model.aliases[alias]
                    if had and model.versions:
                        model.give(LATEST, max(model.versions))
                line = line.without_version(index)
            case ("add", index, aliases):
                if index in model.versions:
                    line = after(line, list(adding(line, index, aliases)))
                    for alias in aliases:
                        model.give(alias, index)
            case ("remove", index, aliases):
                line = after(line, list(removing(line, index, aliases)))
                for alias in aliases:
                    if model.aliases.get(alias) == index:
                        del model.aliases[alias]
        check(line, model)


def test_removing_an_alias_that_is_not_there_leaves_the_line_as_it_is() -> None:
    line = Memberships().with_version(0, "a:0").with_alias("x", 0)
    assert line.without_alias("y") is line


def test_the_newest_that_is_left_is_found_however_far_it_is() -> None:
    line = Memberships()
    for index in (3, 5, 500, 2**60):
        line = line.with_version(index, f"a:{index}")
    left = []
    while line.newest is not None:
        left.append(line.newest)
        line = line.without_version(line.newest)
    assert left == [2**60, 500, 5, 3]
