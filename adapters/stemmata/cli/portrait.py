"""All that is known of one version: what `stemmata show` says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from stemmata.cli import snippets
from stemmata.cli.page import Block, Code, Facts, Json, Reply, Table, Text, alarming, strong
from stemmata.cli.printable import clock_time, counted, size_of
from stemmata.cli.shapes import Shape, version_shape
from stemmata.cli.taking import files_of
from stemmata.reading.reader import Reader
from stemmata_domain.codec import time_text
from stemmata_domain.errors import StemmataError, UnknownCollection
from stemmata_projections.lineage.graph import RunOfVersion
from stemmata_projections.version_index.views import Link, Version

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file of a version; `ref` is where it lies, if not in the content store."""

    path: str
    size: int
    digest: str
    ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """A run that used a version, and the name by which it did."""

    run: RunOfVersion
    through: str | None


def show(stemma: Reader, name: str) -> Reply:
    """Show a version."""
    version = stemma.resolve(name)
    links = stemma.index.links_of(version.id)
    uses = [_use(stemma, run) for run in stemma.graph.users_of(version.id)]
    files, unreadable = _files(stemma, version)
    code = snippets.using(version, entity=_entity_for(stemma, version))
    return Reply(
        document={
            **version_shape(version),
            "links": [_link_shape(link) for link in links],
            "used_by": [_use_shape(use) for use in uses],
            "files": None if files is None else [_file_shape(file) for file in files],
            "files_unreadable": unreadable,
            "snippet": code,
        },
        page=(
            Facts(tuple(_facts(version, links))),
            *_uses(uses),
            _file_block(version, files, unreadable),
            Code(code, title="To use it:"),
        ),
    )


def _facts(version: Version, links: Sequence[Link]) -> Iterator[tuple[str, Text | Sequence[Text]]]:
    yield "Full name", strong(version.full_name)
    if version.qualified_name != version.full_name:
        yield "Qualified name", version.qualified_name
    yield "Type", version.type
    yield "Aliases", ", ".join(version.aliases) or "none"
    yield "Tags", ", ".join(version.tags) or "none"
    if version.description:
        yield "Description", version.description.splitlines()
    yield "Metadata", _metadata(version)
    yield "Digest", f"{version.digest} ({version.algorithm})"
    yield "Size", f"{size_of(version.size)} in {counted(version.file_count, 'file')}"
    if version.is_link:
        yield "Source", version.source_qualified_name
        yield "Linked", f"{clock_time(version.linked_at)} UTC by {version.linked_by}"
    yield "Created", f"{clock_time(version.created_at)} UTC by {version.created_by}"
    yield "Run", version.run or "none"
    yield "Linked as", [link.full_name for link in links] or "nothing yet"


def _metadata(version: Version) -> Sequence[Text]:
    if not version.metadata:
        return ("none",)
    return [
        f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in version.metadata.items()
    ]


def _entity_for(stemma: Reader, version: Version) -> str:
    """Return the team in which the code that uses *version* runs."""
    if not version.is_link:
        return stemma.entity or version.entity
    for organization in stemma.organizations():
        if organization.entity == version.entity:
            return snippets.team_for(stemma, organization)
    return stemma.entity or snippets.TEAM


# --- links and uses ------------------------------------------------------------------------------


def _link_shape(link: Link) -> Shape:
    return {
        "full_name": link.full_name,
        "linked_at": time_text(link.linked_at),
        "linked_by": link.linked_by,
    }


def _use(stemma: Reader, run: RunOfVersion) -> _Use:
    try:
        line = stemma.index_without_defaults.collection_by_id(run.through)
    except UnknownCollection:
        return _Use(run=run, through=None)
    return _Use(run=run, through=f"{line.full_name}:v{run.index}")


def _use_shape(use: _Use) -> Shape:
    run = use.run.run
    return {
        "run": run.path,
        "job_type": run.job_type,
        "through": use.through,
        "used_at": time_text(use.run.at),
        "used_by": run.started_by,
    }


def _uses(uses: Sequence[_Use]) -> Iterator[Block]:
    rows = [
        (
            use.run.run.path,
            use.through or "a collection that is gone",
            f"{clock_time(use.run.at)} by {use.run.run.started_by}",
        )
        for use in uses
    ]
    if rows:
        yield Table(("Used by the run", "through", "when (UTC)"), rows)
    else:
        yield Facts((("Used by", "no run yet"),))


# --- files ---------------------------------------------------------------------------------------


def _files(stemma: Reader, version: Version) -> tuple[list[_File] | None, str | None]:
    """Return the first files, or why the manifest cannot be read."""
    try:
        entries = list(islice(files_of(stemma, version), _SHOWN))
    except (StemmataError, OSError) as error:
        return None, str(error)
    files = [
        _File(path=str(entry.path), size=entry.size, digest=entry.digest, ref=entry.ref)
        for entry in entries
    ]
    return files, None


def _file_shape(file: _File) -> Json:
    return {"path": file.path, "size": file.size, "digest": file.digest, "ref": file.ref}


def _file_block(version: Version, files: Sequence[_File] | None, unreadable: str | None) -> Block:
    if files is None:
        return Facts((("Files", alarming(f"cannot be read: {unreadable}")),))
    rows: list[tuple[Text, ...]] = [
        (file.path, size_of(file.size), file.ref or file.digest) for file in files
    ]
    if (rest := version.file_count - len(files)) > 0:
        rows.append((f"and {rest} more", "", ""))
    return Table(("File", "Size", "Digest"), rows)
