"""The commands that only look: `ls`, `show`, `history` and `usage`."""

from __future__ import annotations

from typing import Annotated

import typer

from stemmata.cli.options import AsOf, Json, Named, examples, place_of
from stemmata.cli.page import Answer


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        "ls",
        epilog=examples(
            "stemmata ls",
            "stemmata ls wandb-registry-model",
            "stemmata ls 'acme/wandb-registry-Golden Datasets/raw images'",
            "stemmata ls vision/mnist",
        ),
    )(_ls)
    app.command(
        "show",
        epilog=examples(
            "stemmata show wandb-registry-model/Digits:production",
            "stemmata show vision/mnist/digits:v3 --json",
        ),
    )(_show)
    app.command(
        "history",
        epilog=examples(
            "stemmata history wandb-registry-model/Digits",
            "stemmata history vision/mnist/digits:v3",
        ),
    )(_history)
    app.command(
        "usage",
        epilog=examples(
            "stemmata usage wandb-registry-model/Digits:production",
            "stemmata usage wandb-registry-model",
            "stemmata usage vision/mnist/digits --unused",
            "stemmata usage --unused",
        ),
    )(_usage)


def _ls(
    context: typer.Context,
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="[PLACE]",
            help="An organization, a registry, a collection, an entity, a project or an artifact. "
            "[default: everything]",
            show_default=False,
        ),
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """List organizations, registries, collections and versions.

    A registry, and a collection without versions, end with code to copy that links into them. Short
    names are completed by the default entity.
    """
    from stemmata.cli.listing import ls
    from stemmata.cli.session import asked

    with asked(place_of(context), as_of) as stemma:
        return Answer(ls(stemma, place), as_json)


def _show(context: typer.Context, name: Named, as_of: AsOf = None, as_json: Json = False) -> Answer:
    """Show all that is known of a version.

    Its names, aliases, tags, metadata, digest and files, where it comes from, where it is linked, which
    runs used it, and the code that uses it. Without an alias, the latest version is shown.
    """
    from stemmata.cli.portrait import show
    from stemmata.cli.session import asked

    with asked(place_of(context), as_of) as stemma:
        return Answer(show(stemma, name), as_json)


def _history(
    context: typer.Context, name: Named, as_of: AsOf = None, as_json: Json = False
) -> Answer:
    """Tell how a thing came to be as it is: when, who, what.

    The events of an artifact or a collection, in order. With an alias, only what happened to that
    version, with the runs that logged and used it. Times are in UTC.
    """
    from stemmata.cli.past import history
    from stemmata.cli.session import asked

    with asked(place_of(context), as_of) as stemma:
        return Answer(history(stemma, name), as_json)


def _usage(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A version, an artifact or collection, a registry or a project.",
            show_default=False,
        ),
    ] = None,
    nobody: Annotated[
        bool,
        typer.Option(
            "--unused",
            help="List the versions that no run has used, in NAME or everywhere.",
            show_default=False,
        ),
    ] = False,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """Tell who used what, or what nobody uses.

    A run counts once for each version and each name by which it used it. Of an artifact or collection
    every version is counted, of a registry or project every collection.
    """
    from stemmata.cli.counting import unused, usage
    from stemmata.cli.session import asked

    if name is None and not nobody:
        raise typer.BadParameter("name what is used, or say --unused", param_hint="NAME")
    with asked(place_of(context), as_of) as stemma:
        reply = unused(stemma, name) if nobody or name is None else usage(stemma, name)
        return Answer(reply, as_json)
