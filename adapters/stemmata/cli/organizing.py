"""The commands about who is who: `init` and `whoami`."""

from __future__ import annotations

from typing import Annotated

import typer

from stemmata.cli.options import Json, examples, place_of
from stemmata.cli.page import Answer


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        "init",
        epilog=examples(
            "stemmata init 'Acme Inc' --entity acme --team vision --user ada --user grace",
            "stemmata init acme --team speech",
        ),
    )(_init)
    app.command("whoami", epilog=examples("stemmata whoami", "stemmata --actor grace whoami"))(
        _whoami
    )


def _init(
    context: typer.Context,
    organization: Annotated[
        str, typer.Argument(metavar="ORGANIZATION", help="Its display name.", show_default=False)
    ],
    entity: Annotated[
        str | None,
        typer.Option(
            metavar="ORG_ENTITY",
            help="Its name in paths. [default: the display name in lower case, with dashes]",
            show_default=False,
        ),
    ] = None,
    team: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEAM", help="A team, to log to; may be repeated.", show_default=False
        ),
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PERSON",
            help="A person, with a personal entity; may be repeated. The first is the admin of a new "
            "organization, and each joins the teams named here.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> Answer:
    """Found an organization, or add teams and people to one.

    A new organization has the core registries 'model' and 'dataset'. The registry's file is made if it
    is missing. Ends with the settings to export and with code to begin with.
    """
    from stemmata.cli.founding import found
    from stemmata.cli.session import opened

    place = place_of(context)
    with opened(place, to_found=True) as stemma:
        reply = found(
            stemma, place, name=organization, entity=entity, teams=team or (), people=user or ()
        )
    return Answer(reply, as_json)


def _whoami(context: typer.Context, as_json: Json = False) -> Answer:
    """Tell who acts, what they can log to, and what can be linked.

    Who acts is --actor, or else STEMMATA_ACTOR, or else the login name; the default entity is --entity,
    or else STEMMATA_ENTITY, or else the acting person's own.
    """
    from stemmata.cli.identity import whoami
    from stemmata.cli.session import opened

    place = place_of(context)
    with opened(place) as stemma:
        return Answer(whoami(stemma, place), as_json)
