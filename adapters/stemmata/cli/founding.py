"""Founds organizations, and extends them: what `stemmata init` does and says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from stemmata.cli import snippets
from stemmata.cli.options import Place
from stemmata.cli.page import Block, Code, Facts, Line, Reply, sentences, strong
from stemmata.cli.printable import word
from stemmata.cli.session import url_of
from stemmata.cli.shapes import organization_shape
from stemmata.settings import settings
from stemmata.stemma import Stemma
from stemmata_adapters.databases.sqlite import path_of
from stemmata_domain.errors import UnknownOrganization
from stemmata_projections.version_index.views import Organization, Registry

_FIRST_STEPS = """\
stemmata log model.bin --name digits --type model --project mnist --link wandb-registry-model/Digits
stemmata show wandb-registry-model/Digits"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Founded:
    """An organization as it is now, and what of it is new."""

    organization: Organization
    registries: Sequence[Registry]
    is_new: bool
    new_teams: tuple[str, ...]
    new_people: tuple[str, ...]


def found(
    stemma: Stemma,
    place: Place,
    *,
    name: str,
    entity: str | None,
    teams: Sequence[str],
    people: Sequence[str],
) -> Reply:
    """Found an organization, or add teams and people to it."""
    made = _founded(stemma, name=name, entity=entity, teams=teams, people=people)
    organization = made.organization
    environment = dict(_environment(place, organization, teams=teams, people=people))
    code = snippets.linking(
        entity=environment.get("STEMMATA_ENTITY", snippets.TEAM),
        type="model",
        target=f"{organization.entity}/wandb-registry-model/{snippets.COLLECTION}",
    )
    return Reply(
        document={
            "organization": organization_shape(stemma, organization),
            "is_new": made.is_new,
            "new_teams": made.new_teams,
            "new_people": made.new_people,
            "environment": environment,
            "snippet": code,
        },
        page=(
            sentences(_headline(made)),
            _facts(made, admin=people[0] if made.is_new and people else None),
            *_next(organization, environment, code),
        ),
    )


def _founded(
    stemma: Stemma,
    *,
    name: str,
    entity: str | None,
    teams: Sequence[str],
    people: Sequence[str],
) -> _Founded:
    organizations = stemma.index_without_defaults.organizations
    old_teams: tuple[str, ...] = ()
    old_people: tuple[str, ...] = ()
    try:
        before = organizations.named(name)
        old_teams, old_people = before.teams, before.people
    except UnknownOrganization:
        pass
    result = stemma.organize(name, entity=entity, teams=teams, people=people)
    after = organizations.named(result.entity)
    return _Founded(
        organization=after,
        registries=stemma.registries(after.entity),
        is_new=result.is_new,
        new_teams=tuple(team for team in after.teams if team not in old_teams),
        new_people=tuple(person for person in after.people if person not in old_people),
    )


def _headline(made: _Founded) -> Line:
    name = strong(made.organization.name)
    if made.is_new:
        return ("Founded ", name, ".")
    added = ", ".join((*made.new_teams, *made.new_people))
    return (name, f" was there already; added {added}." if added else " was there already.")


def _facts(made: _Founded, *, admin: str | None) -> Facts:
    organization = made.organization
    people = [f"{each} (admin)" if each == admin else each for each in organization.people]
    registries = [
        f"{each.full_name}, for {'all types' if types is None else ', '.join(types)}"
        for each in made.registries
        for types in (each.accepted_types,)
    ]
    return Facts(
        (
            ("Entity name", organization.entity),
            ("Teams", ", ".join(organization.teams) or "none yet"),
            ("People", ", ".join(people) or "none yet"),
            ("Registries", registries),
        )
    )


def _environment(
    place: Place, organization: Organization, *, teams: Sequence[str], people: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield the settings by which everything that follows needs no options."""
    yield "STEMMATA_URL", _from_anywhere(url_of(place))
    if views := place.views or settings().views:
        yield "STEMMATA_VIEWS", _from_anywhere(views)
    if content := place.content or settings().content:
        yield "STEMMATA_CONTENT", _absolute(content)
    if people:
        yield "STEMMATA_ACTOR", people[0]
    if organization.teams:
        yield "STEMMATA_ENTITY", (teams or organization.teams)[0]


def _from_anywhere(url: str) -> str:
    """Return *url* so that it holds in every folder."""
    if not url.startswith("sqlite:"):
        return url
    return f"sqlite:///{quote(path_of(url).absolute().as_posix())}"


def _absolute(content: str) -> str:
    return content if "://" in content else str(Path(content).expanduser().absolute())


def _next(organization: Organization, environment: Mapping[str, str], code: str) -> Iterator[Block]:
    if not organization.teams:
        yield sentences("Only what a team has logged can be linked. Add a team:")
        yield Code(snippets.command("init", organization.name, "--team", "<team>"))
    exports = (f"export {name}={word(value)}" for name, value in environment.items())
    yield Code("\n".join(exports), title="Next, in your shell:")
    yield Code(_FIRST_STEPS, title="Then log a file, and link it into a registry:")
    yield Code(code, title="Or do it from Python:")
