"""Uses versions, and downloads them: what `stemmata use` and `stemmata get` do and say."""

from __future__ import annotations

import sys
from pathlib import Path

from stemmata.cli import snippets
from stemmata.cli.bars import bar
from stemmata.cli.page import Code, Line, Reply, faint, sentences, strong
from stemmata.cli.printable import counted, size_of
from stemmata.cli.session import writing_entity
from stemmata.cli.shapes import version_shape
from stemmata.files import VersionFiles
from stemmata.reading.reader import Reader
from stemmata.settings import settings
from stemmata.stemma import Stemma
from stemmata_domain.errors import TypeMismatch
from stemmata_projections.version_index.views import Version


def use(stemma: Stemma, name: str, *, project: str | None, type: str | None) -> Reply:
    """Record that a run uses a version."""
    version = stemma.resolve(name)
    run = _use(stemma, version, project=project, type=type)
    return Reply(
        document={**version_shape(version), "used_by": run},
        page=(
            sentences(*_used(version, run)),
            Code(snippets.command("get", version.full_name), title="Download it:"),
        ),
    )


def get(
    stemma: Reader,
    name: str,
    *,
    root: str | None,
    path_prefix: str | None,
    recorder: Stemma | None,
    allow_missing_references: bool,
) -> Reply:
    """Download the files of a version, and record its use if there is who does."""
    version = stemma.resolve(name)
    folder = Path(root) if root else _own_folder(version)
    files = files_of(stemma, version)
    with bar(f"Downloading {version.name}", counting="bytes") as progress:
        files.download(
            folder,
            path_prefix=path_prefix,
            allow_missing_references=allow_missing_references,
            progress=progress,
        )
    run = _use(recorder, version, project=None, type=None) if recorder else None
    count, size = _wanted(files, path_prefix or "")
    contents = f"{counted(count, 'file')}, {size_of(size)}"
    told: Line = (
        "Downloaded ",
        strong(version.full_name),
        f" ({contents}) to ",
        strong(str(folder)),
    )
    return Reply(
        document={
            **version_shape(version),
            "root": str(folder.absolute()),
            "downloaded": count,
            "downloaded_size": size,
            "used_by": run,
        },
        page=(sentences(told, *(_used(version, run) if run else ())),),
    )


def files_of(stemma: Reader, version: Version) -> VersionFiles:
    """Return the files of a version."""
    return VersionFiles(
        stemma.content,
        manifest=version.manifest,
        name=version.full_name,
        cache_dir=stemma.cache_dir,
    )


def _wanted(files: VersionFiles, path_prefix: str) -> tuple[int, int]:
    count = size = 0
    for entry in files:
        if entry.path.startswith(path_prefix):
            count, size = count + 1, size + entry.size
    return count, size


def _use(stemma: Stemma, version: Version, *, project: str | None, type: str | None) -> str:
    if type is not None and type != version.type:
        raise TypeMismatch(thing="artifact", name=version.full_name, type=version.type, asked=type)
    entity = writing_entity(stemma)
    run = stemma.start_run(entity=entity, project=project, job_type="auto").path
    try:
        stemma.use(version.qualified_name, run=run)
    except BaseException:
        stemma.finish_run(run, state="failed")
        raise
    stemma.finish_run(run)
    return run


def _used(version: Version, run: str) -> tuple[Line, ...]:
    source = () if not version.is_link else ((faint("Source: "), version.source_qualified_name),)
    return (("Used ", strong(version.full_name), " in the run ", run), *source)


def _own_folder(version: Version) -> Path:
    name = f"{version.source_collection}:v{version.source_index}"
    # A colon cannot stand in a file's name on Windows.
    return settings().artifact_dir / (name.replace(":", "-") if sys.platform == "win32" else name)
