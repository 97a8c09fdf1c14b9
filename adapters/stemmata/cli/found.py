"""Finds things by words or by a filter: what `stemmata search` says."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import assert_never

from stemmata.cli.page import Block, Code, Reply, Table, Text, faint, sentences, strong
from stemmata.cli.printable import clock_time, one_line, size_of, word
from stemmata.cli.shapes import Shape, collection_shape, registry_shape, version_shape
from stemmata.reading.reader import Reader
from stemmata_domain.errors import InvalidFilter, InvalidSetting
from stemmata_projections.paging import Page
from stemmata_projections.search.text import KINDS, Hit
from stemmata_projections.version_index.views import Collection, Registry, Version


def search(
    stemma: Reader,
    text: str | None,
    *,
    kind: str | None,
    place: str | None,
    filter: str | None,
    logged: bool,
    order: str | None,
    limit: int,
    cursor: str | None,
) -> Reply:
    """Find what has the words of *text*, or without any, what passes a filter."""
    if kind is not None and kind not in KINDS:
        rule = f"must be one of: {', '.join(KINDS)}"
        raise InvalidSetting(setting="kind", value=kind, rule=rule)
    given = _filter(filter)
    if text is not None:
        if order is not None:
            rule = "of words, the best come first; leave the order or the words out"
            raise InvalidSetting(setting="order", value=order, rule=rule)
        kinds = () if kind is None else (kind,)
        found = stemma.search(
            text, kinds=kinds, within=place, filter=given, limit=limit, cursor=cursor
        )
        return _reply([_hit(each) for each in found], _hits(found.items), found)
    match kind:
        case "registry":
            registries = stemma.find_registries(
                given, organization=place, order=order, limit=limit, cursor=cursor
            )
            shapes = [registry_shape(each) for each in registries]
            return _reply(shapes, _registries(registries.items), registries)
        case "collection" | "artifact":
            logged = logged or kind == "artifact"
            lines = stemma.find_collections(
                given, within=place, logged=logged, order=order, limit=limit, cursor=cursor
            )
            return _reply([collection_shape(each) for each in lines], _lines(lines.items), lines)
        case "version":
            versions = stemma.find_versions(
                given, within=place, logged=logged, order=order, limit=limit, cursor=cursor
            )
            shapes = [version_shape(each) for each in versions]
            return _reply(shapes, _versions(versions.items), versions)
    rule = f"give words to find, or --kind: {', '.join(KINDS)}"
    raise InvalidSetting(setting="search", value="", rule=rule)


def _filter(text: str | None) -> str | None:
    """Return the text of a filter, wherever it stands."""
    if text is None or not text.startswith("@"):
        return text
    if text == "@-":
        return sys.stdin.read()
    try:
        return Path(text[1:]).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidFilter(rule=f"{text[1:]!r} is not written in UTF-8") from error
    except ValueError as error:
        raise InvalidFilter(rule=f"{text[1:]!r}: {error}") from error


def _reply(shapes: Sequence[Shape], block: Block, page: Page[object]) -> Reply:
    blocks: list[Block] = [block if shapes else sentences("Nothing was found.")]
    if page.cursor is not None:
        blocks.append(
            Code(
                f"--cursor {word(page.cursor)}",
                title="There is more. To go on, ask the same with:",
            )
        )
    return Reply(document={"found": shapes, "cursor": page.cursor}, page=tuple(blocks))


# --- what was found ------------------------------------------------------------------------------


def _hit(hit: Hit) -> Shape:
    return {"kind": hit.kind, "found_in": list(hit.fields), **_shape(hit.thing)}


def _shape(thing: Registry | Collection | Version) -> Shape:
    match thing:
        case Registry():
            return registry_shape(thing)
        case Collection():
            return collection_shape(thing)
        case Version():
            return version_shape(thing)
        case _:
            assert_never(thing)


def _hits(hits: Iterable[Hit]) -> Table:
    rows: list[tuple[Text, ...]] = [
        (strong(hit.full_name), hit.kind, ", ".join(hit.fields), *_about(hit.thing)) for hit in hits
    ]
    return Table(("Name", "Kind", "Found in", "Tags", "Description"), rows)


def _about(thing: Registry | Collection | Version) -> tuple[Text, Text]:
    tags = () if isinstance(thing, Registry) else thing.tags
    return ", ".join(tags), faint(one_line(thing.description or ""))


def _registries(registries: Iterable[Registry]) -> Table:
    rows = [
        (
            strong(each.full_name),
            each.organization,
            clock_time(each.created_at),
            one_line(each.description or ""),
        )
        for each in registries
    ]
    return Table(("Registry", "Organization", "Created", "Description"), rows)


def _lines(lines: Iterable[Collection]) -> Table:
    rows = [
        (strong(each.full_name), each.type, ", ".join(each.tags), clock_time(each.created_at))
        for each in lines
    ]
    return Table(("Name", "Type", "Tags", "Created"), rows)


def _versions(versions: Iterable[Version]) -> Table:
    rows = [
        (
            strong(each.full_name),
            each.type,
            ", ".join(each.aliases),
            ", ".join(each.tags),
            size_of(each.size),
            clock_time(each.created_at),
        )
        for each in versions
    ]
    return Table(("Version", "Type", "Aliases", "Tags", "Size", "Created"), rows)
