"""Copying a registry: its log and its content, from where they are to where they shall be.

- What is copied is the log up to its head when the work begins, so that it ends however busy the source
  is. Copying once more takes what has come since.
- Content comes first: a blob that is named by an event up to that head was there before it.
- In the end both logs are read again and have to come to the same figures.
- Snapshots are not copied but made from the log that was: so they are right, whatever the source had.
  Cursors are not copied, because they belong to whoever reads the log from there.
"""

from __future__ import annotations

from dataclasses import dataclass

from stemmata.moving.blobs import BlobsCopied, CopyingBlobs
from stemmata.moving.filling import Filling, Source, Target, read_back
from stemmata.moving.lines import LogFigures
from stemmata.moving.naming import NamedContent, named_content
from stemmata.moving.pages import kept_events
from stemmata.moving.places import (
    make_ready,
    opened_content,
    opened_source,
    opened_target,
    source_content_of,
    target_content_of,
)
from stemmata.moving.telling import Silent, TellsProgress
from stemmata_adapters.schemes import without_password
from stemmata_domain.errors import InvalidSetting, StoreUnavailable
from stemmata_domain.long_streams import LongStreams


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was copied, and the proof of it.

    Attributes:
        source: The log of the source up to its head when copying began, read from there.
        target: The log of the target, read back from there; the same, or the copy has failed.
        written: How many events were written, as opposed to being there already.
        since: How many positions the source has gone on meanwhile; to copy again takes them too.
        blobs: What became of the content; None where both use the same content store.
        content: What the log names, and what of it the target's content store has not.
    """

    source: LogFigures
    target: LogFigures
    written: int
    since: int
    blobs: BlobsCopied | None
    content: NamedContent

    @property
    def is_complete(self) -> bool:
        """Whether all content is there that the log names, and all that the source has."""
        damaged = self.blobs is not None and self.blobs.damaged_count
        return not damaged and not self.content.missing_count


def copy(
    source: str,
    target: str,
    *,
    source_content: str | None = None,
    target_content: str | None = None,
    target_views: str | None = None,
    by_size: bool = False,
    progress: TellsProgress | None = None,
) -> Copied:
    """Copy a registry to a place that is empty, or where such a copy was begun.

    Args:
        source: URL of the log.
        target: URL of the log to be filled.
        source_content: Where content is; beside a log in SQLite if nothing is said.
        target_content: Where it shall be; likewise.
        target_views: URL of the views, if they shall not be with the log.
        by_size: Take a blob of the right size for whole, in place of hashing what is there already.

    Raises:
        InvalidSetting: A URL is malformed, or both are one.
        OtherLog: The target holds something else; nothing was written.
        StorageFailed: A store cannot be opened, read or written; to copy again goes on from there.
    """
    if source == target:
        rule = "it is where the log is copied from"
        raise InvalidSetting(setting="target", value=without_password(target), rule=rule)
    telling = progress or Silent()
    from_content = source_content_of(source, source_content)
    to_content = target_content_of(target, target_content)
    with opened_source(source) as events, opened_target(target) as filled:
        contents = None if from_content == to_content else (from_content, to_content)
        copied, long = _copy(
            events,
            filled,
            contents,
            to_content,
            (without_password(source), without_password(target)),
            by_size,
            telling,
        )
    make_ready(target, target_views, long, telling)
    return copied


def _copy(
    source: Source,
    target: Target,
    contents: tuple[str, str] | None,
    content: str,
    named: tuple[str, str],
    by_size: bool,
    telling: TellsProgress,
) -> tuple[Copied, LongStreams]:
    head = source.head()
    log = kept_events(source, upto=head)
    filling = Filling(target, log, named=named[1], source=named[0], upto=head)
    filling.compare(telling.events("Comparing what is there"))
    blobs = None
    if contents is not None:
        with opened_content(contents[0]) as there, opened_content(contents[1]) as here:
            copying = CopyingBlobs(there, here, by_size=by_size)
            blobs = copying.copy(telling.bytes("Copying content"))
    filling.write(telling.events("Copying events"))
    read = read_back(target, upto=target.head(), progress=telling.events("Proving the copy"))
    expected = filling.tally.figures()
    if read != expected:
        why = f"what was read back is not what was written: {read}, and not {expected}"
        raise StoreUnavailable(store=named[1], why=why)
    with opened_content(content) as here:
        found = named_content(kept_events(target, upto=head), here)
    copied = Copied(
        source=expected,
        target=read,
        written=filling.written,
        since=source.head() - head,
        blobs=blobs,
        content=found,
    )
    return copied, filling.long
