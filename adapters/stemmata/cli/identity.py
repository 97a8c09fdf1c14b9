"""Who acts, where they may log to, and what can be linked: what `stemmata whoami` says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stemmata.cli import snippets
from stemmata.cli.options import Place
from stemmata.cli.page import Block, Code, Facts, Reply, Table, Text, alarming, sentences, strong
from stemmata.cli.session import url_of
from stemmata.settings import settings
from stemmata.stemma import Stemma
from stemmata_domain.errors import UnknownEntity
from stemmata_domain.paths import EntityKind
from stemmata_projections.version_index.organizations import OrganizationIndex
from stemmata_projections.version_index.views import Organization

_OBSTACLE = "what a personal entity has logged cannot be linked"

_SOURCES = {
    "--entity": "as --entity says",
    "STEMMATA_ENTITY": "as STEMMATA_ENTITY says",
    "personal entity": "your personal entity, as nothing else is said",
    "only team": "the only team there is",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entity:
    """An entity to log to; `obstacle` is why its artifacts cannot be linked, if they cannot."""

    name: str
    kind: EntityKind
    organization: Organization | None
    obstacle: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Default:
    """The entity that is meant where none is named, and where it comes from."""

    entity: str | None
    source: str | None
    kind: EntityKind


def whoami(stemma: Stemma, place: Place) -> Reply:
    """Say who acts, and what follows from it."""
    index = stemma.index_without_defaults.organizations
    organizations = index.all()
    is_person = index.facts(stemma.actor).kind is EntityKind.PERSON
    own = [each for each in organizations if not is_person or stemma.actor in each.people]
    people = [stemma.actor] if is_person else sorted({p for each in own for p in each.people})
    teams = index.teams_of_person(stemma.actor) if is_person else None
    entities = [*_teams(own, teams), *map(_person, people)]
    default = _default(stemma, place, index)
    return Reply(
        document={
            "actor": stemma.actor,
            "is_known": is_person,
            "default_entity": default.entity,
            "default_entity_from": default.source,
            "entities": [
                {
                    "entity": each.name,
                    "kind": each.kind.value,
                    "organization": each.organization.name if each.organization else None,
                    "can_be_linked": each.obstacle is None,
                    "reason": each.obstacle,
                }
                for each in entities
            ],
            "organizations": [{"name": each.name, "entity": each.entity} for each in own],
            "url": url_of(place),
        },
        page=(
            Facts(
                (
                    ("You act as", _actor(stemma.actor, is_person=is_person)),
                    ("Default entity", _default_shown(default)),
                    ("Registry", url_of(place)),
                )
            ),
            Table(
                ("Entity", "Kind", "Organization", "Can be linked"),
                list(map(_row, entities)),
                title="You can log to:",
            ),
            Table(
                ("Name", "Entity name"),
                [(strong(each.name), each.entity) for each in own],
                title="Paths know an organization by either name:",
            ),
            *_advice(default, organizations=own, entities=entities),
        ),
    )


def _teams(
    organizations: Sequence[Organization], allowed: Sequence[str] | None
) -> Iterator[_Entity]:
    for organization in organizations:
        for team in organization.teams:
            if allowed is None or team in allowed:
                yield _Entity(
                    name=team, kind=EntityKind.TEAM, organization=organization, obstacle=None
                )


def _person(name: str) -> _Entity:
    return _Entity(name=name, kind=EntityKind.PERSON, organization=None, obstacle=_OBSTACLE)


def _default(stemma: Stemma, place: Place, index: OrganizationIndex) -> _Default:
    entity, source = stemma.entity, "personal entity"
    if place.entity:
        source = "--entity"
    elif settings().entity:
        source = "STEMMATA_ENTITY"
    elif entity is None:
        try:
            entity, source = stemma.writing_entity(), "only team"
        except UnknownEntity:
            return _Default(entity=None, source=None, kind=EntityKind.UNKNOWN)
    return _Default(entity=entity, source=source, kind=index.facts(entity or "").kind)


def _actor(actor: str, *, is_person: bool) -> tuple[Text, ...]:
    if is_person:
        return (strong(actor),)
    return (strong(actor), "not a person of this registry: acts for its host, in every entity")


def _default_shown(default: _Default) -> tuple[Text, ...]:
    if default.entity is None or default.source is None:
        return (alarming("none"),)
    shown = (strong(default.entity), _SOURCES[default.source])
    match default.kind:
        case EntityKind.UNKNOWN:
            return (*shown, alarming("nothing here has this name"))
        case EntityKind.ORGANIZATION:
            return (*shown, alarming("an organization, which nothing can be logged to"))
        case EntityKind.PERSON:
            return (*shown, alarming(_OBSTACLE))
        case _:
            return shown


def _row(entity: _Entity) -> tuple[Text, ...]:
    kind = "personal" if entity.kind is EntityKind.PERSON else "team"
    organization = entity.organization.name if entity.organization else ""
    return (
        strong(entity.name),
        kind,
        organization,
        f"no: {entity.obstacle}" if entity.obstacle else "yes",
    )


def _advice(
    default: _Default, *, organizations: Sequence[Organization], entities: Sequence[_Entity]
) -> Iterator[Block]:
    if not organizations:
        yield sentences("There is no organization yet. Found one:")
        yield Code(
            snippets.command("init", "<organization>", "--team", "<team>", "--user", "<person>")
        )
    elif default.kind is not EntityKind.TEAM:
        teams = [entity.name for entity in entities if entity.kind is EntityKind.TEAM]
        if teams:
            yield Code(
                f"export STEMMATA_ENTITY={teams[0]}", title="To log to a team, such as the first:"
            )
