"""A plain registry to search in, and a plain reading of filters: slow, short, and not ours."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    CollectionCreated,
    CollectionDeleted,
    DescriptionChanged,
    MetadataChanged,
    RegistryCreated,
    TypeAccepted,
    VersionDeleted,
    VersionLinked,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)
from stemmata_domain.recorded import RecordedEvent
from tests.projections.history import History, collection, founded, registered

TAGS = ("good", "for phones", "v2", "slow")
ALIASES = ("staging", "production", "best")
WORDS = ("digits", "model", "手書き数字", "ResNet50", "fine-tuned", "phones")


def busy_registry(seed: int) -> History:
    """A history of two registries, a project and a few dozen versions, which go through much."""
    chance = random.Random(seed)
    history = founded()
    history.happened("registry-acme-tools", registered("tools", types=("a", "b")))
    lines = [f"art{number}" for number in range(3)]
    for number, line in enumerate(lines):
        name = ("digits", "letters", "ResNet50")[number]
        made = ArtifactCreated(
            artifact=line, entity="vision", project="mnist", name=name, type="model"
        )
        history.happened(f"artifact-{line}", made)
    collections = [f"col{number}" for number in range(4)]
    for number, line in enumerate(collections):
        registry = ("acme-model", "acme-tools")[number % 2]
        history.happened(
            f"collection-{line}",
            collection(
                line,
                name=("Digits", "Fine-tuned", "Letters", "empty")[number],
                registry=registry,
                tags=tuple(chance.sample(TAGS, number % 3)),
                type=("model", "dataset")[number % 2],
            ),
        )
    Busy(history, chance, lines, collections[:3]).go_on(90)
    if chance.random() < 0.5:
        history.happened(f"collection-{collections[2]}", CollectionDeleted(collection="col2"))
    history.happened("registry-acme-tools", TypeAccepted(type="c"))
    return history


class Busy:
    """Somebody who does one thing after the other, and nothing that was not possible."""

    def __init__(
        self, history: History, chance: random.Random, artifacts: list[str], targets: list[str]
    ) -> None:
        self.history, self.chance = history, chance
        self.artifacts, self.targets = artifacts, targets
        self.counts = dict.fromkeys((*artifacts, *targets), 0)
        self.live: dict[str, dict[int, str]] = {line: {} for line in self.counts}
        self.aliases: dict[str, dict[str, int]] = {line: {} for line in self.counts}
        self.tags: dict[str, set[str]] = {}

    def go_on(self, steps: int) -> None:
        deeds: list[Callable[[], None]] = [
            *[self.log] * 4,
            *[self.link] * 4,
            *[self.alias] * 3,
            *(self.tag, self.tag, self.untag, self.describe, self.metadata),
            *(self.unlink, self.delete, self.unalias),
        ]
        for _ in range(steps):
            self.chance.choice(deeds)()

    def log(self) -> None:
        line = self.chance.choice(self.artifacts)
        index = self.counts[line]
        version = f"{line}:{index}"
        tags = tuple(self.chance.sample(TAGS, self.chance.randrange(3)))
        self.history.happened(
            f"artifact-{line}",
            ArtifactLogged(
                version=version,
                index=index,
                digest=f"d{index}",
                algorithm="MD5",
                manifest="m",
                size=self.chance.choice((0, 1, 100, 5_000_000_000)),
                file_count=1,
                description=self.chance.choice((None, "", *WORDS)),
                metadata=self.some_metadata(),
                tags=tags,
                run=None,
            ),
        )
        self.counts[line] += 1
        self.live[line][index] = version
        self.tags[version] = set(tags)

    def some_metadata(self) -> dict[str, Any]:
        choose = self.chance.choice
        drawn = {
            "accuracy": choose((0.5, 0.9, 1, "high", None, True)),
            "layers": choose(([], [1, 2], ["a", "b"], [{"n": 1}, {"n": 2}])),
            "deep": choose(({"a": 1}, {"a": {"b": "x"}}, 5)),
            "a.b": choose((1, 2)),
        }
        return {key: drawn[key] for key in drawn if self.chance.random() < 0.7}

    def link(self) -> None:
        sources = [version for line in self.artifacts for version in self.live[line].values()]
        target = self.chance.choice(self.targets)
        sources = [each for each in sources if each not in self.live[target].values()]
        if sources:
            source, index = self.chance.choice(sources), self.counts[target]
            artifact, _, number = source.partition(":")
            event = VersionLinked(
                version=source, artifact=artifact, source_index=int(number), index=index
            )
            self.history.happened(f"collection-{target}", event)
            self.counts[target] += 1
            self.live[target][index] = source

    def a_member(self, *, linked: bool | None = None) -> tuple[str, int, str] | None:
        places = [
            (line, number, version)
            for line, found in self.live.items()
            if linked is None or (line in self.targets) is linked
            for number, version in found.items()
        ]
        return self.chance.choice(places) if places else None

    def stream(self, line: str) -> str:
        return f"{'artifact' if line in self.artifacts else 'collection'}-{line}"

    def alias(self) -> None:
        if member := self.a_member():
            line, number, _ = member
            alias = self.chance.choice(ALIASES)
            before = self.aliases[line].get(alias)
            if before != number:
                event = AliasAdded(alias=alias, index=number, moved_from=before)
                self.history.happened(self.stream(line), event)
                self.aliases[line][alias] = number

    def unalias(self) -> None:
        named = [(line, alias) for line, has in self.aliases.items() for alias in has]
        if named:
            line, alias = self.chance.choice(named)
            number = self.aliases[line].pop(alias)
            self.history.happened(self.stream(line), AliasRemoved(alias=alias, index=number))

    def tag(self) -> None:
        if member := self.a_member(linked=False):
            line, index, version = member
            tag = self.chance.choice(TAGS)
            if tag not in self.tags[version]:
                event = VersionTagged(version=version, index=index, tag=tag)
                self.history.happened(f"artifact-{line}", event)
                self.tags[version].add(tag)

    def untag(self) -> None:
        if member := self.a_member(linked=False):
            line, index, version = member
            if self.tags[version]:
                tag = self.tags[version].pop()
                event = VersionUntagged(version=version, index=index, tag=tag)
                self.history.happened(f"artifact-{line}", event)

    def describe(self) -> None:
        if member := self.a_member(linked=False):
            line, index, version = member
            words = self.chance.choice((None, *WORDS))
            event = DescriptionChanged(version=version, index=index, description=words)
            self.history.happened(f"artifact-{line}", event)

    def metadata(self) -> None:
        if member := self.a_member(linked=False):
            line, index, version = member
            event = MetadataChanged(version=version, index=index, metadata=self.some_metadata())
            self.history.happened(f"artifact-{line}", event)

    def unlink(self) -> None:
        if member := self.a_member(linked=True):
            self.take_out(*member)

    def take_out(self, line: str, number: int, version: str) -> None:
        for alias in [a for a, n in self.aliases[line].items() if n == number]:
            del self.aliases[line][alias]
            self.history.happened(self.stream(line), AliasRemoved(alias=alias, index=number))
        if line in self.targets:
            event = VersionUnlinked(version=version, index=number)
            self.history.happened(f"collection-{line}", event)
        del self.live[line][number]

    def delete(self) -> None:
        if member := self.a_member(linked=False):
            line, index, version = member
            for target in self.targets:
                for number in [n for n, v in self.live[target].items() if v == version]:
                    self.take_out(target, number, version)
            self.take_out(line, index, version)
            event = VersionDeleted(version=version, index=index)
            self.history.happened(f"artifact-{line}", event)


# --- what there is, told by the events ----------------------------------------------------------


@dataclass
class Plain:
    """What there is after some events: things as they are filtered."""

    registries: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def after(cls, recorded: list[RecordedEvent]) -> Plain:
        plain = cls()
        for each in recorded:
            plain.fold(each, each.stream.partition("-")[2])
        return plain

    def fold(self, recorded: RecordedEvent, key: str) -> None:
        at = recorded.time
        match recorded.event:
            case RegistryCreated() as made:
                self.registries[key] = {
                    "id": key,
                    "name": f"wandb-registry-{made.name}",
                    "entity_id": made.organization,
                    "description": made.description,
                    "created_at": at,
                    "updated_at": at,
                }
            case TypeAccepted():
                self.registries[key]["updated_at"] = at
            case ArtifactCreated() as made:
                self._line(key, "vision/mnist", made.name, made.type, None, (), at)
            case CollectionCreated() as made:
                tags = made.tags
                self._line(key, made.scope, made.name, made.type, made.description, tags, at)
                self.registries[made.scope]["updated_at"] = at
            case CollectionDeleted():
                del self.lines[key]
            case ArtifactLogged() as logged:
                about = logged.model_dump()
                about |= {"tags": {*logged.tags}, "created_at": at, "updated_at": at}
                self.versions[logged.version] = about
                self._member(key, logged.index, logged.version, at)
            case VersionLinked() as linked:
                self._member(key, linked.index, linked.version, at)
            case VersionUnlinked() as gone:
                del self.lines[key]["members"][gone.index]
                self.lines[key]["updated_at"] = at
            case VersionDeleted() as gone:
                del self.lines[key]["members"][gone.index]
                del self.versions[gone.version]
                self.lines[key]["updated_at"] = at
            case AliasAdded() as alias:
                self.lines[key]["aliases"][alias.alias] = alias.index
                self.lines[key]["updated_at"] = at
            case AliasRemoved() as alias:
                del self.lines[key]["aliases"][alias.alias]
                self.lines[key]["updated_at"] = at
            case VersionTagged(version=version, tag=tag):
                self.versions[version]["tags"] |= {tag}
                self._changed(key, version, at)
            case VersionUntagged(version=version, tag=tag):
                self.versions[version]["tags"] -= {tag}
                self._changed(key, version, at)
            case DescriptionChanged(version=version, description=text):
                self.versions[version]["description"] = text
                self._changed(key, version, at)
            case MetadataChanged(version=version, metadata=metadata):
                self.versions[version]["metadata"] = metadata
                self._changed(key, version, at)

    def _line(
        self, key: str, scope: str, name: str, type: str, text: str | None, tags: Any, at: datetime
    ) -> None:
        self.lines[key] = {
            "id": key,
            "scope": scope,
            "name": name,
            "type": type,
            "description": text,
            "tags": set(tags),
            "created_at": at,
            "updated_at": at,
            "members": {},
            "aliases": {},
        }

    def _member(self, line: str, index: int, version: str, at: datetime) -> None:
        self.lines[line]["members"][index] = (version, at)
        self.lines[line]["updated_at"] = at

    def _changed(self, line: str, version: str, at: datetime) -> None:
        self.versions[version]["updated_at"] = at
        self.lines[line]["updated_at"] = at

    def collections(self, scopes: set[str]) -> list[dict[str, Any]]:
        return [
            {**line, "tag": sorted(line["tags"]), "alias": sorted(line["aliases"])}
            for line in sorted(self.lines.values(), key=lambda each: each["name"])
            if line["scope"] in scopes
        ]

    def members(self, line: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        for number, (id, linked_at) in sorted(line["members"].items()):
            version = self.versions[id]
            found.append(
                {
                    "id": id,
                    "line": line["id"],
                    "version": number,
                    "name": f"{line['name']}:v{number}",
                    "collection": line["name"],
                    "type": line["type"],
                    "tag": sorted(version["tags"]),
                    "alias": sorted(a for a, n in line["aliases"].items() if n == number),
                    "metadata": version["metadata"],
                    "size": version["size"],
                    "created_at": version["created_at"],
                    "updated_at": version["updated_at"],
                    "linked_at": linked_at,
                }
            )
        return found


# --- filters, read plainly -----------------------------------------------------------------------

_OTHER_NAMES = {
    "tags": "tag",
    "aliases": "alias",
    "version_index": "version",
    "artifact_metadata": "metadata",
    "artifact_size": "size",
    "acm_created_at": "linked_at",
}


def plainly_passes(thing: Mapping[str, Any], filter: Mapping[str, Any]) -> bool:
    """Read a filter by the letter, key by key."""
    for key, wanted in filter.items():
        if key == "$and" and not all(plainly_passes(thing, each) for each in wanted):
            return False
        if key == "$or" and not any(plainly_passes(thing, each) for each in wanted):
            return False
        if key == "$nor" and any(plainly_passes(thing, each) for each in wanted):
            return False
        if key == "$not" and plainly_passes(thing, wanted):
            return False
        if not key.startswith("$") and not _field_passes(thing, key, wanted):
            return False
    return True


def _field_passes(thing: Mapping[str, Any], key: str, wanted: Any) -> bool:
    root, *steps = key.split(".")
    root = _OTHER_NAMES.get(root, root)
    values = [thing[root]]
    if root in ("tag", "alias") and thing[root] == []:
        values = [[]]
    elif thing[root] is None:
        values = []
    if steps:
        values = _ways(thing[root], steps)
    if isinstance(wanted, dict) and any(each.startswith("$") for each in wanted):
        return all(_passes(values, operator, each, root) for operator, each in wanted.items())
    return _passes(values, "$eq", wanted, root)


def _ways(value: Any, steps: list[str]) -> list[Any]:
    if not steps:
        return [value]
    found = []
    if isinstance(value, dict):
        for count in range(1, len(steps) + 1):
            name = ".".join(steps[:count])
            if name in value:
                found += _ways(value[name], steps[count:])
    if isinstance(value, list):
        if steps[0].isdigit() and int(steps[0]) < len(value):
            found += _ways(value[int(steps[0])], steps[1:])
        for each in value:
            if isinstance(each, dict):
                found += _ways(each, steps)
    return found


def _passes(values: list[Any], operator: str, wanted: Any, root: str) -> bool:
    nothing = values in ([], [[]] if root in ("tag", "alias") else [])
    items = [item for value in values if isinstance(value, list) for item in value]
    either = values + items
    single = [each for each in either if not isinstance(each, list)]
    match operator:
        case "$not":
            return not all(_passes(values, o, each, root) for o, each in wanted.items())
        case "$ne":
            return not _passes(values, "$eq", wanted, root)
        case "$nin":
            return not _passes(values, "$in", wanted, root)
        case "$eq":
            wanted = _meant(wanted, root)
            return (wanted is None and nothing) or any(_same(each, wanted) for each in either)
        case "$in":
            return any(_passes(values, "$eq", each, root) for each in wanted)
        case "$all":
            wanted = [_meant(each, root) for each in wanted]
            return bool(wanted) and all(any(_same(e, w) for e in either) for w in wanted)
        case "$exists":
            return nothing is not wanted
        case "$size":
            return any(isinstance(each, list) and len(each) == wanted for each in values)
        case "$regex":
            return any(re.search(wanted, text) for text in _texts(single, root))
        case "$contains" if isinstance(wanted, str):
            return any(_meant(wanted, root, part=True) in text for text in _texts(single, root))
        case "$contains":
            return any(_same(each, wanted) for each in items)
    wanted = _meant(wanted, root)
    return any(_stands(each, operator, wanted) for each in single)


def _meant(wanted: Any, root: str, *, part: bool = False) -> Any:
    if not isinstance(wanted, str):
        return wanted
    if root == "version" and not part and re.fullmatch(r"v(0|[1-9]\d*)", wanted):
        return int(wanted[1:])
    if root.endswith("_at") and not part:
        return datetime.fromisoformat(wanted).replace(tzinfo=UTC)
    return wanted


def _texts(values: list[Any], root: str) -> list[str]:
    if root == "version":
        return [f"v{each}" for each in values]
    if root.endswith("_at"):
        return [each.isoformat()[:-6] + "Z" for each in values]
    return [each for each in values if isinstance(each, str)]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


def _stands(value: Any, operator: str, wanted: Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return False
    numbers = isinstance(value, (int, float)) and isinstance(wanted, (int, float))
    if not numbers and type(value) is not type(wanted):
        return False
    if not isinstance(value, (int, float, str, datetime)):
        return False
    stands = {"$gt": value > wanted, "$gte": value >= wanted, "$lt": value < wanted}
    return bool(stands.get(operator, value <= wanted))
