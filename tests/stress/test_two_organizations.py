"""Two organizations in one store, in which everything is called the same.

What happens in one is neither seen nor felt in the other; both ways to name an organization lead to its
own things only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from stemmata.stemma import Stemma
from stemmata_domain.errors import (
    NameTaken,
    NotAMember,
    OrganizationNeeded,
    Refused,
    UnknownArtifact,
    UnknownEntity,
    UnknownRegistry,
    WrongOrganization,
)
from stemmata_projections.audit.sentences import sentence
from stemmata_projections.version_index.views import Version
from tests.stress.agreement import check
from tests.stress.places import digest, manifest, open_at

COLLECTION = "wandb-registry-model/Digits"


@dataclass
class Side:
    """One of the two organizations, and what a plain model says is in it.

    Attributes:
        artifact: The contents that were logged, by their numbers; None where deleted.
        linked: The source's numbers that were linked, by their numbers in the collection.
        aliases: Alias to number, in the artifact and in the collection.
    """

    name: str
    entity: str
    team: str
    person: str
    stemma: Stemma
    artifact: list[int | None] = field(default_factory=list)
    linked: list[int | None] = field(default_factory=list)
    aliases: tuple[dict[str, int], dict[str, int]] = field(default_factory=lambda: ({}, {}))

    @property
    def source(self) -> str:
        """The one artifact; its project and name are those of the other side."""
        return f"{self.team}/mnist/digits"

    def log(self, content: int, **kw: object) -> None:
        self.stemma.log(
            self.source,
            type="model",
            manifest=manifest(content),
            digest=digest(content),
            size=1,
            file_count=1,
            metadata={"of": self.name},
            **kw,  # type: ignore[arg-type]  # as the method takes them
        )


def two_sides(path: Path) -> tuple[Side, Side]:
    """Found two organizations in one store, with equal registries."""
    sides = []
    for name, entity, person in (
        ("Acme Inc", "acme", "quentin"),
        ("Globex Corp", "globex", "xanthippe"),
    ):
        team = f"{entity}-vision"
        with open_at(path, actor="host", entity=None) as host:
            host.organize(name, entity=entity, teams=[team], people=[person])
        stemma = open_at(path, actor=person, entity=team)
        sides.append(Side(name, entity, team, person, stemma))
    return sides[0], sides[1]


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    acme, globex = two_sides(tmp_path / "registry.db")
    with acme.stemma, globex.stemma:
        yield acme, globex
    check(tmp_path / "registry.db")


def test_both_names_of_an_organization_lead_to_its_own_things(sides: tuple[Side, Side]) -> None:
    """Semantics §2: ORG before a registry is the display name or the entity name."""
    for number, side in enumerate(sides):
        side.log(number, tags=[side.entity], aliases=[side.entity])
        side.stemma.create_registry("Golden Data")
        for target in (COLLECTION, "wandb-registry-Golden Data/Digits"):
            side.stemma.link(f"{side.source}:v0", target, aliases=["production", side.entity])
    for number, side in enumerate(sides):
        for prefix in ("", f"{side.entity}/", f"{side.name}/"):
            for target in (COLLECTION, "wandb-registry-Golden Data/Digits"):
                for alias in ("", ":v0", ":latest", ":production", f":{side.entity}"):
                    found = side.stemma.resolve(f"{prefix}{target}{alias}")
                    assert found.digest == digest(number)
                    assert found.metadata == {"of": side.name}
                    assert found.tags == (side.entity,)
                    assert found.entity == side.entity
                    assert found.source_qualified_name == f"{side.source}:v0"


def test_the_other_organization_is_refused_by_both_its_names(sides: tuple[Side, Side]) -> None:
    """Semantics §2: a team reaches the registries of its own organization only."""
    for side in sides:
        side.log(1)
        side.stemma.link(f"{side.source}:v0", COLLECTION)
    for side, other in (sides, sides[::-1]):
        before = side.stemma.position()
        for prefix in (other.entity, other.name):
            for question in ways_to_reach(side, f"{prefix}/{COLLECTION}"):
                with pytest.raises(WrongOrganization):
                    question()
        assert side.stemma.position() == before


def ways_to_reach(side: Side, path: str) -> list[Callable[[], object]]:
    """Return what somebody may try with a collection of the other organization."""
    stemma = side.stemma
    return [
        lambda: stemma.resolve(path),
        lambda: stemma.versions(path),
        lambda: stemma.links(path),
        lambda: stemma.history(path),
        lambda: stemma.collections(path.rpartition("/")[0]),
        lambda: stemma.link(f"{side.source}:v0", path),
        lambda: stemma.link(path, COLLECTION),
        lambda: stemma.unlink(f"{path}:v0"),
        lambda: stemma.edit(path, description="mine"),
        lambda: stemma.edit_aliases(path, add=["mine"]),
        lambda: stemma.create_collection(f"{path} 2", type="model"),
        lambda: stemma.delete_collection(path),
    ]


def test_a_person_changes_nothing_in_an_organization_that_is_not_theirs(
    sides: tuple[Side, Side],
) -> None:
    for side in sides:
        side.log(1)
        side.stemma.link(f"{side.source}:v0", COLLECTION)
        side.stemma.start_run(project="mnist", run="theirs")
    for side, other in (sides, sides[::-1]):
        before = side.stemma.position()
        for act in ways_to_meddle(side, other):
            with pytest.raises(NotAMember):
                act()
        assert side.stemma.position() == before


def ways_to_meddle(side: Side, other: Side) -> list[Callable[[], object]]:
    """Return what somebody may try in the other organization, from within the other's team even."""
    inside = side.stemma.within(entity=other.team)
    about = {"manifest": manifest(2), "digest": digest(2)}
    return [
        lambda: inside.log(other.source, type="model", size=1, file_count=1, **about),
        lambda: inside.link(f"{other.source}:v0", COLLECTION, aliases=["mine"]),
        lambda: inside.link(f"{other.source}:v0", f"{other.team}/mnist/Mine"),
        lambda: inside.unlink(f"{COLLECTION}:v0"),
        lambda: inside.edit(f"{other.source}:v0", description="mine"),
        lambda: inside.edit_aliases(f"{COLLECTION}:v0", add=["mine"]),
        lambda: inside.delete(f"{other.source}:v0", force=True),
        lambda: inside.create_registry("Mine", organization=other.entity),
        lambda: inside.accept_type("model", "mine", organization=other.name),
        lambda: inside.create_collection("wandb-registry-model/Mine", type="model"),
        lambda: inside.delete_collection(COLLECTION),
        lambda: inside.organize(other.name, teams=["mine"]),
        lambda: inside.start_run(project="mnist"),
        lambda: inside.finish_run(f"{other.team}/mnist/theirs"),
        lambda: inside.use(f"{side.source}:v0", run=f"{other.team}/mnist/theirs"),
        lambda: side.stemma.use(f"{other.source}:v0", run=f"{side.team}/mnist/theirs"),
    ]


def test_lists_and_histories_name_nothing_of_the_other_organization(
    sides: tuple[Side, Side],
) -> None:
    for side in sides:
        run = side.stemma.start_run(project="mnist", run="train")
        side.log(1, run=run.path, tags=["shared"])
        side.stemma.create_registry(f"Only {side.entity}", accepted_types=["model"])
        linked = side.stemma.link(f"{side.source}:v0", COLLECTION, aliases=["production"])
        side.stemma.link(f"{side.source}:v0", f"wandb-registry-Only {side.entity}/{side.entity}")
        side.stemma.use(linked.name, run=run.path)
    for side, other in (sides, sides[::-1]):
        stemma = side.stemma
        shown = [
            stemma.registries(side.entity),
            stemma.registries(side.name),
            stemma.collections("wandb-registry-model"),
            stemma.collections(f"{side.name}/wandb-registry-Only {side.entity}"),
            stemma.collections("mnist"),
            stemma.versions(side.source),
            stemma.versions(COLLECTION),
            stemma.links(f"{side.source}:v0"),
            stemma.links(COLLECTION),
            stemma.history(side.source),
            stemma.history(COLLECTION),
            [sentence(each.event) for each in stemma.history(f"{COLLECTION}:v0")],
            stemma.run(f"{side.team}/mnist/train"),
            stemma.graph.used_by_run(f"{side.team}/mnist/train"),
            stemma.graph.produced_by_run(f"{side.team}/mnist/train"),
            stemma.graph.users_of(stemma.resolve(COLLECTION).id),
        ]
        theirs = [
            other.entity,
            other.name,
            other.team,
            other.person,
            other.stemma.resolve(COLLECTION).id,
        ]
        for each in shown:
            assert each
            assert not [name for name in theirs if name in repr(each)]
        with pytest.raises(UnknownRegistry) as unknown:
            stemma.resolve(f"wandb-registry-Only {other.entity}/{other.entity}")
        assert (unknown.value.organization, len(unknown.value.known)) == (side.name, 3)
        assert not [name for name in theirs if name in repr(unknown.value.known)]
        with pytest.raises(UnknownEntity) as nobody:
            stemma.within(entity="nobody").start_run(project="mnist")
        assert nobody.value.known == (side.team,)


def test_an_organizations_names_are_nobody_elses(sides: tuple[Side, Side]) -> None:
    acme, globex = sides
    host = acme.stemma.within(actor="host")
    for name, entity in ((acme.name, "other"), ("Other", acme.entity), (acme.entity, "other")):
        with pytest.raises(NameTaken):
            host.organize(name, entity=entity)
    for team in (globex.team, globex.entity, globex.person):
        with pytest.raises(NameTaken):
            host.organize(acme.name, teams=[team])


def test_a_person_of_both_says_which_is_meant(sides: tuple[Side, Side]) -> None:
    """Semantics §2: a personal entity in several organizations has to name one."""
    for number, side in enumerate(sides):
        side.log(number)
        side.stemma.link(f"{side.source}:v0", COLLECTION)
        side.stemma.within(actor="host").organize(side.name, people=["pat"])
    pat = sides[0].stemma.within(actor="pat", entity="pat")
    with pytest.raises(OrganizationNeeded):
        pat.resolve(COLLECTION)
    for number, side in enumerate(sides):
        for prefix in (side.entity, side.name):
            assert pat.resolve(f"{prefix}/{COLLECTION}").digest == digest(number)


def test_the_same_idempotency_key_serves_both(sides: tuple[Side, Side]) -> None:
    """Keys are chosen by people who know nothing of each other."""
    for number, side in enumerate(sides):
        side.log(number, key="nightly")
        side.stemma.link(f"{side.source}:v0", COLLECTION, key="nightly-link")
        side.stemma.create_registry("Golden", key="golden")
    for side in sides:
        before = side.stemma.position()
        side.log(sides.index(side), key="nightly")
        side.stemma.create_registry("Golden", key="golden")
        assert side.stemma.position() == before


# --- any order of events, against a model ---------------------------------------------------


class TwoOrganizations(RuleBasedStateMachine):
    """Commands in both organizations, in any order; each side is at all times what its own model says."""

    sides: tuple[Side, Side]

    @initialize()
    def found(self) -> None:
        self.folder = TemporaryDirectory()
        self.sides = two_sides(Path(self.folder.name) / "registry.db")

    which = st.integers(0, 1)
    content = st.integers(0, 4)
    number = st.integers(0, 5)
    alias = st.sampled_from(["latest", "production", "staging"])

    @rule(which=which, content=content, alias=alias)
    def log(self, which: int, content: int, alias: str) -> None:
        side = self.sides[which]
        side.log(content, aliases=[alias])
        if content not in side.artifact:
            side.artifact.append(content)
        index = side.artifact.index(content)
        side.aliases[0].update({"latest": index, alias: index})

    @rule(which=which, number=number, alias=alias)
    def link(self, which: int, number: int, alias: str) -> None:
        side = self.sides[which]
        there = number < len(side.artifact) and side.artifact[number] is not None
        source = f"{side.source}:v{number}"
        if self.tried(lambda: side.stemma.link(source, COLLECTION, aliases=[alias]), there):
            if number not in side.linked:
                side.linked.append(number)
                side.aliases[1]["latest"] = side.linked.index(number)
            side.aliases[1][alias] = side.linked.index(number)

    @rule(which=which, number=number)
    def unlink(self, which: int, number: int) -> None:
        side = self.sides[which]
        there = number < len(side.linked) and side.linked[number] is not None
        if self.tried(lambda: side.stemma.unlink(f"{COLLECTION}:v{number}"), there):
            self.left(side.linked, side.aliases[1], number)

    @rule(which=which, number=number, force=st.booleans())
    def delete(self, which: int, number: int, force: bool) -> None:
        side = self.sides[which]
        there = number < len(side.artifact) and side.artifact[number] is not None
        waived = force or (
            number not in side.linked
            and not [a for a, n in side.aliases[0].items() if n == number and a != "latest"]
        )
        source = f"{side.source}:v{number}"
        if self.tried(lambda: side.stemma.delete(source, force=force), there and waived):
            if number in side.linked:
                self.left(side.linked, side.aliases[1], side.linked.index(number))
            self.left(side.artifact, side.aliases[0], number)

    @rule(which=which, line=st.integers(0, 1), number=number, add=alias, remove=alias)
    def edit_aliases(self, which: int, line: int, number: int, add: str, remove: str) -> None:
        side = self.sides[which]
        row = (side.artifact, side.linked)[line]
        there = number < len(row) and row[number] is not None
        name = f"{(side.source, COLLECTION)[line]}:v{number}"
        if self.tried(lambda: side.stemma.edit_aliases(name, add=[add], remove=[remove]), there):
            aliases = side.aliases[line]
            if remove != add and aliases.get(remove) == number:
                del aliases[remove]
            aliases[add] = number

    def tried(self, act: Callable[[], object], accepted: bool) -> bool:
        """Carry out a command, which has to be accepted or refused as the model says."""
        if accepted:
            act()
        else:
            with pytest.raises(Refused):
                act()
        return accepted

    def left(self, row: list[int | None], aliases: dict[str, int], number: int) -> None:
        """A version left its line: its aliases go, and `latest` to the newest that is left."""
        row[number] = None
        heir = max((n for n, each in enumerate(row) if each is not None), default=None)
        for alias in [alias for alias, n in aliases.items() if n == number]:
            del aliases[alias]
            # Only from the newest one `latest` moves to another.
            if alias == "latest" and heir is not None:
                aliases[alias] = heir

    @invariant()
    def each_side_is_what_its_model_says(self) -> None:
        for side in getattr(self, "sides", ()):
            assert self.found_in(side, side.source) == [
                (n, digest(content), names(side.aliases[0], n))
                for n, content in enumerate(side.artifact)
                if content is not None
            ]
            linked = [
                (n, digest(side.artifact[source] or 0), names(side.aliases[1], n))
                for n, source in enumerate(side.linked)
                if source is not None
            ]
            for prefix in ("", f"{side.entity}/", f"{side.name}/"):
                assert self.found_in(side, f"{prefix}{COLLECTION}") == linked
                for alias, number in side.aliases[1].items():
                    found = side.stemma.resolve(f"{prefix}{COLLECTION}:{alias}")
                    assert found.index == number

    def found_in(self, side: Side, line: str) -> list[tuple[int, str, tuple[str, ...]]]:
        try:
            versions: list[Version] = side.stemma.versions(line)
        except LookupError:
            with pytest.raises(UnknownArtifact):
                side.stemma.resolve(line)
            return []
        return [(version.index, version.digest, version.aliases) for version in versions]

    def teardown(self) -> None:
        if hasattr(self, "sides"):
            path = Path(self.folder.name) / "registry.db"
            for side in self.sides:
                side.stemma.close()
            check(path)
            self.folder.cleanup()


def names(aliases: dict[str, int], number: int) -> tuple[str, ...]:
    """Return the aliases of a number, in alphabetical order."""
    return tuple(sorted(alias for alias, n in aliases.items() if n == number))


def test_what_happens_in_one_organization_does_not_happen_in_the_other() -> None:
    run_state_machine_as_test(
        TwoOrganizations, settings=settings(max_examples=15, stateful_step_count=25)
    )


@pytest.mark.torture
def test_what_happens_in_one_organization_does_not_happen_in_the_other_for_long() -> None:
    run_state_machine_as_test(
        TwoOrganizations, settings=settings(max_examples=300, stateful_step_count=50)
    )
