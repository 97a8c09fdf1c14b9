"""Lists what there is, from organizations down to versions: what `stemmata ls` says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stemmata.cli import snippets
from stemmata.cli.page import Block, Code, Facts, Json, Reply, Table, Text, sentences, strong
from stemmata.cli.printable import clock_time, counted, size_of
from stemmata.cli.shapes import Shape, collection_shape, registry_shape, version_shape
from stemmata.reading.finding import Entity, Project, find
from stemmata.reading.reader import Reader
from stemmata_projections.version_index.views import (
    Collection,
    Organization,
    Registry,
    Version,
)

_SHOWN = 5
_LATEST = "latest"


def ls(stemma: Reader, place: str | None) -> Reply:
    """List everything, or what is in *place*."""
    if place is None:
        return _everything(stemma)
    match find(stemma, place):
        case Organization() as organization:
            return _organizations(stemma, [organization])
        case Entity(name=name):
            return _entity(stemma, name)
        case Registry() as registry:
            return registry_reply(stemma, registry)
        case Project() as project:
            return _project(stemma, project)
        case Collection() as collection:
            return collection_reply(stemma, collection)


# --- organizations -------------------------------------------------------------------------------


def _everything(stemma: Reader) -> Reply:
    organizations = stemma.organizations()
    if organizations:
        return _organizations(stemma, organizations)
    command = snippets.command("init", "<organization>", "--team", "<team>", "--user", "<person>")
    return Reply(
        document={"organizations": []},
        page=(sentences("There is no organization yet. Found one:"), Code(command)),
    )


def _organizations(stemma: Reader, organizations: Sequence[Organization]) -> Reply:
    projects = _projects(stemma)
    shapes: list[Json] = []
    blocks: list[Block] = []
    for organization in organizations:
        registries = stemma.registries(organization.entity)
        counts = [len(stemma.index.collections(registry.id)) for registry in registries]
        teams = {name: made for name, made in projects.items() if _of(name, organization.teams)}
        people = {name: made for name, made in projects.items() if _of(name, organization.people)}
        shapes.append(
            {
                "name": organization.name,
                "entity": organization.entity,
                "teams": organization.teams,
                "people": organization.people,
                "registries": [
                    {**registry_shape(registry), "collections": count}
                    for registry, count in zip(registries, counts, strict=True)
                ],
                "projects": _project_shapes(teams),
                "personal_projects": _project_shapes(people),
            }
        )
        blocks += (
            sentences((strong(organization.name), f" ({organization.entity})")),
            Table(
                ("Registry", "Accepts", "Visibility", "Collections"),
                [
                    (strong(each.full_name), _accepts(each), each.visibility, str(count))
                    for each, count in zip(registries, counts, strict=True)
                ],
            ),
            _project_table("Project", teams),
            _project_table("Personal project", people),
        )
    return Reply(document={"organizations": shapes}, page=tuple(blocks))


def _entity(stemma: Reader, name: str) -> Reply:
    projects = {
        project: made for project, made in _projects(stemma).items() if _of(project, (name,))
    }
    table = _project_table("Project", projects)
    return Reply(
        document={"entity": name, "projects": _project_shapes(projects)},
        page=(table if projects else sentences((strong(name), " has logged nothing yet.")),),
    )


def _projects(stemma: Reader) -> dict[str, list[Collection]]:
    """Return the projects that hold artifacts, by `entity/project`."""
    projects: dict[str, list[Collection]] = {}
    for artifact in stemma.artifacts():
        projects.setdefault(f"{artifact.entity}/{artifact.project}", []).append(artifact)
    return projects


def _of(project: str, entities: Sequence[str]) -> bool:
    return project.partition("/")[0] in entities


def _project_shapes(projects: Mapping[str, Sequence[Collection]]) -> list[Shape]:
    return [
        {"name": name, "artifacts": [artifact.full_name for artifact in artifacts]}
        for name, artifacts in projects.items()
    ]


def _project_table(head: str, projects: Mapping[str, Sequence[Collection]]) -> Table:
    rows = [(strong(name), _names(artifacts)) for name, artifacts in projects.items()]
    return Table((head, "Artifacts"), rows)


def _names(artifacts: Sequence[Collection]) -> str:
    """Return the first of the names; `ls` of the project has them all."""
    first = ", ".join(artifact.name for artifact in artifacts[:_SHOWN])
    rest = len(artifacts) - _SHOWN
    return f"{first} and {rest} more" if rest > 0 else first


def _accepts(registry: Registry) -> str:
    return "all types" if registry.accepted_types is None else ", ".join(registry.accepted_types)


# --- registries and projects ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summary:
    """An artifact or collection, and what its versions are called."""

    collection: Collection
    versions: int
    aliases: Mapping[str, str]

    def shape(self) -> Shape:
        return {
            **collection_shape(self.collection),
            "versions": self.versions,
            "aliases": dict(self.aliases),
        }

    def row(self) -> tuple[Text, ...]:
        aliases = [f"{a} {v}" for a, v in self.aliases.items() if a != _LATEST]
        return (
            strong(self.collection.name),
            self.collection.type,
            str(self.versions),
            self.aliases.get(_LATEST, ""),
            ", ".join(aliases),
        )


def registry_reply(stemma: Reader, registry: Registry, *, first: Iterable[Block] = ()) -> Reply:
    """Show a registry: its collections, and the code that links into it."""
    found = _summaries(stemma, stemma.index.collections(registry.id))
    organization = stemma.index_without_defaults.organizations.named(registry.organization_entity)
    types = registry.accepted_types
    target = f"{registry.organization_entity}/{registry.full_name}/{snippets.COLLECTION}"
    code = snippets.linking(
        entity=snippets.team_for(stemma, organization),
        type=(types and snippets.only(types)) or snippets.TYPE,
        target=target,
    )
    return Reply(
        document={
            **registry_shape(registry),
            "collections": [each.shape() for each in found],
            "target_path": target,
            "snippet": code,
        },
        page=(
            *first,
            Facts(
                (
                    ("Registry", strong(registry.full_name)),
                    ("Organization", f"{registry.organization} ({registry.organization_entity})"),
                    ("Accepts", _accepts(registry)),
                    ("Visibility", registry.visibility),
                    *((("Description", registry.description),) if registry.description else ()),
                )
            ),
            _table("Collection", found, nothing="It has no collections yet."),
            Code(code, title="To link into it:"),
        ),
    )


def _project(stemma: Reader, project: Project) -> Reply:
    found = _summaries(stemma, stemma.index_without_defaults.collections(project.full_name))
    artifacts = [each for each in found if not each.collection.is_link]
    collections = [each for each in found if each.collection.is_link]
    return Reply(
        document={
            "entity": project.entity,
            "project": project.name,
            "artifacts": [each.shape() for each in artifacts],
            "collections": [each.shape() for each in collections],
        },
        page=(
            sentences(("Project ", strong(project.full_name))),
            _table("Artifact", artifacts),
            _table("Collection", collections),
        ),
    )


def _summaries(stemma: Reader, collections: Iterable[Collection]) -> list[_Summary]:
    return [_summary(each, stemma.index.versions(each.id)) for each in collections]


def _summary(collection: Collection, versions: Sequence[Version]) -> _Summary:
    aliases = {alias: version.version for version in versions for alias in version.aliases}
    return _Summary(collection=collection, versions=len(versions), aliases=aliases)


def _table(head: str, found: Sequence[_Summary], *, nothing: str = "") -> Block:
    if not found and nothing:
        return sentences(nothing)
    heads = (head, "Type", "Versions", "Latest", "Other aliases")
    return Table(heads, [each.row() for each in found])


# --- versions ------------------------------------------------------------------------------------


def collection_reply(
    stemma: Reader, collection: Collection, *, first: Iterable[Block] = ()
) -> Reply:
    """Show an artifact or a collection: its versions, or how to link the first one into it."""
    versions = stemma.index.versions(collection.id)
    document = {**collection_shape(collection), "versions": [version_shape(v) for v in versions]}
    page: tuple[Block, ...] = (*first, _collection_facts(collection, versions))
    if versions:
        return Reply(document=document, page=(*page, _versions(collection, versions)))
    target = f"{collection.entity}/{collection.project}/{collection.name}"
    code = snippets.linking(
        entity=_team_of(stemma, collection), type=collection.type, target=target
    )
    return Reply(
        document={**document, "target_path": target, "snippet": code},
        page=(
            *page,
            sentences("It has no versions yet."),
            Code(code, title="To link into it:"),
        ),
    )


def _team_of(stemma: Reader, collection: Collection) -> str:
    for organization in stemma.organizations():
        if organization.entity == collection.entity:
            return snippets.team_for(stemma, organization)
    return collection.entity


def _collection_facts(collection: Collection, versions: Sequence[Version]) -> Facts:
    facts: list[tuple[str, Text | Sequence[Text]]] = [
        ("Collection" if collection.is_link else "Artifact", strong(collection.full_name)),
        ("Type", collection.type),
        ("Versions", str(len(versions))),
    ]
    if collection.tags:
        facts.append(("Tags", ", ".join(collection.tags)))
    if collection.description:
        facts.append(("Description", collection.description.splitlines()))
    return Facts(tuple(facts))


def _versions(collection: Collection, versions: Iterable[Version]) -> Table:
    last = "Source" if collection.is_link else "Logged by"
    heads = ("Version", "Aliases", "Tags", "Created (UTC)", "Size", last)
    return Table(heads, [tuple(_version(version)) for version in versions])


def _version(version: Version) -> Iterator[Text]:
    yield strong(version.version)
    yield ", ".join(version.aliases)
    yield ", ".join(version.tags)
    yield clock_time(version.created_at)
    yield f"{size_of(version.size)} in {counted(version.file_count, 'file')}"
    yield version.source_qualified_name if version.is_link else version.run or version.created_by
