"""The registry's rules in plain Python: dicts and lists, no events, no views, nothing shared with it.

What is done to it either says which rules it breaks, any of which may be the refusal, or changes the
plain state and says what to expect of the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stemmata_domain.errors import (
    InvalidAlias,
    InvalidSetting,
    InvalidType,
    NameTaken,
    NotALink,
    NotAMember,
    PersonalEntity,
    Refused,
    RunNotActive,
    StillAliased,
    StillLinked,
    TypeMismatch,
    TypeNotAccepted,
    UnknownArtifact,
    UnknownCollection,
    UnknownEntity,
    UnknownRegistry,
    UnknownRun,
    UnknownVersion,
    WrongOrganization,
)

REGISTRY = "wandb-registry-"


@dataclass(frozen=True)
class Outcome:
    """Rules that were broken, or what the result has to say."""

    broken: frozenset[type[Refused]] = frozenset()
    result: Mapping[str, Any] = field(default_factory=dict)


def refused(*errors: type[Refused]) -> Outcome:
    return Outcome(frozenset(errors))


def done(**result: Any) -> Outcome:
    return Outcome(result=result)


@dataclass(eq=False)
class PlainVersion:
    """A logged version; `source` is its qualified name."""

    source: str
    entity: str
    type: str
    digest: str
    by: str
    run: str | None
    description: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)


@dataclass(eq=False)
class PlainLine:
    """An artifact or a collection; `place` is `entity/project`, or a registry's path."""

    place: str
    name: str
    type: str
    is_link: bool
    tags: tuple[str, ...] = ()
    next_index: int = 0
    versions: dict[int, PlainVersion] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.place}/{self.name}"

    def aliases_of(self, index: int) -> set[str]:
        return {alias for alias, named in self.aliases.items() if named == index}

    def index_of(self, version: PlainVersion) -> int | None:
        return next((n for n, each in self.versions.items() if each is version), None)

    def take(self, version: PlainVersion) -> int:
        index = self.next_index
        self.versions[index] = version
        self.next_index += 1
        return index

    def let_go(self, index: int) -> None:
        del self.versions[index]
        for alias in self.aliases_of(index):
            if alias == "latest" and self.versions:
                self.aliases[alias] = max(self.versions)
            else:
                del self.aliases[alias]


@dataclass(eq=False)
class PlainRun:
    """A run; an edge is a version, the line through which it went, and the number there."""

    path: str
    entity: str
    state: str = "running"
    used: list[tuple[PlainVersion, PlainLine, int]] = field(default_factory=list)
    produced: list[PlainVersion] = field(default_factory=list)


@dataclass
class PlainPerson:
    teams: set[str] = field(default_factory=set)
    admin: bool = False


Found = tuple[PlainLine, int, PlainVersion]


class PlainRegistry:
    """One organization, `acme`, with what its teams have logged and linked."""

    def __init__(self) -> None:
        self.teams: set[str] = set()
        self.people: dict[str, PlainPerson] = {}
        self.registries: dict[str, set[str] | None] = {}
        self.lines: dict[tuple[str, str], PlainLine] = {}
        self.runs: dict[str, PlainRun] = {}
        self.links: list[tuple[PlainVersion, PlainLine, int]] = []
        self.edges: list[tuple[str, PlainVersion, PlainRun, str, int]] = []

    # --- who may what ----------------------------------------------------------------------

    def _not_permitted(self, actor: str, entity: str) -> set[type[Refused]]:
        if entity not in self.teams and entity not in self.people:
            return {UnknownEntity}
        person = self.people.get(actor)
        if person is None or actor == entity or entity in person.teams:
            return set()
        return set() if person.admin and entity in self.teams else {NotAMember}

    def organize(self, actor: str, teams: tuple[str, ...], people: tuple[str, ...]) -> Outcome:
        broken: set[type[Refused]] = set()
        known = bool(self.registries)
        if known and actor in self.people and not self.people[actor].admin:
            broken.add(NotAMember)
        taken = {"acme", *self.people}
        if taken.intersection(teams) or ({"acme", *self.teams, *teams}).intersection(people):
            broken.add(NameTaken)
        if broken:
            return refused(*broken)
        if not known:
            self.registries = {"model": {"model"}, "dataset": {"dataset"}}
        self.teams.update(teams)
        for n, person in enumerate(people):
            is_new = person not in self.people
            plain = self.people.setdefault(person, PlainPerson())
            plain.admin = plain.admin or (is_new and not known and n == 0)
            plain.teams.update(teams)
        return done(is_new=not known, entity="acme")

    def make_registry(self, name: str, types: tuple[str, ...]) -> Outcome:
        if name in self.registries:
            return refused(NameTaken)
        self.registries[name] = set(types) or None
        return done(name=name)

    def accept_type(self, registry: str, type: str) -> Outcome:
        if registry not in self.registries:
            return refused(UnknownRegistry)
        types = self.registries[registry]
        if types is None:
            return refused(InvalidType)
        types.add(type)
        return done(name=registry)

    # --- names -----------------------------------------------------------------------------

    def find(self, name: str) -> Found | type[Refused]:
        """Return what a full name finds, or why it finds nothing."""
        path, _, alias = name.partition(":")
        place, _, last = path.rpartition("/")
        if place.startswith(REGISTRY) and place[len(REGISTRY) :] not in self.registries:
            return UnknownRegistry
        line = self.lines.get((place, last))
        if line is None:
            return UnknownArtifact
        alias = alias or "latest"
        number = (
            int(alias[1:]) if alias[0] == "v" and alias[1:].isdigit() else line.aliases.get(alias)
        )
        if number is None or number not in line.versions:
            return UnknownVersion
        return line, number, line.versions[number]

    def _not_permitted_in(self, actor: str, line: PlainLine) -> set[type[Refused]]:
        # Everybody who is known is in the one organization that there is.
        if line.place.startswith(REGISTRY):
            return set()
        return self._not_permitted(actor, line.place.partition("/")[0])

    # --- artifacts -------------------------------------------------------------------------

    def log(
        self,
        actor: str,
        *,
        entity: str,
        project: str,
        name: str,
        type: str,
        digest: str,
        aliases: tuple[str, ...],
        tags: tuple[str, ...],
        metadata: dict[str, Any],
        run: str | None,
    ) -> Outcome:
        broken = _bad(aliases) | self._not_permitted(actor, entity)
        if run is not None:
            broken |= self._not_running(actor, run)
        line = self.lines.get((f"{entity}/{project}", name))
        if line is not None and line.is_link:
            broken.add(NameTaken)
        elif line is not None and line.type != type:
            broken.add(TypeMismatch)
        if broken:
            return refused(*broken)
        if line is None:
            line = PlainLine(f"{entity}/{project}", name, type, is_link=False)
            self.lines[line.place, name] = line
        index = next((n for n, each in line.versions.items() if each.digest == digest), None)
        is_new = index is None
        if index is None:
            source = f"{line.full_name}:v{line.next_index}"
            version = PlainVersion(source, entity, type, digest, actor, run, metadata=metadata)
            index = line.take(version)
        version = line.versions[index]
        version.tags.update(tags)
        line.aliases.update(dict.fromkeys(("latest", *aliases), index))
        if run is not None and version not in self.runs[run].produced:
            self.runs[run].produced.append(version)
            self.edges.append(("produced", version, self.runs[run], line.full_name, index))
        return done(index=index, is_new=is_new, name=f"{line.full_name}:v{index}")

    def edit(
        self,
        actor: str,
        name: str,
        *,
        description: str | None,
        metadata: dict[str, Any] | None,
        add_tags: tuple[str, ...],
        remove_tags: tuple[str, ...],
    ) -> Outcome:
        found = self.find(name)
        if not isinstance(found, tuple):
            return refused(found)
        line, _, version = found
        if broken := self._not_permitted_in(actor, line):
            return refused(*broken)
        if description is not None:
            version.description = description
        if metadata is not None:
            version.metadata = metadata
        version.tags -= set(remove_tags) - set(add_tags)
        version.tags.update(add_tags)
        return done()

    def delete(self, actor: str, name: str, *, delete_aliases: bool, force: bool) -> Outcome:
        found = self.find(name)
        if not isinstance(found, tuple):
            return refused(found)
        line, index, version = found
        if line.is_link:
            return refused(InvalidSetting)
        broken = self._not_permitted_in(actor, line)
        links = [(at, number) for linked, at, number in self.links if linked is version]
        if links and not force:
            broken.add(StillLinked)
        if line.aliases_of(index) - {"latest"} and not (delete_aliases or force):
            broken.add(StillAliased)
        if broken:
            return refused(*broken)
        for at, number in links:
            self._unlink(at, number)
        line.let_go(index)
        return done()

    # --- collections -----------------------------------------------------------------------

    def _place_of(self, actor: str, target: str) -> tuple[str, str, set[type[Refused]]]:
        place, _, name = target.rpartition("/")
        if place.startswith(REGISTRY):
            missing = place[len(REGISTRY) :] not in self.registries
            return place, name, {UnknownRegistry} if missing else set()
        return place, name, self._not_permitted(actor, place.partition("/")[0])

    def _type_refused(self, place: str, type: str) -> set[type[Refused]]:
        types = self.registries.get(place[len(REGISTRY) :]) if place.startswith(REGISTRY) else None
        return {TypeNotAccepted} if types is not None and type not in types else set()

    def make_collection(self, actor: str, target: str, type: str, tags: tuple[str, ...]) -> Outcome:
        place, name, broken = self._place_of(actor, target)
        broken |= self._type_refused(place, type)
        if (place, name) in self.lines:
            broken.add(NameTaken)
        if broken:
            return refused(*broken)
        self.lines[place, name] = PlainLine(place, name, type, is_link=True, tags=tags)
        return done()

    def remove_collection(self, actor: str, target: str) -> Outcome:
        place, name, broken = self._place_of(actor, target)
        line = self.lines.get((place, name))
        if line is None or not line.is_link:
            broken.add(UnknownCollection)
        if broken:
            return refused(*broken)
        assert line is not None
        for index in tuple(line.versions):
            self._unlink(line, index)
        del self.lines[place, name]
        return done()

    def link(self, actor: str, source: str, target: str, aliases: tuple[str, ...]) -> Outcome:
        broken = _bad(aliases)
        found = self.find(source)
        if not isinstance(found, tuple):
            return refused(found, *broken)
        version = found[2]
        place, name, refusals = self._place_of(actor, target)
        broken |= refusals | self._type_refused(place, version.type)
        if place.startswith(REGISTRY):
            if version.entity in self.people:
                broken.add(PersonalEntity)
        elif place.partition("/")[0] != version.entity:
            broken.add(WrongOrganization)
        line = self.lines.get((place, name))
        if line is not None and not line.is_link:
            broken.add(NameTaken)
        elif line is not None and line.type != version.type:
            broken.add(TypeMismatch)
        if broken:
            return refused(*broken)
        if line is None:
            line = self.lines[place, name] = PlainLine(place, name, version.type, is_link=True)
        index = line.index_of(version)
        if index is None:
            index = line.take(version)
            self.links.append((version, line, index))
            aliases = ("latest", *aliases)
        line.aliases.update(dict.fromkeys(aliases, index))
        return done(index=index, name=f"{line.full_name}:v{index}")

    def unlink(self, actor: str, name: str) -> Outcome:
        found = self.find(name)
        if not isinstance(found, tuple):
            return refused(found)
        line, index, _ = found
        if not line.is_link:
            return refused(NotALink)
        if broken := self._not_permitted_in(actor, line):
            return refused(*broken)
        self._unlink(line, index)
        return done(index=index, name=f"{line.full_name}:v{index}")

    def _unlink(self, line: PlainLine, index: int) -> None:
        self.links = [each for each in self.links if not (each[1] is line and each[2] == index)]
        line.let_go(index)

    def edit_aliases(
        self, actor: str, name: str, *, add: tuple[str, ...], remove: tuple[str, ...]
    ) -> Outcome:
        broken = _bad(add)
        found = self.find(name)
        if not isinstance(found, tuple):
            return refused(found, *broken)
        line, index, _ = found
        broken |= self._not_permitted_in(actor, line)
        if broken:
            return refused(*broken)
        for alias in line.aliases_of(index).intersection(remove) - set(add):
            del line.aliases[alias]
        line.aliases.update(dict.fromkeys(add, index))
        return done(index=index, aliases=line.aliases_of(index))

    # --- runs ------------------------------------------------------------------------------

    def _not_running(self, actor: str, path: str) -> set[type[Refused]]:
        run = self.runs.get(path)
        return {UnknownRun} if run is None else self._not_permitted(actor, run.entity)

    def start(self, actor: str, entity: str, project: str, run: str) -> Outcome:
        path = f"{entity}/{project}/{run}"
        broken = self._not_permitted(actor, entity)
        if path in self.runs:
            broken.add(RunNotActive)
        if broken:
            return refused(*broken)
        self.runs[path] = PlainRun(path, entity)
        return done(path=path)

    def use(self, actor: str, path: str, name: str, type: str | None) -> Outcome:
        broken = self._not_running(actor, path)
        found = self.find(name)
        if not isinstance(found, tuple):
            return refused(found, *broken)
        line, index, version = found
        if type is not None and type != version.type:
            broken.add(TypeMismatch)
        if broken:
            return refused(*broken)
        run = self.runs[path]
        if all(used is not version or through is not line for used, through, _ in run.used):
            run.used.append((version, line, index))
            self.edges.append(("used", version, run, line.full_name, index))
        return done(index=index)

    def finish(self, actor: str, path: str, state: str) -> Outcome:
        broken = self._not_running(actor, path)
        run = self.runs.get(path)
        if run is not None and run.state not in ("running", state):
            broken.add(RunNotActive)
        if broken:
            return refused(*broken)
        assert run is not None
        run.state = state
        return done(path=path)


def _bad(aliases: Iterable[str]) -> set[type[Refused]]:
    return {InvalidAlias} if any(alias == "v7" for alias in aliases) else set()
