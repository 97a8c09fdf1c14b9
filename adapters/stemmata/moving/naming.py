"""Which content a log names: the manifest of each logged version, and the files that it lists.

What was seen is kept in a temporary file and not in memory, because a log may name any number of blobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import orjson

from stemmata.moving.blobs import MOST_NAMED
from stemmata.moving.scratch import Counts
from stemmata_domain.content import ContentStore, content_address
from stemmata_domain.errors import (
    BlobMissing,
    DigestMismatch,
    InvalidEntryPath,
    InvalidManifest,
    InvalidSetting,
)
from stemmata_domain.events import ArtifactLogged
from stemmata_domain.manifest import decode
from stemmata_domain.ports import KeptEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedContent:
    """What a log names, and what of it a content store has not.

    Attributes:
        named: How many blobs are named.
        missing: Addresses of blobs that are not there, or manifests that cannot be read; the first few,
            in the order in which the log names them.
        missing_count: How many there are.
    """

    named: int
    missing: tuple[str, ...]
    missing_count: int


def named_content(log: Iterable[KeptEvent], content: ContentStore) -> NamedContent:
    """Return what *log* names, and whether *content* has it."""
    named = missing_count = 0
    missing: list[str] = []
    with closing(Counts()) as seen:
        for manifest in _manifests(log):
            for sha256, there in _blobs_of(manifest, content, seen):
                named += 1
                if not there:
                    missing_count += 1
                    if len(missing) < MOST_NAMED:
                        missing.append(sha256)
    return NamedContent(named=named, missing=tuple(missing), missing_count=missing_count)


def _manifests(log: Iterable[KeptEvent]) -> Iterator[str]:
    for event in log:
        if event.topic == ArtifactLogged.topic:
            yield str(orjson.loads(event.state)["event"]["manifest"])


def _blobs_of(manifest: str, content: ContentStore, seen: Counts) -> Iterator[tuple[str, bool]]:
    """Give the addresses of a manifest and of what it lists, each if it is the first time."""
    if seen.count(manifest):
        return
    try:
        chunks = content.read(content_address(manifest))
        for entry in decode(chunks):
            if entry.blob is not None and not seen.count(entry.blob):
                yield entry.blob, content.has(entry.blob)
    except (BlobMissing, DigestMismatch, InvalidManifest, InvalidEntryPath, InvalidSetting):
        yield manifest, False
    else:
        yield manifest, True
