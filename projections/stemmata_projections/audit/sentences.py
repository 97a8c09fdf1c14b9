"""Each kind of event as a sentence."""

from __future__ import annotations

from stemmata_domain.events import (
    AliasAdded,
    AliasRemoved,
    ArtifactCreated,
    ArtifactLogged,
    ArtifactProduced,
    ArtifactUsed,
    CollectionCreated,
    CollectionDeleted,
    CommandKeyed,
    DescriptionChanged,
    Event,
    MemberJoined,
    MetadataChanged,
    NameClaimed,
    NameReleased,
    OrganizationFounded,
    PersonJoined,
    RegistryCreated,
    RunFinished,
    RunStarted,
    TeamCreated,
    TypeAccepted,
    VersionDeleted,
    VersionLinked,
    VersionTagged,
    VersionUnlinked,
    VersionUntagged,
)


def sentence(event: Event) -> str:
    """Return what happened, as a clause whose subject is who did it."""
    match event:
        case AliasAdded(alias=alias, index=index, moved_from=None):
            return f"gave v{index} the alias {alias}"
        case AliasAdded(alias=alias, index=index, moved_from=before):
            return f"moved the alias {alias} from v{before} to v{index}"
        case AliasRemoved(alias=alias, index=index):
            return f"took the alias {alias} from v{index}"
        case VersionLinked(index=index, source_index=source):
            return f"linked source v{source} as v{index}"
        case VersionUnlinked(index=index):
            return f"unlinked v{index}"
        case ArtifactLogged(index=index, file_count=count, size=size):
            files = "1 file" if count == 1 else f"{count} files"
            return f"logged v{index} ({files}, {size} bytes)"
        case VersionTagged(index=index, tag=tag):
            return f"tagged v{index} with {tag}"
        case VersionUntagged(index=index, tag=tag):
            return f"took the tag {tag} from v{index}"
        case DescriptionChanged(index=index):
            return f"changed the description of v{index}"
        case MetadataChanged(index=index):
            return f"changed the metadata of v{index}"
        case VersionDeleted(index=index):
            return f"deleted v{index}"
        case _:
            return _of_runs_and_lines(event)


def _of_runs_and_lines(event: Event) -> str:
    match event:
        case ArtifactCreated(name=name, type=type_):
            return f"created the artifact {name} of type {type_}"
        case CollectionCreated(name=name, type=type_):
            return f"created the collection {name} of type {type_}"
        case CollectionDeleted():
            return "deleted the collection"
        case RunStarted(run=run):
            return f"started the run {run}"
        case ArtifactUsed(through_index=index):
            return f"used it as v{index}"
        case ArtifactProduced(source_index=index):
            return f"produced v{index}"
        case RunFinished(state=state):
            return f"ended the run as {state}"
        case _:
            return _of_people_and_names(event)


def _of_people_and_names(event: Event) -> str:
    match event:
        case OrganizationFounded(name=name):
            return f"founded the organization {name}"
        case TeamCreated(team=team):
            return f"created the team {team}"
        case PersonJoined(person=person, admin=True):
            return f"took {person} into the organization as an admin"
        case PersonJoined(person=person):
            return f"took {person} into the organization"
        case MemberJoined(person=person, team=team):
            return f"took {person} into the team {team}"
        case RegistryCreated(name=name):
            return f"created the registry {name}"
        case TypeAccepted(type=type_):
            return f"accepted the type {type_}"
        case NameClaimed(scope="links", name=version):
            return f"noted a link of the version {version}"
        case NameReleased(scope="links", name=version):
            return f"noted the end of all links of the version {version}"
        case NameClaimed(name=name, kind=kind):
            return f"took the name {name} for the {kind}"
        case NameReleased(name=name):
            return f"gave the name {name} back"
        case CommandKeyed(command=command, key=key):
            return f"carried out {command} under the key {key}"
        case _:
            return event.topic
