"""The command `search`."""

from __future__ import annotations

from typing import Annotated

import typer

from stemmata.cli.options import AsOf, Json, examples, place_of
from stemmata.cli.page import Answer


def add_to(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "search",
        epilog=examples(
            "stemmata search digits",
            "stemmata search '手書き数字' --in vision/mnist",
            'stemmata search --kind version --filter \'{"metadata.accuracy": {"$gt": 0.9}}\'',
            "stemmata search --kind version --in wandb-registry-model/Digits --order -created_at",
        ),
    )(_search)


def _search(
    context: typer.Context,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[TEXT]",
            help="Words to find in names, tags and descriptions; the last may be unfinished.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="registry, collection, artifact or version. [default: all; needed for --filter]",
            show_default=False,
        ),
    ] = None,
    place: Annotated[
        str | None,
        typer.Option(
            "--in",
            metavar="PLACE",
            help="An organization, a registry, a collection, an entity, a project or an artifact. "
            "[default: everything for words, every registry for filters]",
            show_default=False,
        ),
    ] = None,
    filter: Annotated[
        str | None,
        typer.Option(
            metavar="JSON|@FILE",
            help="What has to hold, as a JSON object, from a file, or with @- from standard input.",
            show_default=False,
        ),
    ] = None,
    logged: Annotated[
        bool,
        typer.Option(
            "--logged",
            help="Versions as they were logged; without --in, those of all projects.",
            show_default=False,
        ),
    ] = False,
    order: Annotated[
        str | None,
        typer.Option(
            metavar="[+|-]FIELD",
            help="What to order by; of words, the best come first.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="NUMBER", help="How many to show at most.")] = 100,
    cursor: Annotated[
        str | None,
        typer.Option(
            metavar="CURSOR",
            help="Where to go on: what the last page ended with, in the same words.",
            show_default=False,
        ),
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """Find things by words or by a filter.

    Registries, collections, artifacts and versions have words in their names, tags and descriptions. A
    filter says what fields have to hold, such as
    '{"alias": "production"}' or '{"metadata.accuracy": {"$gt": 0.9}}'. Further pages are of the moment of
    the first, whatever is written meanwhile.
    """
    from stemmata.cli.found import search
    from stemmata.cli.session import asked

    with asked(place_of(context), as_of) as stemma:
        reply = search(
            stemma,
            text,
            kind=kind,
            place=place,
            filter=filter,
            logged=logged,
            order=order,
            limit=limit,
            cursor=cursor,
        )
        return Answer(reply, as_json)
