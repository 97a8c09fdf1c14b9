"""How artifacts, collections and registries are addressed.

``[[prefix/]project/]name[:alias]``

- The first colon ends the name; an alias may hold slashes and further colons when it is read.
- The prefix is an entity, or, before a registry, an organization by either of its two names.
- A project that starts with `wandb-registry-` and goes on is a registry.
- Nothing in a path is decoded: spaces stand as they are.
- `parse` takes empty parts as W&B's clients do; `parse_strict` refuses them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from stemmata_domain.errors import (
    InvalidName,
    InvalidPath,
    InvalidReference,
    OrganizationNeeded,
    UnknownEntity,
    WrongOrganization,
)
from stemmata_domain.names import (
    REGISTRY_PREFIX,
    collection_name,
    project_name,
    quoted,
    registry_project,
    text_of,
    unstorable,
)

DEFAULT_PROJECT = "uncategorized"
"""Where an artifact is looked for, and logged, if nobody names a project."""

_GRAMMAR = "write [[entity/]project/]name[:alias]"
_VERSION_SCHEME = "wandb-artifact://"
_REGISTRY_SCHEME = "registry://"
_base = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*://[^/]+)/").match


def parse(path: str) -> ArtifactPath:
    """Take *path* apart.

    Raises:
        InvalidPath: It has more than three parts before the alias, or is no text that can be stored.
    """
    text = text_of(path)
    if text is None:
        raise InvalidPath(path=quoted(path), rule=f"must be text, not {type(path).__name__}")
    if unstorable(text) is not None:
        raise InvalidPath(path=text, rule="must be valid Unicode without NUL")
    collection, colon, alias = text.partition(":")
    parts = collection.split("/")
    if len(parts) > 3:
        raise InvalidPath(path=text, rule=f"it has {len(parts)} parts; {_GRAMMAR}")
    name = parts.pop()
    project = parts.pop() if parts else None
    return ArtifactPath(
        name=name,
        project=project,
        prefix=parts[0] if parts else None,
        alias=alias if colon else None,
    )


def parse_strict(path: str) -> ArtifactPath:
    """Take *path* apart, and refuse empty parts.

    Raises:
        InvalidPath: It does not fit the grammar.
    """
    parsed = parse(path)
    if "" in (parsed.name, parsed.project, parsed.prefix, parsed.alias):
        empty = next(
            part for part in ("prefix", "project", "name", "alias") if getattr(parsed, part) == ""
        )
        raise InvalidPath(path=str(parsed), rule=f"its {empty} is empty; {_GRAMMAR}")
    return parsed


def link_target(path: str) -> ArtifactPath:
    """Take apart the path of a collection to link into, which may not exist yet.

    Raises:
        InvalidPath: It does not fit the grammar, or names an alias.
        InvalidName: No collection or project can be called that.
    """
    target = parse_strict(path)
    if target.alias is not None:
        rule = "a link target takes no alias; pass aliases=[…] to the link instead"
        raise InvalidPath(path=str(target), rule=rule)
    if target.project is not None:
        project_name(target.project)
    collection_name(target.name)
    return target


def reference_uri(uri: str) -> VersionAt | VersionId:
    """Take apart a reference to a version as it stands in a run's config.

    ``wandb-artifact://ENTITY/PROJECT/NAME[:ALIAS]``, ``wandb-artifact://_id/ID``, each with a
    ``SCHEME://HOST/`` before its path or without, and ``registry:///ORG/REGISTRY/COLLECTION[:ALIAS]``.

    Raises:
        InvalidReference: It is none of these.
    """
    text = text_of(uri)
    if text is None:
        raise InvalidReference(uri=quoted(uri), rule=f"must be text, not {type(uri).__name__}")
    if text.startswith(_REGISTRY_SCHEME):
        rule = "write registry:///ORGANIZATION/REGISTRY/COLLECTION:ALIAS"
        host, _, rest = text.removeprefix(_REGISTRY_SCHEME).partition("/")
        organization, _, rest = rest.partition("/")
        path = _whole(f"{organization}/{registry_project(rest)}", uri=text, rule=rule)
        if host or not path.is_registry:
            raise InvalidReference(uri=text, rule=rule)
        return VersionAt(path=path)
    if not text.startswith(_VERSION_SCHEME):
        rule = f"it must start with {_VERSION_SCHEME} or {_REGISTRY_SCHEME}/"
        raise InvalidReference(uri=text, rule=rule)
    rule = f"write {_VERSION_SCHEME}ENTITY/PROJECT/NAME:ALIAS or {_VERSION_SCHEME}_id/ID"
    rest = text.removeprefix(_VERSION_SCHEME)
    base = None
    if found := _base(rest):
        base = found[1]
        rest = rest[found.end() :]
    if rest.startswith("_id/"):
        id = rest.removeprefix("_id/")
        if not id or "/" in id or unstorable(id) is not None:
            raise InvalidReference(uri=text, rule=rule)
        return VersionId(id=id, base=base)
    return VersionAt(path=_whole(rest, uri=text, rule=rule), base=base)


def full_name(registry: str, collection: str, index: int) -> str:
    """Return the full name of the version that a registry's collection counts as *index*."""
    return f"{REGISTRY_PREFIX}{registry}/{collection}:v{index}"


def resolve_organization(
    *, entity: str | None, given: str | None, facts: EntityFacts
) -> OrganizationFacts:
    """Return the organization in which *entity* reaches a registry.

    - *given* is the name before the registry's path, or that of the settings; display name and
      entity name are equally good.
    - A team is in one organization, and a name that is given has to be that one's.
    - A person needs to give a name only if there is a choice.
    - An organization is in itself.

    Raises:
        InvalidName: There is no entity.
        UnknownEntity: Nobody knows what *entity* is.
        OrganizationNeeded: A person is in no organization, or has to say in which.
        WrongOrganization: *given* is another organization than the entity's, or it has none.
    """
    if not entity:
        rule = "Entity name is required to resolve org entity name."
        raise InvalidName(thing="entity", name="", rule=rule)
    if facts.kind is EntityKind.UNKNOWN:
        raise UnknownEntity(entity=entity)
    mine = facts.organizations
    if given and mine:
        # The entity name is unique, the display name need not be.
        named = [each for each in mine if each.entity == given] or [
            each for each in mine if each.name == given
        ]
        if not named:
            expected = tuple(dict.fromkeys(n for each in mine for n in (each.name, each.entity)))
            raise WrongOrganization(given=given, expected=expected, entity=entity)
        mine = tuple(named)
    if len(mine) == 1:
        return mine[0]
    if facts.kind is EntityKind.PERSON:
        raise OrganizationNeeded(entity=entity, organizations=tuple(each.entity for each in mine))
    raise WrongOrganization(given=given or "", expected=(), entity=entity)


def _whole(path: str, *, uri: str, rule: str) -> ArtifactPath:
    """Take *path* apart, which has to have all its parts."""
    try:
        parsed = parse_strict(path)
    except InvalidPath:
        raise InvalidReference(uri=uri, rule=rule) from None
    if parsed.prefix is None:
        raise InvalidReference(uri=uri, rule=rule)
    return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactPath:
    """The parts of a path; what was not written is None."""

    name: str
    project: str | None = None
    prefix: str | None = None
    alias: str | None = None

    @property
    def is_registry(self) -> bool:
        """Whether the project is a registry."""
        project = self.project
        return (
            project is not None
            and project.startswith(REGISTRY_PREFIX)
            and project != REGISTRY_PREFIX
        )

    @property
    def registry(self) -> str | None:
        """The registry's name without the prefix, None if the project is none."""
        return (self.project or "")[len(REGISTRY_PREFIX) :] if self.is_registry else None

    @property
    def collection(self) -> str:
        """The path without its alias."""
        return "/".join(part for part in (self.prefix, self.project, self.name) if part is not None)

    def with_defaults(
        self, *, entity: str | None = None, project: str | None = None
    ) -> ArtifactPath:
        """Return the path with what it leaves open filled in."""
        prefix = entity if self.prefix is None else self.prefix
        filled = self.project
        if filled is None:
            filled = DEFAULT_PROJECT if project is None else project
        return ArtifactPath(name=self.name, project=filled, prefix=prefix, alias=self.alias)

    def __str__(self) -> str:
        return self.collection if self.alias is None else f"{self.collection}:{self.alias}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionAt:
    """A reference to a version by its path, perhaps on a certain server."""

    path: ArtifactPath
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionId:
    """A reference to a version by its id, perhaps on a certain server."""

    id: str
    base: str | None = None


class EntityKind(StrEnum):
    """What an entity is."""

    TEAM = "team"
    PERSON = "person"
    ORGANIZATION = "organization"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationFacts:
    """An organization by all that it is called."""

    id: str
    name: str
    entity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityFacts:
    """What an entity is, and the organizations that it belongs to or is."""

    kind: EntityKind
    organizations: tuple[OrganizationFacts, ...] = ()
