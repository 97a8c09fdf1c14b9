"""Who used what, how often, and what nobody uses: what `stemmata usage` says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stemmata.cli.page import Block, Facts, Reply, Table, Text, alarming, faint, sentences, strong
from stemmata.cli.printable import clock_time, counted, size_of
from stemmata.reading.reader import Reader
from stemmata_projections.usage.values import Figures, Part, UnusedVersion, Usage, User

_HEADS = ("Uses", "Runs", "First (UTC)", "Last (UTC)")


def usage(stemma: Reader, name: str) -> Reply:
    """Say who used a version, an artifact or collection, a registry or a project."""
    found = stemma.usage(name)
    return Reply(document=found.to_json(), page=tuple(_page(found)))


def unused(stemma: Reader, scope: str | None) -> Reply:
    """List the versions that no run has used."""
    versions = stemma.unused(scope)
    total = sum(version.size for version in versions)
    said = (
        f"{counted(len(versions), 'version')} that no run has used, {size_of(total)} in all."
        if versions
        else "Every version has been used."
    )
    return Reply(
        document={
            "scope": scope,
            "size": total,
            "versions": [version.to_json() for version in versions],
        },
        page=(
            Table(
                ("Version", "Type", "Aliases", "Created (UTC)", "by", "Size"),
                [_unused_row(version) for version in versions],
            ),
            sentences(said),
        ),
    )


def _unused_row(version: UnusedVersion) -> tuple[Text, ...]:
    aliases = ", ".join(version.aliases)
    made = (clock_time(version.created_at), version.created_by, size_of(version.size))
    return (strong(version.full_name), version.type, aliases, *made)


def _page(found: Usage) -> Iterator[Block]:
    is_place = found.kind in ("registry", "project")
    yield Facts(
        (
            (found.kind.capitalize(), strong(found.name)),
            ("By names in it" if is_place else "By this name", _sum(found.through)),
            ("By any name", _sum(found.total)),
        )
    )
    yield Table(("Used by", "through", *_HEADS), [_user_row(user) for user in found.users])
    if found.parts:
        yield _parts(found.kind, found.parts)


def _parts(kind: str, parts: Sequence[Part]) -> Table:
    of_versions = kind in ("artifact", "collection")
    heads = ("Version" if of_versions else "Collection", "Uses by this name", "by any name")
    return Table((*heads, *_HEADS[1:]), [tuple(_part_row(part)) for part in parts])


def _part_row(part: Part) -> Iterator[Text]:
    # What is gone has no other name to be counted by.
    figures = part.through if part.is_gone else part.total
    yield f"{part.name} (gone)" if part.is_gone else strong(part.name)
    yield str(part.through.uses)
    if part.is_gone:
        yield faint("-")
    else:
        yield str(part.total.uses) if part.total.uses else alarming("nobody")
    yield from (str(figures.runs), *_times(figures))


def _user_row(user: User) -> tuple[Text, ...]:
    through = f"{user.through} (gone)" if user.is_gone else user.through
    figures = user.figures
    return (strong(user.who), through, str(figures.uses), str(figures.runs), *_times(figures))


def _times(figures: Figures) -> tuple[str, str]:
    if figures.first is None or figures.last is None:
        return "", ""
    return clock_time(figures.first), clock_time(figures.last)


def _sum(figures: Figures) -> Text:
    if figures.first is None or figures.last is None:
        return alarming("no run yet")
    people = "1 person" if figures.people == 1 else f"{figures.people} people"
    return (
        f"{counted(figures.uses, 'use')} in {counted(figures.runs, 'run')} by {people}, "
        f"first {clock_time(figures.first)}, last {clock_time(figures.last)} UTC"
    )
