"""The commands that come in groups: `registry`, `collection` and `alias`."""

from __future__ import annotations

from typing import Annotated

import typer

from stemmata.cli.options import Json, Named, Target, examples, place_of
from stemmata.cli.page import Answer

_Aliases = Annotated[
    list[str], typer.Argument(metavar="ALIAS...", help="The aliases.", show_default=False)
]
_Description = Annotated[
    str | None, typer.Option(metavar="TEXT", help="A description.", show_default=False)
]


def add_to(app: typer.Typer) -> None:
    """Add the groups to the program."""
    registry = typer.Typer(help="Create registries.", rich_markup_mode=None)
    registry.command(
        "create",
        epilog=examples(
            "stemmata registry create 'Golden Datasets' --type dataset",
            "stemmata registry create Trials --visibility restricted --organization acme",
        ),
    )(_create_registry)
    collection = typer.Typer(help="Create and delete collections.", rich_markup_mode=None)
    collection.command(
        "create",
        epilog=examples("stemmata collection create wandb-registry-model/Digits --type model"),
    )(_create_collection)
    collection.command(
        "delete", epilog=examples("stemmata collection delete wandb-registry-model/Digits")
    )(_delete_collection)
    alias = typer.Typer(help="Add and remove aliases.", rich_markup_mode=None)
    alias.command(
        "add", epilog=examples("stemmata alias add wandb-registry-model/Digits:v3 production")
    )(_add_aliases)
    alias.command(
        "remove", epilog=examples("stemmata alias remove wandb-registry-model/Digits:v3 staging")
    )(_remove_aliases)
    for name, group in (("registry", registry), ("collection", collection), ("alias", alias)):
        group.callback()(_group)
        app.add_typer(group, name=name)


def _group() -> None:
    """Keep a group of one command a group."""


def _create_registry(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Its name, without 'wandb-registry-' before it; spaces are welcome.",
            show_default=False,
        ),
    ],
    visibility: Annotated[
        str, typer.Option(metavar="organization|restricted", help="Who may look.")
    ] = "organization",
    type: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE",
            help="A type of artifact that it accepts; may be repeated. [default: all types]",
            show_default=False,
        ),
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(
            metavar="ORG",
            help="Display name or entity name. [default: that of the default entity, or the only one]",
            show_default=False,
        ),
    ] = None,
    description: _Description = None,
    as_json: Json = False,
) -> Answer:
    """Create a registry, and print the code that links into it."""
    from stemmata.cli.placing import create_registry
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        reply = create_registry(
            stemma,
            name,
            visibility=visibility,
            types=type or (),
            organization=organization,
            description=description,
        )
    return Answer(reply, as_json)


def _create_collection(
    context: typer.Context,
    target: Target,
    type: Annotated[
        str,
        typer.Option(
            metavar="TYPE", help="The one type of its versions, for good.", show_default=False
        ),
    ],
    description: _Description = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help="A tag; may be repeated.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> Answer:
    """Create an empty collection, and print the code that links into it.

    Linking creates a collection too; created beforehand, it can have a description and tags.
    """
    from stemmata.cli.placing import create_collection
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        reply = create_collection(
            stemma, target, type=type, description=description, tags=tag or ()
        )
    return Answer(reply, as_json)


def _delete_collection(context: typer.Context, target: Target, as_json: Json = False) -> Answer:
    """Delete a collection with its links and aliases.

    The source versions stay. A collection that is made again under the name begins at v0.
    """
    from stemmata.cli.placing import delete_collection
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        return Answer(delete_collection(stemma, target), as_json)


def _add_aliases(
    context: typer.Context, name: Named, aliases: _Aliases, as_json: Json = False
) -> Answer:
    """Add aliases to a version.

    An alias that another version of the same collection has moves to this one. Aliases belong to
    the collection or artifact in the name: the source of a link has its own.
    """
    from stemmata.cli.linking import add_aliases
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        return Answer(add_aliases(stemma, name, aliases), as_json)


def _remove_aliases(
    context: typer.Context, name: Named, aliases: _Aliases, as_json: Json = False
) -> Answer:
    """Remove aliases from a version.

    One that the version does not have is left where it is.
    """
    from stemmata.cli.linking import remove_aliases
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        return Answer(remove_aliases(stemma, name, aliases), as_json)
