"""Random histories: commands that are carried out in memory and in SQLite alike, and folded."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

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
from stemmata_domain.errors import Refused
from tests.properties import drawn
from tests.properties.folded import Folded
from tests.properties.sides import AT_HAND, FitfulClock, sides

T = TypeVar("T")

registries = st.sampled_from(["Own", "Own", "Other", "model"])
arrangements = st.one_of(
    st.builds(
        Organize,
        name=st.sampled_from(["Acme", "Beta", "Beta"]),
        teams=st.lists(st.sampled_from(["ops", "new", "acme"]), max_size=1).map(tuple),
        people=st.lists(st.sampled_from(["ada", "bob", "eve"]), max_size=2).map(tuple),
    ),
    st.builds(
        MakeRegistry,
        name=registries,
        organization=st.sampled_from(["acme", "acme", "beta"]),
        accepted_types=st.sampled_from([(), ("model",)]),
        visibility=st.sampled_from(["organization", "restricted"]),
        description=st.none() | drawn.texts,
    ),
    st.builds(AcceptTypeIn, registry=registries, type=drawn.types, organization=st.just("acme")),
)
many_runs = st.sampled_from(["r1", "r1", "r2", "r3", "r4"])


class Histories(RuleBasedStateMachine):
    """Two organizations, few names; commands mostly do something, and may break a rule.

    `steps` counts the commands of all histories of the class; `where` says which stores go through them.
    """

    steps = 0
    where: ClassVar[Sequence[str]] = AT_HAND

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.sides = sides(self.folder, where=self.where, clock=FitfulClock)
        self.memory = self.sides["memory"]
        self.model = Folded()
        self.keys = 0

    def teardown(self) -> None:
        try:
            self.look_back()
        finally:
            for side in self.sides.values():
                side.remove()
            shutil.rmtree(self.folder)

    # --- what a test looks at ---------------------------------------------------------------

    def look(self) -> None:
        """Look at what there is after a command."""

    def look_back(self) -> None:
        """Look at what there was, at the end of the history."""

    # --- carrying out -----------------------------------------------------------------------

    def do(self, command: Any, *, actor: str = "host", way: Any = None) -> Any:
        """Let all sides carry out the command, and fold what it comes to."""
        type(self).steps += 1
        self.keys += 1
        inline, keyed = (way or {}).get("inline", True), (way or {}).get("keyed", False)
        key = f"key {self.keys}" if keyed else None
        results = [
            side.do(command, actor=actor, key=key, inline=inline) for side in self.sides.values()
        ]
        assert {type(each) for each in results} == {type(results[0])}, results
        assert isinstance(results[0], Refused) or results == [results[0]] * len(results)
        after = self.model.position
        recorded = self.memory.events.read_all(after=after)
        for name, side in self.sides.items():
            assert side.events.read_all(after=after) == recorded, name
        for each in recorded:
            self.model.follow(each)
        self.look()
        return results[0]

    def one_of(self, choice: int, found: Sequence[T], otherwise: T) -> T:
        """Return one of what was found, mostly, or something that may not be there."""
        return found[choice // 10 % len(found)] if found and choice % 10 else otherwise

    def name(self, choice: int, otherwise: str, *, of: tuple[bool, ...] = (False, True)) -> str:
        """Return a name of a version that there is by now, or *otherwise*."""
        found = [
            f"{self.model.full_name(line)}:{alias}"
            for line in self.model.lines.values()
            if line.is_link in of
            for alias in (*(f"v{number}" for number in line.members), *line.aliases)
        ]
        return self.one_of(choice, found, otherwise)

    def run(self, choice: int, otherwise: str) -> str:
        return self.one_of(choice, list(self.model.runs), otherwise)

    @initialize()
    def found(self) -> None:
        """Begin with enough that most commands find something to do."""
        self.do(Organize(name="Acme", teams=("vision", "nlp"), people=("ada",)))
        self.do(Organize(name="Acme", teams=("nlp",), people=("bob",)), actor="ada")
        for run in ("r1", "r2"):
            self.start("host", "vision", run, {})
        for content in "01":
            self.do(log("vision/p/a", content, run="vision/p/r1"))
        self.link("host", 1, "vision/p/a:v1", "wandb-registry-model/C", ("y",), "vision", {})

    # --- organizations, registries and artifacts --------------------------------------------

    @rule(actor=drawn.actors, command=arrangements, way=drawn.ways)
    def arrange(self, actor: str, command: Any, way: Any) -> None:
        self.do(command, actor=actor, way=way)

    @rule(
        actor=drawn.actors,
        place=drawn.sources,
        type=drawn.types,
        content=drawn.contents,
        aliases=drawn.aliases,
        tags=drawn.tags,
        metadata=drawn.metadata,
        description=st.none() | drawn.texts,
        choice=drawn.choices,
        in_run=st.booleans(),
        way=drawn.ways,
    )
    def log(
        self, actor: str, place: str, content: str, choice: int, in_run: bool, way: Any, **what: Any
    ) -> None:
        run = self.run(choice, "vision/p/r9") if in_run else None
        self.do(log(place, content, run=run, **what), actor=actor, way=way)

    @rule(
        place=st.sampled_from(["vision/p/a", "vision/p/a", "vision/p/b", "nlp/p/a"]),
        content=drawn.contents,
        aliases=drawn.fair_aliases,
        choice=drawn.choices,
    )
    def produce(self, place: str, content: str, aliases: tuple[str, ...], choice: int) -> None:
        """Log from a run: new content, or what is there already, which the run may have used."""
        self.do(log(place, content, run=self.run(choice, "vision/p/r1"), aliases=aliases))

    @rule(choice=drawn.choices, run=drawn.choices)
    def give_back(self, choice: int, run: int) -> None:
        """Log again what a run took, from the same run or another: the graph runs in a circle."""
        used = [each for each in self.model.edges if each.version in self.model.versions]
        if used:
            edge = used[choice % len(used)]
            version = self.model.versions[edge.version]
            line = self.model.lines[version.artifact]
            path = self.run(run, edge.run)
            again = log(f"{line.scope}/{line.name}", version.logged.digest[0], run=path)
            self.do(again)

    @rule(
        actor=drawn.actors,
        choice=drawn.choices,
        otherwise=drawn.anywhere,
        description=st.none() | drawn.texts,
        clear_description=st.booleans(),
        metadata=st.none() | drawn.metadata | drawn.alike | drawn.alike,
        add_tags=drawn.tags,
        remove_tags=drawn.tags,
        way=drawn.ways,
    )
    def edit(self, actor: str, choice: int, otherwise: str, way: Any, **what: Any) -> None:
        name = self.name(choice, otherwise)
        self.do(Edit(name=name, entity="vision", **what), actor=actor, way=way)

    @rule(
        choice=drawn.choices,
        otherwise=drawn.anywhere,
        delete_aliases=st.booleans(),
        force=st.booleans(),
        way=drawn.ways,
    )
    def delete(
        self, choice: int, otherwise: str, delete_aliases: bool, force: bool, way: Any
    ) -> None:
        name = self.name(choice, otherwise, of=(False,))
        path, _, alias = name.partition(":")
        version = next(
            (
                line.members[index].version
                for line in self.model.lines.values()
                for index in line.members
                if self.model.full_name(line) == path
                if alias in (f"v{index}", *line.aliases_of(index))
                or (not alias and line.aliases.get("latest") == index)
            ),
            "none",
        )
        links = [(line.id, index) for line, index, _ in self.model.links_of(version)]
        what: dict[str, Any] = {"delete_aliases": delete_aliases, "force": force}
        self.do(Delete(name=name, links=tuple(links), entity="vision", **what), way=way)

    # --- collections ------------------------------------------------------------------------

    @rule(
        actor=drawn.actors,
        choice=drawn.choices,
        otherwise=drawn.anywhere,
        collection=drawn.targets,
        aliases=drawn.aliases,
        seen_from=drawn.teams,
        way=drawn.ways,
    )
    def link(
        self,
        actor: str,
        choice: int,
        otherwise: str,
        collection: str,
        aliases: tuple[str, ...],
        seen_from: str,
        way: Any,
    ) -> None:
        source = self.name(choice, otherwise)
        command = Link(source=source, target=collection, aliases=aliases, entity=seen_from)
        self.do(command, actor=actor, way=way)

    @rule(choice=drawn.choices, collection=drawn.targets, aliases=drawn.fair_aliases)
    def link_again(self, choice: int, collection: str, aliases: tuple[str, ...]) -> None:
        self.link("host", choice, "vision/p/a", collection, aliases, "vision", {})

    @rule(choice=drawn.choices, otherwise=drawn.anywhere, way=drawn.ways)
    def unlink(self, choice: int, otherwise: str, way: Any) -> None:
        self.do(Unlink(name=self.name(choice, otherwise, of=(True,)), entity="vision"), way=way)

    @rule(
        actor=drawn.actors,
        choice=drawn.choices,
        otherwise=drawn.anywhere,
        add=drawn.fair_aliases,
        remove=drawn.aliases,
        way=drawn.ways,
    )
    def edit_aliases(self, actor: str, choice: int, otherwise: str, way: Any, **what: Any) -> None:
        name = self.name(choice, otherwise)
        self.do(EditAliasesOf(name=name, entity="vision", **what), actor=actor, way=way)

    @rule(
        collection=drawn.targets,
        type=drawn.types,
        tags=drawn.tags,
        description=st.none() | drawn.texts,
        way=drawn.ways,
    )
    def make_collection(self, collection: str, way: Any, **what: Any) -> None:
        self.do(MakeCollection(target=collection, entity="vision", **what), way=way)

    @rule(choice=drawn.choices, collection=drawn.targets, again=st.booleans())
    def remove_collection(self, choice: int, collection: str, again: bool) -> None:
        """End a collection, and perhaps give its name to a new one."""
        found = [self.model.full_name(line) for line in self.model.lines.values() if line.is_link]
        name = self.one_of(choice, found, collection)
        self.do(RemoveCollection(target=name, entity="vision"))
        if again:
            self.link("host", choice, "vision/p/a", name, (), "vision", {})

    # --- runs -------------------------------------------------------------------------------

    @rule(actor=drawn.actors, entity=drawn.entities, run=many_runs, way=drawn.ways)
    def start(self, actor: str, entity: str, run: str, way: Any) -> None:
        config = {"lr": 1.0, "of": [run]}
        what: dict[str, Any] = {"name": f"name of {run}", "job_type": "train", "config": config}
        self.do(Start(entity=entity, project="p", run=run, **what), actor=actor, way=way)

    @rule(
        actor=drawn.actors,
        run=drawn.choices,
        choice=drawn.choices,
        otherwise=drawn.anywhere,
        way=drawn.ways,
    )
    def use(self, actor: str, run: int, choice: int, otherwise: str, way: Any) -> None:
        path, name = self.run(run, "vision/p/r9"), self.name(choice, otherwise)
        self.do(Use(run=path, name=name), actor=actor, way=way)

    @rule(run=drawn.choices, choice=drawn.choices)
    def use_linked(self, run: int, choice: int) -> None:
        name = self.name(choice, "vision/p/a", of=(True,))
        self.do(Use(run=self.run(run, "vision/p/r1"), name=name))

    @rule(run=drawn.choices, state=drawn.states)
    def finish(self, run: int, state: Any) -> None:
        self.do(Finish(run=self.run(run, "vision/p/r9"), state=state))

    @rule()
    def reopen(self) -> None:
        for side in self.sides.values():
            side.reopen()
        self.look()


def log(
    place: str, content: str, *, run: str | None = None, type: str = "model", **what: Any
) -> Log:
    """Return the command that logs a letter as content."""
    entity, project, name = place.split("/")
    return Log(
        entity=entity,
        project=project,
        name=name,
        type=type,
        digest=content * 32,
        algorithm="MD5",
        manifest=content * 64,
        size=len(content) + 10 * ord(content),
        file_count=1,
        run=run,
        **what,
    )
