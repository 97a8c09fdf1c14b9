"""Links, unlinks, and moves aliases: what `stemmata link`, `unlink` and `alias` do and say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stemmata.cli.page import Line, Reply, faint, sentences, strong
from stemmata.cli.shapes import version_shape
from stemmata.stemma import Stemma
from stemmata_domain.errors import UnknownVersion
from stemmata_projections.version_index.views import Version


def link(stemma: Stemma, source: str, target: str, *, aliases: Sequence[str]) -> Reply:
    """Link a version into a collection."""
    version = stemma.resolve(source)
    before = {link.line for link in stemma.links(version.qualified_name)}
    made = stemma.link(version.qualified_name, target, aliases=aliases)
    linked = stemma.index.resolve_in(made.collection, f"v{made.index}")
    is_new = linked.line not in before
    return Reply(
        document={**version_shape(linked), "is_new": is_new},
        page=(sentences(*linked_lines(linked, is_new=is_new)),),
    )


def linked_lines(linked: Version, *, is_new: bool) -> tuple[Line, ...]:
    """Return how a link is told."""
    source, name = linked.source_qualified_name, strong(linked.full_name)
    verb = " is linked as " if is_new else " was linked already, as "
    return ((source, verb, name), _aliases(linked))


def unlink(stemma: Stemma, name: str) -> Reply:
    """Take a linked version out of its collection."""
    version = stemma.resolve(name)
    stemma.unlink(version.qualified_name)
    source = version.source_qualified_name
    return Reply(
        document={"full_name": version.full_name, "source": source},
        page=(sentences(("Unlinked ", strong(version.full_name)), f"Its source stays: {source}"),),
    )


def add_aliases(stemma: Stemma, name: str, aliases: Sequence[str]) -> Reply:
    """Give aliases to a version; one that another version of the same collection has moves."""
    version = stemma.resolve(name)
    before = {alias: _holder(stemma, version, alias) for alias in dict.fromkeys(aliases)}
    return _edited(stemma, version, add=aliases, before=before)


def remove_aliases(stemma: Stemma, name: str, aliases: Sequence[str]) -> Reply:
    """Take aliases from a version."""
    version = stemma.resolve(name)
    before = {
        alias: version.version if alias in version.aliases else None
        for alias in dict.fromkeys(aliases)
    }
    return _edited(stemma, version, remove=aliases, before=before)


def _edited(
    stemma: Stemma,
    version: Version,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    before: Mapping[str, str | None],
) -> Reply:
    name = version.qualified_name
    stemma.edit_aliases(name, add=add, remove=remove)
    after = stemma.resolve(name)
    changes = [
        _change(alias, was, after.version if alias in after.aliases else None)
        for alias, was in before.items()
    ]
    return Reply(
        document={**version_shape(after), "before": dict(before)},
        page=(sentences(strong(after.full_name), *changes, _aliases(after)),),
    )


def _holder(stemma: Stemma, version: Version, alias: str) -> str | None:
    try:
        return stemma.index.resolve_in(version.line, alias).version
    except UnknownVersion:
        return None


def _change(alias: str, before: str | None, after: str | None) -> Line:
    if before == after:
        return f"{alias}: on {after} already" if after else f"{alias}: was not there"
    if before is None:
        return f"{alias}: new, on {after}"
    return f"{alias}: {before} -> {after}" if after else f"{alias}: taken from {before}"


def _aliases(version: Version) -> Line:
    return (faint("Aliases: "), ", ".join(version.aliases) or "none")
