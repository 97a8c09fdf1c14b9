"""Logs files as a version, and links it: what `stemmata log` does and says.

- What would be refused is refused before the files are read, as far as it can be known by then; the
  commands decide again.
- A run of its own owns the version. It starts when the content stands in the store, so that files
  which cannot be read leave nothing behind.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from stemmata.cli.bars import bar
from stemmata.cli.linking import linked_lines
from stemmata.cli.page import Reply, Text, sentences, strong
from stemmata.cli.printable import counted, printable, size_of
from stemmata.cli.session import writing_entity
from stemmata.cli.shapes import version_shape
from stemmata.draft import Draft, StoredManifest
from stemmata.stemma import Stemma
from stemmata_domain import names
from stemmata_domain.commands.addressing import ordinary_project
from stemmata_domain.commands.log import Logged
from stemmata_domain.errors import (
    InvalidMetadata,
    InvalidPath,
    InvalidSetting,
    PersonalEntity,
    StemmataError,
    TypeMismatch,
    TypeNotAccepted,
    UnknownCollection,
    UnknownEntity,
)
from stemmata_domain.metadata import JsonValue, normalize
from stemmata_domain.paths import (
    DEFAULT_PROJECT,
    ArtifactPath,
    EntityKind,
    link_target,
    parse_strict,
)
from stemmata_projections.version_index.views import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What shall be logged, as the command line says it."""

    paths: Sequence[str]
    name: str
    type: str
    entity: str | None = None
    project: str | None = None
    aliases: Sequence[str] = ()
    tags: Sequence[str] = ()
    metadata: str | None = None
    description: str | None = None
    job_type: str = "auto"
    target: str | None = None
    target_aliases: Sequence[str] = ()


def log(stemma: Stemma, request: Request) -> Reply:
    """Log files as a version, and link it if that is asked for."""
    place = _place(stemma, request)
    metadata = _metadata(request.metadata)
    _check(stemma, request, place)
    stored = _store(stemma, request.paths)
    logged = _log(stemma, request, place, stored=stored, metadata=metadata)
    version = stemma.resolve(logged.name)
    linked = None
    if request.target is not None:
        linked = _link(stemma, version, request.target, aliases=request.target_aliases)
    return _reply(version, is_new=logged.is_new, linked=linked)


# --- what can be known before --------------------------------------------------------------------


def _place(stemma: Stemma, request: Request) -> ArtifactPath:
    """Return the name in full: the parts that it leaves open come from options and defaults."""
    path = parse_strict(request.name)
    if path.alias is not None:
        rule = "a name to log takes no alias; give it with --alias"
        raise InvalidPath(path=request.name, rule=rule)
    for option, asked, named in (
        ("--entity", request.entity, path.prefix),
        ("--project", request.project, path.project),
    ):
        if asked is not None and named not in (None, asked):
            rule = f"--name {request.name!r} says {named!r}"
            raise InvalidSetting(setting=option, value=asked, rule=rule)
    return ArtifactPath(
        prefix=path.prefix or request.entity or writing_entity(stemma),
        project=path.project or request.project or DEFAULT_PROJECT,
        name=path.name,
    )


def _metadata(text: str | None) -> dict[str, JsonValue]:
    if text is None:
        return {}
    if text == "@-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidMetadata(rule=f"{text[1:]!r} is not written in UTF-8") from error
        except ValueError as error:
            raise InvalidMetadata(rule=f"{text[1:]!r}: {error}") from error
    return normalize(text)


def _check(stemma: Stemma, request: Request, place: ArtifactPath) -> None:
    names.artifact_name(place.name)
    names.artifact_type(request.type, name=place.name)
    ordinary_project(place.project or "")
    names.aliases(request.aliases)
    names.tags(request.tags)
    index = stemma.index_without_defaults
    kind = index.organizations.facts(place.prefix or "").kind
    if kind not in (EntityKind.TEAM, EntityKind.PERSON):
        raise UnknownEntity(entity=place.prefix or "")
    _check_type(stemma, place, request.type)
    if request.target is not None:
        _check_target(stemma, request.target, place=place, type=request.type)
        names.aliases(request.target_aliases)
    elif request.target_aliases:
        value, rule = request.target_aliases[0], "it needs --link TARGET"
        raise InvalidSetting(setting="--link-alias", value=value, rule=rule)
    for path in request.paths:
        if "://" not in path:
            _check_path(path)


def _check_path(path: str) -> None:
    try:
        os.stat(path)  # noqa: PTH116 -- an empty path is no path here; to pathlib it is a dot
    except ValueError as error:
        raise InvalidSetting(setting="path", value=path, rule=str(error)) from error


def _check_type(stemma: Stemma, place: ArtifactPath, type: str) -> None:
    try:
        line = stemma.index_without_defaults.collection(place)
    except UnknownCollection:
        return
    if not line.is_link and line.type != type:
        raise TypeMismatch(thing="artifact", name=line.full_name, type=line.type, asked=type)


def _check_target(stemma: Stemma, text: str, *, place: ArtifactPath, type: str) -> None:
    target, entity = link_target(text), place.prefix or ""
    if not target.is_registry:
        return
    index = stemma.index_without_defaults
    if index.organizations.facts(entity).kind is EntityKind.PERSON:
        raise PersonalEntity(entity=entity, teams=index.organizations.teams_of_person(entity))
    organization = index.organizations.seen_from(entity, given=target.prefix)
    accepted = index.registry(target.registry or "", organization.id).accepted_types
    if accepted is not None and type not in accepted:
        raise TypeNotAccepted(registry=target.registry or "", type=type, accepted=accepted)


# --- doing it ------------------------------------------------------------------------------------


def _store(stemma: Stemma, paths: Sequence[str]) -> StoredManifest:
    with closing(Draft(stemma.content)) as draft:
        for path in paths:
            # Beside others a folder keeps its name, so that two may hold the same file.
            folder = Path(path).resolve().name if len(paths) > 1 else None
            _add(draft, path, folder=folder or None)
        return draft.seal()


def _add(draft: Draft, path: str, *, folder: str | None) -> None:
    if "://" in path:
        draft.add_reference(path)
        return
    with bar(f"Storing {printable(path)}", counting="bytes") as progress:
        if Path(path).is_dir():
            draft.add_dir(path, name=folder, progress=progress)
        else:
            draft.add_file(path, progress=progress)


def _log(
    stemma: Stemma,
    request: Request,
    place: ArtifactPath,
    *,
    stored: StoredManifest,
    metadata: dict[str, JsonValue],
) -> Logged:
    run = stemma.start_run(
        entity=place.prefix, project=place.project, job_type=request.job_type
    ).path
    try:
        logged = stemma.log(
            str(place),
            type=request.type,
            manifest=stored.manifest,
            digest=stored.digest,
            size=stored.size,
            file_count=stored.file_count,
            algorithm=stored.algorithm,
            description=request.description,
            metadata=metadata,
            tags=request.tags,
            aliases=request.aliases,
            run=run,
        )
    except BaseException:
        stemma.finish_run(run, state="failed")
        raise
    stemma.finish_run(run)
    return logged


def _link(
    stemma: Stemma, version: Version, target: str, *, aliases: Sequence[str]
) -> tuple[Version, bool]:
    before = {link.line for link in stemma.links(version.qualified_name)}
    try:
        made = stemma.link(version.qualified_name, target, aliases=aliases)
    except StemmataError as error:
        error.add_note(f"{version.full_name} was logged, but not linked")
        raise
    linked = stemma.index.resolve_in(made.collection, f"v{made.index}")
    return linked, linked.line not in before


def _reply(version: Version, *, is_new: bool, linked: tuple[Version, bool] | None) -> Reply:
    name = strong(version.full_name)
    contents = f"{counted(version.file_count, 'file')}, {size_of(version.size)}"
    told: tuple[Text, ...] = (
        ("Logged ", name, f" ({contents})")
        if is_new
        else (name, f" has this content already ({contents}); no new version")
    )
    lines = linked_lines(linked[0], is_new=linked[1]) if linked else ()
    return Reply(
        document={
            **version_shape(version),
            "is_new": is_new,
            "link": {**version_shape(linked[0]), "is_new": linked[1]} if linked else None,
        },
        page=(sentences(told, *lines),),
    )
