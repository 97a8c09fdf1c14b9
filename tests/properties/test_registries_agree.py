"""Whatever is done to it, a registry comes to the same as the plain rules, wherever it is kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stemmata_domain.commands.edit import Delete, Edit
from stemmata_domain.commands.link import EditAliasesOf, Link, Unlink
from stemmata_domain.commands.log import Log
from stemmata_domain.commands.organize import (
    AcceptTypeIn,
    MakeCollection,
    MakeRegistry,
    Organize,
    RemoveCollection,
)
from stemmata_domain.commands.run import Finish, Start, Use
from stemmata_domain.errors import Refused, UnknownVersion
from stemmata_projections.lineage.graph import LineageGraph
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.version_index.views import Version
from tests.projections.answers import answers
from tests.properties.drawn import (
    actors,
    aliases,
    anywhere,
    choices,
    contents,
    entities,
    fair_aliases,
    metadata,
    names,
    runs,
    states,
    tags,
    targets,
    teams,
    texts,
    types,
    ways,
)
from tests.properties.plain import Outcome, PlainLine, PlainRegistry
from tests.properties.sides import AT_HAND, EVERYWHERE, sides


class RegistriesAgree(RuleBasedStateMachine):
    """One organization, few names, and commands that often break a rule."""

    where: ClassVar[Sequence[str]] = AT_HAND

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.sides = sides(self.folder, where=self.where)
        self.memory, self.sqlite = self.sides["memory"], self.sides["sqlite"]
        self.plain = PlainRegistry()
        self.commands = 0
        self.remembered: dict[int, dict[str, Any]] = {}

    def teardown(self) -> None:
        try:
            for at, then in self.remembered.items():
                for name, side in self.sides.items():
                    assert answers(side.views, at=at) == then, name
        finally:
            for side in self.sides.values():
                side.remove()
            shutil.rmtree(self.folder)

    def check(
        self,
        command: Any,
        expected: Outcome,
        *,
        actor: str,
        inline: bool = True,
        keyed: bool = False,
    ) -> None:
        """Let all sides carry out the command, and see that they come to what is expected."""
        self.commands += 1
        key = f"key {self.commands}" if keyed else None
        results = [
            side.do(command, actor=actor, key=key, inline=inline) for side in self.sides.values()
        ]
        memory, *others = results
        if isinstance(memory, Refused):
            for other in others:
                assert (type(memory), str(memory)) == (type(other), str(other))
            assert type(memory) in expected.broken, (memory, expected)
            return
        assert others == [memory] * len(others)
        assert not expected.broken, (command, memory)
        for name, value in expected.result.items():
            found = getattr(memory, name)
            assert (set(found) if name == "aliases" else found) == value, (name, command, memory)
        if key is not None:
            self.check_repeated(command, key, memory, actor=actor, inline=inline)

    def check_repeated(
        self, command: Any, key: str, result: Any, *, actor: str, inline: bool
    ) -> None:
        """Under the same key a command gives its first result again, and does nothing."""
        head = self.memory.events.head()
        for side in self.sides.values():
            assert side.do(command, actor=actor, key=key, inline=inline) == result
            assert side.events.head() == head

    # --- organizations and registries ------------------------------------------------------

    @initialize()
    def found(self) -> None:
        """Begin with enough that most commands find something to do."""
        founding = Organize(name="Acme", teams=("vision", "nlp"), people=("ada",))
        self.check(founding, self.plain.organize("host", ("vision", "nlp"), ("ada",)), actor="host")
        joining = Organize(name="Acme", teams=("nlp",), people=("bob",))
        self.check(joining, self.plain.organize("ada", ("nlp",), ("bob",)), actor="ada")
        for run in ("vision/p/r1", "nlp/p/r1"):
            self.start("host", run.partition("/")[0], "r1", {})
        for content in "012":
            self.log_again(content, ("x",))
        for target in ("wandb-registry-model/C", "wandb-registry-model/D", "vision/p/links"):
            self.link("host", 0, "vision/p/a:v1", target, ("y",), "vision", {})

    def name(self, choice: int, otherwise: str, *, of: tuple[bool, ...] = (False, True)) -> str:
        """Return a name of a version that there is by now, or *otherwise*."""
        known = [
            f"{line.full_name}:{alias}"
            for line in self.plain.lines.values()
            if line.is_link in of
            for alias in (*(f"v{number}" for number in line.versions), *sorted(line.aliases))
        ]
        return known[choice // 10 % len(known)] if known and choice % 10 else otherwise

    @rule(
        actor=actors,
        new_teams=st.lists(st.sampled_from(["nlp", "new", "ada", "acme"]), max_size=2).map(tuple),
        people=st.lists(st.sampled_from(["bob", "eve", "vision"]), max_size=2).map(tuple),
        way=ways,
    )
    def organize(
        self, actor: str, new_teams: tuple[str, ...], people: tuple[str, ...], way: Any
    ) -> None:
        command = Organize(name="Acme", teams=new_teams, people=people)
        self.check(command, self.plain.organize(actor, new_teams, people), actor=actor, **way)

    @rule(
        actor=actors,
        name=st.sampled_from(["Own", "Own", "Other", "model"]),
        accepted=st.sampled_from([(), ("model",)]),
        way=ways,
    )
    def make_registry(self, actor: str, name: str, accepted: tuple[str, ...], way: Any) -> None:
        command = MakeRegistry(name=name, organization="acme", accepted_types=accepted)
        self.check(command, self.plain.make_registry(name, accepted), actor=actor, **way)

    @rule(actor=actors, name=st.sampled_from(["Own", "model", "none"]), type=types, way=ways)
    def accept_type(self, actor: str, name: str, type: str, way: Any) -> None:
        command = AcceptTypeIn(registry=name, type=type, organization="acme")
        self.check(command, self.plain.accept_type(name, type), actor=actor, **way)

    # --- artifacts -------------------------------------------------------------------------

    @rule(
        actor=actors,
        entity=entities,
        name=names,
        type=types,
        content=contents,
        given=aliases,
        labels=tags,
        about=metadata,
        run=st.none() | runs,
        way=ways,
    )
    def log(
        self,
        actor: str,
        entity: str,
        name: str,
        type: str,
        content: str,
        given: tuple[str, ...],
        labels: tuple[str, ...],
        about: dict[str, Any],
        run: str | None,
        way: Any,
    ) -> None:
        command = Log(
            entity=entity,
            project="p",
            name=name,
            type=type,
            digest=content * 32,
            algorithm="MD5",
            manifest=content * 64,
            size=len(content),
            file_count=1,
            metadata=about,
            tags=labels,
            aliases=given,
            run=run,
        )
        expected = self.plain.log(
            actor,
            entity=entity,
            project="p",
            name=name,
            type=type,
            digest=content * 32,
            aliases=given,
            tags=labels,
            metadata=about,
            run=run,
        )
        self.check(command, expected, actor=actor, **way)

    # The easy ways are taken more often, so that there is something to disagree about.
    @rule(content=contents, given=fair_aliases)
    def log_again(self, content: str, given: tuple[str, ...]) -> None:
        self.log("host", "vision", "a", "model", content, given, (), {}, None, {})

    @rule(
        actor=actors,
        choice=choices,
        otherwise=anywhere,
        description=st.none() | texts,
        about=st.none() | metadata,
        add=tags,
        remove=tags,
        way=ways,
    )
    def edit(
        self,
        actor: str,
        choice: int,
        otherwise: str,
        description: str | None,
        about: dict[str, Any] | None,
        add: tuple[str, ...],
        remove: tuple[str, ...],
        way: Any,
    ) -> None:
        name = self.name(choice, otherwise)
        what: dict[str, Any] = {"description": description, "metadata": about}
        command = Edit(name=name, add_tags=add, remove_tags=remove, entity="vision", **what)
        expected = self.plain.edit(actor, name, add_tags=add, remove_tags=remove, **what)
        self.check(command, expected, actor=actor, **way)

    @rule(
        actor=actors,
        choice=choices,
        otherwise=anywhere,
        delete_aliases=st.booleans(),
        force=st.booleans(),
        way=ways,
    )
    def delete(
        self,
        actor: str,
        choice: int,
        otherwise: str,
        delete_aliases: bool,
        force: bool,
        way: Any,
    ) -> None:
        name = self.name(choice, otherwise, of=(False,))
        index = VersionIndex(self.sqlite.views, entity="vision")
        try:
            links = index.links_of(index.resolve(name).id)
        except Refused:
            links = []
        command = Delete(
            name=name,
            links=tuple((link.line, link.index) for link in links),
            link_names=tuple(link.full_name for link in links),
            delete_aliases=delete_aliases,
            force=force,
            entity="vision",
        )
        expected = self.plain.delete(actor, name, delete_aliases=delete_aliases, force=force)
        self.check(command, expected, actor=actor, **way)

    # --- collections -----------------------------------------------------------------------

    @rule(
        actor=actors,
        choice=choices,
        otherwise=anywhere,
        collection=targets,
        given=aliases,
        seen_from=teams,
        way=ways,
    )
    def link(
        self,
        actor: str,
        choice: int,
        otherwise: str,
        collection: str,
        given: tuple[str, ...],
        seen_from: str,
        way: Any,
    ) -> None:
        source = self.name(choice, otherwise)
        command = Link(source=source, target=collection, aliases=given, entity=seen_from)
        self.check(command, self.plain.link(actor, source, collection, given), actor=actor, **way)

    @rule(choice=choices, collection=targets, given=fair_aliases)
    def link_again(self, choice: int, collection: str, given: tuple[str, ...]) -> None:
        self.link("host", choice, "vision/p/a", collection, given, "vision", {})

    @rule(actor=actors, choice=choices, otherwise=anywhere, way=ways)
    def unlink(self, actor: str, choice: int, otherwise: str, way: Any) -> None:
        name = self.name(choice, otherwise, of=(True,))
        command = Unlink(name=name, entity="vision")
        self.check(command, self.plain.unlink(actor, name), actor=actor, **way)

    @rule(actor=actors, choice=choices, otherwise=anywhere, add=aliases, remove=aliases, way=ways)
    def edit_aliases(
        self,
        actor: str,
        choice: int,
        otherwise: str,
        add: tuple[str, ...],
        remove: tuple[str, ...],
        way: Any,
    ) -> None:
        name = self.name(choice, otherwise)
        command = EditAliasesOf(name=name, add=add, remove=remove, entity="vision")
        expected = self.plain.edit_aliases(actor, name, add=add, remove=remove)
        self.check(command, expected, actor=actor, **way)

    @rule(actor=actors, collection=targets, type=types, labels=tags, way=ways)
    def make_collection(
        self, actor: str, collection: str, type: str, labels: tuple[str, ...], way: Any
    ) -> None:
        command = MakeCollection(target=collection, type=type, tags=labels, entity="vision")
        expected = self.plain.make_collection(actor, collection, type, labels)
        self.check(command, expected, actor=actor, **way)

    @rule(actor=actors, collection=targets, way=ways)
    def remove_collection(self, actor: str, collection: str, way: Any) -> None:
        command = RemoveCollection(target=collection, entity="vision")
        self.check(command, self.plain.remove_collection(actor, collection), actor=actor, **way)

    # --- runs ------------------------------------------------------------------------------

    @rule(actor=actors, entity=teams, run=st.sampled_from(["r1", "r1", "r2"]), way=ways)
    def start(self, actor: str, entity: str, run: str, way: Any) -> None:
        command = Start(entity=entity, project="p", run=run, name=f"name of {run}")
        self.check(command, self.plain.start(actor, entity, "p", run), actor=actor, **way)

    @rule(
        actor=actors,
        run=runs,
        choice=choices,
        otherwise=anywhere,
        type=st.none() | types,
        way=ways,
    )
    def use(
        self, actor: str, run: str, choice: int, otherwise: str, type: str | None, way: Any
    ) -> None:
        name = self.name(choice, otherwise)
        command = Use(run=run, name=name, type=type)
        self.check(command, self.plain.use(actor, run, name, type), actor=actor, **way)

    @rule(actor=actors, run=runs, state=states, way=ways)
    def finish(self, actor: str, run: str, state: Any, way: Any) -> None:
        command = Finish(run=run, state=state)
        self.check(command, self.plain.finish(actor, run, state), actor=actor, **way)

    # --- and what is always so -------------------------------------------------------------

    @rule()
    def reopen(self) -> None:
        for side in self.sides.values():
            side.reopen()

    @invariant()
    def both_answer_the_same(self) -> None:
        now = answers(self.memory.views)
        for name, side in self.sides.items():
            assert answers(side.views) == now, name
            assert side.events.head() == self.memory.events.head(), name
        self.remembered.setdefault(self.memory.events.head(), now)

    @invariant()
    def both_answer_as_the_plain_rules_say(self) -> None:
        index = VersionIndex(self.sqlite.views, entity="vision")
        graph = LineageGraph(self.sqlite.views)
        self.check_places(index)
        for line in self.plain.lines.values():
            self.check_line(index, line)
        for path, run in self.plain.runs.items():
            assert graph.run(path).state == run.state
            used = [each.name for each in graph.used_by_run(path)]
            assert used == [v.source for v, _, _ in run.used if self.is_live(v)]
            produced = [each.name for each in graph.produced_by_run(path)]
            assert produced == [v.source for v in run.produced if self.is_live(v)]

    def is_live(self, version: Any) -> bool:
        line = self.plain.lines[tuple(version.source.rpartition(":")[0].rsplit("/", 1))]
        return line.index_of(version) is not None

    def check_places(self, index: VersionIndex) -> None:
        for organization in index.organizations.all():
            assert set(organization.teams) == self.plain.teams
            assert set(organization.people) == set(self.plain.people)
            for registry in index.registries(organization.id):
                types = self.plain.registries[registry.name]
                accepted = registry.accepted_types
                assert (None if accepted is None else set(accepted)) == types
                self.check_place(index, registry.id, registry.full_name)
            assert len(index.registries(organization.id)) == len(self.plain.registries)
        for place in ("vision/p", "nlp/p", "ada/p"):
            self.check_place(index, place, place)

    def check_place(self, index: VersionIndex, scope: str, place: str) -> None:
        found = [(c.name, c.type, c.is_link, c.tags) for c in index.collections(scope)]
        plain = sorted(
            (each for each in self.plain.lines.values() if each.place == place), key=_name
        )
        expected = [(c.name, c.type, c.is_link, tuple(sorted({*c.tags}))) for c in plain]
        assert found == expected

    def check_line(self, index: VersionIndex, line: PlainLine) -> None:
        id = next(
            each.id
            for scope in self.scopes(index, line.place)
            for each in index.collections(scope)
            if each.name == line.name
        )
        found = {version.index: version for version in index.versions(id)}
        assert list(found) == sorted(line.versions)
        for number, plain in line.versions.items():
            version = found[number]
            self.check_version(version, line, plain)
            self.check_edges(index, version, plain)
        for alias in ("latest", "x", "y", "z", *(f"v{n}" for n in range(line.next_index + 1))):
            number = int(alias[1:]) if alias[0] == "v" else line.aliases.get(alias, -1)
            try:
                resolved = index.resolve(f"{line.full_name}:{alias}")
            except UnknownVersion:
                assert number not in line.versions
            else:
                assert resolved == found[number]

    def scopes(self, index: VersionIndex, place: str) -> list[str]:
        if not place.startswith("wandb-registry-"):
            return [place]
        every = [r for o in index.organizations.all() for r in index.registries(o.id)]
        return [registry.id for registry in every if registry.full_name == place]

    def check_version(self, version: Version, line: PlainLine, plain: Any) -> None:
        assert version.full_name == f"{line.full_name}:v{version.index}"
        assert version.source_qualified_name == plain.source
        assert set(version.aliases) == line.aliases_of(version.index)
        assert set(version.tags) == plain.tags
        assert (version.type, version.digest, version.run) == (plain.type, plain.digest, plain.run)
        assert (version.created_by, version.description) == (plain.by, plain.description)
        assert version.metadata == plain.metadata

    def check_edges(self, index: VersionIndex, version: Version, plain: Any) -> None:
        links = [each.full_name for each in index.links_of(version.id)]
        assert links == [f"{at.full_name}:v{n}" for v, at, n in self.plain.links if v is plain]
        graph = LineageGraph(self.sqlite.views)
        for kind, found in (
            ("used", graph.users_of(version.id)),
            ("produced", graph.producers_of(version.id)),
        ):
            expected = [
                (run.path, number)
                for what, of, run, _, number in self.plain.edges
                if what == kind and of is plain
            ]
            assert [(each.run.path, each.index) for each in found] == expected


def _name(line: PlainLine) -> str:
    return line.name


class RegistriesAgreeForLong(RegistriesAgree):
    """The same, for minutes, and on a server too."""

    where = EVERYWHERE


class RegistriesAgreeEverywhere(RegistriesAgree):
    """The same, for a moment, and on a server too."""

    where = EVERYWHERE


TestRegistriesAgree = RegistriesAgree.TestCase
TestRegistriesAgree.settings = settings(
    max_examples=50,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestRegistriesAgreeEverywhere = RegistriesAgreeEverywhere.TestCase
TestRegistriesAgreeEverywhere.settings = settings(
    max_examples=4,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestRegistriesAgreeForLong = pytest.mark.torture(RegistriesAgreeForLong.TestCase)
TestRegistriesAgreeForLong.settings = settings(
    max_examples=400,
    stateful_step_count=80,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
